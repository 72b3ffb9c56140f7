// One after another: each step gets the result of the one before.
// Not here: sending the next step when one is done (app/trace.ts).
// Holds: the message of a step carries the steps after it, last first, each already with its id; the chain's result is its last step's.
// Celery 5.6: canvas.py _chain.prepare_steps, run
import { randomUUID } from 'node:crypto';
import { IndexError } from '../errors.ts';
import { type AsyncResult, EagerResult } from '../results/async-result.ts';
import type { ApplyOptions } from './call-options.ts';
import { Chord } from './chord.ts';
import { failed, failureOf, inHeader, isSilent } from './eager.ts';
import { Group, isEmptyGroup, shortened } from './group.ts';
import type { CanvasHost, CanvasResult, Kwargs, Options } from './host.ts';
import { type FreezeOptions, listOf, Signature, type SignatureParts } from './signature.ts';
import { mergedStamps, type StampingVisitor, type Stamps } from './stamping.ts';

interface Prepared {
  /** Last step first. */
  readonly steps: Signature[];
  /** In the order of `steps`. */
  readonly results: CanvasResult[];
}

export class Chain<R = unknown> extends Signature<R> {
  constructor(parts: Omit<SignatureParts, 'task'>, host: CanvasHost | null) {
    super({ ...parts, task: 'celery.chain', subtask_type: 'chain' }, host);
  }

  static of<R = unknown>(tasks: readonly Signature[], host: CanvasHost | null, options: Options = {}): Chain<R> {
    return new Chain<R>({ kwargs: { tasks }, options }, host);
  }

  get tasks(): readonly Signature[] {
    return (this.kwargs.tasks ?? []) as readonly Signature[];
  }

  override async applyAsync(
    args: readonly unknown[] = [],
    kwargs: Kwargs = {},
    options: ApplyOptions = {},
  ): Promise<CanvasResult<R>> {
    if (this.isEmpty) return nothingToRun() as EagerResult<R>;
    if (this.host.alwaysEager) return this.apply(args, kwargs, options);
    const { link, link_error, task_id, group_id, group_index, chord, chain, root_id, ...rest } = this.merge(
      [],
      {},
      options as Options,
    ).options as ApplyOptions;
    const { steps, results } = this.prepare(true, args, kwargs, {
      id: task_id,
      groupId: group_id,
      groupIndex: group_index,
      chord: chord as Signature | undefined,
      rootId: root_id,
    });
    const first = steps.at(-1)!;
    for (const errback of listOf(link_error)) for (const step of steps) step.linkError(errback);
    for (const callback of listOf(link)) steps[0]!.link(callback);
    // What the chain itself was followed by comes after its own last step.
    const remaining = [...(chain ?? []), ...steps.slice(0, -1)];
    await first.applyAsync([], {}, { ...rest, ...(root_id ? { root_id } : {}), chain: remaining });
    return results[0]! as CanvasResult<R>;
  }

  override async apply(
    args: readonly unknown[] = [],
    kwargs: Kwargs = {},
    options: ApplyOptions = {},
  ): Promise<CanvasResult<R>> {
    const {
      link,
      link_error,
      task_id,
      chain: _chain,
      ...rest
    } = this.merge([], {}, options as Options).options as ApplyOptions;
    const { steps, results } = this.prepare(true, args, kwargs, { id: task_id });
    for (const errback of listOf(link_error)) for (const step of steps) step.linkError(errback);
    for (const callback of listOf(link)) steps[0]?.link(callback);
    const throwing: ApplyOptions = 'throw' in rest ? ({ throw: rest.throw } as ApplyOptions) : {};
    let last: CanvasResult | undefined;
    for (const [i, step] of steps.reverse().entries()) {
      const given = last ? [await last.get()] : [];
      const run = (): Promise<CanvasResult> => step.apply(given, {}, i === 0 ? rest : throwing);
      // Of a chain in a header its last step is the part.
      const result = await (i === steps.length - 1 ? run() : inHeader(null, run));
      if (last) firstOf(result).parent = last;
      last = result;
      if (i === steps.length - 1 || (await isSilent(result))) return result as CanvasResult<R>;
      const failure = await failureOf(result);
      // As when it is sent: what would have followed fails with the same error.
      if (failure) return failed(results[0]!, failure, this.host) as CanvasResult<R>;
    }
    return (last ?? nothingToRun()) as CanvasResult<R>;
  }

  override freeze(place: FreezeOptions = {}): CanvasResult<R> {
    const id = (this.options.task_id as string | undefined) ?? place.id;
    if (this.isEmpty) {
      throw new IndexError(
        'list index out of range: an empty chain cannot be a member of a group, or the header or body of a chord.',
      );
    }
    // Chains in it that have links of their own: what is frozen must be what stands here.
    if (this.tasks.some((task) => task instanceof Chain)) {
      const { steps, prefix } = this.spliced([]);
      this.kwargs.tasks = steps;
      this.args = prefix;
    }
    const { results } = this.prepare(false, [], {}, { ...this.placeOfEnd(place), id });
    return results[0]! as CanvasResult<R>;
  }

  override stampWith(visitor: StampingVisitor | null, headers: Stamps, append: boolean): void {
    const stamps = mergedStamps(headers, visitor?.onChainStart?.(this, headers), this.options, append);
    this.stampLinks(visitor, stamps, append);
    for (const task of this.tasks) task.stampWith(visitor, stamps, append);
    visitor?.onChainEnd?.(this, stamps);
  }

  /** No step, nor in the chains in it. */
  get isEmpty(): boolean {
    return this.tasks.every((task) => task instanceof Chain && task.isEmpty);
  }

  /** Its tasks, with what follows the chain as a whole: its links on the last, its errbacks on each. */
  unchained(): readonly Signature[] {
    const links = listOf(this.options.link);
    const errbacks = listOf(this.options.link_error);
    if (links.length + errbacks.length === 0) return this.tasks;
    const tasks = this.tasks.filter((task) => !isEmptyGroup(task)).map((task) => task.clone());
    for (const callback of links) tasks.at(-1)?.link(callback);
    // A group with something after it is a header: its failure is that of what comes after.
    const failing = tasks.filter(
      (task, i) => !(task instanceof Group && i < tasks.length - 1) || this.host.errorsOnChordHeader,
    );
    for (const errback of errbacks) for (const task of failing) task.linkError(errback);
    return tasks;
  }

  /** The same chain, what follows it as a whole put on its tasks. */
  settled(): Chain {
    const { link: _link, link_error: _error, ...rest } = this.options;
    return Chain.of(this.unchained(), this.host, rest);
  }

  /** The steps with those of inner chains in their places, and without empty groups, unless there is nothing else. */
  private spliced(args: readonly unknown[]): { steps: Signature[]; prefix: unknown[] } {
    const all: Signature[] = [];
    const prefix = this.immutable ? [...this.args] : [...args, ...this.args];
    const splice = (tasks: readonly Signature[]): void => {
      for (const task of tasks) {
        if (!(task instanceof Chain)) {
          all.push(task);
          continue;
        }
        if (all.length === 0) prefix.push(...task.args);
        splice(task.unchained());
      }
    };
    splice(this.tasks);
    const steps = all.filter((step) => !isEmptyGroup(step));
    return { steps: steps.length > 0 ? steps : all.slice(0, 1), prefix };
  }

  /** From the last step to the first: make chords of groups with something after them, freeze each. */
  private prepare(copy: boolean, args: readonly unknown[], kwargs: Kwargs, last: FreezeOptions): Prepared {
    const { steps: waiting, prefix } = this.spliced(args);
    const steps: Signature[] = [];
    const results: CanvasResult[] = [];
    while (waiting.length > 0) {
      const isFirst = waiting.length === 1;
      let step = waiting.pop()!;
      if (isFirst && (prefix.length > 0 || Object.keys(kwargs).length > 0)) step = step.clone(prefix, kwargs);
      else if (copy) step = step.clone();
      let id = steps.length === 0 ? last.id : undefined;
      const next = steps.at(-1);
      if (next && (step instanceof Group || step instanceof Chord)) {
        steps.pop();
        results.pop();
        id = undefined;
        step = step instanceof Group ? upgraded(step, next, this.host) : this.host.pipe(step, next);
      }
      const isLast = steps.length === 0;
      const result = step.freeze(isLast ? { ...last, id } : { rootId: last.rootId });
      const followed = results.at(-1);
      if (followed) firstOf(followed).parent = result;
      steps.push(step);
      results.push(result);
    }
    return { steps, results };
  }

  override get chordSize(): number {
    // The last step that is not empty. Celery 5.6: canvas.py _chord._descend
    for (const task of this.tasks.toReversed()) {
      const size = task.chordSize;
      if (size > 0) return size;
    }
    return 0;
  }

  protected override text(): string {
    return shortened(this.tasks).join(' | ');
  }
}

/** The group itself stays the header: it may be frozen already, and its id is that of the chord. */
function upgraded(header: Group, body: Signature, host: CanvasHost): Chord {
  return new Chord({ kwargs: { kwargs: {}, header, body } }, host);
}

/** Celery answers None. Here waiting for it ends at once. */
function nothingToRun(): EagerResult {
  return new EagerResult(randomUUID(), null, 'SUCCESS');
}

function firstOf(result: CanvasResult): { parent: unknown } {
  let node = result as AsyncResult;
  while (node.parent) node = node.parent as AsyncResult;
  return node as { parent: unknown };
}
