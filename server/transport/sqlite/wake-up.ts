// Waking a consumer in another process: each consuming session watches a small file of its own beside the database, and who
// commits a message for it writes a byte there. Where the system cannot watch files, broker.ts polls more often instead.
// Holds: the byte is written after the commit, so a woken consumer sees what it was woken for; a lost wake-up costs one poll
// interval, never a message.
import { closeSync, type FSWatcher, mkdirSync, openSync, rmdirSync, rmSync, watch, writeSync } from 'node:fs';
import { join } from 'node:path';

export class WakeUp {
  readonly #folder: string;
  readonly #files = new Map<number, number>();
  #own: { session: number; watcher: FSWatcher } | null = null;

  constructor(dbPath: string) {
    this.#folder = `${dbPath}-wake`;
  }

  /** false: a poll has to do. */
  get listening(): boolean {
    return this.#own !== null;
  }

  /** Call `onWake` when somebody wakes this session. */
  listen(session: number, onWake: () => void): void {
    if (this.#own) return;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const path = join(this.#folder, String(session));
      closeSync(openSync(path, 'w', 0o600));
      const watcher = watch(path, { persistent: false }, onWake);
      watcher.on('error', () => this.unlisten());
      this.#own = { session, watcher };
    } catch {
      this.#own = null;
    }
  }

  unlisten(): void {
    const own = this.#own;
    if (!own) return;
    this.#own = null;
    own.watcher.close();
    this.remove(own.session);
  }

  notify(session: number): void {
    try {
      let file = this.#files.get(session);
      if (file === undefined) {
        file = openSync(join(this.#folder, String(session)), 'r+');
        this.#files.set(session, file);
      }
      writeSync(file, '!', 0);
    } catch {
      this.#forget(session); // it listens no more, or polls
    }
  }

  /** Close the files of sessions that are gone. */
  keepOnly(sessions: ReadonlySet<number>): void {
    for (const session of this.#files.keys()) if (!sessions.has(session)) this.#forget(session);
  }

  /** The file of a session that ended. */
  remove(session: number): void {
    this.#forget(session);
    rmSync(join(this.#folder, String(session)), { force: true });
  }

  close(): void {
    this.unlisten();
    for (const session of [...this.#files.keys()]) this.#forget(session);
    try {
      rmdirSync(this.#folder);
    } catch {
      // others still use it
    }
  }

  #forget(session: number): void {
    const file = this.#files.get(session);
    if (file === undefined) return;
    this.#files.delete(session);
    try {
      closeSync(file);
    } catch {
      // closed already
    }
  }
}
