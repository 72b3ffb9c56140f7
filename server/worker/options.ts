// Every option of a worker as one table, from which the class (worker.ts), the command's flags (cli/worker-flags.ts) and
// docs/worker-options.md are read. One more option is one more row here, and its use.
// Not here: settings, which stand in for what is not given (app/settings/worker.ts); what only a process has, such as --pidfile (cli/).
// Holds: an unknown option is refused with the nearest right name, a wrong value by the option's name; null is as good as not given.
// Celery 5.6: bin/worker.py
import { refuseUnknownOptions } from '../app/option-names.ts';
import {
  count,
  list,
  names,
  number,
  oneOf,
  type Read,
  refused,
  text,
  wholeNumber,
  yesOrNo,
} from '../app/option-values.ts';
import type { SettingName } from '../app/settings.ts';
import { LOG_LEVELS, type Logger } from '../log.ts';
import { adoptLogger, type GivenLogger } from '../log-adopt.ts';

/** Headings of the help and of the page; '' stands first and has none. */
export type OptionGroup = '' | 'Pool' | 'Queue' | 'Features' | 'Embedded beat';

export interface WorkerOptionRow<T> {
  /** As the command takes it: '-c, --concurrency <number>'. null: it can only be given in code. */
  readonly flags: string | null;
  /** A second long flag that means the same, as in Celery. */
  readonly alias?: string;
  readonly group: OptionGroup;
  readonly unit?: 'seconds' | 'KiB';
  /** The setting that holds when it is not given. */
  readonly setting?: SettingName;
  /** What holds when neither is given. */
  readonly default?: string;
  /** For the help and the page: no capital, no full stop. */
  readonly meaning: string;
  /** The value as it is used. @throws ImproperlyConfigured naming the option */
  readonly read: Read<T>;
}

const logger: Read<Logger> = (value, name) => {
  if (typeof (value as Logger | null)?.info !== 'function') throw refused(name, 'a logger', value);
  return adoptLogger(value as GivenLogger);
};

const nodeName: Read<string> = (value, name) => {
  if (!/^[^\s\p{Cc}]{1,512}$/u.test(text(value, name)))
    throw refused(name, "a name without spaces, such as 'w1@%h'", value);
  return value as string;
};

/** The bounds of --autoscale: the greater is `max`, whichever comes first. */
export interface Bounds {
  readonly max: number;
  readonly min: number;
}

export const bounds: Read<Bounds> = (value, name) => {
  const { max, min = 0 } = (value ?? {}) as Partial<Bounds>;
  const whole = [max, min].every((one) => Number.isSafeInteger(one) && Number(one) >= 0);
  if (!whole || !(max! >= 1)) throw refused(name, 'the most and the fewest: { max: 10, min: 2 }', value);
  return { max: Math.max(max!, min), min: Math.min(max!, min) };
};

/** One of the log's levels, in capitals. */
export const logLevel = oneOf(LOG_LEVELS);

const row = <T>(of: WorkerOptionRow<T>): WorkerOptionRow<T> => of;

export const WORKER_OPTIONS = {
  /** 'w1', 'w1@%h'. */
  hostname: row({
    flags: '-n, --hostname <name>',
    group: '',
    default: 'celery@%h',
    meaning: "name of this worker, such as 'w1@%h' (%h host, %n name, %d domain)",
    read: nodeName,
  }),
  /** File the revoked ids are kept in. %h, %n and %d are expanded. */
  statedb: row({
    flags: '-S, --statedb <path>',
    group: '',
    setting: 'worker_state_db',
    meaning: 'remember revoked tasks in this file',
    read: text,
  }),
  loglevel: row({
    flags: '-l, --loglevel <level>',
    group: '',
    default: 'WARNING',
    meaning: 'DEBUG, INFO, WARNING, ERROR or CRITICAL',
    read: logLevel,
  }),
  /** Instead of one made by `loglevel`. */
  log: row({ flags: null, group: '', meaning: 'the logger, instead of one made by `loglevel`', read: logger }),
  prefetchMultiplier: row({
    flags: '--prefetch-multiplier <number>',
    group: '',
    setting: 'worker_prefetch_multiplier',
    meaning: 'messages held for each task that can run; 0 for as many as there are',
    read: wholeNumber,
  }),
  disablePrefetch: row({
    flags: '--disable-prefetch',
    group: '',
    setting: 'worker_disable_prefetch',
    meaning: 'hold no message that cannot run at once',
    read: yesOrNo,
  }),
  /** Tasks at a time, or children; 0: as many as the machine has cores. Default `worker_concurrency`, else 100 (async), 1 (solo), or the cores. */
  concurrency: row({
    flags: '-c, --concurrency <number>',
    group: 'Pool',
    setting: 'worker_concurrency',
    default: '100 (async), 1 (solo) or as many as cores (prefork, threads)',
    meaning: 'how many tasks at a time, or children; 0: as many as cores',
    read: wholeNumber,
  }),
  /** 'async', 'solo', 'prefork', 'threads', or a pool of your own: a module that exports `createPool`, or a name that was registered. */
  pool: row({
    flags: '-P, --pool <name>',
    group: 'Pool',
    setting: 'worker_pool',
    meaning:
      'async (many awaits in one process), solo (one task at a time), prefork (child processes), threads, or ./a-module.js of your own',
    read: text,
  }),
  /** prefork and threads: tasks at a time in each child. */
  childConcurrency: row({
    flags: '--child-concurrency <number>',
    group: 'Pool',
    setting: 'worker_child_concurrency',
    default: '1',
    meaning: 'prefork, threads: tasks at a time in each child',
    read: count,
  }),
  maxTasksPerChild: row({
    flags: '--max-tasks-per-child <number>',
    group: 'Pool',
    setting: 'worker_max_tasks_per_child',
    meaning: 'prefork, threads: replace a child after so many tasks',
    read: count,
  }),
  /** Of a process its resident memory, of a thread its heap. @unit KiB */
  maxMemoryPerChild: row({
    flags: '--max-memory-per-child <KiB>',
    group: 'Pool',
    unit: 'KiB',
    setting: 'worker_max_memory_per_child',
    meaning: 'prefork, threads: replace a child that uses more after a task',
    read: count,
  }),
  /** The pool grows with what there is to do, up to `max`, and shrinks again, down to `min`. */
  autoscale: row({
    flags: '--autoscale <max,min>',
    group: 'Pool',
    meaning: 'grow and shrink the pool between these',
    read: bounds,
  }),
  /** `-E` */
  taskEvents: row({
    flags: '-E, --task-events',
    alias: '--events',
    group: 'Pool',
    setting: 'worker_send_task_events',
    meaning: 'send task events, for the dashboard',
    read: yesOrNo,
  }),
  /** @unit seconds; 0: none */
  timeLimit: row({
    flags: '--time-limit <seconds>',
    group: 'Pool',
    unit: 'seconds',
    setting: 'task_time_limit',
    meaning: 'stop a task after so long',
    read: number,
  }),
  /** @unit seconds; 0: none */
  softTimeLimit: row({
    flags: '--soft-time-limit <seconds>',
    group: 'Pool',
    unit: 'seconds',
    setting: 'task_soft_time_limit',
    meaning: 'ask a task to stop after so long',
    read: number,
  }),
  /** Remove what waits in the queues before the first task is taken. There is no undo. */
  purge: row({
    flags: '--purge',
    alias: '--discard',
    group: 'Queue',
    meaning: 'throw away what waits in the queues first',
    read: yesOrNo,
  }),
  /** Names of the queues to consume. Default `task_queues`, else the default queue. */
  queues: row({
    flags: '-Q, --queues <names>',
    group: 'Queue',
    setting: 'task_queues',
    meaning: 'consume only these queues, by commas',
    read: names,
  }),
  excludeQueues: row({
    flags: '-X, --exclude-queues <names>',
    group: 'Queue',
    meaning: 'all queues but these',
    read: list,
  }),
  withoutGossip: row({
    flags: '--without-gossip',
    group: 'Features',
    meaning: 'do not listen to other workers',
    read: yesOrNo,
  }),
  withoutMingle: row({
    flags: '--without-mingle',
    group: 'Features',
    meaning: 'do not ask other workers at the start',
    read: yesOrNo,
  }),
  withoutHeartbeat: row({
    flags: '--without-heartbeat',
    group: 'Features',
    meaning: 'send no heartbeats',
    read: yesOrNo,
  }),
  /** @unit seconds  @default 2 */
  heartbeatInterval: row({
    flags: '--heartbeat-interval <seconds>',
    group: 'Features',
    unit: 'seconds',
    default: '2',
    meaning: 'how often to send heartbeats',
    read: number,
  }),
};

export type OptionValue<R> = R extends WorkerOptionRow<infer T> ? T : never;

/** What a worker can be given: see each row, or docs/worker-options.md. */
export type WorkerOptions = {
  readonly [Name in Exclude<keyof typeof WORKER_OPTIONS, 'log'>]?: OptionValue<(typeof WORKER_OPTIONS)[Name]> | null;
} & { readonly log?: GivenLogger | null };

/** Those that were given, each as it is used. */
export type GivenOptions = {
  readonly [Name in keyof typeof WORKER_OPTIONS]?: OptionValue<(typeof WORKER_OPTIONS)[Name]>;
};

/** @throws ImproperlyConfigured for a name that is none, and for a value that its option cannot have */
export function readWorkerOptions(options: WorkerOptions): GivenOptions {
  refuseUnknownOptions('A worker', options, Object.keys(WORKER_OPTIONS));
  const given: Record<string, unknown> = {};
  for (const [name, { read }] of Object.entries(WORKER_OPTIONS)) {
    const value = options[name as keyof WorkerOptions];
    if (value !== undefined && value !== null) given[name] = read(value, name);
  }
  return given as GivenOptions;
}
