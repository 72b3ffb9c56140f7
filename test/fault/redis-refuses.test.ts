// A Redis that is there and refuses, at the start of a worker or later: it says why and what to do, does not spin, and goes on when it may.
// What the transport makes of each refusal: ../server/transport/redis-faults.test.ts. Redis away: redis-restarts.test.ts.
import { afterEach, expect, it } from 'vitest';
import { BackendError, OperationalError } from '../../server/errors.ts';
import { buildResultMeta } from '../../server/protocol/result-meta.ts';
import { describeNeedsRedis } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { linesOf, PATIENT, World } from './world.ts';

const ROW = buildResultMeta({ task_id: 'x', status: 'SUCCESS', result: 1, traceback: null, children: null, nowMs: 0 });

interface Refusal {
  readonly why: string;
  /** What the worker's log and the errors say. */
  readonly says: RegExp;
  /** Commands for the server. */
  readonly begin: () => Promise<unknown> | unknown;
  readonly end: () => Promise<unknown> | unknown;
}

describeNeedsRedis('a Redis that refuses', () => {
  let world: World;
  afterEach(() => world[Symbol.asyncDispose]());

  const config = (name: string, value: string) => world.keys.config('SET', name, value);
  /** All connections but ours are cut: they have to ask anew. */
  const cut = () => world.keys.call('CLIENT', 'KILL', 'SKIPME', 'yes');

  const refusals: Refusal[] = [
    {
      why: 'wants another password',
      says: /refused the user name or password/,
      begin: async () => {
        await config('requirepass', 'new');
        await cut();
      },
      end: () => config('requirepass', ''),
    },
    {
      why: 'has no place for another connection',
      says: /no place for another connection \(maxclients\)/,
      begin: async () => {
        await config('maxclients', '1');
        await cut();
      },
      end: () => config('maxclients', '1000'),
    },
    {
      why: 'became a replica that can only be read',
      says: /can only be read/,
      begin: () => world.keys.call('REPLICAOF', '127.0.0.1', '1'),
      end: () => world.keys.call('REPLICAOF', 'NO', 'ONE'),
    },
  ];

  for (const { why, says, begin, end } of refusals) {
    it(`later in the life of a worker, for it ${why}: each error says so, it tries now and then, and goes on when it may`, async () => {
      world = await World.open({ settings: { task_acks_late: true } });
      const worker = await world.umbel('w@fault', ['-c', '2', '--prefetch-multiplier', '2']);
      await world.allSucceeded(await world.send(10, 0));
      // Two that run, two fetched, four in the queue. Their results are nobody's, so that nothing is lost by the refusal.
      const numbers = [10, 11, 12, 13, 14, 15, 16, 17];
      for (const n of numbers) await world.app.sendTask('fault.work', [n, 0, world.gate], {}, { ignore_result: true });
      await until(() => world.runs().length === 12, 'two to run', PATIENT);
      await until(async () => (await world.keys.hlen('unacked')) === 4, 'two to be fetched', PATIENT);

      await begin();
      world.openGate();
      const refused = async () => {
        const stats = await world.keys.info('stats');
        const count = (name: string) => Number(new RegExp(`${name}:(\\d+)`).exec(stats)![1]);
        return count('total_error_replies') + count('rejected_connections');
      };
      const [before, since] = [await refused(), Date.now()];
      await until(() => linesOf(worker, says).length > 0, 'the worker to say it', PATIENT);
      await expect(world.app.sendTask('fault.work', [1, 0])).rejects.toThrow(OperationalError);
      await expect(world.app.sendTask('fault.work', [1, 0])).rejects.toThrow(says);
      const storing = world.app.backend().then((backend) => backend.store(ROW));
      await expect(storing).rejects.toThrow(BackendError);
      await expect(storing).rejects.toThrow(says);
      // It tries again, a few times a second for all of its connections; without a pause it would be thousands.
      const tries = await until(
        async () => (await refused()) - before > 8 && (await refused()) - before,
        'more tries',
        {
          ...PATIENT,
          everyMs: 100,
        },
      );
      const seconds = (Date.now() - since) / 1000;
      expect(tries).toBeLessThan(60 + 60 * seconds);
      expect(linesOf(worker, /ERROR|CRITICAL|WARN/).length).toBeLessThanOrEqual(4 + 2 * seconds);

      await end();
      const ids = await until(() => world.send(10, 0), 'tasks to be taken', PATIENT);
      await world.allSucceeded(ids);
      await world.allSettled();
      const runs = world.runs().filter((run) => numbers.includes(run.number));
      expect(runs.map((run) => [run.number, run.ended])).toEqual(numbers.map((number) => [number, true]));
    });
  }

  it('at the start of a worker, for it wants another password: it says so, and is ready when it may be', async () => {
    world = await World.open();
    await config('requirepass', 'new');
    const worker = await world.umbel('w@fault', [], /refused the user name or password/);
    await config('requirepass', '');
    await until(() => / ready\./.test(worker.output()), 'the worker to be ready', PATIENT);
    await world.allSucceeded(await world.send(10, 0));
    expect(linesOf(worker, /ERROR|CRITICAL/).length).toBeLessThanOrEqual(4);
  });

  it('for it is at maxmemory: a worker starts, works off what waits, and says what is refused; then all goes on', async () => {
    world = await World.open({
      settings: { task_acks_late: true, result_backend_transport_options: { retry_policy: { timeout: 0.1 } } },
    });
    const send = (n: number, ignore_result: boolean) => world.app.sendTask('fault.work', [n, 0], {}, { ignore_result });
    for (let n = 0; n < 30; n++) await send(n, n > 0);
    await config('maxmemory', '1');
    const worker = await world.umbel('w@fault', ['-c', '4']);
    await until(() => world.runs().filter((run) => run.ended).length === 30, 'all of them to run', PATIENT);
    await until(async () => (await world.keys.exists('celery', 'unacked')) === 0, 'the server to be empty', PATIENT);
    expect(
      world
        .runs()
        .map(({ number }) => number)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 30 }, (_, n) => n));
    expect(linesOf(worker, /out of memory \(maxmemory\): it takes nothing new/).length).toBeGreaterThan(0);
    await expect(send(30, true)).rejects.toThrow(/out of memory \(maxmemory\)/);
    await config('maxmemory', '0');
    await world.allSucceeded(await world.send(5, 0));
  });
});
