// Redis ended and started again, under load and in the middle of tasks: what was accepted is done, what was done is told.
// Workers that die: worker-killed.test.ts. A bad line to a Redis that is there: connection.test.ts. One that refuses: redis-refuses.test.ts.
import { createServer } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { Celery } from '../../server/app/celery.ts';
import { OperationalError } from '../../server/errors.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { describeNeedsRedis } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { linesOf, PATIENT, World, type WorldOptions } from './world.ts';

/** What it answered it keeps, however it ends. */
const DURABLE = { durable: true, args: ['--appendfsync', 'always'] };
/** Goes on for as long as it takes. */
const STEADY = { task_publish_retry_policy: { max_retries: null, interval_max: 0.2 } };

/** UMBEL_LONG=1 for as many as the guides promise. */
const LOAD = process.env['UMBEL_LONG'] ? 10_000 : 3000;

interface Sent {
  /** Number and id of each task the broker took. */
  readonly accepted: [number: number, id: string][];
  refused: number;
}

/** Sends `count` tasks from number `first` on, twenty at a time. */
async function produce(app: Celery, first: number, count: number): Promise<Sent> {
  const sent: Sent = { accepted: [], refused: 0 };
  const send = async (number: number) => {
    try {
      sent.accepted.push([number, (await app.sendTask('fault.work', [number, 0.005])).id]);
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      sent.refused++;
    }
  };
  for (let at = first; at < first + count; at += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, i) => send(at + i)));
  }
  return sent;
}

let world: World;
afterEach(() => world[Symbol.asyncDispose]());

async function open(options: WorldOptions): Promise<void> {
  world = await World.open({ redis: DURABLE, ...options });
}

const ended = (count: number) =>
  until(() => world.runs().filter((run) => run.ended).length >= count, `${count} tasks to be done`, PATIENT);

/** Every accepted task has its own number as result, and no message is left. */
async function allDone(all: readonly Sent[]): Promise<void> {
  await until(async () => (await lacking(all)).length === 0, 'every result', { ...PATIENT, everyMs: 200 });
  await world.allSettled();
}

/** The accepted tasks without their result. */
async function lacking(all: readonly Sent[]): Promise<Sent['accepted']> {
  const accepted = all.flatMap((one) => one.accepted);
  const results = await world.results(accepted.map(([, id]) => id));
  return accepted.filter(([number, id]) => results.get(id)?.result !== number);
}

describeNeedsRedis('Redis ended and started again', () => {
  it(`three times under load of ${2 * LOAD} tasks: what was accepted is done, by two workers, and nothing is left`, async () => {
    await open({ settings: { task_acks_late: true } });
    const workers = [await world.umbel('a@fault', ['-c', '20']), await world.umbel('b@fault', ['-c', '20'])];
    // One gives up a call as soon as Celery would, the other never.
    const sending = [produce(world.client(), 0, LOAD), produce(world.client(STEADY), LOAD, LOAD)];
    await ended(0.3 * LOAD);
    const since = Date.now();
    await world.redis.stop();
    await world.redis.start();
    await ended(0.7 * LOAD);
    await world.redis.kill();
    await world.redis.start();
    await ended(1.1 * LOAD);
    await world.redis.stop();
    await world.redis.start();
    const sent = await Promise.all(sending);
    await allDone(sent);
    const seconds = (Date.now() - since) / 1000;

    expect(sent[1]!.refused).toBe(0);
    // Twice runs what was sent twice at most: a call that was cut off does not know whether it arrived, and is repeated.
    const runs = world.runs();
    expect(runs.length - new Set(runs.map((run) => run.number)).size).toBeLessThanOrEqual(3 * 2 * 20);
    for (const worker of workers) {
      // Two lines for each try to connect; a stop may cost two tries, and one more for each second it lasts.
      expect(linesOf(worker, /ERROR|CRITICAL/).length).toBeLessThanOrEqual(3 * 2 * 2 + 2 * seconds);
      expect(
        linesOf(worker, /ERROR|CRITICAL/).filter((line) => !/Cannot connect to|Trying again in/.test(line)),
      ).toEqual([]);
      // Who is still waiting for its next try when Redis ends again has lost nothing a second time.
      expect(linesOf(worker, /Connection to broker lost/).length).toBeGreaterThanOrEqual(1);
    }
  });

  it('the tasks that ran meanwhile go on: their results are stored and their messages settled when it is back', async () => {
    // Away for longer than the visibility timeout, and somebody else is there who could take them.
    await open({ settings: { task_acks_late: true, broker_transport_options: { visibility_timeout: 3 } } });
    const worker = await world.umbel('w@fault', ['-c', '4']);
    const ids = await world.send(16, 0, world.gate);
    await until(() => world.runs().length === 4, 'four to run', PATIENT);
    await until(async () => (await world.keys.hlen('unacked')) === 16, 'twelve more to be fetched', PATIENT);
    await world.umbel('other@fault', ['-c', '4']);

    await world.redis.stop();
    // Somebody on its port who hangs up, and counts.
    let calls = 0;
    const impostor = createServer((socket) => {
      calls++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => impostor.listen(world.redis.port, '127.0.0.1', resolve));
    const since = Date.now();
    world.openGate();
    // For longer than the visibility timeout.
    await until(() => calls > 8 && Date.now() - since > 3500, 'it to be called', PATIENT);
    await until(() => world.runs().filter((run) => run.ended).length === 4, 'the four to end', PATIENT);
    const seconds = (Date.now() - since) / 1000;
    expect(linesOf(worker, /Cannot connect to/).length).toBeLessThanOrEqual(2 + seconds);
    expect(linesOf(worker, /ERROR|CRITICAL/).length).toBeLessThanOrEqual(2 + 2 * seconds);
    // Of each worker: its broker and its results, at most once a second each. The others are of the test.
    expect(calls).toBeLessThan(20 * seconds);
    await new Promise((resolve) => impostor.close(resolve));

    await world.redis.start();
    await world.allSucceeded(ids);
    await world.allSettled();
    expect(world.runs()).toHaveLength(16);
    expect(world.runs().filter((run) => run.redelivered)).toHaveLength(12);
  });

  it('with worker_cancel_long_running_tasks_on_connection_loss the late ones that ran are cancelled, and delivered again', async () => {
    await open({
      settings: { task_acks_late: true, worker_cancel_long_running_tasks_on_connection_loss: true },
    });
    const worker = await world.umbel('w@fault', ['-c', '2']);
    const ids = await world.send(2, 0, world.gate);
    await until(() => world.runs().length === 2, 'both to run', PATIENT);
    await world.redis.stop();
    await until(() => linesOf(worker, /Cancelling fault.work\[/).length === 2, 'both to be cancelled', PATIENT);
    await world.redis.start();
    await until(() => world.runs().length === 4, 'both to run again', PATIENT);
    world.openGate();
    await world.allSucceeded(ids);
    await world.allSettled();
    expect(world.runs().map((run) => run.redelivered)).toEqual([false, false, true, true]);
  });
});

describeNeedsPythonOnRedis('Redis ended and started again, with a Python worker', () => {
  it('twice under load: what was accepted is done by one worker of each language', async () => {
    await open({ settings: { task_acks_late: true, broker_transport_options: { visibility_timeout: 3 } } });
    const ours = await world.umbel('ours@fault', ['-c', '4']);
    await world.python('theirs@fault', ['-P', 'solo']);
    const sending = produce(world.client(STEADY), 0, 1500);
    await ended(300);
    await world.redis.stop();
    await world.redis.start();
    await ended(800);
    await world.redis.kill();
    await world.redis.start();
    const sent = await sending;
    expect(sent.accepted).toHaveLength(1500);
    // Celery 5.2 gives up a result whose connection breaks, and kombu a message that breaks off between taking and recording it.
    const lost = 2 * 2;
    await until(async () => (await lacking([sent])).length <= lost, 'the results', { ...PATIENT, everyMs: 200 });
    await world.allSettled();
    const runs = world.runs();
    expect(new Set(runs.map((run) => run.pid)).size).toBe(2);
    const byOurs = new Set(runs.filter((run) => run.pid === ours.child.pid && run.ended).map((run) => run.number));
    expect((await lacking([sent])).filter(([number]) => byOurs.has(number))).toEqual([]);
  });
});
