// Keyword arguments among the others of `s` and `si`: `add.s(1, kwargs({ y: 2 }))` is Celery's `add.s(1, y=2)`.
// Not here: what a task makes of them (app/arguments.ts). A mark, since a plain object may as well be an argument.
import type { Kwargs } from './host.ts';

class Keywords {
  readonly values: Kwargs;
  constructor(values: Kwargs) {
    this.values = values;
  }
}

/** @throws TypeError */
export function kwargs(values: Kwargs): Keywords {
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    throw new TypeError('kwargs takes keyword arguments as an object: add.s(1, kwargs({ y: 2 })).');
  return new Keywords(values);
}

/** @throws TypeError where they do not come last */
export function splitKeywords(given: readonly unknown[]): {
  readonly args: readonly unknown[];
  readonly kwargs: Kwargs;
} {
  const last = given.at(-1);
  const args = last instanceof Keywords ? given.slice(0, -1) : given;
  if (args.some((one) => one instanceof Keywords))
    throw new TypeError('kwargs({ ... }) comes once, behind all other arguments.');
  return { args, kwargs: last instanceof Keywords ? last.values : {} };
}

/** The last of them, or all: a signature's own arguments come behind those it is given. */
export type Tail<A extends readonly unknown[]> = number extends A['length']
  ? A
  : A extends readonly []
    ? []
    : A extends readonly [unknown, ...infer Rest]
      ? A | Tail<Rest>
      : A extends readonly [unknown?, ...infer Rest]
        ? A | Tail<Rest>
        : A;

/** The first of them, keyword arguments behind. */
type Head<A extends readonly unknown[]> = number extends A['length']
  ? readonly unknown[]
  : A extends readonly [infer First, ...infer Rest]
    ? [First, Keywords] | [First, ...Head<Rest>] | [Keywords]
    : [Keywords];

/** What `s` takes: arguments for the last parameters, or keyword arguments behind the first. */
export type PartialArguments<A extends readonly unknown[]> = Tail<A> | Head<A>;
/** What `si` takes: all arguments, or the others as keyword arguments. */
export type WholeArguments<A extends readonly unknown[]> = A | Head<A>;
