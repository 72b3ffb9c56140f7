// Records of the cluster state as flat lists of plain values, the cheapest thing to hand to another thread, and back.
// Holds: the order of values is the order of columns in schema.ts; nothing here touches the database.
import type { Batch, Finish } from '../../../shared/events/cluster-state.ts';
import { createTaskRecord, type TaskRecord } from '../../../shared/events/task-record.ts';
import { jsonText } from '../../../shared/json-text.ts';
import type { TaskRow } from '../../../shared/wire/http.ts';
import { parseJsonSlowly } from '../../serialization/json-reader.ts';

export type Flat = (string | number | null)[];

export interface WireBatch {
  /** TASK_COLUMNS of tasks written whole. */
  whole: Flat;
  /** CHANGING_COLUMNS and the uuid, of tasks known to be stored. */
  changed: Flat;
  /** Of tasks whose beginning was not seen: an older record must not be weakened. uuids */
  partial: string[];
  /** uuid, state, at, name, queue, worker, runtime, wait, exception */
  finishes: Flat;
  /** uuid, number, state, worker, received, started, ended, exception, traceback */
  tries: Flat;
  /** hostname, record as JSON, last_heard */
  workers: Flat;
  gone: string[];
}

export const FINISH_WIDTH = 9;
export const TRY_WIDTH = 9;

export function flatten(batch: Batch): WireBatch {
  const wire: WireBatch = {
    whole: [],
    changed: [],
    partial: [],
    finishes: [],
    tries: [],
    workers: [],
    gone: batch.workersGone,
  };
  for (const t of batch.tasks) {
    if (t.stored) pushChanged(wire.changed, t);
    else {
      pushWhole(wire.whole, t);
      if (t.partial) wire.partial.push(t.uuid);
      t.stored = !t.partial;
    }
    if (t.tries !== null) pushTries(wire.tries, t);
  }
  for (const f of batch.finishes) pushFinish(wire.finishes, f);
  for (const w of batch.workers) wire.workers.push(w.hostname, jsonText(w), w.last_heard);
  return wire;
}

function pushWhole(out: Flat, t: TaskRecord): void {
  out.push(
    t.uuid,
    t.name,
    t.state,
    t.worker,
    t.queue,
    t.args,
    t.kwargs,
    t.result,
    t.exception,
    t.retries,
    t.runtime,
    t.eta,
    t.expires,
    t.sent,
    t.received,
    t.started,
    t.succeeded,
    t.failed,
    t.retried,
    t.revoked,
    t.rejected,
    t.timestamp,
    t.first_seen,
    t.root_id,
    t.parent_id,
    t.traceback,
    t.exchange,
    t.routing_key,
    t.clock,
    t.pid,
    t.client,
    t.extra === null ? null : jsonText(t.extra),
  );
}

function pushChanged(out: Flat, t: TaskRecord): void {
  out.push(
    t.state,
    t.worker,
    t.result,
    t.exception,
    t.retries,
    t.runtime,
    t.received,
    t.started,
    t.succeeded,
    t.failed,
    t.retried,
    t.revoked,
    t.rejected,
    t.timestamp,
    t.traceback,
    t.clock,
    t.pid,
    t.extra === null ? null : jsonText(t.extra),
    t.uuid,
  );
}

function pushTries(out: Flat, t: TaskRecord): void {
  for (const a of t.tries!.slice(-8))
    out.push(t.uuid, a.number, a.state, a.worker, a.received, a.started, a.ended, a.exception, a.traceback);
}

function pushFinish(out: Flat, f: Finish): void {
  const t = f.task;
  out.push(
    t.uuid,
    f.state,
    f.at,
    t.name,
    t.queue,
    t.worker,
    f.runtime,
    f.wait,
    f.state === 'FAILURE' ? t.exception : null,
  );
}

/** A record of memory as the wire shows it. */
export function toRow(t: TaskRecord): TaskRow {
  return {
    uuid: t.uuid,
    name: t.name,
    state: t.state,
    worker: t.worker,
    queue: t.queue,
    args: t.args,
    kwargs: t.kwargs,
    result: t.result,
    exception: t.exception,
    retries: t.retries ?? 0,
    runtime: t.runtime,
    eta: t.eta,
    expires: t.expires,
    sent: t.sent,
    received: t.received,
    started: t.started,
    succeeded: t.succeeded,
    failed: t.failed,
    retried: t.retried,
    revoked: t.revoked,
    rejected: t.rejected,
    timestamp: t.timestamp,
    first_seen: t.first_seen,
    root_id: t.root_id,
    parent_id: t.parent_id,
  };
}

/** A stored row as a record again, for the tasks that were unfinished when the dashboard stopped. */
export function toRecord(row: Record<string, unknown>): TaskRecord {
  const record = createTaskRecord(String(row.uuid));
  const target = record as unknown as Record<string, unknown>;
  for (const key in row) if (key in target && row[key] !== null) target[key] = row[key];
  if (typeof row.extra === 'string') record.extra = readExtra(row.extra);
  record.stored = true;
  return record;
}

/** Integers past 2^53 as they came. */
function readExtra(text: string): Record<string, unknown> {
  return (/\d{16}/.test(text) ? parseJsonSlowly(text) : JSON.parse(text)) as Record<string, unknown>;
}
