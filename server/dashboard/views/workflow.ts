// One workflow: its tasks from history and memory, what their events, messages and result records tell of groups and of steps to come.
// Not here: what it is made of and how it stands (shared/workflow/), which workflows there are (workflows.ts).
// Holds: bounded; who sees certain tasks only gets a workflow of those; no argument of a step that was not sent is told; broker and
// result store are asked for a few tasks alone, and what they do not answer is left unknown and said.

import { ENDED_STATES } from '../../../shared/states.ts';
import type { TaskRow, TaskTry } from '../../../shared/wire/tasks.ts';
import type { Workflow, WorkflowTry } from '../../../shared/wire/workflows.ts';
import { buildWorkflow, type WorkflowTask } from '../../../shared/workflow/build.ts';
import { concludeWorkflow } from '../../../shared/workflow/conclude.ts';
import { count, type Outline, readOutline, stepsIn, text } from '../../../shared/workflow/outline.ts';
import { outlineOf } from '../../protocol/outline.ts';
import type { Sight } from '../access/sight.ts';
import type { Baselines } from '../cluster/baselines.ts';
import type { ClusterView } from '../cluster/view.ts';
import type { WorkflowRows } from '../history/contract.ts';
import { toRow } from '../history/rows.ts';
import { readMessage } from '../operations/known-call.ts';
import type { TaskRows } from './task-rows.ts';

/** Tasks that one answer has. */
export const MAX_TASKS = 5000;
/** Unfinished tasks whose messages are looked for, in how many queues. */
const MESSAGES = 8;
const QUEUES = 20;
/** Ended tasks whose result records are asked for their group. */
const RECORDS = 200;
const FIRST_RECORDS = 10;
/** Of a message that nobody else reads, more than events carry. @unit characters */
const MESSAGE_OUTLINE = 200_000;
/** Of arguments and exceptions: a panel has all of them. @unit characters */
const MAX_CALL = 80;
const MAX_EXCEPTION = 160;

interface Sources {
  readonly cluster: ClusterView;
  readonly baselines: Baselines;
  readonly taskRows: TaskRows;
}

interface Family {
  group: string | null;
  index: number | null;
  outline: Outline | null;
}

/** null: no such task is known. */
export async function workflowOf(
  { cluster, baselines, taskRows }: Sources,
  sight: Sight,
  uuid: string,
  limit = MAX_TASKS,
): Promise<Workflow | null> {
  const [found, runtimes] = await Promise.all([
    cluster.history.workflow({ uuid, limit }),
    baselines.lastHour().catch(() => null),
  ]);
  const families = new Map<string, Family>();
  const rows: TaskRow[] = [];
  const add = (stored: TaskRow, extra: unknown): void => {
    const live = cluster.tasks.get(stored.uuid);
    const row = live && !live.partial ? toRow(live) : stored;
    if (!sight.row(row)) return;
    families.set(row.uuid, familyOf(live?.extra ?? extra));
    rows.push(taskRows.shown(sight.shown(row)));
  };
  for (const { row, extra } of found.rows) add(row, extra);
  // It was heard of just now, and is not written yet.
  const live = cluster.tasks.get(uuid);
  if (live && !families.has(uuid)) add(toRow(live), live.extra);
  if (rows.length === 0) return null;
  const silent = await askMore(cluster, rows, families);
  const taskOf = (row: TaskRow): WorkflowTask => {
    const { group, index, outline } = families.get(row.uuid)!;
    return {
      row: { ...row, exception: cut(row.exception, MAX_EXCEPTION) },
      group,
      index,
      outline: outline && seenOf(outline, sight),
      call: callOf(row),
      tries: triesOf(own(found.tries, row.uuid), row),
      again: own(found.again, row.uuid) ?? null,
      p50: ENDED_STATES.has(row.state) ? null : (runtimes?.get(row.name ?? '')?.p50 ?? null),
    };
  };
  const read = found.rows.map(({ row }) => row);
  let shape = buildWorkflow(rows.map(taskOf), found.isCut);
  if (found.isCut) {
    // What looks like a step to come may be a task that was left out.
    const steps = shape.nodes.filter(({ kind, has_id }) => kind === 'step' && has_id);
    const sent = await cluster.history.rows(steps.map(({ id }) => id));
    if (sent.length > 0) {
      for (const row of sent) add(row, null);
      read.push(...sent);
      shape = buildWorkflow(rows.map(taskOf), true);
    }
  }
  const { nodes, groups, edges, orphans, more } = shape;
  // Who may not see all tasks is not told how many others there are.
  const beyond = sight.isWhole ? beyondOf(found.all, read) : null;
  for (const node of nodes) {
    const p50 = node.kind === 'step' ? (runtimes?.get(node.name ?? '')?.p50 ?? null) : null;
    if (p50 !== null) node.p50 = p50;
  }
  const now = cluster.now;
  const first = rows.reduce((one, other) => (other.first_seen < one.first_seen ? other : one));
  const roots = new Set(rows.map((row) => row.root_id ?? row.uuid));
  const [root] = roots;
  return {
    root: roots.size === 1 && families.has(root!) ? root! : first.uuid,
    at: now,
    nodes,
    groups,
    edges,
    summary: concludeWorkflow({ nodes, groups, edges, beyond, cut: found.isCut }, now),
    cut: found.isCut,
    beyond,
    notes: notesOf({ isCut: found.isCut, limit, beyond, orphans, more, silent }),
  };
}

/** All but those that were read. */
function beyondOf(all: WorkflowRows['all'], read: readonly TaskRow[]): Workflow['beyond'] {
  if (all === null) return null;
  const states = new Map(Object.entries(all.states));
  for (const { state } of read) states.set(state, (states.get(state) ?? 0) - 1);
  return { ...all, states: Object.fromEntries([...states].filter(([, n]) => n > 0)) };
}

function familyOf(extra: unknown): Family {
  let fields = extra as Record<string, unknown> | null | undefined;
  if (typeof extra === 'string') {
    try {
      fields = JSON.parse(extra) as Record<string, unknown>;
    } catch {
      fields = null;
    }
  }
  return { group: text(fields?.group_id), index: count(fields?.group_index), outline: readOutline(fields?.canvas) };
}

/**
 * Celery's own events tell of no group and no step: the message of one that waits does, and the record of one that has ended tells its
 * group.
 * @returns unfinished tasks of which nothing tells what follows
 */
async function askMore(
  cluster: ClusterView,
  rows: readonly TaskRow[],
  families: ReadonlyMap<string, Family>,
): Promise<number> {
  const silentRows = rows.filter((row) => {
    const { group, outline } = families.get(row.uuid)!;
    return group === null && outline === null && !isOurs(cluster, row);
  });
  if (silentRows.length === 0) return 0;
  const answered = new Set<string>();
  const unfinished = silentRows.filter(({ state }) => !ENDED_STATES.has(state));
  const filled = [...cluster.queues.values()].filter((q) => (q.status?.messages ?? 0) > 0).map((q) => q.name);
  await Promise.all(
    unfinished.slice(-MESSAGES).map(async ({ uuid, queue }) => {
      const found = await cluster.find(uuid, queue ? [queue] : filled.slice(0, QUEUES)).catch(() => null);
      for (const { message } of found?.messages ?? []) {
        const task = await readMessage(message, true);
        if (!task) continue;
        const family = families.get(uuid)!;
        family.group = text(task.group);
        family.index = count(task.group_index);
        family.outline = readOutline(outlineOf(task, MESSAGE_OUTLINE));
        answered.add(uuid);
        return;
      }
    }),
  );
  const ended = silentRows.filter(({ state }) => state === 'SUCCESS' || state === 'FAILURE').slice(0, RECORDS);
  if (ended.length > 0)
    await cluster
      .askBackend(async (backend) => {
        // A store that keeps no groups, or nothing any more, is not asked for all.
        for (const part of [ended.slice(0, FIRST_RECORDS), ended.slice(FIRST_RECORDS)]) {
          const metas = await backend.getMany(part.map(({ uuid }) => uuid));
          for (const [uuid, meta] of metas) families.get(uuid)!.group = text(meta.group_id);
          if (part.every(({ uuid }) => families.get(uuid)!.group === null)) return;
        }
      })
      .catch(() => null);
  return unfinished.filter(({ uuid }) => !answered.has(uuid)).length;
}

/** Events of ours tell all there is: a task without a word of a canvas has none. */
function isOurs(cluster: ClusterView, { worker }: TaskRow): boolean {
  return worker !== null && cluster.workers.get(worker)?.sw_ident === 'umbel';
}

/** Without the steps that its reader may not know by name. */
function seenOf(outline: Outline, sight: Sight): Outline | null {
  if (sight.isWhole || sight.rule.tasks === null) return outline;
  const steps = stepsIn(outline);
  const isCanvas = (name: string) => name === 'celery.chain' || name === 'celery.group' || name === 'celery.chord';
  return steps.every(({ task }) => isCanvas(task) || sight.task(task)) ? outline : null;
}

function callOf({ args, kwargs }: TaskRow): string | null {
  const given = [
    args === null ? '' : args.replace(/^[([]|,?\s*[)\]]$/g, ''),
    kwargs === null || kwargs === '{}' ? '' : kwargs,
  ];
  const shown = given.filter((one) => one !== '').join(', ');
  return shown === '' ? null : cut(shown, MAX_CALL);
}

function cut<T extends string | null>(given: T, most: number): T | string {
  return given !== null && given.length > most ? `${given.slice(0, most - 1)}…` : given;
}

/** An id may be any text, 'constructor' too. */
const own = <T>(by: Readonly<Record<string, T>>, id: string): T | undefined =>
  Object.hasOwn(by, id) ? by[id] : undefined;

function triesOf(stored: readonly TaskTry[] | undefined, row: TaskRow): WorkflowTry[] {
  return (stored ?? [])
    .filter(({ number }) => number < row.retries)
    .map(({ state, received, started, ended }) => ({ state, received, started, ended }));
}

function notesOf({
  isCut,
  limit,
  beyond,
  orphans,
  more,
  silent,
}: {
  isCut: boolean;
  limit: number;
  beyond: Workflow['beyond'];
  orphans: number;
  more: number;
  silent: number;
}): string[] {
  const notes: string[] = [];
  if (isCut && beyond === null)
    notes.push(
      `It has more than ${limit} tasks: these are the first of each of its roots. What follows counts these alone.`,
    );
  else if (beyond?.are === 'exact')
    notes.push(
      `It has more than ${limit} tasks: these are the first of each of its roots, and others that failed or have not ended. Its state and counts are of all, its groups and critical path of these.`,
    );
  else if (beyond !== null)
    notes.push(
      `It has more than ${limit} tasks: these are the first of each of its roots, and others that failed or have not ended. Its state and counts are of all that could be counted, its groups and critical path of these.`,
    );
  if (silent > 0)
    notes.push(
      "Steps not seen yet are unknown where Celery's own events tell of a task: they name neither its group nor what follows it. Workers of this package tell both, and a message that waits where it can be looked at.",
    );
  if (more > 0) notes.push(`Of the steps to come ${more} are not listed here: there are too many of them.`);
  if (orphans > 0)
    notes.push(
      orphans === 1
        ? 'The parent of one task is not known here: it is drawn as a beginning of its own.'
        : `The parents of ${orphans} tasks are not known here: they are drawn as beginnings of their own.`,
    );
  return notes;
}
