// Where the lines of a log go: a stream or a file that may be full, closed, deleted or rotated away at any moment.
// Not here: what a line looks like (log.ts).
// Holds: writing never throws and never ends the process. What could not be written is counted and tried again at most once a second;
// once it works again, the first line says how many were lost and why.
import { appendFileSync, closeSync, constants, openSync } from 'node:fs';

/** Hands one text on, whole lines. Throws, or calls `done` with the error. */
export type Put = (text: string, done: (error?: Error | null) => void) => void;

export interface SinkOptions {
  /** Called when the first line is lost, and again when that happens after it had worked. */
  readonly onTrouble?: (error: Error) => void;
  /** @unit milliseconds */
  readonly monotonic?: () => number;
}

/** As the first line after a loss, without its head. */
export type LossNote = (text: string) => string;

const RETRY_MS = 1000;

export class LogSink {
  /** Lines that were not written so far, and of which nothing has been said. */
  lost = 0;
  readonly #put: Put;
  readonly #options: SinkOptions;
  readonly #monotonic: () => number;
  #error: Error | null = null;
  #brokenMs = 0;
  /** A line that says what was lost is under way. */
  #reportingLoss = false;
  #lastError = '';

  constructor(put: Put, options: SinkOptions = {}) {
    this.#put = put;
    this.#options = options;
    this.#monotonic = options.monotonic ?? (() => performance.now());
  }

  /** @param note how a line of the sink's own is to look; without it, a loss is counted only */
  write(line: string, note?: LossNote): void {
    this.pass(`${line}\n`, note);
  }

  /** A piece of text that has its own line ends, such as a child writes it. */
  pass(piece: string, note?: LossNote): void {
    const lines = Math.max(1, piece.split('\n').length - 1);
    if (this.#error && this.#monotonic() - this.#brokenMs < RETRY_MS) {
      this.lost += lines;
      return;
    }
    const lostNow = note !== undefined && this.lost > 0 && !this.#reportingLoss ? this.lost : 0;
    let text = piece;
    if (lostNow > 0) {
      this.#reportingLoss = true;
      // The last line may have been written in part.
      text = `\n${note!(this.#lossText(lostNow))}\n${piece}`;
    }
    let settled = false;
    const done = (error?: Error | null) => {
      if (settled) return;
      settled = true;
      if (lostNow > 0) this.#reportingLoss = false;
      if (error) this.#failed(error, lines);
      else {
        this.#error = null;
        this.lost -= lostNow;
      }
    };
    try {
      this.#put(text, done);
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #lossText(lost: number): string {
    const lines = lost === 1 ? '1 line of this log is' : `${lost} lines of this log are`;
    return `${lines} missing here: writing failed (${this.#lastError})`;
  }

  #failed(error: Error, lines: number): void {
    const isFirst = this.#error === null;
    this.lost += lines;
    this.#error = error;
    this.#lastError = error.message;
    this.#brokenMs = this.#monotonic();
    if (isFirst) this.#options.onTrouble?.(error);
  }
}

/** A pipe that nobody reads, or that is full, is refused at once: waiting for its reader would stop the process. */
const APPEND = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NONBLOCK;

/**
 * Opened for each line, so that a file which was rotated or deleted is made anew.
 * `mode` of a file that is made; lines hold arguments, so by default nobody else reads them.
 */
export function fileSink(
  path: string,
  { mode = 0o600, ...options }: SinkOptions & { readonly mode?: number } = {},
): LogSink {
  return new LogSink((text, done) => {
    appendText(path, text, mode);
    done();
  }, options);
}

/** @throws what the system refuses, at once */
export function appendText(path: string, text: string, mode: number): void {
  const file = openSync(path, APPEND, mode);
  try {
    appendFileSync(file, text);
  } finally {
    closeSync(file);
  }
}

/** An error of our writes does not surface as the stream's 'error' event; one of somebody else's writes does. */
export function streamSink(stream: NodeJS.WritableStream, options: SinkOptions = {}): LogSink {
  return new LogSink((text, done) => {
    const outer = writing;
    writing = true;
    try {
      stream.write(text, (error) => {
        // As Node's console does: the event comes after this call.
        if (error && stream.listenerCount('error') === 0) stream.once('error', () => {});
        done(error);
      });
    } finally {
      writing = outer;
    }
  }, options);
}

let writing = false;

/** What is being written to a stream now is a line of the log, and not what a task prints. */
export function isLogWriting(): boolean {
  return writing;
}
