// Tables and statements of the SQLite result store. Who uses them, and in which transactions: sqlite.ts.
// Holds: a stored result always gets a new, higher id (REPLACE in an AUTOINCREMENT table), which makes the id the clock of changes.
import type { EmbeddedDb } from '../embedded-db.ts';

/** Bodies are opaque: encoded by `result_serializer`. Instants in milliseconds since the epoch; null = never. */
export function createTables(db: EmbeddedDb): void {
  // In one write transaction: several processes may open a new file at once.
  db.transaction(() =>
    db.exec(`
    CREATE TABLE IF NOT EXISTS umbel_results (
      id INTEGER PRIMARY KEY AUTOINCREMENT, task_id TEXT NOT NULL UNIQUE, status TEXT NOT NULL, expires_at INTEGER,
      content_type TEXT NOT NULL, content_encoding TEXT NOT NULL, body BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS umbel_groups (
      group_id TEXT PRIMARY KEY, expires_at INTEGER,
      content_type TEXT NOT NULL, content_encoding TEXT NOT NULL, body BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS umbel_chords (
      group_id TEXT PRIMARY KEY, size INTEGER NOT NULL, count INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0, expires_at INTEGER);
    CREATE TABLE IF NOT EXISTS umbel_chord_parts (
      id INTEGER PRIMARY KEY, group_id TEXT NOT NULL, task_id TEXT NOT NULL, idx INTEGER, state TEXT NOT NULL,
      expires_at INTEGER, content_type TEXT NOT NULL, content_encoding TEXT NOT NULL, body BLOB NOT NULL,
      UNIQUE (group_id, task_id));
    CREATE TABLE IF NOT EXISTS umbel_chord_plans (
      group_id TEXT PRIMARY KEY, started_at INTEGER NOT NULL, check_at INTEGER NOT NULL, expires_at INTEGER,
      content_type TEXT NOT NULL, content_encoding TEXT NOT NULL, body BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS umbel_chord_plans_due ON umbel_chord_plans (check_at);
    CREATE TABLE IF NOT EXISTS umbel_chord_claims (group_id TEXT PRIMARY KEY, task_id TEXT NOT NULL, until INTEGER NOT NULL);
  `),
  );
}

const ENCODED = 'content_type, content_encoding, body, expires_at';

export const SQL = {
  store: `INSERT OR REPLACE INTO umbel_results (task_id, status, expires_at, content_type, content_encoding, body)
    SELECT ?, ?, ?, ?, ?, ?
    WHERE NOT EXISTS (SELECT 1 FROM umbel_results WHERE task_id = ? AND status = 'SUCCESS')`,
  get: `SELECT ${ENCODED} FROM umbel_results WHERE task_id = ?`,
  getMany: `SELECT task_id, ${ENCODED} FROM umbel_results WHERE task_id IN (SELECT value FROM json_each(?))`,
  newer: 'SELECT id, task_id FROM umbel_results WHERE id > ? ORDER BY id',
  lastId: 'SELECT max(id) AS id FROM umbel_results',
  firstId: 'SELECT min(id) AS id FROM umbel_results',
  forget: 'DELETE FROM umbel_results WHERE task_id = ?',
  expireSlice: 'DELETE FROM umbel_results WHERE id > ? AND id <= ? AND expires_at <= ?',

  saveGroup: `INSERT OR REPLACE INTO umbel_groups (group_id, expires_at, content_type, content_encoding, body) VALUES (?, ?, ?, ?, ?)`,
  getGroup: `SELECT ${ENCODED} FROM umbel_groups WHERE group_id = ?`,
  forgetGroup: 'DELETE FROM umbel_groups WHERE group_id = ?',
  expireGroups: 'DELETE FROM umbel_groups WHERE expires_at <= ?',

  startChord: `INSERT OR REPLACE INTO umbel_chords (group_id, size, count, expires_at)
    SELECT ?, ?, count(*), ? FROM umbel_chord_parts WHERE group_id = ?`,
  getChord: 'SELECT size, count, done FROM umbel_chords WHERE group_id = ?',
  hasPart: 'SELECT 1 FROM umbel_chord_parts WHERE group_id = ? AND task_id = ?',
  countPart: 'UPDATE umbel_chords SET count = count + 1 WHERE group_id = ?',
  getClaim: 'SELECT task_id FROM umbel_chord_claims WHERE group_id = ? AND until > ?',
  claim: 'INSERT OR REPLACE INTO umbel_chord_claims (group_id, task_id, until) VALUES (?, ?, ?)',
  forgetClaim: 'DELETE FROM umbel_chord_claims WHERE group_id = ?',
  finishChord: 'UPDATE umbel_chords SET done = 1 WHERE group_id = ?',
  forgetChord: 'DELETE FROM umbel_chords WHERE group_id = ?',
  expireChords: 'DELETE FROM umbel_chords WHERE expires_at <= ?',
  addPart: `INSERT INTO umbel_chord_parts (group_id, task_id, idx, state, expires_at, content_type, content_encoding, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (group_id, task_id) DO UPDATE SET state = excluded.state, content_type = excluded.content_type,
      content_encoding = excluded.content_encoding, body = excluded.body
      WHERE umbel_chord_parts.state <> 'SUCCESS'`,
  parts: `SELECT task_id, idx, state, ${ENCODED} FROM umbel_chord_parts WHERE group_id = ? ORDER BY id`,
  partIds: 'SELECT task_id FROM umbel_chord_parts WHERE group_id = ?',
  growChord: 'UPDATE umbel_chords SET size = size + ? WHERE group_id = ? AND done = 0',
  addPlan: `INSERT OR REPLACE INTO umbel_chord_plans
    (group_id, started_at, check_at, expires_at, content_type, content_encoding, body) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  hasDuePlan: 'SELECT 1 FROM umbel_chord_plans WHERE check_at <= ? LIMIT 1',
  hasPlan: 'SELECT 1 FROM umbel_chord_plans LIMIT 1',
  duePlans: `SELECT group_id, started_at, ${ENCODED} FROM umbel_chord_plans WHERE check_at <= ? ORDER BY check_at LIMIT ?`,
  postponePlan: 'UPDATE umbel_chord_plans SET check_at = ? WHERE group_id = ?',
  forgetPlan: 'DELETE FROM umbel_chord_plans WHERE group_id = ?',
  expirePlans: 'DELETE FROM umbel_chord_plans WHERE expires_at <= ?',
  forgetParts: 'DELETE FROM umbel_chord_parts WHERE group_id = ?',
  expireClaims: 'DELETE FROM umbel_chord_claims WHERE until <= ?',
  expireParts: 'DELETE FROM umbel_chord_parts WHERE expires_at <= ?',
} as const;
