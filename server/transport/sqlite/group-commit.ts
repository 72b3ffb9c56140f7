// All publishes and settlements of one turn of the event loop in one transaction, and in the same one what can be claimed then.
// A transaction alone costs as much as some fifty messages: this is where the speed of the broker comes from.
// Holds: what was handed over first is committed first; a promise resolves after the commit of its batch, never before; when the
// lock cannot be had the batch waits and is tried again; any other failure is the loss of the broker.
import type { EmbeddedDb } from '../../embedded-db.ts';
import type { OutgoingMessage } from '../message.ts';
import type { Settlement } from '../virtual/delivery.ts';
import type { ClaimedRows, Dispatch } from './dispatch.ts';
import type { Claim, Messages } from './messages.ts';
import { isBusy } from './schema.ts';
import type { StoredQueue, Topology } from './topology.ts';

/** Messages one transaction takes: others want the lock, too, and the event loop its turn. */
const BATCH_LIMIT = 500;
/** Turns without the lock, each as long as the busy timeout, until it counts as a failure. */
const MAX_WAIT = 3;

export interface HeldMessage {
  readonly id: number;
  readonly queueId: number;
  readonly claim: Claim;
}

interface Batch {
  readonly publishes: { m: OutgoingMessage; envelope: string }[];
  readonly acks: HeldMessage[];
  readonly requeues: HeldMessage[];
  size: number;
  readonly committed: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface GroupCommitParts {
  readonly db: EmbeddedDb;
  readonly topology: Topology;
  readonly messages: Messages;
  readonly dispatch: Dispatch;
  readonly session: number;
  now(): number;
  /** Wake these other sessions. */
  wake(sessions: ReadonlySet<number>): void;
  /** The file cannot be used any more. */
  failed(error: unknown): void;
}

export class GroupCommit {
  readonly #parts: GroupCommitParts;
  readonly #batches: Batch[] = [];
  #scheduled = false;
  #busy = 0;
  #ended = false;

  constructor(parts: GroupCommitParts) {
    this.#parts = parts;
  }

  publish(m: OutgoingMessage, envelope: string): Promise<void> {
    const batch = this.#batch();
    batch.publishes.push({ m, envelope });
    return batch.committed;
  }

  settle(held: HeldMessage, how: Settlement): void {
    const batch = this.#batch();
    (how === 'requeue' ? batch.requeues : batch.acks).push(held);
  }

  /** Resolves when everything handed over so far is committed. */
  flushed(): Promise<void> {
    return this.#batches.at(-1)?.committed ?? Promise.resolve();
  }

  /** Claim on the next turn, if somebody may have something. */
  schedule(): void {
    if (this.#scheduled || this.#ended) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  /** Commit what is pending now, without claims. */
  flushNow(): void {
    for (let batch = this.#batches[0]; batch && !this.#ended; batch = this.#batches[0]) {
      const taken = batch;
      const woken = this.#parts.db.transaction(() => this.#apply(taken));
      this.#batches.shift();
      taken.resolve();
      this.#parts.wake(woken);
    }
  }

  /** Refuse everything from now on; pending promises are rejected. */
  end(error: Error): void {
    this.#ended = true;
    for (const batch of this.#batches.splice(0)) batch.reject(error);
  }

  #batch(): Batch {
    let batch = this.#batches.at(-1);
    if (!batch || batch.size >= BATCH_LIMIT) {
      batch = newBatch();
      this.#batches.push(batch);
      this.schedule();
    }
    batch.size++;
    return batch;
  }

  #turn(): void {
    this.#scheduled = false;
    if (this.#ended) return;
    const { db, dispatch, session, topology } = this.#parts;
    const batch = this.#batches[0];
    let taken: ClaimedRows[] = [];
    let woken: ReadonlySet<number> = NOBODY;
    try {
      if (!batch && !dispatch.anyClaimable()) return;
      db.transaction(() => {
        if (batch) woken = this.#apply(batch);
        else topology.refresh();
        taken = dispatch.take(session, this.#parts.now());
      });
      this.#busy = 0;
    } catch (error) {
      topology.invalidate();
      if (isBusy(error) && ++this.#busy < MAX_WAIT) this.schedule();
      else this.#parts.failed(error);
      return;
    }
    if (batch) {
      this.#batches.shift();
      batch.resolve();
    }
    if (woken.size > 0) this.#parts.wake(woken);
    try {
      dispatch.deliver(taken);
    } finally {
      if (this.#batches.length > 0 || dispatch.mayHaveReady) this.schedule();
    }
  }

  /** Returns the other sessions that want to know. */
  #apply(batch: Batch): ReadonlySet<number> {
    const { topology, messages, dispatch, session } = this.#parts;
    topology.refresh();
    const filled = new Set<StoredQueue>();
    if (batch.publishes.length > 0) this.#insert(batch.publishes, filled);
    if (batch.acks.length > 0) messages.delete(batch.acks.map((held) => held.id));
    if (batch.requeues.length > 0) {
      messages.requeue(batch.requeues.map((held) => held.id));
      for (const { queueId } of batch.requeues) {
        const queue = topology.byId.get(queueId);
        if (queue) filled.add(queue);
      }
    }
    this.#settleClaims(batch);
    if (filled.size === 0) return NOBODY;
    const others = new Set<number>();
    for (const queue of filled) {
      for (const consumer of queue.sessions) if (consumer !== session) others.add(consumer);
      dispatch.markReady(queue.id);
    }
    return others;
  }

  #insert(publishes: Batch['publishes'], filled: Set<StoredQueue>): void {
    const { topology, messages } = this.#parts;
    const nowMs = this.#parts.now();
    const targets = publishes.map(({ m }) =>
      m.exchange === '' ? [m.routingKey] : topology.routing.route(m.exchange, m.routingKey),
    );
    const most = targets.reduce((sum, names) => sum + names.length, 0);
    if (most === 0) return;
    let id = messages.reserveIds(most);
    publishes.forEach(({ m, envelope }, i) => {
      for (const name of targets[i]!) {
        const queue = topology.queues.get(name);
        if (!queue) continue;
        const expires = messages.insert(id++, queue, m, envelope, nowMs);
        if (expires && !queue.mayExpire) topology.setMayExpire(queue);
        filled.add(queue);
      }
    });
  }

  /** A claim goes from the file with the last of its messages; one that lost a message to somebody else names it no more. */
  #settleClaims({ acks, requeues }: Batch): void {
    const done: Claim[] = [];
    const narrowed = new Set<Claim>();
    for (const { id, claim } of acks) {
      claim.ids.delete(id);
      if (claim.ids.size === 0) done.push(claim);
    }
    for (const { id, claim } of requeues) {
      claim.ids.delete(id);
      if (claim.ids.size === 0) done.push(claim);
      else narrowed.add(claim);
    }
    for (const claim of narrowed) if (claim.ids.size > 0) this.#parts.messages.narrowClaim(claim);
    if (done.length > 0) this.#parts.messages.dropClaims(done);
  }
}

const NOBODY: ReadonlySet<number> = new Set();

function newBatch(): Batch {
  let resolve: () => void = () => {};
  let reject: (error: Error) => void = () => {};
  const committed = new Promise<void>((ok, no) => {
    resolve = ok;
    reject = no;
  });
  committed.catch(() => {}); // a batch of settlements alone has nobody to tell: the loss of the connection tells
  return { publishes: [], acks: [], requeues: [], size: 0, committed, resolve, reject };
}
