// What leaves the history: tasks by age and by number, buckets of the roll-ups by their step, old gauges, names that no task has any
// more, workers of long ago, operations after a year.
// Holds: one call deletes a bounded number of rows, so that writing never waits long for it; call again while it returns more than 0.
import type { EmbeddedDb } from '../../../embedded-db.ts';
import type { Limits } from '../contract.ts';
import { STEPS } from './rollup.ts';

const AT_ONCE = 2000;
const DAY = 86_400;
/** How long what is not a task is kept. @unit seconds */
const KEEP = { failures: 35 * DAY, gauges: 31 * DAY, operations: 365 * DAY, workers: 31 * DAY } as const;
/** A name is noted again once an hour (write.ts): so much later than the last task that had it, it may go. @unit seconds */
const NAME_SLACK = 2 * 3600;
/** Names of one field. Far above the number up to which they are looked through (read.ts). */
const MAX_NAMES = 20_000;
const MAX_WORKERS = 20_000;

/** @param now seconds since the epoch. @returns rows of tasks and roll-ups deleted; 0: nothing more has to go */
export function expire(db: EmbeddedDb, limits: Limits, now: number): number {
  return db.transaction(() => {
    let gone = 0;
    if (limits.maxAge !== null)
      gone += drop(
        db,
        `SELECT id FROM tasks WHERE first_seen < ? ORDER BY first_seen LIMIT ${AT_ONCE}`,
        now - limits.maxAge,
      );
    if (limits.maxTasks !== null && gone < AT_ONCE) {
      const { n } = db.get<{ n: number }>('SELECT count(*) AS n FROM tasks')!;
      const excess = Math.min(AT_ONCE, n - limits.maxTasks);
      if (excess > 0) gone += drop(db, 'SELECT id FROM tasks ORDER BY first_seen LIMIT ?', excess);
    }
    for (const { step, keep } of STEPS)
      gone += db.run(
        'DELETE FROM rollup WHERE (step, dim, key, bucket) IN (SELECT step, dim, key, bucket FROM rollup WHERE step = ? AND bucket < ? LIMIT ?)',
        step,
        now - keep,
        AT_ONCE,
      ).changes;
    db.run('DELETE FROM failures WHERE hour < ?', now - KEEP.failures);
    db.run('DELETE FROM gauges WHERE bucket < ?', now - KEEP.gauges);
    db.run('DELETE FROM operations WHERE at < ?', now - KEEP.operations);
    db.run('DELETE FROM effects WHERE operation NOT IN (SELECT id FROM operations)');
    db.run('DELETE FROM workers WHERE last_heard < ?', now - KEEP.workers);
    dropBeyond(db, 'workers', '1', 'last_heard', MAX_WORKERS);
    if (limits.maxAge !== null) db.run('DELETE FROM dict WHERE last < ?', now - limits.maxAge - NAME_SLACK);
    for (const field of ['name', 'worker', 'queue', 'state'])
      dropBeyond(db, 'dict', `field = '${field}'`, 'last', MAX_NAMES);
    return gone;
  });
}

function drop(db: EmbeddedDb, select: string, param: number): number {
  db.run(`DELETE FROM tries WHERE uuid IN (SELECT uuid FROM tasks WHERE id IN (${select}))`, param);
  return db.run(`DELETE FROM tasks WHERE id IN (${select})`, param).changes;
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
