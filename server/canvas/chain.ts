// One after another: each step gets the result of the one before.
// Not here: sending the next step when one is done (app/trace.ts).
// Holds: the message of a step carries the steps after it, last first, each already with its id; the chain's result is its last step's.
// Celery 5.6: canvas.py _chain.prepare_steps, run
import { randomUUID } from 'node:crypto';
import { IndexError } from '../errors.ts';
import { type AsyncResult, EagerResult } from '../results/async-result.ts';
import type { ApplyOptions } from './call-options.ts';
import { Chord } from './chord.ts';
import { Group, isEmptyGroup, shortened } from './group.ts';
import type { CanvasHost, CanvasResult, Kwargs, Options } from './host.ts';
import { type FreezeOptions, listOf, Signature, type SignatureParts } from './signature.ts';

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
  ): Promise<CanvasResult> {
    if (this.isEmpty) return nothingToRun();
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
    return results[0]!;
  }

  override async apply(
    args: readonly unknown[] = [],
    kwargs: Kwargs = {},
    options: ApplyOptions = {},
  ): Promise<CanvasResult> {
    const { link: _link, link_error: _error, chain: _chain, ...rest } = options;
    let last: CanvasResult | undefined;
    const { steps, prefix } = this.spliced(args);
    for (const [i, step] of steps.entries()) {
      const given = last ? [await last.get()] : prefix;
      const result = await step.apply(given, i === 0 ? kwargs : {}, i === steps.length - 1 ? rest : {});
      if (last) (result as { parent: unknown }).parent = last;
      last = result;
    }
    return last ?? nothingToRun();
  }

  override freeze(place: FreezeOptions = {}): CanvasResult {
    const id = (this.options.task_id as string | undefined) ?? place.id;
    if (this.isEmpty) {
      throw new IndexError(
        'list index out of range: an empty chain cannot be a member of a group, or the header or body of a chord.',
      );
    }
    const { results } = this.prepare(false, [], {}, { ...place, id });
    return results[0]!;
  }

  /** No step, nor in the chains in it. */
  get isEmpty(): boolean {
    return this.tasks.every((task) => task instanceof Chain && task.isEmpty);
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
        splice(task.tasks);
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
        step = step instanceof Group ? upgraded(step, next, this.host) : followedBy(step, next, this.host);
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
    return this.tasks.findLast((task) => task.chordSize > 0)?.chordSize ?? 0;
  }

  override toString(): string {
    return shortened(this.tasks).join(' | ');
  }
}

/** The group itself stays the header: it may be frozen already, and its id is that of the chord. */
function upgraded(header: Group, body: Signature, host: CanvasHost): Chord {
  return new Chord({ kwargs: { kwargs: {}, header, body } }, host);
}

/** A chord whose body is followed by one more step. */
export function followedBy(chord: Chord, next: Signature, host: CanvasHost | null): Chord {
  const { body } = chord;
  const steps = [...(body instanceof Chain ? body.tasks : [body]), ...(next instanceof Chain ? next.tasks : [next])];
  const copy = chord.clone();
  copy.body = Chain.of(steps, host);
  return copy;
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
