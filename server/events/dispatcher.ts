// Sending events: which groups are wanted, Celery's common fields, task events gathered into one message a turn.
// Not here: which event is due when (worker/, app/publisher.ts); reading events (receiver.ts).
// Holds: an event that is not wanted costs nothing but the question; events keep their order; while the broker is away they
// wait here, the oldest dropped beyond `offlineLimit`; so they do while it refuses them, which is said once and tried now and then.
// Celery 5.6: events/dispatcher.py
import { ChannelError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Connection } from '../messaging/connection.ts';
import type { LamportClock } from '../messaging/lamport-clock.ts';
import { type BodyCodec, type Encoded, PLAIN_CODEC } from '../serialization/codec.ts';
import type { Timer } from '../timer.ts';
import type { Channel } from '../transport/contract.ts';
import { exchange as exchangeOf } from '../transport/entity.ts';

export interface EventDispatcherOptions {
  /** Where to publish; asked again after a failure. Instead of `connection`. */
  readonly channel?: () => Promise<Channel>;
  readonly connection?: Connection;
  readonly hostname: string;
  readonly clock: LamportClock;
  readonly timer: Timer;
  /** `event_exchange`. Default 'celeryev' */
  readonly exchange?: string;
  /** `event_serializer`. Default 'json' */
  readonly serializer?: string;
  /** The app's. Default: JSON, text and bytes. */
  readonly codec?: BodyCodec;
  /** Groups ('task', 'worker') that are sent; none given: all. */
  readonly groups?: readonly string[];
  readonly enabled?: boolean;
  /** Groups gathered into arrays, sent on the next turn. Default: task, but for `task-sent`. */
  readonly bufferGroups?: readonly string[];
  /** Events in one array at most. */
  readonly bufferLimit?: number;
  /** Messages kept while the broker is away. */
  readonly offlineLimit?: number;
  /** Told when the broker refuses them. Default: nobody is. */
  readonly log?: Logger;
}

interface Outgoing {
  readonly routingKey: string;
  readonly payload: unknown;
}

type Event = Record<string, unknown>;

/** For how long nothing is tried after a refusal. @unit milliseconds */
const REFUSED_MS = 10_000;

export class EventDispatcher {
  enabled: boolean;
  /** Empty: every group. */
  readonly groups: Set<string>;
  readonly hostname: string;
  /** When it is enabled or disabled as a whole. */
  readonly onEnabled = new Set<() => void>();
  readonly onDisabled = new Set<() => void>();
  readonly #options: EventDispatcherOptions;
  readonly #exchange: string;
  readonly #bufferGroups: ReadonlySet<string>;
  readonly #bufferLimit: number;
  readonly #offlineLimit: number;
  readonly #pid = process.pid;
  readonly #routingKeys = new Map<string, string>();
  #buffers = new Map<string, Event[]>();
  #turnPending = false;
  #outgoing: Outgoing[] = [];
  #channel: Channel | null = null;
  #pump: Promise<void> | null = null;
  #utcoffset = 0;
  #utcoffsetUntilMs = 0;
  #closed = false;
  /** What the broker said when it refused them last; null: it took the last ones. */
  #refusal: string | null = null;
  #restsUntilMs = 0;

  constructor(options: EventDispatcherOptions) {
    this.#options = options;
    this.hostname = options.hostname;
    this.enabled = options.enabled ?? true;
    this.groups = new Set(options.groups);
    this.#exchange = options.exchange ?? 'celeryev';
    this.#bufferGroups = new Set(options.bufferGroups ?? ['task']);
    this.#bufferLimit = options.bufferLimit ?? 500;
    this.#offlineLimit = options.offlineLimit ?? 10_000;
  }

  /** Hot paths ask this before they build an event. */
  wants(group: string): boolean {
    return this.enabled && (this.groups.size === 0 || this.groups.has(group));
  }

  /**
   * Task events go out as one `task.multi` array on the next turn, all others at once.
   * @param nowMs when it happened, if that is not now
   */
  send(type: string, fields: Record<string, unknown> = {}, nowMs = this.#options.timer.now()): void {
    const group = groupOf(type);
    if (!this.wants(group) || this.#closed) return;
    const event: Event = {
      hostname: this.hostname,
      utcoffset: this.#offset(nowMs),
      pid: this.#pid,
      clock: this.#options.clock.forward(),
      ...fields,
      timestamp: nowMs / 1000,
      type,
    };
    if (this.#bufferGroups.has(group) && type !== 'task-sent') this.#buffer(group, event);
    else this.#post(this.#routingKey(type), event);
  }

  /** Hands over what is gathered, and resolves when the broker has it or is found to be away. */
  async flush(): Promise<void> {
    this.#endTurn();
    if (this.#outgoing.length > 0) this.#startPump();
    await this.#pump;
  }

  enable(): void {
    if (this.enabled) return;
    this.enabled = true;
    for (const fn of this.onEnabled) fn();
  }

  disable(): void {
    if (!this.enabled) return;
    this.enabled = false;
    for (const fn of this.onDisabled) fn();
  }

  /** Forget the channel: the connection was lost. The next event asks for a new one. */
  reset(): void {
    this.#channel = null;
    this.#restsUntilMs = 0;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.flush();
    this.#closed = true;
    this.#channel = null;
    this.#outgoing = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #buffer(group: string, event: Event): void {
    let events = this.#buffers.get(group);
    if (!events) {
      events = [];
      this.#buffers.set(group, events);
    }
    events.push(event);
    if (events.length >= this.#bufferLimit) {
      this.#buffers.delete(group);
      this.#post(`${group}.multi`, events);
    } else if (!this.#turnPending) {
      this.#turnPending = true;
      setImmediate(() => this.#endTurn());
    }
  }

  #endTurn(): void {
    this.#turnPending = false;
    if (this.#buffers.size === 0) return;
    const buffers = this.#buffers;
    this.#buffers = new Map();
    for (const [group, events] of buffers) this.#post(`${group}.multi`, events);
  }

  #post(routingKey: string, payload: unknown): void {
    this.#outgoing.push({ routingKey, payload });
    if (!this.#pump) this.#startPump();
  }

  #startPump(): void {
    if (this.#pump) return;
    if (this.#options.timer.monotonic() < this.#restsUntilMs) this.#trim();
    else this.#pump = this.#drain();
  }

  /** Gives up its place in the same breath as it finds nothing left: what comes after that starts another. */
  async #drain(): Promise<void> {
    while (this.#outgoing.length > 0) {
      let channel: Channel;
      try {
        channel = this.#channel ?? (await this.#open());
      } catch (error) {
        this.#failed(error);
        this.#trim();
        break;
      }
      const batch = this.#outgoing;
      this.#outgoing = [];
      const failed = await this.#publish(channel, batch);
      if (failed.length > 0) {
        if (this.#channel === channel) this.#channel = null;
        this.#outgoing = [...failed, ...this.#outgoing];
        this.#trim();
        break;
      }
      this.#refusal = null;
    }
    this.#pump = null;
  }

  /** A broker that is away says so elsewhere; one that is there and refuses is not asked again with each event. */
  #failed(error: unknown): void {
    if (!(error instanceof ChannelError)) return;
    this.#restsUntilMs = this.#options.timer.monotonic() + REFUSED_MS;
    if (this.#refusal === error.message) return;
    this.#refusal = error.message;
    this.#options.log?.error(`Events cannot be sent: ${error.message}`);
  }

  async #open(): Promise<Channel> {
    const { channel: open, connection } = this.#options;
    const channel = open ? await open() : await connection!.defaultChannel();
    await channel.declareExchange(exchangeOf(this.#exchange, 'topic'));
    this.#channel = channel;
    return channel;
  }

  /** @returns what could not be sent. What cannot be written at all is dropped: it would fail for ever. */
  async #publish(channel: Channel, batch: readonly Outgoing[]): Promise<Outgoing[]> {
    const failed: Outgoing[] = [];
    const sent: Promise<unknown>[] = [];
    for (const item of batch) {
      let encoded: Encoded;
      try {
        encoded = (this.#options.codec ?? PLAIN_CODEC).encode(item.payload, this.#options.serializer ?? 'json');
      } catch {
        continue;
      }
      // In a function of its own: a channel that throws at once is as lost as one that rejects.
      const send = async () =>
        channel.publish({
          exchange: this.#exchange,
          routingKey: item.routingKey,
          ...encoded,
          headers: { hostname: this.hostname },
          properties: { delivery_mode: 1 },
        });
      const lost = (error: unknown) => {
        this.#failed(error);
        failed.push(item);
      };
      sent.push(send().catch(lost));
    }
    await Promise.all(sent);
    return failed;
  }

  #trim(): void {
    const excess = this.#outgoing.length - this.#offlineLimit;
    if (excess > 0) this.#outgoing.splice(0, excess);
  }

  #routingKey(type: string): string {
    let key = this.#routingKeys.get(type);
    if (key === undefined) {
      key = type.replaceAll('-', '.');
      if (this.#routingKeys.size < 1000) this.#routingKeys.set(type, key);
    }
    return key;
  }

  /** Whole hours west of UTC, floored: Prague in winter -1, India -6. */
  #offset(nowMs: number): number {
    if (nowMs >= this.#utcoffsetUntilMs) {
      this.#utcoffset = Math.floor(new Date(nowMs).getTimezoneOffset() / 60) || 0;
      this.#utcoffsetUntilMs = nowMs + 60_000;
    }
    return this.#utcoffset;
  }
}

function groupOf(type: string): string {
  const dash = type.indexOf('-');
  return dash === -1 ? type : type.slice(0, dash);
}
