// Where a history is kept, by the `db` option: a path or `sqlite:///path` is one SQLite file. Loaded when asked for.
// Not here: what a history promises (contract.ts).
// Holds: nothing outside this folder imports an implementation; an unknown scheme is refused with the known ones, without its secrets.
import { existsSync } from 'node:fs';
import { ImproperlyConfigured } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Timer } from '../../timer.ts';
import { isUrl, parseUrl, safeUrl } from '../../transport/url.ts';
import type { AuditVerdict, ExpiryPlan, HistoryStore, Limits } from './contract.ts';

export interface HistoryContext {
  readonly timer?: Timer;
  readonly log?: Logger;
  /** Whose history it is: addresses of the broker, without credentials. null: it is not asked. */
  readonly cluster?: readonly string[] | null;
  /** The same as the first files have it, which told fewer clusters apart. They may hold passwords: to compare, not to show. */
  readonly formerly?: readonly string[];
  /** Take over what was another cluster's. */
  readonly adopt?: boolean;
}
/** Rejects with ImproperlyConfigured when it cannot be used, or is another's. */
export type HistoryFactory = (url: string, context: HistoryContext) => Promise<HistoryStore>;

const factories = new Map<string, () => Promise<HistoryFactory>>();

/** Make a history known for a scheme. The last registration wins. */
export function registerHistory(scheme: string, load: () => Promise<HistoryFactory>): void {
  factories.set(scheme.toLowerCase(), load);
}

registerHistory('sqlite', async () => {
  const { openHistory: open } = await import('./sqlite/history.ts');
  return (url, context) => open(isUrl(url) ? parseUrl(url).path || ':memory:' : url, context);
});

/** Of a history that no dashboard need have open: copying it and trimming it. */
export interface HistoryCare {
  /** Whole or not at all, also while a dashboard writes. @returns bytes  @throws ImproperlyConfigured what cannot be copied, or would be overwritten */
  backup(to: string): number;
  /** Nothing is changed; also while a dashboard writes. @param now seconds since the epoch */
  plan(limits: Limits, now: number): ExpiryPlan;
  /** With the room given back. @throws ImproperlyConfigured while a dashboard has it */
  trim(limits: Limits, now: number): { readonly tasks: number; readonly before: number; readonly after: number };
}

/** @param db a path, or a URL  @throws ImproperlyConfigured for what is no file */
export async function careFor(db: string): Promise<HistoryCare> {
  const { scheme, path } = isUrl(db) ? parseUrl(db) : { scheme: 'sqlite', path: db };
  if (scheme !== 'sqlite' || path === '' || path === ':memory:')
    throw new ImproperlyConfigured(`${safeUrl(db)} is no history file: give --db the path of one.`);
  const { HistoryFileCare } = await import('./sqlite/care.ts');
  return new HistoryFileCare(path);
}

/** @param db a path, ':memory:', or a URL */
export async function openHistory(db: string, context: HistoryContext = {}): Promise<HistoryStore> {
  const scheme = isUrl(db) ? parseUrl(db).scheme : 'sqlite';
  const load = factories.get(scheme);
  if (!load) {
    const known = [...factories.keys()].map((one) => `${one}:///path`).join(', ');
    throw new ImproperlyConfigured(`No history for ${safeUrl(db)}: give --db a path, or one of ${known}.`);
  }
  return (await load())(db, context);
}

/**
 * The chain of the operations in a history, which may be in use.
 * @param head the beginning of a hash that was its end at some time, or null  @throws ImproperlyConfigured
 */
export async function verifyAuditOf(db: string, head: string | null): Promise<AuditVerdict> {
  const path = isUrl(db) ? parseUrl(db).path : db;
  if (!existsSync(path))
    throw new ImproperlyConfigured(
      `There is no history ${path}: give --db the file that the dashboard has as its --db.`,
    );
  const { verifyFile } = await import('./sqlite/audit-chain.ts');
  return verifyFile(path, head);
}
