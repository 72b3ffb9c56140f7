// JSON that keeps integers of any size: the one writer of replies, live frames and stored records, and a reader for pages.
// Not here: Celery's JSON with its typed values (server/serialization/json.ts).
// Holds: never throws for what a decoder of ours can have read; a bigint is written as its digits; what nests too deeply ends in
// '...' instead of an error.

const MAX_DEPTH = 1000;

/** As JSON.stringify, which is used whenever it can be. @param replacer a function as JSON.stringify takes it */
export function jsonText(value: unknown, replacer?: (key: string, value: unknown) => unknown): string {
  try {
    return JSON.stringify(value, replacer) ?? 'null';
  } catch {
    return write(value, '', replacer, 0) ?? 'null';
  }
}

type Replacer = ((key: string, value: unknown) => unknown) | undefined;

function write(given: unknown, key: string, replacer: Replacer, depth: number): string | undefined {
  let value = given;
  const { toJSON } = (value ?? {}) as { toJSON?: unknown };
  if (typeof value === 'object' && typeof toJSON === 'function') value = toJSON.call(value, key) as unknown;
  if (replacer) value = replacer(key, value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (depth > MAX_DEPTH) return '"..."';
  if (Array.isArray(value))
    return `[${value.map((item, i) => write(item, String(i), replacer, depth + 1) ?? 'null').join(',')}]`;
  const parts: string[] = [];
  for (const [name, item] of Object.entries(value)) {
    const text = write(item, name, replacer, depth + 1);
    if (text !== undefined) parts.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${parts.join(',')}}`;
}

/** Digits that may be a long integer. What is behind a point is a fraction, as most runtimes have: with a reviver reading takes three times as long. */
const LONG_INTEGER = /(?<![\d.])\d{16}/;

/** As JSON.parse, but integers past 2^53 are bigint, where the engine tells a reviver the source (all current browsers do). */
export function parseJsonExact(text: string): unknown {
  return LONG_INTEGER.test(text)
    ? JSON.parse(text, exact as (key: string, value: unknown) => unknown)
    : JSON.parse(text);
}

function exact(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || context?.source === undefined) return value;
  return /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
}
