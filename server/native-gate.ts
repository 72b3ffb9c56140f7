// A thread is ended between its calls of the SQLite driver, never inside one: what the driver throws when its thread is being terminated
// nobody catches, and it takes the whole process along. Loading the driver is such a call.
// Not here: who ends threads, and why (pool/links.ts). Other native code that a task loads is the task's own risk.
// Holds: once `endOutside` has been asked, the thread begins no other call; it stands still until it is terminated.
// Seen with @photostructure/sqlite 1 on Node 20; where Node has a driver of its own there is nothing to load, and nothing was seen.
import { workerData } from 'node:worker_threads';
import type { Timer } from './timer.ts';

/** Its first number holds these marks, the second never changes. */
export type NativeGate = Int32Array;
const INSIDE = 1;
const ENDING = 2;

const LOOK_MS = 1;
/** Longer than the driver waits for a locked file. What takes longer is ended all the same. */
const MAX_INSIDE_MS = 30_000;

export function nativeGate(): NativeGate {
  return new Int32Array(new SharedArrayBuffer(8));
}

const own = ownGate();
/** Calls in calls: a query calls functions of ours. */
let depth = 0;

/** This thread may be ended by `endOutside`: its calls go through `native`. */
export const isGated: boolean = own !== null;

export function native<T>(call: () => T): T {
  if (own === null || depth > 0) return call();
  if (Atomics.or(own, 0, INSIDE) & ENDING) standStill(own);
  depth++;
  try {
    return call();
  } finally {
    depth--;
    if (Atomics.and(own, 0, ~INSIDE) & ENDING) standStill(own);
  }
}

/** Calls `end` as soon as the thread is in no call. */
export function endOutside(gate: NativeGate, timer: Timer, end: () => void): void {
  const sinceMs = timer.monotonic();
  const look = (): void => {
    const isInside = (Atomics.or(gate, 0, ENDING) & INSIDE) !== 0;
    if (isInside && timer.monotonic() - sinceMs < MAX_INSIDE_MS) timer.after(LOOK_MS, look);
    else end();
  };
  look();
}

function standStill(gate: NativeGate): void {
  Atomics.and(gate, 0, ~INSIDE);
  Atomics.wait(gate, 1, 0);
}

function ownGate(): NativeGate | null {
  const { gate } = (workerData ?? {}) as { gate?: unknown };
  return gate instanceof Int32Array && gate.buffer instanceof SharedArrayBuffer ? gate : null;
}
