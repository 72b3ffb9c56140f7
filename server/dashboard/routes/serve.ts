// A route as its row in the table of the API says (shared/wire/routes.ts): path, access and schemas come from there, its handler is
// given and has to answer what they say.
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

export type Handler<K extends RouteKey> = (
  request: FastifyRequest<{ Params: ParamsOf<K>; Querystring: QueryOf<K>; Body: BodyOf<K> }>,
  reply: FastifyReply,
) => Promise<ReplyOf<K> | Readable>;

export function serve<K extends RouteKey>(app: FastifyInstance, key: K, handler: Handler<K>): void {
  const { method, path, access, summary, params, query, body, reply, media } = describeRoute(key);
  app.route<{ Params: ParamsOf<K>; Querystring: QueryOf<K>; Body: BodyOf<K> }>({
    method,
    url: path,
    config: { access },
    schema: {
      summary,
      params,
      querystring: query,
      ...(body && { body }),
      response: { 200: media ? { content: { [media]: { schema: reply } } } : reply },
    },
    handler: handler as never,
  });
}
