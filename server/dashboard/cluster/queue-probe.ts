// Depths, consumers and age of every queue, as the broker tells them, every few seconds; a look at the messages that wait.
// Not here: depth over days (history's gauges); which broker can tell what (transport/contract.ts).
// Holds: nothing is consumed and no queue is made; the queues of remote control and events are left out.
import { bySetClock } from '../../../shared/set-clock.ts';
import { NotImplementedError, OperationalError, toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Connection } from '../../messaging/connection.ts';
import { type Timer, within } from '../../timer.ts';
import type {
  BrokerAbout,
  Channel,
  FoundMessage,
  FoundMessages,
  QueueStatus,
  WaitingConsumers,
} from '../../transport/contract.ts';
import type { Message } from '../../transport/message.ts';
import { LastTime } from './last-time.ts';
import type { ManagedQueue, ManagementApi } from './management-api.ts';
import { type MovedMessages, moveMessages } from './moving.ts';

export interface ProbedQueue {
  name: string;
  status: QueueStatus | null;
  /** By RabbitMQ's management API; null: it is not asked, did not answer, or does not know it. */
  managed: ManagedQueue | null;
  /** @unit seconds since the epoch */
  at: number;
  /** Newest last, up to SAMPLE_SPAN back. */
  samples: { at: number; messages: number }[];
}

/** @unit seconds */
const SAMPLE_SPAN = 300;
/** Queues found on the broker beyond this are left out, and counted. */
const MAX_QUEUES = 500;
/** Messages of a queue among which one is looked for. */
const SEARCHED = 1000;
/** A page is not kept waiting by a broker that is silent; less when the last round has shown it to be. @unit milliseconds */
const BROKER_SILENT_MS = 4000;
const BROKER_AWAY_MS = 500;

export interface QueueProbeOptions {
  readonly connection: Connection;
  readonly timer: Timer;
  readonly log: Logger;
  /** Names to probe although the broker may not list them. */
  readonly wanted: () => Iterable<string>;
  /** Names to probe where the broker lists none; one that is not there is left out. Default: none. */
  readonly named?: () => Iterable<string>;
  /** Queues of events and remote control: no work waits there. */
  readonly isInternal: (name: string) => boolean;
  /** Default: none is asked. */
  readonly management?: ManagementApi | null;
}

/** Tells queues of events and remote control by the names that the settings give them. */
export function internalQueues(eventQueuePrefix: string, controlExchange: string): (name: string) => boolean {
  const isPidbox = (name: string, base: string) => name === base || name.endsWith(`.${base}`);
  return (name) =>
    name === eventQueuePrefix ||
    name.startsWith(`${eventQueuePrefix}.`) ||
    isPidbox(name, `${controlExchange}.pidbox`) ||
    isPidbox(name, 'celery.pidbox') ||
    name.startsWith(`reply.${controlExchange}.pidbox`);
}

export class QueueProbe {
  readonly queues = new Map<string, ProbedQueue>();
  readonly #connection: Connection;
  readonly #timer: Timer;
  readonly #log: Logger;
  readonly #wanted: () => Iterable<string>;
  readonly #named: () => Iterable<string>;
  readonly #isInternal: (name: string) => boolean;
  readonly management: ManagementApi | null;
  #channel: Channel | null = null;
  #round: Promise<void> | null = null;
  readonly #lastOk: LastTime;
  /** Queues of the broker that are not among `queues`. */
  leftOut = 0;
  latencyMs: number | null = null;
  failure: string | null = null;

  constructor({ connection, timer, log, wanted, named = () => [], isInternal, management = null }: QueueProbeOptions) {
    this.#connection = connection;
    this.#timer = timer;
    this.#lastOk = new LastTime(timer);
    this.#log = log;
    this.#wanted = wanted;
    this.#named = named;
    this.#isInternal = isInternal;
    this.management = management;
  }

  /** @unit seconds since the epoch */
  get lastOk(): number | null {
    return this.#lastOk.at;
  }

  /** Why the broker takes no messages for now, and answers nothing. */
  get blocked(): string | null {
    return this.#connection.blocked;
  }

  /** One round; concurrent callers share it. Never rejects. */
  probe(): Promise<void> {
    this.#round ??= this.#probe().finally(() => {
      this.#round = null;
    });
    return this.#round;
  }

  /** A round that begins after this call: what was just done to a queue is seen. Never rejects. */
  async probeAnew(): Promise<void> {
    await this.#round;
    await this.probe();
  }

  /** Measures a queue that the broker did not list the last time. */
  async probeQueue(name: string): Promise<void> {
    if (this.queues.get(name)?.status || this.#isInternal(name)) return;
    try {
      const status = await this.#ask((channel) => channel.queueStatus(name));
      if (status) this.#keep(name, status, null, this.#timer.now() / 1000);
    } catch (error) {
      this.#log.debug(`The queue ${name} cannot be measured now: ${toError(error).message}`);
    }
  }

  async peek(name: string, limit: number): Promise<Message[] | null> {
    return this.#ask((channel) => channel.peek(name, limit));
  }

  /** @throws NotImplementedError where `peek` shows them, or nothing does */
  async peekByTaking(name: string, limit: number): Promise<Message[]> {
    return this.#ask(async (channel) => {
      if (channel.peekByTaking) return channel.peekByTaking(name, limit);
      throw new NotImplementedError('This broker shows messages without taking them, or not at all.');
    });
  }

  /** The messages that name a task: ready in one of these queues, or, where the broker can tell, taken and not yet acknowledged. */
  find(id: string, queues: readonly string[], limit = SEARCHED): Promise<FoundMessages> {
    return this.#ask((channel) => this.#find(channel, id, queues, limit));
  }

  async #find(channel: Channel, id: string, queues: readonly string[], limit: number): Promise<FoundMessages> {
    const isIt = (m: Message) => m.headers.id === id || m.properties.correlation_id === id;
    if (channel.findTask) {
      const { messages, complete } = await channel.findTask(id, queues, limit);
      return { messages: messages.filter(({ message }) => isIt(message)), complete };
    }
    // Those that were taken cannot be seen: what is not found may be with a worker.
    const messages: FoundMessage[] = [];
    for (const queue of queues)
      for (const [i, message] of ((await channel.peek(queue, limit).catch(() => null)) ?? []).entries())
        if (isIt(message)) messages.push({ message, unacked: false, position: i + 1 });
    return { messages, complete: false };
  }

  /** Who waits for messages, by the broker's word. null: it cannot tell. */
  async waitingConsumers(): Promise<WaitingConsumers | null> {
    return this.#ask(async (channel) => (await channel.waitingConsumers?.()) ?? null);
  }

  /** What the broker says of itself. null: it says nothing. @param detailed who its clients are, too */
  about(detailed: boolean): Promise<BrokerAbout | null> {
    return this.#ask(
      async (channel) => (await channel.about?.(detailed)) ?? (await this.management?.about(detailed)) ?? null,
    );
  }

  /** @returns how many messages were removed */
  async purge(name: string): Promise<number> {
    const channel = await this.#open();
    return channel.purge(name);
  }

  /** On a channel of its own: what it takes and a broken line leaves unsettled is given back with it. */
  async move(from: string, to: string, ids: ReadonlySet<string> | null): Promise<MovedMessages> {
    await this.#open();
    const channel = await this.#connection.channel();
    try {
      return await moveMessages(channel, from, to, ids);
    } finally {
      await channel.close().catch(() => {});
    }
  }

  /** @throws OperationalError also for a broker that is silent */
  async #ask<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    const limitMs = this.failure === null ? BROKER_SILENT_MS : BROKER_AWAY_MS;
    const asked = (async () => ({ value: await work(await this.#open()) }))();
    const answer = await within(this.#timer, limitMs, asked);
    if (answer) return answer.value;
    throw new OperationalError(this.#connection.url, `The broker has not answered within ${limitMs / 1000} s.`);
  }

  async #open(): Promise<Channel> {
    if (this.#channel === null || !this.#connection.connected) {
      await this.#connection.tryConnect();
      const channel = await this.#connection.channel();
      channel.onClosed(() => {
        if (this.#channel === channel) this.#channel = null;
      });
      this.#channel = channel;
    }
    return this.#channel;
  }

  /** The wall clock was set: what waits has waited as long as before. @param by seconds */
  clockSet(by: number): void {
    const now = this.#timer.now() / 1000;
    for (const queue of this.queues.values()) {
      queue.at = bySetClock(queue.at, by, now);
      for (const one of queue.samples) one.at = bySetClock(one.at, by, now);
    }
  }

  async #probe(): Promise<void> {
    const begun = this.#timer.monotonic();
    const at = this.#timer.now() / 1000;
    try {
      const channel = await this.#open();
      const managed = (await this.management?.queues()) ?? null;
      const listed = await channel.listQueues();
      const names = new Set<string>();
      for (const name of [...(listed ?? []), ...(managed?.keys() ?? [])]) if (!this.#isInternal(name)) names.add(name);
      const beyond = [...names].slice(MAX_QUEUES);
      for (const name of beyond) names.delete(name);
      for (const name of this.#wanted()) if (!this.#isInternal(name)) names.add(name);
      for (const name of names) this.#keep(name, await channel.queueStatus(name), managed?.get(name) ?? null, at);
      for (const name of listed === null ? this.#named() : []) {
        if (names.has(name) || this.#isInternal(name)) continue;
        const status = await channel.queueStatus(name);
        if (status === null) continue;
        names.add(name);
        this.#keep(name, status, null, at);
      }
      for (const name of this.queues.keys()) if (!names.has(name)) this.queues.delete(name);
      const elsewhere = managed ? this.management!.leftOut : 0;
      this.leftOut = elsewhere + beyond.filter((name) => !names.has(name)).length;
      this.#lastOk.mark();
      this.latencyMs = this.#timer.monotonic() - begun;
      this.failure = null;
    } catch (error) {
      this.failure = toError(error).message;
      this.#channel = null;
      this.#log.debug(`Queues cannot be measured now: ${this.failure}`);
    }
  }

  #keep(name: string, status: QueueStatus | null, managed: ManagedQueue | null, at: number): void {
    let queue = this.queues.get(name);
    if (!queue) {
      queue = { name, status: null, managed, at, samples: [] };
      this.queues.set(name, queue);
    }
    queue.status = status;
    queue.managed = managed;
    queue.at = at;
    if (status === null) return;
    queue.samples.push({ at, messages: status.messages });
    while (queue.samples.length > 0 && queue.samples[0]!.at < at - SAMPLE_SPAN) queue.samples.shift();
  }
}

/** Since when something has waited in it at every look; null: nothing waits, or it is not known. @unit seconds since the epoch */
export function waitingSince(queue: ProbedQueue): number | null {
  if (queue.status === null || queue.status.messages === 0) return null;
  let since: number | null = null;
  for (const { at, messages } of queue.samples) since = messages === 0 ? null : (since ?? at);
  return since;
}

/** The last look at which less waited in it than at the one before; null: none of those kept. @unit seconds since the epoch */
export function fallenAt({ samples }: ProbedQueue): number | null {
  for (let i = samples.length - 1; i > 0; i--)
    if (samples[i]!.messages < samples[i - 1]!.messages) return samples[i]!.at;
  return null;
}

/** Net change per minute over the samples kept; null before there are ten seconds of them. */
export function netPerMinute(queue: ProbedQueue): number | null {
  const first = queue.samples[0];
  const last = queue.samples.at(-1);
  if (!first || !last || last.at - first.at < 10) return null;
  return ((last.messages - first.messages) / (last.at - first.at)) * 60;
}

/** It fills, and not just by a few. */
export function isGrowing(queue: ProbedQueue): boolean {
  const net = netPerMinute(queue);
  const last = queue.samples.at(-1);
  const first = queue.samples[0];
  if (net === null || !last || !first || last.at - first.at < 30) return false;
  return net >= 1 && last.messages >= 20 && last.messages > first.messages * 1.2;
}
