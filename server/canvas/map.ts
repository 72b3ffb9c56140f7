// One task over many arguments: map and starmap in a single message, chunks in a few.
// Not here: the tasks that do it (app/builtins.ts).
// Celery 5.6: canvas.py xmap, xstarmap, chunks
import { saferepr } from '../../shared/python-repr.ts';
import type { ApplyOptions } from './call-options.ts';
import { Group } from './group.ts';
import type { CanvasHost, GroupOf, Kwargs } from './host.ts';
import { Signature, type SignatureParts } from './signature.ts';

class Mapped extends Signature<unknown[]> {
  get mapped(): Signature {
    return this.kwargs.task as Signature;
  }
  get items(): readonly unknown[] {
    return this.kwargs.it as readonly unknown[];
  }
}

export class XMap extends Mapped {
  constructor(parts: Omit<SignatureParts, 'task'>, host: CanvasHost | null) {
    super({ ...parts, task: 'celery.map', immutable: true }, host);
  }
  protected override text(): string {
    return `[${this.mapped.task}(x) for x in ${saferepr(this.items)}]`;
  }
}

export class XStarmap extends Mapped {
  constructor(parts: Omit<SignatureParts, 'task'>, host: CanvasHost | null) {
    super({ ...parts, task: 'celery.starmap', immutable: true }, host);
  }
  protected override text(): string {
    return `[${this.mapped.task}(*x) for x in ${saferepr(this.items)}]`;
  }
}

export class Chunks extends Mapped {
  constructor(parts: Omit<SignatureParts, 'task'>, host: CanvasHost | null) {
    super({ ...parts, task: 'celery.chunks', immutable: true }, host);
    const { n } = this.kwargs;
    // Also of one that came in a message: with none in a chunk there is no end of chunks.
    if (!Number.isInteger(n) || (n as number) < 1)
      throw new TypeError(`chunks of ${saferepr(n)}: the size must be a whole number above zero.`);
  }

  /** The group of starmaps that is sent. */
  group(): Group<unknown[]> {
    const n = this.kwargs.n as number;
    const parts: Signature[] = [];
    for (let i = 0; i < this.items.length; i += n) {
      parts.push(new XStarmap({ kwargs: { task: this.mapped.clone(), it: this.items.slice(i, i + n) } }, this.host));
    }
    return Group.of(parts, this.host, this.options) as Group<unknown[]>;
  }

  override applyAsync(
    args: readonly unknown[] = [],
    kwargs: Kwargs = {},
    options: ApplyOptions = {},
  ): Promise<GroupOf<unknown[]>> {
    return this.group().applyAsync(args, kwargs, options);
  }

  override apply(
    args: readonly unknown[] = [],
    kwargs: Kwargs = {},
    options: ApplyOptions = {},
  ): Promise<GroupOf<unknown[]>> {
    return this.group().apply(args, kwargs, options);
  }
}
