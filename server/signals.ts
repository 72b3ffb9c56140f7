// Hooks one may connect to: task_prerun, worker_ready and the rest, with Celery's names and payload fields.
// Not here: who sends them (publisher, trace, worker, beat).
// Holds: a receiver that throws or rejects is logged, never felt by the sender; receivers run in the order they were connected.
// Celery 5.6: signals.py, utils/dispatch/signal.py
import { createLogger, type Logger } from './log.ts';

export type Receiver<T> = (payload: T) => unknown;

let log: Logger | undefined;

export class Signal<T> {
  readonly name: string;
  #receivers: readonly Receiver<T>[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** @returns what disconnects it. Connecting one function twice counts once. */
  connect(receiver: Receiver<T>): () => void {
    if (!this.#receivers.includes(receiver)) this.#receivers = [...this.#receivers, receiver];
    return () => this.disconnect(receiver);
  }

  disconnect(receiver: Receiver<T>): void {
    this.#receivers = this.#receivers.filter((r) => r !== receiver);
  }

  send(payload: T): void {
    for (const receiver of this.#receivers) {
      try {
        const returned = receiver(payload);
        if (returned instanceof Promise) returned.catch((error: unknown) => this.#failed(error));
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  /** Senders on hot paths look here before they build a payload. */
  get size(): number {
    return this.#receivers.length;
  }

  #failed(error: unknown): void {
    log ??= createLogger({ name: 'signals' });
    log.error(`Signal handler of ${this.name} failed: ${String(error)}`, { error });
  }
}

/** `sender` is the task, by its name for before/after_task_publish and revoked/unknown tasks as in Celery. */
export interface TaskSignal {
  readonly sender: unknown;
  readonly task_id: string;
}
/** A request as receivers see it: the running TaskRequest, or the worker's own request. */
export interface RequestLike {
  readonly id: string;
}

export interface SignalPayloads {
  before_task_publish: PublishPayload & {
    readonly declare: readonly unknown[];
    readonly retry_policy: Readonly<Record<string, unknown>> | null;
  };
  after_task_publish: PublishPayload;
  task_received: { readonly sender: unknown; readonly request: RequestLike };
  task_prerun: TaskSignal & {
    readonly task: unknown;
    readonly args: readonly unknown[];
    readonly kwargs: Readonly<Record<string, unknown>>;
  };
  task_postrun: TaskSignal & {
    readonly task: unknown;
    readonly args: readonly unknown[];
    readonly kwargs: Readonly<Record<string, unknown>>;
    readonly retval: unknown;
    readonly state: string;
  };
  task_success: { readonly sender: unknown; readonly result: unknown };
  task_retry: {
    readonly sender: unknown;
    readonly request: RequestLike;
    readonly reason: unknown;
    readonly einfo: string | null;
  };
  task_failure: TaskSignal & {
    readonly exception: Error;
    readonly args: readonly unknown[];
    readonly kwargs: Readonly<Record<string, unknown>>;
    readonly traceback: string | null;
    readonly einfo: string | null;
  };
  task_internal_error: TaskSignal & { readonly exception: Error; readonly args: readonly unknown[] };
  task_revoked: {
    readonly sender: unknown;
    readonly request: RequestLike;
    readonly terminated: boolean;
    readonly signum: number | null;
    readonly expired: boolean;
  };
  task_rejected: { readonly sender: unknown; readonly message: unknown; readonly exc: Error | null };
  task_unknown: {
    readonly sender: unknown;
    readonly name: string;
    readonly id: string;
    readonly message: unknown;
    readonly exc: Error;
  };
  celeryd_init: { readonly sender: string; readonly instance: unknown; readonly conf: unknown };
  celeryd_after_setup: { readonly sender: string; readonly instance: unknown; readonly conf: unknown };
  worker_init: { readonly sender: unknown };
  worker_ready: { readonly sender: unknown };
  worker_process_init: { readonly sender: unknown };
  worker_process_shutdown: { readonly sender: unknown; readonly pid: number; readonly exitcode: number };
  worker_shutting_down: {
    readonly sender: unknown;
    readonly sig: string;
    readonly how: string;
    readonly exitcode: number;
  };
  worker_shutdown: { readonly sender: unknown };
  worker_before_create_process: { readonly sender: unknown };
  heartbeat_sent: { readonly sender: unknown };
  beat_init: { readonly sender: unknown };
  beat_embedded_init: { readonly sender: unknown };
  import_modules: { readonly sender: unknown };
}

interface PublishPayload {
  /** The task's name. */
  readonly sender: string;
  /** The message's payload: args, kwargs, embed. */
  readonly body: unknown;
  readonly exchange: string;
  readonly routing_key: string;
  readonly headers: Record<string, unknown>;
  readonly properties: Record<string, unknown>;
}

export type SignalName = keyof SignalPayloads;
export type Signals = { readonly [N in SignalName]: Signal<SignalPayloads[N]> };

const NAMES: readonly SignalName[] = [
  'before_task_publish',
  'after_task_publish',
  'task_received',
  'task_prerun',
  'task_postrun',
  'task_success',
  'task_retry',
  'task_failure',
  'task_internal_error',
  'task_revoked',
  'task_rejected',
  'task_unknown',
  'celeryd_init',
  'celeryd_after_setup',
  'worker_init',
  'worker_ready',
  'worker_process_init',
  'worker_process_shutdown',
  'worker_shutting_down',
  'worker_shutdown',
  'worker_before_create_process',
  'heartbeat_sent',
  'beat_init',
  'beat_embedded_init',
  'import_modules',
];

export const signals = Object.fromEntries(NAMES.map((name) => [name, new Signal(name)])) as unknown as Signals;
