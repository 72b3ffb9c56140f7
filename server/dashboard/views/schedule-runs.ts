// The runs of one entry: tasks of its name and arguments, beside the times at which it was due.
// Not here: when it is due next (../../schedules/next-run.ts), the last few runs of all entries (recent-runs.ts).
// Holds: a task is the run of one time at most; what nobody listened for, or the history does not reach back to, is not called missed;
// what somebody sent by hand is no second run; with an interval, whose runs set each other's times, a run is late when the one before it
// is further away than it should be; where another entry sends the same, nothing is judged.
import { jsonText } from '../../../shared/json-text.ts';
import type { Masking } from '../../../shared/masking.ts';
import { parsePythonLiteral } from '../../../shared/python-literal.ts';
import { PyFloat, PyTuple } from '../../../shared/python-values.ts';
import type { ScheduleRun, ScheduleRunsReply } from '../../../shared/wire/schedules.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import type { EntryDefinition, StoredEntry } from '../../schedules/contract.ts';
import { dueTimes } from '../../schedules/next-run.ts';
import type { ClusterView } from '../cluster/view.ts';

const LISTED = 60;
/** Tasks of its name that are looked at for each run: others may have sent them, or with other arguments. */
export const LOOKED_AT = 3;
/** A run that begins later than this is late. @unit seconds */
const LATE_S = 5;
/** A run is of a time when it follows within so much. @unit seconds */
const WITHIN_S = 3600;
/** What is due so lately may be under way. @unit seconds */
const UNDER_WAY_S = 60;
/** Times that are looked at, of an entry that is due each minute more than a day. */
const MOST_TIMES = 2000;
const TWIN = 'Another entry sends the same task with the same arguments: whose run each is cannot be told.';
const CUSTOM = 'When it is due is known to its app only.';

export type RunTask = Pick<TaskRow, 'uuid' | 'state' | 'runtime' | 'first_seen'>;
type Entries = ReadonlyMap<string, StoredEntry>;
type Cluster = Pick<ClusterView, 'history' | 'now'> & {
  readonly events: { readonly gaps: Pick<ClusterView['events']['gaps'], 'list'> };
};

export async function scheduleRuns(
  cluster: Cluster,
  all: Entries,
  name: string,
  { definition }: StoredEntry,
  masking: Masking,
): Promise<ScheduleRunsReply> {
  const task = definition?.task ?? null;
  if (definition === null) return { task, items: [], reason: 'Which task it sends is unknown.' };
  const byHand = await sentByHand(cluster, name);
  const isTwin = twinsIn(all, masking)(definition);
  const rows = await cluster.history.newest([definition.task], LISTED * LOOKED_AT);
  const items = runsOf(cluster, definition, rows, { byHand, most: LISTED, isTwin, masking });
  return { task, items, reason: isTwin ? TWIN : definition.schedule.kind === 'custom' ? CUSTOM : null };
}

interface Wanted {
  readonly byHand: ReadonlySet<string>;
  readonly most: number;
  readonly isTwin: boolean;
  /** As what is in the history was masked. */
  readonly masking: Masking;
}

/** @param rows tasks of its name, in any order  @returns the newest first, at most `most` */
export function runsOf(
  cluster: Omit<Cluster, 'history'>,
  definition: EntryDefinition,
  rows: readonly TaskRow[],
  { byHand, most, isTwin, masking }: Wanted,
): ScheduleRun[] {
  const wanted = masking.value([definition.args, definition.kwargs]) as [unknown, unknown];
  const tasks = rows
    .filter((row) => row.parent_id === null && isSame(row.args, wanted[0]) && isSame(row.kwargs, wanted[1]))
    .sort((a, b) => b.first_seen - a.first_seen)
    .slice(0, most)
    .reverse();
  const { now } = cluster;
  const unheard = cluster.events.gaps.list().map(({ since, until }) => ({ since, until: until ?? now }));
  // Only from the oldest task on is it known what was not there.
  const from = tasks[0]?.first_seen ?? now;
  const runs = isTwin
    ? tasks.map((task) => runOf(task, null, 'on_time'))
    : judgeRuns(definition, tasks, { from, now, byHand, unheard });
  return runs.reverse().slice(0, most);
}

/** Tasks that somebody sent from here, by the record. */
export async function sentByHand({ history }: Pick<ClusterView, 'history'>, name: string): Promise<Set<string>> {
  const records = await history.operations(null, 200, { actions: ['run_schedule'], on: name });
  return new Set(records.flatMap(({ request }) => (request as { task_id?: string }).task_id ?? []));
}

/** Whether another of these entries sends the same, as far as it can be told apart once secrets are masked. */
export function twinsIn(all: Entries, masking: Masking): (definition: EntryDefinition) => boolean {
  const sent = ({ task, args, kwargs }: EntryDefinition) => jsonText([task, masking.value([args, kwargs])]);
  const times = new Map<string, number>();
  for (const { definition } of all.values()) {
    if (definition === null) continue;
    const key = sent(definition);
    times.set(key, (times.get(key) ?? 0) + 1);
  }
  return (definition) => (times.get(sent(definition)) ?? 0) > 1;
}

interface Known {
  /** From when on every task is known. @unit seconds since the epoch */
  readonly from: number;
  readonly now: number;
  /** Tasks that somebody sent. */
  readonly byHand: ReadonlySet<string>;
  /** When nobody listened. */
  readonly unheard: readonly { readonly since: number; readonly until: number }[];
}

function runOf(task: RunTask, due: number | null, kind: ScheduleRun['kind']): ScheduleRun {
  return { due, uuid: task.uuid, state: task.state, at: task.first_seen, runtime: task.runtime, kind };
}

/** @param tasks the oldest first  @returns the oldest first */
export function judgeRuns(definition: EntryDefinition, tasks: readonly RunTask[], known: Known): ScheduleRun[] {
  const extra = tasks.filter(({ uuid }) => known.byHand.has(uuid)).map((task) => runOf(task, null, 'extra'));
  const own = tasks.filter(({ uuid }) => !known.byHand.has(uuid));
  const { schedule } = definition;
  const runs = schedule.kind === 'interval' ? byInterval(schedule.every, own) : byTimes(definition, own, known);
  const when = (one: ScheduleRun) => one.at ?? one.due ?? 0;
  return [...runs, ...extra].sort((a, b) => when(a) - when(b));
}

function byInterval(every: number, tasks: readonly RunTask[]): ScheduleRun[] {
  // What comes too early is of another sender: the next is measured from the one before it.
  let last: RunTask | null = null;
  return tasks.map((task) => {
    if (last === null) {
      last = task;
      return runOf(task, null, 'on_time');
    }
    const due = last.first_seen + every;
    if (task.first_seen - last.first_seen < every / 2) return runOf(task, null, 'twice');
    last = task;
    return runOf(task, due, task.first_seen - due > Math.max(LATE_S, every / 2) ? 'late' : 'on_time');
  });
}

function byTimes(definition: EntryDefinition, tasks: readonly RunTask[], known: Known): ScheduleRun[] {
  const { from, now, unheard } = known;
  const due = dueTimes(definition, (from - WITHIN_S) * 1000, now * 1000, MOST_TIMES);
  if (due === null) return tasks.map((task) => runOf(task, null, 'on_time'));
  const times = due.map((ms) => ms / 1000);
  const taken = new Map<number, ScheduleRun>();
  const others: ScheduleRun[] = [];
  for (const task of tasks) {
    // Clocks of machines differ: a second early is of that time, too.
    const at = times.findLast((time) => time <= task.first_seen + 1);
    const after = at === undefined ? Number.POSITIVE_INFINITY : task.first_seen - at;
    if (at === undefined || after > WITHIN_S) others.push(runOf(task, null, 'extra'));
    else if (!taken.has(at)) taken.set(at, runOf(task, at, after > LATE_S ? 'late' : 'on_time'));
    // A second beat sends at the same time as the first; somebody at any.
    else others.push(runOf(task, at, after <= LATE_S ? 'twice' : 'extra'));
  }
  const isUnheard = (time: number) => unheard.some(({ since, until }) => time >= since - LATE_S && time <= until);
  const missed = times
    .filter((time) => time >= from && time < now - UNDER_WAY_S && !taken.has(time) && !isUnheard(time))
    .map((due): ScheduleRun => ({ due, uuid: null, state: null, at: null, runtime: null, kind: 'missed' }));
  return [...taken.values(), ...others, ...missed];
}

/** As JSON would have it: a tuple is a list there, 1.0 is 1, and the order of names says nothing. */
function sameText(value: unknown): string {
  if (value instanceof PyTuple) return sameText(value.items);
  if (value instanceof PyFloat) return jsonText(value.value);
  if (Array.isArray(value)) return `[${value.map(sameText).join()}]`;
  if (typeof value !== 'object' || value === null) return jsonText(value);
  if (value.constructor !== Object) throw new TypeError('no value of JSON');
  const names = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${names.map(([name, one]) => `${jsonText(name)}:${sameText(one)}`).join()}}`;
}

/** What cannot be compared, cut or of a type of Python's own, is taken for the same. */
function isSame(text: string | null, value: unknown): boolean {
  if (text === null || value === null) return true;
  const read = parsePythonLiteral(text);
  if (!read.ok) return true;
  try {
    return sameText(read.value) === sameText(value);
  } catch {
    return true;
  }
}
