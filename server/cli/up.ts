// `umbel up`: a whole living cluster from one command. A broker in one SQLite file, a worker in a child process, the dashboard here,
// and without -A the example shop with customers. What each part is: worker/, dashboard/, examples/shop; who revives the worker:
// supervisor.ts.
// Holds: user code runs in the child alone, so it cannot hold up the dashboard; Ctrl+C ends all of it, warm, within seconds.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EMBEDDED_BROKER_URL } from '../app/config.ts';
import type { LogLevel } from '../log.ts';
import { fileSink } from '../log-sink.ts';
import { parseJsonExactly } from '../serialization/json-reader.ts';
import { createTimer, type Timer } from '../timer.ts';
import { parseUrl, safeUrl } from '../transport/url.ts';
import { fileMode, ignoreUserSignals, removePidfile, writePidfile } from './daemon.ts';
import { openDashboard } from './dashboard.ts';
import { dashboardOptionsOf } from './dashboard-options.ts';
import { endEarlySignals } from './early-signals.ts';
import { CliError, createOutput, EXIT, type Output } from './output.ts';
import type { GlobalOptions } from './session.ts';
import { outliveReaders } from './stdio.ts';
import { Supervisor } from './supervisor.ts';
import { fromSource, packageRoot, packageVersion } from './version.ts';

export interface UpOptions extends GlobalOptions {
  /** The broker's file. Default .umbel/broker.db */
  readonly file?: string;
  readonly worker?: boolean;
  readonly demo?: boolean;
  readonly concurrency?: number;
  readonly pool?: string;
  readonly queues?: readonly string[];
  readonly loglevel?: LogLevel;
  readonly logfile?: string;
  /** The dashboard's history. Default history.db beside the broker's file */
  readonly db?: string;
  /** Things that happen in the demo shop in a second. */
  readonly rate?: number;
}

/** What is going to run. */
interface Plan {
  readonly appSpec: string | null;
  readonly appTitle: string;
  readonly isDemo: boolean;
  readonly broker: string;
  readonly results: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly file: string;
  readonly history: string;
  /** Beat's, which is in the worker. */
  readonly schedule: string;
  readonly logfile: string | null;
}

/** Few enough that one sees the shop busy. */
const DEMO_CONCURRENCY = 20;
const WARM_MS = 5000;
const COLD_MS = 3000;

export async function up(options: UpOptions): Promise<number> {
  const output = createOutput(options);
  outliveReaders();
  ignoreUserSignals();
  if (options.workdir) process.chdir(options.workdir);
  const timer = createTimer();
  const plan = await makePlan(options);
  mkdirSync(dirname(plan.file), { recursive: true, mode: 0o700 });
  const lock = options.worker !== false && plan.appSpec ? lockFolder(dirname(plan.file)) : null;
  process.env['CELERY_BROKER_URL'] = plan.broker;
  process.env['CELERY_RESULT_BACKEND'] = plan.results;
  const stopping = new AbortController();
  const interrupted = onInterrupt(stopping, output);

  const said = dashboardOptionsOf({ flags: { ...options } });
  for (const note of said.notes) output.note(note);
  const dashboard = await openDashboard(
    {
      name: plan.isDemo ? 'shop' : plan.appTitle,
      db: plan.history,
      schedule: plan.schedule,
      ...said.options,
      broker: plan.broker,
      result_backend: plan.results,
      settings: plan.settings,
    },
    { nextFreePort: true },
  );
  // Announced before the worker has started: its page is there already, and fills within a second.
  const worker = options.worker !== false && plan.appSpec ? superviseWorker(plan, options, timer, output) : null;
  worker?.start();
  const traffic = plan.isDemo && worker ? startTraffic(stopping.signal, options, output) : null;
  announce(plan, options, dashboard, worker !== null, output);

  await interrupted;
  output.note(worker ? '\nstopping: letting the worker finish (Ctrl+C again: at once)' : '\nstopping');
  await traffic;
  await worker?.stop({ warmMs: WARM_MS, coldMs: COLD_MS });
  await dashboard.close();
  if (lock) removePidfile(lock, { warning: output.warn });
  timer.clear();
  output.note('stopped.');
  return EXIT.ok;
}

/** A second worker of the same name and a second beat on one file would be in each other's way. */
function lockFolder(folder: string): string {
  const path = join(folder, 'up.pid');
  try {
    return writePidfile(path);
  } catch (error) {
    throw new CliError(
      `umbel up runs here already: ${(error as Error).message}`,
      EXIT.cannotCreate,
      `--file names a broker of its own, --no-worker a second dashboard; delete ${path} if nothing runs`,
    );
  }
}

function onInterrupt(stopping: AbortController, output: Output): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
      process.on(signal, () => {
        if (stopping.signal.aborted) {
          output.note('at once');
          process.exit(EXIT.failure);
        }
        stopping.abort();
        done();
      });
    }
    endEarlySignals();
  });
}

async function makePlan(options: UpOptions): Promise<Plan> {
  const file = resolve(options.file ?? parseUrl(EMBEDDED_BROKER_URL).path);
  const embedded = `sqlite:///${file}`;
  const demo = !options.app && options.demo !== false;
  const own = options.app ? await settingsOf(options) : null;
  const broker = options.broker ?? usable(own?.broker_url) ?? embedded;
  const results = options.resultBackend ?? usable(own?.result_backend) ?? embedded;
  return {
    appSpec: options.app ?? (demo ? shopFile('app') : null),
    appTitle: options.app ? `${own?.name ?? ''} (${options.app})`.trim() : 'the example shop',
    isDemo: demo,
    broker,
    results,
    settings: own?.settings ?? {},
    file: fileOf(broker) ?? file,
    history: resolve(options.db ?? join(dirname(file), 'history.db')),
    schedule: join(dirname(fileOf(broker) ?? file), 'beat-schedule.db'),
    logfile: options.logfile ?? (demo ? join(dirname(file), 'worker.log') : null),
  };
}

/** A broker inside one process cannot join a worker and a dashboard; nor can none. */
function usable(url: unknown): string | undefined {
  const text = Array.isArray(url) ? url.join(';') : url;
  if (typeof text !== 'string' || text === '') return undefined;
  const { scheme } = parseUrl(text);
  return scheme === 'memory' || scheme === 'cache+memory' || scheme === 'disabled' ? undefined : text;
}

function fileOf(broker: string): string | null {
  const { scheme, path } = parseUrl(broker);
  return scheme === 'sqlite' ? resolve(path) : null;
}

/** The bundled shop: as source beside this file's package, or as it was built. */
function shopFile(part: 'app' | 'traffic'): string {
  const root = packageRoot();
  if (fromSource) return join(root, 'examples', 'shop', `${part}.ts`);
  return join(root, 'dist', part === 'app' ? 'shop.js' : 'shop-traffic.js');
}

interface OwnSettings {
  readonly name: string;
  readonly broker_url: unknown;
  readonly result_backend: unknown;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What the user's app says of itself, asked in a child so that its code does not run here. Its errors are shown as they are. */
async function settingsOf(options: UpOptions): Promise<OwnSettings> {
  const child = spawn(process.execPath, [...selfArgs(), 'show-settings', '-A', options.app!, ...configArgs(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (data: Buffer) => {
    text += data.toString();
  });
  const code = await new Promise<number | null>((done) => child.on('close', done));
  const line = text.split('\n').findLast((one) => one.startsWith('{'));
  if (code !== 0 || !line) throw new CliError(`${options.app} could not be loaded; see above`, code || EXIT.failure);
  return parseJsonExactly(line) as OwnSettings;
}

/** Settings given beside the app's go to all that are started. */
function configArgs(options: UpOptions): string[] {
  return options.config ? ['--config', options.config] : [];
}

/** This program again, with the same loader and conditions. */
function selfArgs(): string[] {
  return [...process.execArgv, process.argv[1]!];
}

function superviseWorker(plan: Plan, options: UpOptions, timer: Timer, output: Output): Supervisor {
  const args = [...selfArgs(), 'worker', '-A', plan.appSpec!, '-E', '-B', '-l', options.loglevel ?? 'INFO'];
  args.push('-s', plan.schedule);
  const concurrency = options.concurrency ?? (plan.isDemo ? DEMO_CONCURRENCY : undefined);
  if (concurrency !== undefined) args.push('-c', String(concurrency));
  args.push(...configArgs(options));
  if (options.pool) args.push('-P', options.pool);
  if (options.queues) args.push('-Q', options.queues.join(','));
  if (plan.logfile) args.push('--quiet');
  return new Supervisor({
    command: process.execPath,
    args,
    env: { ...process.env, UMBEL_SUPERVISED: '1' },
    timer,
    ...(plan.logfile ? { onOutput: workerLog(plan.logfile, output) } : {}),
    onCrash: (reason, againInMs) =>
      output.warn(`the worker ${reason}\n         starting it again in ${againInMs / 1000} s`),
    onLeft: () =>
      output.warn('the worker was shut down; the dashboard goes on without it. Ctrl+C, then umbel up, starts anew'),
  });
}

/** The worker's log, begun anew. It goes on when the file cannot be written, and says what is missing when it can be again. */
function workerLog(path: string, output: Output): (text: string) => void {
  try {
    writeFileSync(path, '', { mode: fileMode(undefined) });
  } catch (error) {
    throw new CliError(`cannot write the worker's log ${path}: ${(error as Error).message}`, EXIT.cannotCreate);
  }
  const sink = fileSink(path, {
    onTrouble: (error) =>
      output.warn(`the worker's log ${path} cannot be written: ${error.message}. The worker goes on`),
  });
  return (text) => sink.pass(text, (note) => `[umbel up] ${note}`);
}

async function startTraffic(signal: AbortSignal, options: UpOptions, output: Output): Promise<void> {
  const { makeTraffic, app } = (await import(pathToFileURL(shopFile('traffic')).href)) as {
    makeTraffic(o: { signal: AbortSignal; perSecond?: number; onError?: (error: unknown) => void }): Promise<void>;
    app: { close(): Promise<void> };
  };
  let warned = false;
  await makeTraffic({
    signal,
    ...(options.rate === undefined ? {} : { perSecond: options.rate }),
    onError: (error) => {
      if (!warned) output.warn(`a customer of the demo could not order: ${(error as Error).message}`);
      warned = true;
    },
  });
  await app.close();
}

function announce(
  plan: Plan,
  options: UpOptions,
  dashboard: { address: string; note: string | null },
  hasWorker: boolean,
  output: Output,
): void {
  const shown = (path: string) => {
    const near = relative(process.cwd(), path);
    return near.startsWith('..') ? path : near;
  };
  if (output.json) {
    output.value({ address: dashboard.address, broker: safeUrl(plan.broker), file: plan.file, worker: hasWorker });
    return;
  }
  if (dashboard.note) output.note(dashboard.note);
  const row = (name: string, value: string) => output.line(`  ${output.paint(name.padEnd(11), 'dim')}${value}`);
  output.line(`${output.paint(`umbel ${packageVersion()}`, 'bold')} is up\n`);
  row('broker', fileOf(plan.broker) ? `${shown(plan.file)}  (one file, no server)` : safeUrl(plan.broker));
  if (hasWorker) row('worker', `${plan.appTitle}${plan.logfile ? `  (log: ${shown(plan.logfile)})` : ''}`);
  else if (options.worker === false) row('worker', 'none (--no-worker)');
  else row('worker', `none; start yours: umbel worker -A ./your-app.ts -E -b ${safeUrl(plan.broker)}`);
  if (plan.isDemo && hasWorker) row('demo', 'customers are ordering; --no-demo leaves the shop closed');
  row('history', shown(plan.history));
  output.line(`\n  Dashboard: ${output.paint(dashboard.address, 'bold', 'cyan')}\n`);
  output.line(`  ${output.paint('Ctrl+C ends it.', 'dim')}`);
}
