// One reader of the stream of events: where in the log it is, what it is sent as fast as it reads, and signs of life.
// Not here: what is remembered (event-log.ts), what a line holds (event-lines.ts), who may come in (../routes/events.ts).
//
// Holds: it reads from the log, so that nothing is queued for it but one piece of PIECE; when the log forgets what it has not read yet it
// is told how much that was; who reads nothing for STUCK_MS is cut. An id goes out with every line, and with every sign of life.
import { Readable } from 'node:stream';
import { type Steps, StepsSpent } from '../../../shared/query/regex.ts';
import type { Timer, TimerHandle } from '../../timer.ts';
import type { Identity } from '../access/identity.ts';
import { byeLine, EventLines, gapLine, type Wanted } from './event-lines.ts';
import type { EventLog } from './event-log.ts';
import type { OpenSocket } from './socket.ts';

/** @unit characters */
const PIECE = 64 * 1024;
const ALIVE_EVERY_MS = 15_000;
const STUCK_MS = 60_000;
/** What patterns may take in one go, some ten milliseconds: with half of it left others have their turn first. */
const STEPS_IN_ONE_GO = 200_000;
/** When a client whose line broke comes back. */
const RETRY_MS = 2000;

export interface EventReaderParts {
  readonly log: EventLog;
  readonly timer: Timer;
  readonly reader: Identity;
  readonly wanted: Wanted;
  /** The last id it had. null: it begins now. */
  readonly lastId: string | null;
}

export class EventReader extends Readable implements OpenSocket {
  readonly reader: Identity;
  readonly #log: EventLog;
  readonly #timer: Timer;
  readonly #lines: EventLines;
  readonly #steps: Steps = { left: STEPS_IN_ONE_GO };
  readonly #unsubscribe: () => void;
  readonly #alive: TimerHandle;
  /** The last entry that was looked at for it. */
  #n: number;
  /** What goes before anything else. */
  #first: string;
  /** It takes more. */
  #takes = false;
  /** When it last took something. @unit milliseconds */
  #tookMs: number;
  /** It has come to the newest once: what it misses from then on it was too slow for. */
  #caughtUp = false;
  #ended = false;

  constructor({ log, timer, reader, wanted, lastId }: EventReaderParts) {
    super({ highWaterMark: PIECE, encoding: 'utf8' });
    this.reader = reader;
    this.#log = log;
    this.#timer = timer;
    this.#lines = new EventLines(wanted, reader.grant.sight, this.#steps);
    this.#tookMs = timer.monotonic();
    this.#unsubscribe = log.read(() => this.#pump());
    const known = lastId === null ? log.last : log.numberOf(lastId);
    this.#n = known ?? log.last;
    const gap = { reason: 'forgotten', events: null, events_is: 'at_least' } as const;
    this.#first = `retry: ${RETRY_MS}\n${known === null ? gapLine(gap) : ''}${this.#id()}`;
    this.#alive = timer.every(ALIVE_EVERY_MS, () => this.#signOfLife());
  }

  /** The server ends, or will not go on with this reader. */
  bye(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.push(`${byeLine({ reason })}${this.#id()}`);
    this.push(null);
  }

  /** Who reads has no access any more. */
  refuse(reason: string): void {
    this.bye(reason);
  }

  override _read(): void {
    this.#takes = true;
    this.#tookMs = this.#timer.monotonic();
    this.#pump();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#ended = true;
    this.#unsubscribe();
    this.#alive.cancel();
    done(error);
  }

  #pump(): void {
    if (!this.#takes || this.#ended) return;
    let text = this.#first;
    this.#first = '';
    this.#steps.left = STEPS_IN_ONE_GO;
    try {
      text += this.#next(PIECE);
    } catch (error) {
      if (!(error instanceof StepsSpent)) throw error;
      this.bye(error.message);
      return;
    }
    if (text !== '') this.#send(text);
  }

  /** @throws StepsSpent */
  #next(most: number): string {
    const missing = this.#log.missing(this.#n);
    let text = '';
    if (missing > 0) {
      this.#n += missing;
      const reason = this.#caughtUp ? 'slow' : 'forgotten';
      text += gapLine({ reason, events: missing, events_is: 'exact' }) + this.#id();
    }
    for (const entry of this.#log.after(this.#n)) {
      this.#n = entry.n;
      const line = 'gap' in entry ? gapLine(entry.gap) : this.#lines.of(entry.event, entry.task);
      if (line !== null) text += line + this.#id();
      if (text.length >= most) return text;
      if (this.#steps.left > STEPS_IN_ONE_GO / 2) continue;
      setImmediate(() => this.#pump());
      return text;
    }
    this.#caughtUp = true;
    return text;
  }

  #signOfLife(): void {
    if (this.#takes) this.#send(`:\n${this.#id()}`);
    else if (this.#timer.monotonic() - this.#tookMs >= STUCK_MS) this.destroy();
  }

  #send(text: string): void {
    this.#takes = false;
    this.push(text);
  }

  /** Ends a line. */
  #id(): string {
    return `id: ${this.#log.idOf(this.#n)}\n\n`;
  }
}
