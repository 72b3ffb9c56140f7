// The Logger everything here writes to, and the default writer: one line per fact, Celery's words, fields beside the text.
// Not here: what is worth a line. Nothing is logged and thrown as well.
// Holds: a line never contains a line break of the text (tracebacks are indented below it); fields print as key=value.
// Celery: celery.utils.log; worker_log_format '[%(asctime)s: %(levelname)s/%(processName)s] %(message)s'

export const LOG_LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Logger {
  debug(text: string, fields?: Record<string, unknown>): void;
  info(text: string, fields?: Record<string, unknown>): void;
  warning(text: string, fields?: Record<string, unknown>): void;
  error(text: string, fields?: Record<string, unknown>): void;
  critical(text: string, fields?: Record<string, unknown>): void;
  /** The same writer and level under another name. */
  child(name: string): Logger;
}

export interface LoggerOptions {
  /** Lines below it are dropped. Default INFO. */
  readonly level?: LogLevel;
  /** Default: standard error. */
  readonly write?: (line: string) => void;
  /** Default: whether standard error is a terminal. */
  readonly color?: boolean;
  readonly name?: string;
}

const COLORS: Record<LogLevel, string> = {
  DEBUG: '\x1b[2m',
  INFO: '',
  WARNING: '\x1b[33m',
  ERROR: '\x1b[31m',
  CRITICAL: '\x1b[1;31m',
};

export function createLogger(options: LoggerOptions = {}): Logger {
  const write = options.write ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const color = options.color ?? (options.write === undefined && process.stderr.isTTY === true);
  const threshold = LOG_LEVELS.indexOf(options.level ?? 'INFO');
  const name = options.name ?? 'Main';

  const log = (level: LogLevel, text: string, fields?: Record<string, unknown>): void => {
    if (LOG_LEVELS.indexOf(level) < threshold) return;
    const line = `[${timestamp()}: ${level}/${name}] ${text}${fields ? formatFields(fields) : ''}`;
    write(color && COLORS[level] ? `${COLORS[level]}${line}\x1b[0m` : line);
  };
  return {
    debug: (text, fields) => log('DEBUG', text, fields),
    info: (text, fields) => log('INFO', text, fields),
    warning: (text, fields) => log('WARNING', text, fields),
    error: (text, fields) => log('ERROR', text, fields),
    critical: (text, fields) => log('CRITICAL', text, fields),
    child: (childName) => createLogger({ ...options, write, color, name: childName }),
  };
}

const nothing = () => {};
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warning: nothing,
  error: nothing,
  critical: nothing,
  child: () => silentLogger,
};

/** '2026-01-02 03:04:05,678', local time, as Python's logging writes it. */
function timestamp(): string {
  const d = new Date();
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  const time = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  return `${day} ${time},${String(d.getMilliseconds()).padStart(3, '0')}`;
}

function formatFields(fields: Record<string, unknown>): string {
  let text = '';
  let below = '';
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const shown = formatValue(value);
    if (shown.includes('\n')) below += `\n  ${shown.trimEnd().replaceAll('\n', '\n  ')}`;
    else text += ` ${key}=${shown}`;
  }
  return text + below;
}

function formatValue(value: unknown): string {
  if (value instanceof Error) return value.stack ?? `${value.name}: ${value.message}`;
  if (typeof value === 'string')
    return /^[^\s"=]+$/.test(value) || value.includes('\n') ? value : JSON.stringify(value);
  try {
    return JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v)) ?? String(value);
  } catch {
    return String(value);
  }
}
