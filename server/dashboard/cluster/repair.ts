// After a time in which the history could not be written: what is on disk and what is known are made one again.
// Not here: keeping what waits meanwhile (history/sqlite/write-behind.ts), ends that nobody heard (backfill.ts).
// Holds: rows and roll-ups say the same again. Each end that memory knows is counted once: those that the file, whichever it is now,
// has counted are asked for first. What memory does not know any more is told as a gap, and its result looked up.
import type { Batch, ClusterState, TryEnd } from '../../../shared/events/cluster-state.ts';
import { endedAt, type TaskRecord } from '../../../shared/events/task-record.ts';
import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { CountedEnds, HistoryStore, Recovered } from '../history/contract.ts';
import { forgetStored, toRecord } from '../history/rows.ts';
import type { EventStream } from './event-stream.ts';
import type { MissedEnds } from './missed-ends.ts';

const MAX_UNFINISHED = 20_000;
/** Tasks compared at a time. */
const MAX_COMPARED = 2000;
/** As many tries of a task as the history is given (history/rows.ts). */
const MAX_TRIES = 8;
const COUNTED_STATES: ReadonlySet<string> = new Set(['SUCCESS', 'FAILURE', 'REVOKED', 'REJECTED']);

/** What it needs of a cluster. */
export interface RepairHost {
  readonly state: Pick<ClusterState, 'tasks' | 'workers' | 'restore'>;
  readonly history: Pick<HistoryStore, 'write' | 'written' | 'countedEnds' | 'unfinished' | 'failure' | 'health'>;
  readonly events: Pick<EventStream, 'add'>;
  readonly missedEnds: Pick<MissedEnds, 'lookUp'>;
  /** @unit seconds since the epoch */
  readonly now: number;
  readonly stopped: boolean;
  /** Hands what changed to the history. */
  flush(): void;
}

/** One repair after another; one that the next trouble ends is done with the next. */
export class Repairs {
  readonly #cluster: RepairHost;
  readonly #log: Logger;
  #owed: Recovered | null = null;
  #running = false;

  constructor(cluster: RepairHost, log: Logger) {
    this.#cluster = cluster;
    this.#log = log;
  }

  recovered(what: Recovered): void {
    this.#owed = both(what, this.#owed);
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#owed !== null) {
        const what = this.#owed;
        this.#owed = null;
        let isDone = false;
        try {
          isDone = await repair(this.#cluster, what);
        } finally {
          if (!isDone) this.#owed = both(what, this.#owed);
        }
        // It is told when it can be written again.
        if (!isDone && (this.#cluster.history.failure !== null || this.#cluster.stopped)) break;
      }
    } catch (error) {
      if (!this.#cluster.stopped) this.#log.warning(`The history could not be repaired: ${toError(error).message}`);
    } finally {
      this.#running = false;
    }
  }
}

function both(one: Recovered, other: Recovered | null): Recovered {
  if (other === null) return one;
  const since = Math.min(one.since, other.since);
  return { ...one, since, anew: one.anew || other.anew, givenUp: one.givenUp + other.givenUp };
}

/** @returns false: it cannot be written again already; what was to be repaired is still owed */
async function repair(cluster: RepairHost, { since, anew, givenUp, wasGivenUp }: Recovered): Promise<boolean> {
  const { history, state } = cluster;
  if (!anew && givenUp === 0) return true;
  const known = [...state.tasks.values()].filter((task) => anew || wasGivenUp(task));
  if (anew) history.write({ ...EMPTY, workers: [...state.workers.values()] }, cluster.now);
  for (let i = 0; i < known.length; i += MAX_COMPARED) {
    let tasks: readonly TaskRecord[] | null = known.slice(i, i + MAX_COMPARED);
    while (tasks !== null && tasks.length > 0) {
      const missing = await rewrite(cluster, tasks, anew);
      if (missing === null) return false;
      // More texts than may wait to be written: some were given up again.
      tasks = missing.length < tasks.length ? missing : null;
    }
  }

  const lost = givenUp - known.filter(wasGivenUp).length;
  if (lost > 0) {
    const { now } = cluster;
    const counted = { tasks: lost, tasks_is: 'exact', events: 3 * lost, events_is: 'about' } as const;
    cluster.events.add({ since, until: now, ...counted, cause: 'not-written' });
    // Of those that memory has forgotten the file may say that they run: how they ended is asked for.
    for (const row of await history.unfinished(MAX_UNFINISHED))
      if (!state.tasks.has(String(row.uuid))) state.restore(toRecord(row));
  }
  await cluster.missedEnds.lookUp(cluster.now);
  return true;
}

export const EMPTY: Batch = { tasks: [], created: 0, finishes: [], workers: [], workersGone: [] };

/** Each whole, with its ends that are not counted. @returns those given up again; null: it cannot be written again already */
async function rewrite(
  cluster: RepairHost,
  tasks: readonly TaskRecord[],
  anew: boolean,
): Promise<readonly TaskRecord[] | null> {
  const { history } = cluster;
  // What waits now is on disk when that is asked for: ends of later are not looked at here, and go their usual way.
  cluster.flush();
  const ends = tasks.map((task) => ({ task, ends: endsOf(task) }));
  await history.written();
  if (cluster.stopped || history.failure !== null) return null;
  const counted = new Map((await history.countedEnds(tasks.map((t) => t.uuid))).map((one) => [one.uuid, one]));
  const finishes = ends.flatMap(({ task, ends }) =>
    ends.filter((end) => !isCounted(end, counted.get(task.uuid))).map((end) => end.finish),
  );
  for (const task of tasks) {
    // Texts of which memory has only the beginning are kept as long as the file has the rest.
    if (anew && !counted.has(task.uuid)) forgetStored(task);
    else task.stored = false;
  }
  const givenUpBefore = history.health.given_up;
  history.write({ ...EMPTY, tasks: [...tasks], finishes }, cluster.now);
  await history.written();
  if (cluster.stopped || history.failure !== null) return null;
  if (history.health.given_up === givenUpBefore) return [];
  const written = new Map((await history.countedEnds(tasks.map((t) => t.uuid))).map((one) => [one.uuid, one]));
  return tasks.filter((t) => written.get(t.uuid)?.state !== t.state);
}

interface End {
  /** null: it was the task's only try. */
  readonly number: number | null;
  readonly finish: TryEnd;
}

function isCounted({ number }: End, onDisk: CountedEnds | undefined): boolean {
  if (onDisk === undefined) return false;
  return number === null ? COUNTED_STATES.has(onDisk.state) : onDisk.tries.includes(number);
}

/** How its tries ended, as it was counted when their events came (shared/events/cluster-state.ts). */
function endsOf(task: TaskRecord): End[] {
  if (task.tries !== null)
    return task.tries.slice(-MAX_TRIES).flatMap(({ number, state, ended: at, ...one }) => {
      if (at === null || (state !== 'RETRY' && !isCountedState(state))) return [];
      const runtime = one.started !== null && at >= one.started ? at - one.started : null;
      const wait = one.started !== null && one.received !== null ? Math.max(0, one.started - one.received) : null;
      const { worker, exception } = one;
      return [{ number, finish: { task: { ...task, worker, exception }, state, at, runtime, wait } }];
    });
  const { state, started } = task;
  const at = endedAt(task);
  if (at === null || !isCountedState(state)) return [];
  const runtime = task.runtime ?? (started !== null && at >= started ? at - started : null);
  const asked = task.retries ? task.received : (task.sent ?? task.received);
  const wait = started !== null && asked !== null && task.eta === null ? Math.max(0, started - asked) : null;
  return [{ number: null, finish: { task, state, at, runtime, wait } }];
}

function isCountedState(state: string): state is 'SUCCESS' | 'FAILURE' | 'REVOKED' | 'REJECTED' {
  return COUNTED_STATES.has(state);
}
