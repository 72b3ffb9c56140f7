// /operations: what operators did, all of it as a file, and doing it. The file's form: views/operations-export.ts.
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { CATEGORY_OF, RECORDED_ACTIONS } from '../../../shared/wire/operation-categories.ts';
import type {
  OperationRecord,
  OperationsExportQuery,
  OperationsPage,
  RecordedAction,
} from '../../../shared/wire/operations.ts';
import { askerOf } from '../access/audit.ts';
import { nameOf } from '../access/identity.ts';
import type { OperationsWanted } from '../history/contract.ts';
import { Forbidden, Refused } from '../operations/contract.ts';
import { perform } from '../operations/perform.ts';
import { csvOf, jsonOf } from '../views/operations-export.ts';
import { ProblemError } from './context.ts';
import type { Serve } from './serve.ts';

/** Records read at a time: only so many are in memory, however long the log is. */
const EXPORT_PAGE = 500;

export function operationRoutes(serve: Serve): void {
  serve('GET /operations', async ({ desk }, request) => {
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
    const items = await desk.cluster.history.operations(before, limit + 1, wantedBy(request, wanted));
    const more = items.length > limit;
    const page = (more ? items.slice(0, limit) : items).map((record) => desk.follower.asSeen(record));
    return { items: page, next: more ? String(page.at(-1)!.id) : null } satisfies OperationsPage;
  });

  serve('GET /operations/export', async ({ desk, options }, request, reply) => {
    const { format = 'csv', ...wanted } = request.query;
    const of = options.clusters === null ? '' : `${options.name}-`;
    const day = new Date(desk.cluster.now * 1000).toISOString().slice(0, 10);
    reply.type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8');
    reply.header('content-disposition', `attachment; filename="operations-${of}${day}.${format}"`);
    const pages = everyPage(
      (before) => desk.cluster.history.operations(before, EXPORT_PAGE, wantedBy(request, wanted)),
      (record) => desk.follower.asSeen(record),
    );
    return Readable.from(format === 'csv' ? csvOf(pages) : jsonOf(pages));
  });

  serve('POST /operations', async ({ desk }, request) => {
    try {
      return await perform(desk, request.body, askerOf(request), request.identity);
    } catch (error) {
      if (error instanceof Forbidden)
        throw new ProblemError(403, request.identity.grant.read_only ? 'Read only' : 'Forbidden', error.message);
      if (error instanceof Refused) throw new ProblemError(400, 'Refused', error.message);
      throw error;
    }
  });
}

/** Who sees certain tasks only, sees of this what they did themselves. */
function wantedBy(
  { identity }: Pick<FastifyRequest, 'identity'>,
  { action, category, who, ...wanted }: Omit<OperationsExportQuery, 'format'>,
): OperationsWanted {
  const fits = (one: RecordedAction) => (action ?? one) === one && (category ?? CATEGORY_OF[one]) === CATEGORY_OF[one];
  return {
    ...wanted,
    who: identity.grant.sight.isWhole ? who : nameOf(identity),
    actions: action === undefined && category === undefined ? undefined : RECORDED_ACTIONS.filter(fits),
  };
}

async function* everyPage(
  read: (before: number | null) => Promise<OperationRecord[]>,
  asSeen: (record: OperationRecord) => OperationRecord,
): AsyncGenerator<OperationRecord[]> {
  let before: number | null = null;
  for (;;) {
    const page: OperationRecord[] = await read(before);
    if (page.length > 0) yield page.map(asSeen);
    if (page.length < EXPORT_PAGE) return;
    before = page.at(-1)!.id;
  }
}
