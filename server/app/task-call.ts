// `task.with({ countdown: 60 }).delay('a@b.c')`: the options of a call said first, by name, so that no object can be taken for the other.
// Not here: what they do (publisher.ts).
import type { ApplyOptions } from '../canvas/call-options.ts';
import { type PartialArguments, splitKeywords, type WholeArguments } from '../canvas/keywords.ts';
import type { Signature } from '../canvas/signature.ts';
import type { AsyncResult } from '../results/async-result.ts';

interface Callable<A extends readonly unknown[], R> {
  applyAsync(args: A, kwargs: Readonly<Record<string, unknown>>, options: ApplyOptions): Promise<AsyncResult<R>>;
  signature(args: A, kwargs: Readonly<Record<string, unknown>>, options: ApplyOptions): Signature<R>;
}

/** A task with the options of its next calls. May be kept and called again; `with` adds to it and leaves it as it is. */
export class TaskCall<A extends readonly unknown[], R> {
  readonly options: ApplyOptions;
  readonly #task: Callable<A, R>;

  constructor(task: Callable<A, R>, options: ApplyOptions) {
    this.#task = task;
    this.options = options;
  }

  /** These options over those it has. */
  with(options: ApplyOptions): TaskCall<A, R> {
    return new TaskCall(this.#task, { ...this.options, ...options });
  }

  /** Send it with these arguments. Rejects as `Task.applyAsync` does. */
  delay(...args: A): Promise<AsyncResult<R>> {
    return this.#task.applyAsync(args, {}, this.options);
  }

  /** A signature with these arguments and options. */
  s(...given: PartialArguments<A>): Signature<R> {
    const { args, kwargs } = splitKeywords(given);
    return this.#task.signature(args as never, kwargs, this.options);
  }

  /** ... that takes no results as further arguments. */
  si(...given: WholeArguments<A>): Signature<R> {
    const { args, kwargs } = splitKeywords(given);
    return this.#task.signature(args as never, kwargs, this.options).setImmutable(true);
  }
}
