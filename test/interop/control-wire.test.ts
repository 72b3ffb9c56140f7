// Remote control on the wire of a real Redis, against the envelopes recorded of Celery: what is asked, what is answered, and what is
// left behind, by one worker and by ten.
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { silentLogger } from '../../server/log.ts';
import { Worker, type WorkerOptions } from '../../server/worker/worker.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../support/redis-server.ts';
import { startUmbel } from '../support/umbel.ts';
import { until } from '../support/until.ts';

interface Case {
  readonly name: string;
  readonly command: string;
  readonly arguments: Record<string, unknown> | null;
  readonly destination: string[] | null;
  readonly pattern: string | null;
  readonly matcher: 'glob' | 'pcre' | null;
  readonly requests: { channel: string; envelope_text: string }[];
  readonly reply_messages?: { key: string; envelope_text: string }[];
}

const CASES: readonly Case[] = JSON.parse(
  readFileSync(new URL('../golden/pidbox-redis.json', import.meta.url), 'utf8'),
).cases.filter((c: Case) => c.command !== 'shutdown');

/** Answers that are about this worker: their envelope is compared, not their body. */
const OWN = new Set(
  ['hello', 'clock', 'stats', 'report', 'conf', 'conf_with_defaults', 'registered', 'registered_items_builtins'].concat(
    ['query_task', 'active', 'active_default', 'reserved', 'scheduled', 'memsample', 'memdump', 'stats_after'],
  ),
);

/** An envelope with what differs from one sending to the next made equal; its body as text, in the order of its keys. */
function comparable(text: string, withBody = true): unknown {
  const envelope = JSON.parse(text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID'));
  const body = Buffer.from(envelope.body, 'base64')
    .toString()
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID');
  const { clock, expires } = envelope.headers;
  return {
    ...envelope,
    headers: {
      ...envelope.headers,
      clock: typeof clock,
      ...(expires === undefined ? {} : { expires: typeof expires }),
    },
    body: withBody ? JSON.stringify(JSON.parse(body)) : null,
  };
}

describeNeedsRedis('remote control over a real Redis', () => {
  let server: RedisServer;
  let keys: Redis;
  const open: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    server = await redisServer();
    keys = new Redis(server.url());
  });
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
    await keys.flushall();
  });
  afterAll(async () => {
    keys.disconnect();
    await server.close();
  });

  const makeApp = (): Celery => {
    const app = new Celery('vec', { broker: server.url(), backend: server.url() }, { env: {}, log: silentLogger });
    open.push(() => app.close());
    return app;
  };
  const startWorker = async (hostname: string, app = makeApp(), options: WorkerOptions = {}): Promise<Worker> => {
    const worker = new Worker(app, { hostname, log: silentLogger, taskEvents: true, concurrency: 2, ...options });
    open.push(() => worker.stop('cold'));
    await worker.start();
    return worker;
  };
  /** Keys of replies: queues with answers in them, and who still listens. */
  const replyKeys = async (): Promise<string[]> =>
    (await keys.keys('*')).filter((key) => key.includes('reply.celery.pidbox')).sort();

  it('each recorded request, sent as it was, is answered by the recorded envelope', async () => {
    const app = makeApp();
    app.task({ name: 'vec.add' }, (x: number, y: number) => x + y);
    app.task({ name: 'vec.sleep' }, () => 1);
    await startWorker('w1@vec', app);
    // As recorded: one without -E, which was shut down then.
    const second = await startWorker('w2@vec', makeApp(), { taskEvents: false });
    let compared = 0;
    for (const c of CASES.filter(({ reply_messages }) => reply_messages && reply_messages.length > 0)) {
      const recorded = c.reply_messages![0]!;
      const oid = recorded.key.split('.')[0]!;
      await keys.sadd('_kombu.binding.reply.celery.pidbox', `${oid}\x06\x16\x06\x16${recorded.key}`);
      if (!c.destination?.includes('w2@vec')) await second.stop();
      await keys.publish(c.requests[0]!.channel, c.requests[0]!.envelope_text);
      const raw = await until(() => keys.rpop(recorded.key), `the answer to ${c.name}`);
      expect(comparable(raw, !OWN.has(c.name)), c.name).toEqual(comparable(recorded.envelope_text, !OWN.has(c.name)));
      compared++;
      await keys.del('_kombu.binding.reply.celery.pidbox');
    }
    expect(compared).toBe(52);
  });

  it('each recorded request is sent by our client as Celery sent it', async () => {
    const app = makeApp();
    const listener = new Redis(server.url());
    open.push(async () => listener.disconnect());
    const heard: string[] = [];
    listener.on('message', (_channel, text) => heard.push(text));
    await listener.subscribe('/0.celery.pidbox');
    for (const c of CASES) {
      const recorded = c.requests[0]!.envelope_text;
      const reply = Buffer.from(JSON.parse(recorded).body, 'base64').toString().includes('"ticket"');
      heard.length = 0;
      const { destination, pattern, matcher } = c;
      const given = { arguments: c.arguments ?? {}, destination, pattern, matcher };
      await app.control.broadcast(c.command, { ...given, reply, timeout: 0.005 });
      await until(() => heard.length > 0, `the request ${c.name}`);
      expect(
        heard.map((text) => comparable(text)),
        c.name,
      ).toEqual([comparable(recorded)]);
    }
  });

  describe('of ten workers in one process', () => {
    const names = Array.from({ length: 10 }, (_, i) => `w${i}@vec`);
    const start = async () => {
      const workers: Worker[] = [];
      for (const name of names) workers.push(await startWorker(name));
      return workers;
    };
    const who = (replies: readonly Record<string, unknown>[]) => replies.flatMap(Object.keys).sort();

    it('all answer; a limit ends the wait; concurrent questions keep their answers', async () => {
      const workers = await start();
      const app = makeApp();
      // Redis says how many heard it: when they have answered, nobody else will.
      expect(who(await app.control.ping({ timeout: 1000 }))).toEqual(names);
      expect(await app.control.ping({ timeout: 1000, pattern: 'w*', matcher: 'glob' })).toHaveLength(10);
      expect(await app.control.ping({ timeout: 60, limit: 3 })).toHaveLength(3);
      expect(who(await app.control.ping({ destination: ['w3@vec', 'w7@vec'], timeout: 60 }))).toEqual([
        'w3@vec',
        'w7@vec',
      ]);
      const pattern = { pattern: 'w[0-4]@*', matcher: 'glob' as const };
      expect(who(await app.control.ping({ ...pattern, timeout: 60, limit: 5 }))).toEqual(names.slice(0, 5));
      const all = await Promise.all(
        Array.from({ length: 20 }, () => app.control.inspect({ timeout: 60, limit: 10 }).stats()),
      );
      for (const stats of all) expect(Object.keys(stats!).sort()).toEqual(names);
      // Each has met the nine others.
      for (const worker of workers) {
        await until(() => worker.consumer.gossip!.peers.size === 9, `${worker.hostname} to know the others`);
      }
    });

    it('who answers late is not waited for, and disturbs nobody', async () => {
      const workers = await start();
      let answer = () => {};
      const opened = new Promise<void>((resolve) => {
        answer = resolve;
      });
      for (const worker of workers) {
        worker.panel.register('slow', async () => {
          if (worker.hostname !== 'w0@vec') await opened;
          return { ok: worker.hostname };
        });
      }
      const app = makeApp();
      expect(who(await app.control.broadcast('slow', { reply: true, timeout: 60, limit: 1 }))).toEqual(['w0@vec']);
      const next = app.control.ping({ timeout: 60, limit: 10 });
      answer();
      const pongs = await next;
      expect(who(pongs)).toEqual(names);
      expect(pongs.every((reply) => JSON.stringify(Object.values(reply)) === '[{"ok":"pong"}]')).toBe(true);
    });

    it('nothing of it is left in Redis: no answers, no bindings, once nobody waits', async () => {
      const workers = await start();
      const app = makeApp();
      await app.control.ping({ timeout: 60, limit: 10 });
      await app.control.inspect({ timeout: 60, limit: 2 }).stats();
      await app.control.ping({ timeout: 0.001 });
      // The client is open, the workers asked one another when they started: all give their reply queues up by themselves.
      await until(async () => (await replyKeys()).length === 0, 'the reply queues to go');
      // It asks again, and is gone before anybody answers.
      for (const worker of workers) {
        worker.panel.register('slow', () => new Promise((resolve) => setTimeout(() => resolve('late'), 100)));
      }
      const other = makeApp();
      await other.control.broadcast('slow', { reply: true, timeout: 0.01 });
      await other.close();
      expect(who(await app.control.broadcast('slow', { reply: true, timeout: 60, limit: 10 }))).toEqual(names);
      await app.close();
      expect(await replyKeys()).toEqual([]);
      for (const worker of workers) await worker.stop('warm');
      const left = (await keys.keys('*')).sort();
      expect(left).toEqual(['_kombu.binding.celery']);
    });
  });

  it('nobody who hears is nobody who answers: told at once', async () => {
    expect(await makeApp().control.inspect({ timeout: 1000 }).stats()).toBeNull();
  });

  it('a command that is interrupted while it waits leaves nothing either', async () => {
    // Somebody who hears and says nothing.
    const listener = new Redis(server.url());
    open.push(async () => listener.disconnect());
    await listener.psubscribe('/0.celery.pidbox');
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      await using asking = startUmbel(['-b', server.url(), 'inspect', 'ping', '-t', '60'], { cwd: server.folder });
      await until(async () => (await replyKeys()).length > 0, 'it to wait');
      asking.child.kill(signal);
      expect(await asking.ended).toMatchObject({ code, stdout: '' });
      expect(await replyKeys()).toEqual([]);
    }
  });
});
