// The shapes real Celery wrote (golden/pidbox-redis.json), asked of our two sides of the mailbox.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../server/log.ts';
import { Connection } from '../../../server/messaging/connection.ts';
import { LamportClock } from '../../../server/messaging/lamport-clock.ts';
import { controlQueues, Mailbox } from '../../../server/messaging/mailbox.ts';
import { createTimer, type Timer } from '../../../server/timer.ts';
import type { Transport, TransportContext } from '../../../server/transport/contract.ts';
import { memoryTransport } from '../../../server/transport/memory/transport.ts';
import type { Message } from '../../../server/transport/message.ts';
import { registerTransport } from '../../../server/transport/registry.ts';
import { ManualTimer } from '../../support/clock.ts';
import { until } from '../../support/until.ts';

interface Case {
  name: string;
  command: string;
  arguments: Record<string, unknown> | null;
  destination: string[] | null;
  pattern: string | null;
  matcher: 'glob' | 'pcre' | null;
  requests: { envelope_text: string; body_json: Record<string, unknown> }[];
  reply_messages: { key: string; envelope_text: string; body_json: Record<string, unknown> }[];
}
const golden = JSON.parse(readFileSync(new URL('../../golden/pidbox-redis.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};

class KeyError extends Error {
  override get name() {
    return 'KeyError';
  }
}

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

/** The memory broker, which says as Redis does how many heard a question: what `hearers` holds, when that is known. */
let hearers: Promise<number> = Promise.resolve(0);
registerTransport('counting', async () => (context: TransportContext): Transport => {
  const inner = memoryTransport({ ...context, url: context.url.replace('counting:', 'memory:') });
  const channel = async () => {
    const made = await inner.channel();
    const { publish } = made;
    made.publish = async (m) => {
      await publish.call(made, m);
      return m.exchange === 'celery.pidbox' ? hearers : undefined;
    };
    return made;
  };
  return {
    flags: inner.flags,
    driver: 'counting',
    connect: () => inner.connect(),
    channel,
    onLost: (listener) => inner.onLost(listener),
    close: () => inner.close(),
  };
});

function connect(name: string, scheme = 'memory'): Connection {
  const retry = { enabled: true, maxRetries: 2, intervalStartMs: 10, intervalStepMs: 10, intervalMaxMs: 50 };
  const timer = createTimer();
  const urls = [`${scheme}://${name}`];
  const connection = new Connection({
    urls,
    transportOptions: {},
    connectTimeoutMs: 1000,
    retry,
    timer,
    log: silentLogger,
  });
  opened.push(connection);
  return connection;
}

/** Its time stands, if nobody moves it: no answer is too late. */
function mailbox(name: string, oid?: string, timer: Timer = new ManualTimer(), scheme = 'memory'): Mailbox {
  const box = new Mailbox({
    namespace: 'celery',
    connection: connect(name, scheme),
    clock: new LamportClock(),
    timer,
    oid,
  });
  opened.push(box);
  return box;
}

describe('queues of a mailbox', () => {
  it('are as the settings say', () => {
    const made = (durable: boolean, exclusive: boolean) =>
      new Mailbox({
        ...{ namespace: 'celery', connection: connect('queues'), clock: new LamportClock(), timer: createTimer() },
        ...controlQueues({
          ...{ control_queue_ttl: 7, control_queue_expires: 8 },
          ...{ control_queue_durable: durable, control_queue_exclusive: exclusive },
          task_serializer: 'json',
          accept_content: ['json'],
        }),
      });
    const shape = (box: Mailbox) => [box.nodeQueue('n'), box.replyQueue, box.exchange, box.replyExchange];
    const [node, reply, ...exchanges] = shape(made(true, false));
    const durable = { durable: true, exclusive: false, autoDelete: false, messageTtlMs: 7000, expiresMs: 8000 };
    for (const queue of [node, reply]) expect(queue).toMatchObject(durable);
    expect(exchanges.map((one) => one!.durable)).toEqual([true, true]);
    for (const queue of shape(made(false, true)).slice(0, 2)) {
      expect(queue).toMatchObject({ durable: false, exclusive: true, autoDelete: true });
    }
  });
});

/** Everything a queue gets from now on. */
async function overhear(name: string, box: Mailbox, what: 'requests' | 'replies'): Promise<Message[]> {
  const channel = await connect(name).channel();
  const heard: Message[] = [];
  const queue =
    what === 'requests'
      ? { ...box.nodeQueue('listener'), name: 'overhear-requests' }
      : { ...box.replyQueue, name: 'overhear-replies' };
  await channel.declareQueue(queue);
  await channel.consume(queue.name, (m) => heard.push(m), { noAck: true });
  return heard;
}
const bodyOf = (m: Message) => JSON.parse(new TextDecoder().decode(m.body)) as Record<string, unknown>;

describe('what a broadcast puts on the wire is what Celery puts there', () => {
  const seen = new Set<string>();
  for (const c of golden.cases) {
    const request = c.requests[0];
    if (!request || seen.has(c.name)) continue;
    seen.add(c.name);
    it(`for ${c.name}`, async () => {
      const name = randomUUID();
      const recorded = request.body_json;
      const to = recorded.reply_to as { exchange: string; routing_key: string } | undefined;
      const box = mailbox(name, to?.routing_key, createTimer());
      const heard = await overhear(name, box, 'requests');

      await box.broadcast(c.command, {
        arguments: recorded.arguments as Record<string, unknown>,
        destination: c.destination,
        pattern: c.pattern,
        matcher: c.matcher,
        reply: 'ticket' in recorded,
        timeoutMs: 20,
      });

      const m = await until(() => heard[0], 'the request');
      const envelope = JSON.parse(request.envelope_text) as {
        headers: Record<string, number>;
        properties: Record<string, unknown>;
      };
      const body = bodyOf(m);
      expect(Object.keys(body)).toEqual(Object.keys(recorded));
      expect({ ...body, ticket: null, method: null }).toEqual({ ...recorded, ticket: null, method: null });
      expect(Object.keys(m.headers).sort()).toEqual(Object.keys(envelope.headers).sort());
      expect(typeof m.headers.clock).toBe('number');
      expect(Math.abs((m.headers.expires as number) - Date.now() / 1000)).toBeLessThan(60);
      expect(m.properties.delivery_mode).toBe(envelope.properties.delivery_mode);
      expect(m.deliveryInfo).toMatchObject({ exchange: 'celery.pidbox', routing_key: '' });
      expect([m.contentType, m.contentEncoding]).toEqual(['application/json', 'utf-8']);
    });
  }
});

describe('a node answers as Celery does', () => {
  it('with its name, the ticket and the clock, transient, to the exchange and key it was given', async () => {
    const name = randomUUID();
    const recorded = golden.cases.find((c) => c.name === 'ping')!;
    const box = mailbox(name);
    const heard = await overhear(name, box, 'replies');
    const node = box.node('w1@vec', connect(name), () => ({ ok: 'pong' }));
    await node.start();

    const replies = await box.broadcast('ping', { reply: true, limit: 1 });

    const m = await until(() => heard[0], 'the reply');
    const envelope = JSON.parse(recorded.reply_messages[0]!.envelope_text) as {
      headers: Record<string, unknown>;
      properties: Record<string, unknown>;
    };
    expect(bodyOf(m)).toEqual(recorded.reply_messages[0]!.body_json);
    expect(replies).toEqual([recorded.reply_messages[0]!.body_json]);
    expect(Object.keys(m.headers)).toEqual(Object.keys(envelope.headers));
    expect(m.properties.delivery_mode).toBe(envelope.properties.delivery_mode);
    expect(m.deliveryInfo).toMatchObject({ exchange: 'reply.celery.pidbox', routing_key: box.oid });
    await node.stop();
  });

  it('with {error: repr} when the handler throws', async () => {
    const name = randomUUID();
    const box = mailbox(name);
    const node = box.node('w@h', connect(name), (method) => {
      throw new KeyError(method);
    });
    await node.start();
    const replies = await box.broadcast('nothing', { reply: true, destination: ['w@h'] });
    expect(replies).toEqual([{ 'w@h': { error: "KeyError('nothing')" } }]);
  });

  it('with {error: repr} when the answer cannot be written', async () => {
    const name = randomUUID();
    const box = mailbox(name);
    const node = box.node('w@h', connect(name), () => ({ odd: Symbol('odd') }));
    await node.start();
    const replies = await box.broadcast('scheduled', { reply: true, destination: ['w@h'] });
    expect(replies).toEqual([{ 'w@h': { error: "EncodeError('Object of type symbol is not JSON serializable')" } }]);
    await node.stop();
  });

  it('only when it is meant: destination first, then pattern with matcher, else everyone', async () => {
    const name = randomUUID();
    const timer = new ManualTimer();
    const box = mailbox(name, undefined, timer);
    const names = ['w1@a', 'w2@a', 'x@b'];
    for (const hostname of names) {
      await box.node(hostname, connect(name), () => ({ ok: 1 })).start();
    }
    const ask = async (options: Parameters<Mailbox['broadcast']>[1], count: number) => {
      const asked = box.broadcast('ping', { reply: true, limit: count + 1, timeoutMs: 150, ...options });
      // Who has answered this has answered what was asked before it, or does not mean to.
      await box.broadcast('ping', { reply: true, limit: names.length, timeoutMs: 600_000 });
      timer.advance(150);
      const replies = await asked;
      return replies.flatMap((reply) => Object.keys(reply)).sort();
    };
    expect(await ask({}, 3)).toEqual(['w1@a', 'w2@a', 'x@b']);
    expect(await ask({ destination: ['x@b', 'nobody'] }, 1)).toEqual(['x@b']);
    expect(await ask({ pattern: 'w?@*', matcher: 'glob' }, 2)).toEqual(['w1@a', 'w2@a']);
    expect(await ask({ pattern: 'w[!1]', matcher: 'glob' }, 0)).toEqual([]);
    expect(await ask({ pattern: 'w[12]@', matcher: 'pcre' }, 2)).toEqual(['w1@a', 'w2@a']);
    expect(await ask({ pattern: 'w1*', matcher: null }, 3)).toHaveLength(3);
    // Nobody is not everybody, letters have their case, and a pattern that would run for ever is nobody's.
    expect(await ask({ destination: [] }, 0)).toEqual([]);
    expect(await ask({ pattern: 'W', matcher: 'pcre' }, 0)).toEqual([]);
    expect(await ask({ pattern: '((){200}){200}', matcher: 'pcre' }, 0)).toEqual([]);
    expect(await ask({ pattern: '(?=w)', matcher: 'pcre' }, 0)).toEqual([]);
  });

  it('and lives through a message that is no request', async () => {
    const name = randomUUID();
    const box = mailbox(name);
    const channel = await connect(name).channel();
    const asked: string[] = [];
    await box.node('w@h', connect(name), (method) => ({ ok: asked.push(method) })).start();
    const odd = { toString: 1, valueOf: 1 };
    const send = (exchange: string, routingKey: string, text: string, headers: Record<string, unknown>) =>
      channel.publish({
        exchange,
        routingKey,
        body: new TextEncoder().encode(text),
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        headers,
        properties: {},
      });
    for (const text of ['{', '[]', '"x"', '{"method": 3}', '']) await send('celery.pidbox', '', text, {});
    await send('celery.pidbox', '', '{"method": "ping"}', { clock: odd });
    await box.broadcast('ping', { reply: true, limit: 1 });
    await send('reply.celery.pidbox', box.oid, '{}', { clock: odd, expires: odd, ticket: odd });
    expect(await box.broadcast('ping', { reply: true, limit: 1 })).toEqual([{ 'w@h': { ok: 3 } }]);
  });
});

describe('collecting replies', () => {
  it('ends at the limit, by default the number of destinations', async () => {
    const name = randomUUID();
    const box = mailbox(name);
    for (const hostname of ['a@h', 'b@h']) {
      await box.node(hostname, connect(name), () => 1).start();
    }
    // Longer than this test may take.
    const replies = await box.broadcast('ping', { reply: true, destination: ['a@h', 'b@h'], timeoutMs: 600_000 });
    expect(replies).toHaveLength(2);
  });

  it('ends at the deadline with what has come, telling each as it comes', async () => {
    const name = randomUUID();
    const timer = new ManualTimer();
    const box = mailbox(name, undefined, timer);
    await box.node('a@h', connect(name), () => 1).start();
    await box.node('slow@h', connect(name), () => new Promise(() => {})).start();
    const received: unknown[] = [];
    const asked = box.broadcast('ping', { reply: true, timeoutMs: 100, onReply: (r) => received.push(r) });
    await until(() => received.length === 1, 'the one that answers');
    timer.advance(100);
    const replies = await asked;
    expect(replies).toEqual([{ 'a@h': 1 }]);
    expect(received).toEqual(replies);
  });

  it('ends when all have answered who heard the question, where the broker says how many, and never after its limit', async () => {
    const name = randomUUID();
    const box = mailbox(name, undefined, undefined, 'counting');
    for (const hostname of ['a@h', 'b@h']) await box.node(hostname, connect(name), () => 1).start();
    // Nobody moves the time: what does not end by number does not end.
    const ask = (options: Parameters<Mailbox['broadcast']>[1] = {}) =>
      box.broadcast('ping', { reply: true, ...options });
    hearers = Promise.resolve(2);
    expect(await ask()).toEqual([{ 'a@h': 1 }, { 'b@h': 1 }]);
    expect(await ask({ limit: 1 })).toHaveLength(1);
    expect(await ask({ destination: ['b@h'] })).toEqual([{ 'b@h': 1 }]);
    hearers = Promise.resolve(0);
    expect(await ask()).toEqual([]);
    // The answers may be quicker than the number.
    let say = (_: number) => {};
    hearers = new Promise((resolve) => {
      say = resolve;
    });
    let answered = 0;
    const both = ask({ limit: 3, onReply: () => ++answered === 2 && say(2) });
    expect(await both).toHaveLength(2);
  });

  it('takes no answer after its end, and leaves no timer behind', async () => {
    const name = randomUUID();
    const timer = new ManualTimer();
    const box = mailbox(name, undefined, timer);
    const late: (() => void)[] = [];
    for (const hostname of ['a@h', 'b@h']) {
      await box.node(hostname, connect(name), () => new Promise((done) => late.push(() => done(1)))).start();
    }
    const received: unknown[] = [];
    const asked = box.broadcast('ping', { reply: true, limit: 1, timeoutMs: 1000, onReply: (r) => received.push(r) });
    await until(() => late.length === 2, 'both were asked');
    late[0]!();
    const replies = await asked;
    const timers = timer.size;
    late[1]!();
    // One that comes by the same queues after it has been taken by then.
    const again = box.broadcast('ping', { reply: true, limit: 1, timeoutMs: 1000 });
    await until(() => late.length === 4, 'both were asked again');
    late[2]!();
    await again;
    expect(replies).toHaveLength(1);
    expect(received).toHaveLength(1);
    // Both times the same is left: when to give up the queue of replies.
    expect(timer.size).toBe(timers);
  });

  it('hears late answers for a minute, for who wants them', async () => {
    const name = randomUUID();
    const timer = new ManualTimer();
    const box = mailbox(name, undefined, timer);
    const answers: (() => void)[] = [];
    for (const hostname of ['a@h', 'b@h', 'c@h'])
      await box.node(hostname, connect(name), () => new Promise((done) => answers.push(() => done(hostname)))).start();
    const late: unknown[] = [];
    const received: unknown[] = [];
    const asked = box.broadcast('ping', {
      reply: true,
      timeoutMs: 100,
      onReply: (r) => received.push(r),
      onLate: (r) => late.push(r),
    });
    await until(() => answers.length === 3, 'all were asked');
    answers[0]!();
    await until(() => received.length === 1, 'the one in time');
    timer.advance(100);
    expect(await asked).toHaveLength(1);
    // The queue of replies is there for as long.
    timer.advance(59_000);
    answers[1]!();
    await until(() => late.length === 1, 'the late one');
    timer.advance(1000);
    answers[2]!();
    // What comes by the same queue after it has been taken by then.
    const again = box.broadcast('ping', { reply: true, limit: 1, timeoutMs: 1000 });
    await until(() => answers.length === 6, 'all were asked again');
    answers[3]!();
    await again;
    expect([received.length, late.length]).toEqual([1, 1]);
  });

  it('keeps concurrent broadcasts apart by their tickets', async () => {
    const name = randomUUID();
    const box = mailbox(name);
    await box.node('a@h', connect(name), (_, args) => args.n).start();
    const answers = await Promise.all(
      [1, 2, 3].map((n) => box.broadcast('n', { arguments: { n }, reply: true, limit: 1 })),
    );
    expect(answers).toEqual([[{ 'a@h': 1 }], [{ 'a@h': 2 }], [{ 'a@h': 3 }]]);
  });

  it('leaves no queue for replies behind when nobody waits any more, and has one again for the next', async () => {
    const name = randomUUID();
    const timer = new ManualTimer();
    const box = new Mailbox({ namespace: 'celery', connection: connect(name), clock: new LamportClock(), timer });
    opened.push(box);
    const channel = await connect(name).channel();
    await box.node('a@h', connect(name), () => 1).start();
    const ping = () => box.broadcast('ping', { reply: true, limit: 1 });
    const queue = () => channel.queueStatus(box.replyQueue.name);
    await ping();
    timer.advance(4999);
    await ping();
    timer.advance(4999);
    expect(await queue()).not.toBeNull();
    timer.advance(1);
    // Asked in the same breath: what goes and what comes have one name.
    expect(await ping()).toEqual([{ 'a@h': 1 }]);
    expect(await queue()).not.toBeNull();
    timer.advance(5000);
    await until(async () => (await queue()) === null, 'the queue to go');
  });

  it('moves the clocks of both sides', async () => {
    const name = randomUUID();
    const asking = mailbox(name);
    const answering = mailbox(name);
    asking.options.clock.value = 100;
    await answering.node('a@h', connect(name), () => 1).start();
    await asking.broadcast('ping', { reply: true, limit: 1 });
    expect(answering.options.clock.value).toBeGreaterThan(101);
    expect(asking.options.clock.value).toBeGreaterThan(answering.options.clock.value);
  });
});
