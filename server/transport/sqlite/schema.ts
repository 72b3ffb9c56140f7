// The tables of a broker in one SQLite file, and opening such a file with errors a person can act on.
// What is done with the tables: topology.ts (who and where), messages.ts (what waits), sessions.ts (who is alive).
// Holds: every table begins with `broker_`, so that a file can hold results beside; the version is checked before anything is read.
// A message is in `broker_messages` until it is settled; it is ready when it has a row in `broker_ready`, else a live session's row
// in `broker_claims` names it. Its id is never used again: claims name ids, and may outlive the message.
import { statSync } from 'node:fs';
import { EmbeddedDb } from '../../embedded-db.ts';
import { OperationalError, toError } from '../../errors.ts';
import { JournalLost } from '../../journal.ts';

const SCHEMA_VERSION = 1;

const TABLES = `
CREATE TABLE IF NOT EXISTS broker_meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS broker_sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, machine TEXT NOT NULL, pid INTEGER NOT NULL, started TEXT NOT NULL,
  thread INTEGER NOT NULL, seen_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS broker_exchanges (
  name TEXT PRIMARY KEY, type TEXT NOT NULL, durable INTEGER NOT NULL, auto_delete INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS broker_queues (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, durable INTEGER NOT NULL, exclusive INTEGER NOT NULL,
  auto_delete INTEGER NOT NULL, expires_ms INTEGER, message_ttl_ms INTEGER, max_priority INTEGER,
  owner INTEGER, used_ms INTEGER NOT NULL, may_expire INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS broker_bindings (
  exchange TEXT NOT NULL, routing_key TEXT NOT NULL, queue_id INTEGER NOT NULL,
  PRIMARY KEY (exchange, routing_key, queue_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS broker_consumers (
  session_id INTEGER NOT NULL, queue_id INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (session_id, queue_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS broker_messages (
  id INTEGER PRIMARY KEY, queue_id INTEGER NOT NULL, rank INTEGER NOT NULL, published_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL, redelivered INTEGER NOT NULL, transient INTEGER NOT NULL, envelope TEXT NOT NULL, body BLOB);
CREATE INDEX IF NOT EXISTS broker_transient ON broker_messages (id) WHERE transient = 1;
CREATE TABLE IF NOT EXISTS broker_ready (
  queue_id INTEGER NOT NULL, rank INTEGER NOT NULL, id INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
  PRIMARY KEY (queue_id, rank, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS broker_claims (
  id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL, queue_id INTEGER NOT NULL, ids TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS broker_claims_session ON broker_claims (session_id);
INSERT OR IGNORE INTO broker_meta VALUES ('schema', ${SCHEMA_VERSION}), ('next_id', 1), ('topology', 1), ('swept_ms', 0);
`;

export interface BrokerFileOptions {
  readonly busyTimeoutMs: number;
  readonly synchronous: 'OFF' | 'NORMAL' | 'FULL';
  /** How often a consumer looks although nothing woke it; null: by whether wake-up files can be watched. */
  readonly pollingMs: number | null;
}

/** Open the file and see to its tables. Throws OperationalError; `isBusy` of its cause: another process is just doing the same. */
export function openBrokerFile(path: string, url: string, options: BrokerFileOptions): EmbeddedDb {
  let db: EmbeddedDb | undefined;
  try {
    db = new EmbeddedDb(path, { ...options, shared: true });
    // Checkpoints are work for whoever commits: fewer and longer ones cost less in all.
    db.exec('PRAGMA wal_autocheckpoint = 4000');
    const known = db.get<{ n: number }>("SELECT COUNT(*) AS n FROM sqlite_master WHERE name = 'broker_meta'")?.n;
    if (known) checkVersion(db, path, url);
    else db.transaction(() => db!.exec(TABLES));
    return db;
  } catch (error) {
    db?.close();
    throw asOperational(error, path, url);
  }
}

function checkVersion(db: EmbeddedDb, path: string, url: string): void {
  const version = Number(db.get("SELECT value FROM broker_meta WHERE key = 'schema'")?.value ?? 0);
  if (version === SCHEMA_VERSION) return;
  throw new OperationalError(
    url,
    `The broker file ${path} has layout ${version}, and this release reads layout ${SCHEMA_VERSION}. ` +
      'Use the release that wrote it, or another file.',
  );
}

/** Somebody else holds the write lock, and went on doing so for the whole busy timeout. */
export function isBusy(error: unknown): boolean {
  if (error instanceof OperationalError && error.cause) return isBusy(error.cause);
  return error instanceof Error && /database (table )?is locked|SQLITE_BUSY|SQLITE_LOCKED/i.test(error.message);
}

/** What SQLite said, in words that tell what to look at. */
export function asOperational(thrown: unknown, path: string, url: string): OperationalError {
  if (thrown instanceof OperationalError) return thrown;
  const cause = toError(thrown);
  return new OperationalError(url, `${explain(cause, path)} (${cause.message})`, { cause });
}

function explain(cause: Error, path: string): string {
  const text = cause.message;
  if (cause instanceof JournalLost) {
    return `The journal of the broker file ${path} was deleted while it was in use: what it held was moved into the file, which is opened anew.`;
  }
  if (/not a database/i.test(text))
    return `The broker file ${path} is not an SQLite database. Name another file in the broker URL.`;
  if (/malformed|corrupt/i.test(text)) {
    return `The broker file ${path} is damaged. Restore it from a copy, or move it away to begin with an empty broker.`;
  }
  if (/readonly|read-only|EROFS/i.test(text))
    return `The broker file ${path} cannot be written. May this user write it and its folder?`;
  if (/is locked|SQLITE_BUSY/i.test(text))
    return `The broker file ${path} is held by another process for too long. Is one of them stopped?`;
  if (/disk is full|ENOSPC|SQLITE_FULL/i.test(text)) return `No space is left for the broker file ${path}.`;
  if (isDirectory(path)) return `The broker file ${path} is a directory. Name a file in the broker URL.`;
  if (/unable to open|EACCES|EPERM|ENOENT|ENOTDIR/i.test(text)) {
    return `The broker file ${path} cannot be opened. Does its folder exist, and may this user write there?`;
  }
  return `The broker file ${path} cannot be used.`;
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
