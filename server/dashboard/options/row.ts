// What one row of the option table says, and how a text (of a flag, of a variable, of a config file) becomes the value of its kind.
// The rows: the other files of this folder. All of them together, and what they are once checked: ../options.ts.
// Flower: options.py
import { jsonText } from '../../../shared/json-text.ts';
import type { Read } from '../../app/option-values.ts';
import { ImproperlyConfigured } from '../../errors.ts';
import type { DashboardOptions } from '../options.ts';

/** How a text is read. 'texts': one text each time it is given, commas and all. 'object': JSON. */
export type Kind = 'text' | 'texts' | 'switch' | 'number' | 'numbers' | 'list' | 'object';

export interface OptionRow {
  readonly name: keyof DashboardOptions;
  readonly kind: Kind;
  readonly default: unknown;
  readonly unit?: string;
  /** No full stop at the end. */
  readonly meaning: string;
  readonly source: 'Flower' | 'Celery' | 'Umbel';
  /** What stands for the value in the help: 'path' is shown as <path>. Default: the unit, or the name. */
  readonly word?: string;
  /** It has no flag of its own: a flag that every command has says it, or it is for code and config files. */
  readonly flagless?: true;
  /** The value as the dashboard has it. @throws ImproperlyConfigured naming the option */
  readonly read: Read<unknown>;
}

/** An option of Flower's that is taken and has no effect, so that a start script can stay as it is. */
export interface ReplacedRow {
  readonly name: string;
  readonly kind: Kind;
  /** Said once at the start: what takes its place. A sentence without its full stop. */
  readonly instead: string;
}

/** An option of Flower's that cannot be taken: what it wants would not happen, and must not be silently left out. */
export interface ImpossibleRow {
  readonly name: string;
  readonly kind: Kind;
  /** Why, and what to do instead. A sentence without its full stop. */
  readonly why: string;
}

const TRUE = /^(1|true|t|yes|y|on)$/i;
const FALSE = /^(0|false|f|no|n|off)$/i;

/**
 * A text as the value of its kind, as Python's strtobool, int and float would read it where Flower uses them.
 * @throws ImproperlyConfigured saying what it must be; whoever catches it knows where the text stood
 */
export function valueOfText(kind: Kind, text: string): unknown {
  switch (kind) {
    case 'text':
    case 'texts':
      return text;
    case 'switch':
      if (TRUE.test(text.trim())) return true;
      if (FALSE.test(text.trim())) return false;
      throw new ImproperlyConfigured(`must be true or false, not ${jsonText(text.slice(0, 200))}`);
    case 'number':
      return numberOf(text);
    case 'numbers':
      return parts(text).map(numberOf);
    case 'list':
      return parts(text);
    case 'object':
      return objectOf(text);
  }
}

/** Its values may be secrets: they are not shown. */
function objectOf(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    throw new ImproperlyConfigured('must be a JSON object');
  }
}

const parts = (text: string): string[] =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');

function numberOf(text: string): number {
  const plain = text.trim();
  if (/^\+?inf(inity)?$/i.test(plain)) return Number.POSITIVE_INFINITY;
  const value = Number(plain.replace(/(?<=\d)_(?=\d)/g, ''));
  if (plain === '' || !Number.isFinite(value))
    throw new ImproperlyConfigured(`must be a number, not ${jsonText(text.slice(0, 200))}`);
  return value;
}
