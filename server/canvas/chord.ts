// A group and what follows it: the body gets the list of the header's results when the last of them is there.
// Not here: counting the parts (backends/), sending the body (app/chord-part.ts, when the store reports the last part; where the store
// does not count, celery.chord_unlock in app/builtins.ts).
// Holds: every header task carries the frozen body; the store knows the size before the first header task is sent.
// Celery 5.6: canvas.py _chord, backends/base.py apply_chord
import { type ChordPlan, countsChords } from '../backends/contract.ts';
import { NotImplementedError } from '../errors.ts';
import type { AsyncResult } from '../results/async-result.ts';
import type { GroupResult } from '../results/group-result.ts';
import type { ApplyOptions, SignatureLike } from './call-options.ts';
import { Group, tasksText, unrolledResults } from './group.ts';
import type { CanvasHost, CanvasResult, Kwargs, Options } from './host.ts';
import { type FreezeOptions, Signature, type SignatureParts } from './signature.ts';

export class Chord extends Signature {
  constructor(parts: Omit<SignatureParts, 'task'>, host: CanvasHost | null) {
    super({ ...parts, task: 'celery.chord', subtask_type: 'chord' }, host);
  }

  static of(
    header: readonly Signature[] | Group,
    body: Signature,
    host: CanvasHost | null,
    options: Options = {},
  ): Chord {
    const tasks = header instanceof Group ? header.tasks : header;
    return new Chord({ kwargs: { kwargs: {}, header: tasks, body }, options }, host);
  }

  get header(): readonly Signature[] {
    const header = this.kwargs.header as readonly Signature[] | Group | undefined;
    return header instanceof Group ? header.tasks : (header ?? []);
  }

  get body(): Signature {
    return this.kwargs.body as Signature;
  }

  set body(body: Signature) {
    this.kwargs.body = body;
  }

  /** The header as a group of its own id. */
  private headerGroup(): Group {
    const header = this.kwargs.header;
    if (header instanceof Group) return header;
    const group = Group.of(this.header, this.host);
    this.kwargs.header = group;
    return group;
  }

  override async applyAsync(
    args: readonly unknown[] = [],
    kwargs: Kwargs = {},
    options: ApplyOptions = {},
  ): Promise<CanvasResult> {
    if (this.host.alwaysEager) return this.apply(args, kwargs, options);
    const { task_id: called, add_to_parent, ...rest } = options;
    const { task_id: own, ...ownRest } = this.options as ApplyOptions;
    const chord = this.clone();
    const body = this.body.clone([], {}, { ...ownRest, ...rest });
    chord.body = body;
    const group = chord.headerGroup();
    const partial = this.immutable ? [...this.args] : [...args, ...this.args];

    group.options.task_id ??= this.host.newId();
    const groupId = group.options.task_id as string;
    const bodyResult = freezeBody(body, { id: called ?? own, groupId, rootId: rest.root_id ?? undefined });
    const headerResult = group.freeze({ chord: body, rootId: rest.root_id, parentId: rest.parent_id });
    if (group.chordSize === 0) {
      await body.applyAsync([[]], {}, add_to_parent === undefined ? {} : { add_to_parent });
      return bodyResult;
    }
    const backend = await this.host.backend();
    if (!backend.enabled) {
      throw new NotImplementedError(
        'A chord needs a result store that gathers the results of its header: set result_backend.',
      );
    }
    if (backend.flags.chords === 'refused') {
      throw new NotImplementedError(
        `The result store '${backend.driver}' cannot have chords: the results of a header go to who sent it, and no worker can gather ` +
          'them. A group followed by a task is a chord, too. Redis, SQLite, SQL, Memcached, files and memory can.',
      );
    }
    setParent(bodyResult, headerResult);
    const header = this.host.groupResult(groupId, unrolledResults(group, headerResult.results as CanvasResult[]));
    // Where a part is a group itself (a chain that ends in one), the body gets the results in this shape.
    if (header.results.some(({ kind }) => kind === 'group')) await backend.saveGroup(groupId, header.asTuple());
    if (countsChords(backend))
      await backend.startChord(groupId, group.chordSize, planOf(header, group.chordSize, body));
    else await this.host.unlockLater(header, body, { countdown: rest.countdown ?? 1 });
    await group.sendTasks(partial, kwargs, {});
    if (add_to_parent !== false) this.host.addToTrail(header);
    return bodyResult;
  }

  override async apply(
    args: readonly unknown[] = [],
    kwargs: Kwargs = {},
    options: ApplyOptions = {},
  ): Promise<CanvasResult> {
    const header = await Group.of(this.header, this.host).apply([...args, ...this.args], kwargs);
    const { task_id: _, ...rest } = this.options as ApplyOptions;
    return this.body.clone([], {}, rest).apply([await header.get()], {}, options);
  }

  override freeze(place: FreezeOptions = {}): CanvasResult {
    const headerResult = this.headerGroup().freeze({
      chord: this.body,
      rootId: place.rootId,
      parentId: place.parentId,
      groupLater: true,
    });
    const id = (this.options.task_id as string | undefined) ?? place.id;
    const bodyResult = this.body.freeze({ ...place, id, parentId: undefined });
    setParent(bodyResult, headerResult);
    return bodyResult;
  }

  override get chordSize(): number {
    // As a header task of another chord it is complete when its body is.
    return this.body.chordSize;
  }

  override link(callback: SignatureLike): this {
    this.body.link(callback);
    return this;
  }

  override linkError(errback: SignatureLike): this {
    if (this.host.errorsOnChordHeader) for (const task of this.header) task.linkError(errback);
    this.body.linkError(errback);
    return this;
  }

  override setImmutable(immutable: boolean): this {
    this.body.setImmutable(immutable);
    return this;
  }

  override toString(): string {
    const [name, rest] = splitName(this.body);
    return `%${name}(${[headerText(this), rest].filter(Boolean).join(', ')})`;
  }
}

/** undefined where the header's results are not its parts, one by one: such a chord is not checked. */
function planOf(header: GroupResult, size: number, body: Signature): ChordPlan | undefined {
  const parts = header.results.flatMap(idsOf);
  return parts.length === size ? { parts, body: body.toJSON() } : undefined;
}

function idsOf(result: { readonly id: string; readonly results?: readonly { readonly id: string }[] }): string[] {
  return result.results ? result.results.flatMap(idsOf) : [result.id];
}

/** A body that is a group or chain is frozen as such, its last steps in the place the body has. */
function freezeBody(body: Signature, place: FreezeOptions): CanvasResult {
  return body.freeze(place);
}

/** The oldest ancestor of `result` follows `parent`. */
function setParent(result: CanvasResult, parent: GroupResult): void {
  let node = result as AsyncResult;
  while (node.parent) node = node.parent as AsyncResult;
  (node as { parent: unknown }).parent = parent;
}

function headerText(chord: Chord): string {
  const tasks = chord.kwargs.header instanceof Group ? (chord.kwargs.header as Group).tasks : chord.header;
  return tasksText(tasks);
}

function splitName(body: Signature): [name: string, rest: string] {
  const text = String(body);
  const open = text.indexOf('(');
  return [body.task, text.slice(open + 1, -1)];
}
