// The stored result record, field by field, in Celery's order. The exception in it: failure.ts. Where it is kept: backends/.
// Celery 5.6: backends/base.py _get_result_meta
import { EXCEPTION_STATES, READY_STATES } from '../../shared/states.ts';
import { BackendError, EncodeError } from '../errors.ts';
import { decodeFailure } from './failure.ts';
import { formatIsoTime } from './iso-time.ts';

export interface ResultMeta {
  task_id: string;
  status: string;
  /** The return value; { exc_type, exc_message, exc_module } in exception states; anything in custom states. */
  result: unknown;
  traceback: string | null;
  /** as_tuple of the results of the tasks it sent; null outside a run. */
  children: unknown[] | null;
  /** Only when ready. ISO 8601. */
  date_done: string | null;
  group_id?: string;
  parent_id?: string;
  // With result_extended:
  name?: string;
  args?: unknown;
  kwargs?: unknown;
  worker?: string;
  retries?: number;
  queue?: string;
  stamped_headers?: string[];
  [stamp: string]: unknown;
}

export interface ResultFields {
  readonly task_id: string;
  readonly status: string;
  readonly result: unknown;
  readonly traceback?: string | null;
  readonly children?: readonly unknown[] | null;
  readonly nowMs: number;
  readonly group_id?: string | null;
  readonly parent_id?: string | null;
  /** Given when `result_extended` is set. */
  readonly extended?: {
    readonly name: string;
    readonly args: unknown;
    readonly kwargs: unknown;
    readonly worker: string | null;
    readonly retries: number;
    readonly queue: string | null;
    readonly stamped_headers?: readonly string[] | null;
    readonly stamps?: Readonly<Record<string, unknown>>;
  };
}

/** Results of one turn carry the same millisecond: written once. Measured: 0.5 us a result. */
let lastMs = Number.NaN;
let lastText = '';
function isoTimeOf(ms: number): string {
  if (ms !== lastMs) {
    lastMs = ms;
    lastText = formatIsoTime(ms);
  }
  return lastText;
}

/** @throws EncodeError for a result that is a function: as a field it would be left out, as methods are */
export function buildResultMeta(fields: ResultFields): ResultMeta {
  if (typeof fields.result === 'function') throw new EncodeError('Object of type function is not JSON serializable');
  const meta: Record<string, unknown> = {
    status: fields.status,
    result: fields.result,
    traceback: fields.traceback ?? null,
    children: fields.children ?? null,
    date_done: READY_STATES.has(fields.status) ? isoTimeOf(fields.nowMs) : null,
  };
  if (fields.group_id) meta.group_id = fields.group_id;
  if (fields.parent_id) meta.parent_id = fields.parent_id;
  const extended = fields.extended;
  if (extended) {
    meta.name = extended.name;
    meta.args = extended.args;
    meta.kwargs = extended.kwargs;
    meta.worker = extended.worker;
    meta.retries = extended.retries;
    meta.queue = extended.queue;
    if (extended.stamped_headers?.length) {
      meta.stamped_headers = extended.stamped_headers;
      for (const name of extended.stamped_headers) {
        const value = extended.stamps && Object.hasOwn(extended.stamps, name) ? extended.stamps[name] : undefined;
        if (value !== undefined && !Object.hasOwn(meta, name) && name !== '__proto__') meta[name] = value;
      }
    }
  }
  meta.task_id = fields.task_id;
  return meta as unknown as ResultMeta;
}

/** A decoded record as ResultMeta. @throws BackendError when it is none */
export function readResultMeta(value: unknown, taskId: string): ResultMeta {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BackendError(
      `The stored result of ${taskId} is no record but ${Array.isArray(value) ? 'a list' : typeof value}`,
    );
  }
  const record = value as Record<string, unknown>;
  if (typeof record.status !== 'string') throw new BackendError(`The stored result of ${taskId} has no status`);
  return {
    ...record,
    task_id: typeof record.task_id === 'string' ? record.task_id : taskId,
    status: record.status,
    result: record.result ?? null,
    traceback: typeof record.traceback === 'string' ? record.traceback : null,
    children: Array.isArray(record.children) ? record.children : null,
    date_done: dateDone(record.date_done),
  };
}

function dateDone(value: unknown): string | null {
  // Some stores write it as a typed value.
  if (value instanceof Date) return formatIsoTime(value.getTime());
  return typeof value === 'string' ? value : null;
}

/** The record's result as a caller sees it: the value, or the exception as an Error. */
export function resultOf(meta: ResultMeta): unknown {
  return EXCEPTION_STATES.has(meta.status) ? decodeFailure(meta.result, meta.traceback) : meta.result;
}
