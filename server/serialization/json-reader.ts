// A JSON reader for what the native one cannot do: integers past 2^53 (as bigint), NaN, Infinity, -Infinity. Used
// when a text asks for it, or to say where a text is broken.
// Holds: nothing nests deeper than 1,000 levels; every broken text is a DecodeError with its place; `__proto__` becomes an own property.
// Python: json.decoder with its defaults (strict strings)
import { PyFloat } from '../../shared/python-values.ts';
import { DecodeError } from '../errors.ts';

/** @param floats a float that is whole ('2.0') is a PyFloat, else a number as 2 is */
export function parseJsonSlowly(text: string, floats = false): unknown {
  const reader = new Reader(text, floats);
  const value = reader.value(0);
  reader.space();
  if (reader.at < text.length) throw reader.broken('nothing more');
  return value;
}

/** As JSON.parse, but integers past 2^53 are bigint. */
export function parseJsonExactly(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return /\d{16}/.test(text) ? parseJsonSlowly(text) : value;
}

const MAX_DEPTH = 1000;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what a JSON string may not hold
const STRING = /"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*"/y;

class Reader {
  readonly text: string;
  readonly floats: boolean;
  at = 0;
  constructor(text: string, floats: boolean) {
    this.text = text;
    this.floats = floats;
  }

  broken(expected: string): DecodeError {
    const found = this.at < this.text.length ? JSON.stringify(this.text.slice(this.at, this.at + 20)) : 'the end';
    return new DecodeError(`Not JSON: expected ${expected} at character ${this.at}, found ${found}`);
  }

  space(): void {
    for (; this.at < this.text.length; this.at++) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new DecodeError(`JSON nested deeper than ${MAX_DEPTH} levels`);
    this.space();
    switch (this.text[this.at]) {
      case '{':
        return this.object(depth);
      case '[':
        return this.array(depth);
      case '"':
        return this.string();
    }
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  array(depth: number): unknown[] {
    const items: unknown[] = [];
    this.at++;
    this.space();
    if (this.text[this.at] === ']') {
      this.at++;
      return items;
    }
    for (;;) {
      items.push(this.value(depth + 1));
      this.space();
      const char = this.text[this.at];
      if (char !== ',' && char !== ']') throw this.broken("',' or ']'");
      this.at++;
      if (char === ']') return items;
    }
  }

  object(depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.at++;
    this.space();
    if (this.text[this.at] === '}') {
      this.at++;
      return object;
    }
    for (;;) {
      this.space();
      const key = this.string();
      this.space();
      if (this.text[this.at] !== ':') throw this.broken("':'");
      this.at++;
      const value = this.value(depth + 1);
      if (key === '__proto__') {
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      } else object[key] = value;
      this.space();
      const char = this.text[this.at];
      if (char !== ',' && char !== '}') throw this.broken("',' or '}'");
      this.at++;
      if (char === '}') return object;
    }
  }

  string(): string {
    STRING.lastIndex = this.at;
    const found = this.text[this.at] === '"' ? STRING.exec(this.text)?.[0] : undefined;
    if (found === undefined) throw this.broken('a string');
    try {
      const value = found.includes('\\') ? (JSON.parse(found) as string) : found.slice(1, -1);
      this.at += found.length;
      return value;
    } catch {
      throw this.broken('a string with valid escapes');
    }
  }

  number(): number | bigint | PyFloat {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (!match) throw this.broken('a value');
    const text = match[0];
    // Python's own limit (sys.set_int_max_str_digits) is 4300 digits.
    const whole = match[1] === undefined && match[2] === undefined;
    if (whole && text.length > 4301) throw new DecodeError('An integer of more than 4300 digits');
    this.at += text.length;
    const value = Number(text);
    if (this.floats && !whole && Number.isInteger(value)) return new PyFloat(value);
    return whole && !Number.isSafeInteger(value) ? BigInt(text) : value;
  }
}

const WORDS: readonly (readonly [string, unknown])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
];
