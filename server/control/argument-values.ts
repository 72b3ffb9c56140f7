// The value of a remote command's argument, as the type that was declared for it wants it: from a word of a command line, or from what
// a client sent. Not here: which arguments there are (commands.ts), which word belongs to which (cli/remote-args.ts).
// Celery 5.6: bin/control.py _consume_arguments, utils/serialization.py strtobool
import { parseJsonExactly } from '../serialization/json-reader.ts';
import type { CommandArgument } from './commands.ts';

const TRUE: readonly string[] = ['1', 'true', 'yes', 'on'];
const FALSE: readonly string[] = ['0', 'false', 'no', 'off'];

/** @throws RangeError "wants a whole number for n, not 'x'" */
export function argumentValue({ name, type, default: preset }: CommandArgument, given: unknown): unknown {
  if (given === null && preset === null) return null;
  const refuse = (wanted: string) => new RangeError(`wants ${wanted} for ${name}, not ${shown(given)}`);
  switch (type) {
    case 'integer':
    case 'number': {
      const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
      if (typeof value === 'bigint') return value;
      if (typeof value !== 'number' || !Number.isFinite(value)) throw refuse('a number');
      if (type === 'integer' && !Number.isInteger(value)) throw refuse('a whole number');
      return value;
    }
    case 'boolean': {
      if (typeof given === 'boolean') return given;
      const word = typeof given === 'object' ? '' : String(given).toLowerCase();
      if (TRUE.includes(word)) return true;
      if (FALSE.includes(word)) return false;
      throw refuse('true or false');
    }
    case 'list':
      if (Array.isArray(given)) return given;
      if (typeof given === 'string') return given.split(',');
      throw refuse('a list');
    case 'table': {
      const value = typeof given === 'string' ? parsed(given) : given;
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('a table');
      return value;
    }
    case 'text':
      if (typeof given === 'string') return given;
      if (typeof given === 'number' || typeof given === 'bigint' || typeof given === 'boolean') return String(given);
      throw refuse('a text');
    case 'any':
      return typeof given === 'string' && given.startsWith('{') ? parsed(given) : given;
  }
}

function parsed(text: string): unknown {
  try {
    return parseJsonExactly(text);
  } catch {
    return text;
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 100)}'`;
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'a table' : String(value);
}
