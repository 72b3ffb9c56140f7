// Chords whose counting went wrong are completed by whichever worker looks: the loss is made by hand, in each store.
// Deaths between counting and sending that a redelivery mends: chords.test.ts.
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { completeChordPart } from '../../server/app/chord-part.ts';
import { checkOpenChords, GRACE_MS } from '../../server/app/open-chords.ts';
import type { CountingBackend } from '../../server/backends/contract.ts';
import { chord, group } from '../../server/canvas/compose.ts';
import { silentLogger } from '../../server/log.ts';
import { buildResultMeta } from '../../server/protocol/result-meta.ts';
import type { TaskMessage } from '../../server/protocol/task-message.ts';
import type { GroupResult } from '../../server/results/group-result.ts';
import { CHECK_EVERY_MS, IDLE_CHECK_EVERY_MS, OpenChordsStep } from '../../server/worker/open-chords.ts';
import type { Worker } from '../../server/worker/worker.ts';
import { ManualTimer } from '../support/clock.ts';
import { hasRedis, type RedisServer, redisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { sqliteUrl } from '../support/world.ts';

let redis: RedisServer;
beforeAll(async () => {
  if (hasRedis) redis = await redisServer();
});
afterAll(() => redis?.close());

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A chord of three that was sent, and nobody took its header. */
async function sent(url: string) {
  const timer = new ManualTimer();
  const settings = { broker: `memory://${randomUUID()}`, backend: url };
  const app = new Celery('test', settings, { env: {}, log: silentLogger, timer });
  closing.push(() => app.close());
  const backend = (await app.backend()) as CountingBackend;
  const parts = group([0, 1, 2].map((i) => app.signature('part', [i])));
  const result = await chord(parts, app.signature('body')).applyAsync();
  const header = result.parent as GroupResult;
  const ids = header.results.map(({ id }) => id);
  const channel = await app.writeConnection.defaultChannel();
  await channel.purge('celery');
  const store = (i: number) =>
    backend.store(buildResultMeta({ task_id: ids[i]!, status: 'SUCCESS', result: i, nowMs: timer.now() }));
  const count = (i: number) =>
    backend.completeChordPart({ groupId: header.id, taskId: ids[i]!, index: i, state: 'SUCCESS', result: i });
  /** Ten seconds later, as the store knows time. */
  const due = async () => {
    timer.advance(10_000);
    if (backend.driver !== 'redis') return;
    const client = new Redis(url);
    await client.zadd('umbel-open-chords', Date.now() - 1, header.id);
    client.disconnect();
  };
  /** One check, to its end. */
  const check = async (meanwhile: () => Promise<unknown> = async () => {}) => {
    const waiting = timer.size;
    let completed: number | null = null;
    const done = checkOpenChords(app).then((check) => {
      completed = check.completed;
    });
    await until(() => completed !== null || timer.size > waiting, 'the first look');
    if (completed === null) await meanwhile();
    timer.advance(GRACE_MS);
    await done;
    return completed;
  };
  const bodies = async () => (await channel.queueStatus('celery'))?.messages ?? 0;
  return { app, timer, backend, header, ids, result, store, count, due, check, bodies, channel };
}

const stores: [name: string, url: () => string][] = [
  ['memory', () => `memory://${randomUUID()}`],
  ['sqlite', sqliteUrl],
  ...(hasRedis ? [['redis', () => redis.freshUrl()] as [string, () => string]] : []),
];

describe.each(stores)('an open chord in %s', (_, url) => {
  it('gets the part whose result is stored and that was never counted, and its body is sent', async () => {
    const { backend, header, store, count, due, check, bodies } = await sent(url());
    for (const i of [0, 1, 2]) await store(i);
    for (const i of [0, 2]) await count(i);
    expect(await check()).toBe(0);
    await due();
    expect(await check()).toBe(1);
    expect(await bodies()).toBe(1);
    expect(await backend.countedParts(header.id)).toBeNull();
    await due();
    expect(await check()).toBe(0);
    expect(await bodies()).toBe(1);
  });

  it('whose parts are all counted has its body sent, when who was to send it is gone', async () => {
    const { store, count, due, check, bodies, ids } = await sent(url());
    for (const i of [0, 1, 2]) await store(i);
    for (const i of [0, 1, 2]) await count(i);
    await due();
    expect(ids).toHaveLength(3);
    expect(await check()).toBe(1);
    expect(await bodies()).toBe(1);
  });

  it('is left alone while its parts run, and when they are counted after all', async () => {
    const { store, count, due, check, bodies } = await sent(url());
    await store(0);
    await count(0);
    await due();
    expect(await check()).toBe(0);
    await store(1);
    await due();
    expect(await check(() => count(1))).toBe(0);
    expect(await bodies()).toBe(0);
  });
});

it('a worker asks its store while chords are open; when none is, once a minute, until it counts a part again', async () => {
  const { app, timer, backend, header } = await sent(`memory://${randomUUID()}`);
  const { openChords } = backend;
  let asked = 0;
  backend.openChords = (limit) => {
    asked++;
    return openChords.call(backend, limit);
  };
  const step = new OpenChordsStep({} as Worker, {});
  step.start({ app, timer, log: silentLogger } as unknown as Worker);
  closing.push(async () => step.stop());
  const askedIn = async (ticks: number) => {
    const before = asked;
    for (let tick = 0; tick < ticks; tick++) {
      timer.advance(CHECK_EVERY_MS);
      // The store is in memory: its answer is there with the turn.
      await new Promise(setImmediate);
    }
    return asked - before;
  };
  expect(await askedIn(5), 'open').toBe(5);
  await backend.forgetChord(header.id);
  expect(await askedIn(1), 'not known yet').toBe(1);
  const perMinute = IDLE_CHECK_EVERY_MS / CHECK_EVERY_MS;
  expect(await askedIn(2 * perMinute), 'two idle minutes').toBe(2);
  const message = { id: 'a', group: 'g', group_index: 0, embed: { chord: { task: 'body' } } } as unknown as TaskMessage;
  await backend.startChord('g', 2, { parts: ['a', 'b'], body: { task: 'body' } });
  await completeChordPart(app, message, 'SUCCESS', 1);
  expect(await askedIn(3), 'open again').toBe(3);
});
