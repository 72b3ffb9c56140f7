// Exchanges, queues, bindings and consumers of the file: an image in memory, read again when another process changed them.
// Messages: messages.ts. Rules of declaration: virtual/declaration.ts.
// Holds: every change bumps `topology` in its own transaction, and `refresh` is called first thing in every transaction that
// routes, so a message is never routed by an image older than the file; the image is of one state of the file, also when it is read
// without a lock. All writing methods are called within a transaction.
import type { EmbeddedDb, SqlRow } from '../../embedded-db.ts';
import { ImproperlyConfigured } from '../../errors.ts';
import type { Binding, Exchange, ExchangeType, Queue } from '../entity.ts';
import { checkExchangeType, lockedQueue, sameQueue } from '../virtual/declaration.ts';
import { RoutingTable } from '../virtual/exchange.ts';

export const EXCHANGE_TYPES: readonly ExchangeType[] = ['direct', 'topic', 'fanout'];

export interface StoredQueue {
  readonly id: number;
  readonly declaration: Queue;
  /** The session an exclusive queue belongs to. */
  readonly owner: number | null;
  /** Messages with an expiry were published to it. */
  mayExpire: boolean;
  /** Sessions that consume it. */
  readonly sessions: Set<number>;
  consumers: number;
}

export class Topology {
  readonly #db: EmbeddedDb;
  readonly #session: () => number;
  readonly #onChanged: () => void;
  readonly routing = new RoutingTable();
  readonly queues = new Map<string, StoredQueue>();
  readonly byId = new Map<number, StoredQueue>();
  /** Sessions that consume anything. */
  readonly consuming = new Set<number>();
  #version = -1;

  /** @param onChanged called when the image was read again, within the transaction where there is one */
  constructor(db: EmbeddedDb, session: () => number, onChanged: () => void) {
    this.#db = db;
    this.#session = session;
    this.#onChanged = onChanged;
  }

  /** true: something had changed. */
  refresh(): boolean {
    if (this.#stored() === this.#version) return false;
    // A reader holds no lock: what another process commits between two of these statements would tear the image.
    this.#db.snapshot(() => {
      const version = this.#stored();
      this.#load();
      this.#version = version;
    });
    this.#onChanged();
    return true;
  }

  #stored(): number {
    return Number(this.#db.get("SELECT value FROM broker_meta WHERE key = 'topology'")?.value);
  }

  /** After a rollback: the image may be ahead of the file. */
  invalidate(): void {
    this.#version = -1;
  }

  /** The queue, when there is one this connection may use. */
  find(name: string): StoredQueue | null {
    const queue = this.queues.get(name) ?? null;
    if (queue) this.checkOwner(queue);
    return queue;
  }

  checkOwner(queue: StoredQueue): void {
    if (queue.owner !== null && queue.owner !== this.#session()) throw lockedQueue(queue.declaration.name);
  }

  declareExchange(e: Exchange): void {
    checkExchangeType(e, EXCHANGE_TYPES, 'sqlite');
    if (e.noDeclare || !this.routing.declare(e)) return;
    this.#db.run(
      'INSERT INTO broker_exchanges VALUES (?, ?, ?, ?)',
      e.name,
      e.type,
      Number(e.durable),
      Number(e.autoDelete),
    );
    this.#changed();
  }

  deleteExchange(name: string): void {
    if (!this.routing.has(name)) return;
    this.#db.run('DELETE FROM broker_exchanges WHERE name = ?', name);
    this.#db.run('DELETE FROM broker_bindings WHERE exchange = ?', name);
    this.#changed();
  }

  declareQueue(q: Queue, nowMs: number): StoredQueue {
    const known = this.find(q.name);
    if (known) {
      sameQueue(known.declaration, q);
      if (q.expiresMs !== undefined) this.used(known, nowMs);
    }
    const bindings: Binding[] = [...(q.bindings ?? [])];
    if (q.exchange && q.exchange.name !== '') bindings.unshift({ exchange: q.exchange, routingKey: q.routingKey });
    for (const binding of bindings) this.declareExchange(binding.exchange);
    if (!known) this.#insert(q, nowMs);
    const queue = known ?? this.queues.get(q.name)!;
    for (const binding of bindings) this.bind(queue, binding.exchange.name, binding.routingKey);
    return this.queues.get(q.name)!;
  }

  bind(queue: StoredQueue, exchange: string, key: string): void {
    if (!this.routing.bind(queue.declaration.name, exchange, key)) return;
    this.#db.run('INSERT OR IGNORE INTO broker_bindings VALUES (?, ?, ?)', exchange, key, queue.id);
    this.#changed();
  }

  unbind(queue: string, exchange: string, key: string): void {
    const known = this.queues.get(queue);
    if (!known) return;
    const gone = this.routing.unbind(queue, exchange, key);
    this.#db.run(
      'DELETE FROM broker_bindings WHERE exchange = ? AND routing_key = ? AND queue_id = ?',
      exchange,
      key,
      known.id,
    );
    if (gone !== null) this.#db.run('DELETE FROM broker_exchanges WHERE name = ?', gone);
    this.#changed();
  }

  /** The rows of the queue itself; its messages are the caller's. */
  deleteQueue(queue: StoredQueue): void {
    for (const exchange of this.routing.unbindQueue(queue.declaration.name)) {
      this.#db.run('DELETE FROM broker_exchanges WHERE name = ?', exchange);
    }
    this.#db.run('DELETE FROM broker_bindings WHERE queue_id = ?', queue.id);
    this.#db.run('DELETE FROM broker_consumers WHERE queue_id = ?', queue.id);
    this.#db.run('DELETE FROM broker_queues WHERE id = ?', queue.id);
    this.#changed();
  }

  used(queue: StoredQueue, nowMs: number): void {
    this.#db.run('UPDATE broker_queues SET used_ms = ? WHERE id = ?', nowMs, queue.id);
  }

  /** Remember that the queue's messages have to be swept. */
  setMayExpire(queue: StoredQueue): void {
    queue.mayExpire = true;
    this.#db.run('UPDATE broker_queues SET may_expire = 1 WHERE id = ?', queue.id);
  }

  /** How many consumers this session has on the queue. Returns true when it was an auto-delete one that nobody consumes now. */
  setConsumers(queueId: number, count: number, nowMs: number): boolean {
    const session = this.#session();
    if (count > 0) {
      this.#db.run('INSERT OR REPLACE INTO broker_consumers VALUES (?, ?, ?)', session, queueId, count);
    } else {
      this.#db.run('DELETE FROM broker_consumers WHERE session_id = ? AND queue_id = ?', session, queueId);
    }
    this.#changed();
    const queue = this.byId.get(queueId);
    if (count > 0 || !queue) return false;
    this.used(queue, nowMs);
    return queue.consumers === 0 && queue.declaration.autoDelete;
  }

  /** What a session that ended leaves: its consumers go. Returns the queues that go with it, exclusive and auto-delete ones. */
  removeSession(session: number): StoredQueue[] {
    const left = [...this.queues.values()].filter((q) => q.sessions.has(session));
    this.#db.run('DELETE FROM broker_consumers WHERE session_id = ?', session);
    this.#changed();
    const gone = [...this.queues.values()].filter((q) => q.owner === session);
    for (const { id } of left) {
      const queue = this.byId.get(id);
      if (queue?.declaration.autoDelete && queue.consumers === 0 && queue.owner !== session) gone.push(queue);
    }
    return gone;
  }

  /** Queues and exchanges that do not outlive the broker; for when nobody is connected any more. */
  transientQueues(): StoredQueue[] {
    return [...this.queues.values()].filter((q) => !q.declaration.durable);
  }

  deleteTransientExchanges(): void {
    this.#db.run('DELETE FROM broker_bindings WHERE exchange IN (SELECT name FROM broker_exchanges WHERE durable = 0)');
    this.#db.run('DELETE FROM broker_exchanges WHERE durable = 0');
    this.#changed();
  }

  /** Nobody consumed them, declared them again or took from them for their `expiresMs`. */
  expiredQueues(nowMs: number): StoredQueue[] {
    const rows = this.#db.all<{ id: number }>(
      `SELECT id FROM broker_queues q WHERE expires_ms IS NOT NULL AND used_ms + expires_ms <= ?
       AND NOT EXISTS (SELECT 1 FROM broker_consumers c WHERE c.queue_id = q.id)`,
      nowMs,
    );
    return rows.flatMap(({ id }) => this.byId.get(Number(id)) ?? []);
  }

  #insert(q: Queue, nowMs: number): void {
    if (q.name === '') throw new ImproperlyConfigured('A queue needs a name.');
    this.#db.run(
      `INSERT INTO broker_queues (name, durable, exclusive, auto_delete, expires_ms, message_ttl_ms, max_priority, owner, used_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      q.name,
      Number(q.durable),
      Number(q.exclusive),
      Number(q.autoDelete),
      q.expiresMs,
      q.messageTtlMs,
      q.maxPriority,
      q.exclusive ? this.#session() : null,
      nowMs,
    );
    this.#changed();
  }

  #changed(): void {
    this.#db.run("UPDATE broker_meta SET value = value + 1 WHERE key = 'topology'");
    this.refresh();
  }

  #load(): void {
    this.routing.clear();
    for (const row of this.#db.all('SELECT * FROM broker_exchanges')) {
      this.routing.declare({
        name: String(row.name),
        type: row.type as ExchangeType,
        durable: row.durable === 1,
        autoDelete: row.auto_delete === 1,
      });
    }
    this.queues.clear();
    this.byId.clear();
    this.consuming.clear();
    for (const row of this.#db.all('SELECT * FROM broker_queues')) {
      const queue = storedQueue(row);
      this.queues.set(queue.declaration.name, queue);
      this.byId.set(queue.id, queue);
    }
    for (const row of this.#db.all('SELECT exchange, routing_key, queue_id FROM broker_bindings')) {
      const queue = this.byId.get(Number(row.queue_id));
      if (queue) this.routing.bind(queue.declaration.name, String(row.exchange), String(row.routing_key));
    }
    for (const row of this.#db.all('SELECT session_id, queue_id, count FROM broker_consumers')) {
      const queue = this.byId.get(Number(row.queue_id));
      this.consuming.add(Number(row.session_id));
      if (!queue) continue;
      queue.sessions.add(Number(row.session_id));
      queue.consumers += Number(row.count);
    }
  }
}

function storedQueue(row: SqlRow): StoredQueue {
  const number = (value: unknown) => (value === null || value === undefined ? undefined : Number(value));
  return {
    id: Number(row.id),
    declaration: {
      name: String(row.name),
      exchange: null,
      routingKey: String(row.name),
      durable: row.durable === 1,
      exclusive: row.exclusive === 1,
      autoDelete: row.auto_delete === 1,
      expiresMs: number(row.expires_ms),
      messageTtlMs: number(row.message_ttl_ms),
      maxPriority: number(row.max_priority),
    },
    owner: number(row.owner) ?? null,
    mayExpire: row.may_expire === 1,
    sessions: new Set(),
    consumers: 0,
  };
}
