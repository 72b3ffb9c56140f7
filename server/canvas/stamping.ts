// Stamps: words of one's own on the messages of a canvas (`stamps`, `stamped_headers`), put there by a visitor that sees every part.
// Not here: walking through chains, groups and chords (each kind's `stampWith`); what a stamp does in a worker (worker/revoked.ts).
// Holds: merging leaves both sides as they were; a stamp never takes the place of a call option.
// Celery 5.6: canvas.py StampingVisitor, Signature._stamp_headers, _merge_dictionaries
import { CALL_OPTION_ROWS } from './call-option-table.ts';
import type { Chain } from './chain.ts';
import type { Chord } from './chord.ts';
import type { Group } from './group.ts';
import type { Signature } from './signature.ts';

/** Stamps by name. `stamped_headers` names those that are; left out, all are. */
export type Stamps = Readonly<Record<string, unknown>>;

type Given = Stamps | null | undefined;

/**
 * Sees every part of a canvas when it is stamped. What a method returns are the stamps of that part and of all within it; `headers`
 * are those it has from the parts around it.
 */
export interface StampingVisitor {
  /** Every single task, links included. */
  onSignature(signature: Signature, headers: Stamps): Given;
  onGroupStart?(group: Group, headers: Stamps): Given;
  onGroupEnd?(group: Group, headers: Stamps): void;
  onChainStart?(chain: Chain, headers: Stamps): Given;
  onChainEnd?(chain: Chain, headers: Stamps): void;
  /** Left out: `onGroupStart` with the header. */
  onChordHeaderStart?(chord: Chord, headers: Stamps): Given;
  /** Left out: `onGroupEnd` with the header. */
  onChordHeaderEnd?(chord: Chord, headers: Stamps): void;
  onChordBody?(chord: Chord, headers: Stamps): Given;
  /** A signature in `link`, before `onSignature` sees it. */
  onCallback?(callback: Signature, headers: Stamps): Given;
  /** One in `link_error`. */
  onErrback?(errback: Signature, headers: Stamps): Given;
}

export interface StampOptions {
  /** A stamp that is there already becomes a list with the new value. Default: it is replaced. */
  readonly append_stamps?: boolean;
}

/**
 * Stamps from around, from the visitor and from the part itself as one; where two say the same name, the first of them wins, or with
 * `append` both stand in a list.
 * @param own options of the part that has stamps already; null for what does not keep them itself
 */
export function mergedStamps(headers: Stamps, visited: Given, own: Stamps | null, append: boolean): Stamps {
  let all = named(headers);
  if (visited) all = merge(all, named(checkStamps(visited)), append);
  if (own) {
    const names = [...(all.stamped_headers as string[]), ...((own.stamped_headers ?? []) as string[])];
    const kept = Object.fromEntries(Object.entries(own).filter(([name]) => names.includes(name)));
    all = merge({ ...all, stamped_headers: names }, kept, append);
  }
  return { ...all, stamped_headers: [...new Set(all.stamped_headers as string[])] };
}

function named(stamps: Stamps): Record<string, unknown> {
  const listed = stamps.stamped_headers as readonly string[] | undefined;
  return { ...stamps, stamped_headers: listed ?? Object.keys(stamps) };
}

function merge(first: Stamps, second: Stamps, append: boolean): Record<string, unknown> {
  const all: Record<string, unknown> = { ...first };
  for (const [name, value] of Object.entries(second)) {
    const known = all[name];
    if (!Object.hasOwn(all, name)) all[name] = value;
    else if (isTable(known) && isTable(value)) all[name] = merge(known, value, append);
    else if (Array.isArray(known) && Array.isArray(value)) all[name] = [...known, ...value];
    else if (append) all[name] = [...listed(known), ...listed(value)];
  }
  return all;
}

function listed(value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets as lists, since no message can carry a set. @throws TypeError */
export function checkStamps(stamps: Stamps): Stamps {
  if (!isTable(stamps))
    throw new TypeError(`Stamps are given by name, such as { customer: 'acme' }, not ${shown(stamps)}.`);
  const names = stamps.stamped_headers;
  if (names !== undefined && (!Array.isArray(names) || names.some((name) => typeof name !== 'string')))
    throw new TypeError(`stamped_headers must be a list of names, not ${shown(names)}.`);
  const checked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(stamps)) {
    if (name !== 'stamped_headers' && CALL_OPTION_ROWS.has(name))
      throw new TypeError(`A stamp cannot be called '${name}': this is a call option. Give the stamp another name.`);
    checked[name] = value instanceof Set ? [...value] : value;
  }
  return checked;
}

/** @throws TypeError */
export function checkVisitor(visitor: unknown): asserts visitor is StampingVisitor | null {
  if (visitor === null) return;
  if (typeof visitor === 'object' && typeof (visitor as { onSignature?: unknown }).onSignature === 'function') return;
  throw new TypeError(
    `stamp takes a visitor first, an object with a method onSignature, not ${shown(visitor)}. Without one: signature.stamp(null, { customer: 'acme' }).`,
  );
}

/** Of the options of a signature or call: its stamps as they stand in a message. */
export function stampsOf(options: {
  readonly stamped_headers?: readonly string[] | null | undefined;
  readonly stamps?: Stamps | undefined;
}): { readonly stamped_headers: readonly string[] | null; readonly stamps: Stamps } {
  const names = options.stamped_headers;
  if (!names) return { stamped_headers: null, stamps: {} };
  const all: Stamps = { ...(options as Stamps), ...options.stamps };
  const stamps = names.filter((name) => Object.hasOwn(all, name)).map((name) => [name, all[name]]);
  return { stamped_headers: names, stamps: Object.fromEntries(stamps) };
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `the text '${value}'`;
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? `an object of ${Object.keys(value).join(', ')}` : String(value);
}
