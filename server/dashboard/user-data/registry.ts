// Where people's own things are kept, by the option `user_data`: a path or `sqlite:///path` is one SQLite file, memory:// is this process.
// Not here: what a store promises (contract.ts).
// Holds: nothing outside this folder imports an implementation; an unknown scheme is refused with the known ones, without its secrets.
import { existsSync } from 'node:fs';
import { ImproperlyConfigured } from '../../errors.ts';
import type { Timer } from '../../timer.ts';
import { isUrl, parseUrl, safeUrl } from '../../transport/url.ts';
import type { UserDataStore } from './contract.ts';

export interface UserDataContext {
  readonly timer: Timer;
}
/** Rejects with ImproperlyConfigured when it cannot be used, or another dashboard has it. */
export type UserDataFactory = (url: string, context: UserDataContext) => Promise<UserDataStore>;

const factories = new Map<string, () => Promise<UserDataFactory>>();

/** Make a store known for a scheme. The last registration wins. */
export function registerUserData(scheme: string, load: () => Promise<UserDataFactory>): void {
  factories.set(scheme.toLowerCase(), load);
}

registerUserData('memory', async () => {
  const { MemoryUserData } = await import('./memory.ts');
  return async () => new MemoryUserData();
});
registerUserData('sqlite', async () => {
  const { openUserDataFile } = await import('./sqlite/user-data.ts');
  return (url, { timer }) => openUserDataFile(isUrl(url) ? parseUrl(url).path : url, timer);
});

/** Opens it when what it returns is called. @param place a path or a URL  @throws ImproperlyConfigured at once, for a scheme nobody has registered */
export function userDataAt(place: string): (context: UserDataContext) => Promise<UserDataStore> {
  const scheme = isUrl(place) ? parseUrl(place).scheme : 'sqlite';
  const load = factories.get(scheme);
  if (!load) {
    const known = [...factories.keys()].map((one) => `${one}://`).join(', ');
    throw new ImproperlyConfigured(
      `No user data is kept in ${safeUrl(place)}: give user_data a path, or one of ${known}.`,
    );
  }
  // The code at once: in a process that stays, what Node failed to load (no file descriptor was left) it never loads again.
  const loading = load();
  loading.catch(() => {});
  return async (context) => (await loading)(place, context);
}

/** A copy of it, whole or not at all, also while a dashboard writes. @returns bytes; null: there is nothing to copy yet */
export async function backupUserData(place: string, to: string): Promise<number | null> {
  const { scheme, path } = isUrl(place) ? parseUrl(place) : { scheme: 'sqlite', path: place };
  if (scheme !== 'sqlite') return null;
  const { backupFile } = await import('../../db-backup.ts');
  return existsSync(path) ? backupFile(path, to) : null;
}

/** Whether something may be kept there already: asking opens nothing, and makes no file. */
export function mayHoldData(place: string): boolean {
  const { scheme, path } = isUrl(place) ? parseUrl(place) : { scheme: 'sqlite', path: place };
  return scheme === 'sqlite' ? existsSync(path) : true;
}

/** Where it is by default: beside the history, in a file of its own. @param db the option of the history */
export function besideHistory(db: string): string {
  const { scheme, path } = isUrl(db) ? parseUrl(db) : { scheme: 'sqlite', path: db };
  if (scheme !== 'sqlite') return db;
  return path === '' || path === ':memory:' ? 'memory://' : `${path.replace(/\.db$/, '')}.user-data.db`;
}
