// Redis away, half-open, full, closed to us: what was held is not lost, what fails says why, and nobody spins.
import { Redis } from 'ioredis';
import { afterAll, afterEach, expect, it } from 'vitest';
import { OperationalError } from '../../../server/errors.ts';
import { createLogger, silentLogger } from '../../../server/log.ts';
import { Connection } from '../../../server/messaging/connection.ts';
import { Consumer } from '../../../server/messaging/consumer.ts';
import { Producer } from '../../../server/messaging/producer.ts';
import { createTimer } from '../../../server/timer.ts';
import type { Transport } from '../../../server/transport/contract.ts';
import { DEFAULT_EXCHANGE, exchange, queue } from '../../../server/transport/entity.ts';
import type { Message, OutgoingMessage } from '../../../server/transport/message.ts';
import { markRedelivered } from '../../../server/transport/redis/envelope.ts';
import { evictionWarning } from '../../../server/transport/redis/eviction.ts';
import { createTransport } from '../../../server/transport/registry.ts';
import {
  describeNeedsRedis,
  type RedisServer,
  type RedisServerOptions,
  redisServer,
} from '../../support/redis-server.ts';
import { tcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';

describeNeedsRedis('a Redis that fails', () => {
  const cleanup: (() => unknown)[] = [];
  afterEach(async () => {
    for (const undo of cleanup.splice(0).reverse()) await undo();
  });

  async function start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = await redisServer(options);
    cleanup.push(() => server.close());
    return server;
  }
  /** Of those that need nothing but a database of their own. */
  let server: Promise<RedisServer> | null = null;
  let databases = 0;
  const shared = () => {
    server ??= redisServer();
    return server;
  };
  afterAll(async () => (await server)?.close());
  function transport(url: string, options: Record<string, unknown> = {}): Promise<Transport> {
    return createTransport({ url, options, connectTimeoutMs: 3000 }).then((made) => {
      cleanup.push(() => made.close());
      return made;
    });
  }
  async function connected(url: string, options: Record<string, unknown> = {}): Promise<Transport> {
    const made = await transport(url, options);
    await made.connect();
    return made;
  }
  function look(server: RedisServer): Redis {
    const client = new Redis(server.url(), { retryStrategy: () => 20, maxRetriesPerRequest: null });
    client.on('error', () => {});
    cleanup.push(() => client.disconnect());
    return client;
  }
  const message = (body: string): OutgoingMessage => ({
    exchange: '',
    routingKey: 'celery',
    body: Buffer.from(body),
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    headers: {},
    properties: {},
  });
  const text = (m: Message) => Buffer.from(m.body).toString();
  const refusal = async (making: Promise<unknown>): Promise<Error> =>
    making.then(
      () => expect.fail('it connected'),
      (error: Error) => error,
    );

  it('killed and started three times under load: every message is settled, none is lost', async () => {
    const server = await start({ durable: true, args: ['--appendfsync', 'always'] });
    const timer = createTimer({ unref: true });
    const connect = () => {
      const made = new Connection({
        urls: [server.url()],
        transportOptions: {},
        connectTimeoutMs: 1000,
        retry: { enabled: true, maxRetries: null, intervalStartMs: 10, intervalStepMs: 10, intervalMaxMs: 50 },
        timer,
        log: silentLogger,
      });
      cleanup.push(() => made.close());
      return made;
    };
    const reading = connect();
    const done = new Set<string>();
    const work = async () => {
      const channel = await reading.channel();
      const onMessage = (m: Message) => {
        const body = text(m);
        setImmediate(() => {
          done.add(body);
          m.ack();
        });
      };
      await new Consumer(channel, { queues: [queue('celery')], prefetch: 20, onMessage }).consume();
    };
    const again = (): void => void work().catch(() => (reading.closed ? undefined : setImmediate(again)));
    reading.onLost(again);
    again();
    const producer = new Producer(connect());
    const total = 4000;
    let sent = 0;
    const sending = (async () => {
      for (; sent < total; sent += 20) {
        const one = (i: number) => ({
          ...message(String(sent + i)),
          exchange: DEFAULT_EXCHANGE,
          retry: true,
          retryPolicy: { max_retries: null, interval_start: 0.01, interval_max: 0.05 },
        });
        await Promise.all(Array.from({ length: 20 }, (_, i) => producer.publish(one(i))));
      }
    })();
    for (const mark of [700, 1500, 2500]) {
      await until(() => done.size > mark, `${mark} messages`);
      await server.kill();
      await server.start();
    }
    await sending;
    await until(() => done.size === total, `all ${total} messages`);
    const client = look(server);
    await until(async () => (await client.hlen('unacked')) === 0, 'nothing to be left unacknowledged');
  });

  it.each(['ping', 'SCRIPT', 'ROLE', 'TIME', 'client', 'subscribe', 'TRACKING'])(
    'cut while it sends %s, a connection is made again, and consumes',
    async (command) => {
      const server = await shared();
      const line = await tcpProxy(server.port);
      cleanup.push(() => line.close());
      const connection = new Connection({
        urls: [`redis://127.0.0.1:${line.port}/${++databases}`],
        transportOptions: {},
        connectTimeoutMs: 0,
        retry: { enabled: true, maxRetries: null, intervalStartMs: 1, intervalStepMs: 0, intervalMaxMs: 1 },
        timer: createTimer({ unref: true }),
        log: silentLogger,
      });
      cleanup.push(() => connection.close());
      line.cutAt(`\r\n${command}\r\n`);
      const heard: string[] = [];
      const consume = async () => {
        const channel = await connection.channel();
        const onMessage = (m: Message) => void heard.push(text(m));
        await new Consumer(channel, { queues: [queue('celery')], onMessage, noAck: true }).consume();
        return channel;
      };
      const channel = await until(consume, 'to consume', { everyMs: 1 });
      expect(line.hasCut).toBe(true);
      await channel.publish(message('hello'));
      await expect.poll(() => heard).toEqual(['hello']);
    },
  );

  it('an envelope with odd values is delivered, and stops no other', async () => {
    const url = (await shared()).url(++databases);
    const client = new Redis(url);
    cleanup.push(() => client.disconnect());
    const odd: unknown[] = [null, 'x', [], {}, { toString: 1 }, { valueOf: 1, toString: 1 }, 1e308, -5];
    const raws = odd.flatMap((value, i) => {
      const whole = { 'content-type': 'text/plain', 'content-encoding': 'utf-8', headers: {}, properties: {} };
      const raw = (part: object) => JSON.stringify({ ...whole, body: `${i}`, ...part });
      return [
        raw({ properties: { priority: value } }),
        raw({ properties: { delivery_tag: value, delivery_info: value, body_encoding: value } }),
        raw({ headers: { 'x-delivery-count': value } }),
        raw({ headers: value, 'content-type': value }),
        raw({ properties: value }),
      ];
    });
    await client.lpush('celery', ...raws, JSON.stringify({ body: 'last', properties: {} }));
    const channel = await (await connected(url)).channel();
    const heard: string[] = [];
    const onMessage = (m: Message) => {
      heard.push(text(m));
      m.ack();
    };
    await new Consumer(channel, { queues: [queue('celery')], onMessage, prefetch: 100 }).consume();
    await expect.poll(() => heard.length).toBe(raws.length + 1);
    expect(heard.at(-1)).toBe('last');
    for (const raw of raws.slice(2).filter((_, i) => i % 5 === 0)) {
      expect(JSON.parse(markRedelivered(raw, true)).headers).toMatchObject({ 'x-delivery-count': 1 });
    }
    await expect.poll(() => client.hlen('unacked')).toBe(0);
  });

  it('settles after reconnecting what was acknowledged and requeued while it was away', async () => {
    const server = await start({ durable: true });
    const first = await connected(server.url());
    const c = await first.channel();
    await c.declareQueue(queue('celery'));
    for (const body of ['done', 'again', 'running']) await c.publish(message(body));
    const held: Message[] = [];
    await c.consume('celery', (m) => held.push(m));
    await until(() => held.length === 3, 'all three');
    const lost = new Promise((resolve) => first.onLost(resolve));
    await server.kill();
    expect(await lost).toBeInstanceOf(OperationalError);
    held[0]!.ack();
    held[1]!.reject({ requeue: true });
    await server.start();

    const second = await connected(server.url());
    const channel = await second.channel();
    const m = await channel.get('celery');
    expect([text(m!), m!.redelivered]).toEqual(['again', true]);
    expect(await channel.get('celery')).toBeNull();
    expect(await look(server).hlen('unacked')).toBe(2); // 'again', now held here, and 'running'
    held[2]!.ack();
    m!.ack();
    await first.close();
    await until(async () => (await look(server).hlen('unacked')) === 0, 'the late ack');
  });

  it('commands under way fail with OperationalError when the connection breaks', async () => {
    const server = await start();
    const broker = await connected(server.url());
    const c = await broker.channel();
    server.pause();
    const publishing = c.publish(message('x'));
    const failing = expect(publishing).rejects.toThrow(OperationalError);
    server.resume();
    server.pause();
    await server.kill();
    await publishing.catch(() => {});
    await failing.catch(() => {}); // it may have arrived just before
    await expect(c.publish(message('y'))).rejects.toThrow(OperationalError);
  });

  it('notices a server that stands still, by its health checks', async () => {
    const server = await start();
    const broker = await connected(server.url(), { health_check_interval: 0.1, socket_timeout: 0.2 });
    const lost = new Promise<Error>((resolve) => broker.onLost(resolve));
    server.pause();
    expect((await lost).message).toMatch(/no answer within 0.2 s/);
    server.resume();
  });

  it('says that a password is wrong, and never prints it', async () => {
    const server = await start({ args: ['--requirepass', 'right'] });
    for (const url of [
      server.url(),
      server.url().replace('//', '//:wr0ng@'),
      server.url().replace('//', '//u:wr0ng@'),
    ]) {
      const error = await refusal((await transport(url)).connect());
      expect(error).toBeInstanceOf(OperationalError);
      expect(error.message).toMatch(/refused the user name or password/);
      expect(error.message).not.toContain('wr0ng');
    }
    await connected(server.url().replace('//', '//:right@'));
  });

  it('refuses a replica that can only be read, naming its master', async () => {
    const master = await start();
    const replica = await start({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
    const error = await until(async () => {
      const found = await refusal((await transport(replica.url())).connect());
      return /is a (slave|replica)/.test(found.message) && found;
    }, 'the replica to be up');
    expect(error.message).toContain(`127.0.0.1:${master.port}`);
  });

  it('says that it is out of memory and takes nothing new; what is stored is taken, held, given back and acknowledged', async () => {
    const server = await start();
    const client = look(server);
    const broker = await connected(server.url());
    const c = await broker.channel();
    await c.declareQueue(queue('celery'));
    await c.publish(message('kept'));
    await client.config('SET', 'maxmemory', '1mb');
    await expect(c.publish(message('x'))).rejects.toThrow(/out of memory/);
    await expect(client.set('x', 'y')).rejects.toThrow(/^OOM/);
    // Another one that only comes now, declares and binds, too.
    const after = await (await connected(server.url())).channel();
    await after.declareQueue(queue('celery', { exchange: exchange('celery'), routingKey: 'celery' }));
    const taken = (await after.get('celery'))!;
    expect([text(taken), await client.hlen('unacked'), await client.llen('celery')]).toEqual(['kept', 1, 0]);
    taken.reject({ requeue: true });
    await after.flush();
    expect([await client.hlen('unacked'), await client.llen('celery')]).toEqual([0, 1]);
    const again = (await after.get('celery'))!;
    again.ack();
    await after.flush();
    expect(await client.exists('unacked', 'unacked_index', 'celery')).toBe(0);
    await client.config('SET', 'maxmemory', '0');
    await c.publish(message('x'));
  });

  it('warns, once, that queues are deleted when its memory is full; of no other policy, nor where memory has no end', async () => {
    const server = await start({ args: ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'] });
    const lines: string[] = [];
    const log = createLogger({ write: (line) => lines.push(line) });
    for (let i = 0; i < 2; i++) {
      const made = await createTransport({ url: server.url(), options: {}, connectTimeoutMs: 3000, log });
      cleanup.push(() => made.close());
      await made.connect();
      await until(() => lines.length > 0, 'the warning');
    }
    expect(lines).toEqual([expect.stringMatching(/WARNING.* deletes queues.*allkeys-lru.*noeviction/)]);

    const info = await look(server).info('memory');
    expect(evictionWarning(info, 'redis://h')).toContain('redis://h');
    for (const other of ['noeviction', 'volatile-ttl'])
      expect(evictionWarning(info.replace('allkeys-lru', other), 'redis://h')).toBeNull();
    expect(evictionWarning(info.replace(/maxmemory:\d+/, 'maxmemory:0'), 'redis://h')).toBeNull();
    expect(evictionWarning('', 'redis://h')).toBeNull();
  });

  it('says that there is no place for another connection', async () => {
    const server = await start({ args: ['--maxclients', '1'] });
    look(server);
    const error = await until(async () => {
      const found = await transport(server.url()).then((made) =>
        made.connect().then(
          () => null,
          (e: Error) => e,
        ),
      );
      return found;
    }, 'the refusal');
    expect(error.message).toMatch(/maxclients|Cannot reach/);
    expect(error).toBeInstanceOf(OperationalError);
  });

  it('works for an account that may not ask to be told, by looking', async () => {
    const server = await start();
    await look(server).call('ACL', 'SETUSER', 'plain', 'on', '>pw', '~*', '&*', '+@all', '-client|tracking');
    const broker = await connected(server.url().replace('//', '//plain:pw@'), { polling_interval: 0.02 });
    const c = await broker.channel();
    await c.declareQueue(queue('celery'));
    const got: string[] = [];
    await c.consume('celery', (m) => got.push(text(m)));
    await (await (await connected(server.url())).channel()).publish(message('x'));
    await until(() => got.length === 1, 'the message');
  });

  it('loads its scripts again when the server forgot them', async () => {
    const server = await start();
    const c = await (await connected(server.url())).channel();
    await c.declareQueue(queue('celery'));
    await look(server).script('FLUSH');
    await c.publish(message('x'));
    const m = await c.get('celery');
    expect(text(m!)).toBe('x');
    await look(server).script('FLUSH');
    m!.reject({ requeue: true });
    await c.flush();
    expect(text((await c.get('celery'))!)).toBe('x');
  });
});
