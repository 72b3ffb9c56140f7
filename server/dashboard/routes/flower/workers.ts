// /api/workers: what workers answered; /workers?json=1: how they are, by their events; /api/queues/length.
// Not here: asking them (../../cluster/inspector.ts), measuring queues (../../cluster/queue-lengths.ts), acting on them (control.ts).
// Flower: api/workers.py, views/workers.py, api/tasks.py GetQueueLengths
import type { WorkerRecord } from '../../../../shared/events/worker-record.ts';
import { toError } from '../../../errors.ts';
import { type Inspected, parseRegistered } from '../../cluster/inspector.ts';
import { queueLengths } from '../../cluster/queue-lengths.ts';
import type { RouteContext } from '../context.ts';
import { FlowerError } from './answer.ts';
import type { FlowerRequest, FlowerRoute } from './route.ts';

/** In the order in which it is told. */
const QUESTIONS = [
  'stats',
  'active_queues',
  'registered',
  'scheduled',
  'active',
  'reserved',
  'revoked',
  'conf',
] as const;

/** What it answered, as it did: only questions that it has answered at all. */
function inspectedObject({ cluster }: RouteContext, hostname: string, known: Inspected): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const question of QUESTIONS)
    if (cluster.inspector.answeredAt(hostname, question) !== null) object[question] = answerOf(known, question);
  object.timestamp = known.at;
  return object;
}

function answerOf(known: Inspected, question: (typeof QUESTIONS)[number]): unknown {
  if (question === 'registered') return known.registered.map(registered);
  if (question !== 'stats' || known.stats === null) return known[question];
  // Their passwords, and those of all of its brokers.
  const { alternates: _, ...broker } = known.stats.broker as Record<string, unknown>;
  return { ...known.stats, broker };
}

/** Our question asks for more than Flower's, which is answered with the rate limit alone. */
function registered(text: string): string {
  const { name, rate_limit } = parseRegistered(text);
  return rate_limit === null ? name : `${name} [rate_limit=${rate_limit}]`;
}

async function workers({ context, parameters }: FlowerRequest): Promise<unknown> {
  const { cluster, desk } = context;
  const [refresh, status] = [parameters.bool('refresh'), parameters.bool('status')];
  const name = parameters.text('workername') || null;
  if (status)
    return Object.fromEntries([...cluster.workers.values()].map((w) => [w.hostname, cluster.statusOf(w) === 'online']));
  if (refresh) {
    try {
      await desk.actions.connect();
    } catch (error) {
      throw new FlowerError(503, `Failed to update workers: ${toError(error).message}`);
    }
    await desk.actions.inspect(name === null ? null : [name]);
  }
  const all = name === null ? [...cluster.inspected] : [...cluster.inspected].filter(([one]) => one === name);
  if (name !== null && all.length === 0) {
    // It is there, and has not answered anything yet.
    if (cluster.workers.has(name)) await cluster.inspectNow(name);
    const known = cluster.inspected.get(name);
    if (!known) throw new FlowerError(404, `Unknown worker '${name}'`);
    return { [name]: inspectedObject(context, name, known) };
  }
  return Object.fromEntries(all.map(([one, known]) => [one, inspectedObject(context, one, known)]));
}

/** How each worker is, by its events. */
export function workerRows({ cluster, eventCounts, options }: RouteContext): Record<string, unknown>[] {
  const { purge_offline_workers: purged } = options;
  const shown = (w: WorkerRecord): boolean =>
    purged === null || cluster.statusOf(w) === 'online' || cluster.now - (w.last_heard ?? 0) <= purged;
  return [...cluster.workers.values()].filter(shown).map((w) => ({
    ...Object.fromEntries(eventCounts.of(w.hostname)),
    hostname: w.hostname,
    pid: w.pid,
    freq: w.freq,
    heartbeats: w.heartbeats,
    clock: w.clock,
    active: w.active,
    processed: w.processed,
    loadavg: w.loadavg,
    sw_ident: w.sw_ident,
    sw_ver: w.sw_ver,
    sw_sys: w.sw_sys,
    status: cluster.statusOf(w) === 'online',
  }));
}

export const WORKER_ROUTES: readonly FlowerRoute[] = [
  { method: 'GET', path: '/api/workers', access: 'viewer', answer: workers },
  {
    method: 'GET',
    path: '/api/queues/length',
    access: 'viewer',
    errors: 'status',
    answer: async ({ context: { cluster, masking } }) => ({
      active_queues: masking.value(await queueLengths(cluster)),
    }),
  },
];
