// How large what a pickle holds may be. Parts of it are shared for two bytes each, and whoever prints it prints them again and again: what is
// shared is counted as often as it is met.
// Holds: what passes is a tree, no deeper than JSON may be, and its text is not much larger than the pickle.
import { DecodeError } from '../../errors.ts';
import { PythonName, PythonObject } from './values.ts';

const MAX_DEPTH = 1000;
const MAX_VALUES = 2_000_000;
/** @unit characters, beyond those that the pickle can have written out */
const MAX_SHARED_TEXT = 64_000_000;
/** Of a byte, where bytes are the key of a dict and stand there one by one. No other part is written longer. @unit characters */
const AS_TEXT = 12;

export class Bounds {
  #values = MAX_VALUES;
  #text: number;

  /** @param bytes how long the pickle is */
  constructor(bytes: number) {
    this.#text = AS_TEXT * bytes + MAX_SHARED_TEXT;
  }

  /** Without recursion: the depth is what is asked. @throws DecodeError this value, with those before it, is too much */
  check(root: unknown): void {
    const path = new Set<unknown>();
    const visits: { readonly value: object; readonly children: unknown[]; next: number }[] = [];
    const enter = (value: unknown): void => {
      if (--this.#values < 0) throw new DecodeError(`The pickle holds more than ${MAX_VALUES} values`);
      this.#text -= lengthOf(value);
      if (this.#text < 0) throw new DecodeError('The pickle holds the same texts too often');
      if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
      const children =
        value instanceof PythonObject
          ? [...value.args, value.state]
          : Array.isArray(value)
            ? value
            : Object.values(value);
      if (children.length === 0) return;
      if (path.has(value)) throw new DecodeError('The pickle holds a value that contains itself');
      if (visits.length >= MAX_DEPTH) throw new DecodeError(`A pickle nested deeper than ${MAX_DEPTH} levels`);
      path.add(value);
      visits.push({ value, children, next: 0 });
    };
    enter(root);
    while (visits.length > 0) {
      const visit = visits.at(-1)!;
      if (visit.next < visit.children.length) enter(visit.children[visit.next++]);
      else path.delete(visits.pop()!.value);
    }
  }
}

/** Of its own text, without that of its parts. @unit characters, about */
function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  // Hexadecimal digits are counted far quicker than decimal ones.
  if (typeof value === 'bigint') return value.toString(16).length;
  if (value instanceof Uint8Array) return AS_TEXT * value.byteLength;
  if (value instanceof PythonObject) return value.made.path.length;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof PythonName) return 0;
  let length = 0;
  for (const key of Object.keys(value)) length += key.length;
  return length;
}
