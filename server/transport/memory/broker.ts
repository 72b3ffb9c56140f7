// A whole broker in this process, one per name: its queues, its routing, and the pump that hands messages to consumers.
// What one client sees of it: channel.ts. One queue: queue.ts.
// Holds: deliveries happen on a turn of their own, a bounded number at a time, so that a busy queue never starves I/O.
// Kombu: transport/memory.py, transport/virtual/base.py
import type { ChannelError } from '../../errors.ts';
import { createTimer, type Timer, type TimerHandle } from '../../timer.ts';
import type { Exchange, Queue } from '../entity.ts';
import type { OutgoingMessage } from '../message.ts';
import { effectivePriority, expiryOf, lockedQueue, queueDeleted, sameQueue } from '../virtual/declaration.ts';
import { RoutingTable } from '../virtual/exchange.ts';
import type { MemoryChannel } from './channel.ts';
import { MemoryNotes } from './notes.ts';
import { type Entry, MemoryQueue } from './queue.ts';

/** Deliveries on one turn of the event loop. */
const TURN = 1000;
/** How often expired messages are swept out of queues nobody reads. */
const SWEEP_MS = 1000;

const brokers = new Map<string, MemoryBroker>();

/** The broker of that name in this process; made when first asked for, kept as long as the process lives. */
export function memoryBroker(name: string): MemoryBroker {
  let broker = brokers.get(name);
  if (!broker) {
    broker = new MemoryBroker();
    brokers.set(name, broker);
  }
  return broker;
}

export class MemoryBroker {
  readonly timer: Timer = createTimer({ unref: true });
  readonly queues = new Map<string, MemoryQueue>();
  readonly routing = new RoutingTable();
  readonly notes = new MemoryNotes(this.timer);
  #seq = 0;
  readonly #dirty = new Set<MemoryQueue>();
  #pumping = false;
  #sweep: TimerHandle | null = null;

  /** Open ones, of every connection. */
  readonly channels = new Set<MemoryChannel>();

  declareExchange(e: Exchange): void {
    if (!e.noDeclare) this.routing.declare(e);
  }

  declareQueue(q: Queue, owner: object): MemoryQueue {
    let queue = this.queues.get(q.name);
    if (queue) {
      this.checkAccess(queue, owner);
      sameQueue(queue.declaration, q);
    }
    if (q.exchange) this.declareExchange(q.exchange);
    for (const binding of q.bindings ?? []) this.declareExchange(binding.exchange);
    const usedMs = this.timer.monotonic();
    if (!queue) {
      queue = new MemoryQueue(q, q.exclusive ? owner : null, usedMs);
      this.queues.set(q.name, queue);
    }
    queue.lastUsedMs = usedMs;
    if (q.exchange) this.routing.bind(q.name, q.exchange.name, q.routingKey, q.bindingArguments);
    for (const { exchange, routingKey, arguments: args } of q.bindings ?? []) {
      this.routing.bind(q.name, exchange.name, routingKey, args);
    }
    this.scheduleSweep();
    return queue;
  }

  checkAccess(queue: MemoryQueue, owner: object): void {
    if (queue.owner && queue.owner !== owner) throw lockedQueue(queue.declaration.name);
  }

  /** How many ready messages went with it. */
  deleteQueue(queue: MemoryQueue): number {
    const { name } = queue.declaration;
    if (this.queues.get(name) === queue) {
      this.queues.delete(name);
      this.routing.unbindQueue(name);
    }
    this.#dirty.delete(queue);
    const count = queue.purge();
    for (const consumer of queue.consumers.splice(0)) consumer.cancelled(queueDeleted(name));
    return count;
  }

  /** What RabbitMQ does when it takes a channel for broken. For tests of those who have to survive it. */
  closeChannels(error: ChannelError): void {
    for (const channel of [...this.channels]) channel.die(error);
  }

  publish(m: OutgoingMessage): void {
    if (m.exchange === '') {
      const queue = this.queues.get(m.routingKey);
      if (queue) this.#enqueue(queue, m);
      return;
    }
    for (const name of this.routing.route(m.exchange, m.routingKey, m.headers)) {
      const queue = this.queues.get(name);
      if (queue) this.#enqueue(queue, m);
    }
  }

  /** Takes these out of one queue and puts them at the end of another, as they are but for where they go. */
  move(entries: readonly Entry[], from: MemoryQueue, to: MemoryQueue): void {
    from.remove(new Set(entries));
    for (const entry of entries)
      to.push({
        ...entry,
        seq: ++this.#seq,
        message: { ...entry.message, exchange: '', routingKey: to.declaration.name },
        priority: effectivePriority(entry.message.properties.priority, to.declaration.maxPriority),
      });
    this.wake(to);
    if (to.hasExpiring) this.scheduleSweep();
  }

  #enqueue(queue: MemoryQueue, m: OutgoingMessage): void {
    queue.push({
      seq: ++this.#seq,
      message: m,
      priority: effectivePriority(m.properties.priority, queue.declaration.maxPriority),
      publishedMs: this.timer.now(),
      expiresMs: expiryOf(m, queue.declaration.messageTtlMs, this.timer.monotonic()),
      redelivered: false,
    });
    if (queue.consumers.length > 0) this.wake(queue);
    if (queue.hasExpiring) this.scheduleSweep();
  }

  /** This queue may have something for somebody. */
  wake(queue: MemoryQueue): void {
    if (queue.size === 0 || queue.consumers.length === 0) return;
    this.#dirty.add(queue);
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => this.#pump());
  }

  #pump(): void {
    const nowMs = this.timer.monotonic();
    try {
      for (let left = TURN; left > 0 && this.#dirty.size > 0; ) {
        for (const queue of this.#dirty) {
          left--;
          if (!queue.deliverOne(nowMs)) this.#dirty.delete(queue);
          if (left <= 0) break;
        }
      }
    } finally {
      this.#pumping = this.#dirty.size > 0;
      if (this.#pumping) setImmediate(() => this.#pump());
    }
  }

  /** The last consumer of `queue` has gone. */
  unused(queue: MemoryQueue): void {
    queue.lastUsedMs = this.timer.monotonic();
    if (queue.declaration.autoDelete) this.deleteQueue(queue);
    else this.scheduleSweep();
  }

  /** See to it that expired queues and messages go in time. */
  scheduleSweep(): void {
    if (this.#sweep) return;
    let delayMs = Number.POSITIVE_INFINITY;
    const nowMs = this.timer.monotonic();
    for (const queue of this.queues.values()) {
      const { expiresMs } = queue.declaration;
      if (queue.hasExpiring) delayMs = Math.min(delayMs, SWEEP_MS);
      if (expiresMs !== undefined && queue.consumers.length === 0) {
        delayMs = Math.min(delayMs, Math.max(1, queue.lastUsedMs + expiresMs - nowMs));
      }
    }
    if (delayMs === Number.POSITIVE_INFINITY) return;
    this.#sweep = this.timer.after(Math.min(delayMs, SWEEP_MS), () => {
      this.#sweep = null;
      this.#sweepNow();
      this.scheduleSweep();
    });
  }

  #sweepNow(): void {
    const nowMs = this.timer.monotonic();
    for (const queue of [...this.queues.values()]) {
      queue.dropExpired(nowMs);
      const { expiresMs } = queue.declaration;
      if (expiresMs === undefined || queue.consumers.length > 0) continue;
      if (queue.lastUsedMs + expiresMs <= nowMs) this.deleteQueue(queue);
    }
  }
}
