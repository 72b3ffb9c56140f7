// From the global options to an app a command can work with, and back to a quiet end: the app is closed.
// Not here: the options' names (main.ts), finding the app's module (app/load.ts), telling of errors (errors.ts).
// Holds: only what a client needs is loaded here; no command that merely asks loads a worker.
// Celery 5.6: bin/base.py CLIContext, bin/celery.py
import { readFileSync } from 'node:fs';
import type { Celery } from '../app/celery.ts';
import { loadSource, SettingsUnreadable } from '../app/load.ts';
import type { Logger } from '../log.ts';
import { endEarlySignals } from './early-signals.ts';
import { CliError, createOutput, EXIT, type Output } from './output.ts';
import { settingsOfWords } from './setting-words.ts';

/** The options every command takes. */
export interface GlobalOptions {
  readonly app?: string;
  readonly broker?: string;
  readonly resultBackend?: string;
  readonly config?: string;
  readonly workdir?: string;
  readonly quiet?: boolean;
  readonly color?: boolean;
  readonly json?: boolean;
  /** Settings as words, `name=value`: they go before every other source. */
  readonly settings?: readonly string[];
  /** -I of a worker: further modules with tasks, named as -A names one. */
  readonly include?: readonly string[];
}

/**
 * The app of -A, or a bare one that knows the broker only. -b and --result-backend go before what the app itself says:
 * like Celery's command they are handed on in the environment, so that children of this process see the same.
 */
export async function openApp(options: GlobalOptions, namespace?: string): Promise<Celery> {
  for (const variable of ['CELERY_BROKER_URL', 'CELERY_RESULT_BACKEND']) fromFile(variable);
  if (options.broker) process.env['CELERY_BROKER_URL'] = options.broker;
  if (options.resultBackend) process.env['CELERY_RESULT_BACKEND'] = options.resultBackend;
  if (options.workdir) enter(options.workdir);
  const words = settingsOfWords(options.settings ?? [], namespace);
  try {
    return await loadSource({
      spec: options.app ?? null,
      workdir: process.cwd(),
      config: options.config ?? null,
      include: options.include ?? [],
      settings: Object.keys(words).length > 0 ? [words] : [],
    });
  } catch (error) {
    throw error instanceof SettingsUnreadable ? new CliError(error.message, EXIT.usage) : error;
  }
}

/** For programs that stay, whose log somebody reads. Celery 5.6: app/utils.py Settings.maybe_warn_deprecated_settings */
export function warnOfOldNames(app: Celery, log: Pick<Logger, 'warning'>): void {
  const old = [...app.conf.oldNames()].map(([before, now]) => `${before} (now ${now})`);
  if (old.length > 0)
    log.warning(
      `Settings have names from before Celery 4: ${old.join(', ')}. 'umbel upgrade settings FILE' writes the new ones.`,
    );
}

/** CELERY_BROKER_URL_FILE: a file that holds the URL, since everybody on a machine can read a command line, and children the environment. */
function fromFile(variable: string): void {
  const path = process.env[`${variable}_FILE`];
  if (!path || process.env[variable]) return;
  try {
    const url = readFileSync(path, 'utf8').trim();
    if (url === '') throw new Error('it is empty');
    process.env[variable] = url;
  } catch (error) {
    throw new CliError(`cannot read ${variable}_FILE ${path}: ${(error as Error).message}`, EXIT.usage);
  }
}

/** @throws CliError */
export function enter(workdir: string): void {
  try {
    process.chdir(workdir);
  } catch (error) {
    throw new CliError(`cannot enter --workdir ${workdir}: ${(error as Error).message}`, EXIT.usage);
  }
}

/** A client asks once and says what is wrong; only programs that stay wait for a broker that is away. */
export function impatient(app: Celery): void {
  const { conf } = app;
  conf.update({ broker_connection_retry: false, broker_connection_retry_on_startup: false });
  // A broker that says nothing would be given up after 4 s, four times.
  if (!conf.isSet('task_publish_retry')) conf.update({ task_publish_retry: false });
  // A store that says nothing would be given up after 15 s, 20 times.
  if (!conf.isSet('redis_socket_timeout')) conf.update({ redis_socket_timeout: 4 });
  if (!conf.isSet('result_backend_transport_options')) {
    conf.update({ result_backend_transport_options: { retry_policy: { max_retries: 2 } } });
  }
}

/**
 * Run `work` with an app and an output, close the app, and let errors travel to `report`. SIGINT and SIGTERM end it where it is.
 * @param inOrder they only abort `stop`, and `work` comes to its end itself; what it returns goes before 130 and 143
 */
export async function withApp(
  options: GlobalOptions,
  work: (app: Celery, output: Output, stop: AbortSignal) => Promise<number | undefined>,
  { inOrder = false }: { readonly inOrder?: boolean } = {},
): Promise<number> {
  const output = createOutput(options);
  const app = await openApp(options);
  impatient(app);
  const stop = new AbortController();
  let ended: number | undefined;
  // What was opened at the broker, such as a queue for replies, is given up also by who does not wait to the end.
  let interrupt: (signal: NodeJS.Signals) => void = () => {};
  const interrupted = new Promise<number>((resolve) => {
    interrupt = (signal) => {
      ended = signal === 'SIGINT' ? 130 : 143;
      stop.abort();
      if (!inOrder) resolve(ended);
    };
  });
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  endEarlySignals();
  try {
    const working = work(app, output, stop.signal).then((code) => code ?? ended ?? EXIT.ok);
    return await Promise.race([working, interrupted]);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await app.close();
  }
}
