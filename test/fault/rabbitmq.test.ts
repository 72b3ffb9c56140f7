// RabbitMQ going away from under workers, clients and who waits for results by message: the line cut and silent, the broker halted by an
// alarm, standing still, killed. Nothing that was sent is lost, and nobody waits for ever.
// What one connection does of it: ../server/transport/rabbitmq.test.ts. The line: ../support/tcp-proxy.ts.
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import type { SettingsInput } from '../../server/app/config.ts';
import { createLogger } from '../../server/log.ts';
import { Worker } from '../../server/worker/worker.ts';
import { record } from '../server/backends/context.ts';
import { describeNeedsRabbit, type Rabbit, rabbitServer, sharedRabbit } from '../support/rabbitmq-server.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

/** A line that has fallen silent is found within two of these. @unit seconds */
const HEARTBEAT = 2;
const PATIENT = { max_retries: 200, interval_start: 0.05, interval_step: 0.05, interval_max: 0.3 };
const AT_ONCE = { enabled: true, maxRetries: null, intervalStartMs: 50, intervalStepMs: 50, intervalMaxMs: 300 };

describeNeedsRabbit('workers and clients of RabbitMQ', () => {
  /** What `held` tasks wait for. */
  let gate: { opened: Promise<void>; open(): void };
  beforeEach(() => {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    gate = { opened, open };
  });
  afterEach(() => gate.open());

  /** How often each number was run. */
  function world(broker: string, settings: SettingsInput = {}) {
    const lines: string[] = [];
    const log = createLogger({ level: 'INFO', color: false, write: (line) => lines.push(line) });
    const runs = new Map<number, number>();
    const make = () => {
      const app = new Celery(
        'fault',
        {
          broker,
          backend: 'rpc://',
          broker_heartbeat: HEARTBEAT,
          task_acks_late: true,
          task_publish_retry_policy: PATIENT,
          ...settings,
        },
        { env: {}, log, connection: { retry: AT_ONCE } },
      );
      onTestFinished(() => app.close());
      app.task({ name: 'inc' }, (n: number) => {
        runs.set(n, (runs.get(n) ?? 0) + 1);
        return n + 1;
      });
      app.task({ name: 'held' }, async (n: number) => {
        runs.set(n, (runs.get(n) ?? 0) + 1);
        await gate.opened;
        return n + 1;
      });
      return app;
    };
    const startWorker = async () => {
      const worker = new Worker(make(), { log, hostname: 'w1@fault', concurrency: 10 });
      onTestFinished(async () => {
        await worker.stop('cold');
        await worker.done;
      });
      await worker.start();
      return worker;
    };
    return { client: make(), startWorker, runs, lines };
  }

  const answers = async (app: Celery) =>
    (await app.control.inspect({ timeout: 2, destination: ['w1@fault'] }).ping())?.['w1@fault'] !== undefined;

  async function connectionsOf(rabbit: Rabbit, vhost: string): Promise<number> {
    const mine = `[C || C <- rabbit_networking:connections(), rabbit_networking:connection_info(C, [vhost]) =:= [{vhost, <<"${vhost}">>}]]`;
    return Number(await rabbit.ask(`length(${mine})`));
  }

  it('a line cut again and again: every task is done, and the worker answers', async () => {
    const rabbit = await sharedRabbit();
    const proxy = await tcpProxy(rabbit.port);
    onTestFinished(() => proxy.close());
    const vhost = await rabbit.freshVhost();
    const { client, startWorker, runs } = world(`amqp://guest:guest@127.0.0.1:${proxy.port}/${vhost}`);
    await startWorker();
    const COUNT = 500;
    const sending = (async () => {
      for (let n = 0; n < COUNT; n += 10)
        await Promise.all(Array.from({ length: 10 }, (_, i) => client.sendTask('inc', [n + i])));
    })();
    for (let cut = 1; cut <= 5; cut++) {
      await until(() => runs.size >= cut * 80, `${cut * 80} tasks to be done`);
      proxy.cut(cut % 2 ? 'rst' : 'fin');
    }
    await sending;
    await until(() => runs.size === COUNT, 'every task to be done');
    await until(() => answers(client), 'the worker to answer');
    const channel = await client.writeConnection.channel();
    await expect.poll(async () => (await channel.queueStatus('celery'))?.messages).toBe(0);
    // Once more for what was not acknowledged when the line was cut, and that alone.
    expect([...runs.values()].reduce((sum, times) => sum + times, 0)).toBeLessThan(COUNT + 5 * 100);
  });

  it('a line that falls silent: it is found, tasks go on, remote control answers, and who waits gets the result', async () => {
    const rabbit = await sharedRabbit();
    const proxy = await tcpProxy(rabbit.port);
    onTestFinished(() => proxy.close());
    const vhost = await rabbit.freshVhost();
    const { client, startWorker, lines } = world(`amqp://guest:guest@127.0.0.1:${proxy.port}/${vhost}`);
    const worker = await startWorker();
    expect(await (await client.sendTask('inc', [1])).get({ timeout: 90 })).toBe(2);
    const waiting = (await client.sendTask('held', [2])).get({ timeout: 90 });
    for (let round = 1; round <= 2; round++) {
      const before = worker.consumer.restarts;
      proxy.silence();
      await until(
        () => worker.consumer.restarts > before && worker.consumer.mode === 'running',
        'the worker to be back',
      );
      await until(() => answers(client), 'the worker to answer');
      // A result that is sent while its client is away is lost.
      await (await client.backend()).listening!();
      expect(await (await client.sendTask('inc', [10 * round])).get({ timeout: 90 })).toBe(10 * round + 1);
    }
    gate.open();
    expect(await waiting).toBe(3);
    expect(lines.filter((line) => /NOT_FOUND|CRITICAL/.test(line))).toEqual([]);
    // What was half-open is given up by the broker, too.
    await until(async () => (await connectionsOf(rabbit, vhost)) <= 3, 'the old connections to go');
  });

  it('a client whose old connection the broker takes for alive gets what is sent to that, too', async () => {
    const rabbit = await sharedRabbit();
    const proxy = await tcpProxy(rabbit.port);
    onTestFinished(() => proxy.close());
    const vhost = await rabbit.freshVhost();
    const { client } = world(`amqp://guest:guest@127.0.0.1:${proxy.port}/${vhost}`);
    const backend = await client.backend();
    await backend.listening!();
    const direct = world(rabbit.url(vhost)).client;
    const channel = await direct.writeConnection.channel();
    const consumers = async () => (await channel.queueStatus(client.oid))?.consumers;
    expect(await consumers()).toBe(1);
    proxy.abandon();
    await until(async () => (await consumers()) === 2, 'the client to be back beside its old connection');
    const ids = Array.from({ length: 10 }, (_, n) => `t${n}`);
    const store = await direct.backend();
    for (const id of ids) await store.store(record(id, 'SUCCESS', id), { replyTo: client.oid, correlationId: null });
    await until(async () => (await backend.getMany(ids)).size === 10, 'all of them');
    await until(async () => (await consumers()) === 1, 'the broker to find the old connection dead');
  });

  it('a broker that is halted, stands still, and is killed under load: all is done, and who waits gets the result', async () => {
    const server = await rabbitServer();
    onTestFinished(() => server.close());
    const { client, startWorker, runs, lines } = world(server.url(), { result_persistent: true });
    const worker = await startWorker();
    const send = (from: number, count: number) =>
      Promise.all(Array.from({ length: count }, (_, i) => client.sendTask('inc', [from + i])));
    const done = (upTo: number) => until(() => runs.size >= upTo, `${upTo} tasks to be done`);
    await send(0, 50);
    await done(50);

    // Out of memory: what is sent waits, nothing is refused.
    const alarm = '{{resource_limit, memory, node()}, []}';
    await server.ask(`rabbit_alarm:set_alarm(${alarm})`);
    const halted = send(50, 50);
    await until(() => lines.some((line) => /takes no messages for now/.test(line)), 'it to be said');
    await server.ask(`rabbit_alarm:clear_alarm({resource_limit, memory, node()})`);
    await halted;
    await done(100);

    const waiting = (await client.sendTask('held', [1000])).get({ timeout: 90 });
    await done(101);
    const before = worker.consumer.restarts;
    server.pause();
    const silent = send(100, 50);
    await until(
      () => lines.some((line) => /Cannot connect|Connection to broker lost/.test(line)),
      'its silence to be found',
    );
    server.resume();
    await silent;
    await done(151);

    const sending = send(150, 200);
    await server.kill();
    await server.start();
    await sending;
    await until(() => worker.consumer.restarts > before && worker.consumer.mode === 'running', 'the worker to be back');
    await done(351);
    await until(() => answers(client), 'the worker to answer');
    const channel = await client.writeConnection.channel();
    await until(async () => (await channel.queueStatus(client.oid))?.consumers === 1, 'the client to listen again');
    gate.open();
    expect(await waiting).toBe(1001);
    expect(await (await client.sendTask('inc', [2000])).get({ timeout: 90 })).toBe(2001);
  });
});
