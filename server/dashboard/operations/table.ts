// All operations as one table. REST, audit and pages know an operation by its row alone.
// Not here: doing one (perform.ts), what a row is (contract.ts).
// Holds: every variant of OperationRequest has a row.
import type { OperationRequest } from '../../../shared/wire/operations.ts';
import type { Operation } from './contract.ts';
import { CALL_OPERATIONS } from './on-calls.ts';
import { LIMIT_OPERATIONS } from './on-limits.ts';
import { PAUSE_OPERATIONS } from './on-pauses.ts';
import { QUEUE_OPERATIONS } from './on-queues.ts';
import { TASK_OPERATIONS } from './on-tasks.ts';
import { WORKER_OPERATIONS } from './on-workers.ts';

export const OPERATIONS: readonly Operation[] = [
  ...TASK_OPERATIONS,
  ...CALL_OPERATIONS,
  ...LIMIT_OPERATIONS,
  ...WORKER_OPERATIONS,
  ...PAUSE_OPERATIONS,
  ...QUEUE_OPERATIONS,
];
const BY_ACTION = new Map(OPERATIONS.map((row) => [row.action as string, row]));

export function operationOf(action: OperationRequest['action']): Operation {
  return BY_ACTION.get(action)!;
}

/** Lists that name tasks or workers. */
const NAMES: ReadonlySet<string> = new Set(['task_ids', 'destination']);

/** Each task and worker in it once: a task named twice is no two tasks, and sent again it would run twice. */
export function eachOnce(request: OperationRequest): OperationRequest {
  const entries = Object.entries(request).map(([key, value]) => [
    key,
    NAMES.has(key) && Array.isArray(value) ? [...new Set(value)] : value,
  ]);
  return Object.fromEntries(entries) as OperationRequest;
}
