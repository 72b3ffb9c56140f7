// All operations as one table, and reading a request by it. REST, audit and pages know an operation by its row alone.
// Not here: doing one (perform.ts), what a row is (contract.ts).
// Holds: every variant of OperationRequest has a row; a key that its variant does not have is refused by name.
import { Check, Errors } from 'typebox/value';
import { OperationRequest } from '../../../shared/wire/operations.ts';
import { type Operation, Refused } from './contract.ts';
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

type Variant = (typeof OperationRequest.anyOf)[number];
const actionOf = (variant: Variant): string => (variant.properties.action as { const: string }).const;

/** Lists that name tasks or workers. */
const NAMES = ['task_ids', 'destination'];

/** A body as a request, each task and worker in it named once. @throws Refused that names what is wrong */
export function readOperation(body: unknown): OperationRequest {
  const action = (body as { action?: unknown } | null)?.action;
  const variant = OperationRequest.anyOf.find((one) => actionOf(one) === action);
  if (!variant) {
    const known = OperationRequest.anyOf.map(actionOf).join(', ');
    throw new Refused(`'action' must be one of ${known}, not ${JSON.stringify(action) ?? 'missing'}.`);
  }
  const known = Object.keys(variant.properties);
  for (const key of Object.keys(body as object))
    if (!known.includes(key))
      throw new Refused(`${String(action)} has no ${JSON.stringify(key)}. It takes ${known.join(', ')}.`);
  if (!Check(variant, body)) {
    const [first] = Errors(variant, body);
    const path = first?.instancePath ? `'${first.instancePath.slice(1).replaceAll('/', '.')}' ` : '';
    throw new Refused(`${path}${first?.message ?? 'is not as expected'}`);
  }
  // A task named twice is no two tasks: sent again, it would run twice.
  const entries = Object.entries(body as object).map(([key, value]) => [
    key,
    NAMES.includes(key) && Array.isArray(value) ? [...new Set(value)] : value,
  ]);
  return Object.fromEntries(entries) as OperationRequest;
}
