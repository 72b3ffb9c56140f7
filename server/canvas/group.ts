// Side by side: every task gets the same arguments in front, the results come in order.
// Not here: what follows a group (chord.ts), results of groups (results/group-result.ts).
// Holds: nested groups are sent as one, their tasks numbered in the order written; a group has no callbacks of its own. A group that
// ends a chain in a chord's header lends its tasks to that chord: they count as its parts, under its id.
// Celery 5.6: canvas.py group
import { randomUUID } from 'node:crypto';
import { ImproperlyConfigured } from '../errors.ts';
import { GroupResult } from '../results/group-result.ts';
import { optionsThatAre } from './call-option-table.ts';
import type { ApplyOptions, SignatureLike } from './call-options.ts';
import type { CanvasHost, CanvasResult, Kwargs, Options } from './host.ts';
import { type FreezeOptions, listOf, Signature, type SignatureParts } from './signature.ts';

export class Group extends Signature<unknown[]> {
  constructor(parts: Omit<SignatureParts, 'task'>, host: CanvasHost | null) {
    super({ ...parts, task: 'celery.group', subtask_type: 'group' }, host);
  }

  static of(tasks: readonly Signature[], host: CanvasHost | null, options: Options = {}): Group {
    return new Group({ kwargs: { tasks }, options }, host);
  }

  get tasks(): readonly Signature[] {
    return (this.kwargs.tasks ?? []) as readonly Signature[];
  }

  override async applyAsync(
    args: readonly unknown[] = [],
    kwargs: Kwargs = {},
    options: ApplyOptions = {},
  ): Promise<GroupResult> {
    if (isEmptyGroup(this) && !this.hasHost) return emptyResult();
    if (this.host.alwaysEager) return this.apply(args, kwargs, options);
    if (options.link) throw new TypeError('A group has no callbacks: use a chord, or link each of its tasks.');
    const merged = this.prepared(options);
    const result = merged.freeze() as GroupResult;
    await merged.sendTasks(args, kwargs, options);
    if (options.add_to_parent !== false && !isEmptyGroup(this)) this.host.addToTrail(result);
    return result;
  }

  override async apply(
    args: readonly unknown[] = [],
    kwargs: Kwargs = {},
    options: ApplyOptions = {},
  ): Promise<GroupResult> {
    const { task_id, group_id: _, ...rest } = options;
    if (isEmptyGroup(this) && !this.hasHost) return emptyResult();
    const results: CanvasResult[] = [];
    for (const task of this.tasks) results.push(await task.apply([...args, ...this.args], kwargs, rest));
    return this.host.groupResult(task_id ?? this.host.newId(), results);
  }

  /** A copy ready to be frozen: nested groups dissolved, errbacks of the call on each task. */
  private prepared(options: ApplyOptions): Group {
    const group = this.clone();
    const { task_id, root_id, parent_id, group_id } = options;
    for (const [key, value] of Object.entries({ task_id: task_id ?? group_id, root_id, parent_id })) {
      if (value !== undefined && value !== null) group.options[key] = value;
    }
    for (const errback of listOf(options.link_error)) group.linkError(errback);
    return group;
  }

  /** Each task, with those of nested groups in their places. */
  unrolled(): Signature[] {
    return this.tasks.flatMap((task) => (task instanceof Group ? task.unrolled() : [task]));
  }

  /** Send the frozen tasks. */
  async sendTasks(args: readonly unknown[], kwargs: Kwargs, options: ApplyOptions): Promise<void> {
    const shared = withoutPosition(options);
    const own = withoutPosition(this.options);
    const prefix = this.immutable ? [...this.args] : [...args, ...this.args];
    const { root_id, parent_id } = this.options as ApplyOptions;
    const lineage = { ...(root_id ? { root_id } : {}), ...(parent_id ? { parent_id } : {}) };
    await Promise.all(
      this.unrolled().map((task) =>
        // The group as a whole is the child of the task that sends it.
        task.applyAsync(prefix, kwargs, { ...own, ...shared, ...lineage, add_to_parent: false }),
      ),
    );
  }

  override freeze(place: FreezeOptions = {}): GroupResult {
    const o = this.options;
    o.task_id ??= place.id ?? this.host.newId();
    const groupId = o.task_id as string;
    if (place.rootId) o.root_id ??= place.rootId;
    if (place.parentId) o.parent_id ??= place.parentId;
    if (place.groupId) o.group_id ??= place.groupId;
    if (place.chord) o.chord = place.chord;
    const partOf = place.groupId ?? (place.groupLater ? undefined : groupId);
    let index = place.groupId ? (place.groupIndex ?? 0) : 0;
    const freezeAll = (group: Group): CanvasResult[] =>
      group.tasks.map((task) => {
        if (task instanceof Group) {
          task.options.task_id ??= this.host.newId();
          return this.host.groupResult(task.options.task_id as string, freezeAll(task));
        }
        const result = task.freeze({
          groupId: partOf,
          groupIndex: index,
          chord: place.chord,
          rootId: o.root_id as string | undefined,
          parentId: o.parent_id as string | undefined,
          ...(place.groupLater ? { groupLater: true } : {}),
        });
        index += task.chordSize;
        return result;
      });
    return this.host.groupResult(groupId, freezeAll(this));
  }

  override get chordSize(): number {
    return this.tasks.reduce((sum, task) => sum + task.chordSize, 0);
  }

  override link(callback: SignatureLike): this {
    // Celery 5.6 links the first task only (canvas.py group.link): one call, not one per task.
    this.tasks[0]?.link({ ...new Signature(callback).setImmutable(true).toJSON() });
    return this;
  }

  override linkError(errback: SignatureLike): this {
    for (const task of this.tasks) task.linkError(errback);
    return this;
  }

  override setImmutable(immutable: boolean): this {
    for (const task of this.tasks) task.setImmutable(immutable);
    return this;
  }

  override toString(): string {
    return `group(${tasksText(this.tasks)})`;
  }
}

/** No task in it, nor in the groups in it. In a chain it does nothing; as a header it gives the body an empty list. */
export function isEmptyGroup(signature: Signature): boolean {
  return signature instanceof Group && signature.tasks.every(isEmptyGroup);
}

/** The results of a group's tasks, those of groups directly in it in their places: what a chord's body gets, and in which shape. */
export function unrolledResults(group: Group, results: readonly CanvasResult[]): CanvasResult[] {
  return group.tasks.flatMap((task, i) =>
    task instanceof Group
      ? unrolledResults(task, (results[i] as GroupResult).results as CanvasResult[])
      : [results[i]!],
  );
}

/** An empty group knows no app, and needs none. */
function emptyResult(): GroupResult {
  const nobody = (): never => {
    throw new ImproperlyConfigured('The result of an empty group belongs to no app.');
  };
  return new GroupResult(randomUUID(), [], { backend: async () => nobody(), revoke: async () => {}, timer: NO_TIMER });
}
const NO_TIMER = null as never;

/** '(vec.add(1, 1), add(2, 2))': the first with its module, as Celery shortens the rest of the same module. */
export function tasksText(tasks: readonly Signature[]): string {
  const texts = shortened(tasks);
  return texts.length === 1 ? `[${texts[0]}]` : `(${texts.join(', ')})`;
}

export function shortened(tasks: readonly Signature[]): string[] {
  const first = tasks[0]?.task ?? '';
  const module = first.includes('.') ? first.slice(0, first.lastIndexOf('.') + 1) : null;
  return tasks.map((task, i) => {
    const text = String(task);
    return i > 0 && module && task.subtask_type === null && text.startsWith(module) ? text.slice(module.length) : text;
  });
}

const POSITION: ReadonlySet<string> = new Set(optionsThatAre('position'));

function withoutPosition(options: object): ApplyOptions {
  return Object.fromEntries(Object.entries(options).filter(([key]) => !POSITION.has(key)));
}
