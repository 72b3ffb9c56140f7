// The dashboard of a cluster on RabbitMQ: what it knows of queues by AMQP alone, and what the management API adds.
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import type { DashboardOptions } from '../../server/dashboard/options.ts';
import { silentLogger } from '../../server/log.ts';
import { exchange, queue } from '../../server/transport/entity.ts';
import type { BrokerReply } from '../../shared/wire/broker.ts';
import type { ClusterInfo } from '../../shared/wire/cluster.ts';
import type { OperationsPage } from '../../shared/wire/operations.ts';
import type { QueueDetail, QueuesReply } from '../../shared/wire/queues.ts';
import { get, makeDashboard, operate, stored } from '../support/dashboard-shop.ts';
import { startListening } from '../support/python-dashboard.ts';
import { describeNeedsRabbit, type Rabbit, sharedRabbit } from '../support/rabbitmq-server.ts';
import { until } from '../support/until.ts';
import { startWorker } from '../support/world.ts';

describeNeedsRabbit('a dashboard on RabbitMQ', () => {
  let rabbit: Rabbit;
  beforeAll(async () => {
    rabbit = await sharedRabbit();
  });

  /** A worker of the queue 'celery', three messages in a queue that nobody consumes, and a dashboard. */
  async function world(options: DashboardOptions = {}) {
    const broker = await rabbit.freshUrl();
    const app = new Celery(
      'shop',
      { broker, backend: 'rpc://', task_send_sent_event: true },
      { env: {}, log: silentLogger },
    );
    onTestFinished(() => app.close());
    const add = app.task({ name: 'shop.add' }, (a: number, b: number) => a + b);
    const channel = await app.writeConnection.channel();
    await channel.declareQueue(queue('stranded'));
    for (let n = 0; n < 3; n++) await add.applyAsync([n, 1], {}, { queue: 'stranded', ignore_result: true });
    const dashboard = makeDashboard({ broker, result_backend: 'rpc://', ...options });
    await startListening(dashboard);
    await startWorker(app, { hostname: 'w1@shop', taskEvents: true });
    const rows = async () => (await get<QueuesReply>(dashboard, 'queues')).items;
    const row = (name: string) =>
      until(async () => (await rows()).find((one) => one.name === name), `the queue ${name}`);
    return { app, add, channel, dashboard, rows, row };
  }

  it('knows depth and consumers of what workers consume by AMQP alone, and says what it does not know', async () => {
    const { add, channel, dashboard, row, rows } = await world();
    const result = await add.delay(2, 3);
    expect(await result.get({ timeout: 90 })).toBe(5);
    await stored(dashboard, result.id, 'SUCCESS');
    await expect.poll(async () => (await row('celery')).workers).toEqual(['w1@shop']);
    const celery = await until(async () => {
      const found = await row('celery');
      return found.consumers === 1 && found;
    }, 'its consumer');
    expect(celery).toMatchObject({ messages: 0, unacked: null });
    expect(celery).not.toHaveProperty('managed');
    expect((await rows()).map(({ name }) => name)).toEqual(['celery']);
    // Nobody consumes it and the broker lists none: an event names it.
    await add.applyAsync([1, 1], {}, { queue: 'stranded', ignore_result: true });
    await expect.poll(async () => (await row('stranded')).messages).toBe(4);
    await channel.deleteQueue('stranded');
    await expect.poll(async () => (await rows()).map(({ name }) => name)).toEqual(['celery']);
    expect(await get<QueueDetail>(dashboard, 'queues/celery')).toMatchObject({ peek: null });
    const { sources } = await get<ClusterInfo>(dashboard, 'cluster');
    expect(sources.map(({ name }) => name)).not.toContain('broker_api');
    // What AMQP does not tell of the broker is unknown, and finds nothing.
    expect(await get<BrokerReply>(dashboard, 'broker')).toMatchObject({
      ...{ failure: null, product: null, memory: { used: null, most: null }, facts: {}, findings: [] },
    });

    // A queue is used as it is; one that is not there is made.
    const made = [
      queue('quorum', { arguments: { 'x-queue-type': 'quorum' } }),
      queue('urgent', { maxPriority: 5, exchange: exchange('urgent', 'topic') }),
      queue('brief', { messageTtlMs: 3_600_000, arguments: { 'x-dead-letter-exchange': 'dead' } }),
    ];
    for (const one of made) await channel.declareQueue(one);
    for (const name of ['quorum', 'urgent', 'brief', 'fresh']) {
      const again = { action: 'retry', task_ids: [result.id], queue: name };
      expect(await operate(dashboard, again)).toMatchObject({ outcome: 'ok' });
      const call = { action: 'send_task', task_name: 'shop.add', args: [1, 1], kwargs: {}, options: { queue: name } };
      expect(await operate(dashboard, call)).toMatchObject({ outcome: 'ok' });
      await expect.poll(async () => (await channel.queueStatus(name))?.messages).toBe(2);
    }
  });

  it('knows by the management API of queues that nobody consumes, their rates and memory, and empties one', async () => {
    const { add, dashboard, row, rows } = await world({
      broker_api: `http://127.0.0.1:${await rabbit.managementPort()}`,
    });
    await row('stranded');
    const { managed, messages, workers } = await until(async () => {
      const found = await row('stranded');
      return found.managed && found.managed.memory !== null && found.messages === 3 && found;
    }, 'its figures');
    expect({ managed, messages, workers }).toMatchObject({
      messages: 3,
      workers: [],
      managed: { memory: expect.any(Number) },
    });
    await expect.poll(async () => (await rows()).map(({ name }) => name).sort()).toEqual(['celery', 'stranded']);
    const moves = async () => {
      await add.delay(1, 1);
      const { in_per_min, out_per_min } = (await row('celery')).managed ?? {};
      return (in_per_min ?? 0) > 0 && (out_per_min ?? 0) > 0;
    };
    await until(moves, 'its rates', { everyMs: 200 });
    const source = async () =>
      (await get<ClusterInfo>(dashboard, 'cluster')).sources.find(({ name }) => name === 'broker_api');
    await expect.poll(source).toMatchObject({ ok: true, label: expect.stringMatching(/^http:/) });
    // A node tells its memory and disk some seconds after its start.
    const about = async () => get<BrokerReply>(dashboard, 'broker');
    await expect.poll(about).toMatchObject({
      ...{ product: 'RabbitMQ', version: expect.stringMatching(/^\d+\.\d+/), memory: { used: expect.any(Number) } },
      traffic: { of: 'messages', per_second: expect.any(Number) },
      named_clients: { groups: expect.arrayContaining([expect.objectContaining({ count: expect.any(Number) })]) },
      facts: { mem_alarm: 'off', disk_free_alarm: 'off', disk_free: expect.any(Number) },
    });

    await operate(dashboard, { action: 'purge', queue: 'stranded', confirm: 'stranded' });
    await expect.poll(async () => (await row('stranded')).messages).toBe(0);
  });

  it('shows what waits only to who has said that it may be taken for that, and records who looked', async () => {
    const { channel, dashboard, row } = await world({
      broker_api: `http://127.0.0.1:${await rabbit.managementPort()}`,
    });
    await row('stranded');
    expect(await get<QueueDetail>(dashboard, 'queues/stranded')).toMatchObject({ peek: null, peeks_by_taking: true });
    for (const said of [{}, { accept_redelivery: false }])
      await expect(operate(dashboard, { action: 'peek', queue: 'stranded', ...said })).rejects.toThrow(
        /^400 .*To look into stranded is to take its first messages.*marked as redelivered.*accept_redelivery/,
      );
    const look = { action: 'peek', queue: 'stranded', accept_redelivery: true };
    const first = await operate(dashboard, look);
    expect(first.messages).toMatchObject(
      [0, 1, 2].map((n) => ({ position: n + 1, name: 'shop.add', args: `(${n}, 1)`, redelivered: false })),
    );
    const depth = async () => (await channel.queueStatus('stranded'))?.messages;
    await expect.poll(depth).toBe(3);
    const again = await operate(dashboard, look);
    expect(again.messages?.map(({ args, redelivered }) => [args, redelivered])).toEqual(
      [0, 1, 2].map((n) => [`(${n}, 1)`, true]),
    );
    await expect.poll(depth).toBe(3);
    const { items } = await get<OperationsPage>(dashboard, 'operations?action=peek');
    expect(items).toMatchObject(
      [again, first].map(({ id }) => ({
        id,
        subject: 'stranded',
        outcome: 'ok',
        summary: expect.stringMatching(/^3 messages/),
      })),
    );
    // What was seen is not kept.
    expect(JSON.stringify(items)).not.toContain('(0, 1)');
    expect(await operate(dashboard, { ...look, queue: 'nowhere' })).toMatchObject({
      outcome: 'failed',
      summary: expect.stringMatching(/no queue 'nowhere'/),
    });
  });

  it('goes on without it when it refuses, and says so', async () => {
    const wrong = `http://guest:wr0ng@127.0.0.1:${await rabbit.managementPort()}/api/`;
    const { dashboard, row } = await world({ broker_api: wrong });
    await expect.poll(async () => (await row('celery')).managed).toBeNull();
    const sources = async () => (await get<ClusterInfo>(dashboard, 'cluster')).sources;
    const source = async (name: string) => (await sources()).find((one) => one.name === name);
    await expect
      .poll(() => source('broker_api'))
      .toMatchObject({
        ok: false,
        state: 'down',
        label: expect.stringContaining('guest:**@'),
        detail: expect.stringMatching(/refuses the user or the password/),
      });
    await expect.poll(() => source('broker')).toMatchObject({ ok: true });
    expect(JSON.stringify(await sources())).not.toContain('wr0ng');
  });
});
