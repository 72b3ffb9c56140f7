// An operation that was asked for by one of Flower's paths, done as every other is: judged, recorded, followed.
// Not here: what each does (../../operations/).
import { type OperationRecord, OperationRequest } from '../../../../shared/wire/operations.ts';
import { OperationalError } from '../../../errors.ts';
import { askerOf } from '../../access/audit.ts';
import { requireAccess } from '../../access/gate.ts';
import { Forbidden, Refused } from '../../operations/contract.ts';
import { NO_ANSWER } from '../../operations/outcome.ts';
import { perform } from '../../operations/perform.ts';
import { operationOf } from '../../operations/table.ts';
import { wrongBody } from '../body.ts';
import { ProblemError } from '../context.ts';
import { badRequest, FlowerError } from './answer.ts';
import type { FlowerRequest } from './route.ts';

/**
 * @throws Refused: it cannot be done; FlowerError 400: it is none; OperationalError: the broker is away; ProblemError 403
 */
export async function operate({ context, request }: FlowerRequest, asked: OperationRequest): Promise<OperationRecord> {
  const { cluster, desk, options } = context;
  const wrong = wrongBody(OperationRequest, asked);
  if (wrong !== null) throw badRequest(wrong.detail);
  requireAccess(request.identity, operationOf(asked.action).access, options);
  const record = await perform(desk, asked, askerOf(request), request.identity).catch((error: unknown) => {
    throw error instanceof Forbidden ? new ProblemError(403, 'Forbidden', error.message) : error;
  });
  if (record.outcome === 'failed' && record.answers.length === 0) {
    if (!cluster.connected) throw new OperationalError(cluster.brokerUrl, record.summary);
    throw new Refused(record.summary);
  }
  return record;
}

/**
 * What one worker answered.
 * @param failed what did not go well, as Flower says it
 * @throws FlowerError 403 with the reason; 404 for a worker that nobody has heard of
 */
export async function operateOn(
  asked: FlowerRequest,
  worker: string,
  operation: OperationRequest,
  failed: (reason: string) => string,
): Promise<string> {
  requireWorker(asked, worker);
  let record: OperationRecord;
  try {
    record = await operate(asked, operation);
  } catch (error) {
    if (error instanceof Refused) throw new FlowerError(403, failed(error.message));
    throw error;
  }
  const answer = record.answers.find((one) => one.worker === worker);
  if (answer?.ok) return answer.text;
  throw new FlowerError(403, failed(answer && answer.text !== NO_ANSWER ? answer.text : 'Unknown reason'));
}

/** @throws FlowerError 404 */
export function requireWorker({ context: { cluster } }: FlowerRequest, worker: string): void {
  if (!cluster.workers.has(worker) && !cluster.inspected.has(worker))
    throw new FlowerError(404, `Unknown worker '${worker}'`);
}
