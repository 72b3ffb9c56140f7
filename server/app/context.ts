// The request now running: what a task's body can know of the message that started it, kept in async local storage.
// Not here: running it (trace.ts), what `retry` and `replace` do (running-task.ts).
// Holds: `currentRequest()` is the innermost task of the present async chain; outside of tasks it is undefined.
// Celery 5.6: app/task.py Context, _state.py current_worker_task
import { AsyncLocalStorage } from 'node:async_hooks';
import type { CanvasResult } from '../canvas/host.ts';
import type { Signature } from '../canvas/signature.ts';
import type { Logger } from '../log.ts';
import type { TaskMessage, WireSignature } from '../protocol/task-message.ts';
import type { AsyncResult } from '../results/async-result.ts';
import type { AnyResult } from '../results/host.ts';
import type { DeliveryInfo } from '../transport/message.ts';
import type { Stop } from './stop.ts';
import type { ApplyOptions, SignatureLike, TaskOptions } from './task-options.ts';

export interface RequestSurroundings {
  readonly hostname: string | null;
  readonly stop: Stop;
  /** Run in the caller's process by `apply`. */
  readonly isEager?: boolean;
  /** The body was called as a function, without any request. */
  readonly calledDirectly?: boolean;
}

/** One execution's message and surroundings. Read-only but for the children it gathers. */
export class TaskRequest {
  readonly message: TaskMessage;
  readonly hostname: string | null;
  readonly isEager: boolean;
  readonly calledDirectly: boolean;
  readonly #stop: Stop;
  #children: AnyResult[] | null = null;

  constructor(message: TaskMessage, around: RequestSurroundings) {
    this.message = message;
    this.hostname = around.hostname;
    this.#stop = around.stop;
    this.isEager = around.isEager === true;
    this.calledDirectly = around.calledDirectly === true;
  }

  /** Aborted by a soft time limit (reason SoftTimeLimitExceeded), a terminating revoke (Terminated), or a cold stop. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }
  /** What `signal` speaks of; does not make it. */
  get stopReason(): Error | null {
    return this.#stop.reason;
  }
  get id(): string {
    return this.message.id;
  }
  get task(): string {
    return this.message.task;
  }
  get args(): readonly unknown[] {
    return this.message.args;
  }
  get kwargs(): Readonly<Record<string, unknown>> {
    return this.message.kwargs;
  }
  get retries(): number {
    return this.message.retries;
  }
  get rootId(): string | null {
    return this.message.root_id;
  }
  get parentId(): string | null {
    return this.message.parent_id;
  }
  get group(): string | null {
    return this.message.group;
  }
  get groupIndex(): number | null {
    return this.message.group_index;
  }
  get eta(): string | null {
    return this.message.eta;
  }
  get expires(): string | null {
    return this.message.expires;
  }
  get deliveryInfo(): DeliveryInfo {
    return this.message.delivery_info;
  }
  get replyTo(): string | null {
    return this.message.reply_to;
  }
  get correlationId(): string | null {
    return this.message.correlation_id;
  }
  /** Headers that are none of the protocol's. */
  get headers(): Readonly<Record<string, unknown>> {
    return this.message.headers;
  }
  get stamps(): Readonly<Record<string, unknown>> {
    return this.message.stamps;
  }
  get stampedHeaders(): readonly string[] | null {
    return this.message.stamped_headers;
  }
  get origin(): string | null {
    return this.message.origin;
  }
  get lang(): string {
    return this.message.lang;
  }
  get shadow(): string | null {
    return this.message.shadow;
  }
  get argsrepr(): string | null {
    return this.message.argsrepr;
  }
  get kwargsrepr(): string | null {
    return this.message.kwargsrepr;
  }
  /** Hard limit first, as on the wire. @unit seconds */
  get timelimit(): readonly [hard: number | null, soft: number | null] {
    return this.message.timelimit;
  }
  get ignoreResult(): boolean {
    return this.message.ignore_result;
  }
  get replacedTaskNesting(): number {
    return this.message.replaced_task_nesting;
  }
  get callbacks(): readonly WireSignature[] | null {
    return this.message.embed.callbacks;
  }
  get errbacks(): readonly WireSignature[] | null {
    return this.message.embed.errbacks;
  }
  /** The rest of its chain, last step first. */
  get chain(): readonly WireSignature[] | null {
    return this.message.embed.chain;
  }
  get chord(): WireSignature | null {
    return this.message.embed.chord;
  }
  get properties(): Readonly<Record<string, unknown>> {
    return this.message.properties;
  }
  get utc(): boolean {
    return this.message.utc;
  }
  /** Results of the tasks it has sent so far. */
  get children(): readonly AnyResult[] {
    return this.#children ?? NONE;
  }
  addChild(result: AnyResult): void {
    this.#children ??= [];
    this.#children.push(result);
  }
}

const NONE: readonly AnyResult[] = [];

/** Beyond these every call option (queue, priority, expires ...), for the next try instead of what this one was sent with. */
export interface RetryOptions extends Omit<ApplyOptions, 'countdown' | 'eta' | 'task_id' | 'retries'> {
  /** Why: stored as the result of the RETRY state, and thrown when the tries are used up. */
  exc?: Error;
  /** Other arguments for the next try. */
  args?: readonly unknown[];
  kwargs?: Readonly<Record<string, unknown>>;
  /** @unit seconds. Default the task's `default_retry_delay` */
  countdown?: number;
  eta?: Date | string;
  /** For this retry instead of the task's; null = for ever. */
  max_retries?: number | null;
  /** False: do not throw, only send. */
  throw?: boolean;
}

/** What a task's body has as `this`. */
export interface TaskContext {
  readonly name: string;
  readonly options: TaskOptions;
  readonly request: TaskRequest;
  /** The request's signal: hand it to `fetch` and other things that can be stopped. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /**
   * Send this task again, later, with the same id; then throws Retry, so that nothing after it runs.
   * The message is on its way even when the throw is caught; the run ends when it has arrived.
   */
  retry(options?: RetryOptions & { throw?: true }): never;
  retry(options: RetryOptions & { throw: false }): Error;
  /** Store a state of your own (`PROGRESS` ...) with any value. */
  updateState(update: { state: string; meta?: unknown; task_id?: string }): Promise<void>;
  /** Let another signature finish in this task's place, under this task's id. Throws Ignore once it is sent. */
  replace(signature: SignatureLike): Promise<never>;
  /**
   * Add a signature, of any kind but an empty one, to the chord this task is a header task of: the chord waits for it, too.
   * @returns its result; with `lazy` the signature, which is to be sent by `applyAsync()`
   */
  addToChord(signature: SignatureLike, options?: { readonly lazy?: false }): Promise<CanvasResult>;
  addToChord(signature: SignatureLike, options: { readonly lazy: true }): Promise<Signature>;
  /** Send any task by name, as a child of this one. */
  sendTask(
    name: string,
    args?: readonly unknown[],
    kwargs?: Record<string, unknown>,
    options?: ApplyOptions,
  ): Promise<AsyncResult>;
}

const storage = new AsyncLocalStorage<TaskContext>();

/** The request of the task now running in this async chain. */
export function currentRequest(): TaskRequest | undefined {
  return storage.getStore()?.request;
}

/** The running task itself: what its body has as `this`, for arrow functions and code called by the body. */
export function currentTask(): TaskContext | undefined {
  return storage.getStore();
}

/** What the task now running sends is its child, unless its `trail` is off. Celery 5.6: app/task.py add_trail */
export function addToTrail(result: AnyResult): void {
  const task = currentTask();
  if (task && task.options.trail !== false) task.request.addChild(result);
}

export function runInContext<T>(context: TaskContext, fn: () => T): T {
  return storage.run(context, fn);
}
