// `umbel logtool`: what the log files of workers, ours or Celery's, tell of their tasks.
// Not here: what a line looks like when it is written (log.ts).
// Celery 5.6: bin/logtool.py
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { CliError, createOutput, EXIT, type Output } from './output.ts';
import type { GlobalOptions } from './session.ts';

type LogQuestion = 'stats' | 'traces' | 'errors' | 'incomplete' | 'debug';

const START = /^\[\d{4}-\d\d-\d\d /;
const RECEIVED = /^\[[^\]]*\] (?:Task )?(\S+)\[([^[\]]+)\] received|^\[[^\]]*\] Received task: (\S+)\[([^[\]]+)\]/;
const ABOUT_TASK = /^\[[^\]]*\] Task (\S+)\[([^[\]\s]+)\] (.*)/s;
/** What a task says of itself once it has ended, and no earlier. */
const ENDED = /^(succeeded|raised|retry|ignored|reject|discarded|interned|internal|failed|has)/i;

export interface LogReport {
  readonly types: readonly (readonly [name: string, count: number])[];
  readonly total: number;
  readonly errors: number;
  readonly succeeded: number;
  readonly completed: number;
}

/** Lines of a log as they come. */
export class LogAudit {
  readonly #received = new Map<string, string>();
  readonly #ready = new Set<string>();
  readonly #types = new Map<string, number>();
  readonly #onError: (line: string) => void;
  readonly #onTrace: (lines: string) => void;
  readonly #onDebug: (line: string) => void;
  #errors = 0;
  #before: string | null = null;

  constructor(
    on: { error?: (line: string) => void; trace?: (lines: string) => void; debug?: (line: string) => void } = {},
  ) {
    this.#onError = on.error ?? (() => {});
    this.#onTrace = on.trace ?? (() => {});
    this.#onDebug = on.debug ?? (() => {});
  }

  feed(line: string): void {
    if (!START.test(line)) {
      // A traceback: its first line with the line it belongs to.
      this.#onTrace(this.#before === null ? line : `${this.#before}\n${line}`);
      this.#before = null;
      return;
    }
    this.#before = line;
    const received = RECEIVED.exec(line);
    const ready = received ? null : ABOUT_TASK.exec(line);
    if (received) {
      const name = (received[1] ?? received[3])!;
      this.#received.set((received[2] ?? received[4])!, name);
      this.#types.set(name, (this.#types.get(name) ?? 0) + 1);
    } else if (ready && ENDED.test(ready[3]!)) {
      this.#ready.add(ready[2]!);
      if (/^succeeded/.test(ready[3]!)) return;
      this.#errors++;
      this.#onError(line);
    } else this.#onDebug(line);
  }

  /** Received, and never said to be over. */
  incomplete(): string[] {
    return [...this.#received.keys()].filter((id) => !this.#ready.has(id));
  }

  report(): LogReport {
    return {
      types: [...this.#types].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)),
      total: this.#received.size,
      errors: this.#errors,
      succeeded: this.#ready.size - this.#errors,
      completed: this.#ready.size,
    };
  }
}

/** @param files none, or '-': standard input */
export async function logtool(
  question: LogQuestion,
  files: readonly string[],
  options: GlobalOptions,
): Promise<number> {
  const output = createOutput(options);
  const line = (text: string) => output.line(text);
  const audit = new LogAudit(
    question === 'errors'
      ? { error: line }
      : question === 'traces'
        ? { trace: line }
        : question === 'debug'
          ? { debug: line }
          : {},
  );
  for (const file of files.length > 0 ? files : ['-']) await feedFile(audit, file);
  if (question === 'incomplete') for (const id of audit.incomplete()) line(`Did not complete: ${id}`);
  if (question === 'stats') stats(audit.report(), output);
  return EXIT.ok;
}

async function feedFile(audit: LogAudit, file: string): Promise<void> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  const failed = new Promise<never>((_, reject) =>
    input.once('error', (error: Error) =>
      reject(new CliError(`cannot read the log ${file}: ${error.message}`, EXIT.usage)),
    ),
  );
  failed.catch(() => {});
  const read = async () => {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }))
      for (const text of linesOf(line)) audit.feed(text);
  };
  await Promise.race([read(), failed]);
}

/** Those of text that a line of `worker_log_format: 'json'` stands for; any other line is itself. */
export function linesOf(line: string): string[] {
  if (!line.startsWith('{"time":')) return [line];
  try {
    const { time, level, process, message, traceback } = JSON.parse(line) as Record<string, string | undefined>;
    const when = time!.replace('T', ' ').replace('.', ',').replace('Z', '');
    return [`[${when}: ${level}/${process}] ${message}`, ...(traceback ? traceback.trimEnd().split('\n') : [])];
  } catch {
    return [line];
  }
}

function stats(report: LogReport, output: Output): void {
  if (output.json) {
    output.value({ ...report, types: Object.fromEntries(report.types) });
    return;
  }
  output.line(`
Report
======

Task total: ${report.total}
Task errors: ${report.errors}
Task success: ${report.succeeded}
Task completed: ${report.completed}

Tasks
=====

${report.types.map(([name, count]) => `${name}: ${count}`).join('\n')}
`);
}
