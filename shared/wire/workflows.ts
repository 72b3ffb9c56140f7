// Workflows on the wire: the tasks of one with how they hang together, and which there are.
// Not here: how one is put together and judged (shared/workflow/).
import { type Static, Type } from 'typebox';
import { Precision } from './count.ts';
import { Bool, Int, NInt, NNum, NStr, Nullable, Num, Str } from './schema.ts';

/** One run of a task before its last. */
export const WorkflowTry = Type.Object({ state: Str, received: NNum, started: NNum, ended: NNum });
export type WorkflowTry = Static<typeof WorkflowTry>;

/** A task, or a step that is known from a message or an event of a task before it and was not seen yet. */
export const WorkflowNode = Type.Object({
  /** The task's id. Of a step without one: words that name its place, unlike any id. */
  id: Str,
  /** step: not seen yet. */
  kind: Type.Union([Type.Literal('task'), Type.Literal('step')]),
  /** What it is to the one before it. task: called by it, or the first. */
  role: Type.Union([
    Type.Literal('task'),
    Type.Literal('next'),
    Type.Literal('member'),
    Type.Literal('body'),
    Type.Literal('link'),
    Type.Literal('errback'),
  ]),
  /** Its id is a task's: it can be revoked before it is sent. */
  has_id: Bool,
  name: NStr,
  /** Of a step: PENDING. */
  state: Str,
  worker: NStr,
  queue: NStr,
  /** The beginning of its arguments, as Python would write the call. */
  call: NStr,
  exception: NStr,
  retries: Int,
  sent: NNum,
  received: NNum,
  started: NNum,
  ended: NNum,
  /** Of its last run. @unit seconds */
  runtime: NNum,
  parent: NStr,
  /** `id` of a group of this workflow. */
  group: NStr,
  index: NInt,
  /** How often it has replaced itself by other tasks. 0: never, as far as is known. */
  replaced: Int,
  /** The task that was sent in its place from the dashboard. */
  again: Nullable(Type.Object({ uuid: Str, state: Str })),
  /** Runs before the last. Absent: none is known. */
  tries: Type.Optional(Type.Array(WorkflowTry)),
  /** Median runtime of its name in the last hour; absent: it has ended, or that is not known. @unit seconds */
  p50: Type.Optional(Num),
  unknown_since: Type.Optional(Num),
  revoke_asked: Type.Optional(Num),
});
export type WorkflowNode = Static<typeof WorkflowNode>;

export const WorkflowGroup = Type.Object({
  /** Unlike any node's. */
  id: Str,
  /** Celery's id of the group. null: it gets one when it is sent. */
  group_id: NStr,
  /** chord: something waits for all of it. */
  kind: Type.Union([Type.Literal('group'), Type.Literal('chord')]),
  /** How many parts it has: those seen, or more where events or messages tell of more. */
  size: Int,
  /** Whether there can be more parts than `size`. */
  size_is: Precision,
  /** Node or group that runs when all of it has succeeded; null: nothing does. */
  body: NStr,
});
export type WorkflowGroup = Static<typeof WorkflowGroup>;

/** `from` and `to`: ids of nodes or groups. */
export const WorkflowEdge = Type.Object({
  from: Str,
  to: Str,
  kind: Type.Union([
    Type.Literal('calls'),
    Type.Literal('next'),
    Type.Literal('body'),
    Type.Literal('link'),
    Type.Literal('errback'),
  ]),
});
export type WorkflowEdge = Static<typeof WorkflowEdge>;

/** How the parts of a group stand. */
export const GroupProgress = Type.Object({
  id: Str,
  size: Int,
  /** Succeeded. */
  done: Int,
  /** Ended otherwise: FAILURE, REVOKED, PURGED. */
  failed: Int,
  states: Type.Record(Str, Int),
  /** Nodes that failed or were revoked, or will not run, without which its body never starts. Empty: it can end, or has. */
  cannot_end: Type.Array(Str),
});
export type GroupProgress = Static<typeof GroupProgress>;

/** One node of the critical path: what the end of the workflow waited for, or waits for. */
export const CriticalStep = Type.Object({
  id: Str,
  /** When it could have begun: the one before it had ended or called it. */
  from: NNum,
  /** null: it has not begun. */
  started: NNum,
  /** null: it has not ended. */
  ended: NNum,
});
export type CriticalStep = Static<typeof CriticalStep>;

export const WorkflowSummary = Type.Object({
  /** running: a task of it has not ended, or a step that can run was not seen yet. */
  state: Type.Union([Type.Literal('running'), Type.Literal('failed'), Type.Literal('succeeded')]),
  /** Tasks, and steps known that were not seen yet. */
  tasks: Int,
  steps: Int,
  /** Tasks by state. */
  states: Type.Record(Str, Int),
  began: NNum,
  /** null: it has not ended. */
  ended: NNum,
  groups: Type.Array(GroupProgress),
  /** First node first. */
  critical: Type.Array(CriticalStep),
  /** Of the critical path: time in which nothing of it ran. @unit seconds */
  critical_waits: NNum,
  critical_runs: NNum,
  /** By node that cannot run any more: the nodes that failed before it. */
  blocked: Type.Record(Str, Type.Array(Str)),
});
export type WorkflowSummary = Static<typeof WorkflowSummary>;

export const Workflow = Type.Object({
  /** Its root; of a group that a client sent, whose members have none in common, the first of its tasks. */
  root: Str,
  /** When it was put together. */
  at: Num,
  nodes: Type.Array(WorkflowNode),
  groups: Type.Array(WorkflowGroup),
  edges: Type.Array(WorkflowEdge),
  summary: WorkflowSummary,
  /** There are more tasks than these: the first ones of each root, and of the others some that failed or have not ended. */
  cut: Bool,
  /** Tasks that are not among the nodes, which its summary counts. null: there are none, or nothing is known of them. */
  beyond: Nullable(
    Type.Object({
      states: Type.Record(Str, Int),
      /** Newest event of the whole workflow. */
      last: Num,
      are: Precision,
    }),
  ),
  /** What is not known of it, in sentences. */
  notes: Type.Array(Str),
});
export type Workflow = Static<typeof Workflow>;

export const WorkflowRow = Type.Object({
  /** A task of it, by which it is opened. */
  root: Str,
  /** The name of that task. */
  name: NStr,
  /** It is a group that a client sent: it has no root in common. */
  is_group: Bool,
  tasks: Int,
  tasks_are: Precision,
  states: Type.Record(Str, Int),
  /** Tasks that have not ended. */
  unfinished: Int,
  failed: Int,
  began: Num,
  /** Its newest event. */
  last: Num,
});
export type WorkflowRow = Static<typeof WorkflowRow>;

export const WorkflowsReply = Type.Object({
  /** Of two tasks at least, or of one that carries more of a chain or a chord. Those with unfinished tasks first, each kind newest first; 100 at most. */
  items: Type.Array(WorkflowRow),
  /** Ended ones that have no task since then are not among them. null: all were looked at. */
  looked_back_to: NNum,
});
export type WorkflowsReply = Static<typeof WorkflowsReply>;
