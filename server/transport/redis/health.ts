// Does a connection to Redis still answer? It is asked now and then; without an answer in time it is given up, since a line can fall
// silent without being closed, and then nobody would ever be told.
// Not here: what giving up means (link.ts, backends/redis-client.ts).
// Holds: a process that stood still itself (a task that blocks it, a stopped container) does not take that for the server's silence;
// a line on which much else comes before the answer is not silent.
// Redis-py: connection.py check_health; kombu's `health_check_interval` is 25 s, and nobody waits for the answer there
import type { Redis } from 'ioredis';
import type { Timer, TimerHandle } from '../../timer.ts';

export interface HealthOptions {
  /** `health_check_interval`; 0: never asked. @unit milliseconds */
  readonly healthCheckMs: number;
  /** `socket_timeout`, else fifteen seconds. @unit milliseconds */
  readonly answerWithinMs: number;
}

/** Together 25 s: with the reconnect, a line that fell silent is noticed and replaced within half a minute. */
const ASK_EVERY_S = 10;
const ANSWER_WITHIN_S = 15;

/** Once somebody who leaves waits for it. @unit milliseconds */
const LEAVING_ASK_EVERY_MS = 1000;
const LEAVING_ANSWER_WITHIN_MS = 3000;

/** A deadline that comes so much too late says that this process did not run. */
const STOOD_STILL_MS = 250;

export interface HealthWatch {
  /** Its user is about to leave and waits for answers: ask at once and often, and give up soon. */
  hurry(): void;
  stop(): void;
}

/** From before it connects. */
export function watchHealth(
  client: Redis,
  timer: Timer,
  options: HealthOptions,
  giveUp: (e: Error) => void,
): HealthWatch {
  let { answerWithinMs } = options;
  const { healthCheckMs } = options;
  let deadline: TimerHandle | null = null;
  let isWatching = healthCheckMs > 0;
  const expect = () => {
    if (!isWatching) return;
    deadline?.cancel();
    const dueMs = timer.monotonic() + answerWithinMs;
    const before = client.stream?.bytesRead;
    deadline = timer.after(answerWithinMs, () => {
      deadline = null;
      if (timer.monotonic() - dueMs > STOOD_STILL_MS || client.stream?.bytesRead !== before) expect();
      else giveUp(new Error(`no answer within ${answerWithinMs / 1000} s`));
    });
  };
  const answered = () => {
    deadline?.cancel();
    deadline = null;
  };
  // Between 'connect' and 'ready' it is greeted, which takes an answer, too.
  client.on('connect', expect).on('ready', answered).on('close', answered);
  const ask = () => {
    if (deadline || client.status !== 'ready') return;
    expect();
    client.ping().then(answered, answered);
  };
  let asks = isWatching ? timer.every(healthCheckMs, ask) : null;
  return {
    hurry() {
      asks?.cancel();
      isWatching = true;
      answerWithinMs = Math.min(answerWithinMs, LEAVING_ANSWER_WITHIN_MS);
      // What was asked before was to be answered within the longer time.
      if (deadline || client.status === 'connect') expect();
      else ask();
      asks = timer.every(LEAVING_ASK_EVERY_MS, ask);
    },
    stop() {
      asks?.cancel();
      answered();
    },
  };
}

/** @param options kombu's names, in seconds */
export function healthOptions(options: Readonly<Record<string, unknown>>): HealthOptions {
  const { health_check_interval: every = ASK_EVERY_S, socket_timeout: within } = options;
  const answerWithin = typeof within === 'number' && within > 0 ? within : ANSWER_WITHIN_S;
  return { healthCheckMs: (typeof every === 'number' ? every : 0) * 1000, answerWithinMs: answerWithin * 1000 };
}
