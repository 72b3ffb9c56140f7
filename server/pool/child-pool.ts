// The pools with children: `prefork` (processes) and `threads` (worker_threads). Each child loads the app again and runs one job at a
// time, or as many as `childConcurrency` says. Hands jobs out, keeps as many children as it should have, replaces those that go.
// Not here: one child (child.ts), one job (child-run.ts), what a child does (child-main.ts).
// Holds: a job is written to a child only when that one is free, so that none waits behind another's; the next child is started when
// one takes its last job, before it goes; one that cannot start is tried again, each time later; no more jobs run than the limit says.
// Celery 5.6: concurrency/prefork.py, asynpool.py; billiard/pool.py
//
// idle > running > stopping (warm: what was given is finished) > cold (all are killed) > stopped.
import { ImproperlyConfigured } from '../errors.ts';
import { type Logger, silentLogger } from '../log.ts';
import type { TimerHandle } from '../timer.ts';
import { Child, type ChildOptions, type ChildOwner } from './child.ts';
import { ChildRun } from './child-run.ts';
import type { Job, JobCallbacks, Pool, PoolContext, PoolInfo, Running } from './contract.ts';
import { type OpenLink, openProcess, openThread } from './links.ts';

/** A child that has lived so long was no failed start. @unit milliseconds */
const STEADY_MS = 10_000;
const BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;
const ALIVE_TIMEOUT_MS = 60_000;
const LOST_WAIT_MS = 10_000;

/** What is particular to processes, and to threads. */
export interface ChildKind {
  readonly name: string;
  readonly open: OpenLink;
  /** 'ForkPoolWorker': a child is called so, with a number. */
  readonly childName: string;
  readonly entry: URL;
  /** Needs no app that another process could load: a test's. */
  readonly needsSource: boolean;
}

const ENTRY = new URL('./child-entry.ts', import.meta.url);
const PREFORK: ChildKind = {
  name: 'prefork',
  open: openProcess,
  childName: 'ForkPoolWorker',
  entry: ENTRY,
  needsSource: true,
};
const THREADS: ChildKind = {
  name: 'threads',
  open: openThread,
  childName: 'ThreadPoolWorker',
  entry: ENTRY,
  needsSource: true,
};

export class ChildPool implements Pool, ChildOwner {
  readonly name: string;
  readonly canTerminate = 'kill';
  readonly #kind: ChildKind;
  readonly #context: PoolContext;
  readonly #options: ChildOptions;
  readonly #log: Logger;
  readonly #capacity: number;
  readonly #children = new Set<Child>();
  /** Starts that wait, after failures. */
  readonly #delayed = new Set<TimerHandle>();
  #mode: 'idle' | 'running' | 'stopping' | 'cold' | 'stopped' = 'idle';
  #size: number;
  #active = 0;
  #waiting: ChildRun[] = [];
  #waitingHead = 0;
  #lastChild = 0;
  #lastKey = 0;
  /** Children in a row that ended before they were of use. */
  #failures = 0;
  #memoryWarned = false;
  /** Called whenever a child has come or gone. */
  readonly #watchers = new Set<() => void>();

  constructor(kind: ChildKind, context: PoolContext) {
    this.name = kind.name;
    this.#kind = kind;
    this.#context = context;
    this.#size = Math.max(1, context.concurrency);
    this.#capacity = Math.max(1, context.childConcurrency ?? 1);
    this.#log = context.log ?? silentLogger;
    const { timer, loglevel = 'WARNING', hostname = '' } = context;
    const measureMemory = Boolean(context.maxMemoryPerChild);
    this.#options = {
      open: kind.open,
      entry: kind.entry,
      timer,
      lostWaitMs: context.lostWaitMs ?? LOST_WAIT_MS,
      aliveTimeoutMs: context.aliveTimeoutMs ?? ALIVE_TIMEOUT_MS,
      capacity: this.#capacity,
      log: this.#log,
      boot: () => ({ hostname, source: context.source ?? null, loglevel, measureMemory }),
    };
  }

  get limit(): number {
    return this.#size * this.#capacity;
  }

  get size(): number {
    return this.#size;
  }

  get active(): number {
    return this.#active;
  }

  get pids(): readonly number[] {
    return [...new Set([...this.#children].map(({ pid }) => pid))];
  }

  /** Resolves when the first children are ready. @throws ImproperlyConfigured when none of them can be */
  async start(): Promise<void> {
    if (this.#kind.needsSource && !this.#context.source) {
      throw new ImproperlyConfigured(
        `The ${this.name} pool loads the app again in each child, and this app was made by hand: start the worker with ` +
          `umbel worker -A ./app.ts -P ${this.name}, or use the async pool.`,
      );
    }
    if (this.#mode !== 'idle') return;
    this.#mode = 'running';
    this.#maintain();
    const first = [...this.#children];
    await this.#until(() => this.#mode !== 'running' || first.every(({ state }) => state !== 'starting'));
    if (this.#mode !== 'running' || first.some(({ state }) => state === 'ready') || this.#hasReady()) return;
    const reason = first.find(({ unable }) => unable)?.unable ?? 'each ended before it was ready';
    await this.stop('cold');
    throw new ImproperlyConfigured(`No child of the ${this.name} pool could start: ${reason}`);
  }

  apply(job: Job, callbacks: JobCallbacks): Running {
    const run = new ChildRun(job, callbacks, this.#context.timer);
    if (this.#mode === 'cold' || this.#mode === 'stopped') {
      run.stopped();
      return run;
    }
    this.#waiting.push(run);
    this.#dispatch();
    return run;
  }

  grow(n: number): void {
    this.#resize(n);
  }

  shrink(n: number): void {
    this.#resize(-n);
  }

  async restart(): Promise<void> {
    if (this.#mode !== 'running') return;
    const old = [...this.#children];
    for (const child of old) this.#retire(child);
    this.#maintain();
    await this.#until(
      () =>
        this.#mode !== 'running' ||
        (old.every(({ state }) => state === 'gone') && this.#living().every(({ state }) => state === 'ready')),
    );
  }

  info(): PoolInfo {
    const { maxTasksPerChild, info } = this.#context;
    const children = [...this.#children];
    return {
      implementation: `umbel:${this.name}`,
      'max-concurrency': this.limit,
      processes: this.pids,
      ...(this.name === 'threads' ? { threads: children.length } : {}),
      'max-tasks-per-child': maxTasksPerChild ?? 'N/A',
      'put-guarded-by-semaphore': true,
      timeouts: [0, 0],
      'running-tasks': this.#active,
      writes: writeStats(children),
      ...info,
    };
  }

  async stop(how: 'warm' | 'cold'): Promise<void> {
    if (this.#mode === 'idle') this.#mode = 'stopped';
    if (this.#mode === 'stopped') return;
    if (how === 'cold') this.#stopCold();
    else if (this.#mode === 'running') this.#mode = 'stopping';
    this.#leaveWhenDone();
    await this.#until(() => this.#mode === 'stopped');
  }

  // -- what children say

  onReady(child: Child, memoryKiB: number): void {
    const { maxMemoryPerChild } = this.#context;
    if (maxMemoryPerChild && memoryKiB >= maxMemoryPerChild && !this.#memoryWarned) {
      this.#memoryWarned = true;
      this.#log.warning(
        `A child needs ${memoryKiB} KiB before its first task, and worker_max_memory_per_child is ${maxMemoryPerChild} KiB: ` +
          'each child runs one task and is replaced. Give a higher limit.',
      );
    }
    if (child.retiring) child.leave();
    this.#changed();
  }

  onFree(child: Child, memoryKiB: number | null): void {
    this.#active--;
    this.#failures = 0;
    const { maxMemoryPerChild } = this.#context;
    if (maxMemoryPerChild && memoryKiB !== null && memoryKiB > maxMemoryPerChild && !child.retiring) {
      if (!this.#memoryWarned) {
        this.#log.warning(
          `${child.name} is replaced: it uses ${memoryKiB} KiB, and worker_max_memory_per_child is ${maxMemoryPerChild} KiB`,
        );
      }
      child.retiring = true;
      this.#maintain();
    }
    if (child.retiring && child.load === 0 && !child.doomed) child.leave();
    this.#dispatch();
    this.#leaveWhenDone();
  }

  onChordParts(count: number): void {
    this.#context.onChordParts?.(count);
  }

  onEnd(child: Child, how: string, lost: readonly ChildRun[]): void {
    this.#children.delete(child);
    this.#active -= lost.length;
    const isAskedFor = child.doomed || child.retiring || this.#mode === 'cold';
    const again: ChildRun[] = [];
    for (const run of lost) {
      if (this.#mode === 'cold') run.stopped();
      else if (run.lost(how)) again.push(run);
    }
    if (again.length > 0) this.#waiting = [...again, ...this.#waiting.slice(this.#waitingHead)];
    if (again.length > 0) this.#waitingHead = 0;
    if (child.readyMs === null) this.#failedToStart(child, how);
    else if (!isAskedFor || (lost.length > 0 && !child.doomed)) this.#lost(child, how, lost.length);
    this.#changed();
  }

  // -- children

  /** Those that have a place, or will. */
  #living(): Child[] {
    return [...this.#children].filter(({ retiring }) => !retiring);
  }

  #hasReady(): boolean {
    return [...this.#children].some(({ state }) => state === 'ready');
  }

  /** As many as there should be: starts what is missing, lets go what is too many. */
  #maintain(): void {
    if (this.#mode !== 'running' && this.#mode !== 'stopping') return;
    const wanted = this.#mode === 'running' ? this.#size : Math.min(this.#size, this.#waitingCount + this.#active);
    const living = this.#living();
    let missing = wanted - living.length - this.#delayed.size;
    for (; missing > 0; missing--) this.#spawn();
    if (this.#mode !== 'running') return;
    // Those first that have nothing to do.
    const spare = living.sort((a, b) => a.load - b.load);
    for (const child of spare.slice(0, Math.max(0, -missing))) this.#retire(child);
  }

  #spawn(): void {
    const name = `${this.#kind.childName}-${++this.#lastChild}`;
    this.#children.add(new Child(name, this.#freeIndex(), this, this.#options));
  }

  /** The lowest that no living child has. Celery 5.6: billiard/pool.py Pool._avail_index */
  #freeIndex(): number {
    const taken = new Set([...this.#children].map(({ index }) => index));
    let index = 1;
    while (taken.has(index)) index++;
    return index;
  }

  #retire(child: Child): void {
    child.retiring = true;
    if (child.state === 'starting') child.kill();
    else if (child.load === 0) child.leave();
  }

  #failedToStart(child: Child, how: string): void {
    // One that was let go before it was ready.
    if (child.retiring && child.unable === null) return;
    this.#log.error(`${child.name} could not start: ${child.unable ?? how}${this.#startLater()}`);
  }

  #lost(child: Child, how: string, jobs: number): void {
    this.#log.error(`Process '${child.name}' pid:${child.pid} exited with '${how}'`);
    const { timer, onChildLost } = this.#context;
    onChildLost?.({ name: child.name, pid: child.pid, how });
    const wasOfUse = jobs > 0 || child.finished > 0 || timer.monotonic() - child.readyMs! >= STEADY_MS;
    if (wasOfUse) this.#failures = 0;
    else this.#startLater();
  }

  /** Its place stays empty for a while. @returns how long, for the log */
  #startLater(): string {
    if (this.#mode !== 'running' && this.#mode !== 'stopping') return '';
    const waitMs = Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** this.#failures++);
    const handle = this.#context.timer.after(waitMs, () => {
      this.#delayed.delete(handle);
      this.#maintain();
    });
    this.#delayed.add(handle);
    return `; trying again in ${waitMs / 1000} s`;
  }

  #resize(by: number): void {
    this.#size = Math.max(1, this.#size + by);
    this.#changed();
  }

  /** Children have come or gone, or there should be another number of them. */
  #changed(): void {
    this.#maintain();
    this.#dispatch();
    this.#leaveWhenDone();
    for (const look of [...this.#watchers]) look();
  }

  #until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
    });
  }

  // -- jobs

  get #waitingCount(): number {
    return this.#waiting.length - this.#waitingHead;
  }

  #dispatch(): void {
    if (this.#mode !== 'running' && this.#mode !== 'stopping') return;
    while (this.#waitingHead < this.#waiting.length && this.#active < this.limit) {
      const child = this.#freeChild();
      if (!child) break;
      const run = this.#waiting[this.#waitingHead++]!;
      if (run.mayStart()) this.#hand(run, child);
    }
    if (this.#waitingHead > 256 && this.#waitingHead * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#waitingHead);
      this.#waitingHead = 0;
    }
  }

  /** The one with the least to do. */
  #freeChild(): Child | null {
    let free: Child | null = null;
    for (const child of this.#children) {
      if (child.isFree && (free === null || child.load < free.load)) free = child;
    }
    return free;
  }

  #hand(run: ChildRun, child: Child): void {
    const { maxTasksPerChild } = this.#context;
    this.#active++;
    child.give(run, ++this.#lastKey);
    if (!maxTasksPerChild || child.taken < maxTasksPerChild || child.retiring) return;
    // Its last one: the next child is there when this one goes.
    child.retiring = true;
    this.#maintain();
  }

  // -- stopping

  #leaveWhenDone(): void {
    if (this.#mode === 'stopping') {
      if (this.#waitingCount > 0 || this.#active > 0) return;
      for (const child of this.#children) this.#retire(child);
      this.#cancelStarts();
    }
    if ((this.#mode === 'stopping' || this.#mode === 'cold') && this.#children.size === 0) {
      this.#mode = 'stopped';
      for (const look of [...this.#watchers]) look();
    }
  }

  #stopCold(): void {
    this.#mode = 'cold';
    this.#cancelStarts();
    const waiting = this.#waiting.slice(this.#waitingHead);
    this.#waiting = [];
    this.#waitingHead = 0;
    for (const run of waiting) run.stopped();
    for (const child of this.#children) child.kill();
  }

  #cancelStarts(): void {
    for (const handle of this.#delayed) handle.cancel();
    this.#delayed.clear();
  }
}

/** As Celery's `human_write_stats`, of the children that are there. */
function writeStats(children: readonly Child[]): PoolInfo {
  const counts = children.map(({ taken }) => taken);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const share = (count: number) => (count === 0 ? '0.00' : (count / total).toFixed(2));
  return {
    total,
    avg: share(total / Math.max(1, counts.length)),
    all: counts.map(share).join(', '),
    raw: counts.join(', '),
    strategy: 'fair',
    inqueues: { total: children.length, active: children.filter(({ load }) => load > 0).length },
  };
}

export function createPreforkPool(context: PoolContext): Pool {
  return new ChildPool(PREFORK, context);
}

export function createThreadsPool(context: PoolContext): Pool {
  return new ChildPool(THREADS, context);
}
