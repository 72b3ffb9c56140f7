// Takes secrets out of texts and values before they are stored, sent or shown.
// Not here: which names are secret (secret-names.ts), where they stand in texts (masking/).
// Holds: one pass, so time is in proportion to the length whatever the text; no depth is left unmasked; what is masked can be told
// from what is whole (`holdsMask`), so that it is never sent again as if it were true.
import { EVERY_NAME, maskTextBy } from './masking/texts.ts';
import { isSecretName, MASK, OAUTH_FIELD, WORDS_IN_TEXT } from './secret-names.ts';

export type IsSecret = (name: string) => boolean;

export interface Masking {
  /** A text: reprs of arguments, JSON, exceptions, tracebacks, URLs. */
  text(text: string): string;
  /** A value of any depth, by the names within it. Never changes what it was given. */
  value(value: unknown): unknown;
}

/** Leaves everything as it is: only where an operator asked for it. */
export const NO_MASKING: Masking = { text: (text) => text, value: (value) => value };

/** @param more patterns of further names, as in the dashboard's option `redact` */
export function createMasking(more: readonly string[] = []): Masking {
  const extra = more.map((source) => new RegExp(source, 'i'));
  const isSecret: IsSecret =
    extra.length === 0 ? isSecretName : (name) => isSecretName(name) || extra.some((pattern) => pattern.test(name));
  // Further names cannot be found by a fixed list of words: then every name in a text is looked at.
  const words = extra.length === 0 ? WORDS_IN_TEXT : EVERY_NAME;
  const text = (given: string): string => maskTextBy(given, isSecret, words);
  return { text, value: (given) => walk(given, isSecret, text, 0, new Map()) };
}

const BUILT_IN = createMasking();
export const maskText = BUILT_IN.text;
export const maskValue = BUILT_IN.value;

/** Was something taken out of this text or value? Then it is not what was sent. */
export function holdsMask(value: unknown): boolean {
  if (typeof value === 'string') return value.includes(MASK);
  if (typeof value !== 'object' || value === null) return false;
  const todo: unknown[] = [value];
  const seen = new Set<object>();
  for (let one = todo.pop(); todo.length > 0 || one !== undefined; one = todo.pop()) {
    if (typeof one === 'string') {
      if (one.includes(MASK)) return true;
    } else if (typeof one === 'object' && one !== null && !seen.has(one)) {
      seen.add(one);
      if (one instanceof Map) todo.push(...one.keys(), ...one.values());
      else if (one instanceof Set) todo.push(...one);
      else todo.push(...Object.values(one));
    }
  }
  return false;
}

// --- values --------------------------------------------------------------------------------------------------------

/** What is nested deeper than any serializer of ours writes is not looked into and not shown. */
const MAX_DEPTH = 1000;

function walk(
  value: unknown,
  isSecret: IsSecret,
  text: (text: string) => string,
  depth: number,
  instances: Map<object, unknown>,
): unknown {
  if (typeof value === 'string') return text(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return MASK;
  const inner = (item: unknown): unknown => walk(item, isSecret, text, depth + 1, instances);
  if (Array.isArray(value)) return walkList(value, isSecret, inner);
  if (value instanceof Map) {
    const tells = secretField(value, isSecret);
    return new Map(
      [...value].map(([key, item]) => {
        const isHidden =
          typeof key === 'string' && (isSecret(key) ? !isNameOfSecret(key, item, isSecret) : key === tells);
        return [typeof key === 'string' ? text(key) : key, isHidden ? hidden(item) : inner(item)];
      }),
    );
  }
  if (value instanceof Set) return new Set([...value].map(inner));
  if (value instanceof Error) {
    const copy = Object.create(Object.getPrototypeOf(value) as object) as Error;
    return Object.assign(copy, { name: value.name, message: text(value.message), stack: text(value.stack ?? '') });
  }
  const items = (value as { items?: unknown }).items;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    // Bytes, dates, decimals and the like stand for themselves; a tuple of ours holds others; any other instance has fields.
    if (ArrayBuffer.isView(value) || value instanceof Date) return value;
    if (!Array.isArray(items)) return instance(value, isSecret, inner, instances);
    const copy = Object.create(prototype as object) as { items: unknown };
    return Object.assign(copy, value, { items: isSecretPair(items, isSecret) ? [items[0], MASK] : inner(items) });
  }
  const out: Record<string, unknown> = {};
  const tells = secretField(new Map(Object.entries(value)), isSecret);
  for (const [key, item] of Object.entries(value)) {
    const isHidden = isSecret(key)
      ? !isNameOfSecret(key, item, isSecret)
      : key === tells || (ORDINARY.test(key) && isSecretBeside(key, value));
    const shown = isHidden ? hidden(item) : inner(item);
    const name = text(key);
    if (name === '__proto__')
      Object.defineProperty(out, name, { value: shown, enumerable: true, configurable: true, writable: true });
    else out[name] = shown;
  }
  return out;
}

/** An instance of a class: itself when none of its fields is a secret or holds one. */
function instance(
  value: object,
  isSecret: IsSecret,
  inner: (item: unknown) => unknown,
  instances: Map<object, unknown>,
): unknown {
  if (instances.has(value)) return instances.get(value);
  // Instances hold one another in circles.
  instances.set(value, '[circular]');
  const shown = copyOf(value, isSecret, inner);
  instances.set(value, shown);
  return shown;
}

function copyOf(value: object, isSecret: IsSecret, inner: (item: unknown) => unknown): unknown {
  const fields = Object.entries(value).map(
    ([key, item]) => [key, item, isSecret(key) ? hidden(item) : inner(item)] as const,
  );
  if (fields.every(([, item, shown]) => item === shown)) return value;
  const copy = Object.create(Object.getPrototypeOf(value) as object) as object;
  for (const [key, , shown] of fields)
    Object.defineProperty(copy, key, { value: shown, enumerable: true, configurable: true, writable: true });
  return copy;
}

/** Names that are ordinary words, and secrets beside others: the code of an OAuth login, the private parts of a key as JSON. */
const ORDINARY = /^(?:code|d|p|q|dp|dq|qi|k)$/;
function isSecretBeside(key: string, beside: object): boolean {
  const names = Object.keys(beside);
  return key === 'code' ? names.some((name) => OAUTH_FIELD.test(name)) : names.includes('kty');
}

/** Headers as pairs ([['Authorization', 'Bearer ...']]), and words of a command line (['mysql', '--password', 'x', '-u', 'ann:x']). */
function walkList(list: readonly unknown[], isSecret: IsSecret, inner: (item: unknown) => unknown): unknown[] {
  return list.map((item, i) => {
    if (isSecretPair(item, isSecret)) return [item[0], MASK];
    const before = i > 0 ? list[i - 1] : null;
    if (typeof item !== 'string' || typeof before !== 'string' || !before.startsWith('-')) return inner(item);
    if (!item.startsWith('-') && item !== '' && isSecret(before)) return MASK;
    const colon = USER_FLAG.test(before) ? item.indexOf(':') : -1;
    return colon > 0 ? `${item.slice(0, colon + 1)}${MASK}` : inner(item);
  });
}
const USER_FLAG = /^-(?:u|U|-user|-proxy-user|-creds?)$/;

/** { name: 'DB_PASSWORD', value: 'x' }: the field that has what the other one names. */
function secretField(fields: ReadonlyMap<unknown, unknown>, isSecret: IsSecret): string | null {
  if (fields.size > 32) return null;
  let named = false;
  let field: string | null = null;
  for (const [key, item] of fields) {
    if (typeof key !== 'string') continue;
    if (NAME_FIELD.test(key)) named ||= typeof item === 'string' && isSecret(item);
    else if (VALUE_FIELD.test(key)) field ??= key;
  }
  return named ? field : null;
}
const NAME_FIELD = /^(?:name|key|field|header|variable|param|option)$/i;
const VALUE_FIELD = /^(?:value|val|content|default)$/i;

/** { key: 'password' }: a name, which is none itself. */
function isNameOfSecret(key: string, item: unknown, isSecret: IsSecret): boolean {
  return /^key$/i.test(key) && typeof item === 'string' && isSecret(item);
}

function isSecretPair(item: unknown, isSecret: IsSecret): item is [string, string] {
  if (!Array.isArray(item) || item.length !== 2) return false;
  const [name, value] = item as unknown[];
  return typeof name === 'string' && typeof value === 'string' && value !== '' && isSecret(name);
}

/** What says nothing of a secret stays: nothing at all, and yes or no. */
function hidden(value: unknown): unknown {
  return value === null || value === undefined || value === '' || typeof value === 'boolean' ? value : MASK;
}
