// What a worker says of itself when it starts: app, broker, results, pool, queues, tasks. URLs without their secrets.
// Celery 5.6: apps/worker.py BANNER
import { availableParallelism } from 'node:os';
import type { Celery } from '../app/celery.ts';
import type { LogLevel } from '../log.ts';
import type { Queue } from '../transport/entity.ts';
import { safeUrl } from '../transport/url.ts';
import type { Output } from './output.ts';
import { packageVersion } from './version.ts';

export interface BannerWorker {
  readonly hostname: string;
  queues(): readonly Queue[];
}

export interface BannerOptions {
  readonly app?: string;
  readonly loglevel?: LogLevel;
  readonly taskEvents?: boolean;
  readonly pool?: string;
  readonly concurrency?: number;
}

export function workerBanner(app: Celery, worker: BannerWorker, options: BannerOptions, output: Output): string {
  const brokers = app.conf.brokerUrls('read').map(safeUrl);
  const results = app.conf.resultBackendUrl();
  const eventsOn = options.taskEvents || app.conf.worker_send_task_events;
  const rows: [string, string][] = [
    ['app', `${app.name}${options.app ? ` (${options.app})` : ''}`],
    ['transport', brokers.join('; ')],
    ['results', safeUrl(results)],
    ['concurrency', concurrencyOf(app, options)],
    ['task events', eventsOn ? 'ON' : 'OFF (enable -E to monitor tasks in this worker)'],
  ];
  const title = output.paint(`umbel worker  ${worker.hostname}  v${packageVersion()}`, 'bold', 'green');
  const lines = [
    '',
    ` ${title}`,
    '',
    ...rows.map(([name, value]) => ` ${output.paint(`${name}:`.padEnd(13), 'dim')} ${value}`),
    '',
    ` ${output.paint('[queues]', 'cyan')}`,
    ...worker.queues().map((queue) => `  . ${describeQueue(queue)}`),
  ];
  if (options.loglevel === 'INFO' || options.loglevel === 'DEBUG') {
    const tasks = [...app.tasks.keys()].filter((name) => options.loglevel === 'DEBUG' || !name.startsWith('celery.'));
    lines.push('', ` ${output.paint('[tasks]', 'cyan')}`, ...tasks.sort().map((name) => `  . ${name}`));
  }
  return `${lines.join('\n')}\n\n`;
}

function concurrencyOf(app: Celery, options: BannerOptions): string {
  const pool = options.pool ?? app.conf.worker_pool;
  const given = options.concurrency ?? app.conf.worker_concurrency;
  if (pool === 'solo') return '1 (solo)';
  return given === null ? pool : `${given || availableParallelism()} (${pool})`;
}

function describeQueue({ name, exchange, routingKey }: Queue): string {
  return `${name.padEnd(16)} exchange=${exchange?.name ?? ''}(${exchange?.type ?? 'direct'}) key=${routingKey}`;
}
