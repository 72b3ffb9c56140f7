// What waits in the file and who holds it: insert, claim, settle, give back, count, look, sweep. SQL and nothing else.
// When any of it happens: broker.ts. The meaning of the tables: schema.ts.
// Holds: all writing methods are called within a transaction; a claim takes a prefix of the ready order, so that it costs the
// same whatever waits behind it; ids rise and are never used again.
import type { EmbeddedDb } from '../../embedded-db.ts';
import { decodeJson, encodeJsonFast } from '../../serialization/json.ts';
import type { QueueStatus } from '../contract.ts';
import type { OutgoingMessage, Properties } from '../message.ts';
import { effectivePriority, expiryOf } from '../virtual/declaration.ts';
import { findMessages } from './find.ts';
import type { StoredQueue } from './topology.ts';

/** One row as a claim or a look gives it. */
export interface StoredMessage {
  readonly id: number;
  readonly rank: number;
  readonly published_ms: number;
  readonly expires_ms: number;
  readonly redelivered: number;
  readonly envelope: string;
  readonly body: Uint8Array | null;
}

/** The messages one claim took together: one row in the file, which goes when all of them are settled. */
export interface Claim {
  readonly id: number;
  readonly ids: Set<number>;
}

const HIGHEST = 255;
const SELECT_READY = `SELECT m.id, m.rank, m.published_ms, m.expires_ms, m.redelivered, m.envelope, m.body
  FROM broker_ready r CROSS JOIN broker_messages m ON m.id = r.id WHERE r.queue_id = ?`;

export class Messages {
  readonly #db: EmbeddedDb;

  constructor(db: EmbeddedDb) {
    this.#db = db;
  }

  /** Room for `count` new ids; the first of them. */
  reserveIds(count: number): number {
    const row = this.#db.get("UPDATE broker_meta SET value = value + ? WHERE key = 'next_id' RETURNING value", count);
    return Number(row?.value) - count;
  }

  /** true: it has an expiry. */
  insert(id: number, queue: StoredQueue, m: OutgoingMessage, envelope: string, nowMs: number): boolean {
    const { maxPriority, messageTtlMs } = queue.declaration;
    const rank = HIGHEST - effectivePriority(m.properties.priority, maxPriority);
    const expiresMs = expiryOf(m, messageTtlMs, nowMs);
    const transient = m.properties.delivery_mode === 1 ? 1 : 0;
    this.#db.run(
      'INSERT INTO broker_messages VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?)',
      id,
      queue.id,
      rank,
      nowMs,
      expiresMs,
      transient,
      envelope,
      m.body,
    );
    this.#db.run('INSERT INTO broker_ready VALUES (?, ?, ?, ?)', queue.id, rank, id, expiresMs);
    return expiresMs !== 0;
  }

  anyReady(queueId: number): boolean {
    return this.#db.get('SELECT 1 FROM broker_ready WHERE queue_id = ? LIMIT 1', queueId) !== undefined;
  }

  /** Take up to `limit` messages, the next in order, for `session`; without a claim they are gone from the file. */
  take(
    queueId: number,
    limit: number,
    session: number | null,
    nowMs: number,
  ): { rows: StoredMessage[]; claim: Claim | null } {
    const rows: StoredMessage[] = [];
    while (rows.length < limit) {
      const asked = limit - rows.length;
      const found = this.#db.all<StoredMessage>(`${SELECT_READY} ORDER BY r.rank, r.id LIMIT ?`, queueId, asked);
      const last = found.at(-1);
      if (!last) break;
      this.#db.run('DELETE FROM broker_ready WHERE queue_id = ? AND (rank, id) <= (?, ?)', queueId, last.rank, last.id);
      const expired: number[] = [];
      for (const row of found) {
        if (row.expires_ms !== 0 && row.expires_ms <= nowMs) expired.push(row.id);
        else rows.push(row);
      }
      if (expired.length > 0) this.delete(expired);
      if (found.length < asked) break;
    }
    if (rows.length === 0) return { rows, claim: null };
    const ids = rows.map((row) => row.id);
    if (session === null) {
      this.delete(ids);
      return { rows, claim: null };
    }
    const { lastInsertRowid } = this.#db.run(
      'INSERT INTO broker_claims (session_id, queue_id, ids) VALUES (?, ?, ?)',
      session,
      queueId,
      JSON.stringify(ids),
    );
    return { rows, claim: { id: lastInsertRowid, ids: new Set(ids) } };
  }

  /** Settled for good. */
  delete(ids: readonly number[]): void {
    if (ids.length === 1) this.#db.run('DELETE FROM broker_messages WHERE id = ?', ids[0]);
    else {
      this.#db.run('DELETE FROM broker_messages WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(ids));
    }
  }

  dropClaims(claims: readonly Claim[]): void {
    for (const { id } of claims) this.#db.run('DELETE FROM broker_claims WHERE id = ?', id);
  }

  /** The claim names only these from now on. */
  narrowClaim(claim: Claim): void {
    this.#db.run('UPDATE broker_claims SET ids = ? WHERE id = ?', JSON.stringify([...claim.ids]), claim.id);
  }

  /**
   * Ready again where they stood, marked as redelivered; those of deleted queues go. Ids no longer there are passed over.
   * @param lost their holder died: counted. The column holds 0, or 1 and how often that happened.
   */
  requeue(ids: readonly number[], lost = false): void {
    const list = JSON.stringify(ids);
    this.#db.run(
      `INSERT OR IGNORE INTO broker_ready SELECT queue_id, rank, id, expires_ms FROM broker_messages
       WHERE id IN (SELECT value FROM json_each(?)) AND queue_id IN (SELECT id FROM broker_queues)`,
      list,
    );
    this.#db.run(
      lost
        ? 'UPDATE broker_messages SET redelivered = max(redelivered, 1) + 1 WHERE id IN (SELECT value FROM json_each(?))'
        : 'UPDATE broker_messages SET redelivered = 1 WHERE id IN (SELECT value FROM json_each(?)) AND redelivered = 0',
      list,
    );
    this.#db.run(
      `DELETE FROM broker_messages WHERE id IN (SELECT value FROM json_each(?))
       AND queue_id NOT IN (SELECT id FROM broker_queues)`,
      list,
    );
  }

  /** Give back everything a session claimed. Returns the queues that have it. */
  requeueSession(session: number): number[] {
    const claims = this.#db.all<{ queue_id: number; ids: string }>(
      'SELECT queue_id, ids FROM broker_claims WHERE session_id = ?',
      session,
    );
    for (const { ids } of claims) this.requeue(JSON.parse(ids) as number[], true);
    if (claims.length > 0) this.#db.run('DELETE FROM broker_claims WHERE session_id = ?', session);
    return [...new Set(claims.map((claim) => Number(claim.queue_id)))];
  }

  /** Takes ready messages of one queue to the end of another, with their time and their marks. */
  move(rows: readonly StoredMessage[], from: StoredQueue, to: StoredQueue): void {
    if (rows.length === 0) return;
    let id = this.reserveIds(rows.length);
    for (const row of rows) {
      const m = { ...readEnvelope(row), exchange: '', routingKey: to.declaration.name };
      const rank = HIGHEST - effectivePriority(m.properties.priority, to.declaration.maxPriority);
      this.#db.run('DELETE FROM broker_ready WHERE queue_id = ? AND rank = ? AND id = ?', from.id, row.rank, row.id);
      this.#db.run(
        'UPDATE broker_messages SET id = ?, queue_id = ?, rank = ?, envelope = ? WHERE id = ?',
        id,
        to.id,
        rank,
        writeEnvelope(m),
        row.id,
      );
      this.#db.run('INSERT INTO broker_ready VALUES (?, ?, ?, ?)', to.id, rank, id, row.expires_ms);
      id++;
    }
  }

  /** Remove up to `limit` ready messages; how many. */
  purge(queueId: number, limit: number): number {
    const rows = this.#db.all<{ rank: number; id: number }>(
      'SELECT rank, id FROM broker_ready WHERE queue_id = ? ORDER BY rank, id LIMIT ?',
      queueId,
      limit,
    );
    const last = rows.at(-1);
    if (!last) return 0;
    this.#db.run('DELETE FROM broker_ready WHERE queue_id = ? AND (rank, id) <= (?, ?)', queueId, last.rank, last.id);
    this.delete(rows.map((row) => row.id));
    return rows.length;
  }

  /** Messages of delivery mode 1; for when nobody is connected any more. */
  deleteTransient(): void {
    this.#db.run(
      `DELETE FROM broker_ready WHERE (queue_id, rank, id) IN
       (SELECT queue_id, rank, id FROM broker_messages WHERE transient = 1)`,
    );
    this.#db.run('DELETE FROM broker_messages WHERE transient = 1');
  }

  /** Drop what is past its time. */
  sweep(queueId: number, nowMs: number): void {
    const rows = this.#db.all<{ id: number }>(
      'DELETE FROM broker_ready WHERE queue_id = ? AND expires_ms <> 0 AND expires_ms <= ? RETURNING id',
      queueId,
      nowMs,
    );
    if (rows.length > 0) this.delete(rows.map((row) => row.id));
  }

  count(queueId: number, nowMs: number): number {
    const row = this.#db.get(
      'SELECT COUNT(*) AS n FROM broker_ready WHERE queue_id = ? AND (expires_ms = 0 OR expires_ms > ?)',
      queueId,
      nowMs,
    );
    return Number(row?.n);
  }

  status(queue: StoredQueue, nowMs: number): QueueStatus {
    const groups = this.#db.all<{ rank: number; n: number; first: number }>(
      `SELECT rank, COUNT(*) AS n, MIN(id) AS first FROM broker_ready
       WHERE queue_id = ? AND (expires_ms = 0 OR expires_ms > ?) GROUP BY rank`,
      queue.id,
      nowMs,
    );
    const byPriority: Record<string, number> = {};
    let messages = 0;
    for (const { rank, n } of groups) {
      byPriority[HIGHEST - rank] = n;
      messages += n;
    }
    const oldest = this.#db.get(
      'SELECT MIN(published_ms) AS ms FROM broker_messages WHERE id IN (SELECT value FROM json_each(?))',
      JSON.stringify(groups.map((group) => group.first)),
    );
    const unacked = this.#db.get(
      `SELECT COUNT(*) AS n FROM broker_claims c, json_each(c.ids) e JOIN broker_messages m ON m.id = e.value
       WHERE c.queue_id = ?`,
      queue.id,
    );
    return {
      name: queue.declaration.name,
      messages,
      byPriority,
      unacked: Number(unacked?.n),
      consumers: queue.consumers,
      oldestMs: typeof oldest?.ms === 'number' ? oldest.ms : null,
    };
  }

  find(id: string, queueIds: readonly number[], limit: number, nowMs: number): ReturnType<typeof findMessages> {
    return findMessages(this.#db, id, queueIds, limit, nowMs);
  }

  peek(queueId: number, limit: number, nowMs: number): StoredMessage[] {
    return this.#db.all<StoredMessage>(
      `${SELECT_READY} AND (r.expires_ms = 0 OR r.expires_ms > ?) ORDER BY r.rank, r.id LIMIT ?`,
      queueId,
      nowMs,
      limit,
    );
  }
}

/** Everything of a message but its body, as one text. What JSON does not have is written as on Redis: integers of any size, instants. */
export function writeEnvelope(m: OutgoingMessage): string {
  return encodeJsonFast([m.exchange, m.routingKey, m.contentType, m.contentEncoding, m.headers, m.properties]);
}

export function readEnvelope(row: StoredMessage): OutgoingMessage {
  const [exchange, routingKey, contentType, contentEncoding, headers, properties] = decodeJson(row.envelope) as [
    string,
    string,
    string,
    string,
    Record<string, unknown>,
    Properties,
  ];
  const body = row.body ?? new Uint8Array(0);
  return { exchange, routingKey, contentType, contentEncoding, headers, properties, body };
}
