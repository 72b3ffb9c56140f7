// Reading the fields of a table that came over the wire, each with its expected type, and signatures inside messages.
// Used by task-message.ts. What a signature does: canvas/.
// Holds: only own properties are read; a wrong type is an InvalidTaskError that names field, value and expectation.
import { InvalidTaskError } from '../errors.ts';

/** A signature as it stands in a message. Its kwargs may hold further ones (`tasks`, `header`, `body`). */
export interface WireSignature {
  task: string;
  args: unknown[];
  kwargs: Record<string, unknown>;
  options: Record<string, unknown>;
  subtask_type: string | null;
  immutable: boolean;
  chord_size?: number | null;
}

export interface Fields {
  get(name: string): unknown;
  text(name: string): string | null;
  integer(name: string): number | null;
  flag(name: string): boolean | null;
  object(name: string): Record<string, unknown> | null;
  texts(name: string): string[] | null;
}

export function fieldsOf(table: Readonly<Record<string, unknown>>, where: string): Fields {
  return new Table(table, where);
}

class Table implements Fields {
  readonly #table: Readonly<Record<string, unknown>>;
  readonly #where: string;
  constructor(table: Readonly<Record<string, unknown>>, where: string) {
    this.#table = table;
    this.#where = where;
  }

  get(name: string): unknown {
    return Object.hasOwn(this.#table, name) ? this.#table[name] : undefined;
  }

  text(name: string): string | null {
    const value = this.get(name) ?? null;
    if (value !== null && typeof value !== 'string') throw this.#wrong(name, value, 'text or null');
    return value;
  }

  integer(name: string): number | null {
    const value = this.get(name) ?? null;
    if (value === null) return null;
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw this.#wrong(name, value, 'an integer or null');
    return value;
  }

  flag(name: string): boolean | null {
    const value = this.get(name) ?? null;
    if (value !== null && typeof value !== 'boolean') throw this.#wrong(name, value, 'true, false or null');
    return value;
  }

  object(name: string): Record<string, unknown> | null {
    const value = this.get(name) ?? null;
    if (value !== null && !isTable(value)) throw this.#wrong(name, value, 'an object or null');
    return value;
  }

  texts(name: string): string[] | null {
    const value = this.get(name) ?? null;
    if (value === null) return null;
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      throw this.#wrong(name, value, 'a list of text or null');
    }
    return value as string[];
  }

  #wrong(name: string, given: unknown, expected: string): InvalidTaskError {
    return wrong(`${this.#where} ${name}`, given, expected);
  }
}

/** null, one signature, or a list of them. */
export function readSignatures(fields: Fields, name: string): WireSignature[] | null {
  const value = fields.get(name) ?? null;
  if (value === null) return null;
  if (!Array.isArray(value)) return [readSignature(value, name) as WireSignature];
  return value.map((item, i) => readSignature(item, `${name}[${i}]`) ?? refuse(`${name}[${i}]`, item));
}

export function readSignature(value: unknown, where: string): WireSignature | null {
  if (value === null || value === undefined) return null;
  if (!isTable(value)) return refuse(where, value);
  const f = fieldsOf(value, where);
  const task = f.text('task');
  if (!task) throw wrong(`${where} task`, f.get('task'), 'a task name');
  const args = f.get('args') ?? [];
  if (!Array.isArray(args)) throw wrong(`${where} args`, args, 'a list');
  const size = f.get('chord_size');
  return {
    task,
    args,
    kwargs: f.object('kwargs') ?? {},
    options: f.object('options') ?? {},
    subtask_type: f.text('subtask_type'),
    immutable: f.flag('immutable') ?? false,
    ...(size === undefined ? {} : { chord_size: f.integer('chord_size') }),
  };
}

function refuse(where: string, value: unknown): never {
  throw wrong(where, value, 'a signature (an object with task, args, kwargs, options)');
}

function isTable(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function wrong(field: string, given: unknown, expected: string): InvalidTaskError {
  const kind = Array.isArray(given) ? 'a list' : given === null ? 'null' : `a ${typeof given}`;
  const shown =
    typeof given === 'string'
      ? JSON.stringify(given.slice(0, 60))
      : typeof given === 'number' || typeof given === 'boolean'
        ? String(given)
        : kind;
  return new InvalidTaskError(`Invalid task message: ${field} must be ${expected}, got ${shown}`);
}
