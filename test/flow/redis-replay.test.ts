// What real Celery's worker was given over Redis is given to ours, and what it wrote is compared: every record, message, event and
// chord counter, the bookkeeping of unacknowledged messages, and all that stands in Redis at the end.
// How ours gets there differs on purpose: it takes a message and records it as unacked in one script (no BRPOP), acknowledges in
// batches, stores and publishes a record in a script instead of MULTI. Where the outcome differs: `asOurs`.
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { Reject, RemoteError } from '../../server/errors.ts';
import { silentLogger } from '../../server/log.ts';
import { decodeJson } from '../../server/serialization/json.ts';
import { Worker } from '../../server/worker/worker.ts';
import golden from '../golden/worker-redis-traffic.json' with { type: 'json' };
import { type RedisMonitor, redisMonitor } from '../support/redis-monitor.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../support/redis-server.ts';
import { until } from '../support/until.ts';

interface Entry {
  cmd?: string[];
  brpop_reply?: [key: string, text: string];
}
interface Case {
  name: string;
  commands: Entry[];
}
interface Envelope {
  body: string;
  headers: Record<string, unknown>;
  properties: Record<string, unknown>;
}
type Event = Record<string, unknown> & { type: string; uuid?: string };

const cases = golden.cases as unknown as Case[];
const envelope = (text: string) => decodeJson(text) as Envelope;
const bodyOf = (text: string) => {
  const { body } = envelope(text);
  return JSON.parse(Buffer.from(body, 'base64').toString());
};
const pythonError = (type: string, message: string) => new RemoteError(type, [message], { excModule: 'builtins' });

function define(app: Celery): void {
  app.task({ name: 'vec.add', params: ['x', 'y'] }, (x: number, y: number) => x + y);
  app.task('vec.xsum', (numbers: number[]) => numbers.reduce((a, b) => a + b, 0));
  app.task({ name: 'vec.echo', bind: true }, function (..._: unknown[]) {
    return { args: this.request.args, kwargs: this.request.kwargs };
  });
  app.task('vec.fail', (text: string) => {
    throw pythonError('ValueError', text);
  });
  app.task({ name: 'vec.retry_long', bind: true, max_retries: 2 }, function () {
    throw this.retry({ countdown: 600, exc: pythonError('ValueError', 'again') });
  });
  app.task({ name: 'vec.reject', acks_late: true }, () => {
    throw new Reject('no', false);
  });
  app.task({ name: 'vec.replace', bind: true }, function (x: number) {
    return this.replace(app.signature('vec.add', [x, 100]));
  });
  app.task('vec.errback', (_request: unknown, _error: unknown, _traceback: unknown) => {});
  app.task({ name: 'vec.errback_old', params: ['id'] }, (id: string) => id);
}

/** What a worker was given from outside: what it popped and had not pushed itself. */
function givenTo({ commands }: Case): [key: string, text: string][] {
  const own = new Set(commands.flatMap(({ cmd }) => (cmd?.[0] === 'LPUSH' ? [cmd[2]] : [])));
  return commands.flatMap(({ brpop_reply: popped }) => (popped && !own.has(popped[1]) ? [popped] : []));
}

/** Parts of a chord count themselves against the size that the client sets: here by its key. */
function chordSizes({ commands }: Case): Map<string, number> {
  const parts = commands.flatMap(({ cmd }) => (cmd?.[0] === 'ZADD' && cmd[1]!.endsWith('.j') ? [cmd[1]!] : []));
  return new Map([...new Set(parts)].map((key) => [key.replace(/j$/, 's'), parts.filter((one) => one === key).length]));
}

const WRITES = new Set('SETEX ZADD HSET ZREM HDEL SADD SREM DEL LPUSH RPUSH EXPIRE'.split(' '));

describeNeedsRedis('the traffic of a real worker', () => {
  let server: RedisServer;
  let monitor: RedisMonitor;
  beforeAll(async () => {
    server = await redisServer();
    monitor = await redisMonitor(server.port);
  });
  afterAll(async () => {
    monitor.close();
    await server.close();
  });

  function database(): { url: string; number: number; keys: Redis } {
    const url = server.freshUrl();
    const keys = new Redis(url);
    onTestFinished(() => keys.disconnect());
    return { url, number: Number(new URL(url).pathname.slice(1)), keys };
  }

  async function worker(url: string): Promise<Worker> {
    const settings = { broker: url, backend: url, task_send_sent_event: true };
    const app = new Celery('vec', settings, { env: {}, log: silentLogger });
    define(app);
    const made = new Worker(app, {
      hostname: 'w1@vec',
      concurrency: 1,
      taskEvents: true,
      log: silentLogger,
      heartbeatInterval: 60,
    });
    onTestFinished(async () => {
      await made.stop('cold');
      await app.close();
    });
    await made.start();
    return made;
  }

  /** The recorded worker's writes, done again. */
  async function replayInto(keys: Redis, { commands }: Case): Promise<void> {
    for (const { cmd, brpop_reply: popped } of commands) {
      if (popped) await keys.lrem(popped[0], 1, popped[1]);
      else if (WRITES.has(cmd![0]!)) await keys.call(cmd![0]!, ...cmd!.slice(1));
    }
  }

  const scenarios = cases.filter(({ name }) => !/^worker_/.test(name));
  it.each(scenarios.map((c) => [c.name, c] as const))(
    '%s: the same records, messages, events and end',
    async (_, c) => {
      const [theirs, ours] = [database(), database()];
      const given = givenTo(c);
      expect(given.length).toBeGreaterThan(0);
      for (const { keys } of [theirs, ours]) {
        for (const [key, size] of chordSizes(c)) await keys.setex(key, 86_400, size);
      }
      await replayInto(theirs.keys, c);
      const their = c.commands.flatMap(({ cmd }) => (cmd ? [cmd] : []));

      const running = await worker(ours.url);
      for (const [key, text] of given) await ours.keys.lpush(key, text);
      const events = async () => eventsOf(await monitor.commands(ours.number));
      await until(async () => (await events()).length >= eventsOf(their).length, 'as many events');
      const held = await theirs.keys.hlen('unacked');
      await until(async () => (await ours.keys.hlen('unacked')) === held, 'the acknowledgements');
      await running.events.flush();
      const our = await monitor.commands(ours.number);

      const known = new Set(given.flatMap(([, text]) => idsIn(text)));
      const look = (value: unknown) => comparable(value, known);
      const story = (commands: string[][]) => inOrder(look(eventsOf(commands)) as Event[]);
      expect(look(recordsOf(our))).toEqual(asOurs(look(recordsOf(their))));
      expect(look(messagesOf(our, given))).toEqual(asOurs(look(messagesOf(their, given))));
      expect(story(our)).toEqual(asOurs(story(their)));
      expect(taken(our, given)).toEqual(taken(their, given));
      expect(look(await dump(ours.keys))).toEqual(asOurs(look(await dump(theirs.keys))));
      expectOrder(our, given);
    },
  );

  const bindings = async (keys: Redis) => {
    const sets = (await keys.keys('_kombu.binding.*')).sort();
    return comparable(await Promise.all(sets.map(async (key) => [key, await keys.smembers(key)])), new Set());
  };
  const caseOf = (name: string) => cases.find((c) => c.name === name)!;

  it('a worker that starts binds, subscribes and says the same, and one that stops gives back what it holds and its bindings', async () => {
    const [theirs, ours] = [database(), database()];
    const start = caseOf('worker_startup');
    await replayInto(theirs.keys, start);
    const running = await worker(ours.url);
    expect(await bindings(ours.keys)).toEqual(await bindings(theirs.keys));
    const heard = (commands: readonly string[][]) =>
      commands
        .flatMap(([name, ...names]) => (name === 'PSUBSCRIBE' ? names : []))
        .map((name) => name.replace(/^\/\d+/, '/0'))
        .sort();
    const said = (commands: readonly string[][]) =>
      commands
        .flatMap(([name, channel, text]) => (name === 'PUBLISH' && channel!.endsWith('online') ? [bodyOf(text!)] : []))
        // One field is ours alone.
        .map((event) => Object.keys(event as object).filter((field) => field !== 'loop_delay'));
    const their = start.commands.flatMap(({ cmd }) => (cmd ? [cmd] : []));
    await until(async () => heard(await monitor.commands(ours.number)).length === 2, 'both subscriptions');
    const our = await monitor.commands(ours.number);
    expect(heard(our)).toEqual(heard(their));
    expect(said(our)).toEqual(said(their));

    for (const name of ['retry_long', 'worker_shutdown']) await replayInto(theirs.keys, caseOf(name));
    const given = givenTo(caseOf('retry_long'));
    for (const [key, text] of given) await ours.keys.lpush(key, text);
    const state = async () => JSON.stringify(await ours.keys.mget(await ours.keys.keys('celery-task-meta-*')));
    await until(
      async () =>
        (await state()).includes('RETRY') &&
        (await ours.keys.llen('celery')) === 0 &&
        (await ours.keys.hlen('unacked')) === 1 &&
        // The first try is unacked for a moment after it has told of its retry, which is not sent yet.
        /"retries\W+1\b/.test((await ours.keys.hvals('unacked')).join()),
      'the retry to wait',
    );
    await running.stop('warm');

    const known = new Set(given.flatMap(([, text]) => idsIn(text)));
    const [left, expected] = [comparable(await dump(ours.keys), known), comparable(await dump(theirs.keys), known)];
    expect(left).toEqual(asOurs(expected));
    expect(left).toMatchObject({ celery: [{ headers: { redelivered: true } }] });
    expect(await bindings(ours.keys)).toEqual(await bindings(theirs.keys));
  });
});

// -- what a list of commands says

/** Every record stored, by key in order; each is told to those who wait, too. */
function recordsOf(commands: readonly string[][]): Record<string, unknown[]> {
  const stored = commands.filter(([name, key]) => name === 'SETEX' && key!.startsWith('celery-task-meta-'));
  const received = commands.filter(([name, key]) => name === 'PUBLISH' && key!.startsWith('celery-task-meta-'));
  expect(received.map(([, key, text]) => [key, text])).toEqual(stored.map(([, key, , text]) => [key, text]));
  const records: Record<string, unknown[]> = {};
  for (const [, key, ttl, text] of stored) {
    records[key!] ??= [];
    records[key!]!.push({ ttl, ...(JSON.parse(text!) as object) });
  }
  return records;
}

function messagesOf(commands: readonly string[][], given: readonly (readonly [string, string])[]): unknown[] {
  const own = new Set(given.map(([, text]) => text));
  const pushed = commands.flatMap(([name, key, ...texts]) =>
    name === 'LPUSH' ? texts.filter((text) => !own.has(text)).map((text) => ({ key, ...readable(text) })) : [],
  );
  return pushed;
}

function readable(text: string): object {
  const { body: _, ...rest } = envelope(text);
  const { delivery_tag: _tag, ...properties } = rest.properties;
  return { ...rest, properties, body: bodyOf(text) };
}

const eventsOf = (commands: readonly string[][]): Event[] =>
  commands
    .filter(([name, channel]) => name === 'PUBLISH' && /^\/\d+\.celeryev\/task\./.test(channel!))
    .flatMap(([, , text]) => bodyOf(text!) as Event | Event[])
    // What ours say beside Celery's fields, of a task that is a part of something (docs/compatibility.md).
    .map(({ group_id: _id, group_index: _index, canvas: _canvas, ...event }) => event as Event);

/** All of one kind together, by task. */
function inOrder(events: readonly Event[]): Event[] {
  const rank = ['sent', 'received', 'started', 'retried', 'succeeded', 'failed', 'rejected'].map((of) => `task-${of}`);
  return [...events].sort((a, b) => rank.indexOf(a.type) - rank.indexOf(b.type) || (a.uuid! < b.uuid! ? -1 : 1));
}

/** What was recorded as unacked, and what of it was acknowledged. */
function taken(commands: readonly string[][], given: readonly (readonly [string, string])[]): unknown {
  const pairs = commands.flatMap(([name, key, ...rest]) => (name === 'HSET' && key === 'unacked' ? [rest] : [])).flat();
  const records = new Map<string, string>();
  for (let i = 0; i < pairs.length; i += 2) records.set(pairs[i]!, pairs[i + 1]!);
  const gone = (command: string, from: string) =>
    new Set(commands.flatMap(([name, key, ...tags]) => (name === command && key === from ? tags : [])));
  const [forgotten, unlisted] = [gone('HDEL', 'unacked'), gone('ZREM', 'unacked_index')];
  return given.map(([, text]) => {
    const tag = envelope(text).properties.delivery_tag as string;
    return [tag, JSON.parse(records.get(tag)!), forgotten.has(tag), unlisted.has(tag)];
  });
}

/**
 * The record of a task after its message was taken and its links were sent, and before its chord part. Of a retry the record comes
 * before the message, for the next try may end before this one does; in Celery it comes after.
 */
function expectOrder(commands: readonly string[][], given: readonly (readonly [string, string])[]): void {
  const at = (is: (command: string[]) => boolean) => commands.findIndex(is);
  for (const [, text] of given) {
    const { headers, properties } = envelope(text);
    const id = String(headers.id);
    const stored = at(([name, key]) => name === 'SETEX' && key === `celery-task-meta-${id}`);
    if (stored < 0) continue;
    const took = at(([name, key, ...rest]) => {
      return name === 'HSET' && key === 'unacked' && rest.includes(properties.delivery_tag as string);
    });
    expect(took).toBeLessThan(stored);
    const part = at(([name, key, , member]) => name === 'ZADD' && key!.endsWith('.j') && member!.includes(id));
    if (part >= 0) expect(part).toBeGreaterThan(stored);
    const { status } = JSON.parse(commands[stored]![3]!) as { status: string };
    const link = at(([name, , sent]) => name === 'LPUSH' && envelope(sent!).headers.parent_id === id);
    if (link >= 0 && part < 0 && status === 'SUCCESS') expect(link).toBeLessThan(stored);
    else if (link >= 0) expect(link).toBeGreaterThan(stored);
  }
}

/** All that stands in a database, but for bindings, replies to whoever recorded, and what only ours keeps there. */
async function dump(keys: Redis): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const key of (await keys.keys('*')).sort()) {
    if (/^_kombu\.binding|^unacked_taken|reply\.celery\.pidbox$/.test(key)) continue;
    // The parts of a chord that is over: ours keep them for ten seconds more, lest a part that is counted late finds an empty chord.
    const leftMs = await keys.pttl(key);
    if (leftMs === -2 || (key.endsWith('.j') && leftMs >= 0 && leftMs <= 10_000)) continue;
    const type = await keys.type(key);
    const ttl = Math.ceil((await keys.ttl(key)) / 100);
    if (type === 'string') found[key] = [ttl, JSON.parse((await keys.get(key))!)];
    else if (type === 'list') found[key] = (await keys.lrange(key, 0, -1)).map(readable);
    else if (type === 'hash') found[key] = Object.values(await keys.hgetall(key)).map(unackedRecord);
    else if (type === 'zset') found[key] = await keys.zcard(key);
    else found[key] = [type];
  }
  return found;
}

function unackedRecord(text: string): unknown {
  const [message, exchange, routingKey] = JSON.parse(text) as [object, string, string];
  return [readable(JSON.stringify(message)), exchange, routingKey];
}

// -- laying two side by side

/** What Celery's worker left, as ours leaves it. */
function asOurs(value: unknown): unknown {
  const text = JSON.stringify(value, (key, one: unknown) => {
    // Celery counts a task that is tried again among its own children, and gives the traceback of its Retry, not of the cause.
    if (isDict(one) && one.status === 'RETRY') return { ...one, children: null };
    if (key === 'traceback' && /^celery\.exceptions\.Retry:/.test(String(one))) return 'ValueError: again';
    // The origin of a message sent again is a property, too, for Celery knows no option of that name.
    if (isDict(one) && 'delivery_mode' in one) return { ...one, origin: undefined };
    // Celery sends an errback as a group of one.
    if (isDict(one) && one.group === 'made-up') return { ...one, group: null, group_index: null };
    if (key === 'group_id' && one === 'made-up') return undefined;
    // Celery leaves the counters of a chord that failed to expire.
    if (key.startsWith('celery-taskset-meta-')) return undefined;
    return one;
  });
  return JSON.parse(text) as unknown;
}

const isDict = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const UUID = /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g;

function idsIn(text: string): string[] {
  const body = Buffer.from(envelope(text).body, 'base64').toString();
  return [text, body].flatMap((one) => one.match(UUID) ?? []);
}

/** What moves with clock, process and chance is the same word on both sides. */
const MOVING = new Set(['timestamp', 'clock', 'pid', 'utcoffset', 'runtime', 'origin', 'reply_to']);

function comparable(value: unknown, known: ReadonlySet<string>): unknown {
  const text = JSON.stringify(value, (key, one: unknown) => {
    if (MOVING.has(key)) return key;
    if (key === 'hostname' && String(one).startsWith('gen')) return 'client';
    if (key === 'traceback' && typeof one === 'string') return one.trimEnd().split('\n').at(-1);
    return one;
  });
  const same = text
    .replace(UUID, (id) => (known.has(id) ? id : 'made-up'))
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?\+00:00/g, 'time');
  return JSON.parse(same) as unknown;
}
