// Keyword arguments for functions that have none, and Python's check of a call's arguments.
// Not here: when it is checked (task.ts where it is sent, trace.ts where it runs).
// Holds: with `params` the outcome is what Python's binding gives, errors word by word; without it nothing is checked, as in any
// JavaScript call.
// Python: "add() missing 1 required positional argument: 'y'"

export interface Parameters {
  readonly names: readonly string[];
  /** The first so many are required. */
  readonly required: ReadonlySet<string>;
  /** Takes any number more. */
  readonly rest: string | null;
}

export function parametersOf(params: readonly string[], fn: { readonly length: number }): Parameters {
  const last = params.at(-1);
  const rest = last?.startsWith('...') ? last.slice(3) : null;
  const listed = rest === null ? params : params.slice(0, -1);
  const names = listed.map((name) => name.replace(/\?$/, ''));
  // A default value in the function makes a parameter optional: Function.length counts only those before the first.
  const required = new Set(names.filter((_, i) => !listed[i]!.endsWith('?') && i < fn.length));
  return { names, required, rest };
}

/** The arguments in their places. @throws TypeError in Python's words */
export function bindArguments(
  task: string,
  parameters: Parameters,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): unknown[] {
  const { names, required, rest } = parameters;
  const fn = `${task.slice(task.lastIndexOf('.') + 1)}()`;
  const bound = new Map<string, unknown>();
  for (const [i, value] of args.entries()) {
    const name = names[i];
    if (name !== undefined) bound.set(name, value);
    else if (rest === null) throw new TypeError(tooMany(fn, parameters, args.length));
  }
  for (const [name, value] of Object.entries(kwargs)) {
    if (!names.includes(name)) throw new TypeError(`${fn} got an unexpected keyword argument '${name}'`);
    if (bound.has(name)) throw new TypeError(`${fn} got multiple values for argument '${name}'`);
    bound.set(name, value);
  }
  const missing = names.filter((name) => required.has(name) && !bound.has(name));
  if (missing.length > 0) throw new TypeError(missingText(task, missing));
  const places = names.map((name) => bound.get(name));
  while (places.length > 0 && places.at(-1) === undefined && !bound.has(names[places.length - 1]!)) places.pop();
  return args.length > names.length ? [...places, ...args.slice(names.length)] : places;
}

/**
 * What Python says of arguments that are missing, for a function that was registered without `params`: by the parameters it counts
 * itself (up to the first with a default or the rest). Keyword arguments come to it as one object after the others.
 * @throws TypeError with what to do where TypeScript let the parameter be left out
 */
export function refuseMissing(
  task: string,
  run: { readonly length: number },
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): void {
  let given = args.length;
  for (const _ in kwargs) {
    given++;
    break;
  }
  if (given >= run.length) return;
  const names = parameterNames(String(run)) ?? [];
  const missing = Array.from({ length: run.length - given }, (_, i) => names[given + i] ?? `argument ${given + i + 1}`);
  throw new TypeError(
    `${missingText(task, missing)}. If it may be left out, give it a default in the function (${missing[0]} = undefined), or register the task with params: ['${missing[0]}?'] or typing: false`,
  );
}

/** How many arguments a function takes at most, by its source; null: any number, or it cannot be read so simply. */
export function mostArguments(run: unknown): number | null {
  const names = parameterNames(String(run));
  return names === null || names.includes(undefined) ? null : names.length;
}

/** The plain names among the parameters of a function's source; null where it cannot be read so simply. */
function parameterNames(source: string): (string | undefined)[] | null {
  const list = /^(?:async\s*)?(?:function\s*\*?\s*[\w$]*\s*)?(?:\*?\s*[\w$]+\s*)?\(([^(){}[\]]*)\)/.exec(source)?.[1];
  const single = /^(?:async\s+)?([\w$]+)\s*=>/.exec(source)?.[1];
  const text = list ?? single;
  return text === undefined ? null : text.split(',').map((one) => /^\s*([\w$]+)/.exec(one)?.[1]);
}

function missingText(task: string, missing: readonly string[]): string {
  const fn = `${task.slice(task.lastIndexOf('.') + 1)}()`;
  const plural = missing.length === 1 ? '' : 's';
  return `${fn} missing ${missing.length} required positional argument${plural}: ${listed(missing)}`;
}

function tooMany(fn: string, { names, required }: Parameters, given: number): string {
  const takes = required.size === names.length ? `${names.length}` : `from ${required.size} to ${names.length}`;
  const plural = names.length === 1 ? '' : 's';
  return `${fn} takes ${takes} positional argument${plural} but ${given} ${given === 1 ? 'was' : 'were'} given`;
}

/** "'x'", "'x' and 'y'", "'x', 'y', and 'z'" */
function listed(names: readonly string[]): string {
  const quoted = names.map((name) => `'${name}'`);
  if (quoted.length === 1) return quoted[0]!;
  if (quoted.length === 2) return `${quoted[0]} and ${quoted[1]}`;
  return `${quoted.slice(0, -1).join(', ')}, and ${quoted.at(-1)}`;
}
