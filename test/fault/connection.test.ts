// A bad line between Redis and everybody who talks to it: cut, slow, silent, in pieces. Nothing is lost, and nobody waits for ever.
// Redis itself ended or full: its own tests. The line: ../support/tcp-proxy.ts. A dashboard that does not listen: slow-dashboard.test.ts.
import { Redis } from 'ioredis';
import { afterEach, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { createLogger } from '../../server/log.ts';
import { Worker, type WorkerOptions } from '../../server/worker/worker.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../support/redis-server.ts';
import { type LineOptions, type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

/** The machine may be busy. */
const LONG = { timeoutMs: 30_000 };
/** Notices a silent line within a second and a half. @unit seconds */
const WATCHFUL = { health_check_interval: 0.5, socket_timeout: 1 };

describeNeedsRedis('a bad line to Redis', { timeout: 60_000 }, () => {
  const cleanup: (() => unknown)[] = [];
  afterEach(async () => {
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
  function appOn(proxy: TcpProxy): Celery {
    const url = `redis://127.0.0.1:${proxy.port}/0`;
    const app = new Celery(
      'line',
      {
        broker: url,
        backend: url,
        broker_transport_options: WATCHFUL,
        result_backend_transport_options: WATCHFUL,
        task_publish_retry_policy: { max_retries: 40, interval_start: 0.02, interval_step: 0.02, interval_max: 0.2 },
      },
      { env: {} },
    );
    app.task('add', (x: number, y: number) => x + y);
    app.task('slow', async (x: number, ms: number) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return x;
    });
    cleanup.push(() => app.close());
    return app;
  }

  async function workerOn(proxy: TcpProxy, options: WorkerOptions = {}): Promise<Worker & { lines: string[] }> {
    const lines: string[] = [];
    const log = createLogger({ level: 'INFO', color: false, write: (line) => lines.push(line) });
    const worker = new Worker(appOn(proxy), { log, hostname: 'w1@line', pool: 'solo', concurrency: 10, ...options });
    cleanup.push(async () => {
      await worker.stop('cold');
      await worker.done;
    });
    await worker.start();
    return Object.assign(worker, { lines });
  }

  /** Every result as it should be, and nothing left behind. */
  async function allDone(results: readonly { get(o: { timeout: number }): Promise<unknown> }[], redis: Redis) {
    const values = await Promise.all(results.map((one) => one.get({ timeout: 40 })));
    expect(values).toEqual(values.map((_, i) => i + 1));
    await until(async () => (await redis.hlen('unacked')) === 0, 'nothing to be left unacknowledged', LONG);
    expect(await redis.llen('celery')).toBe(0);
  }

  it('cut ten times under 2,000 tasks: all are done and every result arrives', async () => {
    const { proxy, redis } = await world();
    const worker = await workerOn(proxy);
    let done = 0;
    worker.app.task('count', (x: number) => {
      done++;
      return x + 1;
    });
    const client = appOn(proxy);
    const count = client.task('count', (x: number) => x);
    const sending = (async () => {
      const sent = [];
      for (let i = 0; i < 2000; i += 20) {
        sent.push(...(await Promise.all(Array.from({ length: 20 }, (_, n) => count.delay(i + n)))));
      }
      return sent;
    })();
    for (let cut = 1; cut <= 10; cut++) {
      await until(() => done >= cut * 180, `${cut * 180} tasks to be done`, LONG);
      proxy.cut(cut % 2 ? 'rst' : 'fin');
    }
    await allDone(await sending, redis);
  });
});
