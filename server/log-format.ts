// What a line of the log looks like: Python's notation of the settings worker_log_format and worker_task_log_format, or 'json' for one object a line.
// Not here: what is worth a line (log.ts, whoever writes), where it goes (log-sink.ts).
// Holds: a format is read once; one that cannot be is refused where it is set, with what it may hold. What a record says is escaped before.
// Python: logging LogRecord; Celery 5.6: app/log.py TaskFormatter, utils/log.py ColorFormatter
import { escapeJson } from '../shared/format/escape.ts';
import { ImproperlyConfigured } from './errors.ts';

export interface LogRecord {
  readonly level: keyof typeof LEVEL_NUMBERS;
  /** Who speaks: MainProcess, a child of the pool, or a part of the dashboard. */
  readonly process: string;
  /** In whose body it is said. */
  readonly task: TaskLabel | null;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>> | null;
}

export interface TaskLabel {
  readonly name: string;
  readonly id: string;
}

/** `message` is the text as one line, with its fields. */
export type LineFormat = (record: LogRecord, message: string) => string;

export const LOG_FORMAT = '[%(asctime)s: %(levelname)s/%(processName)s] %(message)s';
export const TASK_LOG_FORMAT = '[%(asctime)s: %(levelname)s/%(processName)s] %(task_name)s[%(task_id)s]: %(message)s';

type Attribute = (record: LogRecord, message: string) => string | number;

/** Numbers of Python's levels. */
const LEVEL_NUMBERS = { DEBUG: 10, INFO: 20, WARNING: 30, ERROR: 40, CRITICAL: 50 } as const;

const ATTRIBUTES: Readonly<Record<string, Attribute>> = {
  asctime: () => timestamp(),
  created: () => Date.now() / 1000,
  msecs: () => Date.now() % 1000,
  relativeCreated: () => performance.now(),
  levelname: ({ level }) => level,
  levelno: ({ level }) => LEVEL_NUMBERS[level],
  name: ({ task }) => (task ? 'celery.task' : 'celery'),
  processName: ({ process }) => process,
  process: () => process.pid,
  threadName: () => 'MainThread',
  message: (_, message) => message,
  // Celery's words where no task runs.
  task_name: ({ task }) => task?.name ?? '???',
  task_id: ({ task }) => task?.id ?? '???',
};

const PART = /%(?:%|\((\w+)\)([-#0 +]*)(\d*)(?:\.(\d+))?([sdifr]))/g;

/**
 * @param setting whose value it is
 * @returns null for 'json'
 * @throws ImproperlyConfigured
 */
export function readFormat(format: string, setting: string): LineFormat | null {
  if (format === 'json') return null;
  const refuse = (why: string) =>
    new ImproperlyConfigured(
      `${setting} ${JSON.stringify(format)} ${why}. It takes 'json', or text with %(name)s for each of ${Object.keys(ATTRIBUTES).join(', ')}.`,
    );
  const parts: (string | LineFormat)[] = [];
  let end = 0;
  const literal = (text: string) => {
    if (text.includes('%'))
      throw refuse(`has a % that begins nothing: ${JSON.stringify(text.slice(text.indexOf('%')))}`);
    parts.push(text);
  };
  for (const found of format.matchAll(PART)) {
    const [all, name, flags = '', width = '', precision, kind] = found;
    literal(format.slice(end, found.index));
    end = found.index + all.length;
    if (name === undefined) {
      parts.push('%');
      continue;
    }
    const attribute = Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name]! : null;
    if (!attribute) throw refuse(`names %(${name})${kind}, which is not known here`);
    parts.push(padded(attribute, { flags, width: Number(width), precision, kind: kind! }));
  }
  literal(format.slice(end));
  return (record, message) => {
    let line = '';
    for (const part of parts) line += typeof part === 'string' ? part : part(record, message);
    return line;
  };
}

interface Shape {
  readonly flags: string;
  readonly width: number;
  readonly precision: string | undefined;
  readonly kind: string;
}

/** As Python's % does it. */
function padded(attribute: Attribute, { flags, width, precision, kind }: Shape): LineFormat {
  return (record, message) => {
    const value = attribute(record, message);
    let text = String(value);
    if (kind === 'd' || kind === 'i') text = String(Math.trunc(Number(value)));
    else if (kind === 'f') text = Number(value).toFixed(precision === undefined ? 6 : Number(precision));
    else if (precision !== undefined) text = text.slice(0, Number(precision));
    if (flags.includes('-')) return text.padEnd(width);
    return text.padStart(width, flags.includes('0') && kind !== 's' && kind !== 'r' ? '0' : ' ');
  };
}

/** One object a line: `time` in ISO 8601, `level`, `process`, the task's name and id, `message`, and the fields under their names. */
export function jsonLine(
  { level, process, task, text, fields }: LogRecord,
  plain: (value: unknown) => unknown,
): string {
  const line: Record<string, unknown> = { time: new Date().toISOString(), level, process };
  if (task) Object.assign(line, { task_name: task.name, task_id: task.id });
  line['message'] = text;
  for (const [key, value] of Object.entries(fields ?? {}))
    if (value !== undefined && !Object.hasOwn(line, key)) line[key] = plain(value);
  return escapeJson(JSON.stringify(line));
}

/** '2026-01-02 03:04:05,678', local time, as Python's logging writes it. */
export function timestamp(): string {
  const d = new Date();
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  const time = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  return `${day} ${time},${String(d.getMilliseconds()).padStart(3, '0')}`;
}
