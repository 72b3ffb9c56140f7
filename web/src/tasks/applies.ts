// Whether a verb applies to a task as the list knows it, and why not. The server judges again, with more knowledge. Pure.
import { ENDED_STATES } from '../../../shared/states.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';

export type TaskVerb = 'revoke' | 'terminate' | 'retry';

export const VERB: Record<TaskVerb, string> = { revoke: 'Revoke', terminate: 'Terminate', retry: 'Retry' };

export function refusal(
  verb: TaskVerb,
  row: Pick<TaskRow, 'state' | 'started' | 'name'> & Partial<Pick<TaskRow, 'unknown_since' | 'revoke_asked'>>,
): string | null {
  const finished = ENDED_STATES.has(row.state) || row.state === 'REJECTED' || row.state === 'IGNORED';
  switch (verb) {
    case 'revoke':
      if (finished) return 'It has already finished';
      return row.revoke_asked ? 'It is revoked: a worker drops it when it comes to it' : null;
    case 'terminate':
      if (finished) return 'It has already finished';
      if (row.unknown_since !== undefined) return 'Its worker is gone: nothing would hear it';
      return row.started === null || row.state === 'RETRY' ? 'It is not running' : null;
    case 'retry':
      if (!row.name) return 'Its name is not known';
      // Of a worker that is gone: the server knows whether it may still run, and says what would be doubled.
      return finished || row.unknown_since !== undefined ? null : 'It has not finished yet';
  }
}

/** What will happen, in one sentence with the count. */
export function consequence(verb: TaskVerb, n: number): string {
  const it = n === 1 ? 'it' : 'them';
  const tasks = n === 1 ? 'The task' : `The ${n} tasks`;
  switch (verb) {
    case 'revoke':
      return `${tasks} will not start any more. Workers that have already started ${it} finish.`;
    case 'terminate':
      return `${tasks} will be stopped where ${n === 1 ? 'it is' : 'they are'}, in the middle of ${n === 1 ? 'its' : 'their'} work. A pool of processes kills the process; an async pool can only abort the task's signal.`;
    case 'retry':
      return n === 1
        ? 'It is sent again under a new id; this one stays as it was.'
        : `${n} tasks are sent again under new ids; these stay as they were.`;
  }
}
