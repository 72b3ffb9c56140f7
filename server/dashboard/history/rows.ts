// Records of the cluster state as flat lists of plain values, the cheapest thing to hand to another thread, and back.
// Holds: the order of values is the order of columns in schema.ts; nothing here touches the database.
import type { Batch, Finish } from '../../../shared/events/cluster-state.ts';
import { createTaskRecord, type LongField, type TaskRecord } from '../../../shared/events/task-record.ts';
import type { WorkerRecord } from '../../../shared/events/worker-record.ts';
import { jsonText } from '../../../shared/json-text.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { parseJsonSlowly } from '../../serialization/json-reader.ts';
import type { Heard, StoredTask } from './contract.ts';
import { decodeRow } from './text.ts';

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
/** Of a long text that many go into a list, a live frame, and memory once the rest is on disk. @unit characters */
export const ROW_TEXT = 2000;
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

export function pushFinish(out: Flat, f: Finish): void {
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

/** All of its texts, as far as the record has them. */
export function toWholeRow(t: TaskRecord): TaskRow {
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

/** A record of memory as lists and live frames show it: long texts cut, and named. */
export function toRow(t: TaskRecord): TaskRow {
  return cutRow(toWholeRow(t), t.longer);
}

const ROW_FIELDS = ['args', 'kwargs', 'result', 'exception'] as const;

/** Cuts in place. @param longer fields that are cut already */
export function cutRow(row: TaskRow, longer: readonly string[] | null = null): TaskRow {
  let cut: string[] | null = null;
  for (const field of ROW_FIELDS) {
    const text = row[field];
    if (text === null || (text.length <= ROW_TEXT && !longer?.includes(field))) continue;
    row[field] = `${beginning(text)}...`;
    cut ??= [];
    cut.push(field);
  }
  if (cut !== null) row.cut = cut;
  return row;
}

/** A stored row as a list shows it. */
export function listRow(stored: TaskRow & { id: number }): TaskRow {
  const { id: _, ...row } = stored;
  return cutRow(decodeRow(row));
}

/** As much of a text as a row carries; of a pair of surrogates both or none. */
export function beginning(text: string): string {
  const last = text.charCodeAt(ROW_TEXT - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? ROW_TEXT - 1 : ROW_TEXT);
}

/** Everything that is known of a task: what memory has, and of a text that memory has cut what is stored. */
export function mergeStored(stored: Readonly<Record<string, unknown>> | null, record: TaskRecord): StoredTask {
  const merged = { ...stored } as Record<string, unknown>;
  for (const [key, value] of Object.entries(record)) {
    if (record.longer?.includes(key as LongField) && merged[key]) continue;
    if (value !== null || !(key in merged)) merged[key] = value;
  }
  return merged as StoredTask;
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

/** The history has nothing of it any more: it is written whole, with what memory still has. */
export function forgetStored(record: TaskRecord): void {
  record.stored = false;
  record.longer = null;
  for (const one of record.tries ?? []) one.cut = false;
}
