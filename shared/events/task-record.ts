// One task as its events tell it: merging an event by state precedence, whatever order events come in.
// Not here: the indexes over tasks and what changed (cluster-state.ts), names and ranks of states (../states.ts).
// Holds: the same events give Celery's State the same fields (test/golden/event-state.json); every record has the same keys in the
// same order, so that merging stays fast; fields of events we do not know are kept in `extra`.
// Celery 5.6: events/state.py Task.event, Task.merge_rules
import { jsonText } from '../json-text.ts';
import { bySetClock } from '../set-clock.ts';
import { PURGED, precedence } from '../states.ts';
import type { CeleryEvent } from './event.ts';

/** One finished try of a task that was retried. */
export interface TryRecord {
  number: number;
  state: string;
  worker: string | null;
  received: number | null;
  started: number | null;
  ended: number | null;
  exception: string | null;
  traceback: string | null;
  /** Only the beginnings of both texts are here: the history has all of them. */
  cut?: boolean;
}

export interface TaskRecord {
  uuid: string;
  name: string | null;
  state: string;
  received: number | null;
  sent: number | null;
  started: number | null;
  rejected: number | null;
  succeeded: number | null;
  failed: number | null;
  retried: number | null;
  revoked: number | null;
  args: string | null;
  kwargs: string | null;
  eta: string | null;
  expires: string | null;
  retries: number | null;
  /** nodename of the worker that had it last. */
  worker: string | null;
  /** nodename of the sender. */
  client: string | null;
  result: string | null;
  exception: string | null;
  timestamp: number;
  runtime: number | null;
  traceback: string | null;
  queue: string | null;
  exchange: string | null;
  routing_key: string | null;
  root_id: string | null;
  parent_id: string | null;
  clock: number;
  pid: number | null;
  /** sent, else received, else the first event: fixed once the record was stored. */
  first_seen: number;
  tries: TryRecord[] | null;
  /** Event fields without a place of their own. */
  extra: Record<string, unknown> | null;
  /** Number of the batch of changes it is in; see cluster-state.ts. */
  batch: number;
  /** The first event seen was not the beginning of it: an older part may be in the history. */
  partial: boolean;
  /** The history has what never changes of it; false: it must be written whole. */
  stored: boolean;
  /** Fields of which only the beginning is here: the history has all of it. */
  longer: LongField[] | null;
}

/** Fields that may be long. */
export const LONG_FIELDS = ['args', 'kwargs', 'result', 'exception', 'traceback'] as const;
export type LongField = (typeof LONG_FIELDS)[number];

export function createTaskRecord(uuid: string): TaskRecord {
  return {
    uuid,
    name: null,
    state: 'PENDING',
    received: null,
    sent: null,
    started: null,
    rejected: null,
    succeeded: null,
    failed: null,
    retried: null,
    revoked: null,
    args: null,
    kwargs: null,
    eta: null,
    expires: null,
    retries: null,
    worker: null,
    client: null,
    result: null,
    exception: null,
    timestamp: 0,
    runtime: null,
    traceback: null,
    queue: null,
    exchange: null,
    routing_key: null,
    root_id: null,
    parent_id: null,
    clock: 0,
    pid: null,
    first_seen: 0,
    tries: null,
    extra: null,
    batch: -1,
    partial: false,
    stored: false,
    longer: null,
  };
}

const PLACED = new Set(
  (
    'type hostname timestamp utcoffset pid clock local_received uuid state name args kwargs root_id parent_id retries eta ' +
    'expires queue exchange routing_key result runtime exception traceback'
  ).split(' '),
);

/** Merge one event. `subject` is what follows 'task-' in its type. */
export function mergeTaskEvent(r: TaskRecord, subject: string, e: CeleryEvent): void {
  const at = typeof e.timestamp === 'number' ? e.timestamp : 0;
  // Ours, like PURGED: its message was put into another queue, and nothing else of it has changed.
  if (subject === 'moved' && e.moved_by !== undefined) {
    if (e.name !== undefined) mergeCall(r, e);
    r.queue = text(e.queue);
    r.exchange = '';
    r.routing_key = r.queue;
    r.stored = false;
    return;
  }
  let state: string;
  switch (subject) {
    case 'sent':
      r.sent = at;
      r.stored = false;
      state = 'PENDING';
      break;
    case 'received':
      r.received = at;
      state = 'RECEIVED';
      break;
    case 'started':
      r.started = at;
      state = 'STARTED';
      break;
    case 'succeeded':
      r.succeeded = at;
      state = 'SUCCESS';
      break;
    case 'failed':
      r.failed = at;
      state = 'FAILURE';
      break;
    case 'retried':
      r.retried = at;
      state = 'RETRY';
      break;
    case 'revoked':
      r.revoked = at;
      state = 'REVOKED';
      break;
    case 'rejected':
      r.rejected = at;
      state = 'REJECTED';
      break;
    default:
      state = subject.toUpperCase();
  }
  // Celery 5.6, events/state.py: an event that logically came before the present state only fills in; of a late task-received
  // only these eight fields. RETRY always wins and is always left.
  // PURGED is ours: whatever is heard later of the task says that its message was not removed after all.
  const isLeft = r.state === 'RETRY' || (r.state === PURGED && at > r.timestamp);
  if (state !== 'RETRY' && !isLeft && state !== r.state && precedence(state) > precedence(r.state)) {
    if (state === 'RECEIVED') {
      mergeCall(r, e);
      return;
    }
  } else {
    r.state = state;
  }
  r.timestamp = at;
  if (typeof e.clock === 'number') r.clock = e.clock;
  if (typeof e.pid === 'number') r.pid = e.pid;
  switch (subject) {
    case 'started':
      break;
    case 'sent':
    case 'received':
      mergeCall(r, e);
      if (e.exchange !== undefined) r.exchange = text(e.exchange);
      if (e.routing_key !== undefined) r.routing_key = text(e.routing_key);
      if (e.queue !== undefined) r.queue = text(e.queue) ?? byDefaultExchange(e) ?? r.queue;
      break;
    default:
      if (e.result !== undefined) put(r, 'result', e.result);
      if (typeof e.runtime === 'number') r.runtime = e.runtime;
      if (e.exception !== undefined) put(r, 'exception', e.exception);
      if (e.traceback !== undefined) put(r, 'traceback', e.traceback);
      if (e.name !== undefined) mergeCall(r, e);
      if (e.queue !== undefined) {
        r.queue = text(e.queue);
        r.stored = false;
      }
      if (typeof e.retries === 'number') r.retries = e.retries;
  }
  for (const key in e) if (!PLACED.has(key)) keepExtra(r, key, e[key]);
}

/**
 * A retry goes by exchange and routing key, and its task-sent names no queue; the default exchange's keys are the names of queues.
 * Celery 5.6: app/task.py signature_from_request, app/amqp.py send_task_message
 */
function byDefaultExchange(e: CeleryEvent): string | null {
  return e.exchange === '' && typeof e.routing_key === 'string' && e.routing_key !== '' ? e.routing_key : null;
}

function put(r: TaskRecord, field: LongField, value: unknown): void {
  r[field] = text(value);
  if (r.longer !== null) r.longer = r.longer.filter((name) => name !== field);
}

/** What a task-sent or task-received says of the call. */
function mergeCall(r: TaskRecord, e: CeleryEvent): void {
  r.stored = false;
  if (e.name !== undefined) r.name = text(e.name);
  if (e.args !== undefined) put(r, 'args', e.args);
  if (e.kwargs !== undefined) put(r, 'kwargs', e.kwargs);
  // A retry is sent out of the task itself, and Celery says so: whose child it is stays as the first try told it.
  if (e.parent_id !== undefined && e.parent_id !== r.uuid) r.parent_id = text(e.parent_id);
  if (e.root_id !== undefined) r.root_id = text(e.root_id);
  if (typeof e.retries === 'number') r.retries = e.retries;
  if (e.eta !== undefined) r.eta = text(e.eta);
  if (e.expires !== undefined) r.expires = text(e.expires);
}

/** Fields of a task that are not known here, of all its events together. */
const MAX_EXTRA = 64;

function keepExtra(r: TaskRecord, key: string, value: unknown): void {
  if (key === '__proto__' || value === undefined) return;
  r.extra ??= {};
  if (!(key in r.extra) && Object.keys(r.extra).length >= MAX_EXTRA) return;
  r.extra[key] = value;
}

/** Event fields are strings by Celery's word; what is not becomes text rather than a surprise further on. */
function text(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return null;
  return typeof value === 'object' ? jsonText(value) : String(value);
}

/** Our clock was set: for how long it has waited or run is as true as before. @unit seconds */
export function taskClockSet(r: TaskRecord, by: number, now: number): void {
  for (const field of ['sent', 'received', 'started', 'retried'] as const) {
    const at = r[field];
    if (at !== null) r[field] = bySetClock(at, by, now);
  }
  r.timestamp = bySetClock(r.timestamp, by, now);
  // What was sent is written once.
  r.stored = false;
}

/** The instant of the final event, when there was one. */
export function endedAt(r: TaskRecord): number | null {
  switch (r.state) {
    case 'SUCCESS':
      return r.succeeded;
    case 'FAILURE':
      return r.failed;
    case 'REVOKED':
      return r.revoked;
    case 'REJECTED':
      return r.rejected;
    case 'RETRY':
      return r.retried;
    default:
      return null;
  }
}
