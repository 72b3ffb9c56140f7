// Which bytes are a pickle, and which values were read out of one.

const PROTO = 0x80;
const STOP = 0x2e;
const read = new WeakSet<object>();

/** By its first and last byte: nothing that is text begins so. Python writes protocol 2 and later. */
export function isPickle(body: Uint8Array): boolean {
  return body.length > 2 && body[0] === PROTO && body[1]! <= 5 && body.at(-1) === STOP;
}

/** A value that was read, with the parts right below it. */
export function markPickled(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const one of [value, ...Object.values(value)]) if (typeof one === 'object' && one !== null) read.add(one);
}

/** Was marked: tuples, sets and lists are one there, so it may not be what was written. */
export function wasPickled(value: unknown): boolean {
  return typeof value === 'object' && value !== null && read.has(value);
}
