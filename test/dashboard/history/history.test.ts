// The history on disk: found again, merged, listed, counted, forgotten.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HistoryStore, TaskListQuery } from '../../../server/dashboard/history/contract.ts';
import { failureOf } from '../../../server/dashboard/history/exception.ts';
import { openHistory } from '../../../server/dashboard/history/registry.ts';
import { toRecord, toRow } from '../../../server/dashboard/history/rows.ts';
import { Sketch } from '../../../server/dashboard/history/sketch.ts';
import { ClusterState } from '../../../shared/events/cluster-state.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import { matchesQuery } from '../../../shared/query/match.ts';
import { parseQuery } from '../../../shared/query/parser.ts';

const NOW = 1_790_000_000;
let folder: string;
let open: HistoryStore[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-history-'));
});
afterEach(async () => {
  for (const h of open) await h.close();
  open = [];
  rmSync(folder, { recursive: true, force: true });
});
async function history(): Promise<HistoryStore> {
  const h = await openHistory(join(folder, 'h.db'));
  open.push(h);
  return h;
}
const EVERYTHING: TaskListQuery = {
  tree: null,
  states: null,
  from: null,
  to: null,
  sort: 'first_seen',
  descending: true,
  cursor: null,
  limit: 1000,
};
const event = (type: string, uuid: string, timestamp: number, more: Partial<CeleryEvent> = {}): CeleryEvent => ({
  type,
  uuid,
  hostname: 'w1@h',
  timestamp,
  local_received: timestamp,
  clock: 1,
  pid: 1,
  ...more,
});

/** Eight hundred tasks in many states, with names and workers to tell apart. */
function fill(state: ClusterState): void {
  for (let i = 0; i < 800; i++) {
    const uuid = `id-${String(i).padStart(4, '0')}`;
    const at = NOW - 3600 + i * 4;
    const hostname = `w${i % 3}@h`;
    state.apply(
      event('task-received', uuid, at, {
        hostname,
        name: i % 50 === 49 ? null : `shop.mod${i % 4}.Task_${i % 7}`,
        args: `(${i}, 'café 100%')`,
        kwargs: i % 2 ? `{'customer': 'c-${i % 10}'}` : '{}',
        retries: i % 11 === 0 ? i % 3 : 0,
        eta: i % 13 === 0 ? new Date((at + 60) * 1000).toISOString().replace('Z', '+00:00') : null,
        root_id: i % 5 === 0 && i > 0 ? 'id-0000' : uuid,
        parent_id: i % 5 === 0 && i > 0 ? 'id-0000' : null,
        queue: `q${i % 2}`,
      }),
    );
    if (i % 10 === 9) continue;
    state.apply(event('task-started', uuid, at + 0.1, { hostname }));
    if (i % 10 === 8) continue;
    if (i % 10 === 7)
      state.apply(
        event('task-failed', uuid, at + 1, { hostname, exception: `ValueError('bad ${i % 3}')`, traceback: 'T' }),
      );
    else if (i % 10 === 6) state.apply(event('task-progress', uuid, at + 1, { hostname }));
    else state.apply(event('task-succeeded', uuid, at + 1, { hostname, result: `'r${i}'`, runtime: (i % 97) / 10 }));
  }
}

describe('the history', () => {
  it('finds every task again after a restart, the unfinished ones too', async () => {
    const state = new ClusterState();
    fill(state);
    const before = [...state.tasks.values()].map(toRow);
    const first = await history();
    first.write(state.cut(), NOW);
    await first.close();
    open = [];
    const again = await history();
    const page = await again.tasks(EVERYTHING);
    expect(page.items).toHaveLength(800);
    const byId = new Map(page.items.map((t) => [t.uuid, t]));
    for (const row of before) expect(byId.get(row.uuid)).toEqual(row);
    const unfinished = (await again.unfinished(1000)).map(toRecord);
    expect(new Set(unfinished.map((t) => t.state))).toEqual(new Set(['RECEIVED', 'STARTED', 'PROGRESS']));
    expect(unfinished).toHaveLength(240);
  });

  it('merges later events into what it has, and never forgets what it knew', async () => {
    const h = await history();
    const state = new ClusterState();
    state.apply(event('task-received', 'a', NOW, { name: 'n', args: '(1,)', queue: 'q' }));
    h.write(state.cut(), NOW);
    state.apply(event('task-started', 'a', NOW + 1));
    h.write(state.cut(), NOW);
    await h.written();
    // Another process, or a task long pushed out of memory: only its end is seen.
    const later = new ClusterState();
    later.apply(event('task-succeeded', 'a', NOW + 2, { result: '1', runtime: 1 }));
    h.write(later.cut(), NOW);
    later.apply(event('task-started', 'a', NOW + 1));
    h.write(later.cut(), NOW);
    await h.written();
    expect(await h.task('a')).toMatchObject({
      name: 'n',
      args: '(1,)',
      queue: 'q',
      state: 'SUCCESS',
      received: NOW,
      started: NOW + 1,
      result: '1',
    });
  });

  it('does not weaken a finished task by an early event seen late', async () => {
    const h = await history();
    const state = new ClusterState();
    state.apply(event('task-succeeded', 'a', NOW, { result: '1' }));
    h.write(state.cut(), NOW);
    const later = new ClusterState();
    later.apply(event('task-started', 'a', NOW - 1));
    h.write(later.cut(), NOW);
    await h.written();
    expect(await h.task('a')).toMatchObject({ state: 'SUCCESS', result: '1' });
  });

  it('answers every query exactly as the page filters its live rows', async () => {
    const h = await history();
    const state = new ClusterState();
    fill(state);
    const rows = [...state.tasks.values()].map(toRow);
    h.write(state.cut(), NOW);
    await h.written();
    for (const text of [
      'state:FAILURE',
      'state:failure,started',
      'name:mod1',
      'name:TASK_3',
      'name:shop.mod2*',
      'worker:w1',
      'worker:w1 name:task_2',
      '-name:mod1',
      'NOT exception:ValueError',
      'name:mod1 OR state:FAILURE',
      '(name:mod1 OR name:mod2) -state:SUCCESS',
      'queue:q1',
      'uuid:id-0007',
      'uuid:ID-0007',
      'uuid:id-00*',
      'root:id-0000',
      'parent:id-0000 name:mod1',
      'kwargs:customer=c-3',
      'args:100%',
      'args:100_',
      'café',
      'bad*1',
      'exception:/bad [02]/',
      'runtime:>5s',
      'runtime:1s..2s',
      'retries:>0',
      'retries:0',
      'eta:*',
      '-eta:*',
      '-retries:>0',
      `received:>${new Date((NOW - 1800) * 1000).toISOString()}`,
      'name:*',
      'result:r1 -worker:w0',
    ]) {
      const parsed = parseQuery(text, { nowS: NOW });
      if (!parsed.ok) throw new Error(`${text}: ${parsed.message}`);
      const expected = rows.filter((row) => matchesQuery(parsed.tree, row)).map((r) => r.uuid);
      const page = await h.tasks({ ...EVERYTHING, tree: parsed.tree });
      expect([text, page.items.map((t) => t.uuid).sort()]).toEqual([text, expected.sort()]);
      const counted = Object.values(page.counts).reduce((a, b) => a + b, 0);
      expect([text, counted, page.total]).toEqual([text, expected.length, expected.length]);
    }
  });

  it('pages through every order without repeating or skipping, rows without a value last', async () => {
    const h = await history();
    const state = new ClusterState();
    fill(state);
    h.write(state.cut(), NOW);
    await h.written();
    const trees = ['', 'name:mod1', 'worker:w1 state:SUCCESS,FAILURE', 'café', 'root:id-0000', 'name:mod1 café'].map(
      (text) => {
        const parsed = parseQuery(text, { nowS: NOW });
        return parsed.ok ? parsed.tree : null;
      },
    );
    for (const tree of trees)
      for (const sort of ['first_seen', 'runtime', 'name', 'state', 'worker', 'retries'] as const)
        for (const descending of [true, false]) {
          const whole = await h.tasks({ ...EVERYTHING, tree });
          const seen: string[] = [];
          const values: (string | number | null)[] = [];
          let cursor: string | null = null;
          do {
            const page = await h.tasks({ ...EVERYTHING, tree, sort, descending, cursor, limit: 37 });
            seen.push(...page.items.map((t) => t.uuid));
            values.push(...page.items.map((t) => t[sort]));
            cursor = page.next;
          } while (cursor !== null);
          expect([sort, descending, new Set(seen).size, seen.length]).toEqual([
            sort,
            descending,
            whole.total,
            whole.total,
          ]);
          const given = values.filter((v) => v !== null) as (string | number)[];
          const ordered = [...given].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0) * (descending ? -1 : 1));
          expect([sort, descending, given]).toEqual([sort, descending, ordered]);
          expect(values.slice(given.length).every((v) => v === null)).toBe(true);
        }
  });

  it('refuses a cursor it did not give', async () => {
    const h = await history();
    await expect(h.tasks({ ...EVERYTHING, cursor: 'bm9uc2Vuc2U' })).rejects.toThrow(/cursor/);
  });

  it('counts ends by task, queue and worker, with percentiles within two per cent', async () => {
    const h = await history();
    const state = new ClusterState();
    fill(state);
    h.write(state.cut(), NOW);
    await h.written();
    h.saveGauges({ up: 1 }, Math.floor(NOW / 60) * 60 - 600);
    await h.written();
    const ask = { range: '6h', task: null, queue: null, worker: null, now: NOW } as const;
    const all = await h.series({ ...ask, metric: 'throughput' });
    expect(all.totals).toMatchObject({ SUCCESS: 480, FAILURE: 80 });
    expect(all.lines.SUCCESS![0]).toBeNull();
    const one = await h.series({ ...ask, metric: 'throughput', worker: 'w1@h' });
    expect(one.totals.SUCCESS).toBeGreaterThan(100);
    const runtimes = [...state.tasks.values()].filter((t) => t.state === 'SUCCESS').map((t) => t.runtime!);
    // Failures are timed from their start to their end: 0.9 s each.
    for (let i = 0; i < 80; i++) runtimes.push(0.9);
    runtimes.sort((a, b) => a - b);
    const p95 = runtimes[Math.floor(0.95 * (runtimes.length - 1))]!;
    const runtime = await h.series({ ...ask, metric: 'runtime' });
    expect(Math.abs(runtime.totals.p95! - p95) / p95).toBeLessThan(0.02);
    const stats = await h.keyStats('task', NOW - 7200, NOW, null);
    expect(stats.reduce((sum, s) => sum + s.finished, 0)).toBe(560);
  });

  it('adds to the buckets it finds after a restart', async () => {
    const at = Math.floor(NOW / 3600) * 3600 + 30;
    for (let round = 0; round < 2; round++) {
      const h = await history();
      const state = new ClusterState();
      state.apply(event('task-received', `r${round}`, at, { name: 'n' }));
      state.apply(event('task-succeeded', `r${round}`, at + 1, { runtime: 1, result: '1' }));
      h.write(state.cut(), NOW);
      await h.close();
      open = [];
    }
    const h = await history();
    expect((await h.sums(60, at - 60, at + 60)).finished).toBe(2);
  });

  it('groups failures by task and class of exception', async () => {
    const h = await history();
    const state = new ClusterState();
    fill(state);
    h.write(state.cut(), NOW);
    await h.written();
    const groups = await h.failures({ now: NOW, span: 86_400, limit: 100, task: null, exception: null });
    expect(groups.reduce((sum, g) => sum + g.count, 0)).toBe(80);
    expect(groups.every((g) => g.exception === 'ValueError' && g.message.startsWith('bad '))).toBe(true);
    expect(groups[0]!.trend.reduce((a, b) => a + b, 0)).toBe(groups[0]!.count);
  });

  it('keeps every try of a retried task', async () => {
    const h = await history();
    const state = new ClusterState();
    for (let n = 0; n < 3; n++) {
      state.apply(event('task-received', 'a', NOW + n * 10, { name: 'n', retries: n }));
      state.apply(event('task-started', 'a', NOW + n * 10 + 1));
      if (n < 2) state.apply(event('task-retried', 'a', NOW + n * 10 + 2, { exception: `E(${n})`, traceback: 'T' }));
      h.write(state.cut(), NOW);
    }
    state.apply(event('task-succeeded', 'a', NOW + 25, { result: '1', runtime: 4 }));
    h.write(state.cut(), NOW);
    await h.written();
    expect((await h.tries('a')).map((t) => [t.number, t.state, t.exception])).toEqual([
      [0, 'RETRY', 'E(0)'],
      [1, 'RETRY', 'E(1)'],
      [2, 'SUCCESS', null],
    ]);
  });

  it('forgets by age and by number', async () => {
    const h = await history();
    const state = new ClusterState();
    fill(state);
    h.write(state.cut(), NOW);
    await h.written();
    await h.expire({ maxAge: 3000, maxTasks: null }, NOW);
    const byAge = await h.tasks(EVERYTHING);
    expect(byAge.total).toBeLessThan(800);
    expect(Math.min(...byAge.items.map((t) => t.first_seen))).toBeGreaterThanOrEqual(NOW - 3000);
    await h.expire({ maxAge: null, maxTasks: 100 }, NOW);
    expect((await h.tasks(EVERYTHING)).total).toBe(100);
  });

  it('loses less than a second when the process is killed', async () => {
    const path = join(folder, 'killed.db');
    const child = fork(new URL('./ingest-child.ts', import.meta.url), [path], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const sent = new Map<string, number>();
    const killedAt = await new Promise<number>((resolve) => {
      child.on('message', (message: { uuids: string[]; at: number }) => {
        for (const uuid of message.uuids) sent.set(uuid, message.at);
        if (sent.size > 3000 && !child.killed) {
          child.kill('SIGKILL');
          resolve(Date.now());
        }
      });
    });
    await new Promise((resolve) =>
      child.exitCode === null && child.signalCode === null ? child.once('exit', resolve) : resolve(null),
    );
    const h = await openHistory(path);
    open.push(h);
    const found = new Set<string>();
    const old = [...sent].filter(([, at]) => at < killedAt - 1000).map(([uuid]) => uuid);
    for (let i = 0; i < old.length; i += 500)
      for (const row of await h.rows(old.slice(i, i + 500))) found.add(row.uuid);
    expect(old.length).toBeGreaterThan(500);
    expect(old.filter((uuid) => !found.has(uuid))).toEqual([]);
  });
});

describe('a sketch', () => {
  it('tells quantiles within two per cent, also after merging and storing', () => {
    const values = Array.from({ length: 10_000 }, (_, i) => Math.exp(((i * 7919) % 10_000) / 1000 - 5));
    const parts = [new Sketch(), new Sketch(), new Sketch()];
    values.forEach((v, i) => {
      parts[i % 3]!.add(v);
    });
    const merged = Sketch.decode(parts[0]!.encode());
    merged.merge(parts[1]!);
    merged.mergeEncoded(parts[2]!.encode());
    const sorted = [...values].sort((a, b) => a - b);
    for (const q of [0, 0.01, 0.5, 0.9, 0.95, 0.99, 1]) {
      const exact = sorted[Math.floor(q * (sorted.length - 1))]!;
      expect(Math.abs(merged.quantile(q)! - exact) / exact).toBeLessThan(0.02);
    }
    expect(merged.count).toBe(10_000);
    expect(new Sketch().quantile(0.5)).toBeNull();
  });
});

describe('an exception as events tell it', () => {
  it.each([
    ["ValueError('bad')", 'ValueError', 'bad'],
    ['shop.errors.CardDeclined("no money")', 'CardDeclined', 'no money'],
    ["ConnectionResetError(104, 'reset')", 'ConnectionResetError', "104, 'reset'"],
    ['<ExceptionInfo: x>', 'ExceptionInfo', 'x'],
    ['no bank here', 'unknown', 'no bank here'],
    ["Two('a', 'b')", 'Two', "'a', 'b'"],
    ['RangeError: no bank', 'RangeError', 'no bank'],
    ['', 'unknown', ''],
    ['???', 'unknown', '???'],
  ])('%s', (repr, cls, message) => {
    expect(failureOf(repr)).toEqual({ cls, message });
  });
});
