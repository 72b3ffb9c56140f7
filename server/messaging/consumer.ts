// Consume a set of queues on one channel: declare, consume, add and cancel queues while it runs, prefetch.
// What to do with a message: the caller's. Connecting again: whoever made the channel.
// Holds: a queue added twice is consumed once. A consumer that the broker cancels is made again, its queue declared anew. When the
// channel is closed by the broker, or a consumer cannot be made again, `onLost` is called once, and nothing is consumed any more.
// Kombu: messaging.py Consumer
import type { ChannelError } from '../errors.ts';
import { toError } from '../errors.ts';
import type { Channel, ConsumerTag } from '../transport/contract.ts';
import type { Queue } from '../transport/entity.ts';
import type { Message } from '../transport/message.ts';

export interface ConsumerOptions {
  readonly queues: readonly Queue[];
  readonly onMessage: (m: Message) => void;
  readonly noAck?: boolean;
  /** Set before the first message; not given leaves the channel's. */
  readonly prefetch?: number;
  /** Consumer tags are this and a number. Default 'None', as Celery's are. */
  readonly tagPrefix?: string;
  /** It consumes no longer, though the connection lives. Default: nobody is told. */
  readonly onLost?: (error: Error) => void;
  /** The broker ended the consumer of a queue, which is about to be consumed again. Default: nobody is told. */
  readonly onCancelled?: (queue: Queue, reason: ChannelError) => void;
}

export class Consumer {
  readonly channel: Channel;
  readonly #options: ConsumerOptions;
  readonly #queues = new Map<string, Queue>();
  readonly #tags = new Map<string, Promise<ConsumerTag>>();
  #consuming = false;
  /** `consume` has resolved: before that, who called it is told. */
  #begun = false;
  #count = 0;

  constructor(channel: Channel, options: ConsumerOptions) {
    this.channel = channel;
    this.#options = options;
    for (const queue of options.queues) this.#queues.set(queue.name, queue);
    channel.onClosed((error) => this.#lose(error));
  }

  get queues(): readonly Queue[] {
    return [...this.#queues.values()];
  }

  consumingFrom(name: string): boolean {
    return this.#tags.has(name);
  }

  async consume(): Promise<void> {
    if (this.#options.prefetch !== undefined) await this.channel.qos(this.#options.prefetch);
    this.#consuming = true;
    for (const queue of this.#queues.values()) await this.#start(queue);
    this.#begun = true;
  }

  async addQueue(queue: Queue): Promise<void> {
    if (!this.#queues.has(queue.name)) this.#queues.set(queue.name, queue);
    if (this.#consuming) await this.#start(queue);
  }

  /** false: it was not consumed here. */
  async cancelQueue(name: string): Promise<boolean> {
    const known = this.#queues.delete(name);
    const tag = this.#tags.get(name);
    // Suspended.
    if (!tag) return known;
    this.#tags.delete(name);
    await this.channel.cancel(await tag);
    return true;
  }

  /** Read no more of it for now; it stays one of the queues. */
  async suspendQueue(name: string): Promise<void> {
    const tag = this.#tags.get(name);
    if (!tag) return;
    this.#tags.delete(name);
    await this.channel.cancel(await tag);
  }

  async resumeQueue(name: string): Promise<void> {
    const queue = this.#queues.get(name);
    if (queue && this.#consuming) await this.#start(queue);
  }

  qos(prefetch: number): Promise<void> {
    return this.channel.qos(prefetch);
  }

  /** Stop consuming. What was delivered stays with the channel; `consume` starts again. */
  async cancel(): Promise<void> {
    this.#consuming = false;
    const tags = [...this.#tags.values()];
    this.#tags.clear();
    for (const tag of tags) await this.channel.cancel(await tag);
  }

  #start(queue: Queue): Promise<ConsumerTag> {
    const running = this.#tags.get(queue.name);
    if (running) return running;
    const starting = this.#begin(queue, (reason) => {
      if (this.#tags.get(queue.name) === starting) this.#again(queue, reason);
    });
    this.#tags.set(queue.name, starting);
    starting.catch(() => {
      if (this.#tags.get(queue.name) === starting) this.#tags.delete(queue.name);
    });
    return starting;
  }

  async #begin(queue: Queue, onCancelled: (reason: ChannelError) => void): Promise<ConsumerTag> {
    const consumerTag = `${this.#options.tagPrefix ?? 'None'}${++this.#count}`;
    if (!queue.noDeclare) await this.channel.declareQueue(queue);
    const { noAck, onMessage } = this.#options;
    const options = { noAck, consumerTag, arguments: queue.consumerArguments, onCancelled };
    return this.channel.consume(queue.name, onMessage, options);
  }

  /** The broker cancelled its consumer. */
  #again(queue: Queue, reason: ChannelError): void {
    this.#tags.delete(queue.name);
    if (!this.#consuming || !this.#queues.has(queue.name)) return;
    this.#options.onCancelled?.(queue, reason);
    this.#start(queue).catch((error: unknown) => this.#lose(toError(error)));
  }

  #lose(error: Error): void {
    if (!this.#consuming) return;
    this.#consuming = false;
    this.#tags.clear();
    if (this.#begun) this.#options.onLost?.(error);
  }
}
