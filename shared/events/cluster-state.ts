// The cluster as its events tell it: tasks and workers, bounded, and what changed.
// Not here: merging into one record (task-record.ts, worker-record.ts), keeping them on disk (server/dashboard/history/).
// Holds: a record that changed is in exactly one open batch until `cut`; records of finished tasks leave first when memory is full,
// and none leaves before the batch it is in was cut and released. Everything is kept by our clock: an event of a worker whose clock is
// off is placed where ours was. Whoever invents names fills no more than the bounds: a new worker takes the place of one that is gone,
// and when there is none it is left out and counted.
// Celery 5.6: events/state.py State
import { ENDED_STATES } from '../states.ts';
import type { CeleryEvent } from './event.ts';
import { createTaskRecord, endedAt, mergeTaskEvent, type TaskRecord, taskClockSet } from './task-record.ts';
import { placeAnew, Unjudged } from './unjudged.ts';
import {
  addHeartbeat,
  byOurClock,
  createWorkerRecord,
  DRIFT_MIN,
  isClockJudged,
  isOfAnother,
  mergeWorkerEvent,
  ownClockSet,
  type WorkerRecord,
} from './worker-record.ts';

/** One end of a try: what roll-ups count. */
export interface TryEnd {
  task: TaskRecord;
  state: 'SUCCESS' | 'FAILURE' | 'RETRY' | 'REVOKED' | 'REJECTED';
  at: number;
  /** @unit seconds */
  runtime: number | null;
  /** From sent (or due) to started. @unit seconds */
  wait: number | null;
}

export interface Batch {
  readonly tasks: TaskRecord[];
  readonly created: number;
  readonly finishes: TryEnd[];
  readonly workers: WorkerRecord[];
  readonly workersGone: string[];
}

export interface ClusterStateOptions {
  /** Finished tasks kept in memory. Default 10,000. */
  maxTasks?: number;
  /** Unfinished tasks kept in memory. Default 100,000. */
  maxUnfinished?: number;
  /** Default 5,000. */
  maxWorkers?: number;
  /** Names of tasks remembered. Default 10,000. */
  maxTaskTypes?: number;
}

/** A worker not heard for so long gives its place to a new one when all places are taken. @unit seconds */
const REPLACEABLE_AFTER = 300;
/** How often it is looked for one, while all places are taken. @unit seconds */
const LOOK_EVERY = 1;

/** What follows 'task-', without cutting it out of every event. */
const TASK_SUBJECTS: ReadonlyMap<string, string> = new Map([
  ['task-sent', 'sent'],
  ['task-received', 'received'],
  ['task-started', 'started'],
  ['task-succeeded', 'succeeded'],
  ['task-failed', 'failed'],
  ['task-retried', 'retried'],
  ['task-revoked', 'revoked'],
  ['task-rejected', 'rejected'],
]);

/** What a try ends in, by the event that tells of it. */
const END_STATES: ReadonlyMap<string, TryEnd['state']> = new Map([
  ['succeeded', 'SUCCESS'],
  ['failed', 'FAILURE'],
  ['retried', 'RETRY'],
  ['revoked', 'REVOKED'],
  ['rejected', 'REJECTED'],
]);

export class ClusterState {
  readonly tasks = new Map<string, TaskRecord>();
  readonly workers = new Map<string, WorkerRecord>();
  /** Names of every task seen. */
  readonly taskTypes = new Set<string>();
  readonly #children = new Map<string, Set<string>>();
  readonly #unjudged = new Unjudged();
  readonly #maxTasks: number;
  readonly #maxUnfinished: number;
  readonly #maxWorkers: number;
  readonly #maxTaskTypes: number;
  #lookedForPlace = Number.NEGATIVE_INFINITY;
  /** Finished tasks, oldest finish first; entries whose task came alive again are skipped. */
  #finished: TaskRecord[] = [];
  #finishedHead = 0;
  #n = 0;
  #open = openBatch();
  eventCount = 0;
  taskCount = 0;
  /** Unfinished tasks pushed out of memory. */
  evictedUnfinished = 0;
  /** Events of workers for which there was no place. */
  workerEventsLeftOut = 0;

  constructor(options: ClusterStateOptions = {}) {
    this.#maxTasks = options.maxTasks ?? 10_000;
    this.#maxUnfinished = options.maxUnfinished ?? 100_000;
    this.#maxWorkers = options.maxWorkers ?? 5_000;
    this.#maxTaskTypes = options.maxTaskTypes ?? 10_000;
  }

  /** Tasks changed in the open batch. */
  get dirty(): number {
    return this.#open.tasks.length;
  }

  apply(e: CeleryEvent): void {
    this.eventCount++;
    const { type } = e;
    const subject = TASK_SUBJECTS.get(type);
    if (subject !== undefined) this.#taskEvent(subject, e);
    else if (type.startsWith('task-')) this.#taskEvent(type.slice(5), e);
    else if (type.startsWith('worker-')) this.#workerEvent(type.slice(7), e);
  }

  /** Close the open batch and begin the next. */
  cut(): Batch {
    const open = this.#open;
    this.#n++;
    const batch: Batch = { ...open, workersGone: open.gone };
    this.#open = openBatch();
    this.#evict();
    return batch;
  }

  /** Bring back a task from the history, without counting it as changed. */
  restore(record: TaskRecord): void {
    if (this.tasks.has(record.uuid)) return;
    record.partial ||= (record.retries ?? 0) > 0;
    this.tasks.set(record.uuid, record);
    this.#index(record);
    if (ENDED_STATES.has(record.state)) this.#finished.push(record);
  }

  restoreWorker(record: WorkerRecord): void {
    if (this.workers.has(record.hostname) || this.workers.size >= this.#maxWorkers) return;
    this.workers.set(record.hostname, record);
  }

  /** Tasks of which a child is known. */
  get parentCount(): number {
    return this.#children.size;
  }

  childrenOf(uuid: string): TaskRecord[] {
    const ids = this.#children.get(uuid);
    if (!ids) return [];
    const found: TaskRecord[] = [];
    for (const id of ids) {
      const task = this.tasks.get(id);
      if (task) found.push(task);
    }
    return found;
  }

  /** Newest first by logical clock, as Celery's tasks_by_time. */
  tasksByTime(limit = Number.POSITIVE_INFINITY): TaskRecord[] {
    const all = [...this.tasks.values()].sort((a, b) => b.clock - a.clock || b.timestamp - a.timestamp);
    return all.length > limit ? all.slice(0, limit) : all;
  }

  forgetWorker(hostname: string): boolean {
    if (!this.workers.delete(hostname)) return false;
    this.#unjudged.take(hostname);
    this.#open.gone.push(hostname);
    return true;
  }

  /** The clock of this machine was set: what goes on has begun as long ago as before. @unit seconds @param now by the new clock */
  clockSet(by: number, now: number): void {
    for (const worker of this.workers.values()) {
      ownClockSet(worker, by, now);
      this.touchWorker(worker);
    }
    for (const task of this.tasks.values()) {
      if (ENDED_STATES.has(task.state)) continue;
      taskClockSet(task, by, now);
      this.touchTask(task.uuid);
    }
  }

  /** Mark tasks as changed: their worker fell silent, or came back. */
  touchTasksOf(hostname: string): void {
    for (const task of this.tasks.values())
      if (task.worker === hostname && !ENDED_STATES.has(task.state)) this.touchTask(task.uuid);
  }

  /** Mark a task as changed, though no event said so: an operator did something to it. */
  touchTask(uuid: string): void {
    const task = this.tasks.get(uuid);
    if (!task || task.batch === this.#n) return;
    task.batch = this.#n;
    this.#open.tasks.push(task);
  }

  /** Mark a worker as changed, for instance when it turned silent. */
  touchWorker(w: WorkerRecord): void {
    if (w.batch === this.#n) return;
    w.batch = this.#n;
    this.#open.workers.push(w);
  }

  #workerEvent(subject: string, e: CeleryEvent): void {
    const hostname = e.hostname;
    if (typeof hostname !== 'string' || e.timestamp === undefined || e.local_received === undefined) return;
    let worker = this.workers.get(hostname);
    if (!worker) {
      // Celery 5.6, events/state.py: a goodbye of a worker never seen makes no worker.
      if (subject === 'offline') return;
      worker = this.#newWorker(hostname, e.local_received) ?? undefined;
      if (!worker) return;
    }
    if (subject === 'offline' && isOfAnother(worker.pid, e)) return;
    mergeWorkerEvent(worker, subject, e);
    worker.last_heard = e.local_received;
    if (isClockJudged(worker)) this.#placeAnew(worker);
    e.timestamp = byOurClock(e.timestamp, e.local_received, worker.clock_drift);
    this.touchWorker(worker);
  }

  /** What it told before its clock was judged. */
  #placeAnew({ hostname, clock_drift: drift }: WorkerRecord): void {
    for (const { uuid, at, heard } of this.#unjudged.take(hostname)) {
      const task = this.tasks.get(uuid);
      if (!task || drift === 0) continue;
      const placed = byOurClock(at, heard, drift);
      placeAnew(task, at, placed);
      for (const end of this.#open.finishes) if (end.task === task && end.at === at) end.at = placed;
      this.touchTask(uuid);
    }
  }

  /** null: all places are taken by workers that are there. */
  #newWorker(hostname: string, now: number): WorkerRecord | null {
    if (this.workers.size >= this.#maxWorkers && !this.#makePlace(now)) {
      this.workerEventsLeftOut++;
      return null;
    }
    const worker = createWorkerRecord(hostname);
    this.workers.set(hostname, worker);
    return worker;
  }

  #makePlace(now: number): boolean {
    if (now < this.#lookedForPlace + LOOK_EVERY && now >= this.#lookedForPlace) return false;
    let longest: WorkerRecord | null = null;
    for (const w of this.workers.values()) {
      const heard = w.last_heard ?? 0;
      if ((w.left || heard < now - REPLACEABLE_AFTER) && heard < (longest?.last_heard ?? Number.POSITIVE_INFINITY))
        longest = w;
    }
    if (longest === null) {
      this.#lookedForPlace = now;
      return false;
    }
    return this.forgetWorker(longest.hostname);
  }

  #taskEvent(subject: string, e: CeleryEvent): void {
    const uuid = e.uuid as string;
    const heard = e.local_received;
    const sender = e.hostname === undefined ? undefined : this.workers.get(e.hostname);
    if (heard && e.timestamp) {
      e.timestamp = byOurClock(e.timestamp, heard, sender?.clock_drift ?? 0);
      const isLate = e.timestamp < heard - DRIFT_MIN && e.hostname !== undefined && subject !== 'sent';
      if (isLate && !(sender && isClockJudged(sender)))
        this.#unjudged.add({ hostname: e.hostname!, uuid, at: e.timestamp, heard });
    }
    let task = this.tasks.get(uuid);
    const created = task === undefined;
    if (task === undefined) {
      task = createTaskRecord(uuid);
      this.tasks.set(uuid, task);
      this.#open.created++;
      task.partial = (subject !== 'sent' && subject !== 'received') || (typeof e.retries === 'number' && e.retries > 0);
    }
    const hostname = e.hostname;
    if (subject === 'sent') {
      if (typeof hostname === 'string') task.client = hostname;
    } else if (typeof hostname === 'string') {
      task.worker = hostname;
      if (subject === 'received') this.taskCount++;
      const worker = sender ?? this.#newWorker(hostname, heard ?? 0);
      if (worker) this.#signOfLife(worker, subject, heard);
    } else if (subject === 'received') this.taskCount++;

    const wasReady = ENDED_STATES.has(task.state);
    if (wasReady && subject === 'retried' && isOverAlready(task)) {
      this.#lateRetry(task, e);
      return;
    }
    const before = this.#endStamp(task, subject);
    const namedBefore = task.name;
    const parentBefore = task.parent_id;
    mergeTaskEvent(task, subject, e);
    if (created) task.first_seen = task.sent ?? task.received ?? task.timestamp;
    else if (subject === 'sent' && task.sent !== null && task.sent < task.first_seen) task.first_seen = task.sent;
    if (task.name !== namedBefore || task.parent_id !== parentBefore) this.#index(task);
    if (task.batch !== this.#n) {
      task.batch = this.#n;
      this.#open.tasks.push(task);
    }
    const end = END_STATES.get(subject);
    if (end !== undefined) this.#finish(task, end, before, e);
    if (!wasReady && ENDED_STATES.has(task.state)) this.#finished.push(task);
  }

  /**
   * A task event is one: when it was heard, for a sender's clock may be anywhere. (Celery 5.6, events/state.py, goes by the sender's: a
   * worker whose clock is ahead then counts as alive for as long after its end.)
   */
  #signOfLife(worker: WorkerRecord, subject: string, heard: number | undefined): void {
    if (heard) {
      addHeartbeat(worker, heard);
      worker.last_heard = heard;
      worker.last_task_event = heard;
      worker.left = false;
    }
    if (subject === 'received') worker.received++;
    else if (subject === 'succeeded') worker.succeeded++;
    else if (subject === 'failed') worker.failed++;
    else if (subject === 'retried') worker.retried++;
    this.touchWorker(worker);
  }

  #endStamp(task: TaskRecord, subject: string): number | null {
    return END_STATES.has(subject) ? task[subject as 'succeeded'] : null;
  }

  /** An event told twice counts once; a retry counts each time, since each has its own instant. */
  #finish(task: TaskRecord, state: TryEnd['state'], before: number | null, e: CeleryEvent): void {
    const at = e.timestamp ?? 0;
    if (before !== null && (state !== 'RETRY' || before === at)) return;
    const begun = task.started;
    const runtime =
      task.runtime !== null && state === 'SUCCESS' ? task.runtime : begun !== null && at >= begun ? at - begun : null;
    const asked = task.retries ? task.received : (task.sent ?? task.received);
    const wait = begun !== null && asked !== null && task.eta === null ? Math.max(0, begun - asked) : null;
    this.#open.finishes.push({ task, state, at, runtime, wait });
    if (state === 'RETRY' || (task.tries !== null && endedAt(task) === at)) {
      const last = task.tries?.at(-1);
      // The next try is sent, and may be received, before this one says that it is to be retried, and tells its own number by then:
      // what was seen from its beginning is counted.
      const after = (time: number | null) => time !== null && begun !== null && time > begun;
      const resent = state === 'RETRY' && (after(task.sent) || after(task.received)) ? 1 : 0;
      const hasFailed = state !== 'SUCCESS';
      task.tries ??= [];
      task.tries.push({
        number: last ? last.number + 1 : task.partial ? Math.max(0, (task.retries ?? 0) - resent) : 0,
        state,
        worker: task.worker,
        received: after(task.received) ? null : task.received,
        started: task.started,
        ended: at,
        exception: hasFailed ? task.exception : null,
        traceback: hasFailed ? task.traceback : null,
      });
      if (task.tries.length > 100) task.tries.shift();
    }
  }

  /**
   * Children of one worker may end in another order than they began: this retry led to the try that is known to be over. It changes
   * nothing but what came before. (Celery 5.6, events/state.py, takes the task for one that is to be retried.)
   */
  #lateRetry(task: TaskRecord, e: CeleryEvent): void {
    const at = e.timestamp ?? 0;
    const last = task.tries!.at(-1)!;
    if (task.tries!.some((one) => one.state === 'RETRY' && one.ended === at)) return;
    this.#open.finishes.push({ task, state: 'RETRY', at, runtime: null, wait: null });
    task.tries!.splice(-1, 0, {
      number: last.number,
      state: 'RETRY',
      worker: e.hostname ?? null,
      received: null,
      started: null,
      ended: at,
      exception: typeof e.exception === 'string' ? e.exception : null,
      traceback: typeof e.traceback === 'string' ? e.traceback : null,
    });
    last.number++;
    this.touchTask(task.uuid);
  }

  #index(task: TaskRecord): void {
    if (task.name !== null && this.taskTypes.size < this.#maxTaskTypes) this.taskTypes.add(task.name);
    if (task.parent_id === null) return;
    let children = this.#children.get(task.parent_id);
    if (!children) {
      children = new Set();
      this.#children.set(task.parent_id, children);
    }
    children.add(task.uuid);
  }

  #evict(): void {
    const finishedCount = this.#finished.length - this.#finishedHead;
    let excess = finishedCount - this.#maxTasks;
    while (excess-- > 0) {
      const task = this.#finished[this.#finishedHead++]!;
      if (this.tasks.get(task.uuid) === task && ENDED_STATES.has(task.state)) this.#drop(task);
    }
    if (this.#finishedHead > 10_000) {
      this.#finished = this.#finished.slice(this.#finishedHead);
      this.#finishedHead = 0;
    }
    const kept = this.#maxTasks + this.#maxUnfinished;
    if (this.tasks.size <= kept) return;
    for (const task of this.tasks.values()) {
      if (this.tasks.size <= kept) break;
      this.evictedUnfinished++;
      this.#drop(task);
    }
  }

  #drop(task: TaskRecord): void {
    this.tasks.delete(task.uuid);
    if (task.parent_id !== null) {
      const siblings = this.#children.get(task.parent_id);
      siblings?.delete(task.uuid);
      if (siblings?.size === 0) this.#children.delete(task.parent_id);
    }
  }
}

function openBatch() {
  return {
    tasks: [] as TaskRecord[],
    created: 0,
    finishes: [] as TryEnd[],
    workers: [] as WorkerRecord[],
    gone: [] as string[],
  };
}

/** Its last try is over, and no other has begun since. */
function isOverAlready({ tries, started, received }: TaskRecord): boolean {
  const last = tries?.at(-1);
  if (last === undefined || last.state === 'RETRY' || last.ended === null) return false;
  return (started ?? 0) <= last.ended && (received ?? 0) <= last.ended;
}
