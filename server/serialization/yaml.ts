// YAML as PyYAML's safe_dump and safe_load have it: which plain words are numbers, booleans, nulls and dates is PyYAML's to say, not
// the library's (YAML 1.1 without its `y`, with dots in floats). Texts are always written in quotes.
// Holds: tags that are not safe_load's (`!!python/object` and all others) are refused, aliases may not blow a body up, rings are
// refused, what is nested too deep is; nothing is ever made of a class.
// kombu 5.6: serialization.py register_yaml; PyYAML 6: resolver.py, representer.py, constructor.py
import { Document, Lexer, parseDocument, type ScalarTag, type Tags } from 'yaml';
import { floatRepr } from '../../shared/python-repr.ts';
import { isoformat, PyDate, PyDateTime, PyFloat } from '../../shared/python-values.ts';
import { DecodeError, EncodeError } from '../errors.ts';
import { fromBase64 } from './base64.ts';
import { plainTree } from './plain-values.ts';

/** PyYAML's own recursion ends at about twice this. */
const MAX_DEPTH = 200;
/** PyYAML writes a list or dict that is met twice as an alias: an honest body may have many. Each costs the library a walk. */
const MAX_ALIASES = 1000;
/** Lists and mappings, those counted as often as they are met that are aliased. */
const MAX_VALUES = 2_000_000;
/** A line's indentation, with the marks of lists and keys that begin on it. */
const BLOCK_LEAD = /^[ \t]*(?:[-?:][ \t]+)*/gm;
/** What PyYAML's reader refuses anywhere in a text. */
const CONTROL = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
/** Line breaks of YAML 1.1 that the library does not know; PyYAML makes a line feed of each. */
const BREAK = /\r\n?|\x85/g;
/** Python's own limit of digits (sys.set_int_max_str_digits). */
const MAX_DIGITS = 4300;

const TAG = 'tag:yaml.org,2002:';
const scalar = (name: string, test: RegExp, rest: Omit<ScalarTag, 'tag' | 'test' | 'default'>): ScalarTag => ({
  tag: TAG + name,
  default: true,
  test,
  ...rest,
});
/** The library makes an error of the document of it. */
const refuse = (why: string): never => {
  throw new DecodeError(why);
};
const isNumber = (value: unknown) => typeof value === 'number' || typeof value === 'bigint';
const whole = (value: unknown) => typeof value === 'bigint' || (Number.isSafeInteger(value) && !Object.is(value, -0));

const NULL = scalar('null', /^(?:~|null|Null|NULL|)$/, {
  identify: (value) => value === null,
  resolve: () => null,
  stringify: () => 'null',
});
const BOOL = scalar('bool', /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/, {
  identify: (value) => typeof value === 'boolean',
  resolve: (text) => /^(?:yes|true|on)$/i.test(text),
  stringify: ({ value }) => String(value),
});
const INT = scalar(
  'int',
  /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
  {
    identify: (value) => isNumber(value) && whole(value),
    resolve: (text) => integer(text) ?? refuse(`Not an integer: ${text.slice(0, 40)}`),
    stringify: ({ value }) => String(value),
  },
);
const FLOAT = scalar(
  'float',
  /^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  {
    identify: (value) => value instanceof PyFloat || (isNumber(value) && !whole(value)),
    resolve: (text) => float(text),
    stringify: ({ value }) => floatText(Number(value)),
  },
);
const STAMP =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(Z|[-+]\d\d?(?::\d\d)?))?)?$/;
const TIMESTAMP = scalar(
  'timestamp',
  /^(?:\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/,
  {
    identify: (value) => value instanceof Date || value instanceof PyDate,
    resolve: (text) => instant(text) ?? refuse(`No such time: ${text.slice(0, 40)}`),
    stringify: ({ value }) => stampText(value as Date | PyDate),
  },
);
/** YAML 1.1's value and merge keys: safe_load has nothing for them as values, so that the text is written in quotes and the bare word refused. */
const BARE = scalar('value', /^(?:=|<<)$/, {
  resolve: (text) => refuse(`A bare '${text}' has no meaning to safe_load`),
});
/** ... and as a key the first is a text. */
const VALUE_KEY: ScalarTag = { tag: `${TAG}value`, default: 'key', test: /^=$/, resolve: (text) => text };
const BINARY: ScalarTag = {
  tag: `${TAG}binary`,
  identify: (value) => value instanceof Uint8Array,
  resolve: (text) => fromBase64(text),
  stringify: ({ value }) => `"${Buffer.from(value as Uint8Array).toString('base64')}"`,
};

/** ASCII only, in quotes: no word is taken for a number, no line break of Unicode folded. */
const TEXT: ScalarTag = {
  tag: `${TAG}str`,
  default: true,
  identify: (value) => typeof value === 'string',
  resolve: (text) => text,
  stringify: ({ value }) =>
    JSON.stringify(value).replace(/[\u007f-\u{10ffff}]/gu, (char) => {
      const code = char.codePointAt(0)!.toString(16);
      return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
    }),
};

const TAGS: Tags = ['map', 'seq', NULL, BOOL, INT, FLOAT, TIMESTAMP, BARE, BINARY, TEXT];
// The library adds to the list when a body names a tag. It would write the text '<<' bare where it may write merge keys.
const schema = (...before: Tags) =>
  ({ version: '1.1', schema: 'failsafe', logLevel: 'error', customTags: () => [...before, ...TAGS] }) as const;

export const contentEncoding = 'utf-8';

export function encode(value: unknown): string {
  const plain = plainTree(value, {
    format: 'yaml',
    maxDepth: MAX_DEPTH,
    object: (one) => {
      if (one instanceof Date && Number.isNaN(one.getTime()))
        throw new EncodeError('An invalid Date cannot be written');
      return one instanceof Uint8Array || one instanceof Date || one instanceof PyDate || one instanceof PyFloat
        ? one
        : undefined;
    },
  });
  const document = new Document(plain, null, { ...schema(), aliasDuplicateObjects: false });
  return document.toString({ lineWidth: 0, directives: false });
}

export function decode(body: Uint8Array): unknown {
  const text = utf8(body).replace(BREAK, '\n');
  const control = CONTROL.exec(text)?.[0];
  if (control) throw new DecodeError(`A character ${JSON.stringify(control)} is written as an escape in YAML`);
  checkNesting(text);
  const document = parseDocument(text, {
    ...schema('merge', VALUE_KEY, 'set'),
    uniqueKeys: false,
    merge: true,
    prettyErrors: false,
  });
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong) throw new DecodeError(wrong.message);
  const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
  checkTree(value, 0, { left: MAX_VALUES });
  return value;
}

function utf8(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (error) {
    throw new DecodeError('The body is not UTF-8 text', { cause: error });
  }
}

/**
 * Before the library recurses: where its stack ends in the middle of compiling a pattern, V8 ends the process (seen: 100 KB of `[`).
 * A block's levels begin each further to the right; brackets are counted where there are many.
 */
function checkNesting(text: string): void {
  const columns: number[] = [];
  for (const [lead] of text.matchAll(BLOCK_LEAD)) {
    let column = lead.length - lead.trimStart().length;
    while (columns.length > 0 && columns.at(-1)! >= column) columns.pop();
    for (const mark of lead.trimStart().split(/(?<=[ \t])(?=\S)/)) {
      columns.push(column);
      column += mark.length;
    }
    if (columns.length > MAX_DEPTH) throw tooDeep();
  }
  let brackets = 0;
  for (const bracket of ['[', '{'])
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) brackets++;
  if (brackets <= MAX_DEPTH) return;
  let depth = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    if (depth > MAX_DEPTH) throw tooDeep();
  }
}

const tooDeep = () => new DecodeError(`YAML nested deeper than ${MAX_DEPTH} levels, or within itself`);

/** Rings, too, are too deep. */
function checkTree(value: unknown, depth: number, budget: { left: number }): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) throw tooDeep();
  if (--budget.left < 0) throw new DecodeError(`YAML of more than ${MAX_VALUES} lists and mappings, aliases counted`);
  if (Array.isArray(value)) for (const item of value) checkTree(item, depth + 1, budget);
  else if (Object.getPrototypeOf(value) === Object.prototype)
    for (const item of Object.values(value)) checkTree(item, depth + 1, budget);
}

function integer(given: string): number | bigint | undefined {
  const text = given.replaceAll('_', '').toLowerCase();
  const negative = text.startsWith('-');
  const digits = text.replace(/^[-+]/, '');
  if (digits.length > MAX_DIGITS || !/^[0-9a-fx:]+$/.test(digits)) return undefined;
  let value: bigint;
  if (/^0[bx]/.test(digits)) value = BigInt(digits);
  else if (digits.includes(':')) value = digits.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  else if (/^0[0-7]/.test(digits)) value = BigInt(`0o${digits.slice(1)}`);
  else value = BigInt(digits);
  if (negative) value = -value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function float(given: string): number {
  const text = given.replaceAll('_', '').toLowerCase();
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[-+]/, '');
  if (digits === '.inf') return sign * Number.POSITIVE_INFINITY;
  if (digits === '.nan') return Number.NaN;
  return sign * digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** As PyYAML, which wants a dot in every float. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  const text = floatRepr(value);
  return text.includes('.') ? text : text.replace('e', '.0e');
}

function instant(text: string): PyDate | PyDateTime | undefined {
  const [, year, month, day, hour, minute, second, fraction, zone] = STAMP.exec(text) ?? [];
  if (year === undefined) return undefined;
  const two = (part: string | undefined) => (part ?? '0').padStart(2, '0');
  const date = `${year}-${two(month)}-${two(day)}`;
  try {
    if (hour === undefined) return new PyDate(date);
    const micros = fraction ? `.${fraction.slice(0, 6).padEnd(6, '0')}` : '';
    return new PyDateTime(`${date}T${two(hour)}:${minute}:${second}${micros}${offset(zone)}`);
  } catch {
    return undefined;
  }
}

function offset(zone: string | undefined): string {
  if (zone === undefined) return '';
  if (zone === 'Z') return '+00:00';
  const [hours, minutes] = zone.slice(1).split(':');
  return `${zone[0]}${hours!.padStart(2, '0')}:${minutes ?? '00'}`;
}

function stampText(value: Date | PyDate): string {
  if (value instanceof PyDate) return value.text;
  const own = value instanceof PyDateTime ? value.isoText.replace('T', ' ') : '';
  return STAMP.test(own) && own.includes(':') ? own : isoformat(value.getTime()).replace('T', ' ');
}
