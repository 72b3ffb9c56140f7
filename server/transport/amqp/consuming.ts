// The consumers of one channel and how much they may hold.
// RabbitMQ limits all consumers of a channel together (`global`), or each for itself from the moment it begins to consume. Quorum queues
// and streams allow only the second: as soon as one of them is consumed here, the count is each consumer's. When it rises, such a consumer
// gets a second line to its queue, with at least half as much again (tasks held for their ETA raise it one by one), which is given up when
// it falls; below what it began with it does not fall. Consumers of classic queues beside them keep what they began with, as all do with Celery.
// Holds: one change at a time; nothing is delivered after `cancel` resolves.
// Celery 5.6: worker/consumer/tasks.py Tasks.start, qos_global; kombu 5.6: common.py QoS
import type { Channel, ConsumeMessage } from 'amqplib';
import { ChannelError } from '../../errors.ts';
import type { ConsumeOptions, ConsumerTag } from '../contract.ts';
import { consumerTagInUse } from '../virtual/declaration.ts';
import { CANCEL_ON_FAILOVER } from './queue-types.ts';
import { toTable } from './table.ts';

interface Line {
  /** The consumer's tag, as the broker knows it. */
  readonly tag: string;
  /** How much it may hold: Infinity is no limit. */
  readonly limit: number;
}

interface Running {
  readonly queue: string;
  readonly options: ConsumeOptions;
  readonly take: (m: ConsumeMessage) => void;
  readonly limitedAlone: boolean;
  readonly lines: Line[];
}

export class Consuming {
  readonly #raw: Channel;
  readonly #limitsEach: (queue: string) => boolean;
  readonly #running = new Map<ConsumerTag, Running>();
  #prefetch = 0;
  #each = false;
  /** The limit over all consumers that the broker knows. */
  #all = 0;
  #tags = 0;
  #lines = 0;
  readonly #used = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();

  /** @param limitsEach a queue that allows a limit for each consumer only */
  constructor(raw: Channel, limitsEach: (queue: string) => boolean) {
    this.#raw = raw;
    this.#limitsEach = limitsEach;
  }

  async consume(
    queue: string,
    take: (m: ConsumeMessage, tag: ConsumerTag) => void,
    options: ConsumeOptions,
  ): Promise<ConsumerTag> {
    const tag = options.consumerTag ?? `ctag.${++this.#tags}`;
    // RabbitMQ would end the connection.
    if (this.#running.has(tag)) throw consumerTagInUse(tag);
    const limitedAlone = this.#limitsEach(queue);
    const running: Running = { queue, options, take: (m) => take(m, tag), limitedAlone, lines: [] };
    this.#running.set(tag, running);
    try {
      await this.#inTurn(async () => {
        if (limitedAlone && !this.#each) {
          this.#each = true;
          await this.#limitAll(0);
        }
        if (!this.#each) await this.#limitAll(this.#prefetch);
        await this.#begin(tag, running, this.#limit());
      });
    } catch (error) {
      this.#running.delete(tag);
      throw error;
    }
    return tag;
  }

  async cancel(tag: ConsumerTag): Promise<void> {
    await this.#inTurn(async () => {
      const running = this.#running.get(tag);
      this.#running.delete(tag);
      for (const line of running?.lines.splice(0) ?? []) await this.#raw.cancel(line.tag);
    });
  }

  async cancelAll(): Promise<void> {
    for (const tag of [...this.#running.keys()]) await this.cancel(tag);
  }

  async qos(prefetch: number): Promise<void> {
    this.#prefetch = prefetch < 0 ? 1 : Math.min(prefetch, 0xffff);
    await this.#inTurn(async () => {
      // Before anything is consumed it is not known yet which of the two it will be.
      if (!this.#each && this.#running.size > 0) await this.#limitAll(this.#prefetch);
      for (const [tag, running] of [...this.#running])
        if (running.limitedAlone && !running.options.noAck) await this.#fit(tag, running);
    });
  }

  /** Over all consumers of the channel. */
  async #limitAll(prefetch: number): Promise<void> {
    if (prefetch === this.#all) return;
    this.#all = prefetch;
    await this.#raw.prefetch(prefetch, true);
  }

  /** Gives up what is too much, adds what is too little. */
  async #fit(tag: ConsumerTag, running: Running): Promise<void> {
    const limit = this.#limit();
    const { lines } = running;
    const isTooMuch = () => {
      const last = lines.at(-1)?.limit ?? 0;
      return lines.length > 1 ? total(lines.slice(0, -1)) >= limit : last === Infinity && limit !== Infinity;
    };
    while (isTooMuch()) await this.#raw.cancel(lines.pop()!.tag);
    const has = total(lines);
    if (has >= limit || this.#running.get(tag) !== running) return;
    await this.#begin(tag, running, Math.max(limit - has, Math.ceil(has / 2)));
  }

  #limit(): number {
    return this.#prefetch === 0 ? Infinity : this.#prefetch;
  }

  async #begin(tag: ConsumerTag, running: Running, limit: number): Promise<void> {
    const { queue, options, take, lines } = running;
    // A tag that was there before would be a crash of RabbitMQ 3.10's quorum queues.
    const line = { tag: running.lines.length === 0 && !this.#used.has(tag) ? tag : `${tag}.${++this.#lines}`, limit };
    this.#used.add(tag);
    lines.push(line);
    if (this.#each) await this.#raw.prefetch(limit === Infinity ? 0 : limit, false);
    const onMessage = (m: ConsumeMessage | null) => (m ? take(m) : this.#ended(tag, running));
    await this.#raw.consume(queue, onMessage, {
      consumerTag: line.tag,
      noAck: options.noAck ?? false,
      arguments: toTable({ ...(running.limitedAlone ? {} : { [CANCEL_ON_FAILOVER]: true }), ...options.arguments }),
    });
  }

  /** By the broker. */
  #ended(tag: ConsumerTag, running: Running): void {
    if (this.#running.get(tag) !== running) return;
    this.#running.delete(tag);
    const text = `the broker ended the consumer of the queue '${running.queue}': the queue was deleted, or moved to another node.`;
    running.options.onCancelled?.(new ChannelError(404, text));
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => {});
    return done;
  }
}

const total = (lines: readonly Line[]) => lines.reduce((sum, line) => sum + line.limit, 0);
