// What a body can do about its own run: retry, replace itself, store a state. It is the `this` of every task function.
// Not here: deciding what became of the run (trace.ts).
// Holds: a retry keeps the id and all that hangs on it; the message of a retry is on its way before Retry is thrown.
// Celery 5.6: app/task.py Task.retry, replace, update_state, signature_from_request
import { kwargsRepr, saferepr } from '../../shared/python-repr.ts';
import { countsChords } from '../backends/contract.ts';
import type { ApplyOptions, SignatureLike } from '../canvas/call-options.ts';
import { Chain } from '../canvas/chain.ts';
import { type AddedPart, inHeader } from '../canvas/eager.ts';
import { endsInGroup } from '../canvas/group-end.ts';
import type { CanvasResult } from '../canvas/host.ts';
import { Chunks } from '../canvas/map.ts';
import { Signature } from '../canvas/signature.ts';
import {
  Ignore,
  ImproperlyConfigured,
  MaxRetriesExceededError,
  NotImplementedError,
  Retry,
  Terminated,
  TimeLimitExceeded,
  toError,
} from '../errors.ts';
import type { Logger } from '../log.ts';
import { encodeFailure, exceptionRepr, pythonTraceback } from '../protocol/failure.ts';
import { parseIsoTime } from '../protocol/task-message.ts';
import type { AsyncResult } from '../results/async-result.ts';
import { checkOptions } from './call-checks.ts';
import { checkTimes } from './call-times.ts';
import type { RetryOptions, TaskContext, TaskRequest } from './context.ts';
import type { AppHost, RegisteredTask } from './host.ts';
import { sendTask } from './publisher.ts';
import { ignoresResult, storeResult } from './store-result.ts';
import type { TaskOptions } from './task-options.ts';

const MAX_RETRIES = 3;
/** @unit seconds */
const RETRY_DELAY = 180;

/** The next try of a task run eagerly. */
export interface EagerRetry {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly options: ApplyOptions;
}

export class RunningTask implements TaskContext {
  readonly app: AppHost;
  readonly task: RegisteredTask;
  readonly request: TaskRequest;
  /** The sending of a retry, to be awaited before the run ends. */
  sending: Promise<unknown> | null = null;
  eagerRetry: EagerRetry | null = null;
  /** Run here as a part of a chord: where parts are added to it. */
  readonly header: AddedPart[] | null;

  constructor(app: AppHost, task: RegisteredTask, request: TaskRequest, header: AddedPart[] | null = null) {
    this.app = app;
    this.task = task;
    this.request = request;
    this.header = header;
  }

  get name(): string {
    return this.task.name;
  }
  get options(): TaskOptions {
    return this.task.options;
  }
  get signal(): AbortSignal {
    return this.request.signal;
  }
  get log(): Logger {
    const { id } = this.request;
    return this.app.log.child(`${this.name}[${id}]`, { name: this.name, id });
  }

  retry(options?: RetryOptions & { throw?: true }): never;
  retry(options: RetryOptions & { throw: false }): Error;
  retry(options: RetryOptions = {}): Error {
    const { request, task, app } = this;
    const { exc: _exc, args: _args, kwargs: _kwargs, max_retries: _max, throw: _throw, ...given } = options;
    checkOptions(given, app.timer.now());
    const { countdown: _countdown, eta: _eta, ...further } = given;
    if (request.calledDirectly) throw options.exc ?? new Retry('Task can be retried');
    stopIfAbandoned(this.request.stopReason);
    const retries = request.retries + 1;
    const max = options.max_retries !== undefined ? options.max_retries : task.options.max_retries;
    const limit = max === undefined ? MAX_RETRIES : max;
    const args = options.args ?? request.args;
    const kwargs = options.kwargs ?? request.kwargs;
    if (limit !== null && retries > limit) {
      throw options.exc ?? new MaxRetriesExceededError(exceeded(this.name, request.id, args, kwargs));
    }
    const countdown = options.eta ? undefined : (options.countdown ?? task.options.default_retry_delay ?? RETRY_DELAY);
    checkTimes({ countdown }, app.timer.now());
    const when = whenOf(app, options.eta, countdown);
    const call: ApplyOptions = {
      ...withoutPlace(executionOptions(request), further),
      ...further,
      ...(options.eta ? { eta: options.eta } : { countdown: countdown! }),
      retries,
    };
    const retry = new Retry(retryText(options.exc, options.eta, countdown), options.exc ?? null, when);
    if (request.isEager) {
      this.eagerRetry = { args, kwargs, options: call };
    } else {
      // The state first: the next try may end before this run does, and its state must not be overwritten. (Celery sends first.)
      this.sending = this.#storeRetry(options.exc ?? retry).then(() => {
        return sendTask(app, this.name, args, kwargs, call, task);
      });
      // Looked at when the run ends; until then a failure must not count as unhandled.
      this.sending.catch(() => {});
    }
    if (options.throw === false) return retry;
    throw retry;
  }

  async #storeRetry(cause: Error): Promise<void> {
    const { app, task, request } = this;
    if (ignoresResult(app, task)) return;
    const stored = { state: 'RETRY', result: encodeFailure(cause), traceback: pythonTraceback(cause) };
    try {
      await storeResult(app, request.message, { ...stored, hostname: request.hostname });
    } catch (error) {
      app.log.error(`Cannot store that ${this.name}[${request.id}] is retried: ${toError(error).message}`);
    }
  }

  updateState(update: { state: string; meta?: unknown; task_id?: string }): Promise<void> {
    const { message, hostname } = this.request;
    const target = update.task_id ? { ...message, id: update.task_id } : message;
    return storeResult(this.app, target, { state: update.state, result: update.meta ?? null, hostname });
  }

  async replace(like: SignatureLike): Promise<never> {
    const { request, app } = this;
    const { canvas } = app;
    stopIfAbandoned(this.request.stopReason);
    let replacement = canvas.revive(like).clone();
    if (replacement.options.chord) {
      throw new ImproperlyConfigured('A signature replacing a task must not be part of a chord.');
    }
    if (replacement instanceof Chain && replacement.isEmpty) {
      throw new ImproperlyConfigured('Cannot replace with an empty chain');
    }
    // A group of results is no result of a task: it becomes the list of them.
    if (replacement instanceof Chunks) replacement = replacement.group();
    if (endsInGroup(replacement)) {
      const accumulate = { task: 'celery.accumulate', args: [], kwargs: { index: 0 }, options: {} };
      replacement = canvas.pipe(replacement, { ...accumulate, subtask_type: null, immutable: false });
    }
    // An eager run ends as this task: its own links are followed then.
    if (!request.isEager) {
      for (const callback of request.callbacks ?? []) replacement.link(callback);
      for (const errback of request.errbacks ?? []) replacement.linkError(errback);
    }
    // What follows it follows its own last task, and not what comes after that.
    if (replacement instanceof Chain) replacement = replacement.settled();
    replacement.freeze({ id: request.id });
    replacement.set({
      ...(request.chord ? { chord: request.chord } : {}),
      ...(request.group ? { group_id: request.group } : {}),
      ...(request.groupIndex === null ? {} : { group_index: request.groupIndex }),
      ...(request.rootId ? { root_id: request.rootId } : {}),
      replaced_task_nesting: request.replacedTaskNesting + 1,
    });
    for (const step of [...(request.chain ?? [])].reverse()) replacement = canvas.pipe(replacement, step);
    const { on_replace } = this.task.options;
    const { args, kwargs } = request;
    const other = on_replace && (await on_replace({ task_id: request.id, args, kwargs, signature: replacement }));
    if (other instanceof Signature) replacement = other;
    if (request.isEager) return (await (await inHeader(this.header, () => replacement.apply())).get()) as never;
    await replacement.applyAsync();
    throw new Ignore('Replaced by new task');
  }

  addToChord(like: SignatureLike, options?: { readonly lazy?: false }): Promise<CanvasResult>;
  addToChord(like: SignatureLike, options: { readonly lazy: true }): Promise<Signature>;
  async addToChord(like: SignatureLike, { lazy = false }: { readonly lazy?: boolean } = {}) {
    const { request, app } = this;
    const { chord, group } = request;
    if (this.header) return this.#addHere(this.header, like, lazy);
    if (!chord || !group)
      throw new TypeError(`${this.name}[${request.id}] is no part of a chord: nothing can be added to it.`);
    const backend = await app.backend();
    if (!countsChords(backend)) {
      throw new NotImplementedError(
        `The result store '${backend.driver}' does not count the parts of chords, so that a chord in it cannot grow. Redis, SQLite and memory can.`,
      );
    }
    const added = app.canvas.revive(like).clone();
    added.set({
      chord,
      group_id: group,
      ...(request.groupIndex === null ? {} : { group_index: request.groupIndex }),
      ...(request.rootId ? { root_id: request.rootId } : {}),
    });
    added.freeze({ groupId: group, groupIndex: request.groupIndex, chord: app.canvas.revive(chord) });
    // Counted before it is sent: this task is a part that has not ended, so that the chord waits for both.
    await backend.growChord(group, added.chordSize);
    return lazy ? added : added.applyAsync();
  }

  async #addHere(header: AddedPart[], like: SignatureLike, lazy: boolean): Promise<CanvasResult> {
    if (lazy) {
      throw new NotImplementedError(
        'A chord that runs here and now goes on to its body as soon as its header has ended: a part cannot be added to be sent later. Leave out { lazy: true }.',
      );
    }
    const { group, groupIndex, rootId } = this.request;
    const part = this.app.canvas.revive(like).clone();
    part.set({
      ...(group ? { group_id: group } : {}),
      ...(groupIndex === null ? {} : { group_index: groupIndex }),
      ...(rootId ? { root_id: rootId } : {}),
    });
    const result = await inHeader(header, () => part.apply());
    header.push({ index: groupIndex ?? 0, result });
    return result;
  }

  sendTask(
    name: string,
    args: readonly unknown[] = [],
    kwargs: Record<string, unknown> = {},
    options: ApplyOptions = {},
  ): Promise<AsyncResult> {
    return sendTask(this.app, name, args, kwargs, options, this.app.tasks.get(name));
  }
}

/** A body that was given up (terminated, hard limit) may go on, but must not have effects in its name. */
function stopIfAbandoned(reason: Error | null): void {
  if (isAbandoned(reason)) throw reason;
}

export function isAbandoned(reason: Error | null): boolean {
  return reason !== null && (reason instanceof Terminated || reason instanceof TimeLimitExceeded);
}

/** What a task sent again keeps. Celery 5.6, app/task.py Context.as_execution_options */
function executionOptions(request: TaskRequest): ApplyOptions {
  const { message, deliveryInfo } = request;
  const [time_limit, soft_time_limit] = message.timelimit;
  const anonymous = deliveryInfo.exchange === '' && deliveryInfo.routing_key !== '';
  return defined({
    task_id: message.id,
    root_id: message.root_id,
    parent_id: message.parent_id,
    group_id: message.group,
    group_index: message.group_index,
    shadow: message.shadow,
    chord: message.embed.chord,
    chain: message.embed.chain,
    link: message.embed.callbacks,
    link_error: message.embed.errbacks,
    expires: message.expires,
    time_limit,
    soft_time_limit,
    headers: Object.keys(message.headers).length > 0 ? message.headers : null,
    reply_to: message.reply_to,
    replaced_task_nesting: message.replaced_task_nesting,
    origin: message.origin,
    stamped_headers: message.stamped_headers,
    stamps: message.stamped_headers ? message.stamps : null,
    ignore_result: message.ignore_result,
    priority: deliveryInfo.priority,
    add_to_parent: false,
    ...(anonymous
      ? { queue: deliveryInfo.routing_key }
      : { exchange: deliveryInfo.exchange || null, routing_key: deliveryInfo.routing_key || null }),
  }) as ApplyOptions;
}

/** Another queue, or exchange and key, takes the place of where this try came from. */
function withoutPlace(options: ApplyOptions, further: ApplyOptions): ApplyOptions {
  const { queue, exchange, routing_key, ...rest } = options;
  return further.queue || further.exchange || further.routing_key ? rest : options;
}

function defined(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null && value !== undefined));
}

function whenOf(app: AppHost, eta: Date | string | undefined, countdown: number | undefined): number {
  if (eta instanceof Date) return eta.getTime();
  if (eta) return parseIsoTime(eta);
  return app.timer.now() + (countdown ?? 0) * 1000;
}

function retryText(exc: Error | undefined, eta: Date | string | undefined, countdown: number | undefined): string {
  const when = eta ? `at ${eta instanceof Date ? eta.toISOString() : eta}` : `in ${countdown}s`;
  return exc ? `Retry ${when}: ${exceptionRepr(exc)}` : `Retry ${when}`;
}

function exceeded(
  name: string,
  id: string,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): string {
  return `Can't retry ${name}[${id}] args:${saferepr(args)} kwargs:${kwargsRepr(kwargs)}`;
}
