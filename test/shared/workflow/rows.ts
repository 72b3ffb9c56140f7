// Tasks of workflows by hand, for tests.

import type { TaskRow } from '../../../shared/wire/tasks.ts';
import type { WorkflowTask } from '../../../shared/workflow/build.ts';
import type { Outline } from '../../../shared/workflow/outline.ts';

export const T0 = 1_790_000_000;

export interface Given {
  readonly state?: string;
  readonly parent?: string | null;
  readonly root?: string;
  readonly group?: string;
  readonly index?: number;
  readonly outline?: Outline;
  /** Since T0, when it was received, started and ended. */
  readonly at?: readonly [received: number, started?: number, ended?: number];
  readonly retries?: number;
  readonly name?: string;
}

export function taskOf(uuid: string, given: Given = {}): WorkflowTask {
  const { state = 'SUCCESS', at = [0, 1, 2], parent = null, retries = 0 } = given;
  const time = (i: number): number | null => (at[i] === undefined ? null : T0 + at[i]!);
  const ended = time(2);
  const row: TaskRow = {
    uuid,
    name: given.name ?? `shop.${uuid}`,
    state,
    worker: 'w1@h',
    queue: 'celery',
    args: '()',
    kwargs: '{}',
    result: null,
    exception: state === 'FAILURE' ? "KeyError('vat_id')" : null,
    retries,
    runtime: null,
    eta: null,
    expires: null,
    sent: null,
    received: time(0),
    started: time(1),
    succeeded: state === 'SUCCESS' ? ended : null,
    failed: state === 'FAILURE' ? ended : null,
    retried: null,
    revoked: state === 'REVOKED' ? ended : null,
    rejected: null,
    timestamp: ended ?? time(1) ?? time(0) ?? T0,
    first_seen: T0 + at[0],
    root_id: given.root ?? null,
    parent_id: parent,
  };
  return { row, group: given.group ?? null, index: given.index ?? null, outline: given.outline ?? null };
}
