// What a dashboard answers while another has the history: probes for itself, and everything else by passing it on (pass-on.ts).
// Holds: /healthcheck is of this process alone, so that it is not restarted for another's sake; /metrics has nothing of the cluster, which
// would be counted twice where each dashboard is scraped. With `?owner` it is passed on, for who scrapes whichever answers.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OWNER_ANSWERS, OWNER_SILENT, type PassOn, REPLICA } from './pass-on.ts';

/** @param path of the route, without prefixes  @param prefix of the dashboard */
export async function standIn(
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  passOn: PassOn,
  { path, prefix }: { readonly path: string; readonly prefix: string },
): Promise<FastifyReply> {
  const isMetrics = path === '/metrics' && (request.query as Record<string, unknown>)['owner'] === undefined;
  if (path !== '/healthcheck' && !isMetrics) {
    await passOn.answer(request, reply);
    return reply;
  }
  const answers = await passOn.probe(request, `${prefix}/healthcheck`);
  reply.header(REPLICA, answers ? OWNER_ANSWERS : OWNER_SILENT);
  if (!isMetrics) return reply.type('text/html; charset=UTF-8').send('OK');
  return reply.type('text/plain; version=0.0.4; charset=utf-8').send(metricsOf(answers));
}

function metricsOf(answers: boolean): string {
  const gauge = (name: string, help: string, value: number): string =>
    `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`;
  return (
    gauge('umbel_standby', 'Whether this dashboard stands by while another has the history: 1', 1) +
    gauge('umbel_standby_owner_up', 'Whether the dashboard that has the history answers: 1 or 0', answers ? 1 : 0)
  );
}
