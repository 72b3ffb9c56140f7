// /healthcheck as Flower has it, /readyz by source, /metrics for Prometheus. None of them asks for authentication, as with Flower.
// Not here: what is counted (../metrics/).
import type { Readiness } from '../../../shared/wire/cluster.ts';
import { sources } from '../cluster/knowledge.ts';
import type { RouteContext } from './context.ts';
import type { Serve } from './serve.ts';

/** Every source that is needed is there; results are not needed. @param mayKnow else no reasons: they name hosts, users, files */
export function readinessOf({ cluster }: RouteContext, mayKnow = false): Readiness {
  const all = sources(cluster);
  const ready = all.every((source) => source.ok || source.name === 'results' || source.name === 'broker_api');
  return {
    ready,
    sources: Object.fromEntries(all.map(({ name, ok, detail }) => [name, { ok, detail: mayKnow ? detail : null }])),
  };
}

/** @param readiness of several clusters together; null: of the one */
export function healthRoutes(serve: Serve, readiness: (() => Readiness) | null): void {
  serve('GET /healthcheck', async (_, __, reply) => reply.type('text/html; charset=UTF-8').send('OK'));

  serve('GET /readyz', async (context, { identity }, reply) => {
    const answer = readiness === null ? readinessOf(context, identity.via !== 'nothing') : readiness();
    reply.code(answer.ready ? 200 : 503);
    return answer;
  });

  serve('GET /metrics', async ({ metrics }, _, reply) => {
    const text = await metrics().text();
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(text);
  });
}
