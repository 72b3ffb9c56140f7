// Messages on their way from one channel to the broker: which of them it has confirmed, and what is told of the others when the channel
// ends. With confirms a publish resolves when the broker has the message as safely as the queue promises (a durable queue: on its disk);
// without (`confirm_publish: false`, as Celery sends) when it has left for the network, and while the broker takes none, not before.
// Holds: each publish settles; `drained` resolves when none is open. What may have arrived is an OperationalError, what the broker
// refused a ChannelError.
// py-amqp: channel.py basic_publish_confirm
import type { Channel, ConfirmChannel } from 'amqplib';
import { type ChannelError, EncodeError, OperationalError, toError, UmbelError } from '../../errors.ts';
import type { OutgoingMessage } from '../message.ts';
import { checkSize } from '../virtual/declaration.ts';
import type { Client } from './client.ts';
import { gone } from './failure.ts';
import { checkFrame, toAmqp } from './message.ts';

interface Sent {
  readonly message: OutgoingMessage;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Publishing {
  readonly #raw: Channel;
  readonly #client: Client;
  readonly #open = new Set<Sent>();
  readonly #waiting: (() => void)[] = [];
  #ended: { error: Error | null; refused: ChannelError | null } | null = null;

  constructor(raw: Channel, client: Client) {
    this.#raw = raw;
    this.#client = client;
    raw.on('drain', () => this.#left());
  }

  publish(message: OutgoingMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      const sent = { message, resolve, reject };
      try {
        checkSize(message, this.#client.options.sizeLimit);
        if (this.#client.options.confirms) this.#sendConfirmed(sent);
        else this.#send(sent);
      } catch (error) {
        this.#open.delete(sent);
        reject(this.#meaning(toError(error)));
      }
    });
  }

  /** When the broker has all, or the channel has ended. */
  drained(): Promise<void> {
    return this.#open.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * @param refused why the broker closed the channel, when it was for something that was published
   */
  end(error: Error | null, refused: ChannelError | null): void {
    this.#ended = { error, refused };
    for (const sent of [...this.#open]) this.#lose(sent);
  }

  #sendConfirmed(sent: Sent): void {
    const { exchange, routingKey, body } = sent.message;
    const raw = this.#raw as ConfirmChannel;
    raw.publish(exchange, routingKey, bufferOf(body), this.#options(sent.message), (error: Error | null) => {
      // The channel's end tells it better.
      if (error && !/nacked/.test(error.message)) return;
      if (!error) sent.resolve();
      else sent.reject(this.#nacked(sent));
      this.#done(sent);
    });
    this.#open.add(sent);
  }

  #options(message: OutgoingMessage): ReturnType<typeof toAmqp> {
    const options = toAmqp(message);
    checkFrame(options, this.#client.frameMax);
    return options;
  }

  #send(sent: Sent): void {
    const { exchange, routingKey, body } = sent.message;
    const room = this.#raw.publish(exchange, routingKey, bufferOf(body), this.#options(sent.message));
    this.#open.add(sent);
    if (!room) return;
    if (this.#client.blocked === null) this.#left();
    else void this.#client.untilUnblocked().then(() => this.#left());
  }

  /** The buffer of the channel is empty. */
  #left(): void {
    if (this.#client.options.confirms || this.#ended || this.#client.blocked !== null) return;
    for (const sent of [...this.#open]) {
      sent.resolve();
      this.#done(sent);
    }
  }

  #done(sent: Sent): void {
    this.#open.delete(sent);
    if (this.#open.size === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #lose(sent: Sent): void {
    const { error, refused } = this.#ended!;
    sent.reject(refused && isAbout(refused, sent.message) ? refused : inDoubt(this.#client.options.safeUrl, error));
    this.#done(sent);
  }

  #nacked({ message }: Sent): Error {
    const { safeUrl } = this.#client.options;
    const text = `The broker at ${safeUrl} did not take a message to '${message.routingKey}': its queue is full, or failed.`;
    return new OperationalError(safeUrl, text);
  }

  /** What was thrown before anything was sent. */
  #meaning(error: Error): Error {
    if (error instanceof UmbelError) return error;
    if (error.name === 'IllegalOperationError') return gone(this.#client.options, this.#ended?.error);
    return new EncodeError(`AMQP cannot carry this message: ${error.message}`, { cause: error });
  }
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** RabbitMQ's name for the exchange without a name. */
const DEFAULT_EXCHANGE = 'amq.default';

/** The broker names the exchange, or the size; else it may be any of them. */
function isAbout({ message: text }: ChannelError, { exchange, body }: OutgoingMessage): boolean {
  const named = /exchange '(.*?)' in vhost/.exec(text)?.[1];
  if (named !== undefined) return named === (exchange || DEFAULT_EXCHANGE);
  const size = /message size (\d+)/.exec(text)?.[1];
  return size === undefined || Number(size) === body.length;
}

function inDoubt(safeUrl: string, error: Error | null): Error {
  const text =
    `The connection to the broker at ${safeUrl} broke before it confirmed a message, which it may have or not` +
    `${error ? `: ${error.message}` : '.'}`;
  return new OperationalError(safeUrl, text, { cause: error ?? undefined });
}
