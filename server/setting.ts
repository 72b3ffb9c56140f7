// What one row of the settings table says, and the words it is written with (bool, int, ...).
// Not here: the rows (app/settings/, and beside each result store its own), reading them for use (app/config.ts).
// Holds: the type of a setting in TypeScript follows from its row; a default of null means the setting may be null.

export type SettingKind = 'bool' | 'int' | 'float' | 'string' | 'dict' | 'list' | 'any';

export interface Setting<T> {
  readonly kind: SettingKind;
  readonly default: T;
  /** Names before Celery 4. */
  readonly old: readonly string[];
  readonly doc: string;
  readonly unit?: string;
  readonly source: 'Celery 5.6' | 'Umbel';
  /** Where and why it is not as in Celery. */
  readonly differs?: string;
  /** Further kinds accepted beside `kind`. */
  readonly also?: readonly SettingKind[];
}

/** The settings of a table of rows, and their types. */
export type Settings<Table> = { -readonly [K in keyof Table]: Table[K] extends Setting<infer T> ? T : never };

interface Extra {
  /** More than one. */
  readonly old?: readonly string[];
  readonly unit?: string;
  readonly differs?: string;
  readonly also?: readonly SettingKind[];
  /** Default 'Celery 5.6'. */
  readonly source?: 'Umbel';
}

type OrNull<D, T> = null extends D ? T | null : T;

function setting<T>(kind: SettingKind, fallback: unknown, old: string, doc: string, extra: Extra = {}): Setting<T> {
  return { kind, default: fallback as T, old: old ? [old] : [], doc, source: 'Celery 5.6', ...extra };
}

export const bool = <D extends boolean | null>(fallback: D, old: string, doc: string, extra?: Extra) =>
  setting<OrNull<D, boolean>>('bool', fallback, old, doc, extra);
export const int = <D extends number | null>(fallback: D, old: string, doc: string, extra?: Extra) =>
  setting<OrNull<D, number>>('int', fallback, old, doc, extra);
export const float = <D extends number | null>(fallback: D, old: string, doc: string, extra?: Extra) =>
  setting<OrNull<D, number>>('float', fallback, old, doc, extra);
export const string = <D extends string | null>(fallback: D, old: string, doc: string, extra?: Extra) =>
  setting<OrNull<D, string>>('string', fallback, old, doc, extra);
export const dict = <T = Readonly<Record<string, unknown>>>(fallback: T, old: string, doc: string, extra?: Extra) =>
  setting<T>('dict', fallback, old, doc, extra);
export const list = <T = readonly string[]>(fallback: T, old: string, doc: string, extra?: Extra) =>
  setting<T>('list', fallback, old, doc, extra);
export const any = <T>(fallback: T, old: string, doc: string, extra?: Extra) =>
  setting<T>('any', fallback, old, doc, extra);

export const SECONDS: Extra = { unit: 'seconds' };
export type Dict = Readonly<Record<string, unknown>>;
