// One connection of amqplib's: opened, watched, and ended for good. What amqplib has within and does not show is touched here alone; its
// version is pinned for that.
// Holds: what was sent on a channel is sent before the connection says that it closes; a line that is dead keeps no process alive; a
// message whose headers amqplib cannot read does not end the connection; what is sent in one turn goes to the socket as one.
// py-amqp: connection.py Connection
import type { Socket } from 'node:net';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import { OperationalError, toError } from '../../errors.ts';
import { createTimer, type TimerHandle } from '../../timer.ts';
import { connectError } from './failure.ts';
import type { AmqpOptions } from './options.ts';
import { makeReadable, restoreLarge } from './table.ts';

/** Within amqplib's model of a connection. */
interface Within {
  readonly connection: {
    readonly frameMax: number;
    readonly stream: Socket;
    readonly rest: Buffer;
    readonly muxer: { _readIncoming(): void };
    recvFrame(): unknown;
  };
}

/** How long a broker that says nothing is waited for when we leave. @unit milliseconds */
const GOODBYE_MS = 10_000;
/** How long one that takes no messages is: it reads nothing that comes on this connection, and it may be hours. @unit milliseconds */
const BLOCKED_GOODBYE_MS = 2_000;
/** How long the last bytes have to leave a line that is closed already. @unit milliseconds */
const LINGER_MS = 2_000;

const timer = createTimer({ unref: true });

export class Client {
  readonly model: ChannelModel;
  readonly options: AmqpOptions;
  /** Why the broker takes no messages; null: it does. */
  blocked: string | null = null;
  #alive = true;
  #closing: Promise<void> | null = null;
  #error: Error | null = null;
  #hurry: TimerHandle | null = null;
  #leaving = false;
  #patience: TimerHandle | null = null;
  readonly #unheard = new Set<() => void>();
  readonly #lost: ((error: Error) => void)[] = [];
  readonly #unblocked: (() => void)[] = [];
  readonly #blocked: ((reason: string | null) => void)[] = [];

  private constructor(model: ChannelModel, options: AmqpOptions) {
    this.model = model;
    this.options = options;
    readAnyHeaders(model);
    writeTogether(model);
    model.on('error', (error: Error) => {
      this.#error ??= error;
    });
    model.on('close', (error?: Error) => this.#ended(error));
    model.on('blocked', (reason: string) => {
      this.blocked = reason;
      for (const listener of this.#blocked) listener(reason);
      this.#bePatient();
    });
    model.on('unblocked', () => {
      this.#unblock();
      for (const listener of this.#blocked) listener(null);
    });
  }

  /** @throws OperationalError */
  static async open(options: AmqpOptions): Promise<Client> {
    try {
      return new Client(await connect(options.address, options.socket), options);
    } catch (error) {
      throw connectError(error, options);
    }
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** As agreed with the broker. @unit bytes */
  get frameMax(): number {
    return within(this.model).frameMax;
  }

  /** Why it was lost. */
  get error(): Error | null {
    return this.#error;
  }

  onLost(listener: (error: Error) => void): void {
    this.#lost.push(listener);
  }

  /** With why the broker takes no messages, and with null when it does again. */
  onBlocked(listener: (reason: string | null) => void): void {
    this.#blocked.push(listener);
  }

  /** When the broker takes messages again, or the connection has ended. */
  untilUnblocked(): Promise<void> {
    if (this.blocked === null || !this.#alive) return Promise.resolve();
    return new Promise((resolve) => this.#unblocked.push(resolve));
  }

  /**
   * Found lost in seconds when it does not say anything. A broker that takes no messages answers nothing either: that is not the end
   * of it, before we close.
   * @param ask something it has to answer
   */
  hurry(ask: () => void): void {
    if (this.#hurry || !this.#alive) return;
    const socket = streamOf(this.model);
    let heard = socket.bytesRead;
    ask();
    this.#hurry = timer.every(GOODBYE_MS, () => {
      const silent = socket.bytesRead === heard;
      if (silent && (this.blocked === null || this.#leaving)) return this.cut(new Error('it does not answer'));
      heard = socket.bytesRead;
      if (this.blocked === null) ask();
    });
    this.#bePatient();
  }

  /** What is answered, or undefined: we hurry, and the broker takes no messages. It does what it was asked when it has read it. */
  async answered<T>(answer: Promise<T>): Promise<T | undefined> {
    let giveUp = () => {};
    const unheard = new Promise<undefined>((resolve) => {
      giveUp = () => resolve(undefined);
    });
    this.#unheard.add(giveUp);
    this.#bePatient();
    try {
      return await Promise.race([answer, unheard]);
    } finally {
      this.#unheard.delete(giveUp);
    }
  }

  /**
   * What channels have said leaves at the end of this step and not with the next turn of the event loop, which a task that begins now
   * may hold up.
   */
  writeOut(): void {
    // Until then its channel has not told the muxer that there is something.
    process.nextTick(() => {
      if (this.#alive) within(this.model).muxer._readIncoming();
    });
  }

  /** From now on also a broker that takes no messages is not waited for. */
  leave(): void {
    this.#leaving = true;
    this.#bePatient();
  }

  /** The connection ends here and now. */
  cut(error: Error): void {
    this.#error ??= error;
    streamOf(this.model).destroy(error);
  }

  /** Its channels have to be closed before: what they have yet to send would be lost. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (!this.#alive) return;
    await this.model.close().catch(() => {});
    this.#alive = false;
  }

  /** For a moment, when we hurry and the broker takes no messages. */
  #bePatient(): void {
    if (this.blocked === null || !this.#hurry || this.#patience) return;
    this.#patience = timer.after(BLOCKED_GOODBYE_MS, () => {
      this.#patience = null;
      if (this.blocked === null) return;
      if (this.#leaving) this.cut(new Error(`it takes no messages for now (${this.blocked})`));
      else for (const giveUp of this.#unheard) giveUp();
    });
  }

  #unblock(): void {
    this.#patience?.cancel();
    this.#patience = null;
    this.blocked = null;
    for (const resolve of this.#unblocked.splice(0)) resolve();
  }

  #ended(error: Error | undefined): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#hurry?.cancel();
    this.#unblock();
    release(streamOf(this.model));
    if (this.#closing) return;
    this.#error ??= error ?? new Error('the broker closed the connection');
    const { safeUrl } = this.options;
    const text = `The connection to the broker at ${safeUrl} is lost: ${this.#error.message}`;
    const lost = new OperationalError(safeUrl, text, { cause: toError(this.#error) });
    for (const listener of this.#lost.splice(0)) listener(lost);
  }
}

const within = (model: ChannelModel) => (model as unknown as Within).connection;
const streamOf = (model: ChannelModel): Socket => within(model).stream;

/** amqplib says goodbye and waits for the other end, which may never come. */
function release(socket: Socket): void {
  socket.unref?.();
  socket.on('error', () => {});
  socket.destroySoon?.();
  timer.after(LINGER_MS, () => socket.destroy());
}

const CONTENT_HEADER = 2;
const FRAME_HEADER_BYTES = 7;

/** Looks at each frame before amqplib decodes it. */
function readAnyHeaders(model: ChannelModel): void {
  const connection = within(model);
  const recvFrame = connection.recvFrame;
  connection.recvFrame = function patched(this: typeof connection) {
    const { rest } = this;
    if (rest.length <= FRAME_HEADER_BYTES || rest[0] !== CONTENT_HEADER) return recvFrame.call(this);
    const end = FRAME_HEADER_BYTES + rest.readUInt32BE(3);
    if (end >= rest.length) return recvFrame.call(this);
    const payload = rest.subarray(FRAME_HEADER_BYTES, end);
    const hasLarge = makeReadable(payload);
    const frame = recvFrame.call(this) as { fields: { headers: Record<string, unknown> } };
    if (hasLarge) restoreLarge(payload, frame.fields.headers);
    return frame;
  };
}

const CANCEL = (60 << 16) | 30;
const CANCEL_OK = (60 << 16) | 31;

/** Within amqplib's channel. */
interface ChannelWithin {
  sendOrEnqueue(method: number, fields: object, reply: unknown): void;
  accept(frame: { readonly id?: number; readonly fields?: object }): void;
}

/**
 * That a consumer is cancelled is heard as often as it was asked for: RabbitMQ answers twice when its queue (a quorum queue) goes at that
 * moment. amqplib would take the second for the answer to what was asked next, or end the connection where nothing was.
 */
export function hearCancelledOnce(raw: Channel): void {
  const channel = raw as unknown as ChannelWithin;
  const { accept, sendOrEnqueue } = channel;
  const asked: string[] = [];
  const tagIn = (fields: object | undefined) => (fields as { readonly consumerTag: string }).consumerTag;
  channel.sendOrEnqueue = function counting(this: ChannelWithin, method, fields, reply) {
    if (method === CANCEL) asked.push(tagIn(fields));
    sendOrEnqueue.call(this, method, fields, reply);
  };
  channel.accept = function patched(this: ChannelWithin, frame) {
    if (frame.id === CANCEL_OK) {
      const place = asked.indexOf(tagIn(frame.fields));
      if (place < 0) return;
      asked.splice(place, 1);
    }
    accept.call(this, frame);
  };
}

/** What a turn of the event loop sends goes to the socket as one: amqplib would make a system call for each message. */
function writeTogether(model: ChannelModel): void {
  const { muxer, stream } = within(model);
  const move = muxer._readIncoming;
  muxer._readIncoming = function together(this: typeof muxer) {
    stream.cork();
    try {
      move.call(this);
    } finally {
      stream.uncork();
    }
  };
}
