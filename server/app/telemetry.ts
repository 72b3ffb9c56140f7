// What sending and running tell to tracing and metrics, where somebody asked for them. Null in an app that nobody instrumented: one check.
// Not here: OpenTelemetry, which `umbel/otel` alone loads (otel.ts).
import type { TaskMessage } from '../protocol/task-message.ts';
import type { TaskOutcome } from './outcome.ts';
import type { Stop } from './stop.ts';

/** A message on its way to the broker. */
export interface PublishedTask {
  readonly id: string;
  readonly task: string;
  readonly correlation_id: string;
  readonly retries: number;
  readonly queue: string | null;
  readonly exchange: string;
  readonly routing_key: string;
  /** @unit bytes */
  readonly bodySize: number;
  /** The message's own: context may be written into it. Null in protocol 1, where Python writes none. */
  readonly headers: Record<string, unknown> | null;
}

export interface RunPlace {
  readonly hostname: string;
  /** Called here and now: what is around the call is around the run. */
  readonly eager: boolean;
  /** A run that is ended from outside is over at that moment, whatever its body still does. */
  readonly stop: Stop;
}

/** A run whose process ended with it, so that nobody there told its end. */
export interface LostRun {
  readonly hostname: string;
  /** When it began. @unit milliseconds since the epoch */
  readonly startedMs: number;
}

export interface Telemetry {
  /** Calls `send` once, and rejects as it does. */
  publish<T>(task: PublishedTask, send: () => Promise<T>): Promise<T>;
  /** Calls `run` once, and gives its outcome. */
  run(message: TaskMessage, place: RunPlace, run: () => Promise<TaskOutcome>): Promise<TaskOutcome>;
  /** Its worker tells it instead. */
  lost(message: TaskMessage, run: LostRun, outcome: TaskOutcome): void;
}
