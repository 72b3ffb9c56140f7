// `umbel worker`: the Worker as a program. OS signals, banner, log and pid files, exit codes; all that touches the whole process.
// Not here: what a worker does (worker/worker.ts, which has no process-wide side effects).
//
// Ways to stop, as Celery has them: SIGTERM warm. SIGINT warm, a second one cold. SIGQUIT cold. During a cold stop a further
// SIGINT or SIGQUIT leaves at once. REMAP_SIGTERM=SIGQUIT in the environment makes SIGTERM cold.
// Exit codes: 0 after a warm stop or a remote `shutdown`, 1 after a cold one or an error.
// Celery 5.6: bin/worker.py, apps/worker.py, platforms.py
import { spawn } from 'node:child_process';
import { appendFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Celery } from '../app/celery.ts';
import { createLogger, type Logger, type LogLevel } from '../log.ts';
import { hostFormat, nodeFormat } from '../nodename.ts';
import { Worker } from '../worker/worker.ts';
import { workerBanner } from './banner.ts';
import { takeOn, writePidfile } from './daemon.ts';
import { CliError, createOutput, EXIT, wantsColor } from './output.ts';
import { type GlobalOptions, openApp } from './session.ts';

export interface WorkerCliOptions extends GlobalOptions {
  readonly hostname?: string;
  readonly concurrency?: number;
  readonly pool?: string;
  readonly queues?: readonly string[];
  readonly excludeQueues?: readonly string[];
  readonly taskEvents?: boolean;
  /** The same by another name; so are `discard` and `scheduleFilename`. */
  readonly events?: boolean;
  readonly discard?: boolean;
  readonly scheduleFilename?: string;
  readonly loglevel?: LogLevel;
  readonly statedb?: string;
  readonly beat?: boolean;
  readonly schedule?: string;
  readonly scheduler?: string;
  readonly prefetchMultiplier?: number;
  readonly disablePrefetch?: boolean;
  readonly timeLimit?: number;
  readonly softTimeLimit?: number;
  readonly maxTasksPerChild?: number;
  readonly maxMemoryPerChild?: number;
  readonly autoscale?: { max: number; min: number };
  readonly purge?: boolean;
  readonly include?: readonly string[];
  readonly withoutGossip?: boolean;
  readonly withoutMingle?: boolean;
  readonly withoutHeartbeat?: boolean;
  readonly heartbeatInterval?: number;
  readonly pidfile?: string;
  readonly logfile?: string;
  readonly detach?: boolean;
  readonly uid?: string;
  readonly gid?: string;
  readonly umask?: string;
}

export async function worker(options: WorkerCliOptions): Promise<number> {
  if (options.detach) return detach(options);
  if (options.autoscale) {
    throw new CliError('--autoscale needs a pool of processes, which this version does not have; give -c instead');
  }
  const hostname = hostFormat(options.hostname);
  const output = createOutput(options);
  takeOn(options);
  const log = openLog(options, hostname);
  // Tracebacks name the lines people wrote, not those their build made. Only modules loaded from now on are looked up.
  process.setSourceMapsEnabled(true);
  const app = await openApp(options, 'worker');
  await include(options.include ?? []);
  applySettings(app, options, log);
  const pidfile = options.pidfile ? writePidfile(nodeFormat(options.pidfile, { hostname })) : null;
  const instance = new Worker(app, {
    hostname,
    ...given('concurrency', options.concurrency),
    ...given('pool', options.pool),
    ...given('queues', options.queues && [...options.queues]),
    ...given('excludeQueues', options.excludeQueues && [...options.excludeQueues]),
    ...given('taskEvents', options.taskEvents ?? options.events),
    loglevel: options.loglevel ?? 'WARNING',
    ...given('disablePrefetch', options.disablePrefetch),
    ...given('prefetchMultiplier', options.prefetchMultiplier),
    ...given('timeLimit', options.timeLimit),
    ...given('softTimeLimit', options.softTimeLimit),
    ...given('statedb', options.statedb && nodeFormat(options.statedb, { hostname })),
    ...given('heartbeatInterval', options.heartbeatInterval),
    withoutHeartbeat: options.withoutHeartbeat === true,
    withoutGossip: options.withoutGossip === true,
    withoutMingle: options.withoutMingle === true,
    purge: options.purge === true || options.discard === true,
    log,
  });
  const removeHandlers = onSignals(instance, log);
  const beat = options.beat ? await embedBeat(app, options, log) : null;
  try {
    if (!output.quiet) process.stdout.write(workerBanner(app, instance, options, output));
    await instance.start();
    await beat?.start();
    const end = await instance.done;
    return end.exitCode;
  } finally {
    removeHandlers();
    await beat?.stop();
    if (pidfile) rmSync(pidfile, { force: true });
    await app.close();
  }
}

/** -I: further modules with tasks. */
async function include(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    try {
      await import(pathToFileURL(resolve(path)).href);
    } catch (error) {
      throw new CliError(`cannot import -I ${path}: ${(error as Error).message}`);
    }
  }
}

/** Settings that have a flag here and no place among the Worker's options. */
function applySettings(app: Celery, options: WorkerCliOptions, log: Logger): void {
  app.log = log;
  const settings: Record<string, unknown> = {};
  if (options.maxTasksPerChild !== undefined) settings['worker_max_tasks_per_child'] = options.maxTasksPerChild;
  if (options.maxMemoryPerChild !== undefined) settings['worker_max_memory_per_child'] = options.maxMemoryPerChild;
  if (Object.keys(settings).length > 0) app.conf.update(settings);
  if (app.tasks.size === 0 || [...app.tasks.keys()].every((name) => name.startsWith('celery.'))) {
    log.warning(
      options.app
        ? `The app '${app.name}' has no tasks: nothing but Celery's own can run here.`
        : 'No app was named (-A): this worker knows no tasks but Celery’s own.',
    );
  }
}

async function embedBeat(app: Celery, options: WorkerCliOptions, log: Logger) {
  const { startableBeat } = await import('./beat.ts');
  return startableBeat(
    app,
    { ...options, ...given('schedule', options.schedule ?? options.scheduleFilename) },
    log,
    true,
  );
}

function onSignals(instance: Worker, log: Logger): () => void {
  let how: 'running' | 'warm' | 'cold' = 'running';
  const stop = (next: 'warm' | 'cold') => {
    if (how === 'cold') process.exit(EXIT.failure);
    if (next === how) return;
    how = next;
    if (next === 'warm' && process.stderr.isTTY)
      process.stderr.write('\nfinishing what runs (Ctrl+C again: at once)\n');
    void instance.stop(next).catch((error: unknown) => {
      log.critical('the worker could not stop in order', { error });
      process.exit(EXIT.failure);
    });
  };
  const remapped = process.env['REMAP_SIGTERM'] === 'SIGQUIT';
  const handlers: [NodeJS.Signals, () => void][] = [
    ['SIGTERM', () => stop(remapped ? 'cold' : how === 'cold' ? 'cold' : 'warm')],
    ['SIGINT', () => stop(how === 'running' ? 'warm' : 'cold')],
    ['SIGQUIT', () => stop('cold')],
  ];
  for (const [signal, handler] of handlers) process.on(signal, handler);
  // One task's forgotten await must not end the hundred that run beside it. After a throw that nobody could catch, nothing is
  // certain any more: what is held goes back to the broker, and who supervises this process starts it again.
  const stray = (error: unknown) => log.error('A promise was rejected and nobody awaited it; going on', { error });
  const uncaught = (error: unknown) => {
    log.critical('An error was thrown outside of any task, in a timer or an event handler; stopping', { error });
    stop('cold');
  };
  process.on('unhandledRejection', stray).on('uncaughtException', uncaught);
  // Started by `umbel up`: end with it, even when it is killed.
  const orphaned = () => stop('warm');
  if (process.env['UMBEL_SUPERVISED'] && process.connected) process.on('disconnect', orphaned);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
    process.off('unhandledRejection', stray).off('uncaughtException', uncaught);
    process.off('disconnect', orphaned);
    if (process.connected) process.disconnect();
  };
}

function openLog(options: WorkerCliOptions, hostname: string): Logger {
  const level = options.loglevel ?? 'WARNING';
  if (!options.logfile)
    return createLogger({ level, color: wantsColor(options.color, process.stderr), name: 'MainProcess' });
  const path = nodeFormat(options.logfile, { hostname });
  const write = (line: string) => appendFileSync(path, `${line}\n`);
  try {
    appendFileSync(path, '');
  } catch (error) {
    throw new CliError(`cannot write --logfile ${path}: ${(error as Error).message}`, EXIT.cannotCreate);
  }
  return createLogger({ level, write, color: false, name: 'MainProcess' });
}

/** -D: the same command in the background, without a terminal. */
function detach(options: WorkerCliOptions): number {
  if (!options.logfile) {
    process.stderr.write('note: --detach without --logfile: what the worker says is lost\n');
  }
  const args = process.argv.slice(1).filter((word) => word !== '-D' && word !== '--detach');
  const child = spawn(process.execPath, [...process.execArgv, ...args], { detached: true, stdio: 'ignore' });
  child.unref();
  process.stdout.write(`${child.pid}\n`);
  return EXIT.ok;
}

function given<K extends string, V>(key: K, value: V | undefined | false | ''): { [P in K]?: V } {
  return value === undefined || value === false || value === '' ? {} : ({ [key]: value } as { [P in K]?: V });
}
