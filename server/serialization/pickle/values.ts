// What a pickle holds that JavaScript has no value for: the name of something in a Python module, and an object made with it.
// Not here: reading (reader.ts) and writing (writer.ts).
// Holds: it is data; nothing here is ever called, imported or looked up.

import { Opaque } from '../../../shared/python-values.ts';

/** A class or function by name. */
export class PythonName extends Opaque {
  readonly module: string;
  readonly name: string;
  constructor(module: string, name: string) {
    super();
    this.module = module;
    this.name = name;
  }
  get path(): string {
    return `${this.module}.${this.name}`;
  }
  toJSON(): string {
    return this.path;
  }
  toString(): string {
    return `<${this.path}>`;
  }
}

/** What Python would get by calling a name with arguments, not called. */
export class PythonObject extends Opaque {
  readonly made: PythonName;
  readonly args: readonly unknown[];
  /** What Python would hand to `__setstate__`; undefined: nothing. */
  readonly state: unknown;
  constructor(made: PythonName, args: readonly unknown[], state?: unknown) {
    super();
    this.made = made;
    this.args = args;
    this.state = state;
  }
  toJSON(): string {
    return this.toString();
  }
  toString(): string {
    return `<${this.made.path} object>`;
  }
}

/** The name of what is called, also as an attribute of its class: `getattr(ZoneInfo, '_unpickle')`. null: it has none. */
export function calledName(made: unknown): PythonName | null {
  if (made instanceof PythonName) return made;
  if (!(made instanceof PythonObject) || !/^(builtins|__builtin__)\.getattr$/.test(made.made.path)) return null;
  const [owner, attribute] = made.args;
  if (!(owner instanceof PythonName) || typeof attribute !== 'string') return null;
  return new PythonName(owner.module, `${owner.name}.${attribute}`);
}
