// The history in one SQLite file, behind two threads of ours: writing never blocks reading, neither blocks the receiver of events.
// Not here: what is written and asked (write.ts, read.ts), what waits to be written (write-behind.ts), who may have the file (owner.ts).
// Holds: what is handed over is written in the order in which it came, also after a time in which nothing could be written; `close`
// writes what is pending, when it can; a thread that dies rejects what it owed, and another one takes its place.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Batch } from '../../../../shared/events/cluster-state.ts';
import type { TaskRecord } from '../../../../shared/events/task-record.ts';
import type { HistoryHealth } from '../../../../shared/wire/cluster.ts';
import { ImproperlyConfigured, toError } from '../../../errors.ts';
import { realPath } from '../../../file-lock.ts';
import type { Logger } from '../../../log.ts';
import { createTimer, type Timer, type TimerHandle } from '../../../timer.ts';
import type {
  Heard,
  HistoryQuestions,
  HistoryStore,
  Limits,
  OperationOutcome,
  OperationRow,
  Recovered,
} from '../contract.ts';
import { FileGone, isDamage, isFull, type Reopened } from './file.ts';
import { HistoryThread } from './history-thread.ts';
import { FileOwner } from './owner.ts';
import { AskedHistory } from './questions.ts';
import type { HistoryReader } from './read.ts';
import type { WriterOptions, Written } from './write.ts';
import { type Bounds, type Work, WriteBehind } from './write-behind.ts';

/** What could not be written is tried again after so long. */
const RETRY_MS = 2000;
/** After so many failures of a kind that names the file itself, it is opened anew. */
const REOPEN_AFTER = 3;
/** What SQLite says of a file that it cannot use. */
const IS_OF_FILE =
  /malformed|not a database|readonly database|no such table|disk I\/O error|not open|unable to open|is locked/i;

export interface HistoryOptions extends WriterOptions {
  readonly timer?: Timer;
  readonly log?: Logger;
  /** What may wait to be written. */
  readonly bounds?: Bounds;
}

/** Open the file, making it when missing. Rejects with ImproperlyConfigured when it cannot be used, or is another's. */
export async function openHistory(path: string, options: HistoryOptions = {}): Promise<HistoryStore> {
  // Both threads need the same file: what is to live no longer than this process is in a folder of its own.
  const folder = path === ':memory:' ? mkdtempSync(join(tmpdir(), 'umbel-history-')) : null;
  const history = new SqliteHistory(folder ? join(folder, 'history.db') : realPath(path), options, folder);
  await history.open();
  return history;
}

class SqliteHistory extends AskedHistory implements HistoryStore {
  readonly #path: string;
  readonly #folder: string | null;
  readonly #options: HistoryOptions;
  readonly #timer: Timer;
  readonly #log: Logger | undefined;
  readonly #owner: FileOwner;
  readonly #behind: WriteBehind;
  #writer!: HistoryThread;
  #reader!: HistoryThread;
  /** Questions wait while the file is opened anew. */
  #readable: Promise<unknown> = Promise.resolve();
  /** The reader let the file go, and has not found it since. */
  #isReleased = false;
  #now = 0;
  /** Batches sent and not answered yet. */
  #unanswered = 0;
  /** One of them has failed: nothing more is sent before all have come back. */
  #halted = false;
  /** Of the one that had none before it. */
  #error: Error | null = null;
  #answeredMs = 0;
  #retry: TimerHandle | null = null;
  #trouble: { problem: 'full' | 'missing' | 'failing'; reason: string; since: number; times: number } | null = null;
  #givenUpBefore = 0;
  #anew = false;
  #replacing: Promise<boolean> | null = null;
  #closing = false;
  /** Who waits for what was handed over before, each with the batches that have to be on disk for it. */
  readonly #waiting = new Map<() => void, number>();
  readonly #recovered = new Set<(what: Recovered) => void>();
  lastWriteMs: number | null = null;

  /** @param folder goes when it is closed */
  constructor(path: string, options: HistoryOptions, folder: string | null) {
    super();
    this.#path = path;
    this.#folder = folder;
    this.#options = options;
    this.#timer = options.timer ?? createTimer({ unref: true });
    this.#log = options.log;
    this.#owner = new FileOwner(path);
    this.#behind = new WriteBehind(options.bounds);
  }

  async open(): Promise<void> {
    this.#owner.take(this.#options.cluster ?? null, this.#timer.now() / 1000);
    this.#writer = this.#startWriter();
    // The reader opens the file only when the writer has made its tables.
    try {
      await this.#writer.ready;
    } catch (error) {
      this.#owner.release();
      if (error instanceof ImproperlyConfigured) throw error;
      throw new ImproperlyConfigured(`The history file ${this.#path} cannot be used: ${toError(error).message}`, {
        cause: error,
      });
    }
    this.#reader = new HistoryThread({ role: 'read', path: this.#path });
  }

  async close(): Promise<void> {
    this.#closing = true;
    do await this.written();
    while (!this.#behind.isEmpty && this.#trouble === null);
    this.#retry?.cancel();
    const { waiting } = this.#behind;
    if (waiting > 0)
      this.#log?.error(
        `${waiting} tasks could not be written to the history file ${this.#path} and are lost: ${this.failure}`,
      );
    await this.#writer.close();
    await this.#reader.close();
    this.#owner.release();
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true });
  }

  write(batch: Batch, now: number, heard: Heard | null = null): void {
    this.#now = now;
    this.#behind.add(batch, heard);
    this.#pump();
  }

  saveGauges(values: Readonly<Record<string, number>>, bucket: number): void {
    this.#behind.addGauges(values, bucket);
    this.#pump();
  }

  async beginOperation(row: OperationRow): Promise<number> {
    try {
      return (await this.#writer.call('operation', [row])) as number;
    } catch (error) {
      const reason = this.failure ?? toError(error).message;
      throw new ImproperlyConfigured(`Nothing was done, since it cannot be recorded. ${reason}`, { cause: error });
    }
  }
  finishOperation(id: number, row: OperationOutcome): Promise<void> {
    return this.#writer.call('finishOperation', [id, row]) as Promise<void>;
  }
  saveEffect(operation: number, effect: string): Promise<void> {
    return this.#writer.call('effect', [operation, effect]) as Promise<void>;
  }
  expire(limits: Limits, now: number): Promise<number> {
    return this.#writer.call('expire', [limits, now]) as Promise<number>;
  }

  shrink(): Promise<number> {
    return this.#writer.call('shrink', []) as Promise<number>;
  }

  get pending(): number {
    return this.#behind.waiting > 0 ? this.#behind.waiting : this.#behind.isEmpty ? 0 : 1;
  }

  get failure(): string | null {
    return this.#trouble?.reason ?? null;
  }

  get health(): HistoryHealth {
    const t = this.#trouble;
    return {
      ok: t === null,
      problem: t?.problem ?? null,
      reason: t?.reason ?? null,
      since: t?.since ?? null,
      waiting: this.#behind.waiting,
      given_up: this.#behind.givenUp,
    };
  }

  written(): Promise<void> {
    if (this.#behind.isEmpty) return Promise.resolve();
    if (this.#retry !== null) {
      // Once more, at once.
      this.#retry.cancel();
      this.#retry = null;
      this.#pump();
    }
    return new Promise((resolve) => this.#waiting.set(resolve, this.#behind.mark));
  }

  onRecovered(fn: (what: Recovered) => void): void {
    this.#recovered.add(fn);
  }

  protected async ask<Q extends keyof HistoryQuestions>(
    question: Q,
    args: Parameters<HistoryReader[Q]>,
    signal?: AbortSignal,
  ): Promise<ReturnType<HistoryReader[Q]>> {
    try {
      return await this.#askOnce(question, args, signal);
    } catch (thrown) {
      const error = toError(thrown);
      if (this.#closing || !IS_OF_FILE.test(error.message)) throw error;
      // A damaged page may be read long before it is written to.
      const replaced = isDamage(error) && (await this.#replaceDamaged(error));
      if (replaced) return this.#askOnce(question, args, signal);
      throw new ImproperlyConfigured(
        this.failure ?? `The history file ${this.#path} cannot be read: ${error.message}`,
        { cause: error },
      );
    }
  }

  async #askOnce<Q extends keyof HistoryQuestions>(
    question: Q,
    args: Parameters<HistoryReader[Q]>,
    signal?: AbortSignal,
  ): Promise<ReturnType<HistoryReader[Q]>> {
    await this.#readable;
    if (this.#reader.ended && !this.#closing) {
      this.#reader = new HistoryThread({ role: 'read', path: this.#path });
      this.#isReleased = false;
    }
    // The file may be back without having been opened anew by the writer, which never let go of it.
    if (this.#isReleased) {
      this.#isReleased = false;
      this.#readable = this.#openReader();
      await this.#readable;
    }
    return (await this.#reader.call(question, args, signal)) as ReturnType<HistoryReader[Q]>;
  }

  /** The file is put aside and begun anew, once for all who found it damaged. */
  #replaceDamaged(error: Error): Promise<boolean> {
    this.#replacing ??= this.#reopen(error)
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        this.#replacing = null;
        this.#pump();
      });
    return this.#replacing;
  }

  #startWriter(): HistoryThread {
    const { cluster = null, formerly = [], adopt = false } = this.#options;
    return new HistoryThread({ role: 'write', path: this.#path, cluster, formerly, adopt });
  }

  /** What waits is sent, as much as may be under way; while there is trouble, one batch at a time. */
  #pump(): void {
    while (this.#retry === null && !this.#halted && (this.#trouble === null || this.#unanswered === 0)) {
      const work = this.#behind.next();
      if (work === null) {
        if (this.#unanswered === 0) this.#settle();
        return;
      }
      this.#dispatch(work);
    }
  }

  #dispatch(work: Work): void {
    const isFirst = this.#unanswered === 0;
    this.#unanswered++;
    const begun = performance.now();
    void (isFirst ? this.#send(work) : this.#write(work, false)).then(
      (missing) => {
        const nowMs = performance.now();
        this.lastWriteMs = nowMs - Math.max(begun, this.#answeredMs);
        this.#answeredMs = nowMs;
        this.#behind.done(work, missing);
        this.#tellWaiting(missing.length > 0);
        if (this.#trouble !== null) this.#wellAgain();
        this.#answered();
      },
      (error: unknown) => {
        this.#halted = true;
        // Of one that had others before it, the writer may only say that those were not written: it goes again, and is first then.
        if (isFirst) this.#error = toError(error);
        this.#answered();
      },
    );
  }

  /** @param isMore what was on disk in part goes with the next batch, whole */
  #tellWaiting(isMore: boolean): void {
    const { mark, written } = this.#behind;
    for (const [fn, before] of this.#waiting) {
      if (isMore) this.#waiting.set(fn, mark);
      else if (written >= before) {
        this.#waiting.delete(fn);
        fn();
      }
    }
  }

  #answered(): void {
    this.#unanswered--;
    if (this.#halted && this.#unanswered > 0) return;
    if (this.#halted) {
      this.#halted = false;
      this.#behind.failed();
      const error = this.#error;
      this.#error = null;
      if (error !== null) {
        this.#failed(error);
        return;
      }
    }
    this.#pump();
  }

  async #write({ wire }: Work, isFirst: boolean): Promise<string[]> {
    return ((await this.#writer.call('write', [wire, this.#now, isFirst])) as Written).missing;
  }

  /** With no other before it: what can be mended is mended, the thread or the file. */
  async #send(work: Work): Promise<string[]> {
    if (this.#writer.ended) {
      this.#writer = this.#startWriter();
      await this.#writer.ready;
    }
    try {
      return await this.#write(work, true);
    } catch (thrown) {
      const error = toError(thrown);
      if (!this.#mustReopen(error)) throw error;
      await this.#reopen(error);
    }
    return this.#write(work, true);
  }

  #mustReopen(error: Error): boolean {
    if (this.#closing && !(error instanceof FileGone)) return false;
    if (error instanceof FileGone) return true;
    return IS_OF_FILE.test(error.message) && (this.#trouble?.times ?? 0) >= REOPEN_AFTER;
  }

  /** The reader lets the file go meanwhile: what closes last would remove the new one's journal. */
  #reopen(error: Error): Promise<void> {
    const reopening = (async () => {
      await this.#reader.call('release', []).catch(() => {});
      this.#owner.renew(this.#options.cluster ?? null, this.#timer.now() / 1000);
      const what = (await this.#writer.call('reopen', [isDamage(error)])) as Reopened;
      const isKept = what === 'restored' || what === 'reached';
      if (!isKept) this.#anew = true;
      const said = {
        reached: 'can be reached again, with all that was in it',
        restored: 'was deleted, and is there again with all that was in it',
        replaced: 'was replaced: the file that is there now is used',
        anew: 'was gone or could not be read: a new one was begun, and what was in it is lost',
      };
      // That it can be opened says nothing of writing.
      if (what === 'reached' && !(error instanceof FileGone)) return;
      this.#log?.[isKept ? 'warning' : 'error'](`The history file ${this.#path} ${said[what]}`);
    })();
    this.#readable = reopening.catch(() => {}).then(() => this.#openReader());
    return reopening;
  }

  async #openReader(): Promise<void> {
    try {
      await this.#reader.call('open', []);
    } catch {
      this.#isReleased = true;
    }
  }

  #failed(error: Error): void {
    const problem = isFull(error)
      ? 'full'
      : error instanceof FileGone || error instanceof ImproperlyConfigured
        ? 'missing'
        : 'failing';
    const reason =
      problem === 'full'
        ? `No space is left for the history file ${this.#path}`
        : problem === 'missing'
          ? error.message
          : `The history file ${this.#path} cannot be written: ${error.message}`;
    if (this.#trouble === null) {
      this.#trouble = { problem, reason, since: this.#timer.now() / 1000, times: 0 };
      this.#givenUpBefore = this.#behind.givenUp;
      this.#log?.error(`${reason.replace(/\.$/, '')}. What happens is kept in memory and written later`);
    } else if (this.#trouble.reason !== reason) {
      this.#trouble = { ...this.#trouble, problem, reason };
      this.#log?.error(reason);
    }
    this.#trouble.times++;
    for (const fn of this.#waiting.keys()) fn();
    this.#waiting.clear();
    if (this.#closing) return;
    this.#retry = this.#timer.after(RETRY_MS, () => {
      this.#retry = null;
      this.#pump();
    });
  }

  #wellAgain(): void {
    const { since } = this.#trouble!;
    const givenUp = this.#behind.givenUp - this.#givenUpBefore;
    this.#trouble = null;
    const lost = givenUp > 0 ? `; the changes of ${givenUp} tasks had to be given up` : '';
    this.#log?.warning(`The history file ${this.#path} is written again${lost}`);
    this.#announceRecovered(since, givenUp);
  }

  #announceRecovered(since: number, givenUp: number): void {
    const anew = this.#anew;
    this.#anew = false;
    const wasGivenUp = (task: TaskRecord) => this.#behind.wasGivenUp(task);
    for (const fn of this.#recovered) fn({ since, anew, givenUp, wasGivenUp });
  }

  #settle(): void {
    // A file that came back within one attempt.
    if (this.#anew) this.#announceRecovered(this.#timer.now() / 1000, 0);
    if (!this.#behind.isEmpty) return;
    for (const fn of this.#waiting.keys()) fn();
    this.#waiting.clear();
  }
}
