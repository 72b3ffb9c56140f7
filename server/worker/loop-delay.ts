// How late the event loop of this worker runs. A task that computes, or waits synchronously, without giving way holds back every other
// task, heartbeats and answers to remote commands: that is measured, and said with the names of the tasks that ran meanwhile.
// Not here: who reads it (`loop_delay` in `inspect stats` and in heartbeats).
// Holds: a block is said once, and no more than one line in WARN_EVERY_MS; what was not said is counted in the next line.
// Celery has nothing of the kind: its pools run tasks beside the consumer, but for -P solo.
import type { Logger } from '../log.ts';
import type { Timer, TimerHandle } from '../timer.ts';

const TICK_MS = 500;
/** A delay that is worth a line. @unit milliseconds */
const BLOCKED_MS = 1000;
const WARN_EVERY_MS = 10_000;
/** What `stats` calls recent. */
const RECENT_MS = 60_000;
const MAX_NAMES = 5;

export interface LoopBlock {
  /** When it was over. @unit seconds since the epoch */
  readonly at: number;
  /** @unit seconds */
  readonly seconds: number;
  /** Processor time this process had meanwhile: little of it, and it waited or was not let run. @unit seconds */
  readonly cpu: number;
  /** Names of the tasks that ran during it; one of them may have ended since. */
  readonly tasks: readonly string[];
}

/** `loop_delay` of `inspect stats`. @unit seconds */
export interface LoopDelayStats {
  /** The longest of the last minute. */
  readonly recent: number;
  readonly longest: number;
  /** Times it was a second or more. */
  readonly blocked: number;
  readonly last: LoopBlock | null;
}

export interface LoopDelayParts {
  readonly timer: Timer;
  readonly log: Logger;
  /** Names of the tasks that run now. */
  readonly running: () => Iterable<string>;
  /** Of this process so far. @unit milliseconds */
  readonly cpuMs?: () => number;
}

export class LoopDelay {
  readonly #parts: LoopDelayParts;
  readonly #cpuMs: () => number;
  #tick: TimerHandle | null = null;
  #expectedMs = 0;
  #cpuBeforeMs = 0;
  /** Ran at the last tick, or began since. */
  #suspects = new Set<string>();
  #recent: { readonly atMs: number; readonly delayMs: number }[] = [];
  #longestMs = 0;
  #sinceHeartbeatMs = 0;
  #blocked = 0;
  #last: LoopBlock | null = null;
  #lastWarningMs = Number.NEGATIVE_INFINITY;
  #unsaid = 0;

  constructor(parts: LoopDelayParts) {
    this.#parts = parts;
    this.#cpuMs = parts.cpuMs ?? processorMs;
  }

  start(): void {
    this.#expect();
    this.#tick = this.#parts.timer.every(TICK_MS, () => this.#measure());
  }

  stop(): void {
    this.#tick?.cancel();
    this.#tick = null;
  }

  /** A task begins. */
  began(name: string): void {
    this.#suspects.add(name);
  }

  /** The longest delay since the last call. @unit seconds */
  sinceHeartbeat(): number {
    const ms = this.#sinceHeartbeatMs;
    this.#sinceHeartbeatMs = 0;
    return seconds(ms);
  }

  stats(): LoopDelayStats {
    this.#forgetOld();
    return {
      recent: seconds(Math.max(0, ...this.#recent.map(({ delayMs }) => delayMs))),
      longest: seconds(this.#longestMs),
      blocked: this.#blocked,
      last: this.#last,
    };
  }

  #expect(): void {
    this.#expectedMs = this.#parts.timer.monotonic() + TICK_MS;
    this.#cpuBeforeMs = this.#cpuMs();
    this.#suspects = new Set(this.#parts.running());
  }

  #measure(): void {
    const nowMs = this.#parts.timer.monotonic();
    const delayMs = Math.max(0, nowMs - this.#expectedMs);
    this.#longestMs = Math.max(this.#longestMs, delayMs);
    this.#sinceHeartbeatMs = Math.max(this.#sinceHeartbeatMs, delayMs);
    this.#forgetOld();
    // Only what none after it exceeds: a handful, however long it is watched.
    while (this.#recent.length > 0 && this.#recent.at(-1)!.delayMs <= delayMs) this.#recent.pop();
    this.#recent.push({ atMs: nowMs, delayMs });
    if (delayMs >= BLOCKED_MS) this.#isBlocked(delayMs, nowMs);
    this.#expect();
  }

  #isBlocked(delayMs: number, nowMs: number): void {
    const { timer, log } = this.#parts;
    const cpuMs = this.#cpuMs() - this.#cpuBeforeMs;
    const tasks = [...this.#suspects].sort().slice(0, MAX_NAMES);
    this.#blocked++;
    this.#last = { at: timer.now() / 1000, seconds: seconds(delayMs), cpu: seconds(cpuMs), tasks };
    if (nowMs - this.#lastWarningMs < WARN_EVERY_MS) {
      this.#unsaid++;
      return;
    }
    const more = this.#suspects.size > tasks.length ? ` and ${this.#suspects.size - tasks.length} more` : '';
    const who = tasks.length > 0 ? `; tasks that ran meanwhile: ${tasks.join(', ')}${more}` : '; no task ran meanwhile';
    const before = this.#unsaid > 0 ? ` (and ${this.#unsaid} times since the last warning)` : '';
    // A process that was stopped, or starved of processor time, is as late as one whose task computes.
    const how =
      cpuMs < delayMs / 4 ? 'The process stood still, or its event loop was blocked,' : 'The event loop was blocked';
    log.warning(
      `${how} for ${(delayMs / 1000).toFixed(1)} s with ${(cpuMs / 1000).toFixed(1)} s of processor time${before}: no other task, heartbeat or command could run${who}`,
    );
    this.#lastWarningMs = nowMs;
    this.#unsaid = 0;
  }

  #forgetOld(): void {
    const before = this.#parts.timer.monotonic() - RECENT_MS;
    while (this.#recent.length > 0 && this.#recent[0]!.atMs < before) this.#recent.shift();
  }
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
