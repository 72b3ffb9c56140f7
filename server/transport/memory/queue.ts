// One queue of the memory broker: lanes by priority, first in first out within a lane, expiry, and its consumers in turn.
// Routing and the life of queues: broker.ts. Prefetch and settling: channel.ts.
// Holds: a message given back stands where it stood, before younger ones of its priority.
// Kombu: transport/memory.py
import type { ChannelError } from '../../errors.ts';
import type { Queue } from '../entity.ts';
import type { OutgoingMessage } from '../message.ts';

export interface Entry {
  /** Rises with every publish: the order within a lane. */
  readonly seq: number;
  readonly message: OutgoingMessage;
  readonly priority: number;
  readonly publishedMs: number;
  /** 0 = never. By the monotonic clock: a message lives as long as it was given, whatever the wall clock is set to. */
  readonly expiresMs: number;
  redelivered: boolean;
}

/** What a queue needs to know of one that consumes it. */
export interface QueueConsumer {
  readonly noAck: boolean;
  canTake(): boolean;
  /** Its queue was deleted. */
  cancelled(reason: ChannelError): void;
  take(entry: Entry, queue: MemoryQueue): void;
}

export class MemoryQueue {
  declaration: Queue;
  /** The transport an exclusive queue belongs to. */
  readonly owner: object | null;
  readonly consumers: QueueConsumer[] = [];
  unacked = 0;
  /** By the monotonic clock. */
  lastUsedMs: number;
  #next = 0;
  readonly #lanes: (Lane | undefined)[] = [];
  #top = -1;
  #size = 0;
  #expiring = 0;

  constructor(declaration: Queue, owner: object | null, usedMs: number) {
    this.declaration = declaration;
    this.owner = owner;
    this.lastUsedMs = usedMs;
  }

  get size(): number {
    return this.#size;
  }

  get hasExpiring(): boolean {
    return this.#expiring > 0;
  }

  push(entry: Entry): void {
    this.#lane(entry.priority).push(entry);
    this.#count(entry, 1);
  }

  requeue(entry: Entry): void {
    this.#lane(entry.priority).insert(entry);
    this.#count(entry, 1);
  }

  /** The next message in delivery order, without those past their time. */
  shift(nowMs: number): Entry | null {
    while (this.#size > 0) {
      const lane = this.#lanes[this.#top];
      const entry = lane?.shift();
      if (!entry) {
        this.#top--;
        continue;
      }
      this.#count(entry, -1);
      if (entry.expiresMs === 0 || entry.expiresMs > nowMs) return entry;
    }
    this.#top = -1;
    return null;
  }

  /** Give one message to the next consumer that can take it. false: no message, or nobody can. */
  deliverOne(nowMs: number): boolean {
    const count = this.consumers.length;
    if (this.#size === 0 || count === 0) return false;
    for (let i = 0; i < count; i++) {
      const at = (this.#next + i) % count;
      const consumer = this.consumers[at]!;
      if (!consumer.canTake()) continue;
      const entry = this.shift(nowMs);
      if (!entry) return false;
      this.#next = (at + 1) % count;
      consumer.take(entry, this);
      return true;
    }
    return false;
  }

  dropExpired(nowMs: number): void {
    if (this.#expiring === 0) return;
    for (const lane of this.#lanes) {
      for (const entry of lane?.remove((one) => one.expiresMs !== 0 && one.expiresMs <= nowMs) ?? [])
        this.#count(entry, -1);
    }
  }

  purge(): number {
    const count = this.#size;
    this.#lanes.length = 0;
    this.#top = -1;
    this.#size = 0;
    this.#expiring = 0;
    return count;
  }

  /** Takes these out of the ready ones. */
  remove(entries: ReadonlySet<Entry>): void {
    for (const lane of this.#lanes)
      for (const entry of lane?.remove((one) => entries.has(one)) ?? []) this.#count(entry, -1);
  }

  /** Ready messages in delivery order. */
  *ready(): Generator<Entry> {
    for (let priority = this.#lanes.length - 1; priority >= 0; priority--) yield* this.#lanes[priority]?.all() ?? [];
  }

  byPriority(): Record<string, number> {
    const counts: Record<string, number> = {};
    this.#lanes.forEach((lane, priority) => {
      if (lane && lane.size > 0) counts[priority] = lane.size;
    });
    return counts;
  }

  /** @unit milliseconds since the epoch */
  oldestMs(): number | null {
    let oldest: number | null = null;
    for (const lane of this.#lanes) {
      const first = lane?.first();
      if (first && (oldest === null || first.publishedMs < oldest)) oldest = first.publishedMs;
    }
    return oldest;
  }

  #lane(priority: number): Lane {
    if (priority > this.#top) this.#top = priority;
    let lane = this.#lanes[priority];
    if (!lane) {
      while (this.#lanes.length < priority) this.#lanes.push(undefined);
      lane = this.#lanes[priority] = new Lane();
    }
    return lane;
  }

  #count(entry: Entry, by: 1 | -1): void {
    this.#size += by;
    if (entry.expiresMs !== 0) this.#expiring += by;
  }
}

/** A double-ended list: cheap at both ends, sorted by `seq`. */
class Lane {
  #items: (Entry | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(entry: Entry): void {
    this.#items.push(entry);
  }

  first(): Entry | undefined {
    return this.#items[this.#head];
  }

  shift(): Entry | undefined {
    if (this.#head >= this.#items.length) return undefined;
    const entry = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head > 4096 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }

  /** At the place its `seq` asks for: nearly always the front. */
  insert(entry: Entry): void {
    let at = this.#head;
    while (at < this.#items.length && this.#items[at]!.seq < entry.seq) at++;
    if (at === this.#head && this.#head > 0) this.#items[--this.#head] = entry;
    else this.#items.splice(at, 0, entry);
  }

  remove(goes: (entry: Entry) => boolean): Entry[] {
    const gone: Entry[] = [];
    const kept: Entry[] = [];
    for (const entry of this.all()) (goes(entry) ? gone : kept).push(entry);
    if (gone.length > 0) {
      this.#items = kept;
      this.#head = 0;
    }
    return gone;
  }

  *all(): Generator<Entry> {
    for (let at = this.#head; at < this.#items.length; at++) yield this.#items[at]!;
  }
}
