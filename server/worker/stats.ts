// What `inspect stats` answers: totals, pool, broker, prefetch count, resource usage.
// Celery 5.6: worker/worker.py WorkController.stats, info, rusage
import type { Celery } from '../app/celery.ts';
import type { Connection } from '../messaging/connection.ts';
import type { Pool } from '../pool/contract.ts';
import { parseUrl } from '../transport/url.ts';
import type { Autoscaler } from './autoscaler.ts';
import type { LoopDelay } from './loop-delay.ts';
import type { Prefetch } from './prefetch.ts';
import type { WorkerState } from './state.ts';

export interface StatsSource {
  readonly app: Celery;
  readonly connection: Connection;
  readonly pool: Pool;
  readonly prefetch: Prefetch;
  readonly state: WorkerState;
  readonly loopDelay: LoopDelay;
  readonly autoscaler: Autoscaler | null;
  /** What its steps say of themselves. */
  stepsInfo(): Record<string, unknown>;
  now(): number;
}

export function workerStats(worker: StatsSource): Record<string, unknown> {
  const { suspended } = worker.prefetch.rateLimited;
  return {
    // Steps of the user's own, which take the name of none of the figures below.
    ...worker.stepsInfo(),
    total: Object.fromEntries(worker.state.total),
    pid: process.pid,
    clock: String(worker.app.clock.value),
    uptime: Math.round(worker.state.uptimeMs / 1000),
    pool: worker.pool.info(),
    ...(worker.autoscaler ? { autoscaler: worker.autoscaler.info() } : {}),
    broker: brokerInfo(worker.app, worker.connection),
    prefetch_count: worker.prefetch.shown,
    rusage: rusage(),
    loop_delay: worker.loopDelay.stats(),
    // Ours alone: queues that are not read while so many of their tasks wait for a rate limit.
    ...(suspended.length > 0 ? { suspended_queues: suspended } : {}),
  };
}

/** As kombu's Connection.info(): no password. */
function brokerInfo(app: Celery, connection: Connection): Record<string, unknown> {
  const { conf } = app;
  const url = parseUrl(connection.url);
  const ssl = conf.get('broker_use_ssl');
  return {
    hostname: url.host || null,
    userid: url.username || null,
    virtual_host: url.path || '/',
    port: url.port ?? null,
    insist: false,
    ssl: Boolean(ssl),
    transport: connection.connected ? connection.transport.driver : url.scheme,
    connect_timeout: conf.get('broker_connection_timeout'),
    transport_options: {},
    login_method: conf.get('broker_login_method'),
    uri_prefix: null,
    heartbeat: conf.get('broker_heartbeat'),
    failover_strategy: conf.get('broker_failover_strategy') ?? 'round-robin',
    alternates: [],
    credential_provider: null,
  };
}

function rusage(): Record<string, number> {
  const usage = process.resourceUsage();
  return {
    utime: usage.userCPUTime / 1e6,
    stime: usage.systemCPUTime / 1e6,
    maxrss: usage.maxRSS,
    ixrss: usage.sharedMemorySize,
    idrss: usage.unsharedDataSize,
    isrss: usage.unsharedStackSize,
    minflt: usage.minorPageFault,
    majflt: usage.majorPageFault,
    nswap: usage.swappedOut,
    inblock: usage.fsRead,
    oublock: usage.fsWrite,
    msgsnd: usage.ipcSent,
    msgrcv: usage.ipcReceived,
    nsignals: usage.signalsCount,
    nvcsw: usage.voluntaryContextSwitches,
    nivcsw: usage.involuntaryContextSwitches,
  };
}
