// A lease that a server keeps for one beat, and takes back when it is not renewed: the beat that held it was killed, hangs, or is cut off.
// Not here: the server's own words for it (redis-store.ts, django/store.ts), standing by (beat/persistence.ts).
// Holds: who cannot renew it has stopped sending before the server gives it to another, also who stood still, or slept with the machine, whose
// monotonic clock stands still meanwhile; writes go out in the order they were asked for,
// and none of a beat whose lease has ended.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { toError } from '../errors.ts';
import type { Timer, TimerHandle } from '../timer.ts';
import { AnotherBeat, type EntryRuns, type LeaseHolder, type ScheduleLease, type StoredEntry } from './contract.ts';

/** For so long the server keeps it for a beat that says nothing: another takes over within twice that. @unit milliseconds */
export const LEASE_MS = 6000;
const RENEW_MS = 1500;
/** It ends here before it ends there. @unit milliseconds */
const MARGIN_MS = 1000;

/** What a server does for who has the token. `false`: it is not, or no longer, the token that has the lease; then nothing was done. */
export interface LeasePort {
  readonly description: string;
  renew(token: string, tickMs: number): Promise<boolean>;
  release(token: string): Promise<void>;
  replace(token: string, entries: ReadonlyMap<string, StoredEntry>): Promise<boolean>;
  saveRuns(token: string, runs: ReadonlyMap<string, EntryRuns>): Promise<boolean>;
}

export interface NewLease {
  readonly port: LeasePort;
  readonly token: string;
  readonly timer: Timer;
  readonly entries: ReadonlyMap<string, StoredEntry>;
  /** When it was asked for, by `timer.monotonic()`. */
  readonly askedAt: number;
  readonly onReleased: (lease: RenewedLease) => void;
}

export class RenewedLease implements ScheduleLease {
  readonly entries: ReadonlyMap<string, StoredEntry>;
  readonly #parts: NewLease;
  readonly #renewals: TimerHandle;
  readonly #listeners: ((reason: Error) => void)[] = [];
  #renewedAt: number;
  /** The same by the wall clock. */
  #renewedAtWall: number;
  #end: TimerHandle;
  #tickMs: number;
  #renewing = false;
  #ended: 'released' | 'lost' | null = null;
  #lastError: Error | null = null;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(parts: NewLease) {
    this.#parts = parts;
    this.entries = parts.entries;
    this.#renewedAt = parts.askedAt;
    this.#renewedAtWall = parts.timer.now();
    this.#end = this.#endsLater();
    this.#tickMs = parts.timer.now();
    this.#renewals = parts.timer.every(RENEW_MS, () => this.#renew());
  }

  replace(entries: ReadonlyMap<string, StoredEntry>): Promise<void> {
    const all = new Map(entries);
    return this.#next(() => this.#parts.port.replace(this.#parts.token, all));
  }

  saveRuns(runs: ReadonlyMap<string, EntryRuns>): Promise<void> {
    const these = new Map(runs);
    return this.#next(() => this.#parts.port.saveRuns(this.#parts.token, these));
  }

  onLost(fn: (reason: Error) => void): void {
    this.#listeners.push(fn);
  }

  isSure(): boolean {
    const { timer } = this.#parts;
    const silentMs = Math.max(timer.monotonic() - this.#renewedAt, timer.now() - this.#renewedAtWall);
    return this.#ended === null && silentMs < LEASE_MS - MARGIN_MS;
  }

  ticked(): void {
    this.#tickMs = this.#parts.timer.now();
  }

  async release(): Promise<void> {
    const wasHeld = this.#ended === null;
    this.#ended ??= 'released';
    this.#renewals.cancel();
    this.#end.cancel();
    await this.#writing;
    if (!wasHeld) return;
    this.#parts.onReleased(this);
    // A server that is away takes it back by itself.
    await this.#parts.port.release(this.#parts.token).catch(() => {});
  }

  #endsLater(): TimerHandle {
    const { timer } = this.#parts;
    const leftMs = this.#renewedAt + LEASE_MS - MARGIN_MS - timer.monotonic();
    return timer.after(Math.max(0, leftMs), () => {
      const why = this.#lastError ? ` (${this.#lastError.message})` : '';
      this.#lose(`it could not be renewed for ${Math.round((timer.monotonic() - this.#renewedAt) / 1000)} s${why}`);
    });
  }

  #renew(): void {
    const { port, timer, token } = this.#parts;
    if (this.#renewing || this.#ended !== null) return;
    this.#renewing = true;
    const askedAt = timer.monotonic();
    const askedAtWall = timer.now();
    port
      .renew(token, this.#tickMs)
      .then(
        (isOurs) => {
          if (!isOurs) return this.#lose('another beat may have it');
          if (this.#ended !== null) return;
          this.#renewedAt = askedAt;
          this.#renewedAtWall = askedAtWall;
          this.#end.cancel();
          this.#end = this.#endsLater();
        },
        (error) => {
          this.#lastError = toError(error);
        },
      )
      .finally(() => {
        this.#renewing = false;
      });
  }

  #lose(why: string): void {
    if (this.#ended !== null) return;
    this.#ended = 'lost';
    this.#renewals.cancel();
    this.#end.cancel();
    this.#parts.onReleased(this);
    for (const listener of this.#listeners) listener(new Error(why));
  }

  #next(write: () => Promise<boolean>): Promise<void> {
    if (this.#ended !== null)
      return Promise.reject(new Error(`The lease of ${this.#parts.port.description} was ${this.#ended}.`));
    const writing = this.#writing.then(async () => {
      if (this.#ended === 'lost') throw new Error(`The lease of ${this.#parts.port.description} was lost.`);
      if (await write()) return;
      this.#lose('another beat may have it');
      throw new Error(`The lease of ${this.#parts.port.description} was lost.`);
    });
    this.#writing = writing.catch(() => {});
    return writing;
  }
}

/** What a server keeps of who has it. */
export function newHolder(nowMs: number): { token: string; pid: number; host: string; since: number } {
  return { token: randomUUID(), pid: process.pid, host: hostname(), since: nowMs };
}

export function anotherBeat(place: string, holder: LeaseHolder | null): AnotherBeat {
  const by = holder?.pid == null ? '' : ` (process ${holder.pid} on ${holder.host})`;
  return new AnotherBeat(`Another beat uses ${place}${by}. Two beats would send every task twice.`);
}
