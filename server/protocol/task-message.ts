// Task messages: building protocol 2 and 1, and reading both into one shape. Headers, properties and body keys occur here only.
// How bodies become bytes: serialization/. What brokers do with properties: transport/.
// Holds: a message that is not usable is refused as InvalidTaskError naming field, value and what was expected, and nothing else is
// ever thrown; unknown headers are kept; no key of a message can touch a prototype.
// Celery 5.6: app/amqp.py as_task_v1, as_task_v2; worker/strategy.py proto1_to_proto2, hybrid_to_proto2
import { argsRepr, kwargsRepr } from '../../shared/python-repr.ts';
import { isoformat, PyDateTime, readIsoTime } from '../../shared/python-values.ts';
import { InvalidTaskError } from '../errors.ts';
import type { DeliveryInfo, Message, Properties } from '../transport/message.ts';
import { type Fields, fieldsOf, readSignature, readSignatures, type WireSignature } from './wire-fields.ts';

export { awareIsoTime, expirationOf, formatIsoTime, parseIsoTime, pythonIsoTime } from './iso-time.ts';
export type { WireSignature } from './wire-fields.ts';

/** What runs around a task: links, the rest of its chain, the chord it is part of. */
export interface Embed {
  callbacks: WireSignature[] | null;
  errbacks: WireSignature[] | null;
  /** Reversed: the last element runs next. */
  chain: WireSignature[] | null;
  chord: WireSignature | null;
}

/** A task message as this package sees it, whatever protocol it came in. */
export interface TaskMessage {
  id: string;
  task: string;
  args: unknown[];
  kwargs: Record<string, unknown>;
  embed: Embed;
  lang: string;
  shadow: string | null;
  eta: string | null;
  expires: string | null;
  group: string | null;
  group_index: number | null;
  retries: number;
  /** @unit seconds */
  timelimit: [hard: number | null, soft: number | null];
  root_id: string | null;
  parent_id: string | null;
  argsrepr: string | null;
  kwargsrepr: string | null;
  origin: string | null;
  ignore_result: boolean;
  replaced_task_nesting: number;
  stamped_headers: string[] | null;
  stamps: Record<string, unknown>;
  /** Headers that are not Celery's own. */
  headers: Record<string, unknown>;
  /** As protocol 1 says; naive times are UTC either way. */
  utc: boolean;
  protocol: 1 | 2;
  reply_to: string | null;
  correlation_id: string | null;
  delivery_info: DeliveryInfo;
  properties: Record<string, unknown>;
}

/** What a producer knows; what is missing gets Celery's default. */
export interface OutgoingTask {
  readonly id: string;
  readonly task: string;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly embed?: Readonly<Partial<Embed>>;
  /** Default 'py', as every client of Celery writes: a consumer does not act on it. */
  readonly lang?: string;
  readonly shadow?: string | null;
  readonly eta?: string | null;
  readonly expires?: string | null;
  readonly group?: string | null;
  readonly group_index?: number | null;
  readonly retries?: number;
  readonly timelimit?: readonly [hard: number | null, soft: number | null];
  /** Default: its own id. */
  readonly root_id?: string | null;
  readonly parent_id?: string | null;
  readonly argsrepr?: string | null;
  readonly kwargsrepr?: string | null;
  readonly origin?: string | null;
  readonly ignore_result?: boolean;
  readonly replaced_task_nesting?: number;
  readonly stamped_headers?: readonly string[] | null;
  readonly stamps?: Readonly<Record<string, unknown>>;
  /** Merged into Celery's headers at top level; equal names win. */
  readonly headers?: Readonly<Record<string, unknown>> | null;
  readonly utc?: boolean;
  readonly reply_to?: string | null;
  /** Default: the id. */
  readonly correlation_id?: string | null;
  /** priority, delivery_mode, expiration (see expirationOf), app_id ... */
  readonly properties?: Readonly<Properties>;
}

export interface BuiltTaskMessage {
  readonly headers: Record<string, unknown>;
  readonly properties: Properties;
  /** The value to serialize as the body. */
  readonly payload: unknown;
}

/** @throws TypeError when args or kwargs have the wrong shape, as the producer's mistake */
export function buildTaskMessage(fields: OutgoingTask, protocol: 1 | 2 = 2): BuiltTaskMessage {
  const args = fields.args ?? [];
  const kwargs = fields.kwargs ?? {};
  if (!Array.isArray(args)) throw new TypeError(`task args must be an array, got ${kindOf(args)}`);
  if (kindOf(kwargs) !== 'an object') throw new TypeError(`task kwargs must be an object, got ${kindOf(kwargs)}`);
  const properties: Properties = {
    correlation_id: fields.correlation_id ?? fields.id,
    ...(fields.reply_to == null ? {} : { reply_to: fields.reply_to }),
    delivery_mode: 2,
    priority: 0,
    ...fields.properties,
  };
  return protocol === 1 ? buildV1(fields, args, kwargs, properties) : buildV2(fields, args, kwargs, properties);
}

function buildV2(
  fields: OutgoingTask,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  properties: Properties,
): BuiltTaskMessage {
  const embed = fields.embed;
  const headers: Record<string, unknown> = {
    lang: fields.lang ?? 'py',
    task: fields.task,
    id: fields.id,
    shadow: fields.shadow ?? null,
    eta: fields.eta ?? null,
    expires: fields.expires ?? null,
    group: fields.group ?? null,
    group_index: fields.group_index ?? null,
    retries: fields.retries ?? 0,
    // Celery writes the hard limit first (app/amqp.py).
    timelimit: fields.timelimit ?? [null, null],
    root_id: fields.root_id ?? fields.id,
    parent_id: fields.parent_id ?? null,
    argsrepr: fields.argsrepr ?? argsRepr(args),
    kwargsrepr: fields.kwargsrepr ?? kwargsRepr(kwargs),
    origin: fields.origin ?? null,
    ignore_result: fields.ignore_result ?? false,
    replaced_task_nesting: fields.replaced_task_nesting ?? 0,
    stamped_headers: fields.stamped_headers ?? null,
    stamps: fields.stamps ?? {},
  };
  return {
    headers: fields.headers ? { ...headers, ...fields.headers } : headers,
    properties,
    payload: [
      args,
      kwargs,
      {
        callbacks: embed?.callbacks ?? null,
        errbacks: embed?.errbacks ?? null,
        chain: embed?.chain ?? null,
        chord: embed?.chord ?? null,
      },
    ],
  };
}

function buildV1(
  fields: OutgoingTask,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  properties: Properties,
): BuiltTaskMessage {
  return {
    headers: { ...fields.headers },
    properties,
    payload: {
      task: fields.task,
      id: fields.id,
      args,
      kwargs,
      group: fields.group ?? null,
      group_index: fields.group_index ?? null,
      retries: fields.retries ?? 0,
      eta: fields.eta ?? null,
      expires: fields.expires ?? null,
      utc: fields.utc ?? true,
      callbacks: fields.embed?.callbacks ?? null,
      errbacks: fields.embed?.errbacks ?? null,
      timelimit: fields.timelimit ?? [null, null],
      taskset: fields.group ?? null,
      chord: fields.embed?.chord ?? null,
    },
  };
}

/** Does the message say that it is a task (of either protocol)? One that does not is an unknown message, not an invalid task. */
export function isTaskMessage(message: Pick<Message, 'headers'>, payload: unknown): boolean {
  return message.headers?.task !== undefined && message.headers.task !== null ? true : isV1(payload);
}

/** The parts of a message that are read here. */
export type TaskEnvelope = Pick<Message, 'headers' | 'properties' | 'deliveryInfo' | 'redelivered'>;

/** @throws InvalidTaskError, and nothing else */
export function readTaskMessage(message: TaskEnvelope, payload: unknown): TaskMessage {
  const headers = message.headers ?? {};
  if (headers.task === undefined || headers.task === null) {
    if (!isV1(payload)) throw new InvalidTaskError(`Not a task message: no task name in headers or body`);
    return read(message, fieldsOf(payload as Record<string, unknown>, 'body'), bodyOfV1(payload), 1, {});
  }
  // Celery 5.6, worker/strategy.py: v2 headers over a v1 body ("hybrid").
  const hybrid = kindOf(payload) === 'an object' && Object.hasOwn(payload as object, 'args');
  const body = hybrid ? bodyOfV1(payload as Record<string, unknown>) : bodyOfV2(payload);
  return read(message, fieldsOf(headers, 'header'), body, 2, customHeaders(headers));
}

interface Body {
  args: unknown;
  kwargs: unknown;
  embed: Fields;
}

function read(
  message: TaskEnvelope,
  f: Fields,
  body: Body,
  protocol: 1 | 2,
  custom: Record<string, unknown>,
): TaskMessage {
  const properties = message.properties as Record<string, unknown>;
  if (!Array.isArray(body.args)) throw wrong('args', body.args, 'a list');
  if (kindOf(body.kwargs) !== 'an object') throw wrong('kwargs', body.kwargs, 'an object');
  const id = f.text('id');
  const task = f.text('task');
  if (!id) throw wrong('id', f.get('id'), 'a task id');
  if (!task) throw wrong('task', f.get('task'), 'a task name');
  return {
    id,
    task,
    args: body.args,
    kwargs: body.kwargs as Record<string, unknown>,
    embed: {
      callbacks: readSignatures(body.embed, 'callbacks'),
      errbacks: readSignatures(body.embed, 'errbacks'),
      chain: readSignatures(body.embed, 'chain'),
      chord: readSignature(body.embed.get('chord'), 'chord'),
    },
    lang: f.text('lang') ?? 'py',
    shadow: f.text('shadow'),
    eta: time(f, 'eta'),
    expires: time(f, 'expires'),
    group: f.text('group') ?? (protocol === 1 ? f.text('taskset') : null),
    group_index: f.integer('group_index'),
    retries: f.integer('retries') ?? 0,
    timelimit: timelimit(f.get('timelimit')),
    root_id: f.text('root_id'),
    parent_id: f.text('parent_id'),
    argsrepr: f.text('argsrepr') ?? argsRepr(body.args),
    kwargsrepr: f.text('kwargsrepr') ?? kwargsRepr(body.kwargs as Record<string, unknown>),
    origin: f.text('origin'),
    ignore_result: f.flag('ignore_result') ?? false,
    replaced_task_nesting: f.integer('replaced_task_nesting') ?? 0,
    stamped_headers: f.texts('stamped_headers'),
    stamps: f.object('stamps') ?? {},
    headers: custom,
    utc: f.flag('utc') ?? true,
    protocol,
    reply_to: typeof properties.reply_to === 'string' ? properties.reply_to : null,
    correlation_id: typeof properties.correlation_id === 'string' ? properties.correlation_id : null,
    delivery_info: deliveryInfo(message),
    properties,
  };
}

function bodyOfV2(payload: unknown): Body {
  if (!Array.isArray(payload)) throw wrong('body', payload, '[args, kwargs, embed]');
  if (payload.length !== 3) throw wrong('body', payload, `[args, kwargs, embed], not ${payload.length} elements`);
  const embed = payload[2] ?? {};
  if (kindOf(embed) !== 'an object') throw wrong('embed', embed, 'an object or null');
  return { args: payload[0], kwargs: payload[1], embed: fieldsOf(embed as Record<string, unknown>, 'embed') };
}

function bodyOfV1(payload: Record<string, unknown>): Body {
  const own = (name: string) => (Object.hasOwn(payload, name) ? payload[name] : undefined);
  return { args: own('args') ?? [], kwargs: own('kwargs') ?? {}, embed: fieldsOf(payload, 'body') };
}

function isV1(payload: unknown): payload is Record<string, unknown> {
  return kindOf(payload) === 'an object' && Object.hasOwn(payload as object, 'task');
}

function time(f: Fields, name: 'eta' | 'expires'): string | null {
  const value = f.get(name);
  if (value === null || value === undefined || value === '') return null;
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw wrong(name, value, 'an ISO 8601 time');
    return value instanceof PyDateTime ? value.isoText : isoformat(value.getTime());
  }
  if (typeof value !== 'string' || !readIsoTime(value)) throw wrong(name, value, 'an ISO 8601 time or null');
  return value;
}

function timelimit(value: unknown): [hard: number | null, soft: number | null] {
  if (value === null || value === undefined) return [null, null];
  if (
    !Array.isArray(value) ||
    value.length !== 2 ||
    !value.every((v) => v === null || (typeof v === 'number' && v >= 0))
  ) {
    throw wrong('timelimit', value, '[hard, soft] in seconds, each a number or null');
  }
  return [value[0], value[1]];
}

function deliveryInfo(message: TaskEnvelope): DeliveryInfo {
  const info = message.deliveryInfo;
  return {
    exchange: info?.exchange ?? '',
    routing_key: info?.routing_key ?? '',
    priority: info?.priority ?? message.properties?.priority ?? null,
    redelivered: info?.redelivered ?? message.redelivered ?? null,
  };
}

const OWN_HEADERS: ReadonlySet<string> = new Set([
  'lang',
  'task',
  'id',
  'shadow',
  'eta',
  'expires',
  'group',
  'group_index',
  'retries',
  'timelimit',
  'root_id',
  'parent_id',
  'argsrepr',
  'kwargsrepr',
  'origin',
  'ignore_result',
  'replaced_task_nesting',
  'stamped_headers',
  'stamps',
  'compression',
  // The broker's own: what is sent again begins anew.
  'x-delivery-count',
  'x-death',
  'x-first-death-exchange',
  'x-first-death-queue',
  'x-first-death-reason',
  'x-last-death-exchange',
  'x-last-death-queue',
  'x-last-death-reason',
]);

function customHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  let custom: [string, unknown][] | undefined;
  for (const key of Object.keys(headers)) {
    if (OWN_HEADERS.has(key)) continue;
    custom ??= [];
    custom.push([key, headers[key]]);
  }
  return custom ? Object.fromEntries(custom) : {};
}

function wrong(field: string, given: unknown, expected: string): InvalidTaskError {
  return new InvalidTaskError(`Invalid task message: ${field} must be ${expected}, got ${describe(given)}`);
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return kindOf(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return 'an object';
  return `a ${value.constructor?.name ?? 'value'}`;
}
