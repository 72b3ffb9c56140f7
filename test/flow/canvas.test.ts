// Canvas on every result store: empty members, groups in odd places, failures and errbacks, children. As Celery 5.6 does it.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import type { SignatureLike } from '../../server/canvas/call-options.ts';
import { Chain } from '../../server/canvas/chain.ts';
import { chain, chord, chunks, group } from '../../server/canvas/compose.ts';
import type { Signature } from '../../server/canvas/signature.ts';
import { ImproperlyConfigured, IndexError } from '../../server/errors.ts';
import { createLogger, silentLogger } from '../../server/log.ts';
import { buildResultMeta } from '../../server/protocol/result-meta.ts';
import type { AsyncResult } from '../../server/results/async-result.ts';
import type { GroupResult } from '../../server/results/group-result.ts';
import { Worker } from '../../server/worker/worker.ts';
import { hasRedis, type RedisServer, redisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { gate } from './worker-world.ts';

let redis: RedisServer;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-canvas-'));
  if (hasRedis) redis = await redisServer();
});
afterAll(async () => {
  await redis?.close();
  rmSync(folder, { recursive: true, force: true });
});

const stores: [name: string, url: () => string][] = [
  ['memory', () => `memory://${randomUUID()}`],
  ['sqlite', () => `sqlite:///${join(folder, 'results.db')}`],
  ...(hasRedis ? [['redis', () => redis.freshUrl()] as [string, () => string]] : []),
];

describe.each(stores)('with results in %s', (_, storeUrl) => {
  let app: Celery;
  let worker: Worker;
  const calls: unknown[][] = [];
  const lines: string[] = [];
  const s = (name: string, ...args: unknown[]) => app.signature(name, args);
  const id = (x: unknown) => app.signature('id', [x], {}, { immutable: true });
  const get = async (signature: Signature) => (await signature.applyAsync()).get({ timeout: 90 });

  beforeAll(async () => {
    const settings = { task_acks_late: true, worker_deduplicate_successful_tasks: true };
    const urls = { broker: `memory://${randomUUID()}`, backend: storeUrl() };
    // A chord that was not counted is found after some seconds: too late to pass for right.
    const log = createLogger({ level: 'WARNING', color: false, write: (line) => lines.push(line) });
    app = new Celery('test', { ...urls, ...settings }, { env: {}, log });
    app.task('add', (a: number, b: number) => a + b);
    app.task('id', (x: unknown) => x);
    app.task('xsum', (xs: number[]) => xs.reduce((a, b) => a + b, 0));
    app.task('fail', () => {
      throw new RangeError('no');
    });
    app.task({ name: 'note', params: ['a', 'b?', 'c?'] }, (...args: unknown[]) => {
      calls.push(args);
    });
    app.task('one', (...args: unknown[]) => {
      calls.push(args);
    });
    app.task('spread', async () => {
      await group(id(1), chain(id(2), id(3))).applyAsync();
      await chord([id(4), id(5)], s('xsum')).applyAsync();
      await chain(id(6), id(7)).applyAsync();
    });
    app.task('swaps', async function (like: SignatureLike) {
      await this.replace(like);
    });
    worker = new Worker(app, { log: silentLogger, withoutGossip: true, withoutMingle: true });
    await worker.start();
  });
  afterAll(async () => {
    await worker.stop('cold');
    await app.close();
    expect(lines.filter((line) => line.includes('left unfinished'))).toEqual([]);
  });
  beforeEach(() => {
    calls.length = 0;
  });

  describe('empty members', () => {
    it('an empty chain in a group or a header is refused at once', async () => {
      for (const canvas of [
        group([chain(), s('add', 1, 2)]),
        chord([chain(), s('add', 1, 2)], s('xsum')),
        chord([id(1)], chain(chain(), chain())),
      ]) {
        await expect(canvas.applyAsync()).rejects.toThrow(IndexError);
      }
    });

    it.each<[string, () => Signature, unknown]>([
      ['a header of nothing', () => chord([], s('xsum')), 0],
      ['a header of an empty group', () => chord([group([])], s('xsum')), 0],
      ['an empty group in a group before a task', () => chain(group([group([])]), s('xsum')), 0],
      ['an empty group alone', () => group([]), []],
      ['a group of empty groups', () => group([group([])]), []],
      ['an empty group between two tasks', () => chain(s('add', 1, 1), group([]), s('add', 10)), 12],
      ['an empty group at the end', () => chain(s('add', 1, 1), group([])), 2],
      ['an empty chain alone', () => chain(), null],
      ['an empty group beside a task', () => chord([group([]), id(3)], s('xsum')), 3],
    ])('%s', async (_name, canvas, value) => {
      expect(await get(canvas())).toEqual(value);
    });

    it('arguments given to a chain reach its first task, past what is empty', async () => {
      // As it may come from the wire: nothing is put together here.
      const canvas = Chain.of([group([]), chain(), s('add', 1), s('add', 10)], app.canvas);
      const result = await canvas.applyAsync([100]);
      expect(await result.get({ timeout: 90 })).toBe(111);
    });
  });

  describe('a chord whose header has', () => {
    it.each<[string, () => Signature[], unknown]>([
      ['a chain that ends in a group', () => [id(1), chain(id(2), group(id(3), id(4)))], [1, [3, 4]]],
      ['one before another task', () => [chain(id(2), group(id(3), id(4))), id(1)], [[3, 4], 1]],
      ['a chord that ends in a group', () => [id(1), chord([id(2)], group(s('id'), s('id')))], [1, [[2], [2]]]],
      ['a chord', () => [id(1), chord([id(2), id(3)], s('xsum'))], [1, 5]],
      ['a group', () => [id(1), group(id(2), id(3))], [1, 2, 3]],
      ['chunks', () => [id(1), chunks(s('id'), [[2], [3]], 1)], [1, [2], [3]]],
    ])('%s gets its results', async (_name, header, value) => {
      expect(await get(chord(header(), s('id')))).toEqual(value);
      // ... and when it is sent by a worker, as a later step.
      expect(await get(chain(id(0), chord(header(), s('id')), s('id')))).toEqual(value);
    });

    it('a failure before its last group fails', async () => {
      await expect(get(chord([id(1), chain(s('fail'), group(id(3), id(4)))], s('id')))).rejects.toThrow(
        /raised RangeError/,
      );
    });

    it('a chord with a chain for a body that fails, fails', async () => {
      const inner = chord([s('fail')], chain(s('id'), s('id')));
      await expect(get(chord([id(1), inner], s('id')))).rejects.toThrow(/raised ChordError/);
    });
  });

  describe('errbacks', () => {
    const called = () => until(() => calls.length > 0, 'the errback');

    it('an immutable one gets its own arguments alone, keywords too', async () => {
      const errback = app.signature('note', ['m'], { b: 'B', c: 'C' }, { immutable: true });
      await expect(get(s('fail').linkError(errback))).rejects.toThrow('no');
      await called();
      expect(calls).toEqual([['m', 'B', 'C']]);
    });

    it('one of several parameters gets request, error and traceback before its own', async () => {
      const failing = s('fail').linkError(app.signature('note'));
      await expect(get(failing)).rejects.toThrow('no');
      await called();
      expect(calls[0]).toEqual([
        expect.objectContaining({ task: 'fail' }),
        new RangeError('no'),
        expect.stringMatching(/^Traceback/),
      ]);
    });

    it('of chords in each other is called once, also when each has it', async () => {
      // Celery 5.6, canvas.py _chord.link_error: nested chords get it, too.
      const inner = chord([id(1), s('fail')], s('id')).linkError(s('one', 2n ** 64n));
      const outer = chord([id(3), inner], s('xsum')).linkError(s('one', 2n ** 64n));
      await expect(get(outer)).rejects.toThrow(/raised ChordError/);
      await called();
      await get(id('whatever was sent before this one has run'));
      expect(calls).toHaveLength(1);
    });

    it('the tasks of a body that is a group fail with what the header failed with', async () => {
      const result = await chord([id(1), s('fail')], group(s('id'), s('id'))).applyAsync();
      for (const member of (result as GroupResult).results)
        await expect(member.get({ timeout: 90 })).rejects.toThrow(RangeError);
    });
  });

  it('a success delivered again is not run again, but what follows it is sent', async () => {
    // A queue that no worker reads yet.
    const parts = [s('one').set({ queue: 'later' }), id(2)];
    const canvas = chord([chain(parts[0]!, s('add', 1)), id(5)], s('xsum')).linkError(s('one', 'e'));
    const channel = await app.writeConnection.defaultChannel();
    const result = await canvas.applyAsync();
    const first = await until(async () => (await channel.peek('later', 1))?.[0], 'the message');
    const meta = { task_id: String(first.headers.id), status: 'SUCCESS', result: 40, nowMs: 0 };
    await (await app.backend()).store(buildResultMeta(meta));
    // Its worker died: it comes again.
    const taken = gate();
    const own = await app.writeConnection.transport!.channel();
    await own.consume('later', () => taken.open());
    await taken.opened;
    await own.close();
    await app.control.addConsumer('later', { destination: [worker.hostname], reply: true });
    expect(await result.get({ timeout: 90 })).toBe(46);
    expect(calls).toEqual([]);
  });

  it('children: a group, a chord, several links are one child each, a chain by its end', async () => {
    const result = await s('spread').applyAsync();
    await result.get({ timeout: 90 });
    const children = (await (await app.backend()).get(result.id))!.children as unknown as [
      [string, unknown],
      unknown[] | null,
    ][];
    expect(children.map(([, members]) => members?.length ?? null)).toEqual([2, 2, null]);
    const values = await app.AsyncResult(result.id).children();
    expect(await Promise.all(values.map((child) => child.get({ timeout: 90 })))).toEqual([[1, 3], [4, 5], 6]);

    const linked = await id(1).link(s('id')).link(s('add', 1)).applyAsync();
    await linked.get({ timeout: 90 });
    const [group_, ...more] = await app.AsyncResult(linked.id).children();
    expect(more).toEqual([]);
    expect(await group_!.get({ timeout: 90 })).toEqual([1, 2]);
  });

  describe('results', () => {
    it('tell what came of a task, and with what values', async () => {
      const last = await chain(id(1), s('add', 1), group([s('add', 10), s('add', 20)])).applyAsync();
      await last.get({ timeout: 90 });
      const first = app.AsyncResult((last.parent as AsyncResult).parent!.id);
      const found: unknown[] = [];
      for await (const [, value] of first.collect({ timeout: 90 })) found.push(value);
      expect(found).toEqual([1, 2, [12, 22], 12, 22]);
      const { nodes, edges } = await first.graph();
      expect(nodes.size).toBe(5);
      expect(edges[0]).toEqual([first.id, last.parent!.id]);
    });

    it('are kept as tuples, and groups under their id', async () => {
      const result = (await chain(id(1), group([id(2), id(3)])).applyAsync()) as GroupResult;
      const again = app.resultFromTuple(JSON.parse(JSON.stringify(result.asTuple())));
      expect(await again.get({ timeout: 90 })).toEqual([2, 3]);
      expect(again.parent?.id).toBe(result.parent?.id);
      await result.save();
      expect(await (await app.restoreGroup(result.id))!.join({ timeout: 90 })).toEqual([2, 3]);
      await result.delete();
      expect(await app.restoreGroup(result.id)).toBeNull();
    });

    it('of a chain revoke all of it', async () => {
      const parts = [id(1), group([id(2), id(3)]), id(4)].map((part) => part.set({ queue: 'nobody' }));
      const result = await chain(parts).applyAsync();
      const ids = [result.id];
      for (let at = result.parent; at; at = at.parent) ids.push(...(at.results ?? [at]).map((one) => one.id));
      expect(ids).toHaveLength(4);
      await (result as AsyncResult).revokeChain();
      await until(async () => {
        const revoked = await app.control.inspect({ destination: [worker.hostname] }).revoked();
        return ids.every((one) => JSON.stringify(revoked).includes(one));
      }, 'the worker to know');
    });
  });

  it('a part, a group, a chain and a chord are added to a chord', async () => {
    const added: Signature[] = [];
    app.task('grows', async function (x: number) {
      await this.addToChord(id(10));
      await this.addToChord(chain(id(20), s('add', 1)));
      await this.addToChord(group([id(30), id(31)]));
      await this.addToChord(chord([id(40), id(41)], s('xsum')));
      added.push(await this.addToChord(id(50), { lazy: true }));
      return x;
    });
    const result = await chord([s('grows', 1), id(2)], s('id')).applyAsync();
    await until(() => added.length > 0, 'the parts to be added');
    await added[0]!.applyAsync();
    const values = (await result.get({ timeout: 90 })) as number[];
    expect(values.sort((a, b) => a - b)).toEqual([1, 2, 10, 21, 30, 31, 50, 81]);
  });

  it('a header may be one signature, and call options of a chord are of its header, too', async () => {
    expect(await get(chord(id(1), s('id')))).toEqual([1]);
    expect(await get(chord(chain(id(1), s('add', 1)), s('id')))).toEqual([2]);
    const placed = await chord([id(1)], s('id')).applyAsync([], {}, { queue: 'apart' });
    const channel = await app.writeConnection.defaultChannel();
    await until(async () => ((await channel.peek('apart', 5)) ?? []).length === 1, 'the header in its queue');
    expect(placed.id).toBeTruthy();
  });

  it('what takes the place of a task is seen, and stamped, before it is sent', async () => {
    app.task('stamps', function () {
      return this.request.stamps;
    });
    const on_replace = ({ signature }: { signature: Signature }) => void signature.stamp(null, { by: 'hook' });
    app.task({ name: 'hooked', on_replace }, async function () {
      await this.replace(s('stamps'));
    });
    expect(await get(s('hooked'))).toEqual({ by: 'hook' });
  });

  it.each<[string, () => Signature]>([
    ['a group', () => group(id(1), id(2))],
    ['a chain that ends in a group', () => chain(id(0), group(id(1), id(2)))],
    ['a chord whose body is a group', () => chord([id(0)], group(id(1), id(2)))],
    ['chunks', () => chunks(s('id'), [[1], [2]], 2)],
  ])('a task that is replaced by %s has the list of their results, also in a header', async (_name, like) => {
    const value = await get(s('swaps', like()));
    expect((value as unknown[]).flat()).toEqual([1, 2]);
    expect(await get(chord([s('swaps', like()), id(9)], s('id')))).toEqual([value, 9]);
  });

  it('links of a replaced task follow what takes its place, and nothing after it', async () => {
    const swapped = () =>
      s('swaps', chain(id(1), s('add', 1)))
        .link(s('note', 'l'))
        .linkError(s('one', 'e'));
    expect(await get(chain(swapped(), s('add', 10)))).toBe(12);
    await until(() => calls.length > 0, 'the callback');
    expect(calls).toEqual([[2, 'l']]);
    await expect(get(chain(swapped(), s('fail')))).rejects.toThrow();
    await until(() => calls.length > 1, 'the callback');
    await get(id('whatever was sent before this one has run'));
    expect(calls).toEqual([
      [2, 'l'],
      [2, 'l'],
    ]);
  });

  it('a retry may change every call option', async () => {
    const seen: unknown[] = [];
    app.task({ name: 'again', params: ['x', 'y?'] }, function (x: number, y?: number) {
      const { retries, shadow, timelimit, headers, kwargs } = this.request;
      if (retries === 0)
        this.retry({
          countdown: 0,
          args: [x + 1],
          kwargs: { y: 5 },
          shadow: 'other',
          time_limit: 50,
          headers: { mine: 1 },
          priority: 3,
        });
      seen.push([x, y, shadow, timelimit[0], headers.mine, kwargs]);
      return x + (y ?? 0);
    });
    expect(await get(s('again', 1))).toBe(7);
    expect(seen).toEqual([[2, 5, 'other', 50, 1, { y: 5 }]]);
  });

  it('a task is not replaced by an empty chain', async () => {
    app.task('replaces', async function () {
      await this.replace(chain());
    });
    await expect(get(s('replaces'))).rejects.toThrow(new ImproperlyConfigured('Cannot replace with an empty chain'));
  });
});
