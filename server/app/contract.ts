// A task as those know it who only call it: name, arguments and result, without the function. Shared by packages, or for a task in Python.
//
//   export const charge = defineTask<[order: string, cents: number], Receipt>('shop.charge', { queue: 'payments' });
//   await charge.on(app).delay('A-17', 1990);                     // in the shop
//   app.task(charge, async (order, cents) => ...);                // in the worker
//
// Not here: sending (task.ts). Holds: nothing is registered by calling a contract: the app that sends need not be one that runs it.
import { type PartialArguments, splitKeywords, type WholeArguments } from '../canvas/keywords.ts';
import { Signature } from '../canvas/signature.ts';
import { ImproperlyConfigured, NotRegistered } from '../errors.ts';
import type { SchemaInput, SchemaOutput, StandardSchema } from './args-schema.ts';
import type { AppHost } from './host.ts';
import { Task, type TaskFunction } from './task.ts';
import { checkTaskOptions, type TaskOptions } from './task-options.ts';

/** What can be done with a task whose function is elsewhere. */
export type RemoteTask<A extends readonly unknown[], R> = Pick<
  Task<A, R>,
  | 'name'
  | 'options'
  | 'delay'
  | 'applyAsync'
  | 'with'
  | 's'
  | 'si'
  | 'signature'
  | 'map'
  | 'starmap'
  | 'chunks'
  | 'AsyncResult'
>;

interface AppOfTasks extends AppHost {
  readonly tasks: ReadonlyMap<string, Task>;
}

/**
 * @typeParam A what a caller gives
 * @typeParam R what comes of it
 * @typeParam B what the body gets: something else only where an `args_schema` changes it
 */
export class TaskContract<
  A extends readonly unknown[] = readonly unknown[],
  R = unknown,
  B extends readonly unknown[] = A,
> {
  readonly name: string;
  readonly options: TaskOptions;
  readonly #called = new WeakMap<object, Task>();
  /** Only for types. */
  declare readonly bodyType?: (...args: B) => R;

  constructor(name: string, options: TaskOptions) {
    this.name = name;
    this.options = { ...options, name };
  }

  /** The task for an app that calls it: the app's own where it is registered there, else one that can only be sent. */
  on(app: AppOfTasks): RemoteTask<A, R> {
    const registered = app.tasks.get(this.name) ?? this.#called.get(app);
    if (registered) return registered as unknown as RemoteTask<A, R>;
    const task = new Task(app, this.name, { ...this.options }, elsewhere(this.name, this.options));
    this.#called.set(app, task);
    return task as unknown as RemoteTask<A, R>;
  }

  /** A signature that belongs to no app yet: a part of a chain, group or chord with one of `contract.on(app).s(...)`. */
  s(...given: PartialArguments<A>): Signature<R> {
    return new Signature<R>({ task: this.name, ...splitKeywords(given) });
  }

  /** ... that takes no results as further arguments. */
  si(...given: WholeArguments<A>): Signature<R> {
    return new Signature<R>({ task: this.name, ...splitKeywords(given), immutable: true });
  }

  /** The same contract with a result of this type; for those whose arguments are typed by their `args_schema`. */
  returns<Result>(): TaskContract<A, Result, B> {
    return this as unknown as TaskContract<A, Result, B>;
  }

  toString(): string {
    return `<TaskContract ${this.name}>`;
  }
}

/**
 * A contract of a task: `defineTask<[x: number, y: number], number>('math.add')`. With an `args_schema` the arguments are typed by it:
 * `defineTask('math.add', { args_schema: z.tuple([z.number(), z.number()]) }).returns<number>()`.
 * @param options as of `app.task`: those of calls (queue, priority, expires ...) hold wherever it is called, the others where it is run
 * @throws ImproperlyConfigured
 */
export function defineTask<S extends StandardSchema>(
  name: string,
  options: TaskOptions & { readonly args_schema: S },
): TaskContract<SchemaInput<S>, unknown, SchemaOutput<S>>;
export function defineTask<A extends readonly unknown[] = readonly unknown[], R = unknown>(
  name: string,
  options?: TaskOptions,
): TaskContract<A, R>;
export function defineTask(name: string, options: TaskOptions = {}): TaskContract {
  if (typeof name !== 'string' || name === '')
    throw new ImproperlyConfigured("A contract needs the name of its task: defineTask('math.add').");
  const { name: _, ...rest } = options;
  checkTaskOptions(name, rest);
  return new TaskContract(name, rest);
}

function elsewhere(name: string, { params }: TaskOptions): TaskFunction<readonly unknown[], unknown> {
  const run = (..._: readonly unknown[]) => {
    throw new NotRegistered(name);
  };
  // What a function with these parameters would say of itself: all those without '?' are required.
  Object.defineProperty(run, 'length', { value: params?.length ?? 0 });
  return run;
}
