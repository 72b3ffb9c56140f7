// A task as lists and live frames show it, as it is stored, and as a record again.
// Not here: how records cross to the thread that writes them (sqlite/flat.ts).
// Holds: nothing here touches a database, so that every history shows and revives tasks alike.
import { createTaskRecord, type LongField, type TaskRecord } from '../../../shared/events/task-record.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { parseJsonExactly } from '../../serialization/json-reader.ts';
import type { StoredTask } from './contract.ts';

/** Of a long text that many go into a list, a live frame, and memory once the rest is on disk. @unit characters */
export const ROW_TEXT = 2000;
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
  return parseJsonExactly(text) as Record<string, unknown>;
}

/** The history has nothing of it any more: it is written whole, with what memory still has. */
export function forgetStored(record: TaskRecord): void {
  record.stored = false;
  record.longer = null;
  for (const one of record.tries ?? []) one.cut = false;
}
