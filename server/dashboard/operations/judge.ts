// Whether a task may be sent again, judged by the same reason that its page shows; and again when it is done.
// Not here: the reason (waiting/), how its call is known (known-call.ts), sending (retry.ts).
// Holds: what is certain to run is never sent again; what may still run is sent again only by somebody who was shown what would double.
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import type { WaitCause, WaitReason } from '../../../shared/wire/wait.ts';
import type { Waiting } from '../waiting/waiting.ts';

export interface Judgement {
  readonly allowed: boolean;
  /** Why not. */
  readonly reason: string | null;
  /** Allowed, and this would happen twice: only with `accept_double`. */
  readonly would_double: string | null;
}

/** Nobody can say that such a task will run: a person may decide. */
const OPEN: ReadonlySet<WaitCause> = new Set(['worker_gone', 'silent', 'lost', 'unknown', 'stalled', 'revoked']);

export async function judgeRetry(waiting: Waiting, row: TaskRow): Promise<Judgement> {
  return judge(await waiting.reason(row));
}

/** @param wait null: the task has ended */
export function judge(wait: WaitReason | null): Judgement {
  if (wait === null || !wait.may_still_run) return { allowed: true, reason: null, would_double: null };
  if (!OPEN.has(wait.cause))
    return { allowed: false, reason: `It has not finished. ${wait.sentence}`, would_double: null };
  return {
    allowed: true,
    reason: null,
    would_double: wait.would_double ?? 'It may still run. Sent again, it would run twice.',
  };
}
