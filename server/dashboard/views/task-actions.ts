// What may be done to a task now, and why not: what its page offers. Done, it is judged again (../operations/).
import { ENDED_STATES } from '../../../shared/states.ts';
import type { TaskDetail, TaskRow } from '../../../shared/wire/tasks.ts';
import type { WaitReason } from '../../../shared/wire/wait.ts';
import { terminationBy } from '../cluster/pool-kind.ts';
import type { ClusterView } from '../cluster/view.ts';
import { judge } from '../operations/judge.ts';
import { mayRetry } from '../operations/retry.ts';

/** @param wait null: it has ended */
export function taskActions(cluster: ClusterView, row: TaskRow, wait: WaitReason | null): TaskDetail['actions'] {
  const pool = row.worker === null ? undefined : cluster.inspected.get(row.worker)?.stats?.pool;
  const finished = ENDED_STATES.has(row.state);
  const yes = { allowed: true, reason: null };
  const no = (reason: string) => ({ allowed: false, reason });
  const over = row.state === 'REVOKED' ? 'It is revoked already' : 'It has already finished';
  return {
    revoke: finished
      ? no(over)
      : wait?.cause === 'revoked' && !wait.may_still_run
        ? no(wait.sentence)
        : row.state === 'STARTED'
          ? no('It runs already: only terminate can end it')
          : yes,
    terminate: finished
      ? no(over)
      : row.state !== 'STARTED'
        ? no('It does not run: revoke it')
        : wait?.cause === 'worker_gone' || wait?.cause === 'lost'
          ? no(wait.sentence)
          : {
              allowed: true,
              reason: terminationBy(pool) === 'abort' ? 'Its pool can only ask the task to stop' : null,
            },
    retry: mayRetry(cluster, row, judge(wait)),
  };
}
