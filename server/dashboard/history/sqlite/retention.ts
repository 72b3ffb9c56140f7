// What leaves the history: tasks by age, state, number and size of the file, buckets of the roll-ups by their step, old gauges, names
// that no task has any more, workers of long ago, operations after a year. And what of the file's room goes back to the disk.
// Holds: one call deletes a bounded number of rows, so that writing never waits long for it; call again while it returns more than 0.
import type { EmbeddedDb } from '../../../embedded-db.ts';
import type { ExpiryPlan, Limits } from '../contract.ts';
import { expireOperations } from './audit-chain.ts';
import { STEPS } from './rollup.ts';
import { encodeText } from './text.ts';

const AT_ONCE = 2000;
const DAY = 86_400;
/** How long what is not a task is kept. @unit seconds */
const KEEP = { failures: 35 * DAY, gauges: 31 * DAY, operations: 365 * DAY, workers: 31 * DAY } as const;
/** A name is noted again once an hour (write.ts): so much later than the last task that had it, it may go. @unit seconds */
const NAME_SLACK = 2 * 3600;
/** Names of one field. Far above the number up to which they are looked through (read.ts). */
const MAX_NAMES = 20_000;
const MAX_WORKERS = 20_000;
/** What SQLite says of a file that can give room back. */
const INCREMENTAL = 2;
/** Given back in one step. */
const PAGES_AT_ONCE = 2000;
/** So much of a file stays free in it: what comes next needs it again. */
const SLACK = 0.1;
const SLACK_PAGES = 500;

/** @param now seconds since the epoch. @returns rows of tasks and roll-ups deleted; 0: nothing more has to go */
export function expire(db: EmbeddedDb, limits: Limits, now: number): number {
  return db.transaction(() => {
    let gone = 0;
    for (const { state, before } of tooOld(db, limits, now)) {
      if (gone >= AT_ONCE) break;
      const [where, params] = state === null ? ['', []] : ['state = ? AND', [encodeText(state)]];
      gone += drop(
        db,
        `SELECT id FROM tasks WHERE ${where} first_seen < ? ORDER BY first_seen LIMIT ${AT_ONCE - gone}`,
        ...params,
        before,
      );
    }
    const excess = gone < AT_ONCE ? Math.min(AT_ONCE - gone, beyond(db, limits)) : 0;
    if (excess > 0) gone += drop(db, 'SELECT id FROM tasks ORDER BY first_seen LIMIT ?', excess);
    for (const { step, keep } of STEPS)
      gone += db.run(
        'DELETE FROM rollup WHERE (step, dim, key, bucket) IN (SELECT step, dim, key, bucket FROM rollup WHERE step = ? AND bucket < ? LIMIT ?)',
        step,
        now - keep,
        AT_ONCE,
      ).changes;
    db.run('DELETE FROM failures WHERE hour < ?', now - KEEP.failures);
    db.run('DELETE FROM gauges WHERE bucket < ?', now - KEEP.gauges);
    expireOperations(db, now - KEEP.operations);
    db.run('DELETE FROM effects WHERE operation NOT IN (SELECT id FROM operations)');
    db.run('DELETE FROM workers WHERE last_heard < ?', now - KEEP.workers);
    dropBeyond(db, 'workers', '1', 'last_heard', MAX_WORKERS);
    const longest = longestAge(limits);
    if (longest !== null) db.run('DELETE FROM dict WHERE last < ?', now - longest - NAME_SLACK);
    for (const field of ['name', 'worker', 'queue', 'state'])
      dropBeyond(db, 'dict', `field = '${field}'`, 'last', MAX_NAMES);
    return gone;
  });
}

/** Nothing is changed. @param now seconds since the epoch */
export function planExpiry(db: EmbeddedDb, limits: Limits, now: number): ExpiryPlan {
  const tasks = countTasks(db);
  const bytes = usedBytes(db);
  const byAge: Record<string, number> = {};
  let left = tasks;
  for (const { state, before } of tooOld(db, limits, now)) {
    const where = state === null ? '' : 'state = ? AND';
    const found = db.all<{ state: string; n: number }>(
      `SELECT state, count(*) AS n FROM tasks WHERE ${where} first_seen < ? GROUP BY state`,
      ...(state === null ? [before] : [encodeText(state), before]),
    );
    for (const { state: of, n } of found) {
      byAge[of] = n;
      left -= n;
    }
  }
  const byCount = limits.maxTasks === null ? 0 : Math.max(0, left - limits.maxTasks);
  const bySize = Math.max(0, tooLarge(db, limits, tasks) - (tasks - left) - byCount);
  return { tasks, bytes, byAge, byCount, bySize };
}

/** What is free in the file goes back to the disk, as far as it is more than a tenth of it. @returns bytes; 0: nothing more is to be */
export function shrink(db: EmbeddedDb): number {
  const { auto_vacuum: kind } = db.get<{ auto_vacuum: number }>('PRAGMA auto_vacuum')!;
  if (kind !== INCREMENTAL) return 0;
  const { pages, free, size } = pagesOf(db);
  const spare = free - Math.max(SLACK_PAGES, Math.floor(pages * SLACK));
  if (spare <= 0) return 0;
  const n = Math.min(spare, PAGES_AT_ONCE);
  db.exec(`PRAGMA incremental_vacuum(${n})`);
  return n * size;
}

/** From when on tasks are too old, by state; null: whatever their state. */
function* tooOld(
  db: EmbeddedDb,
  { ages = {}, maxAge }: Limits,
  now: number,
): Iterable<{ state: string | null; before: number }> {
  if (Object.keys(ages).length === 0) {
    if (maxAge !== null) yield { state: null, before: now - maxAge };
    return;
  }
  for (const state of statesIn(db)) {
    const age = Object.hasOwn(ages, state) ? ages[state]! : maxAge;
    if (age !== null) yield { state, before: now - age };
  }
}

/** One step of an index for each. */
function statesIn(db: EmbeddedDb): string[] {
  return db
    .all<{ state: string }>(
      `WITH RECURSIVE each(state) AS (SELECT min(state) FROM tasks UNION ALL
        SELECT (SELECT min(state) FROM tasks WHERE tasks.state > each.state) FROM each WHERE each.state IS NOT NULL)
      SELECT state FROM each WHERE state IS NOT NULL`,
    )
    .map(({ state }) => state);
}

/** How many of the oldest are too many, or make the file too large. */
function beyond(db: EmbeddedDb, limits: Limits): number {
  const tasks = countTasks(db);
  return Math.max(limits.maxTasks === null ? 0 : tasks - limits.maxTasks, tooLarge(db, limits, tasks));
}

/** So many of the oldest make the file too large: about, by what one takes on the average. What stays free in it is part of the file. */
function tooLarge(db: EmbeddedDb, { maxBytes = null }: Limits, tasks: number): number {
  if (maxBytes === null || tasks === 0) return 0;
  const bytes = usedBytes(db);
  const most = maxBytes * (1 - SLACK);
  return bytes <= most ? 0 : Math.min(tasks, Math.ceil((bytes - most) / (bytes / tasks)));
}

/** null: some may stay for ever. */
function longestAge({ ages = {}, maxAge }: Limits): number | null {
  const all = [maxAge, ...Object.values(ages)];
  return all.includes(null) ? null : Math.max(...(all as number[]));
}

const countTasks = (db: EmbeddedDb): number => db.get<{ n: number }>('SELECT count(*) AS n FROM tasks')!.n;

function pagesOf(db: EmbeddedDb): { pages: number; free: number; size: number } {
  const { page_count: pages } = db.get<{ page_count: number }>('PRAGMA page_count')!;
  const { freelist_count: free } = db.get<{ freelist_count: number }>('PRAGMA freelist_count')!;
  const { page_size: size } = db.get<{ page_size: number }>('PRAGMA page_size')!;
  return { pages, free, size };
}

function usedBytes(db: EmbeddedDb): number {
  const { pages, free, size } = pagesOf(db);
  return (pages - free) * size;
}

function drop(db: EmbeddedDb, select: string, ...params: (string | number)[]): number {
  db.run(`DELETE FROM tries WHERE uuid IN (SELECT uuid FROM tasks WHERE id IN (${select}))`, ...params);
  return db.run(`DELETE FROM tasks WHERE id IN (${select})`, ...params).changes;
}

/** Of the rows of one kind beyond a number, the oldest go. */
function dropBeyond(db: EmbeddedDb, table: 'dict' | 'workers', where: string, order: string, max: number): void {
  const { n } = db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE ${where}`)!;
  if (n <= max) return;
  const key = table === 'dict' ? '(field, value)' : 'hostname';
  const columns = table === 'dict' ? 'field, value' : 'hostname';
  db.run(
    `DELETE FROM ${table} WHERE ${key} IN (SELECT ${columns} FROM ${table} WHERE ${where} ORDER BY ${order} LIMIT ?)`,
    n - max,
  );
}
