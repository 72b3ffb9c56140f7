// What came of an operation: figures before it, what was wanted, and what is seen since. Part of an OperationRecord.
// Not here: how it is followed (server/dashboard/operations/).
// Holds: `after` is what was seen, never what was wished; a figure that could not be read is null.
import { type Static, Type } from 'typebox';
import { Count, Precision } from './count.ts';
import { NNum, NStr } from './schema.ts';

const Figure = Type.Union([Type.Number(), Type.String(), Type.Null()]);

/** 'Slots of w1': 2 before, 3 wanted, 3 after. */
export const EffectLine = Type.Object({
  /** What is measured: 'Slots', 'Rate limit', 'Runs a minute', 'Waiting in mail', 'Consumers of mail'. */
  label: Type.String(),
  /** nodename, queue or task name it is about. */
  subject: NStr,
  before: Figure,
  /** null: nothing certain was asked for (a rate that is only to stay below its limit). */
  wanted: Figure,
  after: Figure,
  is: Precision,
  /** When `after` was measured; null: not yet. */
  at: NNum,
  /** true: as wanted. false: otherwise. null: not to be told yet. */
  holds: Type.Union([Type.Boolean(), Type.Null()]),
});
export type EffectLine = Static<typeof EffectLine>;

/** What became of the tasks an operation was about. */
export const EffectTasks = Type.Object({
  /** Ids that are known: 1,000 at most. */
  ids: Type.Array(Type.String()),
  /** How many there were in all. */
  total: Count,
  /** How many of `ids` are in which state now: PURGED, REVOKED, STARTED ... */
  states: Type.Record(Type.String(), Type.Integer()),
});
export type EffectTasks = Static<typeof EffectTasks>;

export const OperationEffect = Type.Object({
  /** following: looked at again until `until`. seen: all of it holds. not_seen: time is over and some of it does not. */
  state: Type.Union([Type.Literal('following'), Type.Literal('seen'), Type.Literal('not_seen')]),
  /** One sentence: 'w1 had 2 slots and has 3.' */
  sentence: Type.String(),
  lines: Type.Array(EffectLine),
  tasks: Type.Union([EffectTasks, Type.Null()]),
  /** When it was last looked at. */
  at: Type.Number(),
  /** When looking ends. */
  until: Type.Number(),
});
export type OperationEffect = Static<typeof OperationEffect>;
