// The dashboard's timer: what a callback throws is told in the log, and the next round comes. An odd record must not end a dashboard that
// others look at; a worker's timer surfaces it instead (../timer.ts).
// Holds: the same error is told once in so many minutes.
import { BoundedMap } from '../../shared/bounded-map.ts';
import { toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Timer } from '../timer.ts';

const LOG_EVERY_MS = 300_000;

export function steadyTimer(timer: Timer, log: Logger): Timer {
  const logged = new BoundedMap<string, number>(100);
  const steady = (fn: () => void) => (): void => {
    try {
      fn();
    } catch (error) {
      const { message, stack = message } = toError(error);
      const now = timer.monotonic();
      if (now - (logged.get(message) ?? Number.NEGATIVE_INFINITY) < LOG_EVERY_MS) return;
      logged.set(message, now);
      log.error(`A part of the dashboard failed, and goes on: ${stack}`);
    }
  };
  return {
    now: () => timer.now(),
    monotonic: () => timer.monotonic(),
    at: (whenMs, fn, priority) => timer.at(whenMs, steady(fn), priority),
    after: (delayMs, fn) => timer.after(delayMs, steady(fn)),
    every: (intervalMs, fn) => timer.every(intervalMs, steady(fn)),
    onJump: (fn) => timer.onJump(fn),
    clear: () => timer.clear(),
    get size() {
      return timer.size;
    },
  };
}
