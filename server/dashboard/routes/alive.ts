// /alive/<worker>: is this worker there, and does it take its messages? For liveness probes and watchdogs.
// Not here: what a stall is (../attention/stalled.ts), who is silent (../cluster/worker-watch.ts).
// Holds: 503 is said only when a restart of the worker would help, by what is known of it; when this dashboard itself cannot know (the
// broker is away, it has just begun) it is 200, so that a probe restarts nobody for it. Like /healthcheck and /metrics it asks for no
// login; of one worker, whose name one must know, it tells no more than /metrics.
import { Type } from 'typebox';
import { formatAge } from '../../../shared/format/time.ts';
import { AliveReply } from '../../../shared/wire/workers.ts';
import { PUBLIC } from '../access/identity.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { knowledge } from '../cluster/knowledge.ts';
import type { Api, RouteContext } from './context.ts';
import { answerNotFound } from './problem.ts';

export function aliveRoutes(app: Api, context: RouteContext): void {
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
      const answer = aliveness(context, request.params.worker);
      reply.code(answer.code).header('cache-control', 'no-store');
      if (!prefersText(request.headers.accept)) return answer.body;
      const lines = [answer.body.reason, ...answer.body.evidence.map(({ text }) => `- ${text}`)];
      return reply.type('text/plain; charset=utf-8').send(`${lines.join('\n')}\n` as never);
    },
  );
}

function aliveness({ attention, cluster }: RouteContext, worker: string): { code: 200 | 404 | 503; body: AliveReply } {
  const record = cluster.state.workers.get(worker);
  const body = (alive: boolean | null, reason: string, more: Partial<AliveReply> = {}): AliveReply => ({
    worker,
    alive,
    status: record ? cluster.statusOf(record) : null,
    reason,
    since: null,
    evidence: [],
    ...more,
  });
  const deaf = whyNotKnown(cluster);
  if (deaf !== null) return { code: 200, body: body(null, deaf) };
  if (!record) return { code: 404, body: body(null, `No worker named ${worker} has been heard by this dashboard`) };
  const since = record.last_heard;
  if (record.left) return { code: 503, body: body(false, 'It has said goodbye and was not heard since', { since }) };
  const silence = cluster.watch.silence(worker);
  const heard = silence === null ? 'It was never heard' : `It has not been heard for ${formatAge(silence)}`;
  if (cluster.statusOf(record) === 'offline') return { code: 503, body: body(false, heard, { since }) };
  const stall = attention.stallOf(worker);
  if (stall !== null) {
    const reason = `It is alive but ${stall.certain ? 'takes' : 'seems to take'} no messages`;
    return { code: 503, body: body(false, reason, { since: stall.since, evidence: [...stall.evidence] }) };
  }
  if (cluster.statusOf(record) === 'late') return { code: 200, body: body(true, `${heard}, and may come back`) };
  return { code: 200, body: body(true, 'It is heard, and nothing shows that it does not take its messages') };
}

/** Why this dashboard can say nothing of any worker; null: it can. */
function whyNotKnown(cluster: Cluster): string | null {
  const { events } = knowledge(cluster);
  if (events.ok !== true) return `Not known: ${events.reason ?? 'no events are heard'}`;
  if (cluster.settled === null) return 'Not known yet: this dashboard is asking its workers';
  return null;
}

function prefersText(accept: string | undefined): boolean {
  const place = (type: string): number => {
    const at = (accept ?? '').indexOf(type);
    return at < 0 ? Number.POSITIVE_INFINITY : at;
  };
  return place('text/plain') < place('application/json');
}
