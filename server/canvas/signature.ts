// A call that has not been made yet: task, arguments, options. What `task.s(...)` gives, and what chains, groups and chords are made of.
// Not here: the compound ones (chain.ts, group.ts, chord.ts, map.ts); which of them a pipe becomes (compose.ts).
// Holds: its JSON form is Celery's, key by key; `clone` shares nothing that either side may change; once frozen it keeps its id.
// Celery 5.6: canvas.py Signature
import { inspect, isDeepStrictEqual } from 'node:util';
import { maskText } from '../../shared/masking.ts';
import { saferepr } from '../../shared/python-repr.ts';
import { ImproperlyConfigured } from '../errors.ts';
import type { WireSignature } from '../protocol/task-message.ts';
import type { AsyncResult, EagerResult } from '../results/async-result.ts';
import { optionsThatAre } from './call-option-table.ts';
import type { ApplyOptions, SignatureLike } from './call-options.ts';
import type { CanvasHost, CanvasResult, Kwargs, Options } from './host.ts';
import { refuseMisplacedOptions } from './misplaced-options.ts';
import { refuseNoSignature } from './no-signature.ts';
import {
  checkStamps,
  checkVisitor,
  mergedStamps,
  type StampingVisitor,
  type StampOptions,
  type Stamps,
} from './stamping.ts';
import { refuseUnknownCallOptions } from './unknown-options.ts';

/** What freezing tells a signature of the place it will have. */
export interface FreezeOptions {
  readonly id?: string | undefined;
  readonly groupId?: string | null | undefined;
  readonly groupIndex?: number | null | undefined;
  readonly chord?: Signature | null | undefined;
  readonly rootId?: string | null | undefined;
  readonly parentId?: string | null | undefined;
  /** A header frozen as part of a chain: its tasks get the group's id when the chord is sent, as in Celery. */
  readonly groupLater?: boolean;
}

export interface SignatureParts {
  readonly task: string;
  readonly args?: readonly unknown[];
  readonly kwargs?: Kwargs;
  readonly options?: Options;
  readonly subtask_type?: string | null;
  readonly immutable?: boolean;
}

/** What comes of a signature; unknown of a plain one. */
export type ValueOf<S> = S extends Signature<infer R> ? R : unknown;
export type LastValue<T extends readonly SignatureLike[]> = T extends readonly [...unknown[], infer Last]
  ? ValueOf<Last>
  : unknown;

/** A call cannot replace them. */
const FIXED: ReadonlySet<string> = new Set(optionsThatAre('fixed'));

export class Signature<R = unknown> implements SignatureLike {
  readonly task: string;
  args: readonly unknown[];
  kwargs: Record<string, unknown>;
  options: Record<string, unknown>;
  readonly subtask_type: string | null;
  immutable: boolean;
  readonly #host: CanvasHost | null;
  /** What `delay().get()` will give; only for types. */
  declare readonly resultType?: R;

  constructor(parts: SignatureParts, host: CanvasHost | null = null) {
    this.task = parts.task;
    this.args = parts.args ?? [];
    this.kwargs = { ...parts.kwargs };
    this.options = { ...parts.options };
    this.subtask_type = parts.subtask_type ?? null;
    this.immutable = parts.immutable ?? false;
    this.#host = host;
  }

  get id(): string | undefined {
    return this.options.task_id as string | undefined;
  }

  get hasHost(): boolean {
    return this.#host !== null;
  }

  get host(): CanvasHost {
    if (this.#host) return this.#host;
    throw new ImproperlyConfigured(
      `The signature of '${this.task}' belongs to no app. Make it with app.signature('${this.task}') or task.s().`,
    );
  }

  /** The same signature for an app. */
  withHost(host: CanvasHost): this {
    return this.#host === host ? this : this.copy({}, host);
  }

  /** Send it. Arguments come before its own, unless it is immutable. */
  delay(...args: readonly unknown[]): Promise<CanvasResult<R>> {
    return this.applyAsync(args);
  }

  /** As in Celery: what is given comes over its own arguments, keyword arguments and options. */
  async applyAsync(args: readonly unknown[] = [], kwargs: Kwargs = {}, given?: ApplyOptions): Promise<CanvasResult<R>> {
    if (!Array.isArray(args))
      throw new TypeError(
        'signature.applyAsync takes its arguments as a list: signature.applyAsync([], {}, { countdown: 5 }).',
      );
    if (given === undefined) refuseMisplacedOptions(kwargs, [], 'signature.applyAsync([...]');
    const options = given ?? {};
    const merged = this.merge(args, kwargs, options as Options);
    return (await this.host.send(this.task, merged.args, merged.kwargs, merged.options)) as AsyncResult<R>;
  }

  /** Run it here and now. */
  async apply(
    args: readonly unknown[] = [],
    kwargs: Kwargs = {},
    options: ApplyOptions = {},
  ): Promise<CanvasResult<R>> {
    const merged = this.merge(args, kwargs, options as Options);
    return (await this.host.runHere(this.task, merged.args, merged.kwargs, merged.options)) as EagerResult<R>;
  }

  merge(args: readonly unknown[] = [], kwargs: Kwargs = {}, options: Options = {}) {
    const own = this.options;
    const stamps = (own.stamped_headers ?? []) as readonly string[];
    const merged: Record<string, unknown> = { ...own };
    for (const [key, value] of Object.entries(options)) {
      if (value !== undefined && !(key in own && (FIXED.has(key) || stamps.includes(key)))) merged[key] = value;
    }
    if (this.immutable) return { args: this.args, kwargs: this.kwargs, options: merged };
    return {
      args: args.length > 0 ? [...args, ...this.args] : this.args,
      kwargs: { ...this.kwargs, ...kwargs },
      options: merged,
    };
  }

  /** A copy with more arguments in front and other options. */
  clone(args: readonly unknown[] = [], kwargs: Kwargs = {}, options: ApplyOptions = {}): this {
    return this.copy(this.merge(args, kwargs, options as Options));
  }

  protected copy(changes: Partial<SignatureParts>, host: CanvasHost | null = this.#host): this {
    const parts = {
      task: this.task,
      args: [...(changes.args ?? this.args)],
      kwargs: deepCopy(changes.kwargs ?? this.kwargs, host) as Kwargs,
      options: deepCopy(changes.options ?? this.options, host) as Options,
      subtask_type: this.subtask_type,
      immutable: changes.immutable ?? this.immutable,
    };
    return this.make(parts, host);
  }

  /** The object of this very class. */
  protected make(parts: SignatureParts, host: CanvasHost | null): this {
    return new (this.constructor as new (p: SignatureParts, h: CanvasHost | null) => this)(parts, host);
  }

  /** Change its call options. */
  set(options: ApplyOptions & { readonly immutable?: boolean }): this {
    if (typeof options !== 'object' || options === null)
      throw new TypeError(`set takes call options as an object, such as { countdown: 60 }, not ${String(options)}.`);
    const { immutable, ...rest } = options;
    refuseUnknownCallOptions(rest);
    if (immutable !== undefined) this.setImmutable(immutable);
    Object.assign(this.options, rest);
    return this;
  }

  /** Whether it takes no results as arguments. */
  setImmutable(immutable: boolean): this {
    this.immutable = immutable;
    return this;
  }

  /** Call `callback` with the result when it succeeds. */
  link(callback: SignatureLike): this {
    return this.append('link', callback);
  }

  /** Call `errback` with the task's id when it fails. */
  linkError(errback: SignatureLike): this {
    return this.append('link_error', errback);
  }

  /** `linkError`, under the name Celery gives it in chains. */
  onError(errback: SignatureLike): this {
    return this.linkError(errback);
  }

  protected append(option: 'link' | 'link_error', signature: SignatureLike): this {
    refuseNoSignature(signature, option);
    const list = listOf(this.options[option]);
    const plain = toPlain(signature);
    if (!list.some((known) => isDeepStrictEqual(toPlain(known), plain))) this.options[option] = [...list, signature];
    return this;
  }

  /**
   * Put stamps on this and on every part of it, links included: `signature.stamp(null, { customer: 'acme' })`, or what a visitor says of
   * each part. They travel in the messages' headers and stand in `request.stamps`.
   * @param stamps given to the visitor as `headers`
   * @throws TypeError
   */
  stamp(visitor: StampingVisitor | null, stamps: Stamps = {}, options: StampOptions = {}): this {
    checkVisitor(visitor);
    this.stampWith(visitor, checkStamps(stamps), options.append_stamps === true);
    return this;
  }

  /** `stamp` for a part of a canvas. @param headers stamps of the parts around it */
  stampWith(visitor: StampingVisitor | null, headers: Stamps, append: boolean): void {
    this.stampLinks(visitor, headers, append);
    Object.assign(this.options, mergedStamps(headers, visitor?.onSignature(this, headers), this.options, append));
  }

  /** What one link was stamped with is handed on to the next, as in Celery. */
  protected stampLinks(visitor: StampingVisitor | null, headers: Stamps, append: boolean): void {
    const stampAll = (option: 'link' | 'link_error', visit: 'onCallback' | 'onErrback'): void => {
      const links = listOf(this.options[option]);
      if (links.length === 0) return;
      let around = headers;
      this.options[option] = links.map((like) => {
        const link = like instanceof Signature ? like : this.host.revive(like);
        around = mergedStamps(around, visitor?.[visit]?.(link, around), null, append);
        link.stampWith(visitor, around, append);
        return link;
      });
    };
    stampAll('link', 'onCallback');
    stampAll('link_error', 'onErrback');
  }

  /** This and then that: `a.pipe(b, c)` is Celery's `a | b | c`. */
  pipe<T extends readonly SignatureLike[]>(...next: T): Signature<LastValue<T>> {
    return next.reduce<Signature>((so_far, step) => this.host.pipe(so_far, step), this) as Signature<LastValue<T>>;
  }

  /** Settle its id and place. */
  freeze(place: FreezeOptions = {}): CanvasResult<R> {
    const o = this.options;
    o.task_id ??= place.id ?? this.host.newId();
    if (place.rootId) o.root_id = place.rootId;
    if (place.parentId) o.parent_id = place.parentId;
    o.reply_to ??= this.host.oid;
    // Who has a place in a group keeps it, with its number.
    if (o.group_id === undefined) {
      if (place.groupId) o.group_id = place.groupId;
      if (place.groupIndex !== null && place.groupIndex !== undefined) o.group_index = place.groupIndex;
    }
    if (place.chord) o.chord = place.chord;
    return this.host.asyncResult(o.task_id as string) as AsyncResult<R>;
  }

  /** Of what ends it: the place that was put on the whole, as on what replaces a task, goes before the one it is frozen for. */
  protected placeOfEnd(place: FreezeOptions): FreezeOptions {
    const { group_id, group_index, chord } = this.options as ApplyOptions & { chord?: Signature };
    return {
      ...place,
      ...(group_id ? { groupId: group_id, groupIndex: group_index } : {}),
      ...(chord ? { chord } : {}),
    };
  }

  /** How many chord parts it counts for. */
  get chordSize(): number {
    return 1;
  }

  toJSON(): WireSignature {
    return {
      task: this.task,
      args: this.args.map(toPlain),
      kwargs: toPlain(this.kwargs) as Record<string, unknown>,
      options: toPlain(this.options) as Record<string, unknown>,
      subtask_type: this.subtask_type,
      immutable: this.immutable,
    };
  }

  /** As Python would show it, secrets masked: 'vec.add(1, 2)'. */
  toString(): string {
    return maskText(this.text());
  }
  protected text(): string {
    return `${this.task}(${this.argumentsText()})`;
  }
  [inspect.custom](): string {
    return String(this);
  }

  protected argumentsText(): string {
    return [
      ...this.args.map((arg) => saferepr(arg)),
      ...Object.entries(this.kwargs).map(([key, value]) => `${key}=${saferepr(toPlain(value))}`),
    ].join(', ');
  }
}

export function listOf(value: unknown): readonly SignatureLike[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value as SignatureLike];
}

/** Signatures anywhere inside become their plain form; everything else stays what it is. */
export function toPlain(value: unknown): unknown {
  if (value instanceof Signature) return value.toJSON();
  if (Array.isArray(value)) return value.some(holdsObject) ? value.map(toPlain) : value;
  if (isPlainObject(value)) {
    const out: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value)) if (inner !== undefined) out[key] = toPlain(inner);
    return out;
  }
  return value;
}

function holdsObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function deepCopy(value: unknown, host: CanvasHost | null): unknown {
  if (value instanceof Signature) return host ? value.withHost(host).clone() : value.clone();
  if (Array.isArray(value)) return value.map((inner) => deepCopy(inner, host));
  if (isPlainObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, deepCopy(inner, host)]));
  }
  return value;
}
