// /operations: what operators did, and doing it.
import { Check, Errors } from 'typebox/value';
import { OperationRecord, OperationRequest, OperationsPage, OperationsQuery } from '../../../shared/wire/http.ts';
import { perform, Refused } from '../operations/actions.ts';
import { type Api, ProblemError, type RouteContext } from './context.ts';

const VARIANTS = OperationRequest.anyOf;

export function operationRoutes(app: Api, { cluster, feed, waiting, interventions, options }: RouteContext): void {
  app.get(
    '/operations',
    {
      schema: {
        summary: 'What operators did, newest first',
        querystring: OperationsQuery,
        response: { 200: OperationsPage },
      },
    },
    async (request) => {
      const { cursor, limit = 50, from_id, ...wanted } = request.query;
      const before = cursor ? Number(cursor) : from_id !== undefined ? from_id + 1 : null;
      if (before !== null && !Number.isInteger(before))
        throw new ProblemError(400, 'Bad cursor', 'The cursor is not one this server gave.');
      const items = await cluster.history.operations(before, limit + 1, wanted);
      const more = items.length > limit;
      const page = more ? items.slice(0, limit) : items;
      return { items: page, next: more ? String(page.at(-1)!.id) : null } satisfies OperationsPage;
    },
  );

  app.post(
    '/operations',
    {
      // The body is checked by hand: of a union, only the variant it names can say what is wrong.
      schema: {
        summary: 'Do something to tasks, workers or queues',
        body: OperationRequest,
        response: { 200: OperationRecord },
      },
    },
    async (request) => {
      if (options.read_only)
        throw new ProblemError(403, 'Read only', 'This dashboard is read only: it changes nothing.');
      const body = readOperation(request.body);
      try {
        return await perform({ cluster, feed, waiting, interventions }, body, request.user ?? 'anonymous');
      } catch (error) {
        if (error instanceof Refused) throw new ProblemError(400, 'Refused', error.message);
        throw error;
      }
    },
  );
}

function readOperation(body: unknown): OperationRequest {
  const action = (body as { action?: unknown } | null)?.action;
  const variant = VARIANTS.find((v) => (v.properties.action as { const: string }).const === action);
  if (!variant) {
    const known = VARIANTS.map((v) => (v.properties.action as { const: string }).const).join(', ');
    throw new ProblemError(
      400,
      'Bad request',
      `'action' must be one of ${known}, not ${JSON.stringify(action) ?? 'missing'}.`,
    );
  }
  if (!Check(variant, body)) {
    const [first] = Errors(variant, body);
    const path = first?.instancePath ? `'${first.instancePath.slice(1)}' ` : '';
    throw new ProblemError(400, 'Bad request', `${path}${first?.message ?? 'is not as expected'}`);
  }
  return body as OperationRequest;
}
