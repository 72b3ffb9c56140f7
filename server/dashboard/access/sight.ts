// What a reader may see: which tasks, which queues, and whether arguments, results and exceptions.
// Not here: which rule says so (rules.ts), each answer of the API narrowed to it (narrow.ts), live frames (../live/socket.ts).
// Holds: what a reader may not see is not counted, listed, searched or told to them by name; a task without a known name is not seen
// by whoever sees certain names only. Counts of the whole cluster (its figures and charts) are not narrowed.
import { fnmatchSource, fnmatchToRegExp } from '../../../shared/fnmatch.ts';
import { allOf, anyOf, not, type QueryTree } from '../../../shared/query/tree.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';

/** Patterns as Python's fnmatch has them. */
export interface SightRule {
  /** null: every task. */
  readonly tasks: readonly string[] | null;
  /** null: every queue. */
  readonly queues: readonly string[] | null;
  /** Arguments, results, exceptions, tracebacks and bodies of messages. */
  readonly values: boolean;
}

/** Columns that hold what tasks were called with and what they gave. */
export const VALUE_FIELDS: ReadonlySet<string> = new Set(['args', 'kwargs', 'result', 'exception']);
const NO_VALUES = { args: null, kwargs: null, result: null, exception: null } as const;

export class Sight {
  /** Nothing is hidden. */
  readonly isWhole: boolean;
  readonly values: boolean;
  /** The same for those who see the same. */
  readonly key: string;
  readonly rule: SightRule;
  readonly #tasks: readonly RegExp[] | null;
  readonly #queues: readonly RegExp[] | null;

  /** @param key another one than the rule's own */
  constructor(rule: SightRule, key?: string) {
    this.rule = rule;
    this.values = rule.values;
    this.isWhole = rule.tasks === null && rule.queues === null && rule.values;
    this.key = key ?? (this.isWhole ? '' : JSON.stringify([rule.tasks, rule.queues, rule.values]));
    this.#tasks = rule.tasks?.map(fnmatchToRegExp) ?? null;
    this.#queues = rule.queues?.map(fnmatchToRegExp) ?? null;
  }

  task(name: string | null | undefined): boolean {
    return this.#tasks === null || (typeof name === 'string' && this.#tasks.some((pattern) => pattern.test(name)));
  }

  queue(name: string): boolean {
    return this.#queues === null || this.#queues.some((pattern) => pattern.test(name));
  }

  /** A task whose queue is not known is judged by its name alone. */
  row({ name, queue }: Pick<TaskRow, 'name' | 'queue'>): boolean {
    return this.task(name) && (queue === null || queue === undefined || this.queue(queue));
  }

  /** The row without what may not be seen of it. */
  shown<T extends Pick<TaskRow, 'args' | 'kwargs' | 'result' | 'exception'>>(row: T): T {
    return this.values ? row : { ...row, ...NO_VALUES };
  }

  /** What may be seen, as a part of every question for tasks; null: all. */
  get tree(): QueryTree | null {
    const { tasks, queues } = this.rule;
    const names = tasks && among('name', tasks);
    const queued = queues && anyOf([not({ op: 'present', field: 'queue' }), among('queue', queues)]);
    return allOf([names, queued]);
  }
}

export const SEES_ALL = new Sight({ tasks: null, queues: null, values: true });

function among(field: 'name' | 'queue', patterns: readonly string[]): QueryTree {
  const one = patterns.map((pattern): QueryTree => ({ op: 'regex', field, source: fnmatchSource(pattern) }));
  // Of no pattern nothing is seen.
  return anyOf(one) ?? allOf([{ op: 'present', field }, not({ op: 'present', field })])!;
}

/** Whether a question looks into values: what it finds would tell of them. */
export function asksValues(tree: QueryTree | null): boolean {
  if (tree === null) return false;
  switch (tree.op) {
    case 'and':
    case 'or':
      return tree.items.some(asksValues);
    case 'not':
      return asksValues(tree.item);
    case 'text':
    case 'text-glob':
    case 'pair':
      return true;
    default:
      return VALUE_FIELDS.has(tree.field);
  }
}

/** Both limits hold: what a token was given, and what its maker sees. */
export function narrower(one: Sight, other: SightRule): Sight {
  const both = (a: readonly string[] | null, b: readonly string[] | null) => (a === null ? b : b === null ? a : null);
  if ((one.rule.tasks !== null && other.tasks !== null) || (one.rule.queues !== null && other.queues !== null))
    return new BothSights(one, new Sight(other));
  return new Sight({
    tasks: both(one.rule.tasks, other.tasks),
    queues: both(one.rule.queues, other.queues),
    values: one.values && other.values,
  });
}

class BothSights extends Sight {
  readonly #one: Sight;
  readonly #other: Sight;
  constructor(one: Sight, other: Sight) {
    super(
      {
        // Not null where either is not: who asks whether there is a limit is told so.
        tasks: other.rule.tasks ?? one.rule.tasks,
        queues: other.rule.queues ?? one.rule.queues,
        values: one.values && other.values,
      },
      `${one.key} ${other.key}`,
    );
    this.#one = one;
    this.#other = other;
  }
  override task(name: string | null | undefined): boolean {
    return this.#one.task(name) && this.#other.task(name);
  }
  override queue(name: string): boolean {
    return this.#one.queue(name) && this.#other.queue(name);
  }
  override get tree(): QueryTree | null {
    return allOf([this.#one.tree, this.#other.tree]);
  }
}
