// A cluster of three RabbitMQ nodes, of which the one that leads a quorum queue is killed under load, comes back, and hands the lead on:
// who was connected to it goes on at another, who publishes knows which messages are in doubt, and nothing confirmed is lost.
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { createLogger } from '../../server/log.ts';
import { queue } from '../../server/transport/entity.ts';
import { createTransport } from '../../server/transport/registry.ts';
import { Worker } from '../../server/worker/worker.ts';
import { message, text } from '../contract/transport/broker.ts';
import { type RabbitCluster, rabbitCluster } from '../support/rabbitmq-cluster.ts';
import { describeNeedsRabbit } from '../support/rabbitmq-server.ts';
import { until } from '../support/until.ts';

const QUORUM = { arguments: { 'x-queue-type': 'quorum' } };
const AT_ONCE = { enabled: true, maxRetries: null, intervalStartMs: 50, intervalStepMs: 50, intervalMaxMs: 300 };
const PATIENT = { max_retries: null, interval_start: 0.05, interval_step: 0.05, interval_max: 0.3 };

describeNeedsRabbit('a cluster of RabbitMQ', () => {
  let cluster: RabbitCluster;
  beforeAll(async () => {
    cluster = await rabbitCluster(3);
  });
  afterAll(async () => {
    await cluster?.close();
  });

  async function connect(url: string) {
    const transport = await createTransport({ url, options: {}, connectTimeoutMs: 60_000 });
    onTestFinished(() => transport.close());
    await transport.connect();
    return transport.channel();
  }

  it('whose leader is killed: tasks go on at another node, none that was confirmed is lost, and what is in doubt is said', async () => {
    const [first, second, third] = cluster.nodes;
    const lines: string[] = [];
    const log = createLogger({ color: false, write: (line) => lines.push(line) });
    const runs = new Map<number, number>();
    const make = (urls: string[]) => {
      const app = new Celery(
        'failover',
        {
          broker_url: urls,
          task_default_queue_type: 'quorum',
          task_acks_late: true,
          task_ignore_result: true,
          task_publish_retry_policy: PATIENT,
        },
        { env: {}, log, connection: { retry: AT_ONCE } },
      );
      onTestFinished(() => app.close());
      app.task({ name: 'count' }, (n: number) => {
        runs.set(n, (runs.get(n) ?? 0) + 1);
      });
      return app;
    };
    const urls = cluster.nodes.map((node) => node.url());
    const worker = new Worker(make(urls), { log, hostname: 'w1@failover', concurrency: 10 });
    onTestFinished(async () => {
      await worker.stop('cold');
      await worker.done;
    });
    await worker.start();
    const client = make([urls[1]!, urls[2]!]);
    let sent = 0;
    const send = async (count: number) => {
      for (let n = 0; n < count; n += 10)
        await Promise.all(Array.from({ length: 10 }, () => client.sendTask('count', [sent++])));
    };
    await send(100);
    await until(() => runs.size === 100, 'the first tasks');
    expect((await cluster.leaderOf('celery'))?.name).toBe(first!.name);

    // Somebody publishes at the node that dies, and learns of each message what became of it.
    const beside = await connect(urls[0]!);
    await beside.declareQueue(queue('beside', { exchange: null, ...QUORUM }));
    const confirmed: string[] = [];
    const doubtful: { body: string; error: Error }[] = [];
    let publishing = true;
    const publisher = (async () => {
      for (let n = 0; publishing; n += 20)
        await Promise.all(
          Array.from({ length: 20 }, (_, i) => {
            const body = `m${n + i}`;
            return beside.publish(message({ key: 'beside' }, body)).then(
              () => confirmed.push(body),
              (error: Error) => {
                doubtful.push({ body, error });
                publishing = false;
              },
            );
          }),
        );
    })();
    const before = worker.consumer.restarts;
    const sending = send(400);
    await until(() => runs.size >= 150 && confirmed.length >= 100, 'some more');
    await first!.kill();
    await publisher;
    await sending;
    await until(() => runs.size === sent, 'every task');
    expect(worker.consumer.restarts).toBeGreaterThan(before);
    expect(worker.consumer.mode).toBe('running');
    const led = await until(() => cluster.leaderOf('celery'), 'another to lead');
    expect([second!.name, third!.name]).toContain(led.name);
    // Again for those that were not acknowledged when the node died.
    expect([...runs.values()].reduce((sum, times) => sum + times, 0)).toBeLessThan(sent + 100);

    // Of each message it is known whether it was confirmed, or that it may have arrived.
    for (const { error } of doubtful) expect(error.name).toBe('OperationalError');
    const arrived = new Set<string>();
    const reader = await connect(urls[1]!);
    await reader.declareQueue(queue('beside', { exchange: null, ...QUORUM }));
    await reader.consume('beside', (m) => arrived.add(text(m)!), { noAck: true });
    await until(() => confirmed.every((body) => arrived.has(body)), 'all that was confirmed');
    const known = new Set([...confirmed, ...doubtful.map(({ body }) => body)]);
    expect([...arrived].filter((body) => !known.has(body))).toEqual([]);

    // It comes back, and the lead goes over while all are connected: consumers follow it.
    await first!.start();
    const restarts = worker.consumer.restarts;
    const next = led === second ? third! : second!;
    const moving = send(300);
    await cluster.handOver('celery', led, next);
    await until(async () => (await cluster.leaderOf('celery')) === next, 'the lead to go over');
    await moving;
    await send(100);
    await until(() => runs.size === sent, 'every task again');
    expect(worker.consumer.restarts).toBe(restarts);
    expect(lines.filter((line) => /CRITICAL/.test(line))).toEqual([]);
  });
});
