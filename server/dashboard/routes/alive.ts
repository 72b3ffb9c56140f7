// /alive/<worker>: is this worker there, and does it take its messages? For liveness probes and watchdogs.
// Not here: what is concluded (../views/aliveness.ts).
// Holds: like /healthcheck and /metrics it asks for no login; of one worker, whose name one must know, it tells no more than /metrics.
import { aliveness } from '../views/aliveness.ts';
import type { Serve } from './serve.ts';

export function aliveRoutes(serve: Serve): void {
  serve('GET /alive/:worker', async ({ attention, cluster }, request, reply) => {
    const { code, body } = aliveness(cluster, attention, request.params.worker);
    reply.code(code);
    if (!prefersText(request.headers.accept)) return body;
    const lines = [body.reason, ...body.evidence.map(({ text }) => `- ${text}`)];
    return reply.type('text/plain; charset=utf-8').send(`${lines.join('\n')}\n`);
  });
}

function prefersText(accept: string | undefined): boolean {
  const place = (type: string): number => {
    const at = (accept ?? '').indexOf(type);
    return at < 0 ? Number.POSITIVE_INFINITY : at;
  };
  return place('text/plain') < place('application/json');
}
