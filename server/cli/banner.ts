// What a worker says of itself when it starts: app, broker, results, pool, queues, tasks. URLs without their secrets.
// Celery 5.6: apps/worker.py BANNER
import type { Celery } from '../app/celery.ts';
import type { LogLevel } from '../log.ts';
import { safeUrl } from '../transport/url.ts';
import type { Output } from './output.ts';
import { packageVersion } from './version.ts';

export interface BannerWorker {
  readonly hostname: string;
  /** 'async', concurrency and queue names: as far as they are known before the start. */
  readonly pool: string;
  readonly concurrency: number;
  readonly queueNames: readonly string[];
}

export interface BannerOptions {
  readonly app?: string;
  readonly loglevel?: LogLevel;
  readonly taskEvents?: boolean;
}

export function workerBanner(app: Celery, worker: BannerWorker, options: BannerOptions, output: Output): string {
  const brokers = app.conf.brokerUrls('read').map(safeUrl);
  const results = app.conf.resultBackendUrl();
  const eventsOn = options.taskEvents || app.conf.worker_send_task_events;
  const rows: [string, string][] = [
    ['app', `${app.name}${options.app ? ` (${options.app})` : ''}`],
    ['transport', brokers.join('; ')],
    ['results', safeUrl(results)],
    ['concurrency', `${worker.concurrency} (${worker.pool})`],
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
    ...worker.queueNames.map((name) => `  . ${describeQueue(app, name)}`),
  ];
  if (options.loglevel === 'INFO' || options.loglevel === 'DEBUG') {
    const tasks = [...app.tasks.keys()].filter((name) => options.loglevel === 'DEBUG' || !name.startsWith('celery.'));
    lines.push('', ` ${output.paint('[tasks]', 'cyan')}`, ...tasks.sort().map((name) => `  . ${name}`));
  }
  return `${lines.join('\n')}\n\n`;
}

function describeQueue(app: Celery, name: string): string {
  const queue = app.queues.get(name);
  const exchange = queue?.exchange;
  return `${name.padEnd(16)} exchange=${exchange?.name ?? ''}(${exchange?.type ?? 'direct'}) key=${queue?.routingKey ?? name}`;
}
