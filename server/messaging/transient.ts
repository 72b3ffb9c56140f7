// Consume a queue that goes with its last consumer (remote control, replies, gossip), on a channel of its own.
// Why it takes tries: after a line that fell silent, the consumer of the connection before is still on the broker. When the broker finds
// it dead, the queue goes with it, and that may be just after it was declared here.
// Holds: a try that failed leaves no channel open; other refusals than "there is no such queue" are thrown at once. A message that its
// reader fails on is logged and dropped: anybody may have sent it, and what is thrown here would end the process.
import { ChannelError, toError } from '../errors.ts';
import type { Channel } from '../transport/contract.ts';
import type { Message } from '../transport/message.ts';
import type { Connection } from './connection.ts';
import { Consumer, type ConsumerOptions } from './consumer.ts';

/** The consumer of the connection before goes once. */
const TRIES = 5;

/** Resolves when it consumes. `onLost` is told of what happens from then on. */
export async function consumeTransient(connection: Connection, given: ConsumerOptions): Promise<Consumer> {
  const onMessage = (message: Message): void => {
    try {
      given.onMessage(message);
    } catch (error) {
      connection.options.log.error(`Dropped a message of ${message.queue}: ${toError(error).message}`, { error });
    }
  };
  const options = { ...given, onMessage };
  for (let tries = 1; ; tries++) {
    const channel: Channel = await connection.channel();
    const consumer = new Consumer(channel, options);
    try {
      await consumer.consume();
      return consumer;
    } catch (error) {
      await channel.close().catch(() => {});
      const isGone = error instanceof ChannelError && error.code === 404;
      if (!isGone || tries === TRIES) throw error;
    }
  }
}
