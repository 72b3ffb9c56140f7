// Who is connected to the file: one row per process that has it open, and what becomes of the rows of the dead.
// Telling whether a process lives: liveness.ts. When to look: broker.ts.
// Holds: what a dead session had claimed is ready again, its consumers, exclusive and abandoned auto-delete queues are gone, all in
// one transaction; a session of a living process of this machine is never taken for dead, however long it is silent.
import type { EmbeddedDb } from '../../embedded-db.ts';
import { isAlive, isThis, thisProcess } from './liveness.ts';
import type { Messages } from './messages.ts';
import type { StoredQueue, Topology } from './topology.ts';

/** Silence after which a session whose process cannot be asked counts as dead. @unit milliseconds */
const SILENCE_MS = 60_000;

interface SessionRow {
  readonly id: number;
  readonly machine: string;
  readonly pid: number;
  readonly started: string;
  readonly thread: number;
  readonly seen_ms: number;
}

export class Sessions {
  readonly #db: EmbeddedDb;
  readonly #messages: Messages;
  readonly #topology: Topology;
  /** What each session last wrote of itself, and when we first saw that. */
  readonly #heartbeats = new Map<number, { readonly seenMs: number; readonly atMs: number }>();

  constructor(db: EmbeddedDb, messages: Messages, topology: Topology) {
    this.#db = db;
    this.#messages = messages;
    this.#topology = topology;
  }

  /**
   * Within a transaction. The first one in finds the broker as after a restart: what is not durable is gone.
   * @param unended of this process, over without having been ended: as long as it lives nobody else would take them for dead
   */
  open(nowMs: number, unended: ReadonlySet<number> = new Set()): number {
    for (const dead of this.dead(nowMs, unended)) this.end(dead);
    if (this.#db.get('SELECT 1 FROM broker_sessions LIMIT 1') === undefined) {
      for (const queue of this.#topology.transientQueues()) this.deleteQueue(queue);
      this.#topology.deleteTransientExchanges();
      this.#messages.deleteTransient();
    }
    const { machine, pid, started, thread } = thisProcess();
    return this.#db.run(
      'INSERT INTO broker_sessions (machine, pid, started, thread, seen_ms) VALUES (?, ?, ?, ?, ?)',
      machine,
      pid,
      started,
      thread,
      nowMs,
    ).lastInsertRowid;
  }

  /** false: somebody took this session for dead. */
  seen(session: number, nowMs: number): boolean {
    return this.#db.run('UPDATE broker_sessions SET seen_ms = ? WHERE id = ?', nowMs, session).changes > 0;
  }

  /** Sessions whose process is gone, as somebody who has just come can tell. A look only. */
  dead(nowMs: number, unended: ReadonlySet<number> = new Set()): number[] {
    return this.#rows()
      .filter((row) => (unended.has(row.id) && isThis(row)) || !(isAlive(row) ?? row.seen_ms + SILENCE_MS > nowMs))
      .map((row) => row.id);
  }

  /**
   * The same for who watches: a process that cannot be asked counts as dead when what it writes has not changed for so long while we
   * watched, by a clock that nobody sets. Its own clock, and ours, may be wrong or be put right.
   */
  fallenSilent(monotonicMs: number, except: number): number[] {
    const rows = this.#rows();
    const ids = new Set(rows.map((row) => row.id));
    for (const id of this.#heartbeats.keys()) if (!ids.has(id)) this.#heartbeats.delete(id);
    return rows
      .filter((row) => {
        const heard = this.#heartbeats.get(row.id);
        if (heard?.seenMs !== row.seen_ms) this.#heartbeats.set(row.id, { seenMs: row.seen_ms, atMs: monotonicMs });
        if (row.id === except) return false;
        return !(isAlive(row) ?? (heard?.seenMs !== row.seen_ms || heard.atMs + SILENCE_MS > monotonicMs));
      })
      .map((row) => row.id);
  }

  #rows(): SessionRow[] {
    return this.#db.all<SessionRow>('SELECT * FROM broker_sessions');
  }

  all(): Set<number> {
    return new Set(this.#db.all<{ id: number }>('SELECT id FROM broker_sessions').map((row) => row.id));
  }

  /** Within a transaction. Returns the queues that have something again. */
  end(session: number): number[] {
    const queues = this.#messages.requeueSession(session);
    for (const queue of this.#topology.removeSession(session)) this.deleteQueue(queue);
    this.#db.run('DELETE FROM broker_sessions WHERE id = ?', session);
    return queues;
  }

  /** Within a transaction: the queue and its ready messages. */
  deleteQueue(queue: StoredQueue): number {
    let count = 0;
    for (let n = 1; n > 0; count += n) n = this.#messages.purge(queue.id, 5000);
    this.#topology.deleteQueue(queue);
    return count;
  }
}
