// The snippets of the guides "Canvas" and "Periodic tasks" do what stands beside them: each is run as it stands there.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import type { TaskContext } from '../../server/app/context.ts';
import * as beat from '../../server/beat/beat.ts';
import { Scheduler } from '../../server/beat/scheduler.ts';
import * as umbel from '../../server/index.ts';
import { silentLogger } from '../../server/log.ts';
import type { Schedule } from '../../server/schedules/schedule.ts';
import { Worker } from '../../server/worker/worker.ts';

/** Its snippets by the heading they stand under; '' before the first. */
function snippetsOf(guide: string): Map<string, string> {
  const text = readFileSync(fileURLToPath(new URL(`../../docs/guides/${guide}.md`, import.meta.url)), 'utf8');
  const sections = text
    .split(/^## /m)
    .map((section) => [section.split('\n')[0]!.replace(/^# .*/, ''), section] as const);
  return new Map(
    sections.flatMap(([title, section]) => {
      const code = /```ts\n([\s\S]*?)```/.exec(section)?.[1];
      return code ? [[title, code] as const] : [];
    }),
  );
}

const MODULES: Readonly<Record<string, object>> = { umbel, 'umbel/beat': beat };

/** Runs a snippet that sees what is given. @returns its variables of these names */
async function run(code: string, given: object, names: readonly string[] = []): Promise<Record<string, unknown>> {
  const plain = transformSync(code, {
    loader: 'ts',
    format: 'esm',
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: false } },
  }).code;
  const seen: Record<string, unknown> = { ...given };
  const body = plain
    .replace(/^import \{ (.*?) \} from "(.*?)";$/gm, (_, all: string, from: string) => {
      for (const name of all.split(', ')) seen[name] ??= (MODULES[from] as Record<string, unknown>)[name];
      return '';
    })
    .replace(/^export \{[\s\S]*?\};$/gm, '');
  const AsyncFunction = (async () => {}).constructor as new (
    ...args: string[]
  ) => (...args: unknown[]) => Promise<Record<string, unknown>>;
  return new AsyncFunction(...Object.keys(seen), `${body}; return { ${names.join(', ')} };`)(...Object.values(seen));
}

describe('the guide "Canvas"', () => {
  const snippets = snippetsOf('canvas');
  const snippet = (title: string) => snippets.get([...snippets.keys()].find((one) => one.startsWith(title))!)!;
  const url = `memory://${randomUUID()}`;
  const app = new Celery('guide', { broker: url, backend: url }, { env: {}, log: silentLogger });
  const worker = new Worker(app, { log: silentLogger, withoutGossip: true, withoutMingle: true });
  const galleries: unknown[] = [];
  const notes: unknown[] = [];
  const { chain, chord, group } = umbel;
  /** What the snippets see: the head of the guide imports the first three. */
  const tasks = {
    ...{ chain, chord, group },
    add: app.task({ name: 'add', params: ['x', 'y'] }, (x: number, y: number) => x + y),
    download: app.task('download', (from: string) => `file of ${from}`),
    resize: app.task('resize', (path: string, width: number) => `${path} at ${width}`),
    publish: app.task('publish', (path: string) => `${path}, published`),
    gallery: app.task('gallery', (all: string[]) => void galleries.push(all)),
    notify: app.task('notify', (value: unknown) => void notes.push(value)),
    report: app.task('tell', (id: string) => void notes.push(id)),
    collect: app.task('collect', (month: string) => [month]),
    render: app.task('render', (all: string[]) => `report of ${all}`),
    a: app.task({ name: 'a', bind: true }, function (this: TaskContext) {
      return this.request.stamps;
    }),
    b: app.task({ name: 'b', bind: true }, function (this: TaskContext, before: unknown) {
      return [before, this.request.stamps];
    }),
  };
  beforeAll(() => worker.start());
  afterAll(async () => {
    await worker.stop('cold');
    await app.close();
  });

  it('has a snippet for each kind, and a picture', () => {
    expect([...snippets.keys()].map((title) => title.split(/[:\s]/)[0])).toEqual([
      '',
      'Chain',
      'Group',
      'Chord',
      'Links',
      'Replacing',
      'Stamps',
    ]);
    const text = readFileSync(fileURLToPath(new URL('../../docs/guides/canvas.md', import.meta.url)), 'utf8');
    expect(text.match(/```mermaid/g)).toHaveLength(6);
  });

  it('signatures', async () => {
    await run(snippet(''), { ...tasks, app });
    expect(await (await tasks.add.s(1, umbel.kwargs({ y: 2 })).delay()).get({ timeout: 60 })).toBe(3);
  });

  it('a chain', async () => {
    const { result } = await run(snippet('Chain'), { ...tasks, url: 'it' }, ['result']);
    const { parent, get } = result as { parent: unknown; get(): Promise<unknown> };
    expect(parent).toBeTruthy();
    expect(await get.call(result)).toBe('file of it at 640, published');
  });

  it('a group', async () => {
    const printed: unknown[] = [];
    const console = { log: (_id: unknown, value: unknown) => printed.push(value) };
    const { result } = await run(snippet('Group'), { ...tasks, console }, ['result']);
    const { id } = result as { id: string };
    expect(printed.toSorted()).toEqual([2, 4, 6]);
    expect(await (await app.restoreGroup(id))!.get({ timeout: 60 })).toEqual([2, 4, 6]);
  });

  it('a chord', async () => {
    await run(snippet('Chord'), { ...tasks, path: 'p' });
    await expect.poll(() => galleries).toEqual([['p at 120', 'p at 320', 'p at 640']]);
  });

  it('links', async () => {
    await run(snippet('Links').replace(/;\s*$/, '.delay();'), tasks);
    await expect.poll(() => notes).toEqual([4]);
  });

  it('a replaced task', async () => {
    await run(snippet('Replacing'), { ...tasks, app });
    const chained = umbel.chain(app.signature('report', ['May']), tasks.publish.s());
    expect(await (await chained.applyAsync()).get({ timeout: 60 })).toBe('report of May, published');
  });

  it('stamps', async () => {
    const workflow = umbel.group([umbel.chain(tasks.a.s(), tasks.b.s())]);
    const code = snippet('Stamps').replace(/^chain\(.*;$/m, (line) => `const first = ${line}`);
    const { first } = await run(code, { ...tasks, workflow }, ['first']);
    const [before, own] = (await (await (first as typeof workflow).applyAsync()).get({ timeout: 60 })) as object[];
    expect([before, own]).toEqual([{ customer: 'acme' }, { customer: 'acme' }]);
    const [[stamps]] = (await (await workflow.applyAsync()).get({ timeout: 60 })) as [[object]];
    expect(stamps).toEqual({ step: 'a', size: 1 });
  });
});

describe('the guide "Periodic tasks"', () => {
  const snippets = snippetsOf('periodic-tasks');
  const folder = mkdtempSync(join(tmpdir(), 'umbel-guides-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('a schedule is due when it says', async () => {
    const { app } = (await run(snippets.get('')!, {}, ['app'])) as { app: Celery };
    const now = Date.parse('2026-11-28T12:00:00Z'); // a Saturday
    const scheduler = new Scheduler({ zone: app.conf.timezone! });
    scheduler.merge(app.conf.beat_schedule as never, new Map(), now);
    const due = [...scheduler.entries.values()].map(({ name, dueAt }) => [name, new Date(dueAt).toISOString()]);
    expect(due).toEqual([
      ['check-stock', '2026-11-28T12:00:30.000Z'],
      ['morning-mail', '2026-11-30T06:30:00.000Z'],
    ]);
    await app.close();
  });

  it("a rule of one's own", async () => {
    const code = snippets.get('By rules of your own')!;
    const { opening } = (await run(code, { till: { aheadMs: 3_600_000 } }, ['opening'])) as { opening: Schedule };
    const last = Date.parse('2026-11-28T12:00:00Z');
    expect(opening.remaining(last, { nowMs: last, zone: 'UTC' })).toBe(18 * 3600);
    expect(opening.isDue(last, { nowMs: last + 18 * 3_600_000, zone: 'UTC' }).isDue).toBe(true);
  });

  it('a beat inside a program', async () => {
    const app = new Celery(
      'guide',
      { broker: 'memory://', beat_schedule_filename: join(folder, 'schedule') },
      { env: {}, log: silentLogger },
    );
    await run(snippets.get('Inside a program')!, { app });
    await app.close();
  });
});
