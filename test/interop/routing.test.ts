// Where a task goes and which comes first: routes, exchanges, topics, default queues and priorities, both ways.
// Each worker runs one task at a time and holds no more than the next, so that the order of marks is the order of delivery.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApplyOptions } from '../../server/canvas/call-options.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { type Both, startBoth, WAYS } from './ways.ts';

const both = (make: (runs: 'ts' | 'py') => object) => ({ ...make('ts'), ...make('py') });

describeNeedsPythonOnRedis('routing and priorities, both ways', () => {
  let world: Both;
  beforeAll(async () => {
    world = await startBoth(
      {
        result_extended: true,
        worker_prefetch_multiplier: 1,
        broker_transport_options: { priority_steps: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], queue_order_strategy: 'sorted' },
        task_default_queue: 'ts-default',
        task_queues: both((runs) => ({
          [`${runs}-paid`]: { exchange: `${runs}-shop`, exchange_type: 'direct', routing_key: 'paid' },
          [`${runs}-fan`]: { exchange: 'everybody', exchange_type: 'fanout', routing_key: '' },
          [`${runs}-all`]: { exchange: 'news', exchange_type: 'topic', routing_key: `${runs}.#` },
          [`${runs}-new`]: { exchange: 'news', exchange_type: 'topic', routing_key: `${runs}.*.new` },
        })),
        task_routes: both((runs) => ({
          [`${runs}.add`]: { queue: `${runs}-exact`, priority: 3 },
          [`${runs}.e*`]: `${runs}-glob`,
        })),
      },
      {
        python: ['-P', 'solo'],
        ours: { concurrency: 1 },
        queues: ['exact', 'glob', 'default', 'paid', 'fan', 'all', 'new', 'a', 'b', 'žluť 😀'],
      },
    );
  });
  beforeAll(() => {
    world.app.task('mix.count', (number: number) => world.cluster.keys.rpush('counted', `${number} ts@interop`));
  });
  afterAll(() => world?.cluster[Symbol.asyncDispose]());

  describe.each(WAYS)('%s', (_, runs) => {
    const send = (name: string, args: unknown[], options: ApplyOptions = {}) =>
      world.ways[runs].send(name, args, options);
    const queueOf = async (id: string) => {
      await world.ways[runs].ended(id);
      return (await world.ways[runs].extended(id)).queue;
    };
    const unrouted: ApplyOptions = { queue: undefined as never };

    it('a route names the queue, by the exact name or a pattern, and a call may say otherwise', async () => {
      expect(await queueOf(await send('add', [1, 2], unrouted))).toBe(`${runs}-exact`);
      expect(await queueOf(await send('echo', [], unrouted))).toBe(`${runs}-glob`);
      expect(await queueOf(await send('add', [1, 2], { queue: `${runs}-glob` }))).toBe(`${runs}-glob`);
    });

    it('a task that is routed nowhere goes to the default queue', async () => {
      const id =
        runs === 'ts'
          ? await send('request', [], unrouted)
          : (await world.cluster.app({ task_default_queue: 'py-default' }).sendTask('py.request')).id;
      expect(await queueOf(id)).toBe(`${runs}-default`);
    });

    it('an exchange and a routing key lead to the queue bound so', async () => {
      const id = await send('request', [], { exchange: `${runs}-shop`, routing_key: 'paid' });
      expect(await world.ways[runs].get(id)).toMatchObject({ exchange: `${runs}-shop`, routing_key: 'paid' });
    });

    it('a task sent to a fanout exchange is run by every worker that listens, of either language', async () => {
      const number = runs === 'ts' ? 1 : 2;
      const options = { queue: `${runs}-fan` };
      if (runs === 'py') await world.app.sendTask('mix.count', [number], {}, options);
      else await world.cluster.py(`count.apply_async((${number},), queue='ts-fan')`);
      const counted = async () =>
        (await world.cluster.keys.lrange('counted', 0, -1)).filter((row) => row.startsWith(`${number} `));
      await until(async () => (await counted()).length >= 2, 'both to run it');
      expect((await counted()).sort()).toEqual([`${number} py@interop`, `${number} ts@interop`]);
    });

    it('a topic leads to every queue whose pattern it fits', async () => {
      const topic = (key: string) => ({ queue: `${runs}-all`, routing_key: `${runs}.${key}` });
      await world.ways[runs].ended(await send('mark', [`topic-${runs}-old`], topic('eu.old')));
      await send('mark', [`topic-${runs}-new`], topic('eu.new'));
      const marks = () => world.order(`topic-${runs}`);
      await until(async () => (await marks()).length === 3, 'one, and then two');
      expect(await marks()).toEqual([`topic-${runs}-old`, `topic-${runs}-new`, `topic-${runs}-new`]);
    });

    it('a task that is tried again goes where it came from, as urgent as before', async () => {
      const places: ApplyOptions[] = [
        { queue: `${runs}-b`, priority: 7 },
        { exchange: `${runs}-shop`, routing_key: 'paid', priority: 2 },
        { queue: `${runs}-all`, routing_key: `${runs}.eu.old`, priority: 4 },
      ];
      // Celery's own worker loses on Redis what it sends to a topic exchange again: it takes it for a direct one.
      for (const options of runs === 'py' ? places.slice(0, 2) : places) {
        const id = await send('retry', [1], options);
        expect(await world.ways[runs].get(id), JSON.stringify(options)).toBe(1);
        const { queue, retries } = await world.ways[runs].extended(id);
        expect([queue, retries]).toEqual([options.routing_key ?? options.queue, 1]);
      }
    });

    it('queues, ids, shadows and headers may be of any script', async () => {
      const task_id = `číslo 1 / 😀 ${runs}`;
      const options = { queue: `${runs}-žluť 😀`, task_id, shadow: 'stín 日本', headers: { my_header: 'ž😀' } };
      const id = await send('request', [], options);
      expect(await world.ways[runs].get(id)).toMatchObject({
        id: task_id,
        routing_key: options.queue,
        shadow: 'stín 日本',
        my_header: 'ž😀',
      });
    });

    it('of what waits in a queue the smallest priority comes first, and within one who came first', async () => {
      const name = `${runs}-prio`;
      const sent = [9, 0, 5, 1, 8, 2, 7, 3, 6, 4, 0, 9, 5];
      for (const [i, priority] of sent.entries()) {
        await send('mark', [`${name}-${priority}-${String(i).padStart(2, '0')}`], { queue: name, priority });
      }
      await world.app.control.addConsumer(name, { destination: [`${runs}@interop`], reply: true, limit: 1 });
      await until(async () => (await world.order(name)).length === sent.length, 'all to run');
      const order = await world.order(name);
      expect(order).toEqual([...order].sort());
      expect(order.map((label) => Number(label.split('-')[2]))).toEqual([...sent].sort());
    });

    it('queues are served in the order asked for (queue_order_strategy sorted)', async () => {
      const name = `order-${runs}`;
      const held = await send('progress', []);
      await until(
        () => world.cluster.records(held).some(({ status }) => status === 'PROGRESS'),
        'the one before to run',
      );
      for (const which of ['b', 'a']) {
        for (let i = 0; i < 5; i++) await send('mark', [`${name}-${which}${i}`], { queue: `${runs}-${which}` });
      }
      await world.cluster.keys.rpush('go', '1');
      await until(async () => (await world.order(name)).length === 10, 'all to run');
      const order = (await world.order(name)).map((label) => label.split('-')[2]);
      // What was sent first may have been taken while nothing else was there.
      expect(order.filter((which) => !['b0', 'b1'].includes(which!))).toEqual([
        'a0',
        'a1',
        'a2',
        'a3',
        'a4',
        'b2',
        'b3',
        'b4',
      ]);
    });
  });
});
