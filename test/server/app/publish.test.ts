// The message a call makes, compared with what real Celery made of the same call.
import { describe, expect, it } from 'vitest';
import type { Celery } from '../../../server/app/celery.ts';
import type { Task } from '../../../server/app/task.ts';
import type { ApplyOptions } from '../../../server/canvas/call-options.ts';
import { chord, group } from '../../../server/canvas/compose.ts';
import { ImproperlyConfigured, QueueNotFound } from '../../../server/errors.ts';
import { decompress } from '../../../server/serialization/compression.ts';
import { decodeJson } from '../../../server/serialization/json.ts';
import { signals } from '../../../server/signals.ts';
import { exchange, queue } from '../../../server/transport/entity.ts';
import type { Message } from '../../../server/transport/message.ts';
import golden from '../../golden/publish-redis.json' with { type: 'json' };
import { makeApp } from '../../support/world.ts';

interface Envelope {
  body: string;
  'content-type': string;
  'content-encoding': string;
  headers: Record<string, unknown>;
  properties: Record<string, unknown> & { delivery_info: { exchange: string; routing_key: string } };
}

const CASES = new Map(golden.cases.map((c) => [c.name, c as unknown as { messages: { envelope_text: string }[] }]));
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const ID = id(1);

interface Tasks {
  readonly app: Celery;
  readonly add: Task<[number, number], number>;
  readonly xsum: Task<[number[]], number>;
  readonly echo: Task<unknown[], unknown>;
  readonly noresult: Task<[], void>;
}

function tasks(settings = {}): Tasks {
  const app = makeApp({ settings });
  return {
    app,
    add: app.task({ name: 'vec.add', params: ['x', 'y'] }, (x: number, y: number) => x + y),
    xsum: app.task({ name: 'vec.xsum', params: ['xs'] }, (xs: number[]) => xs.length),
    echo: app.task({ name: 'vec.echo' }, (...args: unknown[]) => args),
    noresult: app.task({ name: 'vec.noresult', ignore_result: true }, () => {}),
  };
}

async function sent(app: Celery, from = 'celery'): Promise<Message[]> {
  const channel = await app.writeConnection.defaultChannel();
  return (await channel.peek(from, 10)) ?? [];
}

function envelopesOf(name: string): Envelope[] {
  return CASES.get(name)!.messages.map((m) => decodeJson(m.envelope_text) as Envelope);
}

/** Of this process. */
const OWN = ['origin'];
const TIMES = ['eta', 'expires'];

function headersOf(headers: Readonly<Record<string, unknown>>, moving: boolean) {
  return Object.fromEntries(
    Object.entries(headers).filter(([k]) => !OWN.includes(k) && !(moving && TIMES.includes(k))),
  );
}

function propertiesOf(properties: Readonly<Record<string, unknown>>, ownReply: boolean, moving: boolean) {
  const { delivery_tag: _t, delivery_info: _i, body_encoding: _b, reply_to, expiration, ...rest } = properties;
  return {
    ...rest,
    ...(ownReply ? { reply_to } : {}),
    ...(expiration === undefined ? {} : { expiration: moving ? 'moves' : expiration }),
  };
}

function bodyOf(base64: string | Uint8Array, ids: Map<string, string>): unknown {
  const text = Buffer.from(base64 as string, 'base64').toString();
  return normal(JSON.parse(text.replace(/\bInfinity\b/g, '1e999')), ids);
}

/** Replies go to each client's own queue. */
function normal(value: unknown, ids: Map<string, string>): unknown {
  if (Array.isArray(value)) return value.map((one) => normal(one, ids));
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? (ids.get(value) ?? value) : value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, k === 'reply_to' ? 'own' : normal(v, ids)]));
}

const errback = (t: Tasks) => t.app.signature('vec.errback');
const payloadOf = (name: string) =>
  decodeJson(Buffer.from(envelopesOf(name)[0]!.body, 'base64').toString()) as [unknown[], Record<string, unknown>];
const ETA = '2030-01-02T03:04:05.678901+00:00';

type Call = (t: Tasks) => Promise<unknown>;
const add =
  (options: ApplyOptions): Call =>
  (t) =>
    t.add.applyAsync([2, 3], {}, { task_id: ID, ...options });
const echoed =
  (options: ApplyOptions): Call =>
  (t) =>
    t.echo.applyAsync(['a'.repeat(200)], { k: 'v' }, { task_id: id(21), ...options });

const CALLS: Record<string, { call: Call; from?: string; moving?: boolean; ownReply?: boolean }> = {
  delay: { call: add({}) },
  kwargs: { call: (t) => t.add.applyAsync([], { x: 2, y: 3 }, { task_id: id(2) }) },
  no_args: { call: (t) => t.app.sendTask('vec.none', [], {}, { task_id: id(3) }) },
  mixed_unicode: {
    call: (t) =>
      t.echo.applyAsync(
        ['žluťoučký', '日本', '😀', null, true, 1.5, -0, 2n ** 63n],
        { k: [1, { a: 'b' }] },
        { task_id: id(4) },
      ),
  },
  eta_utc: { call: add({ eta: ETA }) },
  eta_naive: { call: add({ eta: '2030-01-02T03:04:05' }) },
  eta_offset: { call: add({ eta: '2030-01-02T03:04:05-05:00' }) },
  countdown: { call: add({ countdown: 10 }), moving: true },
  countdown_zero: { call: add({ countdown: 0 }) },
  expires_seconds: { call: add({ expires: 60 }), moving: true },
  expires_float: { call: add({ expires: 0.5 }), moving: true },
  expires_datetime: { call: add({ expires: ETA }), moving: true },
  expires_string: { call: add({ expires: '2030-01-02T03:04:05' }), moving: true },
  ...Object.fromEntries(
    [0, 1, 3, 5, 6, 9, 10, 255].map((priority) => [`priority_${priority}`, { call: add({ priority }) }]),
  ),
  shadow: { call: add({ shadow: 'pretty' }) },
  time_limits: { call: add({ time_limit: 10, soft_time_limit: 5 }) },
  ignore_result: { call: add({ ignore_result: true }) },
  task_ignore_result: { call: (t) => t.noresult.applyAsync([], {}, { task_id: id(5) }) },
  headers_custom: { call: add({ headers: { my: 'header', n: 1 } }) },
  queue: { call: add({ queue: 'other' }), from: 'other' },
  queue_quorum_obj: {
    call: add({ queue: queue('q3', { exchange: exchange('ex3', 'topic'), routingKey: 'a.b' }) }),
    from: 'q3',
  },
  routing_key_only: { call: add({ routing_key: 'celery2' }) },
  delivery_mode_transient: { call: add({ delivery_mode: 1 }) },
  reply_to: { call: add({ reply_to: 'abc' }), ownReply: true },
  user_props: { call: add({ app_id: 'app', type: 't' }) },
  retries_2: { call: add({ retries: 2 }) },
  link: { call: (t) => add({ link: t.add.s(10).set({ task_id: id(11) }) })(t) },
  link_error: { call: (t) => add({ link_error: errback(t).set({ task_id: id(12) }) })(t) },
  link_both: {
    call: (t) => add({ link: t.add.s(10), link_error: errback(t).setImmutable(true) })(t),
  },
  eta_string: { call: add({ eta: '2030-01-02T03:04:05+00:00' }) },
  retry_signature: { call: add({ retries: 1, eta: ETA }) },
  parents: { call: add({ root_id: id(90), parent_id: id(91) }) },
  group_headers: { call: add({ group_id: id(80), group_index: 3 }) },
  long_args: {
    call: (t) => {
      const [args, kwargs] = payloadOf('long_args');
      return t.echo.applyAsync(args, kwargs, { task_id: id(6) });
    },
  },
  serializer_json: {
    call: (t) =>
      t.echo.applyAsync(
        [1, 'two', 3.5, null, true, [1, 2], { a: 1 }],
        { k: 'v' },
        { task_id: id(20), serializer: 'json' },
      ),
  },
  json_datetime: {
    call: (t) => {
      const [args, kwargs] = payloadOf('json_datetime');
      return t.echo.applyAsync(args, kwargs, { task_id: id(22) });
    },
  },
  link_list: { call: (t) => add({ link: [t.add.s(1), t.add.s(2)] })(t) },
  argsrepr: { call: add({ argsrepr: '(<hidden>)', kwargsrepr: '{<hidden>}' }) },
};

describe('the same call makes the same message as in Celery 5.6', () => {
  for (const [name, { call, from, moving = false, ownReply = false }] of Object.entries(CALLS)) {
    it(name, async () => {
      const t = tasks();
      await call(t);
      const [theirs] = envelopesOf(name);
      const [ours] = await sent(t.app, from);
      expect(headersOf(ours!.headers, moving)).toEqual(headersOf(theirs!.headers, moving));
      expect(propertiesOf(ours!.properties, ownReply, moving)).toEqual(
        propertiesOf(theirs!.properties, ownReply, moving),
      );
      const { exchange: name_, routing_key } = ours!.deliveryInfo;
      expect({ exchange: name_, routing_key }).toEqual(theirs!.properties.delivery_info);
      expect(bodyOf(Buffer.from(ours!.body).toString('base64'), new Map())).toEqual(bodyOf(theirs!.body, new Map()));
      expect([ours!.contentType, ours!.contentEncoding]).toEqual([
        theirs!['content-type'],
        theirs!['content-encoding'],
      ]);
    });
  }

  it('protocol 1: a simple call', async () => {
    const t = tasks({ task_protocol: 1 });
    await add({})(t);
    const [theirs] = envelopesOf('v1_simple');
    const [ours] = await sent(t.app);
    expect(bodyOf(Buffer.from(ours!.body).toString('base64'), new Map())).toEqual(bodyOf(theirs!.body, new Map()));
    expect(ours!.headers).toEqual(theirs!.headers);
  });

  it('protocol 1: every field', async () => {
    const t = tasks({ task_protocol: 1 });
    const limits = { time_limit: 9, soft_time_limit: 8 };
    await add({ eta: ETA, expires: ETA, link: t.add.s(1), link_error: errback(t), ...limits })(t);
    const [theirs] = envelopesOf('v1_full');
    const [ours] = await sent(t.app);
    expect(bodyOf(Buffer.from(ours!.body).toString('base64'), new Map())).toEqual(bodyOf(theirs!.body, new Map()));
  });

  it('protocol 1: a group', async () => {
    const t = tasks({ task_protocol: 1 });
    const calls = [t.add.s(1, 1).set({ task_id: id(41) }), t.add.s(2, 2).set({ task_id: id(42) })];
    await group(calls).applyAsync([], {}, { task_id: id(40) });
    const read = (body: string) => bodyOf(body, new Map());
    expect((await sent(t.app)).map((m) => read(Buffer.from(m.body).toString('base64')))).toEqual(
      envelopesOf('v1_group').map((m) => read(m.body)),
    );
  });

  it.each(['zlib', 'gzip', 'brotli'])('compressed with %s', async (compression) => {
    const t = tasks();
    const [theirs] = envelopesOf(`compression_${compression}`);
    const unpack = (body: Uint8Array) => decompress(body, theirs!.headers.compression as string);
    const [args, kwargs] = decodeJson(Buffer.from(unpack(Buffer.from(theirs!.body, 'base64'))).toString()) as [
      unknown[],
      Record<string, unknown>,
    ];
    await t.echo.applyAsync(args, kwargs, { task_id: id(21), compression });
    const [ours] = await sent(t.app);
    expect(headersOf(ours!.headers, false)).toEqual(headersOf(theirs!.headers, false));
    expect(decodeJson(Buffer.from(unpack(ours!.body)).toString())).toEqual(
      decodeJson(Buffer.from(unpack(Buffer.from(theirs!.body, 'base64'))).toString()),
    );
  });

  it('protocol 1: a chord carries its body in every header task', async () => {
    const t = tasks({ task_protocol: 1 });
    const at = (n: number) => `00000000-0000-4000-8000-0000000000${n}`;
    const header = group(t.add.s(1, 1).set({ task_id: at(51) }), t.add.s(2, 2).set({ task_id: at(52) }));
    await chord(header, t.xsum.s().set({ task_id: at(53) })).applyAsync();
    const theirs = envelopesOf('v1_chord');
    const ours = await sent(t.app);
    const gid = (body: unknown) => (body as { group: string }).group;
    const read = (base64: string) => {
      const body = bodyOf(base64, new Map());
      return normal(body, new Map([[gid(body), 'group']]));
    };
    expect(ours.map((m) => read(Buffer.from(m.body).toString('base64')))).toEqual(theirs.map((m) => read(m.body)));
  });
});

describe('a call is refused', () => {
  it.each(['pickle', 'yaml', 'msgpack', 'nonsense'])(
    'with the serializer %s, which is not here, by name',
    async (name) => {
      await expect(add({ serializer: name })(tasks())).rejects.toThrow(name);
    },
  );
  it.each(['bzip2', 'lzma', 'zstd', 'nonsense'])(
    'with the compression %s, which is not here, by name',
    async (name) => {
      await expect(echoed({ compression: name })(tasks())).rejects.toThrow(name);
    },
  );
  it('with an option that does not exist, naming the nearest', async () => {
    await expect(add({ countdwon: 3 } as never)(tasks())).rejects.toThrow("Did you mean 'countdown'?");
  });
  it('with arguments that do not fit, in the words of Python', async () => {
    const t = tasks();
    await expect(t.add.applyAsync([1] as never)).rejects.toThrow(
      new TypeError("add() missing 1 required positional argument: 'y'"),
    );
    await expect(t.add.applyAsync([1, 2], { z: 3 })).rejects.toThrow("add() got an unexpected keyword argument 'z'");
    await expect(t.add.applyAsync([1], { x: 3 })).rejects.toThrow("add() got multiple values for argument 'x'");
    await expect(t.add.delay(...([1, 2, 3] as unknown as [number, number]))).rejects.toThrow(
      'add() takes 2 positional arguments but 3 were given',
    );
  });
  it('with an eta that is no time', async () => {
    await expect(add({ eta: 'tomorrow' })(tasks())).rejects.toThrow(
      "eta must be a Date or an ISO 8601 time, not 'tomorrow'",
    );
  });
  it.each([
    [{ task_id: '' }, /task_id must be a text/],
    [{ task_id: 5 }, /task_id must be a text that is not empty, not 5/],
    [{ priority: 'high' }, /priority must be a whole number, not the text 'high'/],
    [{ time_limit: 'x' }, /time_limit must be a number of seconds/],
    [{ soft_time_limit: -1 }, /soft_time_limit must be a number of seconds, not -1/],
    [{ countdown: '5' }, /countdown must be a number of seconds, not the text '5'/],
    [{ headers: ['x'] }, /headers must be an object, not a list/],
  ])('with an option of the wrong kind: %o', async (options, text) => {
    await expect(tasks().add.applyAsync([1, 2], {}, options as unknown as ApplyOptions)).rejects.toThrow(text);
  });

  it('with arguments that are no list, or keywords that are no object; null is none', async () => {
    const { app, echo } = tasks();
    await expect(echo.applyAsync('xy' as never)).rejects.toThrow(/must be a list, such as \[2, 3\], not the text 'xy'/);
    await expect(app.sendTask('vec.echo', { x: 1 } as never)).rejects.toThrow(/must be a list.*not an object/);
    await expect(echo.applyAsync([], [1] as never)).rejects.toThrow(/must be an object.*not a list/);
    expect((await echo.applyAsync(null as never, null as never)).id).toEqual(expect.any(String));
  });

  it('for a queue that is not configured when none may be made', async () => {
    const t = tasks({ task_create_missing_queues: false });
    await expect(add({ queue: 'other' })(t)).rejects.toBeInstanceOf(QueueNotFound);
  });
  it('in an app that is closed', async () => {
    const t = tasks();
    await t.app.close();
    await expect(add({})(t)).rejects.toThrow("The app 'test' is closed");
  });
});

describe('around sending', () => {
  it('zlib and brotli bodies say so in a header', async () => {
    const t = tasks();
    await echoed({ compression: 'zlib' })(t);
    await echoed({ compression: 'brotli' })(t);
    expect((await sent(t.app)).map((m) => m.headers.compression)).toEqual([
      'application/x-gzip',
      'application/x-brotli',
    ]);
  });
  it('before_task_publish may change headers, after_task_publish follows', async () => {
    const t = tasks();
    const told: string[] = [];
    const offs = [
      signals.before_task_publish.connect(({ headers, sender }) => {
        headers.trace = `t-${sender}`;
      }),
      signals.after_task_publish.connect(({ routing_key }) => told.push(routing_key)),
    ];
    await add({})(t);
    for (const off of offs) off();
    expect((await sent(t.app))[0]!.headers.trace).toBe('t-vec.add');
    expect(told).toEqual(['celery']);
  });
  it('a task-sent event tells where the message went', async () => {
    const t = tasks({ task_send_sent_event: true });
    const channel = await t.app.writeConnection.defaultChannel();
    await channel.declareQueue(queue('ear', { exchange: exchange('celeryev', 'topic'), routingKey: '#' }));
    await add({ queue: 'other' })(t);
    await t.app.sentEvents()!.flush();
    const [event] = (await channel.peek('ear', 1))!;
    expect(decodeJson(Buffer.from(event!.body).toString())).toMatchObject({
      type: 'task-sent',
      uuid: ID,
      root_id: ID,
      parent_id: null,
      name: 'vec.add',
      args: '(2, 3)',
      kwargs: '{}',
      retries: 0,
      eta: null,
      expires: null,
      queue: 'other',
      exchange: '',
      routing_key: 'other',
    });
  });
  it('nothing opens before something is sent, and close leaves no handle', async () => {
    const t = tasks();
    expect(t.app.timer.size).toBe(0);
    await add({})(t);
    await t.app.close();
    expect(t.app.timer.size).toBe(0);
    expect(() => t.app.writeConnection).toThrow(/closed/);
  });
  it('an unknown setting is refused when the app is made', () => {
    expect(() => makeApp({ settings: { task_ack_late: true } as never })).toThrow(ImproperlyConfigured);
  });
});
