// One broker file as this process sees it: opened once however many connections there are, so that all of them share its
// transactions and wake one another at once. Watches over the file: dead sessions, expiry, wake-ups from other processes.
// What one connection does with it: channel.ts, transport.ts. Its transactions: group-commit.ts.
//
// Modes: open -> closed (the last connection left; what was unsettled is given back) or open -> lost (the file cannot be used;
// every connection is told once). Neither is left again: the next connection opens the file anew.
// Holds: the session row exists as long as the mode is open; after it, nothing touches the file.
import { statSync } from 'node:fs';

import type { EmbeddedDb } from '../../embedded-db.ts';
import { OperationalError, toError, UmbelError } from '../../errors.ts';
import { endLostJournals, JournalLost, letGo } from '../../journal.ts';
import { createTimer, type Timer, type TimerHandle } from '../../timer.ts';
import type { BrokerAbout } from '../contract.ts';
import { Dispatch, type SqliteConsumer } from './dispatch.ts';
import { GroupCommit } from './group-commit.ts';
import { Messages } from './messages.ts';
import { SqliteNotes } from './notes.ts';
import { asOperational, type BrokerFileOptions, isBusy, openBrokerFile } from './schema.ts';
import { Sessions } from './sessions.ts';
import { type StoredQueue, Topology } from './topology.ts';
import { WakeUp } from './wake-up.ts';

/** Looking for dead sessions and for what has expired. @unit milliseconds */
const WATCH_MS = 1000;
const HEARTBEAT_MS = 5000;
/** Looking for messages: beside a watched wake-up file, and without one. @unit milliseconds */
const POLL_MS = 250;
const POLL_ALONE_MS = 8;

const open = new Map<string, Promise<SqliteBroker>>();

/** The broker on that file in this process; call `leave` as often as this. */
export async function enterBroker(path: string, url: string, options: BrokerFileOptions): Promise<SqliteBroker> {
  for (;;) {
    let opening = open.get(path);
    if (!opening) {
      opening = openWhenFree(path, url, options);
      open.set(path, opening);
      opening.catch(() => open.delete(path));
    }
    const broker = await opening;
    if (broker.enter()) return broker;
    if (open.get(path) === opening) open.delete(path);
  }
}

/** Two processes that make the same file at the same time: the second comes back a little later. */
async function openWhenFree(path: string, url: string, options: BrokerFileOptions): Promise<SqliteBroker> {
  const timer = createTimer();
  const deadline = timer.monotonic() + Math.max(options.busyTimeoutMs, 1000);
  if (endLostJournals(path)) await letGo();
  for (;;) {
    try {
      return new SqliteBroker(path, url, options);
    } catch (error) {
      if (!isBusy(error) || timer.monotonic() > deadline) throw error;
    }
    await new Promise<void>((resolve) => timer.after(20, resolve));
  }
}

/** Sessions of this process that ended without being able to say so, by the path of their file. */
const unended = new Map<string, Set<number>>();

export class SqliteBroker {
  readonly path: string;
  readonly session: number;
  readonly topology: Topology;
  readonly messages: Messages;
  readonly notes: SqliteNotes;
  readonly dispatch: Dispatch;
  readonly commits: GroupCommit;
  readonly timer: Timer = createTimer({ unref: true });
  /** Keeps the process alive while it consumes, as the socket to a broker would. */
  readonly #pollTimer: Timer = createTimer();
  readonly #url: string;
  readonly #pollingMs: number | null;
  readonly #db: EmbeddedDb;
  readonly #sessions: Sessions;
  readonly #wakeUp: WakeUp;
  readonly #inode: number;
  readonly #lost = new Set<(error: Error) => void>();
  #users = 0;
  #mode: 'open' | 'closed' | 'lost' = 'open';
  #poll: TimerHandle | null = null;
  #version = -1;
  #orphansDue = false;
  /** Both by the monotonic clock. */
  #seenMs = 0;
  #sweepMs = 0;

  constructor(path: string, url: string, options: BrokerFileOptions) {
    this.path = path;
    this.#url = url;
    this.#pollingMs = options.pollingMs;
    this.#db = openBrokerFile(path, url, options);
    this.messages = new Messages(this.#db);
    this.notes = new SqliteNotes(this.#db);
    this.topology = new Topology(
      this.#db,
      () => this.session,
      () => this.#sweepOrphans(),
    );
    this.#sessions = new Sessions(this.#db, this.messages, this.topology);
    this.dispatch = new Dispatch(this.messages);
    try {
      this.session = this.#db.transaction(() => {
        this.topology.refresh();
        return this.#sessions.open(this.timer.now(), unended.get(path));
      });
      unended.delete(path);
      this.#inode = statSync(path).ino;
    } catch (error) {
      // What was put off until after the transaction finds nobody.
      this.#mode = 'lost';
      this.#db.close();
      throw asOperational(error, path, url);
    }
    this.#seenMs = this.timer.monotonic();
    this.#wakeUp = new WakeUp(path);
    this.commits = new GroupCommit({
      db: this.#db,
      topology: this.topology,
      messages: this.messages,
      dispatch: this.dispatch,
      session: this.session,
      now: () => this.timer.now(),
      wake: (sessions) => this.#wake(sessions),
      failed: (error) => this.#fail(error),
    });
    this.timer.every(WATCH_MS, () => this.#guarded(() => this.#watch()));
  }

  /** The file, as SQLite has it open. */
  about(): BrokerAbout {
    const pragma = (name: string) => Object.values(this.#db.get(`PRAGMA ${name}`) ?? {})[0] ?? null;
    const page = Number(pragma('page_size'));
    const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    const { version } = this.#db.get<{ version: string }>('SELECT sqlite_version() AS version')!;
    return {
      ...{ product: 'SQLite', version, uptime: null, memory: { used: null, most: null } },
      fileBytes: sizeOf(this.path) + sizeOf(`${this.path}-wal`),
      clients: { connected: this.#db.get<{ n: number }>('SELECT count(*) AS n FROM broker_sessions')!.n, most: null },
      facts: {
        file: this.path,
        file_bytes: sizeOf(this.path),
        journal_bytes: sizeOf(`${this.path}-wal`),
        free_bytes: Number(pragma('freelist_count')) * page,
        journal_mode: String(pragma('journal_mode')),
        synchronous: ['OFF', 'NORMAL', 'FULL', 'EXTRA'][Number(pragma('synchronous'))] ?? null,
      },
    };
  }

  get isOpen(): boolean {
    return this.#mode === 'open';
  }

  /** false: too late, open it anew. */
  enter(): boolean {
    if (this.#mode !== 'open') return false;
    this.#users++;
    return true;
  }

  /** The last one closes the file. */
  leave(): void {
    if (--this.#users > 0 || this.#mode !== 'open') return;
    this.#mode = 'closed';
    try {
      this.commits.flushNow();
      this.#db.transaction(() => {
        this.topology.refresh();
        const queues = this.#sessions.end(this.session);
        this.#wakeConsumersOf(queues);
      });
    } catch {
      // Whoever looks next finds this session dead and does the same: this process itself, when it lives on.
      this.#unended();
    }
    this.#release(new OperationalError(this.#url, `The connection to ${this.#url} is closed.`));
  }

  onLost(listener: (error: Error) => void): () => void {
    this.#lost.add(listener);
    return () => this.#lost.delete(listener);
  }

  /** One transaction of its own, after everything handed over before. */
  now<T>(work: (nowMs: number) => T): T {
    this.check();
    try {
      this.commits.flushNow();
      return this.#db.transaction(() => {
        this.topology.refresh();
        return work(this.timer.now());
      });
    } catch (error) {
      this.topology.invalidate();
      throw this.#explained(error);
    }
  }

  /** Consumers of this queue, wherever they are, look for messages. For within a transaction. */
  wakeConsumersOf(queueId: number): void {
    this.#wakeConsumersOf([queueId]);
  }

  /** A read that takes no lock. */
  read<T>(work: (nowMs: number) => T): T {
    this.check();
    try {
      this.commits.flushNow();
      this.topology.refresh();
      return work(this.timer.now());
    } catch (error) {
      throw this.#explained(error);
    }
  }

  check(): void {
    if (this.#mode !== 'open') throw new OperationalError(this.#url, `The connection to ${this.#url} is closed.`);
  }

  deleteQueue(queue: StoredQueue): number {
    return this.#sessions.deleteQueue(queue);
  }

  consume(consumer: SqliteConsumer): void {
    if (!this.#wakeUp.listening) this.#wakeUp.listen(this.session, () => this.#woken());
    this.now((nowMs) => {
      const count = this.dispatch.consumersOf(consumer.queueId) + 1;
      this.topology.setConsumers(consumer.queueId, count, nowMs);
    });
    this.dispatch.add(consumer);
    this.#startPolling();
    this.commits.schedule();
  }

  cancel(consumer: SqliteConsumer): void {
    this.dispatch.remove(consumer);
    if (this.dispatch.size === 0) this.#stopPolling();
    if (this.#mode !== 'open') return;
    this.now((nowMs) => {
      const { queueId } = consumer;
      const abandoned = this.topology.setConsumers(queueId, this.dispatch.consumersOf(queueId), nowMs);
      const queue = this.topology.byId.get(queueId);
      if (abandoned && queue) this.deleteQueue(queue);
    });
  }

  /** A queue may have been deleted that is consumed here: after the transaction, for who consumes it may declare it again. */
  #sweepOrphans(): void {
    if (this.#orphansDue) return;
    this.#orphansDue = true;
    setImmediate(() => {
      this.#orphansDue = false;
      if (this.#mode !== 'open') return;
      const orphans = this.dispatch.removeOrphans((queueId) => this.topology.byId.has(queueId));
      if (this.dispatch.size === 0) this.#stopPolling();
      for (const consumer of orphans) consumer.channel.cancelled(consumer);
    });
  }

  /** Others may find something in these queues now. */
  #wakeConsumersOf(queueIds: readonly number[]): void {
    const sessions = new Set<number>();
    for (const id of queueIds) {
      this.dispatch.markReady(id);
      for (const session of this.topology.byId.get(id)?.sessions ?? []) sessions.add(session);
    }
    sessions.delete(this.session);
    // After the commit that the caller is in.
    setImmediate(() => this.#wake(sessions));
  }

  #wake(sessions: ReadonlySet<number>): void {
    for (const session of sessions) this.#wakeUp.notify(session);
  }

  #woken(): void {
    if (this.#mode !== 'open') return;
    this.dispatch.markAllReady();
    this.commits.schedule();
  }

  #startPolling(): void {
    if (this.#poll) return;
    const everyMs = this.#pollingMs ?? (this.#wakeUp.listening ? POLL_MS : POLL_ALONE_MS);
    this.#poll = this.#pollTimer.every(everyMs, () =>
      this.#guarded(() => {
        const version = Number(this.#db.get('PRAGMA data_version')?.data_version);
        if (version === this.#version) return;
        this.#version = version;
        this.#woken();
      }),
    );
  }

  #stopPolling(): void {
    this.#poll?.cancel();
    this.#poll = null;
    this.#wakeUp.unlisten();
  }

  #watch(): void {
    const nowMs = this.timer.now();
    const monotonicMs = this.timer.monotonic();
    this.#checkFile();
    const dead = this.#sessions.fallenSilent(monotonicMs, this.session);
    if (dead.length > 0) this.#reclaim(dead, monotonicMs);
    if (monotonicMs - this.#seenMs >= HEARTBEAT_MS) {
      this.#seenMs = monotonicMs;
      if (!this.#db.transaction(() => this.#sessions.seen(this.session, nowMs))) {
        throw new OperationalError(this.#url, 'Another process took this one for dead: its messages were given back.');
      }
      this.#wakeUp.keepOnly(this.#sessions.all());
    }
    if (monotonicMs >= this.#sweepMs) this.#sweep(nowMs, monotonicMs);
  }

  #reclaim(dead: readonly number[], monotonicMs: number): void {
    this.now(() => {
      const still = new Set(this.#sessions.fallenSilent(monotonicMs, this.session));
      for (const session of dead) if (still.has(session)) this.#wakeConsumersOf(this.#sessions.end(session));
    });
    for (const session of dead) this.#wakeUp.remove(session);
    this.commits.schedule();
  }

  /** What took long is done more seldom. */
  #sweep(nowMs: number, monotonicMs: number): void {
    this.topology.refresh();
    const expiring = [...this.topology.queues.values()].filter((queue) => queue.mayExpire);
    const unused = this.topology.expiredQueues(nowMs);
    if (expiring.length > 0 || unused.length > 0) {
      this.now(() => {
        for (const queue of this.topology.expiredQueues(nowMs)) this.deleteQueue(queue);
        for (const queue of this.topology.queues.values()) if (queue.mayExpire) this.messages.sweep(queue.id, nowMs);
      });
    }
    const tookMs = this.timer.monotonic() - monotonicMs;
    this.#sweepMs = monotonicMs + tookMs * 100;
  }

  #checkFile(): void {
    let inode = 0;
    try {
      inode = statSync(this.path).ino;
    } catch {
      // deleted
    }
    if (inode !== this.#inode) {
      throw new OperationalError(
        this.#url,
        `The broker file ${this.path} was deleted or replaced while it was in use.`,
      );
    }
    if (this.#db.hasLostJournal) throw new JournalLost(this.path);
  }

  /** Work of our own timer: busy can wait for the next time. */
  #guarded(work: () => void): void {
    if (this.#mode !== 'open') return;
    try {
      work();
    } catch (error) {
      if (!isBusy(error)) this.#fail(error);
    }
  }

  /** What SQLite refused, told; when the file is beyond use, the loss of the broker. */
  #explained(error: unknown): Error {
    const known = toError(error);
    if (known instanceof UmbelError || !isFromSqlite(known)) return known;
    if (!isBusy(known)) this.#fail(known);
    return asOperational(known, this.path, this.#url);
  }

  #fail(thrown: unknown): void {
    if (this.#mode !== 'open') return;
    this.#mode = 'lost';
    this.#unended();
    const error = asOperational(thrown, this.path, this.#url);
    this.#release(error);
    for (const listener of [...this.#lost]) listener(error);
  }

  #unended(): void {
    unended.set(this.path, (unended.get(this.path) ?? new Set()).add(this.session));
  }

  #release(error: Error): void {
    open.delete(this.path);
    this.commits.end(error);
    this.timer.clear();
    this.#pollTimer.clear();
    this.#poll = null;
    this.#wakeUp.close();
    try {
      this.#db.close();
    } catch {
      // nothing more can be done with it
    }
  }
}

function isFromSqlite(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return (
    (typeof code === 'string' && /SQLITE/.test(code)) ||
    /database|disk|SQLITE|malformed|readonly|no such table/i.test(error.message)
  );
}
