// The record of operations as a chain: each time one is begun or finished a link is added, with the hash of its row and of the link before.
// Not here: writing the rows (write.ts), the command that asks (../registry.ts, cli/audit.ts).
// Holds: a row that was changed, taken out, or put in past the dashboard, and a link that was, is found. Whoever can write the file can make
// the whole chain anew: then its head is another one than the one that was written down elsewhere. What is seen of an operation's
// effect, which comes later and again, is not in the chain. What retention takes, it takes from the beginning, with its links.
import { createHash } from 'node:crypto';
import { EmbeddedDb, type SqlRow, type SqlValue } from '../../../embedded-db.ts';
import { ImproperlyConfigured, toError } from '../../../errors.ts';
import type { AuditVerdict } from '../contract.ts';

export const CHAIN_TABLES = `CREATE TABLE IF NOT EXISTS audit_links (seq INTEGER PRIMARY KEY AUTOINCREMENT, operation INTEGER NOT NULL,
  digest TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS audit_links_operation ON audit_links (operation);
`;

interface Link {
  seq: number;
  operation: number;
  digest: string;
  hash: string;
}
/** The link before the first that is kept, and the first operation that has links. */
interface Base {
  seq: number;
  hash: string;
  first: number;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const next = (before: string, { operation, digest }: Pick<Link, 'operation' | 'digest'>): string =>
  hash(`${before} ${operation} ${digest}`);
/** A column that is added later, and is null in older rows, changes nothing. */
const digestOf = (row: SqlRow): string =>
  hash(
    JSON.stringify(
      Object.entries(row)
        .filter(([, value]) => value !== null)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  );
const rowOf = (db: EmbeddedDb, id: number): SqlRow | undefined =>
  db.get<SqlRow>('SELECT * FROM operations WHERE id = ?', id);

function baseOf(db: EmbeddedDb): Base {
  const kept = db.get<{ value: string }>("SELECT value FROM meta WHERE key = 'audit_base'")?.value;
  return kept === undefined ? { seq: 0, hash: '', first: 0 } : (JSON.parse(kept) as Base);
}

const keepBase = (db: EmbeddedDb, base: Base): unknown =>
  db.run("INSERT OR REPLACE INTO meta (key, value) VALUES ('audit_base', ?)", JSON.stringify(base));

/** Operations from before there was a chain stay outside it. Once, when its tables are made. */
export function beginChain(db: EmbeddedDb): void {
  const { last } = db.get<{ last: number }>('SELECT COALESCE(max(id), 0) AS last FROM operations')!;
  keepBase(db, { seq: 0, hash: '', first: last + 1 });
}

/** In the transaction in which its row was written. */
export function addLink(db: EmbeddedDb, operation: number): void {
  const row = rowOf(db, operation);
  if (!row) return;
  const last = db.get<Link>('SELECT * FROM audit_links ORDER BY seq DESC LIMIT 1');
  const link = { operation, digest: digestOf(row) };
  const linked = next(last?.hash ?? baseOf(db).hash, link);
  db.run('INSERT INTO audit_links (operation, digest, hash) VALUES (?, ?, ?)', operation, link.digest, linked);
}

/** Operations of before `at` go, as far as the chain has none of later before them. */
export function expireOperations(db: EmbeddedDb, at: number): void {
  const kept = db.get<{ seq: SqlValue }>(
    'SELECT min(seq) AS seq FROM audit_links JOIN operations ON id = operation WHERE operations.at >= ?',
    at,
  )?.seq;
  const until = kept === null || kept === undefined ? Number.MAX_SAFE_INTEGER : Number(kept);
  db.run(
    'DELETE FROM operations WHERE at < ? AND NOT EXISTS (SELECT 1 FROM audit_links WHERE operation = id AND seq >= ?)',
    at,
    until,
  );
  const last = db.get<Link>(
    `SELECT * FROM audit_links WHERE seq < ? AND operation NOT IN (SELECT id FROM operations) ORDER BY seq DESC LIMIT 1`,
    until,
  );
  if (!last) return;
  keepBase(db, { ...baseOf(db), seq: last.seq, hash: last.hash });
  db.run('DELETE FROM audit_links WHERE seq <= ?', last.seq);
}

/** Problems that are named; the rest is counted. */
const MAX_NAMED = 100;

/** @param path of a history, which may be in use  @throws ImproperlyConfigured */
export function verifyFile(path: string, head: string | null): AuditVerdict {
  let file: EmbeddedDb | null = null;
  try {
    file = new EmbeddedDb(path, { readOnly: true });
    return verifyChain(file, head);
  } catch (error) {
    throw new ImproperlyConfigured(
      `The record in ${path} cannot be verified: ${toError(error).message}. Is it a history of this version? A dashboard brings an older one up to date when it starts.`,
    );
  } finally {
    file?.close();
  }
}

/** @param head the beginning of a hash that was the chain's end at some time, or null */
function verifyChain(db: EmbeddedDb, head: string | null): AuditVerdict {
  return db.snapshot(() => {
    const found: string[] = [];
    let wrong = 0;
    const problem = (text: string): void => {
      wrong++;
      if (found.length < MAX_NAMED) found.push(text);
    };
    const base = baseOf(db);
    const digests = new Map<number, string>();
    let { seq, hash: before } = base;
    let hasHead = head === null || (head.length >= 8 && before.startsWith(head));
    for (const link of db.iterate<Link>('SELECT * FROM audit_links ORDER BY seq')) {
      if (link.seq !== seq + 1) problem(`Link ${seq + 1} is missing.`);
      if (next(before, link) !== link.hash) problem(`Link ${link.seq} does not follow from the one before.`);
      digests.set(link.operation, link.digest);
      seq = link.seq;
      before = link.hash;
      hasHead ||= head !== null && head.length >= 8 && before.startsWith(head);
    }
    const written = db.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'audit_links'")?.seq ?? 0;
    if (written > seq) problem(`Links ${seq + 1} to ${written} at the end are missing.`);
    let entries = 0;
    let outside = 0;
    let since: number | null = null;
    for (const row of db.iterate<SqlRow>('SELECT * FROM operations ORDER BY id')) {
      const id = Number(row.id);
      const digest = digests.get(id);
      digests.delete(id);
      if (digest === undefined) {
        if (id < base.first) outside++;
        else problem(`Entry ${id} has no link: it was put in past the dashboard.`);
        continue;
      }
      entries++;
      since ??= Number(row.at);
      if (digest !== digestOf(row)) problem(`Entry ${id} was changed.`);
    }
    for (const id of digests.keys()) problem(`Entry ${id} is missing.`);
    if (!hasHead) problem(`The chain never ended in ${head}: it is another one, or was made anew.`);
    return { ok: wrong === 0, entries, outside, since, head: before === '' ? null : before, problems: found, wrong };
  });
}
