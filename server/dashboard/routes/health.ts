// /healthcheck as Flower has it, /readyz by source, /metrics for Prometheus. None of them asks for authentication, as with Flower.
// Not here: what is counted (../metrics/).
import { sources } from '../cluster/knowledge.ts';
import type { Serve } from './serve.ts';

export function healthRoutes(serve: Serve): void {
  serve('GET /healthcheck', async (_, __, reply) => reply.type('text/html; charset=UTF-8').send('OK'));

  serve('GET /readyz', async ({ cluster }, _, reply) => {
    const all = sources(cluster);
    const ready = all.every((source) => source.ok || source.name === 'results' || source.name === 'broker_api');
    reply.code(ready ? 200 : 503);
    return { ready, sources: Object.fromEntries(all.map(({ name, ok, detail }) => [name, { ok, detail }])) };
  });

  serve('GET /metrics', async ({ metrics }, _, reply) => {
    const text = await metrics().text();
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(text);
  });
}
