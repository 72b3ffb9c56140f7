// Keyword arguments for functions that have none, and Python's check of a call's arguments.
// Not here: when it is checked (task.ts where it is sent, trace.ts where it runs).
// Holds: with `params` the outcome is what Python's binding gives, errors word by word; without it nothing is checked, as in any
// JavaScript call.
// Python: "add() missing 1 required positional argument: 'y'"

export interface Parameters {
  readonly names: readonly string[];
  /** Those of `names` and of the keyword-only ones that must be given. */
  readonly required: ReadonlySet<string>;
  /** '...rest': takes any number more. */
  readonly rest: string | null;
  /** Null: the function takes no object of keyword arguments. */
  readonly keywords: KeywordParameters | null;
}

/** What comes to the function as one object behind `names`, and before the rest. */
interface KeywordParameters {
  /** Those behind '*' or '...rest': given by name alone. */
  readonly only: readonly string[];
  /** '**more': takes any other name. */
  readonly others: boolean;
}

/** @param params as a task option has them (task-options.ts), known to be well formed */
export function parametersOf(params: readonly string[], fn: { readonly length: number }): Parameters {
  const others = params.some((one) => one.startsWith('**'));
  const plain = params.filter((one) => !one.startsWith('**'));
  const star = plain.findIndex((one) => one === '*' || one.startsWith('...'));
  const listed = star < 0 ? plain : plain.slice(0, star);
  const only = star < 0 ? [] : plain.slice(star + 1);
  const names = listed.map(nameOf);
  // A default value in the function makes a parameter optional: Function.length counts only those before the first.
  const required = new Set([
    ...names.filter((_, i) => !listed[i]!.endsWith('?') && i < fn.length),
    ...only.filter((one) => !one.endsWith('?')),
  ]);
  return {
    names,
    required,
    rest: plain[star]?.startsWith('...') ? plain[star]!.slice(3) : null,
    keywords: others || only.length > 0 ? { only: only.map(nameOf), others } : null,
  };
}

function nameOf(param: string): string {
  return param.replace(/\?$/, '');
}

/**
 * The arguments in their places: keyword-only and further ones as one object behind the named ones, the rest last.
 * @throws TypeError in Python's words, in the order in which Python looks
 */
export function bindArguments(
  task: string,
  parameters: Parameters,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): unknown[] {
  const { names, required, rest, keywords } = parameters;
  const fn = functionOf(task);
  const bound = new Map<string, unknown>(args.slice(0, names.length).map((value, i) => [names[i]!, value]));
  const byName: [string, unknown][] = [];
  for (const [name, value] of Object.entries(kwargs)) {
    if (names.includes(name)) {
      if (bound.has(name)) throw new TypeError(`${fn} got multiple values for argument '${name}'`);
      bound.set(name, value);
    } else if (keywords?.others || keywords?.only.includes(name)) byName.push([name, value]);
    else throw new TypeError(`${fn} got an unexpected keyword argument '${name}'`);
  }
  if (args.length > names.length && rest === null)
    throw new TypeError(
      tooMany(fn, parameters, args.length, byName.filter(([name]) => keywords?.only.includes(name)).length),
    );
  refuseWithout(
    fn,
    'positional',
    names.filter((name) => required.has(name) && !bound.has(name)),
  );
  const given = new Set(byName.map(([name]) => name));
  refuseWithout(fn, 'keyword-only', keywords?.only.filter((name) => required.has(name) && !given.has(name)) ?? []);
  const places = names.map((name) => bound.get(name));
  const further = args.slice(names.length);
  if (keywords) return [...places, Object.fromEntries(byName), ...further];
  if (further.length > 0) return [...places, ...further];
  while (places.length > 0 && places.at(-1) === undefined && !bound.has(names[places.length - 1]!)) places.pop();
  return places;
}

/**
 * A call as TypeScript writes it, where the function takes an object of keyword arguments: `resize('cat.jpg', { width: 640 })`. On the wire
 * they are keyword arguments.
 * @param partial a signature that may be given the first arguments later: the last one is that object if it has only names of keyword-only ones
 */
export function keywordsFromPlace(
  parameters: Parameters | null,
  args: readonly unknown[],
  partial = false,
): { readonly args: readonly unknown[]; readonly kwargs: Readonly<Record<string, unknown>> } | null {
  if (!parameters?.keywords) return null;
  const { names, keywords } = parameters;
  let place = names.length;
  if (partial && args.length > 0 && args.length <= place && isTable(args.at(-1))) {
    const keys = Object.keys(args.at(-1) as object);
    if (keys.length > 0 && keys.every((key) => keywords.only.includes(key))) place = args.length - 1;
  }
  const object = args[place];
  if (!isTable(object)) return null;
  const kwargs = Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
  return { args: [...args.slice(0, place), ...args.slice(place + 1)], kwargs };
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
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
    `${missingText(functionOf(task), 'positional', missing)}. If it may be left out, give it a default in the function (${missing[0]} = undefined), or register the task with params: ['${missing[0]}?'] or typing: false`,
  );
}

/** How many arguments a function takes at most, by its source; null: any number, or it cannot be read so simply. */
export function mostArguments(run: unknown): number | null {
  const source = String(run);
  const names = parameterNames(source);
  return names === null || names.includes(undefined) || /\barguments\b/.test(source) ? null : names.length;
}

/** The plain names among the parameters of a function's source; null where it cannot be read so simply. */
function parameterNames(source: string): (string | undefined)[] | null {
  const list = /^(?:async\s*)?(?:function\s*\*?\s*[\w$]*\s*)?(?:\*?\s*[\w$]+\s*)?\(([^(){}[\]]*)\)/.exec(source)?.[1];
  const single = /^(?:async\s+)?([\w$]+)\s*=>/.exec(source)?.[1];
  const text = list ?? single;
  if (text === undefined) return null;
  if (text.trim() === '') return [];
  return text.split(',').map((one) => /^\s*([\w$]+)/.exec(one)?.[1]);
}

function functionOf(task: string): string {
  return `${task.slice(task.lastIndexOf('.') + 1)}()`;
}

function refuseWithout(fn: string, kind: 'positional' | 'keyword-only', missing: readonly string[]): void {
  if (missing.length > 0) throw new TypeError(missingText(fn, kind, missing));
}

function missingText(fn: string, kind: 'positional' | 'keyword-only', missing: readonly string[]): string {
  const plural = missing.length === 1 ? '' : 's';
  return `${fn} missing ${missing.length} required ${kind} argument${plural}: ${listed(missing)}`;
}

/** @param byName how many keyword-only arguments were given */
function tooMany(fn: string, { names, required }: Parameters, given: number, byName: number): string {
  const least = names.filter((name) => required.has(name)).length;
  const takes = least === names.length ? `${names.length}` : `from ${least} to ${names.length}`;
  const plural = (count: number): string => (count === 1 ? '' : 's');
  const several = least === names.length ? plural(names.length) : 's';
  const besides =
    byName === 0 ? '' : ` positional argument${plural(given)} (and ${byName} keyword-only argument${plural(byName)})`;
  const were = given === 1 && byName === 0 ? 'was' : 'were';
  return `${fn} takes ${takes} positional argument${several} but ${given}${besides} ${were} given`;
}

/** "'x'", "'x' and 'y'", "'x', 'y', and 'z'" */
function listed(names: readonly string[]): string {
  const quoted = names.map((name) => `'${name}'`);
  if (quoted.length === 1) return quoted[0]!;
  if (quoted.length === 2) return `${quoted[0]} and ${quoted[1]}`;
  return `${quoted.slice(0, -1).join(', ')}, and ${quoted.at(-1)}`;
}
