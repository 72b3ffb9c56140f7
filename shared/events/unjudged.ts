// Times that a worker's clock told before it was known that it is behind, so that they are placed anew once it is: what began a moment
// after the worker, or after this process, has not run for as long as that clock is off.
// Not here: how far a clock is off, and where an event is placed by it (worker-record.ts).
// Holds: bounded; a worker whose clock is right leaves nothing here.
import type { TaskRecord } from './task-record.ts';

/** @unit seconds since the epoch */
export interface EarlyEvent {
  readonly hostname: string;
  readonly uuid: string;
  /** By its sender's clock, as it was kept. */
  readonly at: number;
  /** By ours. */
  readonly heard: number;
}

const MAX_EVENTS = 10_000;
const TIMES = ['received', 'started', 'succeeded', 'failed', 'retried', 'revoked', 'rejected'] as const;

export class Unjudged {
  #events: EarlyEvent[] = [];

  add(event: EarlyEvent): void {
    if (this.#events.length < MAX_EVENTS) this.#events.push(event);
  }

  /** Of a worker whose clock is judged now, or that is forgotten. */
  take(hostname: string): EarlyEvent[] {
    if (this.#events.length === 0) return this.#events;
    const its = this.#events.filter((one) => one.hostname === hostname);
    if (its.length > 0) this.#events = this.#events.filter((one) => one.hostname !== hostname);
    return its;
  }
}

/** What was told at one time was at another. @unit seconds */
export function placeAnew(task: TaskRecord, was: number, is: number): void {
  for (const field of [...TIMES, 'timestamp', 'first_seen'] as const) if (task[field] === was) task[field] = is;
  for (const one of task.tries ?? [])
    for (const field of ['received', 'started', 'ended'] as const) if (one[field] === was) one[field] = is;
  task.stored = false;
}
