// A route as its row in the table says (shared/wire/routes.ts): path, access and schemas come from there, its handler is given and has
// to answer what they say.
// Holds: handlers get what they need with each request: routes are registered before the history is open, and asked after it; what their
// reader may not see is taken out of what they answer (../access/narrow.ts).
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type BodyOf,
  describeRoute,
  type ParamsOf,
  type QueryOf,
  type ReplyOf,
  type RouteKey,
} from '../../../shared/wire/routes.ts';
import { isNarrowed, narrow } from '../access/narrow.ts';
import { findRow } from '../operations/retry.ts';
import { notFound, ProblemError, type RouteContext } from './context.ts';

export type Handler<K extends RouteKey> = (
  context: RouteContext,
  request: FastifyRequest<{ Params: ParamsOf<K>; Querystring: QueryOf<K>; Body: BodyOf<K> }>,
  reply: FastifyReply,
) => Promise<ReplyOf<K> | Readable | FastifyReply>;

export type Serve = <K extends RouteKey>(key: K, handler: Handler<K>) => void;

/** For Fastify: what a row says of its route. */
export function routeOf(key: RouteKey) {
  const {
    method,
    path,
    access,
    action,
    anywhere,
    summary,
    params,
    query,
    body,
    reply,
    media,
    statuses = [],
    upgrade,
  } = describeRoute(key);
  const answer = media ? { content: { [media]: { schema: reply } } } : reply;
  return {
    method,
    url: path,
    config: { access, ...(action && { action }), ...(anywhere && { anywhere }), ...(upgrade && { upgrade }) },
    schema: {
      summary,
      params,
      querystring: query,
      ...(body && { body }),
      response: Object.fromEntries([200, ...statuses].map((status) => [status, answer])),
    },
  };
}

/** @param context of a dashboard that has started: a request is not answered before */
export function serveOn(app: FastifyInstance, context: () => RouteContext): Serve {
  return <K extends RouteKey>(key: K, handler: Handler<K>) => {
    app.route<{ Params: ParamsOf<K>; Querystring: QueryOf<K>; Body: BodyOf<K> }>({
      ...routeOf(key),
      handler: ((request: Parameters<Handler<K>>[1], answer: FastifyReply) =>
        narrowed(key, handler, context(), request, answer)) as never,
    });
  };
}

/** @throws ProblemError 403, 404 for what this reader may not see */
async function narrowed<K extends RouteKey>(
  key: K,
  handler: Handler<K>,
  context: RouteContext,
  request: Parameters<Handler<K>>[1],
  answer: FastifyReply,
): Promise<unknown> {
  const { sight } = request.identity.grant;
  if (sight.isWhole) return handler(context, request, answer);
  if (!isNarrowed(key)) throw closed();
  const { uuid } = request.params as { uuid?: string };
  if (uuid !== undefined) {
    const row = await findRow(context.cluster, uuid);
    if (!row || !sight.row(row)) throw notFound(`No task ${uuid} is known.`);
  }
  const { task, queue } = request.query as { task?: string; queue?: string };
  if ((task !== undefined && !sight.task(task)) || (queue !== undefined && !sight.queue(queue))) throw closed();
  const reply = narrow(key, sight, await handler(context, request, answer));
  if (reply === null) throw notFound('There is nothing of it that you may see.');
  return reply;
}

const closed = (): ProblemError =>
  new ProblemError(403, 'Forbidden', 'You may see certain tasks and queues only, and this tells of others.');
