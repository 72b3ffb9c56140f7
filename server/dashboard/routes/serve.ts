// A route as its row in the table says (shared/wire/routes.ts): path, access and schemas come from there, its handler is given and has
// to answer what they say.
// Holds: handlers get what they need with each request: routes are registered before the history is open, and asked after it.
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
import type { RouteContext } from './context.ts';

export type Handler<K extends RouteKey> = (
  context: RouteContext,
  request: FastifyRequest<{ Params: ParamsOf<K>; Querystring: QueryOf<K>; Body: BodyOf<K> }>,
  reply: FastifyReply,
) => Promise<ReplyOf<K> | Readable | FastifyReply>;

export type Serve = <K extends RouteKey>(key: K, handler: Handler<K>) => void;

/** For Fastify: what a row says of its route. */
export function routeOf(key: RouteKey) {
  const { method, path, access, summary, params, query, body, reply, media, statuses = [] } = describeRoute(key);
  const answer = media ? { content: { [media]: { schema: reply } } } : reply;
  return {
    method,
    url: path,
    config: { access },
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
        handler(context(), request, answer)) as never,
    });
  };
}
