// The tables of the history file and the order of columns in which rows cross from one thread to the other.
// Not here: writing (write.ts), reading (read.ts), what a record means (shared/events/).
// Holds: `VERSION` changes when a table does; a file of a newer version is refused rather than damaged.

import type { TaskRow } from '../../../../shared/wire/tasks.ts';
import type { EmbeddedDb } from '../../../embedded-db.ts';
import { ImproperlyConfigured } from '../../../errors.ts';
import { cutRow, ROW_TEXT } from '../rows.ts';
import { beginChain, CHAIN_TABLES } from './audit-chain.ts';
import { decodeRow } from './text.ts';

const VERSION = 6;

/** What a list shows: TaskRow of shared/wire/tasks.ts. */
const ROW_COLUMNS = [
  'uuid',
  'name',
  'state',
  'worker',
  'queue',
  'args',
  'kwargs',
  'result',
  'exception',
  'retries',
  'runtime',
  'eta',
  'expires',
  'sent',
  'received',
  'started',
  'succeeded',
  'failed',
  'retried',
  'revoked',
  'rejected',
  'timestamp',
  'first_seen',
  'root_id',
  'parent_id',
] as const;

/** Of a long text a list reads no more than it shows and one character, by which it is known to be longer (rows.ts). */
const LONG = new Set(['args', 'kwargs', 'result', 'exception']);
export const ROW_SELECT = ROW_COLUMNS.map((c) =>
  c === 'retries' ? 'COALESCE(retries, 0) AS retries' : LONG.has(c) ? `substr(${c}, 1, ${ROW_TEXT + 1}) AS ${c}` : c,
).join(', ');

/** A row read by ROW_SELECT as a list shows it. */
export function listRow(stored: TaskRow & { id: number }): TaskRow {
  const { id: _, ...row } = stored;
  return cutRow(decodeRow(row));
}

/** What only one task's page shows. */
const DETAIL_COLUMNS = ['traceback', 'exchange', 'routing_key', 'clock', 'pid', 'client', 'extra'] as const;
export const TASK_COLUMNS = [...ROW_COLUMNS, ...DETAIL_COLUMNS] as const;

/** What changes while a task runs; the rest is written when it is first stored. The uuid comes last, as the key. */
export const CHANGING_COLUMNS = [
  'state',
  'worker',
  'result',
  'exception',
  'retries',
  'runtime',
  'received',
  'started',
  'succeeded',
  'failed',
  'retried',
  'revoked',
  'rejected',
  'timestamp',
  'traceback',
  'clock',
  'pid',
  'extra',
] as const;

const REAL = new Set(
  'retries runtime sent received started succeeded failed retried revoked rejected timestamp first_seen clock pid'.split(
    ' ',
  ),
);

/** The group that a task is a part of, or that the end of its chain is: told by the events of our workers and clients, in `extra`. */
export const FAMILY = `(CASE WHEN json_valid(extra) THEN COALESCE(json_extract(extra, '$.group_id'), json_extract(extra, '$.canvas.group')) END)`;
/** What its index has: written so, word for word, in a condition, or the index is not used. */
export const HAS_FAMILY = `instr(extra, 'group') > 0`;

const TABLES = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tasks (id INTEGER PRIMARY KEY, ${TASK_COLUMNS.map((c) => `${c} ${REAL.has(c) ? 'REAL' : 'TEXT'}`).join(', ')});
CREATE UNIQUE INDEX IF NOT EXISTS tasks_uuid ON tasks (uuid);
CREATE INDEX IF NOT EXISTS tasks_seen ON tasks (first_seen);
CREATE INDEX IF NOT EXISTS tasks_state ON tasks (state, first_seen);
CREATE INDEX IF NOT EXISTS tasks_name ON tasks (name, state, first_seen);
CREATE INDEX IF NOT EXISTS tasks_worker ON tasks (worker, state, first_seen);
CREATE INDEX IF NOT EXISTS tasks_runtime ON tasks (state, runtime) WHERE runtime IS NOT NULL;
CREATE INDEX IF NOT EXISTS tasks_retries ON tasks (retries) WHERE retries > 0;
CREATE INDEX IF NOT EXISTS tasks_parent ON tasks (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS tasks_root ON tasks (root_id) WHERE root_id <> uuid;
CREATE INDEX IF NOT EXISTS tasks_family ON tasks (${FAMILY}) WHERE ${HAS_FAMILY};
CREATE TABLE IF NOT EXISTS tries (uuid TEXT, number INTEGER, state TEXT, worker TEXT, received REAL, started REAL, ended REAL,
  exception TEXT, traceback TEXT, PRIMARY KEY (uuid, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dict (field TEXT, value TEXT, last REAL, PRIMARY KEY (field, value)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS workers (hostname TEXT PRIMARY KEY, record TEXT, last_heard REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS heard (hostname TEXT PRIMARY KEY, pid INTEGER, begun INTEGER, events_disabled INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rollup (step INTEGER, dim TEXT, key TEXT, bucket INTEGER, success INTEGER, failure INTEGER,
  retry INTEGER, revoked INTEGER, rejected INTEGER, runtime BLOB, wait BLOB, PRIMARY KEY (step, dim, key, bucket)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rollup_age ON rollup (step, bucket);
CREATE TABLE IF NOT EXISTS failures (task TEXT, exception TEXT, hour INTEGER, count INTEGER, first REAL, last REAL, message TEXT,
  example TEXT, PRIMARY KEY (task, exception, hour)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS failures_hour ON failures (hour);
CREATE TABLE IF NOT EXISTS gauges (name TEXT, bucket INTEGER, value REAL, PRIMARY KEY (name, bucket)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS operations (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL, who TEXT, address TEXT, token TEXT, action TEXT,
  subject TEXT, task_name TEXT, request TEXT, outcome TEXT, summary TEXT, answers TEXT, new_ids TEXT);
CREATE TABLE IF NOT EXISTS effects (operation INTEGER PRIMARY KEY, effect TEXT);
`;

/** Make the tables, or refuse a file that is not ours. */
export function prepareSchema(db: EmbeddedDb): void {
  const found = Number(db.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0);
  if (found > VERSION) {
    throw new ImproperlyConfigured(
      `The history file ${db.path} was written by a newer version (format ${found}, known here: ${VERSION}). Give another --db, or upgrade.`,
    );
  }
  if (found === VERSION) return;
  // Room can only be given back by a file that was made for it (retention.ts); later it would have to be written anew.
  if (found === 0 && db.get('SELECT 1 FROM sqlite_schema') === undefined)
    db.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM');
  db.transaction(() => {
    // The first files of format 1 had runtimes in one order for all states.
    if (found === 1) db.exec('DROP INDEX IF EXISTS tasks_runtime');
    db.exec(TABLES);
    // Format 1 did not keep when a name was last seen.
    if (found === 1) db.exec("ALTER TABLE dict ADD COLUMN last REAL; UPDATE dict SET last = strftime('%s', 'now')");
    // Format 2 did not keep whether a worker sends task events.
    const isKept = db.get("SELECT 1 FROM pragma_table_info('heard') WHERE name = 'events_disabled'");
    if (!isKept) db.exec('ALTER TABLE heard ADD COLUMN events_disabled INTEGER');
    // Format 3 did not keep from where an operation was asked, nor the name of its tasks.
    const isWide = db.get("SELECT 1 FROM pragma_table_info('operations') WHERE name = 'address'");
    if (!isWide)
      db.exec('ALTER TABLE operations ADD COLUMN address TEXT; ALTER TABLE operations ADD COLUMN task_name TEXT');
    // Format 4 knew no API tokens, and had no chain of operations.
    const hasToken = db.get("SELECT 1 FROM pragma_table_info('operations') WHERE name = 'token'");
    if (!hasToken) db.exec('ALTER TABLE operations ADD COLUMN token TEXT');
    db.exec(CHAIN_TABLES);
    beginChain(db);
    db.exec(`PRAGMA user_version = ${VERSION}`);
  });
}

/**
 * Remember whose history this is, or refuse that of another cluster.
 * @param cluster addresses of the broker without credentials  @param formerly the same as files have it in which CLUSTER_FORM does not stand
 * @param adopt the cluster has moved: take the file along
 */
export function claimForCluster(
  db: EmbeddedDb,
  cluster: readonly string[],
  formerly: readonly string[],
  adopt: boolean,
): void {
  const kept = (key: string) => db.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', key)?.value;
  const keep = (key: string, value: string) => {
    if (kept(key) !== value) db.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', key, value);
  };
  const text = kept('cluster');
  const known = text === undefined ? null : (JSON.parse(text) as string[]);
  const isFormer = kept('cluster_form') !== CLUSTER_FORM;
  const own = isFormer ? [...cluster, ...formerly] : cluster;
  if (known !== null && !adopt && !known.some((address) => own.includes(address))) {
    const shown = isFormer ? known.map(withoutLogin) : known;
    throw new ImproperlyConfigured(
      `The history file ${db.path} is that of another cluster (${shown.join(', ')}); this dashboard watches ${cluster.join(', ')}. Give it a file of its own (--db), or, when it is the same cluster at a new address, say so with --adopt-history.`,
    );
  }
  keep('cluster', JSON.stringify(cluster));
  keep('cluster_form', CLUSTER_FORM);
}

/** By which rules `cluster` was written. */
const CLUSTER_FORM = '2';

/** Of several sentinels the first files have the whole text behind the scheme. */
function withoutLogin(address: string): string {
  return address.replace(/^(?!sqlite:)([^/]*:\/\/[^/]*\/).*@/s, '$1**@');
}
