// The calls recorded in golden/publish-redis.json, made here: which call of ours is which call of Python's, and how the messages
// of both are laid side by side. Run on a broker in memory (publish.test.ts) and on a real Redis (flow/redis-publish.test.ts).
import type { Celery } from '../../../server/app/celery.ts';
import type { SettingsInput } from '../../../server/app/config.ts';
import type { Task } from '../../../server/app/task.ts';
import type { ApplyOptions } from '../../../server/canvas/call-options.ts';
import { chord, group } from '../../../server/canvas/compose.ts';
import { Codec } from '../../../server/serialization/codec.ts';
import { compress, decompress } from '../../../server/serialization/compression/compression.ts';
import { decodeJson, encodeJson } from '../../../server/serialization/json.ts';
import { exchange, queue } from '../../../server/transport/entity.ts';
import golden from '../../golden/publish-redis.json' with { type: 'json' };

/** Reads what the recordings hold. */
export const READER: Codec = new Codec();
const COMPRESSIONS = ['zlib', 'gzip', 'bzip2', 'bzip', 'lzma', 'xz', 'zstd', 'brotli'];
await READER.load(['msgpack', 'yaml']);
// Loaded once, a kind opens small bodies at once.
for (const name of COMPRESSIONS) await compress(Buffer.alloc(0), name);

export function bodyOf(envelope: Envelope): unknown {
  const bytes = Buffer.from(envelope.body, 'base64');
  const { compression } = envelope.headers;
  const plain = typeof compression === 'string' ? (decompress(bytes, compression) as Uint8Array) : bytes;
  const accept = READER.acceptSet(['json', 'msgpack', 'yaml']);
  return READER.decode(plain, envelope['content-type'], envelope['content-encoding'], accept);
}

export interface Envelope {
  /** Base64. */
  body: string;
  'content-encoding': string;
  'content-type': string;
  headers: Record<string, unknown>;
  properties: Record<string, unknown> & { delivery_info: { exchange: string; routing_key: string } };
}

export interface Recorded {
  readonly name: string;
  readonly commands: readonly (readonly string[])[];
  readonly messages: readonly { readonly key: string; readonly envelope_text: string }[];
}

const CASES = new Map((golden.cases as unknown as Recorded[]).map((c) => [c.name, c]));
export const recorded = (name: string): Recorded => CASES.get(name)!;
export const envelopesOf = (name: string): Envelope[] =>
  recorded(name).messages.map((m) => decodeJson(m.envelope_text) as Envelope);

export const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const ID: string = id(1);

export interface Tasks {
  readonly app: Celery;
  readonly add: Task<[number, number], number>;
  readonly xsum: Task<[number[]], number>;
  readonly echo: Task<unknown[], unknown>;
  readonly noresult: Task<[], void>;
}

export function tasksOf(app: Celery): Tasks {
  return {
    app,
    add: app.task({ name: 'vec.add', params: ['x', 'y'] }, (x: number, y: number) => x + y),
    xsum: app.task({ name: 'vec.xsum', params: ['xs'] }, (xs: number[]) => xs.length),
    echo: app.task({ name: 'vec.echo' }, (...args: unknown[]) => args),
    noresult: app.task({ name: 'vec.noresult', ignore_result: true }, () => {}),
  };
}

/** What differs from one recording to the next: this process, ids made up, what moves with the clock. */
export interface Moving {
  /** eta and expires. */
  readonly moving?: boolean;
  /** The call gave its reply_to. */
  readonly ownReply?: boolean;
  /** The group's id was made up. */
  readonly ownGroup?: boolean;
}

/** All of an envelope that has to be the same, as Python would write it: names, order (but of properties) and values. */
export function comparable(envelope: Envelope, given: Moving = {}): string {
  const { moving = false, ownReply = false, ownGroup = false } = given;
  const { headers, properties } = envelope;
  const body = bodyOf(envelope);
  const madeUp = ownGroup ? (body as { group: string }).group : null;
  const own = (value: unknown) => (madeUp !== null && value === madeUp ? 'group' : value);
  return encodeJson({
    ...envelope,
    // PyYAML sorts the keys.
    body: normal(envelope['content-type'] === 'application/x-yaml' ? keysSorted(body) : body, own),
    headers: {
      ...headers,
      ...('origin' in headers ? { origin: 'here' } : {}),
      ...(moving ? { eta: headers.eta && 'later', expires: headers.expires && 'later' } : {}),
    },
    properties: sorted({
      ...properties,
      ...(ownReply ? {} : { reply_to: 'own' }),
      ...(moving && 'expiration' in properties ? { expiration: 'later' } : {}),
      delivery_tag: 'tag',
    }),
  });
}

const sorted = (of: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)));

export const keysSorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(keysSorted);
  if (typeof value !== 'object' || value === null) return value;
  return sorted(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, keysSorted(item)])));
};

/** Replies go to each client's own queue, the ids of some groups are made up. */
function normal(value: unknown, own: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => normal(one, own));
  if (typeof value !== 'object' || value === null) return own(value);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, k === 'reply_to' ? 'own' : normal(v, own)]));
}

const errback = (t: Tasks) => t.app.signature('vec.errback');
const payloadOf = (name: string) => bodyOf(envelopesOf(name)[0]!) as [unknown[], Record<string, unknown>];
const ETA = '2030-01-02T03:04:05.678901+00:00';

type Call = (t: Tasks) => Promise<unknown>;
const add =
  (options: ApplyOptions): Call =>
  (t) =>
    t.add.applyAsync([2, 3], {}, { task_id: ID, ...options });
/** The call again that was recorded under this name, with its arguments. */
const again =
  (name: string, number: number, options: ApplyOptions): Call =>
  (t) => {
    const [args, kwargs] = payloadOf(name);
    return t.echo.applyAsync(args, kwargs, { task_id: id(number), ...options });
  };
const V1: SettingsInput = { task_protocol: 1 };

export interface RecordedCall extends Moving {
  readonly call: Call;
  readonly settings?: SettingsInput;
}

export const RECORDED_CALLS: Readonly<Record<string, RecordedCall>> = {
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
  queue: { call: add({ queue: 'other' }) },
  queue_quorum_obj: {
    call: add({ queue: queue('q3', { exchange: exchange('ex3', 'topic'), routingKey: 'a.b' }) }),
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
  long_args: { call: again('long_args', 6, {}) },
  ...Object.fromEntries(
    ['json', 'yaml', 'msgpack'].map((serializer) => {
      const args = [1, 'two', 3.5, null, true, [1, 2], { a: 1 }];
      const call: Call = (t) => t.echo.applyAsync(args, { k: 'v' }, { task_id: id(20), serializer });
      return [`serializer_${serializer}`, { call }];
    }),
  ),
  json_datetime: { call: again('json_datetime', 22, {}) },
  ...Object.fromEntries(
    COMPRESSIONS.map((compression) => {
      const name = `compression_${compression}`;
      return [name, { call: again(name, 21, { compression }) }];
    }),
  ),
  v1_simple: { settings: V1, call: add({}) },
  v1_full: {
    settings: V1,
    call: (t) =>
      add({ eta: ETA, expires: ETA, link: t.add.s(1), link_error: errback(t), time_limit: 9, soft_time_limit: 8 })(t),
    moving: true,
  },
  v1_group: {
    settings: V1,
    call: (t) => {
      const calls = [t.add.s(1, 1).set({ task_id: id(41) }), t.add.s(2, 2).set({ task_id: id(42) })];
      return group(calls).applyAsync([], {}, { task_id: id(40) });
    },
  },
  v1_chord: {
    settings: V1,
    ownGroup: true,
    call: (t) => {
      const header = group(t.add.s(1, 1).set({ task_id: id(51) }), t.add.s(2, 2).set({ task_id: id(52) }));
      return chord(header, t.xsum.s().set({ task_id: id(53) })).applyAsync();
    },
  },
  link_list: { call: (t) => add({ link: [t.add.s(1), t.add.s(2)] })(t) },
  argsrepr: { call: add({ argsrepr: '(<hidden>)', kwargsrepr: '{<hidden>}' }) },
};
