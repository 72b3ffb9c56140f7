// Answers that change nothing: who is there, what runs, what waits, what is registered, figures and settings.
// Not here: commands that change something (manage.ts); stats' parts are the worker's.
// Celery 5.6: worker/control.py
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { writeHeapSnapshot } from 'node:v8';
import { saferepr } from '../../../shared/python-repr.ts';
import { ImproperlyConfigured } from '../../errors.ts';
import { formatIsoTime } from '../../protocol/task-message.ts';
import type { Queue } from '../../transport/entity.ts';
import { SOFTWARE } from '../state.ts';
import { ETA_PRIORITY } from '../strategy.ts';
import { confTable } from './conf.ts';
import { type CommandHandler, integer, type PanelHandle, texts } from './registry.ts';

const memorySamples: number[] = [];

export const INSPECT: Readonly<Record<string, CommandHandler>> = {
  ping: () => ({ ok: 'pong' }),

  hello(handle, { from_node, revoked }) {
    if (from_node === handle.hostname) return null;
    handle.log.info(`sync with ${String(from_node)}`);
    if (revoked && typeof revoked === 'object') handle.state.revoked.merge(revoked as Record<string, unknown>);
    handle.state.revoked.purge();
    return { revoked: handle.state.revoked.toRecord(), clock: handle.app.clock.forward() };
  },

  clock: (handle) => ({ clock: handle.app.clock.value }),
  stats: (handle) => handle.stats(),

  active: (handle, { safe }) => [...handle.state.inPhase('active')].map((request) => request.info(safe === true)),

  // Celery leaves those that wait for a token out everywhere; here they are reserved, which they are, and marked.
  reserved: (handle) =>
    [...handle.state.inPhase('reserved', 'limited')].map((request) =>
      request.phase === 'limited' ? { ...request.info(), rate_limited: true } : request.info(),
    ),

  scheduled: (handle) =>
    [...handle.state.inPhase('scheduled')]
      .sort((a, b) => a.etaMs! - b.etaMs!)
      .map((request) => ({
        eta: formatIsoTime(request.etaMs!),
        priority: ETA_PRIORITY,
        request: request.info(),
      })),

  revoked: (handle) => handle.state.revoked.ids(),

  query_task(handle, { ids }) {
    const found: Record<string, unknown> = {};
    for (const request of handle.state.find(new Set(texts(ids)))) {
      if (request.phase === 'scheduled' || request.phase === 'done') continue;
      found[request.id] = [request.phase === 'active' ? 'active' : 'reserved', request.info()];
    }
    return found;
  },

  registered(handle, { taskinfoitems, builtins }) {
    const given = texts(taskinfoitems);
    const items = given.length > 0 ? given : ['exchange', 'routing_key', 'rate_limit'];
    return [...handle.app.tasks.keys()]
      .filter((name) => builtins === true || !name.startsWith('celery.'))
      .sort()
      .map((name) => {
        const fields = items.flatMap((item) => {
          const value = taskAttribute(handle, name, item);
          return value === null || value === undefined ? [] : [`${item}=${pythonStr(value)}`];
        });
        return fields.length > 0 ? `${name} [${fields.join(' ')}]` : name;
      });
  },

  conf: (handle, { with_defaults }) => confTable(handle.app.conf, truthy(with_defaults)),
  active_queues: (handle) => handle.queues().map(queueInfo),
  report: (handle) => ({ ok: report(handle) }),

  memsample() {
    const { rss } = process.memoryUsage();
    memorySamples.push(rss);
    if (memorySamples.length > 1000) memorySamples.shift();
    return megabytes(rss);
  },

  memdump(_handle, { samples }) {
    const count = Math.max(1, integer(samples, 'samples'));
    const shown = memorySamples.slice(-count).map((rss, i) => `- rss (sample ${i + 1}): ${megabytes(rss)}.\n`);
    return `${shown.join('')}- rss (end): ${megabytes(process.memoryUsage().rss)}.\n`;
  },

  objgraph(handle) {
    const folder = process.env['UMBEL_HEAP_SNAPSHOTS'];
    // Anybody who reaches the broker may ask, as often as he likes, and all that tasks were given stands in it.
    if (!folder) {
      throw new ImproperlyConfigured(
        'objgraph writes all that the worker has in memory, arguments and secrets included, to a file, and stops the worker ' +
          'meanwhile: it is off. To allow it, start the worker with UMBEL_HEAP_SNAPSHOTS=/an/empty/folder in its environment.',
      );
    }
    // One file a process, written over by the next: the disk does not fill up. It is made first, so that nobody else can read it.
    const path = join(folder, `umbel-${process.pid}.heapsnapshot`);
    closeSync(openSync(path, 'w', 0o600));
    handle.log.warning(`Writing a heap snapshot to ${path}; the worker stands still meanwhile`);
    return { filename: writeHeapSnapshot(path) };
  },
};

/** What a task says of itself, else what holds for it by settings. */
function taskAttribute(handle: PanelHandle, name: string, item: string): unknown {
  const task = handle.app.tasks.get(name)!;
  const { conf } = handle.app;
  const own = (task.options as Readonly<Record<string, unknown>>)[item];
  if (own !== undefined) return own;
  switch (item) {
    case 'name':
      return task.name;
    case 'max_retries':
      return 3;
    case 'default_retry_delay':
      return 180;
    case 'ignore_result':
      return conf.get('task_ignore_result');
    case 'acks_late':
      return conf.get('task_acks_late');
    case 'track_started':
      return conf.get('task_track_started');
    case 'rate_limit':
      return conf.get('task_default_rate_limit');
    case 'time_limit':
      return conf.get('task_time_limit');
    case 'soft_time_limit':
      return conf.get('task_soft_time_limit');
    case 'serializer':
      return conf.get('task_serializer');
    default:
      return null;
  }
}

function pythonStr(value: unknown): string {
  return typeof value === 'string' ? value : saferepr(value);
}

function truthy(value: unknown): boolean {
  if (typeof value !== 'string') return Boolean(value);
  return ['1', 'true', 'yes', 'on', 'y', 't'].includes(value.toLowerCase());
}

function megabytes(bytes: number): string {
  return `${(bytes / (1024 * 1024)).toFixed(1)}MB`;
}

/** A queue as kombu's `as_dict(recurse=True)` writes it. */
export function queueInfo(q: Queue): Record<string, unknown> {
  return {
    name: q.name,
    exchange: q.exchange && {
      name: q.exchange.name,
      type: q.exchange.type,
      arguments: null,
      durable: q.exchange.durable,
      passive: false,
      auto_delete: q.exchange.autoDelete,
      delivery_mode: q.exchange.deliveryMode ?? null,
      no_declare: false,
    },
    routing_key: q.routingKey,
    queue_arguments: q.arguments ?? null,
    binding_arguments: null,
    consumer_arguments: null,
    durable: q.durable,
    exclusive: q.exclusive,
    auto_delete: q.autoDelete,
    no_ack: false,
    alias: null,
    bindings: (q.bindings ?? []).map((b) => ({ exchange: b.exchange.name, routing_key: b.routingKey })),
    no_declare: null,
    expires: q.expiresMs === undefined ? null : q.expiresMs / 1000,
    message_ttl: q.messageTtlMs === undefined ? null : q.messageTtlMs / 1000,
    max_length: null,
    max_length_bytes: null,
    max_priority: q.maxPriority ?? null,
  };
}

function report(handle: PanelHandle): string {
  const { conf } = handle.app;
  const settings = Object.entries(confTable(conf, false));
  return [
    '',
    `software -> umbel:${SOFTWARE.sw_ver} node:${process.versions.node} v8:${process.versions.v8}`,
    `platform -> system:${SOFTWARE.sw_sys} arch:${process.arch}`,
    `pool     -> ${handle.pool.name} max-concurrency:${handle.pool.limit}`,
    '',
    ...settings.map(([name, value]) => `${name}: ${saferepr(value, 1024)}`),
    '',
  ].join('\n');
}
