// The result of one sent task: its state, waiting for it, its exception as an error, its relatives.
// Groups: group-result.ts. Where results are kept: backends/. How exceptions travel: protocol/failure.ts.
// Holds: nothing is asked in a loop; a timeout ends the waiting, not the task; a ready record is asked for once and remembered;
// it is no thenable, so that an async function may return it.
// Celery 5.6: result.py AsyncResult, EagerResult
import { inspect } from 'node:util';
import { PROPAGATE_STATES, READY_STATES } from '../../shared/states.ts';
import { BackendError, TimeoutError, toError } from '../errors.ts';
import { type ResultMeta, resultOf } from '../protocol/result-meta.ts';
import { DeadlinePassed, withDeadline } from './deadline.ts';
import { collectFrom, type DependencyOptions, graphOf, idsBefore, type ResultGraph } from './dependencies.ts';
import { GroupResult } from './group-result.ts';
import type { AnyResult, GetOptions, ResultHost, ResultTuple, RevokeOptions } from './host.ts';

export type { AnyResult, GetOptions, ResultHost, ResultTuple, RevokeOptions } from './host.ts';

export interface AsyncResultOptions {
  readonly parent?: AnyResult | null;
  readonly children?: readonly AnyResult[] | null;
  /** Only for what is told of it. */
  readonly taskName?: string | null;
}

export class AsyncResult<T = unknown> implements AnyResult {
  readonly kind = 'task';
  readonly id: string;
  readonly host: ResultHost;
  readonly taskName: string | null;
  /** The result of the task before this one in a chain. */
  parent: AnyResult | null;
  #children: readonly AnyResult[] | null;
  #ready: ResultMeta | null = null;

  constructor(id: string, host: ResultHost, options: AsyncResultOptions = {}) {
    this.id = id;
    this.host = host;
    this.parent = options.parent ?? null;
    this.taskName = options.taskName ?? null;
    this.#children = options.children ?? null;
  }

  /**
   * Wait for the return value.
   * @throws the task's exception (with `propagate`), also when a task before it in the chain failed; TimeoutError
   */
  async get(options: GetOptions = {}): Promise<T> {
    const meta = this.#ready ?? (await this.#wait(options));
    // A failure of a task before it is not its own record.
    if (meta.task_id === this.id) this.#ready = meta;
    if (PROPAGATE_STATES.has(meta.status) && options.propagate !== false) throw toError(resultOf(meta));
    return resultOf(meta) as T;
  }

  async state(): Promise<string> {
    return (await this.meta())?.status ?? 'PENDING';
  }

  async ready(): Promise<boolean> {
    return READY_STATES.has(await this.state());
  }

  async successful(): Promise<boolean> {
    return (await this.state()) === 'SUCCESS';
  }

  async failed(): Promise<boolean> {
    return (await this.state()) === 'FAILURE';
  }

  /** What is stored now: the value, the exception as an Error, what `updateState` left; null while there is nothing. */
  async result(): Promise<unknown> {
    const meta = await this.meta();
    return meta ? resultOf(meta) : null;
  }

  /** The same as `result`: with a custom state it holds its `meta`. */
  info(): Promise<unknown> {
    return this.result();
  }

  async traceback(): Promise<string | null> {
    return (await this.meta())?.traceback ?? null;
  }

  /** The whole stored record; null when there is none. */
  async meta(): Promise<ResultMeta | null> {
    if (this.#ready) return this.#ready;
    const meta = await (await this.host.backend()).get(this.id);
    if (meta && READY_STATES.has(meta.status)) this.#ready = meta;
    return meta;
  }

  /** Hear of every stored state from when this resolves (progress). Returns how to stop. */
  async subscribe(listener: (meta: ResultMeta) => void): Promise<() => void> {
    const backend = await this.host.backend();
    const stop = backend.subscribe(this.id, listener);
    try {
      await backend.listening?.();
    } catch (error) {
      stop();
      throw error;
    }
    return stop;
  }

  /** Delete the record, and those of the tasks before it. */
  async forget(): Promise<void> {
    this.#ready = null;
    await this.parent?.forget();
    await (await this.host.backend()).forget(this.id);
  }

  /** Ask the workers not to run it, or to end it. */
  revoke(options: RevokeOptions = {}): Promise<void> {
    return this.host.revoke([this.id], options);
  }

  /** Results of the tasks it sent while it ran; [] while none are known. */
  async children(): Promise<AnyResult[]> {
    if (this.#children) return [...this.#children];
    const children = (await this.meta())?.children ?? [];
    return children.map((tuple) => resultFromTuple(tuple, this.host));
  }

  /** Tell every worker not to run it, nor any task before it in its chain. */
  revokeChain(options: RevokeOptions = {}): Promise<void> {
    return this.host.revoke([...idsBefore(this).reverse(), this.id], options);
  }

  /** It and all that came of it, and who sent whom. @throws IncompleteStream when a task has not ended */
  graph(options: DependencyOptions = {}): Promise<ResultGraph> {
    return graphOf(this, options);
  }

  /** It and all that came of it, each with its value, which is waited for. */
  collect(options: DependencyOptions & GetOptions = {}): AsyncGenerator<[result: AnyResult, value: unknown]> {
    return collectFrom(this, options);
  }

  /** As it stands in result records: [[id, parent], null]. */
  asTuple(): ResultTuple {
    return [[this.id, this.parent?.asTuple() ?? null], null];
  }

  [inspect.custom](): string {
    return `<AsyncResult ${this.id}${this.taskName ? ` of ${this.taskName}` : ''}>`;
  }
  toString(): string {
    return this.id;
  }

  toJSON(): ResultTuple {
    return this.asTuple();
  }

  /** The tasks before it are watched, too: when one fails, this one will never come. */
  async #wait(options: GetOptions): Promise<ResultMeta> {
    const backend = await this.host.backend();
    const before = options.propagate === false ? [] : this.#ancestors();
    try {
      return await withDeadline(this.host, options, async (signal) => {
        if (before.length === 0) return backend.wait(this.id, signal);
        for await (const meta of backend.watch([this.id, ...before], signal)) {
          if (meta.task_id === this.id || PROPAGATE_STATES.has(meta.status)) return meta;
        }
        throw new Error(`The store told of no result of ${this.id}`);
      });
    } catch (error) {
      if (!(error instanceof DeadlinePassed)) throw error;
      throw await this.#timeout(options.timeout ?? 0);
    }
  }

  #ancestors(): string[] {
    const ids: string[] = [];
    for (let at: AnyResult | null = this.parent; at && ids.length < 1000; at = at.parent) {
      // The record of a group has no state: only tasks are watched.
      if (at.kind === 'task') ids.push(at.id);
    }
    return ids;
  }

  async #timeout(seconds: number): Promise<TimeoutError> {
    const state = await this.state().catch((error) => `unknown (${toError(error).message})`);
    const name = this.taskName ? `${this.taskName}[${this.id}]` : this.id;
    return new TimeoutError(`No result of ${name} within ${seconds} s: its state is ${state}`);
  }
}

/** The result of a task that was run on the spot (`apply`, `task_always_eager`): all of it is known already. */
export class EagerResult<T = unknown> implements AnyResult {
  readonly kind = 'eager';
  readonly id: string;
  readonly parent: AnyResult | null = null;
  readonly taskName: string | null;
  readonly #state: string;
  readonly #value: unknown;
  readonly #traceback: string | null;

  /** @param value the return value, or in an exception state the Error */
  constructor(
    id: string,
    value: unknown,
    state: string,
    options: { traceback?: string | null; taskName?: string | null } = {},
  ) {
    this.id = id;
    this.#value = value;
    this.#state = state;
    this.#traceback = options.traceback ?? null;
    this.taskName = options.taskName ?? null;
  }

  async get(options: GetOptions = {}): Promise<T> {
    if (PROPAGATE_STATES.has(this.#state) && options.propagate !== false) throw toError(this.#value);
    return this.#value as T;
  }
  async state(): Promise<string> {
    return this.#state;
  }
  async ready(): Promise<boolean> {
    return READY_STATES.has(this.#state);
  }
  async successful(): Promise<boolean> {
    return this.#state === 'SUCCESS';
  }
  async failed(): Promise<boolean> {
    return this.#state === 'FAILURE';
  }
  async result(): Promise<unknown> {
    return this.#value;
  }
  async info(): Promise<unknown> {
    return this.#value;
  }
  async traceback(): Promise<string | null> {
    return this.#traceback;
  }
  async meta(): Promise<ResultMeta | null> {
    return null;
  }
  async forget(): Promise<void> {}
  async revoke(): Promise<void> {}
  async children(): Promise<AnyResult[]> {
    return [];
  }
  asTuple(): ResultTuple {
    return [[this.id, null], null];
  }
  [inspect.custom](): string {
    return `<EagerResult ${this.id}>`;
  }
  toString(): string {
    return this.id;
  }
  toJSON(): ResultTuple {
    return this.asTuple();
  }
}

/** A group found by the id under which it was saved; null when none was, or it expired. */
export async function restoreGroup(id: string, host: ResultHost): Promise<GroupResult | null> {
  const saved = await (await host.backend()).restoreGroup(id);
  if (saved === null || saved === undefined) return null;
  const result = resultFromTuple(saved, host);
  if (!(result instanceof GroupResult)) throw new BackendError(`What is stored under ${id} is no group`);
  return result;
}

/** A result from its tuple in a record, with parents and members. Takes what Celery takes: a bare id, too. */
export function resultFromTuple(tuple: unknown, host: ResultHost): AsyncResult | GroupResult {
  return read(tuple, host, 0);
}

const MAX_DEPTH = 500;

function read(tuple: unknown, host: ResultHost, depth: number): AsyncResult | GroupResult {
  if (depth > MAX_DEPTH) throw new BackendError(`A result with more than ${MAX_DEPTH} ancestors`);
  if (typeof tuple === 'string') return new AsyncResult(tuple, host);
  const [head, members] = Array.isArray(tuple) ? tuple : [];
  const [id, parentTuple] = Array.isArray(head) ? head : [head];
  if (typeof id !== 'string') throw new BackendError('Not a result: expected [[id, parent], members]');
  const parent = parentTuple === null || parentTuple === undefined ? null : read(parentTuple, host, depth + 1);
  if (!Array.isArray(members)) return new AsyncResult(id, host, { parent });
  return new GroupResult(
    id,
    members.map((member) => read(member, host, depth + 1)),
    host,
    { parent },
  );
}
