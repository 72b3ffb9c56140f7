// What can begin an automation, as data: a task that failed, a worker that went offline, an alert that began or is over.
// Not here: whether an automation acts on it (decide.ts), where facts are heard (automations.ts).
// Holds: pure; what is not known of a fact is not there, and no placeholder stands for it.
import { splitException } from '../../../shared/exception-repr.ts';
import type { FactKind } from '../../../shared/wire/automations.ts';
import type { BookRule } from '../alerts/rule-book.ts';

export interface Fact {
  readonly on: FactKind;
  /** @unit seconds since the epoch */
  readonly at: number;
  readonly task_id?: string;
  /** It was sent from the dashboard in place of this one. */
  readonly again_of?: string;
  /** Its name. */
  readonly task?: string;
  readonly queue?: string;
  readonly worker?: string;
  /** Class of the exception. */
  readonly exception?: string;
  /** Name of the alert rule, and what it found something of. */
  readonly rule?: string;
  readonly subject?: string;
}

/** Of a record in memory as of a row of the history. */
interface FailedTask {
  readonly uuid: string;
  readonly name: string | null;
  readonly queue: string | null;
  readonly worker: string | null;
  readonly exception: string | null;
  readonly root_id: string | null;
  readonly parent_id: string | null;
}

export function ofFailure(task: FailedTask, at: number): Fact {
  const { uuid, name, queue, worker, exception, root_id, parent_id } = task;
  const cls = splitException(exception ?? '').type;
  return {
    ...{ on: 'task-failed', at, task_id: uuid },
    // What is sent again names the old one as its parent and has no root but itself (../operations/retry.ts); what a task calls has its root.
    ...(parent_id !== null && root_id === uuid && { again_of: parent_id }),
    ...(name !== null && { task: name }),
    ...(queue !== null && { queue }),
    ...(worker !== null && { worker }),
    ...(cls !== '' && { exception: cls }),
  };
}

export const ofOffline = (worker: string, at: number): Fact => ({ on: 'worker-offline', at, worker });

export function ofAlert(on: 'alert-begins' | 'alert-ends', { rule }: BookRule, subject: string, at: number): Fact {
  const about = aboutOf(rule);
  return { on, at, rule: rule.name, subject, ...(about !== null && { [about]: subject }) };
}

/** What the subjects of a rule are; null: neither tasks, queues nor workers. */
function aboutOf(rule: BookRule['rule']): 'task' | 'queue' | 'worker' | null {
  switch (rule.kind) {
    case 'failure-rate':
      return rule.of;
    case 'queue-depth':
    case 'message-age':
    case 'no-worker':
      return 'queue';
    case 'worker-offline':
      return 'worker';
    case 'chord-stuck':
    case 'schedule-missed':
      return null;
    case 'need':
      if (/^(worker|pool)-/.test(rule.need)) return 'worker';
      return /^queue-/.test(rule.need) ? 'queue' : null;
  }
}

/** As one line. */
export function because({ on, task, task_id, exception, worker, rule, subject }: Fact): string {
  switch (on) {
    case 'task-failed':
      return `${task ?? 'A task'} (${task_id}) failed${exception === undefined ? '' : ` with ${exception}`}`;
    case 'worker-offline':
      return `${worker} went offline`;
    case 'alert-begins':
      return `${rule} began: ${subject}`;
    case 'alert-ends':
      return `${rule} is over: ${subject}`;
  }
}
