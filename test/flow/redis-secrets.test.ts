// A password of Redis is shown nowhere: not in errors looked at from all sides, logs, reports, what workers tell, nor the dashboard.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import type { SettingsInput } from '../../server/app/config.ts';
import { createDashboard } from '../../server/dashboard/dashboard.ts';
import { createLogger } from '../../server/log.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../support/redis-server.ts';
import { umbel } from '../support/umbel.ts';
import { until } from '../support/until.ts';
import { startWorker } from '../support/world.ts';

const PASSWORD = 'MARKER';

describeNeedsRedis('the password of a Redis', () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await redisServer({ args: ['--requirepass', PASSWORD] });
  });
  afterAll(() => redis?.close());

  const lines: string[] = [];
  const log = createLogger({ level: 'DEBUG', color: false, write: (line) => lines.push(line) });
  function makeApp(url: string, settings: SettingsInput = {}): Celery {
    const quick = { result_backend_transport_options: { retry_policy: { max_retries: 0 } } };
    const app = new Celery('shop', { broker: url, backend: url, ...quick, ...settings }, { env: {}, log });
    closing.push(() => app.close());
    return app;
  }
  const right = () => `redis://:${PASSWORD}@127.0.0.1:${redis.port}/0`;

  it.each([
    ['it is wrong', () => `redis://:${PASSWORD}x@127.0.0.1:${redis.port}/0`, /refused the user name or password/],
    ['the user is unknown', () => `redis://nobody:${PASSWORD}@127.0.0.1:${redis.port}/0`, /refused the user name or/],
    ['the host is unknown', () => `redis://:${PASSWORD}@host.invalid/0`, /Cannot reach.*(ENOTFOUND|EAI_AGAIN)/],
    ['nobody listens', () => `redis://:${PASSWORD}@127.0.0.1:1/0`, /Cannot reach.*ECONNREFUSED/],
    ['the server has no such database', () => `${right()}999999`, /no database of that number|out of range/],
    ['the port is none', () => `redis://:${PASSWORD}@127.0.0.1:port/0`, /cannot be read/],
    ['it is not escaped', () => `redis://:a/${PASSWORD}@127.0.0.1/0`, /cannot be read/],
    [
      'the server speaks no TLS',
      () => `${right().replace('redis', 'rediss')}?ssl_cert_reqs=none&ssl_cert=x`,
      /option ssl_cert/,
    ],
    ['no store is at the scheme', () => right().replace('redis', 'radish'), /radish/],
  ])('is in no error when %s', async (_name, url, why) => {
    const app = makeApp(url(), { broker_connection_timeout: 20 });
    const store = app.backend();
    const ways = [
      app.connection().tryConnect(),
      store.then((backend) => backend.get('a')),
      store.then((backend) => backend.wait('a', AbortSignal.timeout(20_000))),
    ];
    const errors = (await Promise.allSettled(ways)).map((way) => (way.status === 'rejected' ? way.reason : way.value));
    for (const error of errors) {
      expect((error as Error).message).toMatch(why);
      expect(inspect(error, { depth: null, showHidden: true })).not.toContain(PASSWORD);
    }
    lines.push(inspect(errors, { depth: null }));
    expect(lines.join('\n')).not.toContain(PASSWORD);
  });

  it('is in nothing that a worker logs or tells', async () => {
    const app = makeApp(right(), {
      redis_password: PASSWORD,
      broker_password: PASSWORD,
      broker_read_url: right(),
      broker_transport_options: { sentinel_kwargs: { password: PASSWORD } },
      redis_backend_use_ssl: { ssl_cert_reqs: 'none', ssl_password: PASSWORD },
      result_backend: right().replace('redis', 'rediss'),
    });
    app.conf.result_backend = right();
    app.conf.redis_backend_use_ssl = null;
    app.conf.broker_use_ssl = { ssl_password: PASSWORD };
    expect(JSON.stringify(app.conf.masked({ withDefaults: true }))).not.toContain(PASSWORD);
    app.conf.broker_use_ssl = false;
    const worker = await startWorker(app, { log });
    for (const command of ['conf', 'stats', 'report', 'query_task', 'active_queues']) {
      const received = await worker.panel.dispatch(command, { with_defaults: true, ids: [] });
      expect(JSON.stringify(received), command).not.toContain(PASSWORD);
      expect(JSON.stringify(received).length, command).toBeGreaterThan(1);
    }
    expect(JSON.stringify(await worker.panel.dispatch('conf', {}))).toContain('redis://:**@');
    expect(lines.join('\n')).toContain('Connected to redis://:**@');
    expect(lines.join('\n')).not.toContain(PASSWORD);
  });

  it('is not in umbel report, which names broker and results without it', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'umbel-report-'));
    closing.push(() => rmSync(cwd, { recursive: true, force: true }));
    const env = { CELERY_BROKER_URL: right(), CELERY_RESULT_BACKEND: right() };
    const [plain, json] = await Promise.all([
      umbel(['report'], { cwd, env }),
      umbel(['report', '--json'], { cwd, env }),
    ]);
    expect(plain.stdout).toContain(`settings -> transport:redis results:redis://:**@127.0.0.1:${redis.port}/0`);
    expect(json.stdout).toContain(`"broker_url":"redis://:**@127.0.0.1:${redis.port}/0"`);
    expect([plain, json].map((ended) => ended.stdout + ended.stderr).join('')).not.toContain(PASSWORD);
  });

  it('is on no page of the dashboard, whether it is right or wrong', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'umbel-dash-'));
    closing.push(() => rmSync(folder, { recursive: true, force: true }));
    const urls = [right(), `redis://:${PASSWORD}x@127.0.0.1:${redis.port}/0`];
    for (const [i, url] of urls.entries()) {
      const options = { broker: url, result_backend: url, db: join(folder, `${i}.db`), port: 0, queue_interval: 0.2 };
      const dashboard = createDashboard(options, { log, pages: null });
      closing.push(() => dashboard.close());
      await dashboard.start();
      const text = async () => {
        const replies = await Promise.all(
          ['api/v2/overview', 'api/v2/workers', 'api/v2/queues', 'readyz', 'metrics', 'api/v2/tasks/none/result'].map(
            (url) => dashboard.app.inject({ url: `/${url}` }),
          ),
        );
        return replies.map((reply) => reply.body).join('\n');
      };
      await until(
        async () => (await text()).includes(i === 0 ? '"ready":true' : 'refused the user name'),
        'it to tell of its broker',
      );
      expect(await text()).not.toContain(PASSWORD);
    }
    expect(lines.join('\n')).not.toContain(PASSWORD);
  });
});
