// Capture events from a cluster, Celery's or ours: one private queue on the event exchange, every message as typed events.
// Not here: what they mean (shared/events/), sending them (dispatcher.ts).
// Holds: events are handed on in the order the broker gave them; what is no event is counted and left out, never thrown; after a
// loss of the broker it begins again by itself, and says that there is a gap. Timestamps stay what the sender wrote: seconds since
// the epoch, which know no zone. (Celery 5.6 shifts them by utcoffset, which puts events of other zones hours off.)
// Celery 5.6: events/receiver.py
import { randomUUID } from 'node:crypto';
import { EventEdge } from '../../shared/events/edge.ts';
import { type CeleryEvent, CLIENT_CLOCK_SKEW } from '../../shared/events/event.ts';
import { toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Connection } from '../messaging/connection.ts';
import { LamportClock } from '../messaging/lamport-clock.ts';
import { type BodyCodec, PLAIN_CODEC } from '../serialization/codec.ts';
import type { Timer, TimerHandle } from '../timer.ts';
import type { Channel } from '../transport/contract.ts';
import { exchange, queue } from '../transport/entity.ts';
import type { Message } from '../transport/message.ts';

export interface EventReceiverOptions {
  readonly connection: Connection;
  readonly timer: Timer;
  readonly log: Logger;
  readonly clock?: LamportClock;
  /** Default '#', every event. */
  readonly routingKey?: string;
  /** `event_exchange`. Default 'celeryev' */
  readonly exchange?: string;
  /** `event_queue_prefix`. Default 'celeryev' */
  readonly queuePrefix?: string;
  /**
   * How long events may wait here for this process before the broker drops them. Default 60000: Celery's `event_queue_ttl` of five
   * seconds loses events whenever a flood outruns the reader for so long. @unit milliseconds
   */
  readonly queueTtlMs?: number;
  /** `event_queue_expires`. Default 60000. @unit milliseconds */
  readonly queueExpiresMs?: number;
  /** `event_queue_durable`. Default false. */
  readonly queueDurable?: boolean;
  /** `event_queue_exclusive`. Default false. */
  readonly queueExclusive?: boolean;
  /** Accepted content, by name. Default json. */
  readonly accept?: readonly string[];
  /** The app's. Default: JSON, text and bytes. */
  readonly codec?: BodyCodec;
  /** What checks events as they come in. Default: one that masks nothing. */
  readonly edge?: EventEdge;
}

const RETRY_MS = 1000;

export class EventReceiver {
  readonly #options: EventReceiverOptions;
  readonly #clock: LamportClock;
  readonly #accept: ReadonlySet<string>;
  readonly #codec: BodyCodec;
  readonly #listeners = new Set<(events: CeleryEvent[]) => void>();
  readonly #lostListeners = new Set<() => void>();
  readonly #gapListeners = new Set<() => void>();
  readonly #queueName: string;
  #channel: Channel | null = null;
  #stopped = true;
  #running: Promise<void> | null = null;
  #retry: TimerHandle | null = null;
  #unlisten: (() => void) | null = null;
  #begun = false;
  #losses = 0;
  readonly edge: EventEdge;
  #unreadable = 0;

  constructor(options: EventReceiverOptions) {
    this.#options = options;
    this.#clock = options.clock ?? new LamportClock();
    this.#codec = options.codec ?? PLAIN_CODEC;
    this.#accept = this.#codec.acceptSet(options.accept ?? ['json']);
    this.edge = options.edge ?? new EventEdge();
    this.#queueName = `${options.queuePrefix ?? 'celeryev'}.${randomUUID()}`;
  }

  /** Messages and things within them that were no events. */
  /** Events of kinds that are not Celery's, while there were too many of those. */
  get leftOut(): number {
    return this.edge.leftOut;
  }
  get malformed(): number {
    return this.#unreadable + this.edge.malformed;
  }

  /** It consumes now. */
  get connected(): boolean {
    return this.#channel !== null;
  }

  onEvents(fn: (events: CeleryEvent[]) => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  /** Called when it consumes no longer, for the broker is away. */
  onLost(fn: () => void): () => void {
    this.#lostListeners.add(fn);
    return () => this.#lostListeners.delete(fn);
  }

  /** Called when it consumes again after a loss: what was sent meanwhile may be gone. */
  onGap(fn: () => void): () => void {
    this.#gapListeners.add(fn);
    return () => this.#gapListeners.delete(fn);
  }

  /** Begin; resolves when it consumes for the first time. While the broker is away it keeps trying. */
  async start(): Promise<void> {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#unlisten = this.#options.connection.onLost(() => this.#lost());
    await this.#run();
  }

  /** The connection broke, or the broker closed the channel or ended the consumer. */
  #lost(): void {
    const consumed = this.#channel !== null;
    this.#channel = null;
    this.#losses++;
    if (this.#stopped) return;
    if (consumed) for (const fn of this.#lostListeners) fn();
    void this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    this.#unlisten?.();
    const channel = this.#channel;
    this.#channel = null;
    await channel?.close().catch(() => {});
  }

  /** One attempt at a time: two would hear every event twice. */
  #run(): Promise<void> {
    this.#running ??= this.#begin().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #begin(): Promise<void> {
    if (this.#stopped || this.#channel !== null) return;
    const { connection, log, timer, queueTtlMs = 60_000, queueExpiresMs = 60_000, routingKey = '#' } = this.#options;
    const { queueDurable = false, queueExclusive = false } = this.#options;
    const losses = this.#losses;
    try {
      const channel = await connection.channel();
      channel.onClosed(() => this.#channel === channel && this.#lost());
      const source = exchange(this.#options.exchange ?? 'celeryev', 'topic');
      await channel.declareQueue(
        queue(this.#queueName, {
          exchange: source,
          routingKey,
          durable: queueDurable,
          exclusive: queueExclusive,
          autoDelete: !queueDurable,
          messageTtlMs: queueTtlMs,
          expiresMs: queueExpiresMs,
        }),
      );
      if (this.#stopped) return void (await channel.close());
      await channel.consume(this.#queueName, (m) => this.#receive(m), {
        noAck: true,
        onCancelled: () => {
          if (this.#channel !== channel) return;
          this.#lost();
          channel.close().catch(() => {});
        },
      });
      if (losses !== this.#losses) throw new Error('the connection was lost again');
      this.#channel = channel;
      if (this.#begun) for (const fn of this.#gapListeners) fn();
      this.#begun = true;
    } catch (error) {
      if (this.#stopped) return;
      log.warning(`Events cannot be captured now: ${toError(error).message}`);
      this.#retry = timer.after(RETRY_MS, () => void this.#run());
    }
  }

  #receive(message: Message): void {
    let body: unknown;
    try {
      body = this.#codec.decode(message.body, message.contentType, message.contentEncoding, this.#accept);
    } catch (error) {
      this.#unreadable++;
      this.#options.log.debug(`An event message could not be read: ${toError(error).message}`);
      return;
    }
    const events = this.edge.read(body);
    if (events.length === 0) return;
    const now = this.#options.timer.now() / 1000;
    for (const event of events) this.#take(event, now);
    for (const fn of this.#listeners) fn(events);
  }

  /** Celery 5.6, events/receiver.py event_from_message. */
  #take(event: CeleryEvent, now: number): void {
    event.local_received = now;
    if (event.type === 'task-sent') {
      // A sender's clock hears nobody: its events take their place just below ours.
      event.clock = (this.#clock.value || 1) + CLIENT_CLOCK_SKEW;
      this.#clock.adjust(event.clock);
    } else if (event.clock !== undefined) this.#clock.adjust(event.clock);
    else event.clock = this.#clock.forward();
    event.timestamp ??= now;
  }
}
