// The schedule as one beat holds it in a store: the lease, what is written and when, and the lease again when it was lost.
// While another beat has it, this one stands by: it asks again and again, and takes over when the lease is free.
// Not here: what the entries are (scheduler.ts), sending them (beat.ts), the stores (schedules/).
// Holds: changes are written within a second; one write at a time; a store that fails is told once a try and asked again; without the
// lease nothing is written.
import type { Logger } from '../log.ts';
import {
  AnotherBeat,
  type EntryRuns,
  type ScheduleLease,
  type ScheduleStore,
  type StoredEntry,
} from '../schedules/contract.ts';
import { type BrokerLine, openScheduleStore } from '../schedules/registry.ts';
import type { Timer, TimerHandle } from '../timer.ts';

/** Changes wait so long for company before they are written: not a whole second, when what is sent each second is being sent again. */
const SYNC_AFTER_MS = 500;
const SYNC_RETRY_MS = 10_000;
/** A lease that was lost, or that another beat has, is claimed again after so long. */
const CLAIM_RETRY_MS = 2000;
/** What others write into a store is looked for so often: as django-celery-beat does. */
const WATCH_MS = 5000;

export interface PersistenceParts {
  /** A path or URL, which is opened and closed here, or a store of somebody else's. */
  readonly place: string | ScheduleStore;
  readonly timer: Timer;
  readonly log: Logger;
  readonly broker: BrokerLine;
  /** Those the app configures. */
  readonly entries: () => ReadonlyMap<string, StoredEntry>;
  /** @param names of whom; absent: of all */
  readonly runs: (names?: Iterable<string>) => ReadonlyMap<string, EntryRuns>;
  /** The lease was taken: what was stored, by whoever had it. What it throws gives the lease back. */
  readonly onClaimed: (entries: ReadonlyMap<string, StoredEntry>) => void;
  /** Others have written into the store. What it throws is told, and the entries are asked for again. */
  readonly onEdited: (entries: ReadonlyMap<string, StoredEntry>) => void;
  readonly onLost: () => void;
  /** It was lost or another beat's, and is held now. */
  readonly onRegained: () => void;
}

/** closed -open-> held or standing by; held -lost-> lost; standing by, lost -claimed-> held; `close` ends each. */
export class Persistence {
  readonly #parts: PersistenceParts;
  #store: ScheduleStore | null = null;
  #lease: ScheduleLease | null = null;
  #closing = false;
  #sync: TimerHandle | null = null;
  #claim: TimerHandle | null = null;
  /** Why it is not held, as it was last told. */
  #lastWarning: string | null = null;
  #saving: Promise<boolean> = Promise.resolve(true);
  /** The entries are stored as they are configured now: of them only the runs change. */
  #isReplaced = false;
  /** What the store is known to have. */
  readonly #written = new Map<string, EntryRuns>();
  /** Whose runs may be others than those: of 10,000 entries few run in one second. null: anybody's. */
  #touched: Set<string> | null = null;
  #watch: TimerHandle | null = null;
  #version: string | null = null;

  constructor(parts: PersistenceParts) {
    this.#parts = parts;
  }

  get isHeld(): boolean {
    return this.#lease !== null;
  }
  /** It cannot have ended unheard: this process stood still, or the machine slept. */
  get isSure(): boolean {
    return this.#lease !== null && this.#lease.isSure?.() !== false;
  }
  /** Others write entries into it, too. */
  get isShared(): boolean {
    return this.#store?.editor !== undefined;
  }
  /** Beat has looked at the schedule. */
  ticked(): void {
    this.#lease?.ticked?.();
  }
  get description(): string {
    return this.#store?.description ?? 'no store';
  }

  /** While another beat has the schedule it stands by. Rejects when the store cannot be used, or `onClaimed` refuses; then nothing is held. */
  async open(): Promise<void> {
    const { place, log, timer, broker } = this.#parts;
    this.#closing = false;
    this.#store = typeof place === 'string' ? await openScheduleStore(place, { log, timer, broker }) : place;
    try {
      await this.#take();
      await this.save();
    } catch (error) {
      if (error instanceof AnotherBeat) return this.#standBy(error);
      await this.#letGo();
      throw error;
    }
  }

  /** What changed is written; the schedule is free for another beat. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#claim?.cancel();
    this.#claim = null;
    await this.save();
    await this.#letGo();
  }

  /** Entries have come, gone or changed: all of them are written with the next change of a run. */
  replaced(): void {
    this.#isReplaced = false;
  }

  /** Runs have changed: they are written within a second. @param names of whom; absent: of any */
  changed(names?: readonly string[]): void {
    if (names === undefined) this.#touched = null;
    else for (const name of names) this.#touched?.add(name);
    if (this.#lease !== null && !this.#closing && this.#sync === null) this.#saveAfter(SYNC_AFTER_MS);
  }

  /** Writes now. False: it could not be written, which was told. Never rejects. */
  save(): Promise<boolean> {
    this.#sync?.cancel();
    this.#sync = null;
    this.#saving = this.#saving.then(() => this.#write());
    return this.#saving;
  }

  async #write(): Promise<boolean> {
    const lease = this.#lease;
    if (lease === null) return false;
    try {
      const runs = this.#parts.runs(this.#touched ?? undefined);
      this.#touched = new Set();
      if (!this.#isReplaced) {
        this.#isReplaced = true;
        const entries = this.#parts.entries();
        await lease.replace(entries);
        for (const [name, entry] of entries) this.#written.set(name, entry.runs);
      }
      const changed = new Map([...runs].filter(([name, each]) => !isSame(this.#written.get(name), each)));
      if (changed.size > 0) await lease.saveRuns(changed);
      for (const [name, each] of changed) this.#written.set(name, each);
      return true;
    } catch (error) {
      this.#touched = null;
      // Lost meanwhile, which was told: it is written when it is held again.
      if (this.#lease !== lease) return false;
      this.#isReplaced = false;
      this.#parts.log.error(
        `beat: The schedule could not be written to ${this.description}: ${(error as Error).message}`,
      );
      if (!this.#closing) this.#saveAfter(SYNC_RETRY_MS);
      return false;
    }
  }

  #saveAfter(ms: number): void {
    this.#sync?.cancel();
    this.#sync = this.#parts.timer.after(ms, () => void this.save());
  }

  async #take(): Promise<void> {
    const { editor } = this.#store!;
    const version = (await editor?.version()) ?? null;
    const lease = await this.#store!.claim();
    try {
      this.#parts.onClaimed(lease.entries);
    } catch (error) {
      await lease.release();
      throw error;
    }
    this.#lease = lease;
    this.#isReplaced = false;
    this.#written.clear();
    this.#touched = null;
    for (const [name, { runs }] of lease.entries) this.#written.set(name, runs);
    this.#version = version;
    if (editor) this.#watch = this.#parts.timer.every(WATCH_MS, () => void this.look());
    lease.onLost((reason) => this.#lost(lease, reason));
  }

  /** Whether others have written into the store. Never rejects. */
  async look(): Promise<void> {
    const [lease, store] = [this.#lease, this.#store];
    if (lease === null || !store?.editor) return;
    try {
      const version = await store.editor.version();
      if (version === this.#version) return;
      const entries = await store.load();
      if (this.#lease !== lease || this.#closing) return;
      this.#version = version;
      this.#parts.onEdited(entries);
    } catch (error) {
      this.#version = null;
      this.#parts.log.warning(
        `beat: What others changed in ${this.description} cannot be read: ${(error as Error).message}`,
      );
    }
  }

  #lost(lease: ScheduleLease, reason: Error): void {
    if (this.#lease !== lease || this.#closing) return;
    this.#lease = null;
    this.#watch?.cancel();
    this.#watch = null;
    this.#sync?.cancel();
    this.#sync = null;
    this.#parts.log.error(
      `beat: The lease of the schedule in ${this.description} was lost: ${reason.message}. Nothing is sent until it is claimed again`,
    );
    this.#parts.onLost();
    this.#claimLater();
  }

  /** Told once for each who has it. */
  #standBy(reason: Error): void {
    if (this.#lastWarning !== reason.message)
      this.#parts.log.warning(
        `beat: ${reason.message} Standing by: nothing is sent from here until that one ends, which is looked at every ${CLAIM_RETRY_MS / 1000} s`,
      );
    this.#lastWarning = reason.message;
    this.#claimLater();
  }

  #claimLater(): void {
    this.#claim = this.#parts.timer.after(CLAIM_RETRY_MS, () => void this.#claimAgain());
  }

  async #claimAgain(): Promise<void> {
    this.#claim = null;
    try {
      await this.#take();
    } catch (error) {
      if (this.#closing) return;
      if (error instanceof AnotherBeat) return this.#standBy(error);
      this.#parts.log.warning(
        `beat: The schedule in ${this.description} cannot be claimed yet: ${(error as Error).message}`,
      );
      this.#claimLater();
      return;
    }
    if (this.#closing) return this.#letGo().catch(() => {});
    this.#lastWarning = null;
    this.#parts.log.info(`beat: The schedule in ${this.description} is this beat's now; going on`);
    await this.save();
    this.#parts.onRegained();
  }

  async #letGo(): Promise<void> {
    this.#watch?.cancel();
    this.#watch = null;
    this.#sync?.cancel();
    this.#sync = null;
    const [lease, store] = [this.#lease, this.#store];
    this.#lease = this.#store = null;
    await lease?.release();
    if (typeof this.#parts.place === 'string') await store?.close();
  }
}

function isSame(a: EntryRuns | undefined, b: EntryRuns): boolean {
  return a !== undefined && a.lastRunAt === b.lastRunAt && a.totalRunCount === b.totalRunCount;
}
