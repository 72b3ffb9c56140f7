// The consumers of this process: which queues may have something for them, how much each may take, and handing it over.
// Reading the file: messages.ts. When: group-commit.ts.
// Holds: a claim never exceeds the free prefetch of its channel; queues of one channel and channels of one process take turns;
// everything claimed is registered with its channel before the first of it is handed over.
import type { ConsumeOptions } from '../contract.ts';
import type { Message } from '../message.ts';
import type { Claim, Messages, StoredMessage } from './messages.ts';

/** Rows one transaction may claim. */
const CLAIM_LIMIT = 500;

export interface SqliteConsumer {
  readonly tag: string;
  readonly queueId: number;
  readonly queue: string;
  readonly noAck: boolean;
  readonly onMessage: (m: Message) => void;
  readonly onCancelled: ConsumeOptions['onCancelled'];
  readonly channel: ConsumingChannel;
}

export interface ConsumingChannel {
  /** How many more unsettled messages it may hold; Infinity without a limit. */
  free(): number;
  /** Make a delivery of a claimed row, and hold it. */
  receive(consumer: SqliteConsumer, row: StoredMessage, claim: Claim | null): Message;
  /** Its queue was deleted: it is no consumer any more. */
  cancelled(consumer: SqliteConsumer): void;
  /** Still to be handed over? Not when the channel was closed meanwhile. */
  holds(message: Message): boolean;
}

export interface ClaimedRows {
  readonly consumer: SqliteConsumer;
  readonly rows: readonly StoredMessage[];
  readonly claim: Claim | null;
}

export class Dispatch {
  readonly #messages: Messages;
  readonly #channels = new Map<ConsumingChannel, SqliteConsumer[]>();
  /** Queues that may have ready messages: not yet looked, or the last look found as many as asked. */
  readonly #mayHaveReady = new Set<number>();
  #turn = 0;

  constructor(messages: Messages) {
    this.#messages = messages;
  }

  get size(): number {
    return this.#channels.size;
  }

  add(consumer: SqliteConsumer): void {
    const of = this.#channels.get(consumer.channel) ?? [];
    of.push(consumer);
    this.#channels.set(consumer.channel, of);
    this.#mayHaveReady.add(consumer.queueId);
  }

  remove(consumer: SqliteConsumer): void {
    const of = this.#channels.get(consumer.channel)?.filter((one) => one !== consumer) ?? [];
    if (of.length > 0) this.#channels.set(consumer.channel, of);
    else this.#channels.delete(consumer.channel);
  }

  /** The consumers of queues that are not there any more, taken out. */
  removeOrphans(exists: (queueId: number) => boolean): SqliteConsumer[] {
    const orphans = [...this.#channels.values()].flat().filter((one) => !exists(one.queueId));
    for (const one of orphans) this.remove(one);
    return orphans;
  }

  consumersOf(queueId: number): number {
    let count = 0;
    for (const consumers of this.#channels.values()) for (const one of consumers) if (one.queueId === queueId) count++;
    return count;
  }

  /** The queue may have something now. */
  markReady(queueId: number): void {
    this.#mayHaveReady.add(queueId);
  }

  markAllReady(): void {
    for (const consumers of this.#channels.values()) for (const one of consumers) this.#mayHaveReady.add(one.queueId);
  }

  /** Might a claim find anything for anybody? No look at the file. */
  get mayHaveReady(): boolean {
    return this.#mayHaveReady.size > 0 && this.#someone((queueId) => this.#mayHaveReady.has(queueId));
  }

  /** Will it? Looks, without taking the write lock. */
  anyClaimable(): boolean {
    return this.#someone((queueId) => {
      if (!this.#mayHaveReady.has(queueId)) return false;
      if (this.#messages.anyReady(queueId)) return true;
      this.#mayHaveReady.delete(queueId);
      return false;
    });
  }

  /** Within a transaction: claim for everyone who may take something. */
  take(session: number, nowMs: number): ClaimedRows[] {
    const taken: ClaimedRows[] = [];
    if (this.#mayHaveReady.size === 0) return taken;
    let budget = CLAIM_LIMIT;
    const turn = this.#turn++;
    for (const [channel, consumers] of rotated([...this.#channels], turn)) {
      budget -= this.#takeFor(channel, rotated(consumers, turn), budget, session, nowMs, taken);
      if (budget <= 0) break;
    }
    return taken;
  }

  #takeFor(
    channel: ConsumingChannel,
    consumers: readonly SqliteConsumer[],
    budget: number,
    session: number,
    nowMs: number,
    taken: ClaimedRows[],
  ): number {
    let free = channel.free();
    let left = budget;
    let ready = consumers.filter((one) => this.#mayHaveReady.has(one.queueId));
    while (ready.length > 0 && left > 0) {
      const next: SqliteConsumer[] = [];
      let share = Math.ceil(Math.min(free, left) / ready.length);
      for (const consumer of ready) {
        if (consumer.noAck) share = Math.ceil(left / ready.length);
        const asked = Math.min(share, left, consumer.noAck ? left : free);
        if (asked <= 0) continue;
        const { rows, claim } = this.#messages.take(consumer.queueId, asked, consumer.noAck ? null : session, nowMs);
        if (rows.length > 0) taken.push({ consumer, rows, claim });
        if (rows.length < asked) this.#mayHaveReady.delete(consumer.queueId);
        else next.push(consumer);
        left -= rows.length;
        if (!consumer.noAck) free -= rows.length;
      }
      ready = next.filter((one) => one.noAck || free > 0);
    }
    return budget - left;
  }

  /** After the commit: hand over what was taken. */
  deliver(taken: readonly ClaimedRows[]): void {
    const out: [SqliteConsumer, Message][] = [];
    for (const { consumer, rows, claim } of taken) {
      for (const row of rows) out.push([consumer, consumer.channel.receive(consumer, row, claim)]);
    }
    for (const [consumer, message] of out) {
      if (consumer.noAck || consumer.channel.holds(message)) consumer.onMessage(message);
    }
  }

  #someone(wanted: (queueId: number) => boolean): boolean {
    for (const [channel, consumers] of this.#channels) {
      const free = channel.free();
      for (const one of consumers) if ((one.noAck || free > 0) && wanted(one.queueId)) return true;
    }
    return false;
  }
}

function rotated<T>(list: readonly T[], by: number): readonly T[] {
  if (list.length < 2) return list;
  const at = by % list.length;
  return at === 0 ? list : [...list.slice(at), ...list.slice(0, at)];
}
