// /operations: what operators did, and doing it.
import type { FastifyInstance } from 'fastify';
import type { OperationRecord, OperationsPage } from '../../../shared/wire/operations.ts';
import { requireAccess } from '../access/gate.ts';
import { Refused } from '../operations/contract.ts';
import { perform } from '../operations/perform.ts';
import { operationOf, readOperation } from '../operations/table.ts';
import { ProblemError, type RouteContext } from './context.ts';
import { serve } from './serve.ts';

export function operationRoutes(app: FastifyInstance, { desk, options }: RouteContext): void {
  serve(app, 'GET /operations', async (request) => {
    const { cursor, limit = 50, from_id, ...wanted } = request.query;
    if (cursor && !/^\d{1,15}$/.test(cursor))
      throw new ProblemError(
        400,
        'Bad cursor',
        'The cursor is not one this server gave. Ask for the first page again.',
      );
    if (cursor && from_id !== undefined)
      throw new ProblemError(400, 'Bad request', "'cursor' and 'from_id' both say where to begin: give one of them.");
    const before = cursor ? Number(cursor) : from_id !== undefined ? from_id + 1 : null;
    const items = await desk.cluster.history.operations(before, limit + 1, wanted);
    const more = items.length > limit;
    const page = (more ? items.slice(0, limit) : items).map((record) => settled(record, desk.follower.has(record.id)));
    return { items: page, next: more ? String(page.at(-1)!.id) : null } satisfies OperationsPage;
  });

  serve(app, 'POST /operations', async (request) => {
    try {
      const operation = readOperation(request.body);
      requireAccess(request.identity, operationOf(operation.action).access, options);
      return await perform(desk, operation, request.identity.name ?? 'anonymous');
    } catch (error) {
      if (error instanceof Refused) throw new ProblemError(400, 'Refused', error.message);
      throw error;
    }
  });
}

/** An effect that nobody looks at any more, since this server was started again: what was seen last stands. */
function settled(record: OperationRecord, isFollowed: boolean): OperationRecord {
  return record.effect?.state === 'following' && !isFollowed
    ? { ...record, effect: { ...record.effect, state: 'not_seen' } }
    : record;
}
