// Whether a verb applies to a task as the list knows it, and why not. The server judges again, with more knowledge. Pure.

import { ENDED_STATES } from '../../../shared/states.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { t, tn } from '../language/text.ts';

export type TaskVerb = 'revoke' | 'terminate' | 'retry';

export const VERB: Record<TaskVerb, string> = { revoke: t('Revoke'), terminate: t('Terminate'), retry: t('Retry') };

export function refusal(
  verb: TaskVerb,
  row: Pick<TaskRow, 'state' | 'started' | 'name'> & Partial<Pick<TaskRow, 'unknown_since' | 'revoke_asked'>>,
): string | null {
  const finished = ENDED_STATES.has(row.state) || row.state === 'REJECTED' || row.state === 'IGNORED';
  switch (verb) {
    case 'revoke':
      if (finished) return t('It has already finished');
      return row.revoke_asked ? t('It is revoked: a worker drops it when it comes to it') : null;
    case 'terminate':
      if (finished) return t('It has already finished');
      if (row.unknown_since !== undefined) return t('Its worker is gone: nothing would hear it');
      return row.started === null || row.state === 'RETRY' ? t('It is not running') : null;
    case 'retry':
      if (!row.name) return t('Its name is not known');
      // Of a worker that is gone: the server knows whether it may still run, and says what would be doubled.
      return finished || row.unknown_since !== undefined ? null : t('It has not finished yet');
  }
}

/** What will happen, in one sentence with the count. */
export function consequence(verb: TaskVerb, n: number): string {
  switch (verb) {
    case 'revoke':
      return tn(
        n,
        'The task will not start any more. Workers that have already started it finish.',
        'The # tasks will not start any more. Workers that have already started them finish.',
      );
    case 'terminate':
      return tn(
        n,
        "The task will be stopped where it is, in the middle of its work. A pool of processes kills the process; an async pool can only abort the task's signal.",
        "The # tasks will be stopped where they are, in the middle of their work. A pool of processes kills the process; an async pool can only abort the task's signal.",
      );
    case 'retry':
      return tn(
        n,
        'It is sent again under a new id; this one stays as it was.',
        '# tasks are sent again under new ids; these stay as they were.',
      );
  }
}
