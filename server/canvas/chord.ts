// A group and what follows it: the body gets the list of the header's results when the last of them is there.
// Not here: counting the parts (backends/), sending the body (app/chord-part.ts, when the store reports the last part; where the store
// does not count, celery.chord_unlock in app/builtins.ts).
// Holds: every header task carries the frozen body; the store knows the size before the first header task is sent.
// Celery 5.6: canvas.py _chord, backends/base.py apply_chord
import { type ChordPlan, countsChords } from '../backends/contract.ts';
import { ChordError, NotImplementedError, toError } from '../errors.ts';
import { exceptionRepr } from '../protocol/failure.ts';
import type { AsyncResult, EagerResult } from '../results/async-result.ts';
import type { GroupResult } from '../results/group-result.ts';
import type { ApplyOptions, SignatureLike } from './call-options.ts';
import { type AddedPart, failed, gathered, inHeader } from './eager.ts';
import { Group, tasksText, withoutPosition } from './group.ts';
import type { CanvasHost, CanvasResult, Kwargs, Options } from './host.ts';
import { type FreezeOptions, listOf, Signature, type SignatureParts } from './signature.ts';
import { mergedStamps, type StampingVisitor, type Stamps } from './stamping.ts';
import { refuseTooLarge } from './written-size.ts';

/** R: its body's value. */
export class Chord<R = unknown> extends Signature<R> {
  constructor(parts: Omit<SignatureParts, 'task'>, host: CanvasHost | null) {
    super({ ...parts, task: 'celery.chord', subtask_type: 'chord' }, host);
  }

  static of<R = unknown>(
    header: readonly Signature[] | Group,
    body: Signature<R>,
    host: CanvasHost | null,
    options: Options = {},
  ): Chord<R> {
    const tasks = header instanceof Group ? header.tasks : header;
    return new Chord<R>({ kwargs: { kwargs: {}, header: tasks, body }, options }, host);
  }

  get header(): readonly Signature[] {
    const header = this.kwargs.header as readonly Signature[] | Group | undefined;
    return header instanceof Group ? header.tasks : (header ?? []);
  }

  get body(): Signature<R> {
    return this.kwargs.body as Signature<R>;
  }

  set body(body: Signature<R>) {
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
  ): Promise<CanvasResult<R>> {
    if (this.host.alwaysEager) return this.apply(args, kwargs, options);
    refuseTooLarge(this.header, this.body);
    const { task_id: called, add_to_parent, ...rest } = options;
    const { task_id: own, ...ownRest } = this.options as ApplyOptions;
    const chord = this.clone();
    // What delays the chord delays its header: the body has no time of its own.
    const { countdown: _countdown, eta: _eta, ...ofBody } = { ...ownRest, ...rest };
    const body = this.body.clone([], {}, ofBody);
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
    const header = headerResult;
    // Where a part is a group itself (a chain that ends in one), the body gets the results in this shape.
    if (header.results.some(({ kind }) => kind === 'group')) await backend.saveGroup(groupId, header.asTuple());
    if (countsChords(backend))
      await backend.startChord(groupId, group.chordSize, planOf(header, group.chordSize, body));
    else await this.host.unlockLater(header, body, { countdown: 1 });
    // The body needs the results of the header, whatever becomes of its own.
    const { ignore_result: _ignored, ...ofHeader } = withoutPosition({ ...ownRest, ...rest });
    await group.sendTasks(partial, kwargs, ofHeader);
    if (add_to_parent !== false) this.host.addToTrail(header);
    return bodyResult;
  }

  override async apply(
    args: readonly unknown[] = [],
    kwargs: Kwargs = {},
    options: ApplyOptions = {},
  ): Promise<CanvasResult<R>> {
    const { task_id, link, link_error, ...rest } = options;
    const { task_id: own, ...ownRest } = this.options as ApplyOptions;
    const { countdown: _countdown, eta: _eta, ...ofBody } = { ...ownRest, ...rest };
    const body = this.body.clone([], {}, ofBody);
    for (const callback of listOf(link)) body.link(callback);
    for (const errback of listOf(link_error)) body.linkError(errback);
    const partial = this.immutable ? [...this.args] : [...args, ...this.args];
    const shared = withoutPosition({ ...ownRest, ...rest });
    const parts = Group.of(this.header, this.host);
    const added: AddedPart[] = [];
    const header = await inHeader(added, () => parts.apply(partial, kwargs, shared));
    let results: unknown[];
    try {
      const sizes = parts.unrolled().map((part) => part.chordSize);
      results = await gathered(header as GroupResult, sizes, added);
    } catch (error) {
      const frozen = body.freeze({ id: task_id ?? own });
      const whole = this.host.groupResult(header.id, [
        ...(header.results as CanvasResult[]),
        ...added.map((part) => part.result),
      ]);
      return this.failedHere(body, frozen, whole, toError(error));
    }
    if (body.id === undefined) body.freeze({ id: task_id ?? own });
    return body.apply([results], {}, 'throw' in rest ? ({ throw: rest.throw } as ApplyOptions) : {});
  }

  /** As when it is sent: the body fails and its errbacks are called. */
  private async failedHere(
    body: Signature,
    frozen: CanvasResult,
    header: GroupResult,
    cause: Error,
  ): Promise<CanvasResult<R>> {
    let dependency = header.id;
    for (const member of header.results) {
      if (dependency === header.id && member.kind === 'eager' && (await (member as EagerResult).failed()))
        dependency = member.id;
    }
    const error = new ChordError(`Dependency ${dependency} raised ${exceptionRepr(cause)}`);
    // The tasks of a body that is a group fail with what the header failed with (Celery 5.6, backends/base.py).
    const tasks = body instanceof Group ? body.unrolled() : [body];
    for (const task of tasks) await this.host.callErrbacks(task, body instanceof Group ? cause : error);
    const result = failed(frozen, body instanceof Group ? cause : error, this.host);
    setParent(result, header);
    return result as CanvasResult<R>;
  }

  override freeze(place: FreezeOptions = {}): CanvasResult<R> {
    refuseTooLarge(this.header, this.body);
    const headerResult = this.headerGroup().freeze({
      chord: this.body,
      rootId: place.rootId,
      parentId: place.parentId,
      groupLater: true,
    });
    const own = this.options.task_id as string | undefined;
    const id = own === undefined || own === headerResult.id ? place.id : own;
    const bodyResult = this.body.freeze({ ...this.placeOfEnd(place), id, parentId: undefined });
    // As Celery writes it.
    this.options.task_id = headerResult.id;
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

  override stampWith(visitor: StampingVisitor | null, headers: Stamps, append: boolean): void {
    const started = visitor?.onChordHeaderStart
      ? visitor.onChordHeaderStart(this, headers)
      : visitor?.onGroupStart?.(this.headerGroup(), headers);
    const stamps = mergedStamps(headers, started, this.options, append);
    this.stampLinks(visitor, stamps, append);
    for (const task of this.header) task.stampWith(visitor, stamps, append);
    if (visitor?.onChordHeaderEnd) visitor.onChordHeaderEnd(this, stamps);
    else visitor?.onGroupEnd?.(this.headerGroup(), stamps);
    // Celery 5.6 leaves the body as it is where there is no visitor.
    this.body.stampWith(
      visitor,
      mergedStamps(stamps, visitor?.onChordBody?.(this, stamps), this.options, append),
      append,
    );
  }

  override setImmutable(immutable: boolean): this {
    // Celery 5.6, canvas.py _chord.set_immutable: the header's, which gets what the chord is given.
    for (const task of this.header) task.setImmutable(immutable);
    return this;
  }

  protected override text(): string {
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
function freezeBody<R>(body: Signature<R>, place: FreezeOptions): CanvasResult<R> {
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
