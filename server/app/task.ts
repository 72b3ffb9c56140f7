// A registered task: its function, its options, and the ways to call it.
// Not here: sending (publisher.ts), running (trace.ts), what a body can do about its own run (running-task.ts).
// Holds: a call's options win over the task's, those over the settings; arguments are checked where they are sent.
// Celery 5.6: app/task.py Task
import { hostname } from 'node:os';
import { inspect } from 'node:util';
import { maskValue } from '../../shared/masking.ts';
import { type KeywordsAlone, optionsThatAre } from '../canvas/call-option-table.ts';
import type { ApplyOptions } from '../canvas/call-options.ts';
import { chunks, starmap, xmap } from '../canvas/compose.ts';
import { headerHere, inHeader } from '../canvas/eager.ts';
import type { Kwargs } from '../canvas/host.ts';
import { type PartialArguments, splitKeywords, type WholeArguments } from '../canvas/keywords.ts';
import type { Chunks, XMap, XStarmap } from '../canvas/map.ts';
import { refuseMisplacedOptions, refuseTrailingOptions } from '../canvas/misplaced-options.ts';
import { Signature } from '../canvas/signature.ts';
import { type AsyncResult, EagerResult } from '../results/async-result.ts';
import { checkedArguments, type StandardSchema } from './args-schema.ts';
import {
  bindArguments,
  keywordsFromPlace,
  mostArguments,
  type Parameters,
  parametersOf,
  refuseMissing,
} from './arguments.ts';
import { argumentsOf, checkLimits, checkOptions, keywordsOf } from './call-checks.ts';
import { runInContext, type TaskContext, TaskRequest } from './context.ts';
import { eagerMessage } from './eager-message.ts';
import type { AppHost, RegisteredTask } from './host.ts';
import { sendTask } from './publisher.ts';
import { type EagerRetry, RunningTask } from './running-task.ts';
import { Stop } from './stop.ts';
import { TaskCall } from './task-call.ts';
import type { TaskOptions } from './task-options.ts';
import { traceTask } from './trace.ts';

export type { TaskContext } from './context.ts';
export type { TaskOptions } from './task-options.ts';

/** A task's function. `this` is its running task; arrow functions find it with `currentTask()`. */
export type TaskFunction<A extends readonly unknown[], R> = {
  // Written as a method so that tasks of different arguments fit one registry.
  fn(this: TaskContext, ...args: A): R | PromiseLike<R>;
}['fn'];

export type EagerOptions = ApplyOptions & {
  /** Throw the task's error instead of returning it in the result. Default `task_eager_propagates` */
  throw?: boolean;
};

const NO_KWARGS: Kwargs = {};

export class Task<A extends readonly unknown[] = readonly unknown[], R = unknown> implements RegisteredTask {
  readonly name: string;
  /** The user's function. */
  readonly run: TaskFunction<A, R>;
  /** What was said of it, annotations included; may be changed at run time (rate_limit, time_limit ...). */
  readonly options: TaskOptions;
  readonly #app: AppHost;
  readonly #parameters: Parameters | null;
  readonly #schema: StandardSchema | null;

  constructor(app: AppHost, name: string, options: TaskOptions, run: TaskFunction<A, R>) {
    this.name = name;
    this.run = run;
    this.options = options;
    this.#app = app;
    this.#parameters = options.params ? parametersOf(options.params, run) : null;
    this.#schema = (options.args_schema as StandardSchema | undefined) ?? null;
  }

  get app(): AppHost {
    return this.#app;
  }

  get parameterCount(): number {
    if (!this.#parameters) return this.run.length;
    return this.#parameters.rest === null ? this.#parameters.names.length : Number.POSITIVE_INFINITY;
  }

  /** Send it with these arguments. */
  delay(...args: A): Promise<AsyncResult<R>> {
    try {
      this.#refuseTrailing(args, 'delay');
    } catch (error) {
      return Promise.reject(error);
    }
    return this.applyAsync(args);
  }

  /** The options of its next calls, said first: `task.with({ countdown: 60 }).delay('a@b.c')`. */
  with(options: ApplyOptions): TaskCall<A, R> {
    return new TaskCall(this, options);
  }

  /**
   * Send it. Rejects with a TypeError when the arguments do not fit, and with one that shows the right form when call options stand
   * where keyword arguments belong.
   */
  applyAsync(args?: Readonly<Partial<A>> | readonly [], kwargs?: KeywordsAlone): Promise<AsyncResult<R>>;
  applyAsync(
    args: Readonly<Partial<A>> | readonly [],
    kwargs: Kwargs | undefined,
    options: ApplyOptions | undefined,
  ): Promise<AsyncResult<R>>;
  applyAsync(
    args: Readonly<Partial<A>> | readonly [] = [],
    kwargs: Kwargs = NO_KWARGS,
    given?: ApplyOptions,
  ): Promise<AsyncResult<R>> {
    try {
      const options = given ?? {};
      if (given === undefined) this.#refuseMisplaced(kwargs, 'applyAsync');
      checkOptions(options, this.#app.timer.now());
      const call = this.#written(argumentsOf(args), keywordsOf(kwargs));
      return this.send(call.args, call.kwargs, options) as Promise<AsyncResult<R>>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** `applyAsync` for arguments and options already known to be right. */
  send(args: readonly unknown[], kwargs: Kwargs, options: ApplyOptions): Promise<AsyncResult> {
    try {
      if (this.options.typing !== false) {
        if (this.#parameters) bindArguments(this.name, this.#parameters, args, kwargs);
        else if (!this.#schema) refuseMissing(this.name, this.run, args, kwargs);
        const checked = this.#schema && checkedArguments(this.name, this.#schema, this.bind(args, kwargs));
        if (checked instanceof Promise) return checked.then(() => this.#sendChecked(args, kwargs, options));
      }
      return this.#sendChecked(args, kwargs, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #sendChecked(args: readonly unknown[], kwargs: Kwargs, options: ApplyOptions): Promise<AsyncResult> {
    const app = this.#app;
    try {
      if (app.conf.task_always_eager) return this.#sendEagerly(args, kwargs, options);
      return sendTask(app, this.name, args, kwargs, this.#withOwn(args, kwargs, options), this);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The arguments go through the serializer, as they would on their way to a worker. */
  async #sendEagerly(args: readonly unknown[], kwargs: Kwargs, options: ApplyOptions): Promise<AsyncResult> {
    const serializer = options.serializer ?? this.options.serializer ?? this.#app.conf.task_serializer;
    const { codec } = this.#app;
    await codec.load([serializer]);
    const { body, contentType, contentEncoding } = codec.encode([args, kwargs], serializer);
    const copy = codec.decode(body, contentType, contentEncoding, codec.acceptSet([contentType])) as [
      unknown[],
      Kwargs,
    ];
    return (await this.apply(copy[0] as never, copy[1], options)) as unknown as AsyncResult;
  }

  /** Run it here and now, as a worker would: retries follow at once, results are stored with `task_store_eager_result`. */
  async apply(
    args: Readonly<Partial<A>> | readonly [] = [],
    kwargs: Kwargs = NO_KWARGS,
    options: EagerOptions = {},
  ): Promise<EagerResult<R>> {
    const app = this.#app;
    const given = options.throw ?? app.conf.task_eager_propagates;
    // Where the function has a rest, what stands behind the named ones may be of the rest.
    const call =
      this.#parameters?.rest === null
        ? this.#written(argumentsOf(args), keywordsOf(kwargs))
        : { args: argumentsOf(args), kwargs: keywordsOf(kwargs) };
    let next: EagerRetry | null = { ...call, options };
    for (;;) {
      const message = eagerMessage(this.name, next, this.#withOwn(next.args, next.kwargs, next.options));
      const retry: { again: EagerRetry | null } = { again: null };
      const header = headerHere();
      const options = {
        hostname: hostname(),
        stop: new Stop(),
        eager: true,
        header,
        onRetry: (again: EagerRetry | null) => {
          retry.again = again;
        },
      };
      // What its body runs is no part of the header that it is in.
      const outcome = await (header
        ? inHeader(null, () => traceTask(app, this, message, options))
        : traceTask(app, this, message, options));
      const { id } = message;
      switch (outcome.state) {
        case 'RETRY':
          if (!retry.again) return new EagerResult<R>(id, null, 'RETRY', { taskName: this.name });
          next = retry.again;
          continue;
        case 'SUCCESS':
          return new EagerResult<R>(id, outcome.value, 'SUCCESS', { taskName: this.name });
        case 'FAILURE':
          if (given) throw outcome.error;
          return new EagerResult<R>(id, outcome.error, 'FAILURE', {
            traceback: outcome.traceback,
            taskName: this.name,
          });
        default:
          return new EagerResult<R>(id, null, outcome.state, { taskName: this.name });
      }
    }
  }

  /** A signature with these arguments; what it is given later comes before them. Keyword arguments: `s(1, kwargs({ y: 2 }))`. */
  s(...given: PartialArguments<A>): Signature<R> {
    this.#refuseTrailing(given, 's');
    const { args, kwargs } = splitKeywords(given);
    return new Signature<R>({ task: this.name, ...this.#written(args, kwargs, true) }, this.#app.canvas);
  }

  /** ... that takes no results as further arguments. */
  si(...given: WholeArguments<A>): Signature<R> {
    this.#refuseTrailing(given, 's');
    const { args, kwargs } = splitKeywords(given);
    return new Signature<R>({ task: this.name, ...this.#written(args, kwargs), immutable: true }, this.#app.canvas);
  }

  signature(args: readonly unknown[] = [], kwargs: Kwargs = {}, options?: ApplyOptions): Signature<R> {
    if (options === undefined) this.#refuseMisplaced(kwargs, 'signature');
    const call = this.#written(args, kwargs, true);
    return new Signature<R>({ task: this.name, ...call, options: { ...options } }, this.#app.canvas);
  }

  /** This task for each element, in one message. */
  map(items: readonly unknown[]): XMap {
    return xmap(this.signature(), items);
  }
  /** This task with each element as its arguments, in one message. */
  starmap(items: readonly (readonly unknown[])[]): XStarmap {
    return starmap(this.signature(), items);
  }
  /** ... `n` elements in one message. */
  chunks(items: readonly (readonly unknown[])[], n: number): Chunks {
    return chunks(this.signature(), items, n);
  }

  AsyncResult(id: string): AsyncResult<R> {
    return this.#app.canvas.asyncResult(id) as AsyncResult<R>;
  }

  /** What a caller in TypeScript wrote, as it is sent. */
  #written(args: readonly unknown[], kwargs: Kwargs, partial = false): { args: readonly unknown[]; kwargs: Kwargs } {
    for (const _ in kwargs) return { args, kwargs };
    return keywordsFromPlace(this.#parameters, args, partial) ?? { args, kwargs };
  }

  #refuseTrailing(args: readonly unknown[], method: 'delay' | 's'): void {
    if (args.length <= this.run.length || typeof args.at(-1) !== 'object') return;
    const most = mostArguments(this.run);
    if (most !== null && args.length > most)
      refuseTrailingOptions(args, this.name.slice(this.name.lastIndexOf('.') + 1), method);
  }

  #refuseMisplaced(kwargs: unknown, method: string): void {
    const name = this.name.slice(this.name.lastIndexOf('.') + 1);
    const { names = [], keywords = null } = this.#parameters ?? {};
    refuseMisplacedOptions(kwargs, [...names, ...(keywords?.only ?? [])], `${name}.${method}([...]`);
  }

  toString(): string {
    return `<Task ${this.name} of ${this.#app.name}>`;
  }
  toJSON(): { name: string; options: Readonly<Record<string, unknown>> } {
    const { args_schema: _, ...options } = this.options;
    return { name: this.name, options: maskValue(options) as Record<string, unknown> };
  }
  [inspect.custom](): string {
    return String(this);
  }

  // -- for trace and errbacks

  bind(args: readonly unknown[], kwargs: Kwargs): readonly unknown[] {
    if (this.#parameters) return bindArguments(this.name, this.#parameters, args, kwargs);
    for (const _ in kwargs) return [...args, kwargs];
    return args;
  }

  call(context: TaskContext, args: readonly unknown[]): unknown {
    if (this.#schema) {
      const checked = checkedArguments(this.name, this.#schema, args);
      if (checked instanceof Promise)
        return checked.then((made) => Reflect.apply(this.run, context, made as unknown[]));
      return Reflect.apply(this.run, context, checked as unknown[]);
    }
    return Reflect.apply(this.run, context, args as unknown[]);
  }

  callWithoutRequest(args: readonly unknown[]): unknown {
    const request = new TaskRequest(eagerMessage(this.name, { args, kwargs: {} }, {}), {
      hostname: hostname(),
      stop: new Stop(),
      calledDirectly: true,
    });
    const running = new RunningTask(this.#app, this, request);
    return runInContext(running, () => this.call(running, args));
  }

  /** The options of a call over the task's own. Celery 5.6: app/task.py extract_exec_options, apply_async */
  #withOwn(args: readonly unknown[], kwargs: Kwargs, options: ApplyOptions): ApplyOptions {
    const own = this.options;
    const merged: Record<string, unknown> = {};
    for (const name of OWN) if (own[name] !== undefined && own[name] !== null) merged[name] = own[name];
    if (own.ignore_result ?? this.#app.conf.task_ignore_result) merged.ignore_result = true;
    for (const [name, value] of Object.entries(options)) if (value !== undefined) merged[name] = value;
    checkLimits(merged as ApplyOptions);
    const shadow = options.shadow ?? own.shadow_name?.(args, kwargs);
    if (shadow) merged.shadow = shadow;
    delete merged.throw;
    return merged as ApplyOptions;
  }
}

/** Task options that are call options of each of its calls. */
const OWN = optionsThatAre('ofTask');
