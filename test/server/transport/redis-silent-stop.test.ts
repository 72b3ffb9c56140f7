// A worker that is stopped while it starts, at a broker that accepts its connection and answers nothing more, at any step of the start;
// and an app and a dashboard that are closed when it fell silent after all was well.
// The line is checked only once an hour: without being in a hurry to leave, a stop would wait for that.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import { createDashboard } from '../../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../../server/log.ts';
import { Worker } from '../../../server/worker/worker.ts';
import { logger } from '../../flow/worker-world.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../../support/redis-server.ts';
import { tcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';

const SETTINGS = {
  // On a busy machine a connection takes its time; a line once silent answers nothing more.
  broker_connection_timeout: 3,
  broker_transport_options: { health_check_interval: 3600, socket_timeout: 0.3 },
};

describeNeedsRedis('a stop while the broker is silent', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await redisServer();
  });
  afterAll(() => redis.close());

  it.each([0, 2, 6, 10, 14])('ends in order when it swallows all after %i pieces', async (pieces) => {
    const proxy = await tcpProxy(redis.port);
    const broker = `redis://127.0.0.1:${proxy.port}/0`;
    const app = new Celery('test', { broker, ...SETTINGS }, { env: {}, log: silentLogger });
    const worker = new Worker(app, { log: silentLogger });
    if (pieces === 0) proxy.swallow();
    let hasEnded = false;
    const end = () => {
      hasEnded = true;
    };
    const started = worker.start().then(end, end);
    // Pieces that are sent together come as one: the whole start may be fewer.
    const isThere = () => hasEnded || (proxy.made > 0 && proxy.trips >= pieces);
    await until(isThere, 'the start to have come so far', { everyMs: 0 });
    proxy.swallow();
    await worker.stop('warm');
    expect((await worker.done).exitCode).toBe(0);
    await started;
    await app.close();
    await proxy.close();
  });

  it('ends for an app that has asked workers, sent, told of it and waits for a result', async () => {
    const proxy = await tcpProxy(redis.port);
    const url = `redis://127.0.0.1:${proxy.port}/0`;
    const settings = { broker: url, result_backend: url, task_send_sent_event: true, ...SETTINGS };
    const app = new Celery('test', settings, { env: {}, log: silentLogger });
    await app.control.ping({ timeout: 0.1 });
    const waiting = (await app.sendTask('nobody.runs')).get({ timeout: 600 }).catch((error: Error) => error);
    proxy.swallow();
    await app.close();
    expect(await waiting).toBeInstanceOf(Error);
    await proxy.close();
  });

  it('ends for a worker that is told to stop cold, when an end is still to be stored', async () => {
    const proxy = await tcpProxy(redis.port);
    // A queue of its own: what others sent waits for nobody.
    const settings = {
      broker: redis.url(),
      result_backend: `redis://127.0.0.1:${proxy.port}/0`,
      task_default_queue: 'ends',
    };
    const app = new Celery('test', settings, { env: {}, log: silentLogger });
    let begun = false;
    let end = () => {};
    app.task('ends', async () => {
      begun = true;
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    });
    const lines: string[] = [];
    const worker = new Worker(app, { log: logger(lines) });
    await worker.start();
    await app.sendTask('ends');
    await until(() => begun, 'it to run');
    proxy.swallow();
    end();
    const warm = worker.stop('warm');
    await worker.stop('cold');
    await warm;
    expect((await worker.done).exitCode).toBe(1);
    expect(lines.join('\n')).toMatch(/The end of 1 task is not stored: the result store did not answer/);
    await proxy.close();
    await app.close();
  });

  it('ends for a dashboard', async () => {
    const proxy = await tcpProxy(redis.port);
    const url = `redis://127.0.0.1:${proxy.port}/0`;
    const dashboard = createDashboard(
      { broker: url, result_backend: url, db: ':memory:', port: 0, settings: SETTINGS },
      { log: silentLogger, pages: null },
    );
    await dashboard.start();
    const isReady = async () => (await dashboard.app.inject({ url: '/readyz' })).statusCode === 200;
    await until(isReady, 'it to listen');
    proxy.swallow();
    await dashboard.close();
    await proxy.close();
  });
});
