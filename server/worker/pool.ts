// The worker's pool: how large it is, what it is given, and the step that starts and stops it.
// Not here: what a pool is (pool/contract.ts), which there are (pool/registry.ts), what scales it (autoscaler.ts).
// Celery 5.6: worker/components.py Pool
import { availableParallelism } from 'node:os';
import type { Celery } from '../app/celery.ts';
import { ImproperlyConfigured } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { PoolContext } from '../pool/contract.ts';
import { hasChildren } from '../pool/registry.ts';
import { jobRunner } from '../pool/run-job.ts';
import type { Timer } from '../timer.ts';
import { Bootstep } from './blueprint.ts';
import type { GivenOptions } from './options.ts';
import type { Worker } from './worker.ts';

/** Awaiting costs little. */
const DEFAULT_CONCURRENCY = 100;

export class PoolStep extends Bootstep<Worker> {
  static override label = 'Pool';
  override start(worker: Worker): Promise<void> {
    return worker.pool.start();
  }
  /** What ran has ended before, when the worker was stopped; a start that failed later leaves no process of it. */
  override stop(worker: Worker): Promise<void> {
    return worker.pool.stop('warm');
  }
  override terminate(worker: Worker): Promise<void> {
    return worker.pool.stop('cold');
  }
}

/** Children, where the pool has some, else tasks at a time. */
function sizeOf(app: Celery, { concurrency }: GivenOptions, pool: string): number {
  if (pool === 'solo') return 1;
  const given = concurrency ?? app.conf.get('worker_concurrency');
  // Celery 5.6, worker/worker.py setup_defaults: `if not self.concurrency`, as many as cores.
  if (given === 0) return availableParallelism();
  return given ?? (hasChildren(pool) ? availableParallelism() : DEFAULT_CONCURRENCY);
}

function childConcurrencyOf(app: Celery, options: GivenOptions, pool: string): number {
  return hasChildren(pool) ? (options.childConcurrency ?? app.conf.get('worker_child_concurrency')) : 1;
}

/** Tasks at a time when it is as large as it gets: as many are prefetched for. */
export function mostAtATime(app: Celery, options: GivenOptions, pool: string): number {
  const size = options.autoscale?.max ?? sizeOf(app, options, pool);
  return size * childConcurrencyOf(app, options, pool);
}

export interface PoolHost {
  readonly app: Celery;
  readonly options: GivenOptions;
  readonly timer: Timer;
  readonly log: Logger;
  readonly hostname: string;
}

/** @throws ImproperlyConfigured for what such a pool cannot work with */
export function poolContext({ app, options, timer, log, hostname }: PoolHost, pool: string): PoolContext {
  const { conf } = app;
  const { autoscale } = options;
  if (hasChildren(pool)) refuseOwnMemory(app, pool);
  if (autoscale && pool === 'solo') {
    throw new ImproperlyConfigured('autoscale: the solo pool always runs one task at a time. Use another pool.');
  }
  return {
    // Celery 5.6, worker/components.py Pool: it begins with the fewest.
    concurrency: autoscale ? Math.max(1, autoscale.min) : sizeOf(app, options, pool),
    childConcurrency: childConcurrencyOf(app, options, pool),
    timer,
    execute: jobRunner(app),
    get source() {
      return app.source;
    },
    loglevel: options.loglevel ?? 'WARNING',
    log,
    hostname,
    maxTasksPerChild: options.maxTasksPerChild ?? conf.get('worker_max_tasks_per_child'),
    maxMemoryPerChild: options.maxMemoryPerChild ?? conf.get('worker_max_memory_per_child'),
    aliveTimeoutMs: conf.get('worker_proc_alive_timeout') * 1000,
    lostWaitMs: conf.get('worker_lost_wait') * 1000,
    onChordParts: (count) => {
      app.chordPartsCounted += count;
    },
    info: { timeouts: [options.softTimeLimit ?? 0, options.timeLimit ?? 0] },
  };
}

/** Children have memory of their own: what they send or store there nobody else sees. */
function refuseOwnMemory(app: Celery, pool: string): void {
  const { conf } = app;
  const urls = { broker_url: conf.brokerUrls('read')[0] ?? '', result_backend: conf.resultBackendUrl() };
  for (const [name, url] of Object.entries(urls)) {
    if (!/^(cache\+)?memory:/.test(url)) continue;
    throw new ImproperlyConfigured(
      `The ${pool} pool runs tasks in children, which cannot reach the ${name} '${url}': it is in the memory of one process. ` +
        'Use another, such as sqlite:///umbel.db, or the async pool.',
    );
  }
}
