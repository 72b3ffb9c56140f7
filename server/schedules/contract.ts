// Where a schedule is kept: each entry whole, with its runs, so that who only reads can show it, and a lease for the one beat that writes.
// Not here: what an entry's schedule means (schedule.ts, crontab.ts), its text on disk and on the wire (stored-entry.ts), which store
// a URL opens (registry.ts), when an entry is due (beat/scheduler.ts).
// Holds, for every store (test/contract/schedules.ts): one lease at a time, and only through it is anything written; reading needs none,
// and sees what was written whole or not at all; what a claim finds is what was last written.
// Celery 5.6: beat.py PersistentScheduler, which has no lease; celery-redbeat has one in Redis.
import { ImproperlyConfigured } from '../errors.ts';

/** How a schedule is written down. `custom` is an object of the app's own, of which only the text is known. */
export type ScheduleForm =
  | {
      readonly kind: 'interval';
      /** @unit seconds */
      readonly every: number;
      /** Runs fall on full days, hours, minutes or seconds of the clock. */
      readonly relative: boolean;
    }
  | {
      readonly kind: 'crontab';
      readonly minute: string;
      readonly hour: string;
      readonly day_of_week: string;
      readonly day_of_month: string;
      readonly month_of_year: string;
    }
  | {
      readonly kind: 'solar';
      readonly event: string;
      /** @unit degrees, north is positive */
      readonly lat: number;
      /** @unit degrees, east is positive */
      readonly lon: number;
    }
  | {
      readonly kind: 'clocked';
      /** @unit milliseconds since the epoch */
      readonly at: number;
    }
  | { readonly kind: 'custom'; readonly text: string };

/** What is sent, and when. JSON values as kombu's serializer writes them, integers of any size. */
export interface EntryDefinition {
  readonly task: string;
  readonly schedule: ScheduleForm;
  /** null: they cannot be written as JSON. */
  readonly args: readonly unknown[] | null;
  readonly kwargs: Readonly<Record<string, unknown>> | null;
  /** What `applyAsync` takes: queue, expires, priority ... */
  readonly options: Readonly<Record<string, unknown>> | null;
  /** False: kept, never sent. */
  readonly enabled: boolean;
  /** It is sent once, and never again. */
  readonly one_off: boolean;
  /** By whose clock the schedule is read: a name of the IANA. null: it was not written down. */
  readonly timezone: string | null;
  /** Never sent before it. Default: from the beginning. @unit milliseconds since the epoch */
  readonly start_time?: number;
}

/** What beat did with it. */
export interface EntryRuns {
  /** When it was last sent, or first seen. @unit milliseconds since the epoch */
  readonly lastRunAt: number;
  readonly totalRunCount: number;
}

export interface StoredEntry {
  /** null: whoever wrote it kept the runs only, as files of the first version do. */
  readonly definition: EntryDefinition | null;
  readonly runs: EntryRuns;
  /** It was written into the store by people or another program, and stays until it is removed there. Default: an app configures it. */
  readonly owner?: 'store';
}

/** A beat that has the lease. null: it did not say. */
export interface LeaseHolder {
  readonly pid: number | null;
  readonly host: string | null;
  /** @unit milliseconds since the epoch */
  readonly since: number | null;
  /** When it last looked at the schedule. Default: this store does not know. @unit milliseconds since the epoch */
  readonly lastTick?: number | null;
}

/** What may be written of one entry was refused: in words for who asked. */
export class EntryRefused extends ImproperlyConfigured {
  readonly reason: 'exists' | 'unknown' | 'configured' | 'wrong';
  /** Which part of it is wrong: 'name', 'task', 'timezone', 'every', 'minute', 'lat' ... null: no single one. */
  readonly field: string | null;
  constructor(reason: EntryRefused['reason'], message: string, field: string | null = null) {
    super(message);
    this.reason = reason;
    this.field = field;
  }
}

/** The lease is another beat's: it is free when that one ends. */
export class AnotherBeat extends ImproperlyConfigured {}

export interface ScheduleStore {
  /** For log lines: where it is, without secrets. */
  readonly description: string;
  /** The entries by name, as last written. Rejects when they cannot be read; nothing is changed by it. */
  load(): Promise<Map<string, StoredEntry>>;
  /** Which beat has the lease; null: none. Rejects when that cannot be told; nobody's claim is refused for it. */
  holder(): Promise<LeaseHolder | null>;
  /** Rejects with AnotherBeat, naming the holder as far as it is known, while another beat has the lease. */
  claim(): Promise<ScheduleLease>;
  /** Where others than beat write entries, while beat runs. Absent: beat alone writes, what its app configures. */
  readonly editor?: ScheduleEditor;
  /** Beats of other packages use it too, and take no lease. Default: only ours use it. */
  readonly hasOtherBeats?: true;
  /** Releases what was claimed through it. */
  close(): Promise<void>;
}

/** Needs no lease: the beat that has it reads what was written within seconds. Each rejects with EntryRefused. */
export interface ScheduleEditor {
  create(name: string, definition: EntryDefinition): Promise<void>;
  /** Its runs stay. One that was disabled, and is no more, begins now. Of what an app configures only `enabled` may change. */
  change(name: string, definition: EntryDefinition): Promise<void>;
  /** What an app configures cannot be removed. */
  remove(name: string): Promise<void>;
  /** Another text after each change by an editor, of whatever process or language. */
  version(): Promise<string>;
}

/** Ends by `release`, with its process, or, in a store that takes leases back, when it cannot be renewed: the store renews it. */
export interface ScheduleLease {
  /** What was found when it was claimed. What cannot be read was put aside: then nothing was found. */
  readonly entries: ReadonlyMap<string, StoredEntry>;
  /** These are all the entries an app configures; those of the store's own stay. Rejects when it cannot be written, or the lease has ended. */
  replace(entries: ReadonlyMap<string, StoredEntry>): Promise<void>;
  /** The definitions stay as they are, and so do entries not named here; a name that is not stored is left out. */
  saveRuns(runs: ReadonlyMap<string, EntryRuns>): Promise<void>;
  /** It was taken back: another beat may have it. Not told of a `release`. */
  onLost(fn: (reason: Error) => void): void;
  /** By the clocks of this machine it cannot have ended yet: asked before anything is sent. Default: it can never end so. */
  isSure?(): boolean;
  /** Beat has looked at the schedule: told to who asks for the holder, soon. */
  ticked?(): void;
  release(): Promise<void>;
}
