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
import type { CanvasHost, CanvasResult, GroupOf, Kwargs, Options } from './host.ts';
import { type FreezeOptions, listOf, Signature, type SignatureParts } from './signature.ts';
import { mergedStamps, type StampingVisitor, type Stamps } from './stamping.ts';

/** R: its values, in the order of its tasks. */
export class Group<R extends unknown[] = unknown[]> extends Signature<R> {
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
  ): Promise<GroupOf<R>> {
    if (isEmptyGroup(this) && !this.hasHost) return emptyResult() as unknown as GroupOf<R>;
    if (options.link) throw new TypeError('A group has no callbacks: use a chord, or link each of its tasks.');
    if (this.host.alwaysEager) return this.apply(args, kwargs, options);
    const merged = this.prepared(options);
    const result = merged.freeze();
    await merged.sendTasks(args, kwargs, options);
    if (options.add_to_parent !== false && !isEmptyGroup(this)) this.host.addToTrail(result);
    return result;
  }

  override async apply(
    args: readonly unknown[] = [],
    kwargs: Kwargs = {},
    options: ApplyOptions = {},
  ): Promise<GroupOf<R>> {
    if (isEmptyGroup(this) && !this.hasHost) return emptyResult() as unknown as GroupOf<R>;
    const { task_id, group_id, link_error, ...rest } = options;
    const group = this.prepared({ ...options, task_id: task_id ?? group_id ?? undefined, link_error });
    const id = group.freeze().id;
    const shared = { ...withoutPosition(group.options), ...withoutPosition(rest) };
    const prefix = this.immutable ? [...this.args] : [...args, ...this.args];
    const results: CanvasResult[] = [];
    for (const task of group.unrolled()) results.push(await task.apply(prefix, kwargs, shared));
    return this.host.groupResult(id, results) as unknown as GroupOf<R>;
  }

  /** A copy ready to be frozen: nested groups dissolved, errbacks of the call on each task. */
  private prepared(options: ApplyOptions): Group<R> {
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

  override freeze(place: FreezeOptions = {}): GroupOf<R> {
    const o = this.options;
    o.task_id ??= place.id ?? this.host.newId();
    const groupId = o.task_id as string;
    if (place.rootId) o.root_id ??= place.rootId;
    if (place.parentId) o.parent_id ??= place.parentId;
    if (place.groupId) o.group_id ??= place.groupId;
    if (place.chord) o.chord = place.chord;
    const partOf = place.groupId ?? (place.groupLater ? undefined : groupId);
    let index = place.groupId ? (place.groupIndex ?? 0) : 0;
    // Celery 5.6, canvas.py group._freeze_unroll: groups in it dissolve, so that its result has no groups for them.
    const results = this.unrolled().map((task) => {
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
    return this.host.groupResult(groupId, results) as unknown as GroupOf<R>;
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

  override stampWith(visitor: StampingVisitor | null, headers: Stamps, append: boolean): void {
    const stamps = mergedStamps(headers, visitor?.onGroupStart?.(this, headers), this.options, append);
    this.stampLinks(visitor, stamps, append);
    for (const task of this.tasks) task.stampWith(visitor, stamps, append);
    visitor?.onGroupEnd?.(this, stamps);
  }

  protected override text(): string {
    return `group(${tasksText(this.tasks)})`;
  }
}

/** No task in it, nor in the groups in it. In a chain it does nothing; as a header it gives the body an empty list. */
export function isEmptyGroup(signature: Signature): boolean {
  return signature instanceof Group && signature.tasks.every(isEmptyGroup);
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

/** What a group hands on to its parts. */
export function withoutPosition(options: object): ApplyOptions {
  return Object.fromEntries(Object.entries(options).filter(([key]) => !POSITION.has(key)));
}
