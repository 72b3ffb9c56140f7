// Chords in a store that does not count: celery.chord_unlock asks for the header's results and sends the body. And chords that grow.
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import type { TaskContext } from '../../server/app/context.ts';
import type { Backend, BackendContext } from '../../server/backends/contract.ts';
import { createMemoryBackend } from '../../server/backends/memory.ts';
import { registerBackend } from '../../server/backends/registry.ts';
import { chain, chord, group } from '../../server/canvas/compose.ts';
import { silentLogger } from '../../server/log.ts';
import type { GroupResult } from '../../server/results/group-result.ts';
import { Worker } from '../../server/worker/worker.ts';

const FLAGS = { shared: false, expiresItself: true, chords: 'unlock' } as const;
/** What a store is that keeps records, and nothing of chords. */
const NO_COUNTING = ['startChord', 'growChord', 'completeChordPart', 'forgetChord', 'openChords', 'countedParts'];

registerBackend('plain', FLAGS, async () => (context: BackendContext): Backend => {
  const memory = createMemoryBackend({ ...context, url: context.url.replace('plain', 'memory') });
  return new Proxy(memory, {
    get(store, name) {
      if (name === 'flags') return FLAGS;
      if (NO_COUNTING.includes(String(name))) throw new TypeError(`A plain store has no ${String(name)}`);
      const value = store[name as keyof typeof store] as unknown;
      return typeof value === 'function' ? value.bind(store) : value;
    },
  });
});

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function shop(backend: string, settings = {}) {
  const broker = `memory://${randomUUID()}`;
  const all = { broker, backend, result_chord_retry_interval: 0.01, ...settings };
  const app = new Celery('test', all, { env: {}, log: silentLogger });
  closing.push(() => app.close());
  app.task('part', async (i: number) => {
    if (i < 0) throw new RangeError(`no ${i}`);
    return i;
  });
  app.task({ name: 'ignoring', ignore_result: true }, (i: number) => i);
  app.task('body', (results: unknown) => ({ results }));
  app.task('grows', async function (this: TaskContext, i: number) {
    await this.addToChord(app.signature('part', [i + 1]));
    return i;
  });
  const start = async () => {
    const worker = new Worker(app, { log: silentLogger, withoutGossip: true, withoutMingle: true });
    closing.push(() => worker.stop('cold'));
    await worker.start();
  };
  const part = (i: number) => app.signature('part', [i]);
  return { app, start, part, body: app.signature('body') };
}

describe('a chord in a store that does not count', () => {
  const plain = () => `plain://${randomUUID()}`;

  it('has its body sent by chord_unlock, with the results in the shape of the header', async () => {
    const { app, start, part, body } = await shop(plain());
    const header = group([part(1), chain(part(2), group([app.signature('part', [3], {}, { immutable: true })]))]);
    const flat = await chord(group([part(1), part(2), part(3)]), body).applyAsync([], {}, { countdown: 0 });
    const nested = await chord(header, body).applyAsync([], {}, { countdown: 0 });
    await start();
    expect(await flat.get({ timeout: 60 })).toEqual({ results: [1, 2, 3] });
    expect(await nested.get({ timeout: 60 })).toEqual({ results: [1, [3]] });
  });

  it('ends also when a part ignores its result: there it is stored', async () => {
    const { app, start, part, body } = await shop(plain());
    const header = group([part(1), app.signature('ignoring', [2])]);
    const result = await chord(header, body).applyAsync([], {}, { countdown: 0 });
    await start();
    expect(await result.get({ timeout: 60 })).toEqual({ results: [1, 2] });
  });

  it('fails its body when a part fails', async () => {
    const { start, part, body } = await shop(plain());
    const result = await chord(group([part(1), part(-1)]), body).applyAsync([], {}, { countdown: 0 });
    await start();
    await expect(result.get({ timeout: 60 })).rejects.toThrow(/Dependency .* raised RangeError\('no -1'/);
  });

  it('one look at a long header that has not ended asks for what was sent last alone', async () => {
    const { app, start, part, body } = await shop(plain(), { result_chord_retry_interval: 3600 });
    const asked = vi.spyOn(await app.backend(), 'getMany');
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    app.task('held', () => gate);
    const long = group([...Array.from({ length: 299 }, (_, i) => part(i)), app.signature('held')]);
    const result = await chord(long, body).applyAsync([], {}, { countdown: 0 });
    await start();
    await expect.poll(() => asked.mock.calls.length).toBeGreaterThan(0);
    const header = (result.parent as GroupResult).results.map(({ id }) => id);
    expect(asked.mock.calls).toEqual([[header.slice(50)]]);
    open();
  });

  it('chord_unlock is the message that Celery makes, in the queue of the body', async () => {
    const { app, part, body } = await shop(plain());
    body.set({ queue: 'bodies', priority: 3 });
    await chord(group([part(1)]), body).applyAsync();
    const channel = await app.writeConnection.defaultChannel();
    const [message] = (await channel.peek('bodies', 1))!;
    expect(message).toMatchObject({ headers: { task: 'celery.chord_unlock' }, properties: { priority: 3 } });
  });

  it('cannot grow', async () => {
    const { app, start, body } = await shop(plain());
    const result = await chord(group([app.signature('grows', [1])]), body).applyAsync([], {}, { countdown: 0 });
    await start();
    await expect(result.get({ timeout: 60 })).rejects.toThrow("The result store 'memory' does not count");
  });
});

describe('a chord that grows', () => {
  it('waits for what a part of it added', async () => {
    const { app, start, part, body } = await shop(`memory://${randomUUID()}`);
    const result = await chord(group([part(5), app.signature('grows', [1])]), body).applyAsync();
    await start();
    const { results } = (await result.get({ timeout: 60 })) as { results: number[] };
    expect(results.sort()).toEqual([1, 2, 5]);
  });

  it('outside of a chord there is nothing to add to', async () => {
    const { app, start } = await shop(`memory://${randomUUID()}`);
    const result = await app.sendTask('grows', [1]);
    await start();
    await expect(result.get({ timeout: 60 })).rejects.toThrow('is no part of a chord');
  });
});
