// What leaves the history: tasks by age and by number, buckets of the roll-ups by their step, old gauges, operations after a year.
// Holds: one call deletes a bounded number of rows, so that writing never waits long for it; call again while it returns more than 0.
import type { EmbeddedDb } from '../../embedded-db.ts';
import { STEPS } from './rollup.ts';

export interface Limits {
  /** null: for ever. @unit seconds */
  readonly maxAge: number | null;
  /** null: any number. */
  readonly maxTasks: number | null;
}

const AT_ONCE = 2000;
const DAY = 86_400;

/** @param now seconds since the epoch. @returns tasks deleted */
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
      db.run(
        'DELETE FROM rollup WHERE (step, dim, key, bucket) IN (SELECT step, dim, key, bucket FROM rollup WHERE step = ? AND bucket < ? LIMIT ?)',
        step,
        now - keep,
        AT_ONCE,
      );
    db.run('DELETE FROM failures WHERE hour < ?', now - 35 * DAY);
    db.run('DELETE FROM gauges WHERE bucket < ?', now - 31 * DAY);
    db.run('DELETE FROM operations WHERE at < ?', now - 365 * DAY);
    return gone;
  });
}

function drop(db: EmbeddedDb, select: string, param: number): number {
  db.run(`DELETE FROM tries WHERE uuid IN (SELECT uuid FROM tasks WHERE id IN (${select}))`, param);
  return db.run(`DELETE FROM tasks WHERE id IN (${select})`, param).changes;
}
