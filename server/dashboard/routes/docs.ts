// The API described by itself: OpenAPI 3.1 from the very schemas that validate, and a page to read it without any other resource.
// Holds: nothing is listed by hand; a route appears when it is registered.
import type { FastifyInstance, RouteOptions } from 'fastify';
import { Problem } from '../../../shared/wire/http.ts';

interface Schema {
  type?: string;
  properties?: Record<string, Schema & { description?: string }>;
  required?: string[];
}
interface Described {
  summary?: string;
  params?: Schema;
  querystring?: Schema;
  response?: Record<string, Schema>;
}

/** Collects every route registered after it. */
export function docsRoutes(app: FastifyInstance, base: string, version: string): void {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    if ((route.schema as Described | undefined)?.summary) routes.push(route);
  });
  let document: Record<string, unknown> | null = null;
  const build = (): Record<string, unknown> => {
    document ??= openApi(routes, base, version);
    return document;
  };
  app.get('/docs/json', async () => build());
  app.get('/docs', async (_, reply) => reply.type('text/html; charset=utf-8').send(page(build())));
}

function openApi(routes: readonly RouteOptions[], base: string, version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.url.replace(base, '').replace(/:(\w+)/g, '{$1}');
    const schema = route.schema as Described;
    const body = (route.config as { body?: unknown } | undefined)?.body;
    for (const method of [route.method].flat()) {
      if (method === 'HEAD') continue;
      paths[path] ??= {};
      paths[path][method.toLowerCase()] = {
        summary: schema.summary,
        operationId: `${method.toLowerCase()}${path.replace(/[{}]/g, '').replace(/\/(\w)/g, (_, c: string) => c.toUpperCase())}`,
        parameters: [...parameters('path', schema.params), ...parameters('query', schema.querystring)],
        ...(body ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } } : {}),
        responses: {
          200: { description: 'OK', content: { 'application/json': { schema: schema.response?.['200'] ?? {} } } },
          default: { description: 'A problem', content: { 'application/problem+json': { schema: Problem } } },
        },
      };
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Umbel dashboard',
      version,
      description:
        'Instants are seconds since the epoch, durations seconds. Changes as they happen: the WebSocket /live.',
    },
    servers: [{ url: base }],
    paths,
  };
}

function parameters(where: 'path' | 'query', schema: Schema | undefined): object[] {
  return Object.entries(schema?.properties ?? {}).map(([name, s]) => ({
    name,
    in: where,
    required: where === 'path' || (schema?.required?.includes(name) ?? false),
    schema: s,
  }));
}

function page(document: Record<string, unknown>): string {
  const paths = document.paths as Record<
    string,
    Record<string, { summary: string; parameters: { name: string; in: string; required: boolean }[] }>
  >;
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, op]) => {
      const params = op.parameters
        .map((p) => `<code>${escaped(p.name)}</code>${p.required ? '' : ' (optional)'}`)
        .join(', ');
      return `<tr><td>${method.toUpperCase()}</td><td><code>${escaped(path)}</code></td><td>${escaped(op.summary)}</td><td>${params}</td></tr>`;
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
