// What users write (signature, chain, group, chord, xmap, starmap, chunks), what a pipe becomes, and signatures back from the wire.
// The only room that knows all kinds of signatures.
// Holds: the pipe rules are Celery's: group then task is a chord, chord then task lengthens its body, group then group is a chord too.
// Celery 5.6: canvas.py Signature.__or__ and those of its subclasses, maybe_signature
import type { SignatureLike } from './call-options.ts';
import { Chain } from './chain.ts';
import { Chord } from './chord.ts';
import { Group, isEmptyGroup } from './group.ts';
import type { CanvasHost, Kwargs, Options } from './host.ts';
import { Chunks, XMap, XStarmap } from './map.ts';
import { refuseNoSignature } from './no-signature.ts';
import { type LastValue, Signature, type SignatureParts, type ValueOf } from './signature.ts';

/** A signature of a task by name, or the object for a plain one. */
export function signature(
  task: string | SignatureLike,
  parts: {
    readonly args?: readonly unknown[];
    readonly kwargs?: Kwargs;
    readonly options?: Options;
    readonly immutable?: boolean;
  } = {},
  host: CanvasHost | null = null,
): Signature {
  if (typeof task !== 'string') {
    refuseNoSignature(task, 'signature');
    return revive(task, host);
  }
  if (task === '')
    throw new TypeError("A signature needs the name of a task: signature('math.add', { args: [2, 3] }).");
  for (const name of Object.keys(parts))
    if (!PARTS.includes(name))
      throw new TypeError(
        `signature('${task}', ...) takes ${PARTS.join(', ')}, not ${name}: signature('${task}', { args: [2, 3] }).`,
      );
  refuseWrongParts({ task, ...parts });
  return new Signature({ task, ...parts }, host);
}

/** @throws TypeError */
function refuseWrongParts({ task, args, kwargs }: Pick<SignatureLike, 'task'> & Partial<SignatureLike>): void {
  if (args !== undefined && args !== null && !Array.isArray(args))
    throw new TypeError(`The signature of ${task} takes args as a list: signature('${task}', { args: [2, 3] }).`);
  if (kwargs !== undefined && kwargs !== null && (typeof kwargs !== 'object' || Array.isArray(kwargs)))
    throw new TypeError(
      `The signature of ${task} takes kwargs as an object: signature('${task}', { kwargs: { x: 2 } }).`,
    );
}

const PARTS = ['args', 'kwargs', 'options', 'immutable', 'subtask_type'];

/** What comes of each task of a group, groups in it dissolved. */
type Values<T extends readonly SignatureLike[]> = T extends readonly []
  ? []
  : T extends readonly [infer One, ...infer Rest extends readonly SignatureLike[]]
    ? One extends Group<infer Inner>
      ? [...Inner, ...Values<Rest>]
      : [ValueOf<One>, ...Values<Rest>]
    : ValueOf<T[number]>[];

/** One after another. `chain(a, b, c)` and `chain([a, b, c])` are the same. */
export function chain<T extends readonly SignatureLike[]>(...tasks: T | readonly [T]): Signature<LastValue<T>>;
export function chain(...tasks: readonly SignatureLike[] | readonly [readonly SignatureLike[]]): Signature {
  const all = flat(tasks, 'chain');
  const host = hostOf(all);
  const steps = all.map((task) => partOf(task, host));
  const [first, ...rest] = steps;
  if (!first) return Chain.of([], host);
  if (rest.length === 0) return first instanceof Chain ? first : Chain.of([first], host);
  return rest.reduce((a, b) => pipe(a, b), first);
}

/** Side by side. */
export function group<T extends readonly SignatureLike[]>(...tasks: T | readonly [T]): Group<Values<T>>;
export function group(...tasks: readonly SignatureLike[] | readonly [readonly SignatureLike[]]): Group {
  const all = flat(tasks, 'group');
  const host = hostOf(all);
  return Group.of(
    all.map((task) => partOf(task, host)),
    host,
  );
}

/** `body` with the list of the results of `header`. */
export function chord<B extends SignatureLike>(
  header: readonly SignatureLike[] | SignatureLike,
  body: B,
): Chord<ValueOf<B>>;
export function chord(header: readonly SignatureLike[] | SignatureLike, body: SignatureLike): Chord {
  const tasks = header instanceof Group ? header.tasks : Array.isArray(header) ? header : [header];
  for (const one of tasks) refuseNoSignature(one, 'The header of a chord');
  refuseNoSignature(body, 'The body of a chord');
  const host = hostOf([...tasks, body]);
  return Chord.of(
    tasks.map((task) => partOf(task, host)),
    partOf(body, host),
    host,
  );
}

/** `task(x)` for every x, in one message. */
export function xmap(task: SignatureLike, items: readonly unknown[]): XMap {
  refuseNoSignature(task, 'xmap');
  listed(items, 'xmap');
  const host = hostOf([task]);
  return new XMap({ kwargs: { task: revive(task, host), it: items } }, host);
}

/** `task(...x)` for every x, in one message. */
export function starmap(task: SignatureLike, items: readonly (readonly unknown[])[]): XStarmap {
  refuseNoSignature(task, 'starmap');
  listed(items, 'starmap');
  const host = hostOf([task]);
  return new XStarmap({ kwargs: { task: revive(task, host), it: items } }, host);
}

/** `task(...x)` for every x, `n` of them in one message. */
export function chunks(task: SignatureLike, items: readonly (readonly unknown[])[], n: number): Chunks {
  refuseNoSignature(task, 'chunks');
  listed(items, 'chunks');
  const host = hostOf([task]);
  return new Chunks({ kwargs: { task: revive(task, host), it: items, n } }, host);
}

/** `a` and then `b`. */
export function pipe(a: Signature, next: SignatureLike): Signature {
  refuseNoSignature(next, 'pipe');
  const host = a.hasHost ? a.host : hostOf([next]);
  const b = unwrapped(partOf(next, host));
  if (isEmptyGroup(b)) return a;
  if (a instanceof Group) {
    // group | group and group | task: the group is a header now.
    return Chord.of(a, b, host, placeless(a.options));
  }
  if (a instanceof Chord) return followedBy(a, b);
  if (a instanceof Chain) {
    const before = a.unchained();
    if (before.length === 0) return b;
    const last = before.at(-1)!;
    if (!(b instanceof Chain) && (last instanceof Group || last instanceof Chord)) {
      const joined = pipe(last, b);
      return before.length === 1 ? joined : Chain.of([...before.slice(0, -1), joined], host, placeless(a.options));
    }
    if (b instanceof Chain) return b.unchained().reduce((so_far: Signature, step) => pipe(so_far, step), a);
    return Chain.of([...before, b], host, placeless(a.options));
  }
  if (b instanceof Chain) return Chain.of([a, ...b.unchained()], host);
  return Chain.of([a, b], host);
}

/** A chord whose body is followed by one more step. */
function followedBy(chord_: Chord, next: Signature): Chord {
  const copy = chord_.clone();
  copy.body = pipe(copy.body, next);
  return copy;
}

/** A group of one task stays a group (its result is a list); a chain of one group is that group. */
function unwrapped(signature_: Signature): Signature {
  const only = signature_ instanceof Chain && signature_.tasks.length === 1 ? signature_.tasks[0] : undefined;
  return only instanceof Group ? only : signature_;
}

/** What is said of a whole does not hold of a longer one: its id, and its links, which stand on its tasks. */
function placeless(options: Options): Options {
  const { task_id: _id, link: _link, link_error: _error, ...rest } = options;
  return rest;
}

/** Chunks are sent as the group they are: as a part of a whole they are that group. */
function partOf(like: SignatureLike, host: CanvasHost | null): Signature {
  const one = revive(like, host);
  return one instanceof Chunks && one.hasHost ? one.group() : one;
}

/** The object for a plain signature, with everything inside it. */
export function revive(like: SignatureLike, host: CanvasHost | null): Signature {
  if (like instanceof Signature) return host && !like.hasHost ? like.withHost(host) : like;
  refuseWrongParts(like);
  const parts: SignatureParts = {
    task: like.task,
    args: like.args ?? [],
    kwargs: like.kwargs ?? {},
    options: like.options ?? {},
    subtask_type: like.subtask_type ?? null,
    immutable: like.immutable ?? false,
  };
  const kwargs = parts.kwargs as Record<string, unknown>;
  const all = (value: unknown) => ((value ?? []) as SignatureLike[]).map((inner) => revive(inner, host));
  switch (like.subtask_type ?? BY_TASK[like.task]) {
    case 'chain':
      return new Chain({ ...parts, kwargs: { ...kwargs, tasks: all(kwargs.tasks) } }, host);
    case 'group':
      return new Group({ ...parts, kwargs: { ...kwargs, tasks: all(kwargs.tasks) } }, host);
    case 'chord': {
      const header = kwargs.header as SignatureLike | SignatureLike[];
      const parts_ = Array.isArray(header) ? all(header) : revive(header, host);
      return new Chord(
        {
          ...parts,
          kwargs: {
            ...kwargs,
            header: Array.isArray(parts_) || parts_ instanceof Group ? parts_ : [parts_],
            body: revive(kwargs.body as SignatureLike, host),
          },
        },
        host,
      );
    }
    case 'map':
      return new XMap({ ...parts, kwargs: { ...kwargs, task: revive(kwargs.task as SignatureLike, host) } }, host);
    case 'starmap':
      return new XStarmap({ ...parts, kwargs: { ...kwargs, task: revive(kwargs.task as SignatureLike, host) } }, host);
    case 'chunks':
      return new Chunks({ ...parts, kwargs: { ...kwargs, task: revive(kwargs.task as SignatureLike, host) } }, host);
    default:
      return new Signature(parts, host);
  }
}

/** Those that Celery writes without a subtask_type. */
const BY_TASK: Readonly<Record<string, string>> = {
  'celery.map': 'map',
  'celery.starmap': 'starmap',
  'celery.chunks': 'chunks',
};

function flat(tasks: readonly unknown[], place: string): readonly SignatureLike[] {
  const all = (tasks.length === 1 && Array.isArray(tasks[0]) ? tasks[0] : tasks) as readonly unknown[];
  for (const one of all) refuseNoSignature(one, place);
  return all as readonly SignatureLike[];
}

function listed(items: unknown, place: string): void {
  if (!Array.isArray(items)) throw new TypeError(`${place} takes its elements as a list, not ${String(items)}.`);
}

function hostOf(tasks: readonly SignatureLike[]): CanvasHost | null {
  for (const task of tasks) if (task instanceof Signature && task.hasHost) return task.host;
  return null;
}
