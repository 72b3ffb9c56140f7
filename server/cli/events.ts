// events: the cluster's event stream, until Ctrl+C: on a terminal the whole screen, else lines, with --json one object each; or pictures.
// Capturing: events/receiver.ts. The screen: events-screen.ts. Pictures: events-camera.ts. In the browser: the dashboard.
// Celery 5.6: bin/events.py, events/dumper.py
import { BoundedMap } from '../../shared/bounded-map.ts';
import { jsonText } from '../../shared/json-text.ts';
import { EventReceiver } from '../events/receiver.ts';
import { type Logger, type LogLevel, silentLogger } from '../log.ts';
import { hostFormat, nodeFormat } from '../nodename.ts';
import { type DaemonOptions, detach, mustDetach, removePidfile, takeOn, writePidfile } from './daemon.ts';
import { endEarlySignals } from './early-signals.ts';
import { loadCamera, takePictures } from './events-camera.ts';
import { showScreen } from './events-screen.ts';
import { logFatal, openLog } from './log.ts';
import { createOutput, EXIT, type Output, oneLine } from './output.ts';
import { type GlobalOptions, openApp } from './session.ts';

export interface EventsOptions extends GlobalOptions, DaemonOptions {
  readonly dump?: boolean;
  /** './camera.ts', './camera.ts:Saver' */
  readonly camera?: string;
  /** Between two pictures; default 1. @unit seconds */
  readonly frequency?: number;
  /** The same. */
  readonly freq?: number;
  /** '10/m' */
  readonly maxrate?: string;
  /** --detach; Celery's -d, which means --dump as well. */
  readonly detach?: boolean;
  readonly loglevel?: LogLevel;
  /** Only types that match: 'task-failed', 'task-*', 'worker-*'. */
  readonly type?: readonly string[];
  /** End after so many. */
  readonly count?: number;
}

type AnyEvent = Readonly<Record<string, unknown>>;

export async function events(options: EventsOptions): Promise<number> {
  const hostname = hostFormat('events');
  if (options.camera && mustDetach(options)) return await detach(options, hostname, 'camera');
  if (options.camera) takeOn(options);
  const log = options.camera || options.logfile ? openLog(options, 'Events', hostname) : null;
  const pidPath = options.pidfile ? nodeFormat(options.pidfile, { hostname }) : undefined;
  return log ? await logFatal(log, options, () => watch(options, log, pidPath)) : await watch(options, null, pidPath);
}

/** Until it is ended, or has seen enough. */
async function watch(options: EventsOptions, log: Logger | null, pidPath: string | undefined): Promise<number> {
  const output = createOutput(options);
  const isScreen = !options.camera && !options.dump && !output.json && options.type === undefined && isTerminal();
  const app = await openApp(options);
  if (log) app.log = log;
  // Lines of a log would stand across the screen.
  else if (isScreen) app.log = silentLogger;
  const shutter = options.camera ? await loadCamera(options.camera, app, process.cwd()) : null;
  const pidfile = options.camera && pidPath ? writePidfile(pidPath, options.umask) : null;
  const connection = app.connection('read');
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  endEarlySignals();
  const wanted = (options.type ?? []).map((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`));
  let seen = 0;
  const describe = describer(output);
  const receiver = new EventReceiver({
    connection,
    clock: app.clock,
    timer: app.timer,
    log: app.log,
    codec: app.codec,
    accept: [...new Set(['json', app.conf.event_serializer])],
    exchange: app.conf.event_exchange,
    queuePrefix: app.conf.event_queue_prefix,
    queueTtlMs: app.conf.isSet('event_queue_ttl') ? app.conf.event_queue_ttl * 1000 : undefined,
    queueExpiresMs: app.conf.event_queue_expires * 1000,
    queueDurable: app.conf.event_queue_durable,
    queueExclusive: app.conf.event_queue_exclusive,
  });
  const onLines = (batch: readonly AnyEvent[]) => {
    for (const event of batch) {
      if (wanted.length > 0 && !wanted.some((pattern) => pattern.test(String(event['type'])))) continue;
      if (options.count !== undefined && seen >= options.count) return;
      seen++;
      if (output.json) output.value(event);
      else output.line(describe(event));
      if (seen === options.count) end();
    }
  };
  const begin = async () => {
    // As celery events: patient also at the start, and every try is logged.
    await connection.ensure();
    await receiver.start();
  };
  let stop = async () => {};
  try {
    if (isScreen) {
      await showScreen(app, receiver, output, begin, ended);
      return EXIT.ok;
    }
    if (shutter) {
      const { maxrate, frequency = options.freq ?? 1 } = options;
      stop = takePictures({ app, receiver, shutter, frequency, log: app.log, ...(maxrate ? { maxrate } : {}) });
    } else receiver.onEvents((batch) => onLines(batch as readonly AnyEvent[]));
    const capture = begin().then(() => {
      if (shutter) output.note(`-> evcam: taking pictures with ${options.camera} (Ctrl+C ends)`);
      else output.note('-> capturing events (Ctrl+C ends)');
      return ended;
    });
    await Promise.race([capture, ended]);
    return EXIT.ok;
  } finally {
    connection.ending();
    await stop();
    if (pidfile) removePidfile(pidfile, app.log);
    await receiver.stop();
    await connection.close();
    await app.close();
  }
}

function isTerminal(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true && process.env['TERM'] !== 'dumb';
}

const TASK_WORDS: Readonly<Record<string, string>> = {
  'task-sent': 'task sent',
  'task-received': 'task received',
  'task-started': 'task started',
  'task-succeeded': 'task succeeded',
  'task-failed': 'task failed',
  'task-rejected': 'task rejected',
  'task-retried': 'task retried',
  'task-revoked': 'task revoked',
};
const QUIET = new Set([
  'type',
  'uuid',
  'name',
  'hostname',
  'timestamp',
  'local_received',
  'utcoffset',
  'clock',
  'pid',
  'traceback',
]);

/** Names of the tasks heard of; the oldest are forgotten. */
const NAMES_KEPT = 4095;
/** Longer values are cut; --json has them whole. */
const VALUE_MOST = 160;

/** 'celery@host [2026-01-02 03:04:05.678] task received: orders.pack(id) args=... kwargs=...' */
function describer(output: Output): (event: AnyEvent) => string {
  // Only task-sent and task-received say it. Celery 5.6, events/dumper.py TASK_NAMES
  const names = new BoundedMap<unknown, string>(NAMES_KEPT);
  return (event) => {
    const { type, uuid, name } = event;
    if (typeof name === 'string') names.set(uuid, name);
    return lineOf({ ...event, type: String(type), name: name ?? names.get(uuid) }, output);
  };
}

function lineOf(event: AnyEvent & { readonly type: string }, output: Output): string {
  const { type } = event;
  const isTask = type.startsWith('task-');
  const words = TASK_WORDS[type] ?? display(type.replace(/^worker-/, '').replaceAll('-', ' '));
  const rest = Object.entries(event)
    .filter(([key, value]) => !QUIET.has(key) && value !== null && value !== undefined && value !== '')
    .map(([key, value]) => `${display(key)}=${display(value)}`)
    .join(' ');
  const bad = type === 'task-failed' || type === 'task-rejected' || type === 'worker-offline';
  const painted = output.paint(words, bad ? 'red' : isTask ? 'green' : 'blue');
  const what = isTask ? `${painted}: ${display(event['name'])}(${display(event['uuid'])})` : painted;
  return `${output.paint(display(event['hostname']), 'cyan')} [${instant(event['timestamp'])}] ${what} ${rest}`.trimEnd();
}

function display(value: unknown): string {
  const text = oneLine(typeof value === 'string' ? value : value === undefined ? '' : jsonText(value));
  return text.length > VALUE_MOST ? `${text.slice(0, VALUE_MOST - 1)}…` : text;
}

function instant(timestamp: unknown): string {
  const at = new Date(Number(timestamp) * 1000);
  return Number.isNaN(at.getTime()) ? display(timestamp) : at.toISOString().replace('T', ' ').replace('Z', '');
}
