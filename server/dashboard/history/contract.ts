// What the dashboard asks of a history: take what changed, answer questions, forget what is old.
// Not here: any SQL; which history is opened (registry.ts); the one of today (sqlite/history.ts). Whoever asks a history imports its types
// and errors from here and nowhere else; what every implementation must keep is tested by test/contract/history.ts. What people make
// and own (views, tokens, rules) is no history: retention deletes from here (../user-data/contract.ts).
// Holds: `write` never waits and never throws; what could not be written is kept within a bound and written later; a question
// never waits for the writer.
import type { Batch } from '../../../shared/events/cluster-state.ts';
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import type { FieldName, QueryTree } from '../../../shared/query/tree.ts';
import type { HistoryHealth } from '../../../shared/wire/cluster.ts';
import type { Precision } from '../../../shared/wire/count.ts';
import type { OperationRecord, OperationsQuery, RecordedAction } from '../../../shared/wire/operations.ts';
import type { FailureGroup } from '../../../shared/wire/overview.ts';
import type { SeriesReply } from '../../../shared/wire/series.ts';
import type { FacetReply, TaskPage, TaskRow, TaskTry } from '../../../shared/wire/tasks.ts';
import { ImproperlyConfigured } from '../../errors.ts';

/** Another dashboard has the file. */
export class FileTaken extends ImproperlyConfigured {}

export const SORT_FIELDS = ['first_seen', 'runtime', 'name', 'state', 'worker', 'retries'] as const;
export type SortField = (typeof SORT_FIELDS)[number];

export interface TaskListQuery {
  readonly tree: QueryTree | null;
  /** null: all. */
  readonly states: readonly string[] | null;
  readonly from: number | null;
  readonly to: number | null;
  readonly sort: SortField;
  readonly descending: boolean;
  readonly cursor: string | null;
  readonly limit: number;
}

/** What the newest tasks can be put in order by. */
export const WINDOW_SORTS = [
  ...(['uuid', 'name', 'state', 'args', 'kwargs', 'result', 'exception', 'worker', 'exchange', 'routing_key'] as const),
  ...(['eta', 'expires', 'root_id', 'parent_id', 'traceback', 'client'] as const),
  ...(['retries', 'runtime', 'sent', 'received', 'started', 'succeeded', 'failed', 'retried', 'revoked'] as const),
  ...(['rejected', 'timestamp', 'clock'] as const),
] as const;
export type WindowSort = (typeof WINDOW_SORTS)[number];

/** A place in the newest tasks, by offset: as programs ask that count rows, not pages. */
export interface WindowAsk {
  /** How many of the newest there are for it. */
  readonly newest: number;
  readonly tree: QueryTree | null;
  /** Each compared whole, but for letter case; null: any. */
  readonly name: string | null;
  readonly worker: string | null;
  readonly state: string | null;
  /** Tasks of which no worker told that it received them pass both. @unit seconds since the epoch */
  readonly receivedFrom: number | null;
  readonly receivedTo: number | null;
  /** Nothing sorts before everything; equals by their newest event, newest first. */
  readonly sort: WindowSort;
  readonly descending: boolean;
  readonly offset: number;
  /** null: all that follow. */
  readonly limit: number | null;
}

export interface WindowReply {
  readonly uuids: string[];
  /** Of the newest that match, and of the newest at all. */
  readonly matching: number;
  readonly total: number;
}

/** A cursor that this server did not give. */
export class BadCursor extends Error {}

/** The question was ended: it would have taken too long, or nobody waits for its answer. */
export class QueryTooCostly extends Error {}

/** A task and all that belong to it: those of its root, and of the groups it and they are parts of. */
export interface WorkflowAsk {
  readonly uuid: string;
  /** Of the tasks that are given. */
  readonly limit: number;
}

export interface WorkflowRows {
  /** `extra`: fields of its events without a place of their own, as JSON text. */
  readonly rows: readonly { readonly row: TaskRow; readonly extra: string | null }[];
  /** There are more than `limit`: of the others those that have not succeeded are among `rows`, so many as there is room for. */
  readonly isCut: boolean;
  /** Where it is cut: all its tasks, those of `rows` too. */
  readonly all: {
    readonly states: Readonly<Record<string, number>>;
    /** Its newest event. @unit seconds since the epoch */
    readonly last: number;
    readonly are: Precision;
  } | null;
  /** By task, of those that were retried; without exceptions. */
  readonly tries: Readonly<Record<string, TaskTry[]>>;
  /** By task that failed: the newest that was sent in its place from the dashboard. */
  readonly again: Readonly<Record<string, { readonly uuid: string; readonly state: string }>>;
}

export interface WorkflowsAsk {
  readonly limit: number;
  /** What each task that is counted must be; null: any. */
  readonly tree: QueryTree | null;
}

/** One workflow of two tasks at least, or of one that carries more of a chain or a chord. */
export interface WorkflowCounts {
  /** Its root; of a group without one in common, the first of its tasks. */
  readonly uuid: string;
  readonly name: string | null;
  readonly queue: string | null;
  readonly isGroup: boolean;
  readonly states: Readonly<Record<string, number>>;
  readonly tasks: number;
  /** There are more tasks than were counted. */
  readonly isCut: boolean;
  /** @unit seconds since the epoch */
  readonly began: number;
  readonly last: number;
}

export interface WorkflowsReply {
  /** Those with unfinished tasks first, each kind newest first. */
  readonly items: readonly WorkflowCounts[];
  /** Ended ones without a task first seen since then are not among them; null: all were looked at. */
  readonly lookedBackTo: number | null;
}

export interface FacetAsk {
  readonly field: FieldName;
  readonly tree: QueryTree | null;
  readonly prefix: string;
  readonly limit: number;
}

/** 'pair' is a task on a worker, for the last hours of a worker's page. */
export type Dim = 'all' | 'task' | 'queue' | 'worker' | 'pair';
export const pairKey = (task: string, worker: string): string => `${task}\n${worker}`;
/** Roll-ups count under this what is beyond the number of names they keep apart. */
export const OTHER = '(other)';

export interface SeriesAsk {
  readonly metric: 'throughput' | 'runtime' | 'wait' | 'depth';
  readonly range: SeriesReply['range'];
  readonly task: string | null;
  readonly queue: string | null;
  readonly worker: string | null;
  /** @unit seconds since the epoch */
  readonly now: number;
}

export interface MinuteCounts {
  key: string;
  /** One minute each. */
  bucket: number;
  finished: number;
  failed: number;
}

export interface KeyStats {
  key: string;
  finished: number;
  failed: number;
  retried: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface FailuresAsk {
  readonly now: number;
  readonly span: number;
  readonly limit: number;
  readonly task: string | null;
  readonly exception: string | null;
}

/** A task as it is stored: its fields by name, `extra` and `cut` as JSON text. */
export type StoredTask = Record<string, string | number | bigint | Uint8Array | null>;

/** What is counted of a task: `state` as its row has it, and the numbers of the tries that have a row of their own. */
export interface CountedEnds {
  uuid: string;
  state: string;
  tries: number[];
}

/** It can be written again after it could not, or had to begin anew because its file was gone. */
export interface Recovered {
  /** @unit seconds since the epoch */
  readonly since: number;
  /** What was written before is not there any more: the file is a new one, or another. */
  readonly anew: boolean;
  /** Tasks whose changes were given up meanwhile. */
  readonly givenUp: number;
  /** Whether a change of this one was given up at any time. */
  readonly wasGivenUp: (task: TaskRecord) => boolean;
}

export interface Limits {
  /** null: for ever. @unit seconds */
  readonly maxAge: number | null;
  /** null: any number. */
  readonly maxTasks: number | null;
  /** By state, instead of `maxAge`; null: for ever. Default: none. @unit seconds */
  readonly ages?: Readonly<Record<string, number | null>>;
  /** Of the file, without what is free in it; null: any. Default: any. @unit bytes */
  readonly maxBytes?: number | null;
}

/** What limits would take away now, without doing it. */
export interface ExpiryPlan {
  readonly tasks: number;
  /** Of the file, without what is free in it. */
  readonly bytes: number;
  /** Too old, by state. */
  readonly byAge: Readonly<Record<string, number>>;
  /** Beyond the number, of those that are left. */
  readonly byCount: number;
  /** Beyond the size, of those that are left; about. */
  readonly bySize: number;
}

export interface OperationRow {
  at: number;
  who: string;
  /** From where it was asked; null: not known. */
  address: string | null;
  /** The name of the API token it was asked with; null: none. */
  token: string | null;
  action: string;
  subject: string;
  /** Of the tasks it is about; null: none, several, or not known. */
  task_name: string | null;
  request: string;
  outcome: string;
  summary: string;
  answers: string;
  new_ids: string | null;
}
export type OperationOutcome = Pick<OperationRow, 'outcome' | 'summary' | 'answers' | 'new_ids'>;

/** How far a worker's tasks were heard: what a gap over a restart is counted by (cluster/gaps.ts). */
export interface HeardWorker {
  hostname: string;
  pid: number;
  /** By its own count it had begun so many tasks when all of them were heard; null: its count is not known. */
  begun: number | null;
  /** It sends no task events. */
  eventsDisabled: boolean;
  /** It said goodbye: it is not kept. */
  left: boolean;
}
export interface Heard {
  /** When the last event was heard. @unit seconds since the epoch */
  at: number;
  /** Events of tasks a second, then. */
  rate: number;
  /** Every worker there was is among them. */
  knewAll: boolean;
  workers: HeardWorker[];
}

/** What one asks of it. With a signal a question can be given up: then it rejects soon. */
export interface HistoryQuestions {
  tasks(query: TaskListQuery, signal?: AbortSignal): Promise<TaskPage>;
  facets(ask: FacetAsk, signal?: AbortSignal): Promise<FacetReply>;
  window(ask: WindowAsk, signal?: AbortSignal): Promise<WindowReply>;
  /** Those that are stored, in this order, with the ids of their children, a thousand each at most. */
  whole(uuids: readonly string[]): Promise<{ task: StoredTask; children: string[] }[]>;
  task(uuid: string): Promise<StoredTask | null>;
  tries(uuid: string): Promise<TaskTry[]>;
  rows(uuids: readonly string[]): Promise<TaskRow[]>;
  /** The newest tasks of each of these names, at most so many of each. In no order. */
  newest(names: readonly string[], limit: number): Promise<TaskRow[]>;
  children(uuid: string, limit: number): Promise<{ rows: TaskRow[]; total: number }>;
  workflow(ask: WorkflowAsk): Promise<WorkflowRows>;
  workflows(ask: WorkflowsAsk, signal?: AbortSignal): Promise<WorkflowsReply>;
  /** Tasks that had not ended, newest first, as whole rows. */
  unfinished(limit: number): Promise<StoredTask[]>;
  /** Of those that have a row. */
  countedEnds(uuids: readonly string[]): Promise<CountedEnds[]>;
  heldBy(worker: string, limit: number): Promise<TaskRow[]>;
  workers(): Promise<{ hostname: string; record: string; last_heard: number | null }[]>;
  taskNames(): Promise<string[]>;
  series(ask: SeriesAsk): Promise<SeriesReply>;
  perMinute(dim: Dim, from: number, to: number): Promise<MinuteCounts[]>;
  sums(step: number, from: number, to: number): Promise<{ finished: number; failed: number; buckets: number }>;
  keyStats(dim: Dim, from: number, to: number, suffix: string | null): Promise<KeyStats[]>;
  gauge(name: string, from: number, to: number): Promise<{ bucket: number; value: number }[]>;
  gauges(prefix: string, from: number): Promise<{ name: string; bucket: number; value: number }[]>;
  failures(ask: FailuresAsk): Promise<FailureGroup[]>;
  operations(before: number | null, limit: number, wanted?: OperationsWanted): Promise<OperationRecord[]>;
  /** Who stands in the record since then, but for logins that were wrong; who was there last first. @param since seconds since the epoch */
  people(since: number, limit: number): Promise<PersonOnRecord[]>;
  counts(): Promise<{ tasks: number; bytes: number }>;
  /** How far events were heard by whoever wrote this history last; null: nobody did. */
  heard(): Promise<Heard | null>;
}

export interface PersonOnRecord {
  readonly who: string;
  /** @unit seconds since the epoch */
  readonly last: number;
  /** What they did, or were refused, besides signing in and out. */
  readonly acts: number;
}

/** Each absent: any. */
export interface OperationsWanted extends Pick<OperationsQuery, 'who' | 'outcome' | 'on'> {
  readonly actions?: readonly RecordedAction[] | undefined;
}

/** Whether the record of operations is as it was written. */
export interface AuditVerdict {
  readonly ok: boolean;
  /** Those that the chain holds, and older ones, from before there was one. */
  readonly entries: number;
  readonly outside: number;
  /** When the first of those it holds was written; null: there is none. @unit seconds since the epoch */
  readonly since: number | null;
  /** The hash at its end: written down elsewhere, it proves later that the chain was not made anew. null: it is empty. */
  readonly head: string | null;
  /** The first hundred, as sentences, and how many there are. */
  readonly problems: readonly string[];
  readonly wrong: number;
}

export interface HistoryStore extends HistoryQuestions {
  /** Hand over what changed, and how far events are heard now. */
  write(batch: Batch, now: number, heard?: Heard | null): void;
  /** Changes handed over that are not on disk: 0 when there are none. */
  readonly pending: number;
  /** Resolves when all that was handed over is on disk, or cannot be written at the moment. */
  written(): Promise<void>;
  saveGauges(values: Readonly<Record<string, number>>, bucket: number): void;
  /** Record an operation before it is tried; its id. */
  beginOperation(row: OperationRow): Promise<number>;
  finishOperation(id: number, row: OperationOutcome): Promise<void>;
  /** What is seen of an operation's effect, as JSON. */
  saveEffect(operation: number, effect: string): Promise<void>;
  expire(limits: Limits, now: number): Promise<number>;
  /** Give room that is free in the file back to the disk, a little at a time. @returns bytes given back; 0: nothing more is to be */
  shrink(): Promise<number>;
  /** Whether what is handed over is kept. */
  readonly health: HistoryHealth;
  /** `health.reason`. */
  readonly failure: string | null;
  readonly lastWriteMs: number | null;
  onRecovered(fn: (what: Recovered) => void): void;
  close(): Promise<void>;
}
