// Ways to a Redis that has several: a socket, sentinels with a master that dies, a list of brokers. A worker and a caller go on.
import { afterEach, expect, it } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import type { SettingsInput } from '../../../server/app/config.ts';
import { createBackend } from '../../../server/backends/registry.ts';
import { Beat } from '../../../server/beat/beat.ts';
import { createLogger } from '../../../server/log.ts';
import { openScheduleStore } from '../../../server/schedules/registry.ts';
import {
  describeNeedsRedis,
  type RedisServer,
  type RedisServerOptions,
  redisServer,
} from '../../support/redis-server.ts';
import { type Sentinel, type SentinelOptions, startSentinel } from '../../support/sentinel.ts';
import { until } from '../../support/until.ts';
import { startWorker } from '../../support/world.ts';
import { testContext } from '../backends/context.ts';

describeNeedsRedis('a worker and a caller', () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  async function server(options: RedisServerOptions = {}): Promise<RedisServer> {
    const made = await redisServer(options);
    closing.push(() => made.close());
    return made;
  }
  async function sentinel(master: RedisServer, options: SentinelOptions = {}): Promise<Sentinel> {
    const made = await startSentinel(master, options);
    closing.push(() => made.close());
    return made;
  }
  /** With a worker of its own; what both log is in `lines`. */
  async function shop(settings: SettingsInput): Promise<{ app: Celery; lines: string[] }> {
    const lines: string[] = [];
    const log = createLogger({ level: 'DEBUG', color: false, write: (line) => lines.push(line) });
    const app = new Celery('shop', settings, { env: {}, log });
    closing.push(() => app.close());
    app.task({ name: 'add' }, (a: number, b: number) => a + b);
    await startWorker(app, { log });
    return { app, lines };
  }
  const add = async (app: Celery, timeout = 60) => (await app.sendTask('add', [2, 3])).get({ timeout });

  it('meet on a Unix socket', async () => {
    const { socket } = await server();
    const { app } = await shop({
      broker: `redis+socket://${socket}?virtual_host=3`,
      backend: `redis+socket://${socket}?virtual_host=4`,
    });
    expect(await add(app)).toBe(5);
  });

  it('go on when the master dies and the sentinels, which want a password like all the others, name another', async () => {
    const password = 'MARKER';
    const auth = ['--requirepass', password, '--masterauth', password];
    const master = await server({ args: auth });
    const replica = await server({ args: [...auth, '--replicaof', '127.0.0.1', String(master.port)] });
    const watch = await sentinel(master, { replicas: 1, password, masterPassword: password });
    const url = `sentinel://:${password}@127.0.0.1:1/0;sentinel://:${password}@127.0.0.1:${watch.port}/0`;
    const options = { master_name: 'mymaster', sentinel_kwargs: { password } };
    const { app, lines } = await shop({
      broker: url,
      backend: url,
      broker_transport_options: options,
      result_backend_transport_options: options,
      beat_schedule: { nightly: { task: 'add', schedule: 86_400 } },
    });
    // Beat's schedule is found as the broker is.
    const beat = new Beat(app, { schedule: `${url}?schedule=shop` });
    await beat.start();
    closing.push(() => beat.stop());
    expect(await add(app)).toBe(5);
    await master.kill();
    await until(async () => (await watch.master()) === replica.port, 'the replica to be the master', {
      timeoutMs: 120_000,
    });
    await until(async () => (await add(app, 20)) === 5, 'a task to be run by way of the new master');
    const broker = { url, options, ssl: null };
    const schedule = await openScheduleStore(`${url}?schedule=shop`, { broker });
    closing.push(() => schedule.close());
    await until(async () => (await schedule.holder())?.pid === process.pid, 'beat to have its lease there');
    expect([...(await schedule.load()).keys()]).toEqual(['nightly']);
    expect(lines.join('\n')).toMatch(/Connection to broker lost/);
    expect(lines.join('\n')).not.toContain(password);
  });

  it('are told when no sentinel answers, none knows the master, or the sentinels’ password is missing', async () => {
    const master = await server();
    const watch = await sentinel(master, { password: 'MARKER' });
    const at = (port: number, master_name: string, sentinel_kwargs = {}) => {
      const options = { master_name, sentinel_kwargs };
      const url = `sentinel://127.0.0.1:${port}`;
      const app = new Celery('shop', { broker: url, broker_transport_options: options }, { env: {} });
      closing.push(() => app.close());
      const store = createBackend(testContext(url, { options: { ...options, retry_policy: { max_retries: 1 } } }));
      return [
        () => app.connection().tryConnect(),
        async () => {
          const backend = await store;
          await backend.get('a').finally(() => backend.close());
        },
      ];
    };
    for (const way of at(1, 'mymaster'))
      await expect(way).rejects.toThrow(/no sentinel can tell where it is .*127\.0\.0\.1:1/);
    for (const way of at(watch.port, 'mymaster')) {
      await expect(way).rejects.toThrow(/sentinels refused the user name or password in sentinel_kwargs/);
    }
    const password = { password: 'MARKER' };
    for (const way of at(watch.port, 'other', password))
      await expect(way).rejects.toThrow(/is master_name right\?.*'other'/);
  });

  it('use the second broker of a list when the first is dead, and the next one when that dies, too', async () => {
    const [one, two] = [await server(), await server()];
    const results = await server();
    const { app, lines } = await shop({
      broker: ['redis://:MARKER@127.0.0.1:1', `${one.url()};${two.url()}`],
      backend: results.url(),
      broker_connection_timeout: 20,
    });
    expect(lines.join('\n')).toContain(`Connected to ${one.url()}`);
    expect(await add(app)).toBe(5);
    await one.kill();
    await until(async () => (await add(app, 20)) === 5, 'a task to be run by way of the second');
    expect(lines.join('\n')).toContain(`Connected to ${two.url()}`);
    expect(lines.join('\n')).not.toContain('MARKER');
  });
});
