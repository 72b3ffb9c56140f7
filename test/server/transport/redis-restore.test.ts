// Giving back what dead workers held: who may, when, in which order, by whose clock. Through one broker's own rooms, so that nothing waits.
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { OutgoingMessage } from '../../../server/transport/message.ts';
import { Broker } from '../../../server/transport/redis/broker.ts';
import { readOptions } from '../../../server/transport/redis/options.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../../support/redis-server.ts';
import { until } from '../../support/until.ts';

describeNeedsRedis('giving back on Redis', () => {
  let server: RedisServer;
  let look: Redis;
  let url: string;
  const opened: Broker[] = [];

  beforeAll(async () => {
    server = await redisServer();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    url = server.freshUrl();
    look = new Redis(url);
  });
  afterEach(() => {
    for (const broker of opened.splice(0)) broker.leave();
    look.disconnect();
  });

  async function open(options: Record<string, unknown> = {}): Promise<Broker> {
    const broker = new Broker(readOptions({ url, options, connectTimeoutMs: 5000 }));
    opened.push(broker);
    await broker.connect();
    return broker;
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
  const lost = () => ({ key: 'take', name: 'reader.1', lostMs: performance.now() });
  const waiting = async () =>
    (await look.lrange('celery', 0, -1))
      .reverse()
      .map((raw) => Buffer.from(JSON.parse(raw).body as string, 'base64').toString());

  /** So many messages, recorded as a worker leaves them that took them two hours ago and was killed. */
  async function leaveBehind(texts: readonly string[]): Promise<void> {
    const broker = await open();
    for (const text of texts) await broker.publish(message(text));
    const sinceS = Date.now() / 1000 - 7200;
    for (const [i] of texts.entries()) {
      const raw = (await look.rpop('celery'))!;
      const tag = JSON.parse(raw).properties.delivery_tag as string;
      await look.hset('unacked', tag, `[${raw}, "", "celery"]`);
      await look.zadd('unacked_index', sinceS + i / 1e6, tag);
    }
  }

  it('leaves the work to who holds the mutex, and goes on without it when it stays in one hand', async () => {
    await leaveBehind(['held']);
    const { restore } = await open({ unacked_mutex_expire: 0.05 });
    await look.set('unacked_mutex', 'somebody');
    expect(await restore.visible()).toBe(0);
    // Somebody else has it each time: whoever it is, he is at work.
    await look.set('unacked_mutex', 'somebody else');
    expect(await restore.visible()).toBe(0);
    // It looks again by itself, and finds it in the same hand for too long.
    await expect.poll(waiting).toEqual(['held']);
    expect(await look.get('unacked_mutex')).toBe('somebody else');
  });

  it('gives back what came with a lost answer, though its only line is cut again meanwhile', async () => {
    await leaveBehind(['taken unseen']);
    const [tag] = await look.hkeys('unacked');
    await look.zadd('unacked_index', Date.now() / 1000, tag!);
    await look.set('take', `reader.1\n${tag}`);
    const [first] = opened.splice(0);
    first!.state.lostTakes.push(lost());
    const giving = first!.restore.flushDeferred();
    first!.link.lose(new Error('cut again'));
    first!.leave();
    await expect(giving).rejects.toThrow('cut again');
    await open();
    expect(await waiting()).toEqual(['taken unseen']);
  });

  it('gives back what a take brought that reached the server after who sent it had come back', async () => {
    await leaveBehind(['taken late']);
    const [tag] = await look.hkeys('unacked');
    await look.zadd('unacked_index', Date.now() / 1000, tag!);
    const { state, restore } = await open();
    state.lostTakes.push(lost());
    await restore.flushDeferred();
    expect(await waiting()).toEqual([]);
    await look.set('take', `reader.1\n${tag}`);
    await expect.poll(waiting).toEqual(['taken late']);
    await expect.poll(() => look.exists('take')).toBe(0);
  });

  it('is kept from its work for no longer by something else that stands in the mutex’s place', async () => {
    await leaveBehind(['held']);
    await look.lpush('unacked_mutex', 'what nobody put there');
    const { restore } = await open({ unacked_mutex_expire: 0.05 });
    expect(await restore.visible()).toBe(0);
    await expect.poll(waiting).toEqual(['held']);
    expect(await look.type('unacked_mutex')).toBe('list');
  });

  it('holds the mutex for seconds, so that one who is killed meanwhile delays nobody for longer', async () => {
    await leaveBehind(['a', 'b']);
    const { restore } = await open({ unacked_mutex_expire: 300 });
    const { tags } = restore;
    let heldMs = 0;
    restore.tags = async (given) => {
      heldMs = await look.pttl('unacked_mutex');
      return tags.call(restore, given);
    };
    expect(await restore.visible()).toBe(2);
    expect(heldMs).toBeGreaterThan(0);
    expect(heldMs).toBeLessThanOrEqual(5000);
    expect(await look.exists('unacked_mutex', 'unacked', 'unacked_index')).toBe(0);
  });

  it('by many at once brings each message back once, in the old order', async () => {
    const sent = Array.from({ length: 450 }, (_, i) => String(i));
    await leaveBehind(sent);
    const several = await Promise.all(Array.from({ length: 4 }, () => open()));
    const all = await look.zrevrange('unacked_index', 0, -1);
    const given = await Promise.all(several.map(({ restore }) => restore.tags(all)));
    expect(given.reduce((sum, count) => sum + count, 0)).toBe(450);
    expect(await waiting()).toEqual(sent);
    expect(await look.exists('unacked', 'unacked_index')).toBe(0);
  });

  it('looks for what is overdue though no line to the broker lives for as long as there is between two looks', async () => {
    await leaveBehind(['held']);
    await until(async () => {
      // Whoever consumes there looks every two and a half seconds.
      const broker = await open({ visibility_timeout: 5 });
      broker.restore.start();
      // As long as one look takes.
      for (let i = 0; i < 30; i++) await waiting();
      broker.leave();
      return (await waiting()).length > 0;
    }, 'it to be given back');
    expect(await waiting()).toEqual(['held']);
  });

  it('waits until everybody has dated anew what he holds, when the clock of the server was set', async () => {
    await leaveBehind(['old']);
    const { restore, clock, state } = await open();
    state.holders.add({ heldTags: () => ['mine'], heldSinceLastRenewal: () => [] });
    await look.hset('unacked', 'mine', '[{"body": ""}, "", "celery"]');
    await look.zadd('unacked_index', 1, 'mine');
    clock.refresh = async () => 3_600_000;
    expect(await restore.visible()).toBe(0);
    expect(Number(await look.zscore('unacked_index', 'mine'))).toBeGreaterThan(Date.now() / 1000 - 60);
    clock.refresh = async () => 0;
    expect(await restore.visible()).toBe(0);
    // Who has seen no clock being set does not wait.
    expect(await (await open()).restore.visible()).toBe(1);
    expect(await waiting()).toEqual(['old']);
  });

  it('counts from now what was dated before the clock was set back', async () => {
    await look.hset('unacked', 'ahead', '[{"body": ""}, "", "celery"]');
    await look.zadd('unacked_index', Date.now() / 1000 + 3600, 'ahead');
    expect(await (await open()).restore.visible()).toBe(0);
    expect(Number(await look.zscore('unacked_index', 'ahead'))).toBeLessThan(Date.now() / 1000 + 60);
  });

  it('dates by the clock of the server, whatever the clock of this machine shows', async () => {
    const { clock, link } = await open();
    const before = clock.now();
    link.timer.now = () => 0;
    expect(clock.now() - before).toBeLessThan(60_000);
    expect(clock.now()).toBeGreaterThanOrEqual(before);
    expect(await clock.refresh()).toBe(0);
  });
});
