// Workers and clients on a real RabbitMQ: calls and their results, retries, ETA, priorities, late acknowledgement, revoking, asking, and
// what of that is different on quorum queues. Its wire: rabbitmq-startup.test.ts; with Python: interop/rabbitmq.test.ts.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import type { SettingsInput } from '../../server/app/config.ts';
import { silentLogger } from '../../server/log.ts';
import { delayedKey } from '../../server/messaging/delayed-delivery.ts';
import { createTimer } from '../../server/timer.ts';
import { exchange, queue } from '../../server/transport/entity.ts';
import { createTransport } from '../../server/transport/registry.ts';
import { Worker } from '../../server/worker/worker.ts';
import { itAnswersRecordedCommands } from '../contract/worker-control.ts';
import { PushedClock } from '../support/clock.ts';
import { describeNeedsRabbit, type Rabbit, sharedRabbit } from '../support/rabbitmq-server.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { gate, logger, makeApp, makeWorker, makeWorld, type World, worldsOn } from './worker-world.ts';

let rabbit: Rabbit;
beforeAll(async () => {
  rabbit = await sharedRabbit();
  worldsOn(
    () => rabbit.freshUrl(),
    () => `cache+memory://rabbit-${randomUUID()}`,
  );
});

describeNeedsRabbit('remote control on RabbitMQ', itAnswersRecordedCommands);

describeNeedsRabbit.each([
  ['a classic queue', {}],
  ['a quorum queue', { task_default_queue_type: 'quorum' }],
] as [string, SettingsInput][])('tasks on %s', (_, settings) => {
  const seen: unknown[] = [];
  const define = (app: Celery) => {
    seen.length = 0;
    app.task({ name: 'add' }, (a: number, b: number) => a + b);
    app.task({ name: 'seen' }, (what: unknown) => void seen.push(what));
    app.task({ name: 'again', bind: true, max_retries: 3 }, function (times: number) {
      if (this.request.retries < times) this.retry({ countdown: 0 });
      return this.request.retries;
    });
  };
  const world = (more: SettingsInput = {}, worker = {}): Promise<World> =>
    makeWorld(define, { settings: { ...settings, ...more }, worker });

  it('come back with their results, after retries too, and leave nothing', async () => {
    const { app, depth } = await world();
    const sums = await Promise.all(Array.from({ length: 100 }, (_none, i) => app.sendTask('add', [i, 1])));
    expect(await Promise.all(sums.map((one) => one.get({ timeout: 90 })))).toEqual(sums.map((_one, i) => i + 1));
    expect(await (await app.sendTask('again', [2])).get({ timeout: 90 })).toBe(2);
    expect(await depth()).toBe(0);
  });

  it('wait for their ETA in the worker without keeping others from it, however many', async () => {
    const { app, clock, event } = await world({ worker_prefetch_multiplier: 1 }, { concurrency: 2 });
    const later = await Promise.all(
      Array.from({ length: 20 }, (_none, i) => app.sendTask('seen', [i], {}, { countdown: 600 })),
    );
    for (const { id } of later) await event('task-received', id);
    expect(await (await app.sendTask('add', [2, 3])).get({ timeout: 90 })).toBe(5);
    expect(seen).toEqual([]);
    clock.push(601_000);
    await until(() => seen.length === 20, 'all that waited');
  });

  it('are run on when their queue is deleted while others of it wait for their ETA, and the limit falls', async () => {
    const { app, channel, clock, event } = await world({ worker_prefetch_multiplier: 1 }, { concurrency: 2 });
    const send = (n: number, countdown: number) =>
      Promise.all(Array.from({ length: n }, (_none, i) => app.sendTask('seen', [i], {}, { countdown })));
    for (const { id } of [...(await send(6, 600)), ...(await send(6, 1200))]) await event('task-received', id);
    await channel.deleteQueue('celery');
    clock.push(601_000);
    await until(() => seen.length === 6, 'the first that waited');
    await until(async () => (await channel.queueStatus('celery'))?.consumers, 'its queue to be consumed again');
    expect(await (await app.sendTask('add', [2, 3])).get({ timeout: 90 })).toBe(5);
    clock.push(601_000);
    await until(() => seen.length === 12, 'all that waited');
  });

  it('are delivered again when a worker stops at once, with late acknowledgement', async () => {
    const { open, opened } = gate();
    const app = await makeApp({ ...settings, task_acks_late: true });
    const runs: boolean[] = [];
    app.task({ name: 'held', bind: true }, async function () {
      runs.push(this.request.deliveryInfo?.redelivered === true);
      if (runs.length === 1) await opened;
      return runs.length;
    });
    const first = await makeWorker(app, { hostname: 'first@vec' });
    const result = await app.sendTask('held');
    await until(() => runs.length === 1, 'it to begin');
    await first.stop('cold');
    await makeWorker(app, { hostname: 'second@vec' });
    expect(await result.get({ timeout: 90 })).toBe(2);
    expect(runs).toEqual([false, true]);
    open();
  });

  it('are revoked, and their worker answers', async () => {
    const { app, event } = await world();
    const { id } = await app.sendTask('seen', [1], {}, { countdown: 600 });
    await event('task-received', id);
    await app.control.revoke(id);
    await event('task-revoked', id);
    expect(await app.control.inspect({ destination: ['w1@vec'], timeout: 90 }).ping()).toEqual({
      'w1@vec': { ok: 'pong' },
    });
  });
});

describeNeedsRabbit('tasks for later on a quorum queue with a topic exchange', () => {
  const settings = { task_default_queue: 'qt', task_default_queue_type: 'quorum', task_default_exchange_type: 'topic' };

  it('are held back by RabbitMQ, as Celery has it, whether a worker was there or not', async () => {
    const app = await makeApp(settings);
    await app.sendTask('add', [1, 2], {}, { countdown: 3600 });
    const channel = await app.connection('read').channel();
    // 3600 seconds: the highest bit is that of 2048.
    await until(
      async () => (await channel.queueStatus('celery_delayed_11'))?.messages === 1,
      'the message at its level',
    );
    expect((await channel.queueStatus('qt'))?.messages).toBe(0);
    await channel.close();
  });

  it('run when they are due, each of their tries, and where they came from they go again', async () => {
    const app = await makeApp(settings);
    app.task({ name: 'again', bind: true, max_retries: 3 }, function () {
      if (this.request.retries < 2) this.retry({ countdown: 1.1 });
      return [this.request.retries, this.request.deliveryInfo.routing_key];
    });
    const worker = await makeWorker(app);
    const result = await app.sendTask('again', [], {}, { countdown: 1.1 });
    expect(await result.get({ timeout: 90 })).toEqual([2, 'qt']);
    expect(worker.state.requests.size).toBe(0);
  });

  it('come to a queue that was added by remote control, too', async () => {
    const where = { broker: await rabbit.freshUrl(), backend: `cache+memory://added-${randomUUID()}` };
    const app = await makeApp({ ...settings, ...where });
    app.task({ name: 'add' }, (a: number, b: number) => a + b);
    await makeWorker(app);
    const [answer] = await app.control.addConsumer('added', { exchangeType: 'topic', reply: true });
    expect(answer).toEqual({ 'w1@vec': { ok: 'add consumer added' } });
    // Another program, in Python perhaps, that binds nothing itself.
    const sender = await makeApp(where);
    const to = { exchange: 'celery_delayed_27', exchange_type: 'topic', routing_key: delayedKey(1, 'added') };
    const result = await sender.sendTask('add', [2, 3], {}, to);
    expect(await result.get({ timeout: 90 })).toBe(5);
  });
});

describeNeedsRabbit('a worker on RabbitMQ', () => {
  it('does what the guide shows', async () => {
    const text = readFileSync(new URL('../../docs/guides/rabbitmq.md', import.meta.url), 'utf8');
    const [, source] = /```ts\n(.*?)```/s.exec(text)!;
    const { code } = transformSync(source!.replaceAll(/^import .*\n/gm, ''), { loader: 'ts' });
    const printed: unknown[] = [];
    const AsyncFunction = (async () => {}).constructor as new (
      ...args: string[]
    ) => (...args: unknown[]) => Promise<void>;
    const here = code.replace('amqp://guest:guest@localhost:5672//', await rabbit.freshUrl());
    class QuietWorker extends Worker {
      constructor(app: Celery) {
        super(app, { log: silentLogger });
      }
    }
    await new AsyncFunction('Celery', 'Worker', 'console', here)(Celery, QuietWorker, {
      log: (value: unknown) => printed.push(value),
    });
    expect(printed).toEqual([5]);
  });

  it('takes the more urgent first', async () => {
    const order: unknown[] = [];
    const app = await makeApp({ task_queue_max_priority: 10, worker_prefetch_multiplier: 1 });
    app.task({ name: 'order' }, (what: number) => void order.push(what));
    for (const priority of [1, 9, 5]) await app.sendTask('order', [priority], {}, { priority });
    await makeWorker(app, { concurrency: 1 });
    await until(() => order.length === 3, 'all three');
    expect(order).toEqual([9, 5, 1]);
  });

  it('says which argument of a queue differs when it cannot start', async () => {
    const broker = await rabbit.freshUrl();
    await (await makeApp({ broker })).sendTask('add', [1, 2]);
    const other = await makeApp({ broker, task_queue_max_priority: 5 });
    await expect(makeWorker(other)).rejects.toThrow(/inequivalent arg 'x-max-priority' for queue 'celery'/);
  });

  it('names the type of an exchange that the broker does not know when it cannot start, and tries no more', async () => {
    const strange = exchange('later', 'x-delayed-message' as 'direct');
    const app = await makeApp({ task_queues: [queue('later', { exchange: strange })] });
    await expect(makeWorker(app)).rejects.toThrow(/has no exchanges of the type 'x-delayed-message'/);
    await expect(app.sendTask('add', [1, 2], {}, { queue: 'later' })).rejects.toThrow(
      /of the type 'x-delayed-message'/,
    );
  });

  it('that may not use its queue says which and what it needs, and does not try again and again', async () => {
    const [vhost, name] = [await rabbit.freshVhost(), 'narrow-worker'];
    await rabbit.user(name, 's3cret', vhost, '^(?!theirs)');
    const broker = rabbit.url(vhost).replace('guest:guest', `${name}:s3cret`);
    const app = await makeApp({ broker, task_queues: [queue('theirs')] });
    const lines: string[] = [];
    const words =
      /access to (queue|exchange) 'theirs' in vhost '.*' refused for user 'narrow-worker'.*needs the permission/;
    await expect(makeWorker(app, { lines })).rejects.toThrow(words);
    expect(lines.filter((line) => words.test(line)).length).toBeLessThanOrEqual(1);
    await expect(app.sendTask('add', [1, 2], {}, { queue: 'theirs' })).rejects.toThrow(words);
    expect(lines.join()).not.toContain('s3cret');
  });

  it.each(['round-robin', 'shuffle'])(
    'goes to the next broker of its list when one goes away: %s',
    async (strategy) => {
      const vhost = await rabbit.freshVhost();
      const lines = await Promise.all([tcpProxy(rabbit.port), tcpProxy(rabbit.port)]);
      onTestFinished(async () => void (await Promise.all(lines.map((line) => line.close()))));
      const urls = lines.map(({ port }) => `amqp://guest:guest@127.0.0.1:${port}/${vhost}`);
      const clock = new PushedClock();
      const settings = {
        broker: strategy === 'shuffle' ? urls : urls.join(';'),
        broker_failover_strategy: strategy,
        broker_connection_retry: true,
        // Who shuffles may meet the one that has gone any number of times.
        task_publish_retry_policy: { max_retries: null },
      };
      const app = await makeApp(settings, createTimer({ clock }));
      app.task({ name: 'add' }, (a: number, b: number) => a + b);
      const said: string[] = [];
      app.log = logger(said);
      const worker = await makeWorker(app);
      expect(await (await app.sendTask('add', [1, 2])).get({ timeout: 90 })).toBe(3);
      const used = () => lines.findIndex(({ port }) => worker.connection.url.includes(`:${port}/`));
      const first = used();
      // Whoever was on it, client and worker, finds nobody there any more.
      lines[first]!.refuse();
      lines[first]!.cut();
      const result = await app.sendTask('add', [2, 3]);
      // Each pause between two tries is over as soon as it is told.
      const pauses = () => said.filter((line) => line.includes('Trying again in')).length;
      let passed = 0;
      await until(() => {
        for (; passed < pauses(); passed++) clock.push(30_000);
        return result.ready();
      }, 'the worker to have found the other');
      expect(await result.get({ timeout: 90 })).toBe(5);
      expect(used()).toBe(1 - first);
    },
  );

  it('has told the broker that a task is taken before its body begins, which may hold everything up', async () => {
    const broker = await rabbit.freshUrl();
    const vhost = broker.slice(broker.lastIndexOf('/') + 1);
    const unsettled =
      `{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"${vhost}">>, queue, <<"celery">>)), ` +
      'rabbit_amqqueue:info(Q, [messages_unacknowledged])';
    const { app } = await makeWorld(
      (made) => made.task({ name: 'hold' }, () => rabbit.holdUntil(unsettled, '[{messages_unacknowledged,0}]')),
      { settings: { broker } },
    );
    const result = await app.sendTask('hold');
    expect(await result.get({ timeout: 90 })).toBe('[{messages_unacknowledged,0}]');
  });

  it('keeps the channel of its tasks when a queue that was added is refused: what runs is not delivered again', async () => {
    const hold = gate();
    const runs: number[] = [];
    const { app, worker } = await makeWorld((made) => {
      made.task({ name: 'holds', acks_late: true }, async (n: number) => {
        runs.push(n);
        await hold.opened;
        return n;
      });
    });
    const held = await app.sendTask('holds', [1]);
    await until(() => runs.length === 1, 'it to run');
    await expect(worker.consumer.tasks.addQueue(queue('amq.mine'))).rejects.toThrow(/ACCESS_REFUSED/);
    const next = await app.sendTask('holds', [2]);
    await until(() => runs.includes(2), 'the next to run');
    hold.open();
    expect(await Promise.all([held, next].map((one) => one.get({ timeout: 90 })))).toEqual([1, 2]);
    expect(runs).toEqual([1, 2]);
  });

  it('consumes a quorum queue that others have declared, whose type nobody told it', async () => {
    const broker = await rabbit.freshUrl();
    // What is known of queues is known by the address of their broker.
    const theirs = await createTransport({
      url: broker.replace('127.0.0.1', 'localhost'),
      options: {},
      connectTimeoutMs: 20_000,
    });
    onTestFinished(() => theirs.close());
    await theirs.connect();
    await (await theirs.channel()).declareQueue(queue('celery', { arguments: { 'x-queue-type': 'quorum' } }));
    const app = await makeApp({ broker, task_queues: [queue('celery', { noDeclare: true })] });
    app.task({ name: 'add' }, (a: number, b: number) => a + b);
    await makeWorker(app);
    expect(await (await app.sendTask('add', [2, 3])).get({ timeout: 90 })).toBe(5);
  });

  it('comes back to a queue that is deleted while it is consumed', async () => {
    const { app, line, channel } = await makeWorld((made) => {
      made.task({ name: 'add' }, (a: number, b: number) => a + b);
    });
    await channel.deleteQueue('celery');
    await line(/celery/);
    expect(await (await app.sendTask('add', [2, 3])).get({ timeout: 90 })).toBe(5);
  });
});
