// What the tests of a transport's contract share: a broker of its own for each test, lines to it, and short ways to send and to collect.
// Holds: what a test opened is closed after it.
import { afterEach, it } from 'vitest';
import type { Channel, Transport } from '../../../server/transport/contract.ts';
import { type Queue, queue } from '../../../server/transport/entity.ts';
import type { Message, OutgoingMessage, Properties } from '../../../server/transport/message.ts';
import { createTransport } from '../../../server/transport/registry.ts';

/** A promise only where the flags give it: what a kind does not promise is no skipped test. */
export function promised(applies: boolean): (title: string, run: () => Promise<void> | void) => void {
  return applies ? it : () => {};
}

export const bytes = (text: string) => new TextEncoder().encode(text);
export const text = (m: Message | null | undefined) => (m ? new TextDecoder().decode(m.body) : null);
export const texts = (all: readonly Message[]) => all.map(text);

export function message(
  to: { exchange?: string; key: string },
  body: string,
  properties: Properties = {},
): OutgoingMessage {
  return {
    exchange: to.exchange ?? '',
    routingKey: to.key,
    body: bytes(body),
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    headers: {},
    properties,
  };
}

export interface Broker {
  /** The transport's name, and what it says it can do. */
  readonly name: string;
  readonly flags: Transport['flags'];
  /** A name that no other test uses, where tests share a broker. */
  readonly unique: (base: string) => string;
  connect(options?: Record<string, unknown>): Promise<Transport>;
  channel(): Promise<Channel>;
  /** A queue reached by the default exchange. */
  plain(base: string, options?: Partial<Queue>): Queue;
  sendTo(channel: Channel, queue: Queue, ...bodies: string[]): Promise<void>;
  /** Consumes. @returns what came so far */
  collect(
    channel: Channel,
    queue: Queue,
    options?: { noAck?: boolean; ack?: boolean },
  ): { readonly got: Message[]; readonly tag: ReturnType<Channel['consume']> };
}

/** Call it within the `describe` whose tests use it. */
export function useBroker(
  name: string,
  makeUrl: () => string | Promise<string>,
  flags: Transport['flags'],
  unique: (base: string) => string,
): Broker {
  let url: string | undefined;
  const opened: Transport[] = [];

  async function connect(options: Record<string, unknown> = {}): Promise<Transport> {
    url ??= await makeUrl();
    const transport = await createTransport({ url, options, connectTimeoutMs: 5000 });
    await transport.connect();
    opened.push(transport);
    return transport;
  }
  async function channel(): Promise<Channel> {
    return (await connect()).channel();
  }
  const plain = (base: string, options: Partial<Queue> = {}) => queue(unique(base), { exchange: null, ...options });
  async function sendTo(c: Channel, q: Queue, ...bodies: string[]): Promise<void> {
    await Promise.all(bodies.map((body) => c.publish(message({ key: q.name }, body))));
  }
  function collect(c: Channel, q: Queue, options: { noAck?: boolean; ack?: boolean } = {}) {
    const got: Message[] = [];
    const tag = c.consume(
      q.name,
      (m) => {
        got.push(m);
        if (options.ack) m.ack();
      },
      { noAck: options.noAck },
    );
    return { got, tag };
  }

  afterEach(async () => {
    url = undefined;
    await Promise.all(opened.splice(0).map((transport) => transport.close()));
  });
  return { name, flags, unique, connect, channel, plain, sendTo, collect };
}
