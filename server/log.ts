// The Logger everything here writes to, and the default writer: one line per fact, Celery's words, fields beside the text.
// Not here: what is worth a line; where lines go, and what becomes of them when that cannot be written (log-sink.ts).
// Holds: one entry is one line, whatever the text contains: control characters, line ends and controls of direction of foreign texts are
// escaped, so that nobody forges a line. Errors and tracebacks alone have lines, indented below. Fields print as key=value.
// Nothing is logged and thrown as well. Logging never throws.
// Celery: celery.utils.log; worker_log_format '[%(asctime)s: %(levelname)s/%(processName)s] %(message)s'

import { escapeControls, escapeLines } from '../shared/format/escape.ts';
import { type LogSink, streamSink } from './log-sink.ts';

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
  readonly sink?: LogSink;
  /** In place of a sink: each line, without its end. */
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
  const name = options.name ?? 'Main';
  const ownSink = options.sink ?? (options.write ? null : standardError());
  const lossNote = (text: string) => `[${timestamp()}: WARNING/${name}] ${text}`;
  const write = options.write ?? ((line: string) => ownSink!.write(line, lossNote));
  const color = options.color ?? (ownSink === stderrSink && process.stderr.isTTY === true);
  const threshold = LOG_LEVELS.indexOf(options.level ?? 'INFO');

  const log = (level: LogLevel, text: string, fields?: Record<string, unknown>): void => {
    if (LOG_LEVELS.indexOf(level) < threshold) return;
    const line = `[${timestamp()}: ${level}/${name}] ${escapeControls(text)}${fields ? formatFields(fields) : ''}`;
    write(color && COLORS[level] ? `${COLORS[level]}${line}\x1b[0m` : line);
  };
  return {
    debug: (text, fields) => log('DEBUG', text, fields),
    info: (text, fields) => log('INFO', text, fields),
    warning: (text, fields) => log('WARNING', text, fields),
    error: (text, fields) => log('ERROR', text, fields),
    critical: (text, fields) => log('CRITICAL', text, fields),
    child: (childName) => createLogger({ ...options, color, name: childName }),
  };
}

let stderrSink: LogSink | null = null;

/** One for the process: what is lost is counted once. */
function standardError(): LogSink {
  stderrSink ??= streamSink(process.stderr);
  return stderrSink;
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
    if (value instanceof Error || key === 'traceback') {
      const shown = escapeLines(value instanceof Error ? stackOf(value) : String(value)).trimEnd();
      below += `\n  ${shown.replaceAll('\n', '\n  ')}`;
    } else text += ` ${escapeControls(key)}=${escapeControls(formatValue(value))}`;
  }
  return text + below;
}

/** What a library threw may have a stack that cannot be read. */
function stackOf(error: Error): string {
  try {
    return String(error.stack ?? `${error.name}: ${error.message}`);
  } catch {
    return 'an error that cannot be shown';
  }
}

function formatValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  try {
    return JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v)) ?? String(value);
  } catch {
    return String(value);
  }
}
