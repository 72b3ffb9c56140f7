// Answers of workers to inspect commands, checked once where they come in: each becomes the shape its readers rely on, or is left out.
// Not here: asking (inspect.ts), keeping (dashboard/cluster/inspector.ts).
// Holds: never throws; what is no request, queue or name is not in a list; numbers are numbers, or missing; numbers and sizes of what
// a worker can make us keep are bounded; integers past 2^53 within arguments survive.
// Celery 5.6: worker/control.py
import { cutText } from '../../shared/events/edge.ts';
import { jsonText } from '../../shared/json-text.ts';
import type { Masking } from '../../shared/masking.ts';
import type { InspectedRequest, QueueInfo, ScheduledInfo, WorkerStats } from './inspect.ts';

/** What a worker may list of each kind. */
const MAX_ITEMS = 10_000;
/** @unit characters */
const MAX_NAME = 1024;
/** Arguments of one request, and a table of settings or statistics, as JSON. @unit characters */
const MAX_VALUE = 64 * 1024;
const MAX_TABLE = 1024 * 1024;
/** The end of the year 9999. */
const LAST_INSTANT = 253_402_300_799;
/** Slots, messages, seconds of uptime: no worker has more. */
const MAX_FIGURE = 1e10;

type Table = Record<string, unknown>;

export interface Answers {
  stats: WorkerStats | null;
  conf: Table | null;
  active_queues: QueueInfo[];
  active: InspectedRequest[];
  reserved: InspectedRequest[];
  scheduled: ScheduledInfo[];
  revoked: string[];
  registered: string[];
}

/** @param masking takes secrets out of arguments and settings */
export function readAnswer<Q extends keyof Answers>(question: Q, value: unknown, masking: Masking): Answers[Q] {
  return READERS[question](value, masking) as Answers[Q];
}

const READERS: { readonly [Q in keyof Answers]: (value: unknown, masking: Masking) => Answers[Q] } = {
  stats: (value, masking) => stats(value, masking),
  conf: (value, masking) => table(value, masking),
  active_queues: (value) => listOf(value, queueInfo),
  active: (value, masking) => listOf(value, (one) => request(one, masking)),
  reserved: (value, masking) => listOf(value, (one) => request(one, masking)),
  scheduled: (value, masking) => listOf(value, (one) => scheduled(one, masking)),
  revoked: (value) => listOf(value, name),
  registered: (value) => listOf(value, name),
};

function listOf<T>(value: unknown, read: (one: unknown) => T | null): T[] {
  if (!Array.isArray(value)) return [];
  const items: T[] = [];
  for (const one of value) {
    const item = read(one);
    if (item !== null) items.push(item);
    if (items.length >= MAX_ITEMS) break;
  }
  return items;
}

/** A request as workers tell of it; null when it has no id. Also of `query_task`. */
export function request(value: unknown, masking: Masking): InspectedRequest | null {
  if (!isTable(value)) return null;
  const id = name(value.id);
  if (id === null) return null;
  const info = isTable(value.delivery_info) ? value.delivery_info : {};
  return {
    id,
    name: name(value.name) ?? name(value.type) ?? '',
    args: bounded(masking.value(value.args ?? null)),
    kwargs: bounded(masking.value(value.kwargs ?? null)),
    type: name(value.type) ?? '',
    hostname: name(value.hostname) ?? '',
    time_start: number(value.time_start, LAST_INSTANT),
    acknowledged: value.acknowledged === true,
    delivery_info: {
      exchange: name(info.exchange) ?? '',
      routing_key: name(info.routing_key) ?? '',
      priority: number(info.priority),
      redelivered: typeof info.redelivered === 'boolean' ? info.redelivered : null,
    },
    worker_pid: number(value.worker_pid),
    ...(value.rate_limited === true ? { rate_limited: true } : {}),
  };
}

function scheduled(value: unknown, masking: Masking): ScheduledInfo | null {
  if (!isTable(value)) return null;
  const inner = request(value.request, masking);
  return inner && { eta: name(value.eta), priority: number(value.priority) ?? 0, request: inner };
}

function queueInfo(value: unknown): QueueInfo | null {
  const known = name(isTable(value) ? value.name : null);
  if (known === null || !isTable(value) || jsonText(value).length > MAX_VALUE) return null;
  const exchange = typeof value.exchange === 'string' ? { name: value.exchange } : value.exchange;
  return {
    ...value,
    name: known,
    exchange: isTable(exchange) ? exchange : {},
    routing_key: name(value.routing_key) ?? '',
    durable: value.durable === true,
    exclusive: value.exclusive === true,
    auto_delete: value.auto_delete === true,
  };
}

function stats(value: unknown, masking: Masking): WorkerStats | null {
  const answer = table(value, masking);
  if (answer === null) return null;
  const known = {
    ...answer,
    total: numbers(answer.total),
    pool: isTable(answer.pool) ? only(answer.pool, POOL) : {},
    broker: isTable(answer.broker) ? answer.broker : {},
    rusage: numbers(answer.rusage),
    clock: typeof answer.clock === 'string' ? answer.clock : String(number(answer.clock) ?? ''),
  };
  const suspended = answer.suspended_queues;
  if (suspended !== undefined)
    (known as Table).suspended_queues = Array.isArray(suspended)
      ? suspended.filter((name): name is string => typeof name === 'string')
      : [];
  return only(known, STATS) as unknown as WorkerStats;
}

type Reader = (value: unknown) => unknown;

/** What conclusions and pages go by. undefined: it is left out. */
const STATS: Readonly<Record<string, Reader>> = {
  pid: figure,
  uptime: figure,
  prefetch_count: figure,
  autoscaler: (value) => (isTable(value) ? numbers(value) : undefined),
  loop_delay: (value) => (isTable(value) ? only(value, { last: lastBlock }) : undefined),
};
const POOL: Readonly<Record<string, Reader>> = {
  'max-concurrency': figure,
  processes: (value) => listed(value, (one) => typeof one === 'number' || typeof one === 'string'),
  timeouts: (value) => listed(value, (one) => one === null || number(one, MAX_FIGURE) !== null),
  writes: (value) =>
    isTable(value) ? only(value, { total: figure, strategy: (one) => name(one) ?? undefined }) : undefined,
};

/** A table in which these fields are what they should be, or are not there. */
function only(of: Table, readers: Readonly<Record<string, Reader>>): Table {
  const known = { ...of };
  for (const [field, read] of Object.entries(readers)) {
    const value = Object.hasOwn(of, field) ? read(of[field]) : undefined;
    if (value === undefined) delete known[field];
    else known[field] = value;
  }
  return known;
}

function figure(value: unknown): number | undefined {
  return number(value, MAX_FIGURE) ?? undefined;
}

function listed(value: unknown, fits: (one: unknown) => boolean): unknown[] | undefined {
  return Array.isArray(value) && value.length <= MAX_ITEMS && value.every(fits) ? value : undefined;
}

/** When it was blocked last, and for how long; null: never. */
function lastBlock(value: unknown): unknown {
  if (value === null) return null;
  const fits = isTable(value) && number(value.at, LAST_INSTANT) !== null && number(value.seconds, MAX_FIGURE) !== null;
  return fits ? value : undefined;
}

function table(value: unknown, masking: Masking): Table | null {
  if (!isTable(value) || jsonText(value).length > MAX_TABLE) return null;
  return masking.value(value) as Table;
}

function numbers(value: unknown): Record<string, number> {
  const found: Record<string, number> = {};
  if (isTable(value))
    for (const [key, one] of Object.entries(value)) {
      const figure = number(one);
      if (figure !== null) found[key] = figure;
    }
  return found;
}

function bounded(value: unknown): unknown {
  const text = jsonText(value);
  return text.length > MAX_VALUE ? cutText(text, MAX_VALUE) : value;
}

/** @param most one within 0 and this; else any */
function number(value: unknown, most?: number): number | null {
  const n = typeof value === 'bigint' ? Number(value) : value;
  if (typeof n !== 'number' || !Number.isFinite(n)) return null;
  return most === undefined || (n >= 0 && n <= most) ? n : null;
}

function name(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? cutText(value, MAX_NAME) : null;
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
