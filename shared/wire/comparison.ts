// A task that failed beside the last one of its name that succeeded: the answer of /tasks/:uuid/comparison.
// Not here: how they are compared (shared/compare-calls.ts).
import { type Static, Type } from 'typebox';
import { Bool, Int, NStr, Nullable, Str } from './schema.ts';
import { TaskRow } from './tasks.ts';

export const Difference = Type.Object({
  /** 'currency', 'customer.id', 'args[0]', 'worker'. */
  name: Str,
  /** Of the task that failed, as Python would write it; null: it has none. */
  here: NStr,
  /** Of the one that succeeded. */
  there: NStr,
  /** How many of the compared failures and successes have the value `here`. */
  in_failures: Int,
  in_successes: Int,
  /** In nearly all failures and in far from all successes. False also where too few are known. */
  telling: Bool,
});
export type Difference = Static<typeof Difference>;

export const TaskComparison = Type.Object({
  /** The last one of its name that succeeded; null: none is known. */
  success: Nullable(TaskRow),
  differences: Type.Array(Difference),
  /** Fields that are the same in both. */
  same: Int,
  /** How many that failed in the same way, this one included, and how many that succeeded, were looked at: the newest 100 at most. */
  failures: Int,
  successes: Int,
});
export type TaskComparison = Static<typeof TaskComparison>;
