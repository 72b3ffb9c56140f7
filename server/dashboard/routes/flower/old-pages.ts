// Paths of Flower's pages, as bookmarks, runbooks and alerts have them, leading to ours; and the two that scripts read as JSON.
// Not here: the pages (../../spa.ts), what scripts are told (workers.ts).
// Holds: nothing leads out of this dashboard; what stands behind a name in a path stays one segment.
// Flower: urls.py
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { encodeSegment } from '../../../../shared/path-segment.ts';
import { VIEWER } from '../../access/identity.ts';
import type { RouteContext } from '../context.ts';
import { sendJson } from './answer.ts';
import { parametersOf } from './parameters.ts';
import { workerRows } from './workers.ts';

/** Where each has gone. `*` is any name. */
const PLACES: readonly (readonly [path: string, place: string])[] = [
  ['/monitor', '/'],
  ['/worker/*', '/workers/*'],
  ['/task/*', '/tasks/*'],
];

/** @param sendPage answers with the pages */
export function oldPages(
  app: FastifyInstance,
  context: () => RouteContext,
  sendPage: (reply: FastifyReply) => Promise<FastifyReply>,
): void {
  const config = { ...VIEWER, scripts: true } as const;
  const rows = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | null> =>
    (await parametersOf(request)).bool('json') ? sendJson(request, reply, { data: workerRows(context()) }) : null;
  app.get('/workers', { config }, async (request, reply) => (await rows(request, reply)) ?? sendPage(reply));
  app.get(
    '/dashboard',
    { config },
    async (request, reply) => (await rows(request, reply)) ?? reply.redirect(`${request.outerPrefix}/workers`),
  );
  for (const [path, place] of PLACES)
    app.get<{ Params: { '*'?: string } }>(path, { config: VIEWER }, async ({ outerPrefix, params }, reply) => {
      const name = encodeSegment(params['*'] ?? '');
      return reply.redirect(outerPrefix + place.replace('*', () => name));
    });
}
