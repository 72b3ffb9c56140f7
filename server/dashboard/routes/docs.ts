// The API described by itself: OpenAPI 3.1 from the very schemas of the routes (@fastify/swagger), and a page to read it without
// any other resource.
// Holds: nothing is listed by hand; a route appears when it is registered with a summary.
import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { Problem } from '../../../shared/wire/problem.ts';
import { VIEWER } from '../access/identity.ts';

/** What the page reads of the document. */
interface Described {
  paths: Record<
    string,
    Record<string, { summary: string; parameters?: readonly { name: string; required?: boolean }[] }>
  >;
}

/** Describes every route registered after it. */
export async function docsRoutes(api: FastifyInstance, version: string): Promise<void> {
  await api.register(swagger, {
    convertConstToEnum: false,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Umbel dashboard',
        version,
        description:
          'Instants are seconds since the epoch, durations seconds. Changes as they happen: the WebSocket /live.',
      },
      servers: [{ url: api.prefix }],
    },
    transform: ({ schema, url, route }) => ({
      url,
      schema: schema?.summary ? described(schema, url.slice(api.prefix.length), String(route.method)) : { hide: true },
    }),
  });
  api.get('/docs/json', { config: VIEWER }, async () => api.swagger());
  api.get('/docs', { config: VIEWER }, async (_, reply) =>
    reply.type('text/html; charset=utf-8').send(page(api.swagger() as unknown as Described)),
  );
}

function described(schema: FastifySchema, path: string, method: string): FastifySchema {
  const ok = (schema.response as Record<string, unknown> | undefined)?.['200'] ?? {};
  return {
    ...schema,
    operationId: `${method.toLowerCase()}${path.replace(/:/g, '').replace(/\/(\w)/g, (_, c: string) => c.toUpperCase())}`,
    response: {
      200: { description: 'OK', content: { 'application/json': { schema: ok } } },
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
