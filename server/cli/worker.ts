// `umbel worker`: the Worker as a program. Banner, log and pid files, exit codes; all that touches the whole process.
// Not here: what a worker does (worker/worker.ts, which has no process-wide side effects), OS signals (worker-signals.ts).
// Exit codes: 0 after a warm stop or a remote `shutdown`, also one asked for while it started; 1 after a cold one or an error.
// Celery 5.6: bin/worker.py, apps/worker.py, platforms.py
import type { Celery } from '../app/celery.ts';
import { LineStyle, type Logger } from '../log.ts';
import { hostFormat, nodeFormat } from '../nodename.ts';
import { redirectOutput } from '../pool/task-output.ts';
import type { GivenOptions } from '../worker/options.ts';
import { Worker } from '../worker/worker.ts';
import { workerBanner } from './banner.ts';
import { type DaemonOptions, detach, mustDetach, removePidfile, takeOn, writePidfile } from './daemon.ts';
import { logFatal, openLog } from './log.ts';
import { createOutput, type Output } from './output.ts';
import { runAgain } from './restart.ts';
import { type GlobalOptions, openApp, warnOfOldNames } from './session.ts';
import { outliveReaders, print } from './stdio.ts';
import { type CommandOnlyOptions, workerFlagsOf, workerOptionsOf } from './worker-flags.ts';
import { WorkerSignals } from './worker-signals.ts';

/** As the command line gives them: the flags of both tables (worker-flags.ts), those of every command, those of a daemon. */
export type WorkerCliOptions = GlobalOptions & DaemonOptions & GivenOptions & CommandOnlyOptions;

export async function worker(flags: WorkerCliOptions): Promise<number> {
  const options: WorkerCliOptions = { ...flags, ...workerFlagsOf(flags) };
  const hostname = hostFormat(options.hostname);
  const pidPath = options.pidfile ? nodeFormat(options.pidfile, { hostname }) : undefined;
  if (mustDetach(options)) return await detach(options, hostname, 'worker');
  const output = createOutput(options);
  outliveReaders();
  takeOn(options);
  const style = new LineStyle();
  const log = openLog(options, 'MainProcess', hostname, style);
  return await logFatal(log, options, () => run({ options, hostname, pidPath, output, log, style }));
}

interface Start {
  readonly options: WorkerCliOptions;
  readonly hostname: string;
  readonly pidPath: string | undefined;
  readonly output: Output;
  readonly log: Logger;
  readonly style: LineStyle;
}

/** Until it has stopped. */
async function run({ options, hostname, pidPath, output, log, style }: Start): Promise<number> {
  const signals = new WorkerSignals(log);
  // Tracebacks name the lines people wrote, not those their build made. Only modules loaded from now on are looked up.
  process.setSourceMapsEnabled(true);
  const app = await openApp(options, 'worker');
  style.use(app.conf);
  app.log = log;
  warnOfOldNames(app, log);
  warnWithoutTasks(app, options, log);
  if (/^(gevent|eventlet)$/.test(options.pool ?? ''))
    print(
      process.stderr,
      `note: --pool ${options.pool} is Python's; here it is the pool 'async', which it comes closest to\n`,
    );
  const pidfile = pidPath ? writePidfile(pidPath, options.umask) : null;
  const instance = new Worker(app, {
    ...workerOptionsOf(workerFlagsOf(options)),
    hostname,
    loglevel: options.loglevel ?? 'WARNING',
    log,
  });
  signals.attach(instance);
  const { worker_redirect_stdouts, worker_redirect_stdouts_level } = app.conf;
  const restore = worker_redirect_stdouts ? redirectOutput(worker_redirect_stdouts_level) : () => {};
  const beat = options.beat ? await embedBeat(app, options, log) : null;
  let exitCode: number;
  try {
    if (!output.quiet) print(process.stdout, workerBanner(app, instance, options, output));
    if (!signals.stopping) await start(instance, signals);
    if (!signals.stopping) await beat?.start();
    exitCode = (await instance.done).exitCode;
  } finally {
    await beat?.stop();
    if (pidfile) removePidfile(pidfile, log);
    await app.close();
    signals.remove();
    restore();
  }
  return signals.restart ? await runAgain() : exitCode;
}

/** Being stopped while it starts is no failure. */
async function start(instance: Worker, signals: WorkerSignals): Promise<void> {
  try {
    await instance.start();
  } catch (error) {
    if (!signals.stopping) throw error;
  }
}

function warnWithoutTasks(app: Celery, options: WorkerCliOptions, log: Logger): void {
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
  return startableBeat(app, options, log, true);
}
