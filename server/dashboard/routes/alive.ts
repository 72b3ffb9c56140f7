// /alive/<worker>: is this worker there, and does it take its messages? For liveness probes and watchdogs.
// Not here: what is concluded (../views/aliveness.ts).
// Holds: like /healthcheck and /metrics it asks for no login; of one worker, whose name one must know, it tells no more than /metrics.
import { Type } from 'typebox';
import { AliveReply } from '../../../shared/wire/workers.ts';
import { PUBLIC } from '../access/identity.ts';
import { aliveness } from '../views/aliveness.ts';
import type { Api, RouteContext } from './context.ts';
import { answerNotFound } from './problem.ts';

export function aliveRoutes(app: Api, context: () => RouteContext): void {
  // No name, or one longer than a worker's can be: never a page, which a probe would take for a sign of life.
  for (const path of ['/alive', '/alive/*'])
    app.get(path, { config: PUBLIC }, (request, reply) => answerNotFound(request, reply));
  app.get(
    '/alive/:worker',
    {
      config: PUBLIC,
      schema: {
        summary: 'Is this worker there, and does it take its messages? 503: restart it',
        params: Type.Object({ worker: Type.String() }),
        response: { 200: AliveReply, 404: AliveReply, 503: AliveReply },
      },
    },
    async (request, reply) => {
      const { attention, cluster } = context();
      const answer = aliveness(cluster, attention, request.params.worker);
      reply.code(answer.code).header('cache-control', 'no-store');
      if (!prefersText(request.headers.accept)) return answer.body;
      const lines = [answer.body.reason, ...answer.body.evidence.map(({ text }) => `- ${text}`)];
      return reply.type('text/plain; charset=utf-8').send(`${lines.join('\n')}\n` as never);
    },
  );
}

function prefersText(accept: string | undefined): boolean {
  const place = (type: string): number => {
    const at = (accept ?? '').indexOf(type);
    return at < 0 ? Number.POSITIVE_INFINITY : at;
  };
  return place('text/plain') < place('application/json');
}
