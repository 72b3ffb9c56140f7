// The state names of a task, which of them are final, and how they rank when events arrive in any order.
// Not here: how a record is merged from events (events/task-record.ts), how a state looks (web/src/ui/state-badge.tsx).
// Holds: an unknown (custom) state ranks where Celery ranks `None`: below FAILURE, above REVOKED.
// Celery 5.6: states.py

/** The states Celery itself writes. Tasks may add their own (`PROGRESS` ...), so a state on the wire is any string. */
export const STATES = [
  'PENDING',
  'RECEIVED',
  'STARTED',
  'SUCCESS',
  'FAILURE',
  'REVOKED',
  'REJECTED',
  'RETRY',
  'IGNORED',
] as const;
export type State = (typeof STATES)[number];

/** States after which nothing more happens to a task. */
export const READY_STATES: ReadonlySet<string> = new Set(['SUCCESS', 'FAILURE', 'REVOKED']);
/**
 * Not one of Celery's: its message was removed from its queue by a purge of this dashboard, before any worker had taken it. An event of
 * later takes it out of this state again.
 */
export const PURGED = 'PURGED';
/** States after which nothing more is awaited: Celery's, and ours. */
export const ENDED_STATES: ReadonlySet<string> = new Set([...READY_STATES, PURGED]);
/** States a task can still leave. */
export const UNREADY_STATES: ReadonlySet<string> = new Set(['PENDING', 'RECEIVED', 'STARTED', 'REJECTED', 'RETRY']);
/** States whose result is an exception. */
export const EXCEPTION_STATES: ReadonlySet<string> = new Set(['RETRY', 'FAILURE', 'REVOKED']);
/** States whose exception is raised by `AsyncResult.get`. */
export const PROPAGATE_STATES: ReadonlySet<string> = new Set(['FAILURE', 'REVOKED']);

const CUSTOM = null;
const PRECEDENCE: readonly (string | null)[] = [
  'SUCCESS',
  'FAILURE',
  CUSTOM,
  'REVOKED',
  'STARTED',
  'RECEIVED',
  'REJECTED',
  'RETRY',
  'PENDING',
];
const CUSTOM_RANK = PRECEDENCE.indexOf(CUSTOM);

/** Rank of a state: 0 is the strongest (SUCCESS). Unknown states rank as custom ones. */
export function precedence(state: string): number {
  const rank = PRECEDENCE.indexOf(state);
  return rank === -1 ? CUSTOM_RANK : rank;
}
