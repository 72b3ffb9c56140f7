// What values options may have: each reader gives the value as it is used, or refuses it by name. Those that options of several rooms share.
// Which option has which: the tables (worker/options.ts, dashboard/options.ts). Names that are none: option-names.ts.
import { jsonText } from '../../shared/json-text.ts';
import { ImproperlyConfigured } from '../errors.ts';

export type Read<T> = (value: unknown, name: string) => T;

export function refused(name: string, expected: string, value: unknown): ImproperlyConfigured {
  return new ImproperlyConfigured(`The option ${name} must be ${expected}, not ${shown(value)}.`);
}

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  const text = typeof value === 'bigint' ? `${value}n` : jsonText(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}

export const asGiven: Read<unknown> = (value) => value;

export const orNull =
  <T>(read: Read<T>): Read<T | null> =>
  (value, name) =>
    value === null ? null : read(value, name);

export const text: Read<string> = (value, name) => {
  if (typeof value !== 'string') throw refused(name, 'a text', value);
  return value;
};

export const yesOrNo: Read<boolean> = (value, name) => {
  if (typeof value !== 'boolean') throw refused(name, 'true or false', value);
  return value;
};

export const number: Read<number> = (value, name) => {
  if (!(typeof value === 'number' && value >= 0)) throw refused(name, 'a number of at least 0', value);
  return value;
};

/** From 1 on. */
export const count: Read<number> = (value, name) => {
  if (!(Number.isSafeInteger(value) && Number(value) >= 1)) throw refused(name, 'a whole number of at least 1', value);
  return Number(value);
};

export const wholeNumber: Read<number> = (value, name) => {
  if (!(Number.isSafeInteger(value) && Number(value) >= 0)) throw refused(name, 'a whole number of at least 0', value);
  return Number(value);
};

export const oneOf =
  <T extends string>(known: readonly T[]): Read<T> =>
  (value, name) => {
    if (!known.includes(value as T)) throw refused(name, `one of ${known.join(', ')}`, value);
    return value as T;
  };

/** Texts, or one with commas between them. */
export const list: Read<readonly string[]> = (value, name) => {
  const all = typeof value === 'string' ? value.split(',').map((one) => one.trim()) : value;
  if (!Array.isArray(all) || all.some((one) => typeof one !== 'string'))
    throw refused(name, 'a text or a list of texts', value);
  return all.filter((one) => one !== '');
};

/** A list that means something else when it is left out: an empty one is a variable that was not set. */
export const names: Read<readonly string[]> = (value, name) => {
  const all = list(value, name);
  if (all.length === 0) throw refused(name, 'one name at least (or left out)', value);
  return all;
};
