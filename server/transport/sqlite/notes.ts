// What a broker file keeps for a time beside its messages, in tables that are made when they are first written.
// Holds: called within a transaction (`SqliteBroker.now`), so that of two processes one is first.
import type { EmbeddedDb } from '../../embedded-db.ts';

const TABLES = `
CREATE TABLE IF NOT EXISTS broker_notes (key TEXT PRIMARY KEY, value TEXT NOT NULL, until_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS broker_remembered (
  name TEXT NOT NULL, member TEXT NOT NULL, when_ms INTEGER NOT NULL, PRIMARY KEY (name, member)) WITHOUT ROWID;
`;

export class SqliteNotes {
  readonly #db: EmbeddedDb;
  #made = false;

  constructor(db: EmbeddedDb) {
    this.#db = db;
  }

  claim(key: string, value: string, ttlMs: number, nowMs: number): string | null {
    this.#make();
    this.#db.run('DELETE FROM broker_notes WHERE until_ms <= ?', nowMs);
    const kept = this.#db.get<{ value: string }>('SELECT value FROM broker_notes WHERE key = ?', key);
    if (kept) return kept.value;
    this.#db.run('INSERT INTO broker_notes VALUES (?, ?, ?)', key, value, nowMs + ttlMs);
    return null;
  }

  extend(key: string, value: string, ttlMs: number, nowMs: number): void {
    this.#make();
    this.#db.run('UPDATE broker_notes SET until_ms = ? WHERE key = ? AND value = ?', nowMs + ttlMs, key, value);
  }

  release(key: string, value: string): void {
    this.#make();
    this.#db.run('DELETE FROM broker_notes WHERE key = ? AND value = ?', key, value);
  }

  remember(set: string, members: readonly string[], limit: number, nowMs: number): void {
    this.#make();
    for (const member of members)
      this.#db.run('INSERT OR REPLACE INTO broker_remembered VALUES (?, ?, ?)', set, member, nowMs);
    this.#db.run(
      `DELETE FROM broker_remembered WHERE name = ? AND member NOT IN
        (SELECT member FROM broker_remembered WHERE name = ? ORDER BY when_ms DESC LIMIT ?)`,
      ...[set, set, limit],
    );
  }

  remembered(set: string, ttlMs: number, nowMs: number): Map<string, number> {
    this.#make();
    this.#db.run('DELETE FROM broker_remembered WHERE name = ? AND when_ms < ?', set, nowMs - ttlMs);
    const rows = this.#db.all<{ member: string; when_ms: number }>(
      'SELECT member, when_ms FROM broker_remembered WHERE name = ?',
      set,
    );
    return new Map(rows.map(({ member, when_ms }) => [member, Number(when_ms)]));
  }

  #make(): void {
    if (!this.#made) this.#db.exec(TABLES);
    this.#made = true;
  }
}
