// Questions on a channel of their own, one after the other: RabbitMQ closes the channel on which it refuses something, and to ask about
// a queue that is not there is refused.
import type { Channel } from 'amqplib';

/** RabbitMQ knows no consumer of it, and says so without harm. */
const NOBODY = 'umbel.nobody';

export class Asking {
  readonly #open: () => Promise<Channel>;
  #raw: Channel | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param open a channel that nobody else uses */
  constructor(open: () => Promise<Channel>) {
    this.#open = open;
  }

  ask<T>(question: (raw: Channel) => Promise<T>): Promise<T> {
    const answer = this.#turn.then(async () => question(this.#raw ?? (await this.#fresh())));
    this.#turn = answer.catch(() => {});
    return answer;
  }

  /** Resolves when the broker has answered. */
  ping(): Promise<void> {
    return this.ask(echo);
  }

  async #fresh(): Promise<Channel> {
    const raw = await this.#open();
    this.#raw = raw;
    raw.on('error', () => {});
    raw.on('close', () => {
      if (this.#raw === raw) this.#raw = null;
    });
    return raw;
  }
}

/** Resolves when the broker has read all that was sent on that channel. */
export async function echo(raw: Channel): Promise<void> {
  await raw.cancel(NOBODY);
}
