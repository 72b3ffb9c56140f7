// Settings about broker and result store, seen to do on a real Redis what Celery says of them.
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import type { SettingsInput } from '../../server/app/config.ts';
import type { CountingBackend } from '../../server/backends/contract.ts';
import { silentLogger } from '../../server/log.ts';
import { record } from '../server/backends/context.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';
import { startWorker } from '../support/world.ts';

describeNeedsRedis('settings', () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await redisServer();
  });
  afterAll(() => redis?.close());

  function makeApp(settings: SettingsInput): Celery {
    const app = new Celery('shop', settings, { env: {}, log: silentLogger });
    closing.push(() => app.close());
    app.task({ name: 'add' }, (a: number, b: number) => a + b);
    return app;
  }
  function look(url: string): Redis {
    const client = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    client.on('error', () => {});
    closing.push(() => client.disconnect());
    return client;
  }

  it('of Redis alone say where results are, when result_backend is the bare word', async () => {
    const locked = await redisServer({ args: ['--requirepass', 'pw'] });
    closing.push(() => locked.close());
    const app = makeApp({
      ...{ broker: redis.freshUrl(), backend: 'redis', redis_host: 'localhost', redis_port: locked.port },
      ...{ redis_password: 'pw', redis_db: 7 },
    });
    await (await app.backend()).store(record('a', 'SUCCESS', 1));
    expect(await look(`redis://:pw@127.0.0.1:${locked.port}/7`).exists('celery-task-meta-a')).toBe(1);
  });

  it('name the connections of broker and store to the server', async () => {
    const app = makeApp({
      ...{ broker: redis.freshUrl(), backend: redis.freshUrl(), redis_client_name: 'shop-results' },
      broker_transport_options: { client_name: 'shop-broker' },
    });
    await startWorker(app);
    expect(await (await app.sendTask('add', [2, 3])).get({ timeout: 90 })).toBe(5);
    const list = (await look(redis.url()).client('LIST')) as string;
    const names = [...list.matchAll(/ name=(\S*) /g)].map((match) => match[1]);
    // Each has one for commands and one that listens; the broker twice, for the worker reads by a connection of its own.
    expect(names.filter((name) => name === 'shop-results')).toHaveLength(2);
    expect(names.filter((name) => name === 'shop-broker').length).toBeGreaterThanOrEqual(3);
  });

  it('name the exchange of events, which is fanout by that name, too', async () => {
    const broker = redis.freshUrl();
    const heard: string[] = [];
    const listener = look(broker);
    listener.on('pmessage', (_pattern: string, channel: string) => heard.push(channel));
    await listener.psubscribe('*shopev*');
    const app = makeApp({ broker, event_exchange: 'shopev' });
    await startWorker(app, { taskEvents: true });
    const db = new URL(broker).pathname.slice(1);
    await until(() => heard.includes(`/${db}.shopev/worker.online`), 'the worker to tell of itself');
    expect(await look(broker).exists('_kombu.binding.shopev')).toBe(0);
  });

  it('result_backend_always_retry: a result arrives that was stored while Redis was away', async () => {
    const own = await redisServer({ durable: true });
    closing.push(() => own.close());
    const settings = {
      ...{ broker: redis.freshUrl(), backend: own.url() },
      ...{ result_backend_always_retry: true, result_backend_max_sleep_between_retries_ms: 50 },
      result_backend_transport_options: { retry_policy: { max_retries: 0 } },
    };
    const patient = await makeApp(settings).backend();
    const hasty = await makeApp({ ...settings, result_backend_always_retry: false }).backend();
    await patient.store(record('a', 'SUCCESS', 1));
    await own.kill();
    const storing = patient.store(record('c', 'SUCCESS', 3));
    const asking = patient.get('a');
    // As long as this takes three times, the other has been refused, too.
    for (const id of ['x', 'y', 'z']) {
      await expect(hasty.store(record(id, 'SUCCESS', 2))).rejects.toThrow(/Cannot reach the result store/);
    }
    await own.start();
    await storing;
    expect((await asking)?.result).toBe(1);
    expect(await look(own.url()).exists('celery-task-meta-c')).toBe(1);
  });

  it('about health: a result store that stands still is given up, and asked again when it goes on', async () => {
    const own = await redisServer();
    closing.push(() => own.close());
    const settings = { redis_backend_health_check_interval: 0.1, redis_socket_timeout: 0.3 };
    const options = { result_backend_transport_options: { retry_policy: { max_retries: 0 } } };
    const backend = await makeApp({ broker: redis.freshUrl(), backend: own.url(), ...settings, ...options }).backend();
    // On a busy machine it may be given up before it stands still.
    await until(() => backend.store(record('a', 'SUCCESS', 1)).then(() => true), 'it to be stored');
    own.pause();
    closing.push(() => own.resume());
    await expect(backend.get('a')).rejects.toThrow(/Cannot reach the result store/);
    own.resume();
    expect(await until(() => backend.get('a'), 'the result')).toMatchObject({ result: 1 });
  });

  it('result_chord_join_timeout: the results of a header are waited for so long, and no longer', async () => {
    const url = redis.freshUrl();
    const opened = await makeApp({ broker: url, backend: url, result_chord_join_timeout: 0.1 }).backend();
    const backend = opened as CountingBackend;
    await backend.saveGroup('g', [['g', null], [[['missing', null], null]]]);
    await backend.startChord('g', 1);
    const part = { groupId: 'g', index: 0, taskId: 'missing', state: 'SUCCESS', result: 1 };
    await expect(backend.completeChordPart(part)).rejects.toThrow('Join error: no result of missing within 0.1 s');
  });

  it('about connecting reach the connection', () => {
    const strategy = (urls: readonly string[]) => urls;
    const { options } = makeApp({
      ...{ broker: 'redis://a', broker_connection_timeout: 7, broker_connection_max_retries: 3 },
      ...{
        broker_connection_retry: false,
        broker_failover_strategy: strategy,
        broker_use_ssl: { ssl_cert_reqs: 'none' },
      },
      ...{ broker_transport_options: { visibility_timeout: 5 }, event_exchange: 'shopev' },
    }).connection();
    expect(options).toMatchObject({
      connectTimeoutMs: 7000,
      retry: { enabled: false, maxRetries: 3 },
      failover: strategy,
      ssl: { ssl_cert_reqs: 'none' },
      transportOptions: { visibility_timeout: 5, event_exchange: 'shopev' },
    });
  });
});
