// What the rooms of this floor ask of the app, and of a task in its registry. `Celery` and `Task` satisfy it.
import type { Backend } from '../backends/contract.ts';
import type { CanvasHost } from '../canvas/host.ts';
import type { EventDispatcher } from '../events/dispatcher.ts';
import type { Logger } from '../log.ts';
import type { Producer } from '../messaging/producer.ts';
import type { ResultHost } from '../results/async-result.ts';
import type { Codec } from '../serialization/codec.ts';
import type { Timer } from '../timer.ts';
import type { Config } from './config.ts';
import type { TaskContext } from './context.ts';
import type { Router } from './routing.ts';
import type { TaskOptions } from './task-options.ts';
import type { Telemetry } from './telemetry.ts';

export interface RegisteredTask {
  readonly name: string;
  readonly options: TaskOptions;
  /** The user's function. */
  call(context: TaskContext, args: readonly unknown[]): unknown;
  /** Its arguments for a message's. @throws TypeError when they do not fit */
  bind(args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): readonly unknown[];
  /** How many parameters the function has. */
  readonly parameterCount: number;
  /** As a plain function, without a request. */
  callWithoutRequest(args: readonly unknown[]): unknown;
}

export interface AppHost extends ResultHost {
  readonly name: string;
  readonly conf: Config;
  readonly log: Logger;
  readonly timer: Timer;
  readonly oid: string;
  readonly tasks: ReadonlyMap<string, RegisteredTask>;
  readonly router: Router;
  readonly canvas: CanvasHost;
  readonly codec: Codec;
  producer(): Producer;
  backend(): Promise<Backend>;
  /** The store when it is open already; spares hot paths a turn. */
  readonly openBackend: Backend | null;
  /** Tracing and metrics; null unless somebody asked for them. */
  readonly telemetry: Telemetry | null;
  /** Parts of chords that this process has counted: while it counts, there are open chords to look after. */
  chordPartsCounted: number;
  /** For task-sent events; null when `task_send_sent_event` is off. */
  sentEvents(): EventDispatcher | null;
}
