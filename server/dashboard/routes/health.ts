// /healthcheck as Flower has it, /readyz by source, /metrics for Prometheus. None of them asks for authentication, as with Flower.
// Not here: what is counted (../metrics/).
import type { FastifyInstance } from 'fastify';
import { PUBLIC } from '../access/identity.ts';
import { sources } from '../cluster/knowledge.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { RouteContext } from './context.ts';

export function healthRoutes(app: FastifyInstance, context: () => RouteContext, metrics: () => Promise<Metrics>): void {
  app.get('/healthcheck', { config: PUBLIC }, async (_, reply) => reply.type('text/html; charset=UTF-8').send('OK'));

  app.get('/readyz', { config: PUBLIC }, async (_, reply) => {
    const all = sources(context().cluster);
    const needed = all.filter((s) => s.name !== 'results');
    const ready = needed.every((s) => s.ok);
    return reply
      .code(ready ? 200 : 503)
      .send({ ready, sources: Object.fromEntries(all.map((s) => [s.name, { ok: s.ok, detail: s.detail }])) });
  });

  app.get('/metrics', { config: PUBLIC }, async (_, reply) => {
    const text = await (await metrics()).text();
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(text);
  });
}
