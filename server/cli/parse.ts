// Texts of the command line into values: lists, numbers, JSON, times. Each refuses what it cannot read and says what it wanted.
// Not here: which option takes what (main.ts and the commands).
import { InvalidArgumentError } from 'commander';
import { decodeJson } from '../serialization/json.ts';

/** 'a,b, c' -> ['a', 'b', 'c'] */
export function commaList(text: string, before: readonly string[] = []): string[] {
  const more = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  return [...before, ...more];
}

/** As `commaList`, where none would mean all or the usual ones: an empty text is a variable of a script that was not set. */
export function names(text: string, before: readonly string[] = []): string[] {
  const all = commaList(text, before);
  if (all.length === before.length) throw new InvalidArgumentError('It names none.');
  return all;
}

/** Of something that cannot be less than none. */
export function amount(text: string): number {
  const value = number(text);
  if (value < 0) throw new InvalidArgumentError('It must be 0 or more.');
  return value;
}

export function positiveNumber(text: string): number {
  const value = number(text);
  if (value <= 0) throw new InvalidArgumentError('It must be more than 0.');
  return value;
}

/** A queue, an exchange, an id. */
export function name(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must not be empty.');
  return text;
}

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

export function integer(text: string): number {
  if (!/^[+-]?\d+$/.test(text.trim())) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

export function wholeNumber(text: string): number {
  const value = integer(text);
  if (value < 0) throw new InvalidArgumentError('It must be 0 or more.');
  return value;
}

export function positiveInteger(text: string): number {
  const value = integer(text);
  if (value < 1) throw new InvalidArgumentError('It must be 1 or more.');
  return value;
}

export function octal(text: string): number {
  if (!/^(0o?)?[0-7]{1,3}$/.test(text.trim())) throw new InvalidArgumentError('It must be octal, such as 027.');
  return Number.parseInt(text.trim().replace(/^0o/, ''), 8);
}

export function port(text: string): number {
  const value = integer(text);
  if (value < 0 || value > 65535) throw new InvalidArgumentError('It must be a port, 0 to 65535.');
  return value;
}

export function jsonArray(text: string): unknown[] {
  const value = json(text, '[1, "two"]');
  if (!Array.isArray(value)) throw new InvalidArgumentError(`It must be a JSON array, such as '[1, "two"]'.`);
  return value;
}

export function jsonObject(text: string): Record<string, unknown> {
  const value = json(text, '{"x": 1}');
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidArgumentError(`It must be a JSON object, such as '{"x": 1}'.`);
  return value as Record<string, unknown>;
}

function json(text: string, example: string): unknown {
  try {
    JSON.parse(text);
    // Ours keeps whole numbers of any length.
    return decodeJson(text);
  } catch (error) {
    throw new InvalidArgumentError(`It is not JSON: ${(error as Error).message}. An example: '${example}'`);
  }
}

/** ISO 8601; without an offset it is UTC, as in Celery. */
export function instant(text: string): Date {
  const plain = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$/.test(text.trim());
  const value = new Date(plain ? `${text.trim().replace(' ', 'T')}${text.includes(':') ? 'Z' : ''}` : text);
  if (!/^\d{4}-/.test(text.trim()) || Number.isNaN(value.getTime()))
    throw new InvalidArgumentError("It must be an ISO 8601 time, such as '2026-05-06T07:08:09Z'.");
  return value;
}

/** Seconds from now, or an ISO 8601 time. */
export function secondsOrInstant(text: string): number | Date {
  return /^[+-]?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : instant(text);
}

/** '10,3' -> at most 10, at least 3; '10' alone -> at least 0. */
export function autoscale(text: string): { max: number; min: number } {
  const [first, second] = text.split(',').map((one) => positiveOrZero(one));
  const max = Math.max(first!, second ?? 0);
  const min = Math.min(first!, second ?? 0);
  if (max === 0) throw new InvalidArgumentError("It must be MAX,MIN such as '10,3'.");
  return { max, min };
}

function positiveOrZero(text: string): number {
  const value = integer(text);
  if (value < 0) throw new InvalidArgumentError('It must not be negative.');
  return value;
}

const LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL', 'FATAL'] as const;

/** Any case; FATAL is CRITICAL. */
export function logLevel(text: string): 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL' {
  const level = LEVELS.find((one) => one === text.toUpperCase());
  if (!level) throw new InvalidArgumentError(`It must be one of ${LEVELS.join(', ')}.`);
  return level === 'FATAL' ? 'CRITICAL' : level;
}
