// A bad line between Redis and everybody who talks to it: cut, slow, silent, in pieces. Nothing is lost, and nobody waits for ever.
// Redis itself ended or full: its own tests. The line: ../support/tcp-proxy.ts. A dashboard that does not listen: slow-dashboard.test.ts.
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { EventReceiver } from '../../server/events/receiver.ts';
import { createLogger, silentLogger } from '../../server/log.ts';
import { createTimer } from '../../server/timer.ts';
import { watchHealth } from '../../server/transport/redis/health.ts';
import { Worker, type WorkerOptions } from '../../server/worker/worker.ts';
import { ManualClock } from '../support/clock.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../support/redis-server.ts';
import { type LineOptions, type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

/** The machine may be busy. */
const LONG = { timeoutMs: 120_000 };
/** UMBEL_LONG=1 for as many as it was first proved with. */
const TASKS = process.env['UMBEL_LONG'] ? 2000 : 800;
/** Notices a silent line within a second and a half. @unit seconds */
const WATCHFUL = { health_check_interval: 0.5, socket_timeout: 1 };

describeNeedsRedis('a bad line to Redis', () => {
  const cleanup: (() => unknown)[] = [];
  /** What `held` tasks wait for. */
  let gate: { opened: Promise<void>; open(): void };
  beforeEach(() => {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    gate = { opened, open };
  });
  afterEach(async () => {
    gate.open();
    for (const undo of cleanup.splice(0).reverse()) await undo();
  });

  async function world(line: LineOptions = {}): Promise<{ server: RedisServer; proxy: TcpProxy; redis: Redis }> {
    const server = await redisServer();
    cleanup.push(() => server.close());
    const proxy = await tcpProxy(server.port, line);
    cleanup.push(() => proxy.close());
    const redis = new Redis(server.url());
    cleanup.push(() => redis.disconnect());
    return { server, proxy, redis };
  }

  /** Everything it says goes over the line. */
  function appOn(port: number) {
    const url = `redis://127.0.0.1:${port}/0`;
    const app = new Celery(
      'line',
      {
        broker: url,
        backend: url,
        broker_transport_options: WATCHFUL,
        result_backend_transport_options: WATCHFUL,
        task_publish_retry_policy: { max_retries: 40, interval_start: 0.02, interval_step: 0.02, interval_max: 0.2 },
      },
      { env: {}, log: silentLogger },
    );
    cleanup.push(() => app.close());
    const inc = app.task('inc', (x: number) => x + 1);
    const held = app.task('held', async (x: number) => {
      await gate.opened;
      return x + 1;
    });
    const echo = app.task('echo', (text: string) => text);
    return { app, inc, held, echo };
  }

  async function workerOn(port: number, options: WorkerOptions = {}): Promise<Worker & { lines: string[] }> {
    const lines: string[] = [];
    const log = createLogger({ level: 'INFO', color: false, write: (line) => lines.push(line) });
    const worker = new Worker(appOn(port).app, { log, hostname: 'w1@line', ...options });
    cleanup.push(async () => {
      await worker.stop('cold');
      await worker.done;
    });
    await worker.start();
    return Object.assign(worker, { lines });
  }

  const many = <T>(n: number, make: (i: number) => Promise<T>) =>
    Promise.all(Array.from({ length: n }, (_, i) => make(i)));

  async function somebodyWaits(redis: Redis, id: string): Promise<void> {
    const subscribed = async () => (await redis.pubsub('NUMSUB', `celery-task-meta-${id}`))[1];
    await until(subscribed, 'the wait for the result', LONG);
  }

  async function answersPing(app: Celery, timeout = 5): Promise<boolean> {
    const replies = await app.control.inspect({ timeout, destination: ['w1@line'] }).ping();
    return replies?.['w1@line'] !== undefined;
  }

  /** Every result as it should be, and nothing left behind. */
  async function allDone(results: readonly { get(o: { timeout: number }): Promise<unknown> }[], redis: Redis) {
    const values = await Promise.all(results.map((one) => one.get({ timeout: 120 })));
    expect(values).toEqual(values.map((_, i) => i + 1));
    await until(async () => (await redis.hlen('unacked')) === 0, 'nothing to be left unacknowledged', LONG);
    expect(await redis.llen('celery')).toBe(0);
  }

  it(`cut ten times under ${TASKS} tasks: all are done and every result arrives`, async () => {
    const { proxy, redis } = await world();
    const worker = await workerOn(proxy.port);
    let done = 0;
    worker.app.task('count', (x: number) => {
      done++;
      return x + 1;
    });
    const count = appOn(proxy.port).app.task('count', (x: number) => x);
    const sending = (async () => {
      const sent = [];
      for (let i = 0; i < TASKS; i += 20) sent.push(...(await many(20, (n) => count.delay(i + n))));
      return sent;
    })();
    for (let cut = 1; cut <= 10; cut++) {
      await until(() => done >= cut * 0.09 * TASKS, `${cut * 0.09 * TASKS} tasks to be done`, LONG);
      proxy.cut(cut % 2 ? 'rst' : 'fin');
    }
    await allDone(await sending, redis);
  });

  it.each(['rst', 'fin'] as const)(
    'a result that somebody waits for comes when the line was cut meanwhile (%s)',
    async (how) => {
      const { proxy, redis } = await world();
      await workerOn(proxy.port);
      const { held } = appOn(proxy.port);
      const results = await many(3, (i) => held.delay(i));
      const waiting = allDone(results, redis);
      await somebodyWaits(redis, results[0]!.id);
      proxy.cut(how);
      gate.open();
      await waiting;
    },
  );

  it('a late-acknowledged task that is cancelled because the line was cut runs again at once', async () => {
    const { proxy, redis } = await world();
    const worker = await workerOn(proxy.port);
    worker.app.conf.update({ worker_cancel_long_running_tasks_on_connection_loss: true });
    let runs = 0;
    worker.app.task({ name: 'late', acks_late: true }, async () => {
      if (++runs === 1) await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
      return 1;
    });
    const late = appOn(proxy.port).app.task('late', () => 1);
    const result = await late.delay();
    await until(() => runs === 1, 'it to run', LONG);
    proxy.cut();
    await allDone([result], redis);
    expect(runs).toBe(2);
  });

  it('a result stored while the line was down is found when it is back', async () => {
    const { server, proxy, redis } = await world();
    await workerOn(server.port);
    const { held } = appOn(proxy.port);
    const result = await held.delay(0);
    const waiting = allDone([result], redis);
    await somebodyWaits(redis, result.id);
    proxy.refuse();
    proxy.cut();
    gate.open();
    await until(() => redis.exists(`celery-task-meta-${result.id}`), 'the result', LONG);
    proxy.accept();
    await waiting;
  });

  it('slow by 60 ms each way: no timeouts, and not one round trip a message', async () => {
    const { proxy, redis } = await world({ delayMs: 60 });
    await workerOn(proxy.port);
    const { app, inc } = appOn(proxy.port);
    const trips = proxy.trips;
    const sent = await many(500, (i) => inc.delay(i));
    await allDone(sent, redis);
    // One after the other they would be 500 trips to be published, and as many to be taken and to be stored.
    expect(proxy.trips - trips).toBeLessThan(500);
    await until(() => answersPing(app), 'the worker to answer', LONG);
    proxy.line.delayMs = 0;
  });

  it('in pieces of 1 to 7 bytes: everything is understood', async () => {
    const { proxy, redis } = await world({ split: true });
    await workerOn(proxy.port);
    const { app, inc, echo } = appOn(proxy.port);
    const text = `caf\u00e9 \u4f60\u597d \u{1f680} ${'x'.repeat(3000)}\r\n$5\r\n*3\r\n`;
    expect(await (await echo.delay(text)).get({ timeout: 120 })).toBe(text);
    await allDone(await many(40, (i) => inc.delay(i)), redis);
    await until(() => answersPing(app), 'the worker to answer', LONG);
  });

  it('silent, not closed: worker, client and who waits notice by themselves, and nothing is lost', async () => {
    const { proxy, redis } = await world();
    await workerOn(proxy.port);
    const { inc, held } = appOn(proxy.port);
    const running = await many(2, (i) => held.delay(i));
    const waiting = Promise.all(running.map((one) => one.get({ timeout: 120 })));
    await somebodyWaits(redis, running[0]!.id);
    proxy.silence();
    gate.open();
    const sent = await many(50, (i) => inc.delay(i));
    expect(await waiting).toEqual([1, 2]);
    await allDone(sent, redis);
    proxy.silence();
    await allDone(await many(50, (i) => inc.delay(i)), redis);
  });

  it('silent from the start of a connection: it is tried again until somebody answers', async () => {
    const { proxy, redis } = await world();
    await workerOn(proxy.port);
    const { inc } = appOn(proxy.port);
    await (await inc.delay(1)).get({ timeout: 120 });
    const before = proxy.made;
    proxy.swallow();
    const sending = many(20, (i) => inc.delay(i));
    await until(() => proxy.made > before + 6, 'several vain attempts', LONG);
    proxy.restore();
    await allDone(await sending, redis);
  });

  it('a process that stood still itself does not take that for silence', async () => {
    const { server } = await world();
    const client = new Redis(server.url());
    cleanup.push(() => client.disconnect());
    await until(() => client.status === 'ready', 'the connection');
    const ping = client.ping.bind(client);
    let [asked, open] = [0, 0];
    client.ping = (() => {
      asked++;
      open++;
      return ping().finally(() => open--);
    }) as typeof client.ping;
    const clock = new ManualClock();
    const givenUp: string[] = [];
    const options = { healthCheckMs: 20, answerWithinMs: 300 };
    cleanup.push(watchHealth(client, createTimer({ clock }), options, (error) => givenUp.push(error.message)).stop);
    clock.advance(20);
    expect(asked).toBe(1);
    // For longer than an answer may take; it has come when the process goes on.
    clock.stall(1000);
    await until(() => {
      if (open === 0) clock.advance(20);
      return asked > 5;
    }, 'further questions');
    await until(() => open === 0, 'the last answer');
    expect(givenUp).toEqual([]);
    server.pause();
    await until(() => {
      clock.advance(20);
      return givenUp.length > 0;
    }, 'a real silence to be noticed');
    server.resume();
    expect(givenUp[0]).toBe('no answer within 0.3 s');
  });

  it('a line on which much comes before the answer is not taken for silent', async () => {
    const { proxy, redis } = await world();
    const client = new Redis({ port: proxy.port, protocol: 2 });
    cleanup.push(() => client.disconnect());
    let heard = 0;
    client.on('message', () => heard++);
    await client.subscribe('news');
    const givenUp: string[] = [];
    const options = { healthCheckMs: 50, answerWithinMs: 1000 };
    cleanup.push(watchHealth(client, createTimer(), options, (error) => givenUp.push(error.message)).stop);
    proxy.line.perSecond = 100_000;
    await Promise.all(Array.from({ length: 20 }, () => redis.publish('news', 'x'.repeat(10_000))));
    await until(() => heard === 20, 'all of the news', LONG);
    expect(givenUp).toEqual([]);
  });

  it.each([
    ['reset', (proxy: TcpProxy) => proxy.cut('rst')],
    ['ended', (proxy: TcpProxy) => proxy.cut('fin')],
    ['silent', (proxy: TcpProxy) => proxy.silence()],
  ] as const)(
    '%s: the worker answers remote control again, and who listens hears each of its events once',
    async (_, harm) => {
      const { proxy, server } = await world();
      const worker = await workerOn(proxy.port, { taskEvents: true });
      const heard: string[] = [];
      const connection = appOn(proxy.port).app.connection();
      const receiver = new EventReceiver({ connection, timer: worker.timer, log: silentLogger });
      receiver.onEvents((events) => heard.push(...events.map((e) => e.type)));
      let gaps = 0;
      receiver.onGap(() => gaps++);
      cleanup.push(async () => {
        await receiver.stop();
        await connection.close();
      });
      await receiver.start();
      // On a line of their own, so that only worker and listener are tried.
      const { app, inc } = appOn(server.port);
      for (let round = 1; round <= 2; round++) {
        const made = proxy.made;
        harm(proxy);
        await until(() => gaps >= round && proxy.made >= made + 3, 'the connections to be made anew', LONG);
        await until(() => answersPing(app, 0.5), 'the worker to answer', LONG);
        heard.length = 0;
        expect(await (await inc.delay(1)).get({ timeout: 120 })).toBe(2);
        await until(() => heard.includes('task-succeeded') && heard.includes('worker-heartbeat'), 'the events', LONG);
        expect(heard.filter((type) => type === 'task-succeeded')).toHaveLength(1);
      }
    },
  );
});
