// What one may say of a worker when it is made, as the command's flags do.
// Not here: settings, which stand in for what is not said (app/settings/worker.ts).
// Celery 5.6: bin/worker.py
import { refuseUnknownOptions } from '../app/option-names.ts';
import type { Logger, LogLevel } from '../log.ts';

export interface WorkerOptions {
  /** `-n`: 'w1', 'w1@%h'. Default celery@host */
  readonly hostname?: string | null;
  /** Tasks at a time. Default `worker_concurrency`, else 100 (async) or 1 (solo). */
  readonly concurrency?: number | null;
  /** 'async' or 'solo'. Default `worker_pool` */
  readonly pool?: string;
  /** Names of the queues to consume. Default `task_queues`, else the default queue. */
  readonly queues?: readonly string[];
  readonly excludeQueues?: readonly string[];
  /** `-E`: send task events. Default `worker_send_task_events` */
  readonly taskEvents?: boolean;
  /** Default WARNING */
  readonly loglevel?: LogLevel;
  /** Instead of one made by `loglevel`. */
  readonly log?: Logger;
  readonly prefetchMultiplier?: number | null;
  readonly disablePrefetch?: boolean;
  readonly withoutHeartbeat?: boolean;
  readonly withoutGossip?: boolean;
  readonly withoutMingle?: boolean;
  /** @unit seconds  @default 2 */
  readonly heartbeatInterval?: number | null;
  /** @unit seconds */
  readonly timeLimit?: number | null;
  readonly softTimeLimit?: number | null;
  /** File the revoked ids are kept in. %h, %n, %d are expanded. Default `worker_state_db` */
  readonly statedb?: string | null;
  /** Remove what waits in the queues before the first task is taken. There is no undo. */
  readonly purge?: boolean;
}

const NAMES: Readonly<Record<keyof WorkerOptions, true>> = {
  hostname: true,
  concurrency: true,
  pool: true,
  queues: true,
  excludeQueues: true,
  taskEvents: true,
  loglevel: true,
  log: true,
  prefetchMultiplier: true,
  disablePrefetch: true,
  withoutHeartbeat: true,
  withoutGossip: true,
  withoutMingle: true,
  heartbeatInterval: true,
  timeLimit: true,
  softTimeLimit: true,
  statedb: true,
  purge: true,
};

/** @throws ImproperlyConfigured for a name that is none */
export function checkWorkerOptions(options: WorkerOptions): void {
  refuseUnknownOptions('A worker', options, Object.keys(NAMES));
}
