// A chord's body is sent, whatever becomes of the worker that saw the last part end, and of the line to the store.
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import type { CountingBackend } from '../../server/backends/contract.ts';
import { chord, group } from '../../server/canvas/compose.ts';
import { silentLogger } from '../../server/log.ts';
import type { GroupResult } from '../../server/results/group-result.ts';
import { Worker } from '../../server/worker/worker.ts';
import { hasRedis, type RedisServer, redisServer } from '../support/redis-server.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { sqliteUrl } from '../support/world.ts';
import { gate } from './worker-world.ts';

let redis: RedisServer;
beforeAll(async () => {
  if (hasRedis) redis = await redisServer();
});
afterAll(() => redis?.close());

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** What the tasks of a test did, in all its workers. */
class Diary {
  parts: number[] = [];
  bodies: unknown[] = [];
  door: Promise<void> = Promise.resolve();
}

/** An app with the tasks; those of one test share broker and store, and each has a worker of its own. */
function makeApp(broker: string, backend: string, diary: Diary): Celery {
  const app = new Celery('test', { broker, backend, task_acks_late: true }, { env: {}, log: silentLogger });
  app.task({ name: 'part' }, async (i: number) => {
    diary.parts.push(i);
    if (i === 2) await diary.door;
    return i;
  });
  app.task({ name: 'body' }, (results: unknown) => {
    diary.bodies.push(results);
    return results;
  });
  closing.push(() => app.close());
  return app;
}

async function startWorker(app: Celery): Promise<Worker> {
  const worker = new Worker(app, { log: silentLogger, withoutGossip: true, withoutMingle: true });
  closing.push(() => worker.stop('cold'));
  await worker.start();
  return worker;
}

const send = (app: Celery) =>
  chord(group([0, 1, 2].map((i) => app.signature('part', [i]))), app.signature('body')).applyAsync();

/** The worker of `app` gets no further than this, as if it were killed there. */
async function diesAfter(
  app: Celery,
  doing: 'completeChordPart' | 'forgetChord',
  when: (received: unknown) => boolean,
) {
  const backend = (await app.backend()) as { -readonly [K in keyof CountingBackend]: CountingBackend[K] };
  const real = backend[doing].bind(backend) as (given: never) => Promise<unknown>;
  let died = false;
  backend[doing] = async (given: never) => {
    const received = doing === 'forgetChord' ? null : await real(given);
    if (!when(received)) return received as never;
    died = true;
    return new Promise(() => {});
  };
  return () => died;
}

const stores: [name: string, url: () => string][] = [
  ['memory', () => `memory://${randomUUID()}`],
  ['sqlite', sqliteUrl],
  ...(hasRedis ? [['redis', () => redis.freshUrl()] as [string, () => string]] : []),
];

describe.each(stores)('with results in %s', (_, storeUrl) => {
  it('the body is sent by whom the part is delivered to again, when its worker died after counting it', async () => {
    const [broker, backend, diary] = [`memory://${randomUUID()}`, storeUrl(), new Diary()];
    const first = makeApp(broker, backend, diary);
    const died = await diesAfter(first, 'completeChordPart', (ready) => ready !== null);
    const dying = await startWorker(first);
    const second = makeApp(broker, backend, diary);
    const result = await send(second);
    await until(died, 'the last part to be counted');
    await dying.stop('cold');
    expect(diary.bodies).toEqual([]);

    await startWorker(second);
    expect(await result.get({ timeout: 90 })).toEqual([0, 1, 2]);
    expect(diary.bodies).toEqual([[0, 1, 2]]);
    expect(diary.parts).toHaveLength(4);
  });

  it('while one sends the body the others wait, and it is sent once', async () => {
    const [broker, backend, diary, door] = [`memory://${randomUUID()}`, storeUrl(), new Diary(), gate()];
    diary.door = door.opened;
    const first = makeApp(broker, backend, diary);
    const died = await diesAfter(first, 'completeChordPart', () => true);
    const dying = await startWorker(first);
    const second = makeApp(broker, backend, diary);
    const result = await send(second);
    await until(() => diary.parts.length === 3, 'all parts to run');
    door.open();
    await until(died, 'parts to be counted');
    await until(async () => {
      const received = await (await second.backend()).getMany(
        (result.parent as GroupResult).results.map(({ id }) => id),
      );
      return received.size === 3;
    }, 'all parts to have ended');
    await dying.stop('cold');

    // All three are delivered again, at once.
    await startWorker(second);
    expect(await result.get({ timeout: 90 })).toEqual([0, 1, 2]);
    const channel = await second.writeConnection.defaultChannel();
    await until(async () => {
      const { messages, unacked } = (await channel.queueStatus('celery'))!;
      return messages === 0 && unacked === 0;
    }, 'all parts to be settled');
    expect(diary.bodies).toHaveLength(1);
  });

  it('a body that has run is not sent again, when its worker died before the chord was forgotten', async () => {
    const [broker, backend, diary] = [`memory://${randomUUID()}`, storeUrl(), new Diary()];
    const first = makeApp(broker, backend, diary);
    const died = await diesAfter(first, 'forgetChord', () => true);
    const dying = await startWorker(first);
    const second = makeApp(broker, backend, diary);
    const result = await send(second);
    expect(await result.get({ timeout: 90 })).toEqual([0, 1, 2]);
    await until(died, 'the chord to be finished');
    await dying.stop('cold');

    const channel = await second.writeConnection.defaultChannel();
    await startWorker(second);
    await until(async () => {
      const { messages, unacked } = (await channel.queueStatus('celery'))!;
      return messages === 0 && unacked === 0 && diary.parts.length > 3;
    }, 'the last part to be run again and settled');
    expect(diary.bodies).toEqual([[0, 1, 2]]);
  });
});

it.runIf(hasRedis)('the body is sent when the answer that the chord is complete was lost on the line', async () => {
  const url = redis.freshUrl();
  const proxy = await tcpProxy(redis.port);
  const keys = new Redis(url);
  closing.push(
    async () => keys.disconnect(),
    () => proxy.close(),
  );
  const [broker, diary, door] = [`memory://${randomUUID()}`, new Diary(), gate()];
  diary.door = door.opened;
  const app = makeApp(broker, url.replace(String(redis.port), String(proxy.port)), diary);
  await startWorker(app);
  await send(app);
  const counted = async () => {
    const [key] = await keys.keys('*.j');
    return key ? keys.zcard(key) : 0;
  };
  await until(async () => (await counted()) === 2, 'two parts to be counted');
  // Answers crawl, so that the line can be cut between the counting and the answer.
  proxy.line.perSecond = 1;
  door.open();
  await until(async () => (await counted()) === 3, 'the last part to be counted', { everyMs: 1 });
  delete proxy.line.perSecond;
  proxy.cut();
  await until(() => diary.bodies.length > 0, 'the body to run');
  expect(diary.bodies).toEqual([[0, 1, 2]]);
});
