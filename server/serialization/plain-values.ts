// What a serializer other than JSON is given: a tree of plain values, made from what callers pass. Which classes it carries beyond
// those, each serializer says itself.
// Not here: JSON (json.ts), whose text is written directly.
// Holds: the same values are refused as by JSON, however deep or circular they are, with an EncodeError.
import { Decimal, PyDate, PyFloat, PyTime, PyTuple, Uuid } from '../../shared/python-values.ts';
import { EncodeError } from '../errors.ts';

/** As in JSON (json.ts). */
export const MAX_DEPTH = 1000;

export interface Leaves {
  /** The serializer's name, for errors. */
  readonly format: string;
  /** Default: as deep as JSON. */
  readonly maxDepth?: number;
  /** What stands for an object of a class: the value itself when the writer knows it; undefined: not carried. */
  object(value: object): unknown;
  number?(value: number): unknown;
  bigint?(value: bigint): unknown;
  text?(value: string): string;
}

/** @throws EncodeError */
export function plainTree(value: unknown, leaves: Leaves, depth = 0): unknown {
  switch (typeof value) {
    case 'string':
      return leaves.text ? leaves.text(value) : value;
    case 'boolean':
      return value;
    case 'number':
      return leaves.number ? leaves.number(value) : value;
    case 'bigint':
      return leaves.bigint ? leaves.bigint(value) : value;
    case 'undefined':
      return null;
    case 'object':
      return value === null ? null : treeOf(value, leaves, depth);
    default:
      throw new EncodeError(`${leaves.format} carries no ${typeof value}`);
  }
}

function treeOf(value: object, leaves: Leaves, depth: number): unknown {
  const { maxDepth = MAX_DEPTH } = leaves;
  if (depth >= maxDepth) throw new EncodeError(`Nested deeper than ${maxDepth} levels, or circular`);
  if (Array.isArray(value)) return value.map((item) => plainTree(item, leaves, depth + 1));
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return entries(Object.entries(value), leaves, depth);
  if (value instanceof PyTuple) return value.items.map((item) => plainTree(item, leaves, depth + 1));
  const leaf = leaves.object(value);
  if (leaf !== undefined) return leaf;
  if (value instanceof PyFloat) return plainTree(value.value, leaves, depth);
  if (value instanceof Map) return entries([...value].map(textKeyed(leaves)), leaves, depth);
  if (value instanceof Number || value instanceof String || value instanceof Boolean)
    return plainTree(value.valueOf(), leaves, depth);
  if (isPythonValue(value)) throw uncarried(value, leaves);
  const replacement = (value as { toJSON?: unknown }).toJSON;
  if (typeof replacement === 'function') return plainTree(replacement.call(value), leaves, depth + 1);
  if (value instanceof Set || value instanceof Error || value instanceof Promise || ArrayBuffer.isView(value))
    throw uncarried(value, leaves);
  return entries(Object.entries(value), leaves, depth);
}

function entries(of: readonly (readonly [string, unknown])[], leaves: Leaves, depth: number): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [key, item] of of) {
    if (item === undefined || typeof item === 'function') continue;
    const name = leaves.text ? leaves.text(key) : key;
    const value = plainTree(item, leaves, depth + 1);
    // Assigning `__proto__` would set the prototype.
    if (name === '__proto__')
      Object.defineProperty(plain, name, { value, enumerable: true, configurable: true, writable: true });
    else plain[name] = value;
  }
  return plain;
}

const textKeyed =
  (leaves: Leaves) =>
  ([key, item]: readonly [unknown, unknown]): readonly [string, unknown] => {
    if (typeof key === 'string') return [key, item];
    throw new EncodeError(`${leaves.format} is written with keys of text, not ${typeof key}`);
  };

/** They have a toJSON, for pages; here that would change what they are. */
function isPythonValue(value: object): boolean {
  return [Date, Decimal, Uuid, PyDate, PyTime].some((one) => value instanceof one);
}

function uncarried(value: object, { format }: Leaves): EncodeError {
  return new EncodeError(
    `${format} carries no ${value.constructor?.name ?? 'such object'}: send its text, or use the serializer json`,
  );
}
