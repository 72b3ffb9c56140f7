// The API described by itself: OpenAPI 3.1 from the very schemas of the routes (@fastify/swagger), and a page to read it without
// any other resource.
// Holds: nothing is listed by hand; a route appears when it is registered as a row of the table.
import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { Problem } from '../../../shared/wire/problem.ts';
import { API } from '../../../shared/wire/routes.ts';
import type { Serve } from './serve.ts';

/** What the page reads of the document. */
interface Described {
  paths: Record<
    string,
    Record<string, { summary: string; parameters?: readonly { name: string; required?: boolean }[] }>
  >;
}

/** Describes every route registered after it. @param app has the prefix of the dashboard */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    convertConstToEnum: false,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Umbel dashboard',
        version,
        description:
          'Instants are seconds since the epoch, durations seconds. Changes as they happen: /api/v2/events for programs, the WebSocket /api/v2/live for pages.',
      },
      // Paths are below it; a reader behind a proxy gets theirs.
      servers: [{ url: app.prefix || '/' }],
    },
    transform: ({ schema, url, route }) => ({
      url,
      schema: schema?.summary ? described(schema, url.slice(app.prefix.length), String(route.method)) : { hide: true },
    }),
  });
}

/** @param app as it was described */
export function docsRoutes(serve: Serve, app: FastifyInstance): void {
  serve('GET /docs/json', async (_, { outerPrefix }) => ({ ...app.swagger(), servers: [{ url: outerPrefix || '/' }] }));
  serve('GET /docs', async (_, __, reply) =>
    reply.type('text/html; charset=utf-8').send(page(app.swagger() as unknown as Described)),
  );
}

function described(schema: FastifySchema, path: string, method: string): FastifySchema {
  const replies = Object.entries((schema.response ?? {}) as Record<string, object>).map(([status, reply]) => [
    status,
    {
      description: status === '200' ? 'OK' : 'The same, of what is not well',
      ...('content' in reply ? reply : { content: { 'application/json': { schema: reply } } }),
    },
  ]);
  const name = path.startsWith(API) ? path.slice(API.length) : path;
  return {
    ...schema,
    operationId: `${method.toLowerCase()}${name.replace(/:/g, '').replace(/\/(\w)/g, (_, c: string) => c.toUpperCase())}`,
    response: {
      ...Object.fromEntries(replies),
      default: { description: 'A problem', content: { 'application/problem+json': { schema: Problem } } },
    },
  };
}

function page({ paths }: Described): string {
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary, parameters = [] }]) => {
      const names = parameters.map((p) => `<code>${escaped(p.name)}</code>${p.required ? '' : ' (optional)'}`);
      return `<tr><td>${method.toUpperCase()}</td><td><code>${escaped(path)}</code></td><td>${escaped(summary)}</td><td>${names.join(', ')}</td></tr>`;
    }),
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Umbel API</title></head><body>
<h1>Umbel dashboard API</h1><p>The whole description, with every field: <a href="docs/json">OpenAPI 3.1</a>. Errors are
<code>application/problem+json</code>. What changes something takes <code>application/json</code> from this origin only.</p>
<table border="1" cellpadding="6" cellspacing="0"><thead><tr><th scope="col">Method</th><th scope="col">Path</th><th scope="col">What</th><th scope="col">Parameters</th></tr></thead>
<tbody>${rows.join('')}</tbody></table></body></html>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
