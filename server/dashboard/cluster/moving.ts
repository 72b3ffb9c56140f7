// Messages from one queue to another by the broker's own step, or, where it has none, taken and published anew.
// Not here: who asks for it (../operations/on-queues.ts).
// Holds: taken ones are acknowledged only once they are known to be in a queue that is there, and given back otherwise: nothing is lost,
// and what a broken line leaves in both queues is said to be possible (`once` false).
import { ChannelError } from '../../errors.ts';
import type { Channel } from '../../transport/contract.ts';
import type { Message } from '../../transport/message.ts';

/** Messages of one call. */
const MAX_MOVED = 10_000;
/** Taken before the first of them is acknowledged. */
const STEP = 100;
/** What one step of a broker moves. */
const BROKER_STEP = 1000;

export interface MovedMessages {
  /** As they stood in the queue they came from. */
  readonly messages: readonly Message[];
  /** Each is in one queue, and in one only. */
  readonly once: boolean;
  /** So many waited when it began. */
  readonly waited: number;
}

export const idOf = ({ headers, properties }: Message): string | null =>
  typeof headers.id === 'string'
    ? headers.id
    : typeof properties.correlation_id === 'string'
      ? properties.correlation_id
      : null;

/** @param ids null: all that wait now @throws ChannelError 404 for a queue that is not there, 540 for single ones where none can be picked */
export async function moveMessages(
  channel: Channel,
  from: string,
  to: string,
  ids: ReadonlySet<string> | null,
): Promise<MovedMessages> {
  const waited = (await channel.queueStatus(from))?.messages ?? 0;
  const most = Math.min(waited, MAX_MOVED);
  const messages: Message[] = [];
  if (!channel.move) {
    if (ids) throw new ChannelError(540, `this broker cannot pick single messages out of '${from}'; move all of them`);
    while (messages.length < most) {
      const moved = await takeAndPublish(channel, from, to, Math.min(STEP, most - messages.length));
      messages.push(...moved);
      if (moved.length === 0) break;
    }
    return { messages, once: false, waited };
  }
  const wants = (m: Message): boolean => ids === null || ids.has(idOf(m) ?? '');
  while (messages.length < most) {
    const moved = await channel.move(from, to, Math.min(BROKER_STEP, most - messages.length), wants);
    messages.push(...moved);
    if (moved.length === 0 || ids !== null) break;
  }
  return { messages, once: true, waited };
}

async function takeAndPublish(channel: Channel, from: string, to: string, count: number): Promise<Message[]> {
  const taken: Message[] = [];
  try {
    while (taken.length < count) {
      const message = await channel.get(from);
      if (message === null) break;
      taken.push(message);
    }
    for (const { body, contentType, contentEncoding, headers, properties } of taken)
      await channel.publish({ exchange: '', routingKey: to, body, contentType, contentEncoding, headers, properties });
    if ((await channel.queueStatus(to)) === null) throw new ChannelError(404, `no queue '${to}'`);
  } catch (error) {
    // In their order: the last first, each to the front.
    for (const message of taken.reverse()) message.reject({ requeue: true });
    await channel.flush().catch(() => {});
    throw error;
  }
  for (const message of taken) message.ack();
  await channel.flush();
  return taken;
}
