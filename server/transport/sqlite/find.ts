// Find the message of one task in the file, ready in a queue or taken and not yet acknowledged, without taking it.
// Holds: of each queue at most `limit` ready messages are looked at, the next first; only those that name the task are read whole.
import type { EmbeddedDb } from '../../embedded-db.ts';
import type { StoredMessage } from './messages.ts';

export interface Found {
  readonly row: StoredMessage;
  readonly queueId: number;
  readonly unacked: boolean;
  /** 1 is next; null: it is unacked. */
  readonly position: number | null;
}

const NAMES_IT = '(instr(m.envelope, ?) > 0 OR instr(m.body, CAST(? AS BLOB)) > 0)';
const COLUMNS = 'm.id, m.rank, m.published_ms, m.expires_ms, m.redelivered, m.envelope, m.body, m.queue_id';

export function findMessages(
  db: EmbeddedDb,
  id: string,
  queueIds: readonly number[],
  limit: number,
  nowMs: number,
): { found: Found[]; complete: boolean } {
  const word = JSON.stringify(id);
  const found: Found[] = [];
  let complete = true;
  for (const queueId of queueIds) {
    const rows = db.all<StoredMessage & { position: number }>(
      `SELECT ${COLUMNS}, n.position FROM (
         SELECT r.id, row_number() OVER (ORDER BY r.rank, r.id) AS position FROM broker_ready r
         WHERE r.queue_id = ? AND (r.expires_ms = 0 OR r.expires_ms > ?) ORDER BY r.rank, r.id LIMIT ?
       ) n CROSS JOIN broker_messages m ON m.id = n.id WHERE ${NAMES_IT}`,
      queueId,
      nowMs,
      limit,
      word,
      word,
    );
    for (const { position, ...row } of rows) found.push({ row, queueId, unacked: false, position: Number(position) });
    const more = db.get('SELECT 1 FROM broker_ready WHERE queue_id = ? LIMIT 1 OFFSET ?', queueId, limit);
    if (more) complete = false;
  }
  const taken = db.all<StoredMessage & { queue_id: number }>(
    `SELECT ${COLUMNS} FROM broker_claims c, json_each(c.ids) e JOIN broker_messages m ON m.id = e.value WHERE ${NAMES_IT}`,
    word,
    word,
  );
  for (const row of taken) found.push({ row, queueId: Number(row.queue_id), unacked: true, position: null });
  return { found, complete };
}
