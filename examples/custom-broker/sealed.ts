// A broker of your own: another broker that never sees a body. `sealed+redis://localhost:6379/0` is that Redis, with every body encrypted on
// the way in (AES-256-GCM, the key in `SEAL_KEY` as 64 hex digits) and opened on the way out. Headers stay as they are: brokers route by them.
// What a broker promises: umbel/transport, `Transport` and `Channel`. This one leaves it to the broker behind it, but for bodies.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import {
  type Channel,
  createTransport,
  type Message,
  registerTransport,
  type Transport,
  type TransportContext,
} from 'umbel/transport';

const [CIPHER, IV, TAG] = ['aes-256-gcm', 12, 16] as const;

class Seal {
  readonly #key: Buffer;

  constructor(key: string | undefined) {
    if (!/^[0-9a-f]{64}$/i.test(key ?? '')) throw new Error('sealed+ needs SEAL_KEY, a key of 64 hex digits');
    this.#key = Buffer.from(key!, 'hex');
  }

  close(body: Uint8Array): Uint8Array {
    const iv = randomBytes(IV);
    const cipher = createCipheriv(CIPHER, this.#key, iv, { authTagLength: TAG });
    return Buffer.concat([iv, cipher.update(body), cipher.final(), cipher.getAuthTag()]);
  }

  /** A message that was not sealed with this key keeps its body, under a content type that no worker takes. */
  open(message: Message): Message {
    const { body } = message;
    try {
      const opener = createDecipheriv(CIPHER, this.#key, body.subarray(0, IV), { authTagLength: TAG });
      opener.setAuthTag(body.subarray(-TAG));
      return changed(message, { body: Buffer.concat([opener.update(body.subarray(IV, -TAG)), opener.final()]) });
    } catch {
      return changed(message, { contentType: 'application/x-not-sealed' });
    }
  }
}

/** The same object, but for what is given. */
function changed<T extends object>(target: T, change: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const value = name in change ? change[name as keyof T] : target[name as keyof T];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function sealed(channel: Channel, seal: Seal): Channel {
  return changed(channel, {
    publish: (message) => channel.publish({ ...message, body: seal.close(message.body) }),
    async get(queue, options) {
      const message = await channel.get(queue, options);
      return message && seal.open(message);
    },
    consume: (queue, onMessage, options) => channel.consume(queue, (message) => onMessage(seal.open(message)), options),
    async peek(queue, limit) {
      const messages = await channel.peek(queue, limit);
      return messages?.map((message) => seal.open(message)) ?? null;
    },
    move:
      channel.move &&
      (async (from, to, limit, wants) =>
        (await channel.move!(from, to, limit, (message) => wants(seal.open(message)))).map((one) => seal.open(one))),
    findTask:
      channel.findTask &&
      (async (id, queues, limit) => {
        const found = await channel.findTask!(id, queues, limit);
        return { ...found, messages: found.messages.map((one) => ({ ...one, message: seal.open(one.message) })) };
      }),
  });
}

/** @param inner of the broker behind it, not yet connected */
function sealedTransport(inner: Transport, seal: Seal): Transport {
  return changed(inner, { driver: 'sealed', channel: async () => sealed(await inner.channel(), seal) });
}

for (const scheme of ['memory', 'sqlite', 'redis', 'rediss']) {
  registerTransport(`sealed+${scheme}`, async (context: TransportContext) => {
    const seal = new Seal(process.env.SEAL_KEY);
    const { max_message_size: most, ...options } = context.options;
    // What is promised of a body is promised of what the user sends.
    const limits = typeof most === 'number' ? { max_message_size: most + IV + TAG } : {};
    const url = context.url.slice('sealed+'.length);
    const inner = await createTransport({ ...context, url, options: { ...options, ...limits } });
    return () => sealedTransport(inner, seal);
  });
}
