// What stands where a signature belongs: refused with the form that is right, since a task's name, the task itself or a sent call would
// become a message that nobody can run.
// Not here: what a signature is (signature.ts).
import type { SignatureLike } from './call-options.ts';

/**
 * @param place how the message begins: 'chain', 'link'
 * @throws TypeError
 */
export function refuseNoSignature(value: unknown, place: string): asserts value is SignatureLike {
  if (typeof value === 'object' && value !== null && typeof (value as { task?: unknown }).task === 'string') return;
  throw new TypeError(`${place} takes signatures, such as add.s(2, 3), not ${shown(value)}`);
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return `${String(value)}.`;
  if (typeof value === 'string') return `the text '${value}': for a task by its name write app.signature('${value}').`;
  if (typeof value === 'function') return 'a function: register it with app.task(...) and take its .s(...).';
  if (Array.isArray(value)) return 'a list.';
  if (typeof value !== 'object') return `${String(value)}.`;
  const { name, kind, run, then, id } = value as Record<string, unknown>;
  if (typeof run === 'function' && typeof name === 'string')
    return `the task '${name}' itself: write .s(...) or .si(...) behind it.`;
  if (typeof then === 'function')
    return 'a promise: a call that was sent already cannot be part of it. Use .s(...) in place of .delay(...).';
  if (typeof kind === 'string' && typeof id === 'string')
    return 'a result: a call that was sent already cannot be part of it. Use .s(...) in place of .delay(...).';
  const keys = Object.keys(value);
  return keys.length === 0 ? 'an empty object.' : `an object of ${keys.slice(0, 5).join(', ')}.`;
}
