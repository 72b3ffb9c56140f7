// The Logger everything here writes to, and the default writer: one line per fact, Celery's words, fields beside the text.
// Not here: what is worth a line; what a line looks like (log-format.ts); where lines go, and what becomes of them when that cannot be
// written (log-sink.ts).
// Holds: one entry is one line, whatever the text contains, or the name and id of the task that it is about: control characters, line ends and
// controls of direction of foreign texts are escaped, so that nobody forges a line. Errors and tracebacks alone have lines, indented below. Fields print as key=value.
// Nothing is logged and thrown as well. Logging never throws.
// Celery: celery.utils.log

import { escapeControls, escapeLines } from '../shared/format/escape.ts';
import { maskText, maskValue } from '../shared/masking.ts';
import { jsonLine, type LineFormat, LOG_FORMAT, readFormat, TASK_LOG_FORMAT, type TaskLabel } from './log-format.ts';
import { type LogSink, streamSink } from './log-sink.ts';

export const LOG_LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Logger {
  debug(text: string, fields?: Record<string, unknown>): void;
  info(text: string, fields?: Record<string, unknown>): void;
  warning(text: string, fields?: Record<string, unknown>): void;
  error(text: string, fields?: Record<string, unknown>): void;
  critical(text: string, fields?: Record<string, unknown>): void;
  /**
   * The same writer and level under another name.
   * @param task in whose body it is: its lines are of worker_task_log_format then, and of the process that they were of
   * @param processIndex of the child of a pool that it is of: where each has a file of its own, its lines go there
   */
  child(name: string, task?: TaskLabel | null, processIndex?: number): Logger;
}

export interface LoggerOptions {
  /** Lines below it are dropped. Default INFO. */
  readonly level?: LogLevel;
  /** Default: standard error. */
  readonly sink?: LogSink;
  /** Where the lines of a pool's child go, from its number in the pool; without it, where the others go. */
  readonly sinkOfChild?: (processIndex: number) => LogSink;
  /** In place of a sink: each line, without its end. */
  readonly write?: (line: string) => void;
  /** Default: as the style has it, or whether standard error is a terminal. */
  readonly color?: boolean;
  readonly name?: string;
  /** Default: Celery's lines. */
  readonly style?: LineStyle;
}

/** How the lines of a program look. They may be written before its settings are known. */
export class LineStyle {
  /** null: one JSON object a line. */
  line: LineFormat | null = CELERYS;
  taskLine: LineFormat | null = CELERYS_TASKS;
  /** null: where they go to a terminal. */
  color: boolean | null = null;
  /** Secrets in results, exceptions and whatever else it is told are stars; what a task writes itself stays as it is. */
  masks = false;

  /** @throws ImproperlyConfigured for a format that cannot be */
  static of(settings: LineSettings): LineStyle {
    const style = new LineStyle();
    style.use(settings);
    return style;
  }

  /** From the next line on. @throws ImproperlyConfigured */
  use({ worker_log_format, worker_task_log_format, worker_log_color, worker_log_secrets }: LineSettings): void {
    this.line = readFormat(worker_log_format, 'worker_log_format');
    // One that is all JSON is not half of it.
    this.taskLine =
      this.line === null && worker_task_log_format === TASK_LOG_FORMAT
        ? null
        : readFormat(worker_task_log_format, 'worker_task_log_format');
    this.color = worker_log_color ?? this.color;
    this.masks = !worker_log_secrets;
  }
}

export interface LineSettings {
  readonly worker_log_format: string;
  readonly worker_task_log_format: string;
  readonly worker_log_color: boolean | null;
  readonly worker_log_secrets: boolean;
}

const CELERYS = readFormat(LOG_FORMAT, 'worker_log_format');
const CELERYS_TASKS = readFormat(TASK_LOG_FORMAT, 'worker_task_log_format');

const COLORS: Record<LogLevel, string> = {
  DEBUG: '\x1b[2m',
  INFO: '',
  WARNING: '\x1b[33m',
  ERROR: '\x1b[31m',
  CRITICAL: '\x1b[1;31m',
};

export function createLogger(options: LoggerOptions = {}): Logger {
  return loggerOf({ style: new LineStyle(), ...options }, null);
}

function loggerOf(options: LoggerOptions & { readonly style: LineStyle }, task: TaskLabel | null): Logger {
  const { style, name = 'Main' } = options;
  const ownSink = options.sink ?? (options.write ? null : standardError());
  const lossNote = (text: string) => lineOf('WARNING', text);
  const write = options.write ?? ((line: string) => ownSink!.write(line, lossNote));
  const isTerminal = ownSink === stderrSink && process.stderr.isTTY === true;
  const threshold = LOG_LEVELS.indexOf(options.level ?? 'INFO');

  // As a line of text names them. JSON escapes by itself, and has them as they are.
  const about = {
    process: escapeControls(name),
    task: task && { name: escapeControls(task.name), id: escapeControls(task.id) },
  };
  const lineOf = (level: LogLevel, text: string, fields: Record<string, unknown> | null = null): string => {
    const masks = style.masks && task === null;
    const shown = masks ? maskText(text) : text;
    const record = { level, text: shown, fields };
    const format = task ? style.taskLine : style.line;
    if (format === null) {
      const plain = masks ? (value: unknown) => maskValue(plainValue(value)) : plainValue;
      return jsonLine({ ...record, process: name, task }, plain);
    }
    const { beside, below } = fields ? formatFields(fields) : { beside: '', below: '' };
    return (
      format({ ...record, ...about }, escapeControls(shown) + (masks ? maskText(beside) : beside)) +
      (masks ? maskText(below) : below)
    );
  };
  const log = (level: LogLevel, text: string, fields?: Record<string, unknown>): void => {
    if (LOG_LEVELS.indexOf(level) < threshold) return;
    const line = lineOf(level, text, fields);
    const color = COLORS[level] !== '' && (options.color ?? style.color ?? isTerminal);
    write(color ? `${COLORS[level]}${line}\x1b[0m` : line);
  };
  return {
    debug: (text, fields) => log('DEBUG', text, fields),
    info: (text, fields) => log('INFO', text, fields),
    warning: (text, fields) => log('WARNING', text, fields),
    error: (text, fields) => log('ERROR', text, fields),
    critical: (text, fields) => log('CRITICAL', text, fields),
    child: (childName, label, processIndex) => {
      if (label) return loggerOf(options, label);
      const sink = processIndex === undefined ? undefined : options.sinkOfChild?.(processIndex);
      return loggerOf({ ...options, name: childName, ...(sink && { sink }) }, null);
    },
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

/** As key=value, and below them the lines of errors and tracebacks. */
function formatFields(fields: Record<string, unknown>): { readonly beside: string; readonly below: string } {
  let beside = '';
  let below = '';
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if (value instanceof Error || key === 'traceback') {
      const shown = escapeLines(value instanceof Error ? stackOf(value) : String(value)).trimEnd();
      below += `\n  ${shown.replaceAll('\n', '\n  ')}`;
    } else beside += ` ${escapeControls(key)}=${escapeControls(formatValue(value))}`;
  }
  return { beside, below };
}

/** What a library threw may have a stack that cannot be read. */
function stackOf(error: Error): string {
  try {
    return String(error.stack ?? `${error.name}: ${error.message}`);
  } catch {
    return 'an error that cannot be shown';
  }
}

/** As JSON has it, if at all. */
function plainValue(value: unknown): unknown {
  if (value instanceof Error) return stackOf(value);
  try {
    return JSON.parse(jsonOf(value)) as unknown;
  } catch {
    return String(value);
  }
}

const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v)) ?? JSON.stringify(String(value));

function formatValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  try {
    return jsonOf(value);
  } catch {
    return String(value);
  }
}
