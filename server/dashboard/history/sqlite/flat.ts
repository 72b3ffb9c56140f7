// Records of the cluster state as flat lists of plain values, the cheapest thing to hand to another thread.
// Not here: rows as they are shown, and records out of stored rows (../rows.ts).
// Holds: the order of values is the order of columns in schema.ts; nothing here touches the database.
import type { Batch, TryEnd } from '../../../../shared/events/cluster-state.ts';
import type { LongField, TaskRecord } from '../../../../shared/events/task-record.ts';
import type { WorkerRecord } from '../../../../shared/events/worker-record.ts';
import { jsonText } from '../../../../shared/json-text.ts';
import type { Heard } from '../contract.ts';

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
  /** name, bucket, value */
  gauges: Flat;
  /** How far events are heard with this batch. */
  heard: Heard | null;
}

export const FINISH_WIDTH = 9;
export const TRY_WIDTH = 9;
/** Of an exception, for the groups of failures. @unit characters */
const GROUP_TEXT = 1000;

export const emptyWire = (): WireBatch => ({
  whole: [],
  changed: [],
  partial: [],
  finishes: [],
  tries: [],
  workers: [],
  gone: [],
  gauges: [],
  heard: null,
});

export function flatten(batch: Batch): WireBatch {
  const wire = { ...emptyWire(), gone: batch.workersGone };
  for (const t of batch.tasks) pushTask(wire, t);
  for (const f of batch.finishes) pushFinish(wire.finishes, f);
  for (const w of batch.workers) pushWorker(wire, w);
  return wire;
}

export function pushTask(wire: WireBatch, t: TaskRecord): void {
  if (t.stored) pushChanged(wire.changed, t);
  else {
    pushWhole(wire.whole, t);
    if (t.partial) wire.partial.push(t.uuid);
    t.stored = !t.partial;
  }
  if (t.tries !== null) pushTries(wire.tries, t);
}

export function pushWorker(wire: WireBatch, w: WorkerRecord): void {
  wire.workers.push(w.hostname, jsonText(w), w.last_heard);
}

/** Of a text whose rest is on disk nothing is written again. */
function unlessCut(t: TaskRecord, field: LongField): string | null {
  return t.longer?.includes(field) ? null : t[field];
}

function pushWhole(out: Flat, t: TaskRecord): void {
  out.push(
    t.uuid,
    t.name,
    t.state,
    t.worker,
    t.queue,
    unlessCut(t, 'args'),
    unlessCut(t, 'kwargs'),
    unlessCut(t, 'result'),
    unlessCut(t, 'exception'),
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
    unlessCut(t, 'traceback'),
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
    unlessCut(t, 'result'),
    unlessCut(t, 'exception'),
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
    unlessCut(t, 'traceback'),
    t.clock,
    t.pid,
    t.extra === null ? null : jsonText(t.extra),
    t.uuid,
  );
}

function pushTries(out: Flat, t: TaskRecord): void {
  for (const a of t.tries!.slice(-8))
    if (!a.cut) out.push(t.uuid, a.number, a.state, a.worker, a.received, a.started, a.ended, a.exception, a.traceback);
}

export function pushFinish(out: Flat, f: TryEnd): void {
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
    f.state === 'FAILURE' ? (t.exception?.slice(0, GROUP_TEXT) ?? null) : null,
  );
}
