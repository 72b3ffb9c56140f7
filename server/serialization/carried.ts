// What a message cannot carry as it is: functions, patterns, sets, promises, instances of classes. They would arrive as {} or not at
// all, in a worker that fails far from where they were given; so that the call that gives one is refused, and told where it stands.
// Not here: writing what can be carried (json.ts). Results may hold instances: their fields are stored, as JSON.stringify has it.
// Kombu 5.6: utils/json.py JSONEncoder.default, which refuses objects of other classes, too
import { Decimal, PyDate, PyFloat, PyTime, PyTuple, Uuid } from '../../shared/python-values.ts';
import { EncodeError } from '../errors.ts';

const CARRIED = [PyFloat, Date, Uint8Array, Decimal, Uuid, PyDate, PyTime, Number, String, Boolean];
const MAX_DEPTH = 1000;

/** @throws EncodeError for the first value of the arguments that cannot be carried. @param payload [args, kwargs, embed], or protocol 1's object */
export function refuseUncarried(payload: unknown): void {
  const [args, kwargs, embed] = Array.isArray(payload) ? (payload as unknown[]) : [payload];
  look(args, Array.isArray(payload) ? 'args' : '', 0);
  look(kwargs, 'kwargs', 0);
  look(embed, 'canvas', 0);
}

function look(value: unknown, where: string, depth: number): void {
  if (typeof value === 'function' || typeof value === 'symbol') throw refused(value, where);
  // json.ts says that it is too deep, or circular.
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) look(value[i], `${where}[${i}]`, depth + 1);
    return;
  }
  if (value instanceof PyTuple) {
    look(value.items, where, depth + 1);
    return;
  }
  if (value instanceof Map) {
    for (const [key, item] of value) look(item, `${where}.${String(key)}`, depth + 1);
    return;
  }
  if (CARRIED.some((known) => value instanceof known)) return;
  // It is asked what it would be.
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype !== Object.prototype && prototype !== null && !isOfAnotherRealm(prototype)) throw refused(value, where);
  for (const [key, item] of Object.entries(value)) look(item, where === '' ? key : `${where}.${key}`, depth + 1);
}

/** A plain object made in another context (a test runner's, vm's). */
function isOfAnotherRealm(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}

function refused(value: object | symbol, where: string): EncodeError {
  const type = typeof value === 'object' ? classOf(value) : typeof value;
  const at = where.length > 200 ? `${where.slice(0, 200)}...` : where;
  return new EncodeError(`${at}: Object of type ${type} is not JSON serializable. ${adviceFor(value)}`);
}

function classOf(value: object): string {
  const name: unknown = (value.constructor as { name?: unknown } | undefined)?.name;
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  // Built-in iterators have a class of their own since Node 22, which says less than their tag.
  const isNamed = typeof name === 'string' && name !== '' && name !== 'Object' && name !== 'Iterator';
  return isNamed || tag === 'Object' ? String(name) : tag;
}

function adviceFor(value: object | symbol): string {
  if (typeof value === 'function') return 'Give a value, or the name of a task; a method is left out by { ...object }.';
  if (typeof value === 'symbol') return 'Give its text.';
  if (value instanceof RegExp) return 'Give its text: pattern.source.';
  if (value instanceof Set) return 'Give a list: [...set].';
  if (value instanceof Promise) return 'Await it first.';
  if (value instanceof Error) return 'Give its message.';
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value))
    return 'Give bytes (Uint8Array), or a list: Array.from(values).';
  return 'Give a plain object, such as { ...value }, or give its class a toJSON().';
}
