// Looking at the head of a queue, which RabbitMQ shows only to who takes it: taken and given back at once, on a channel of its own.
// What was looked at is marked as redelivered; a quorum queue has counted a delivery. Meanwhile nobody else gets it.
// Holds: whatever happens, it goes back: at the latest when the channel ends.
import type { Channel, GetMessage } from 'amqplib';

/** Larger ones are the last of a look. @unit bytes */
const MAX_BYTES = 4 * 1024 * 1024;

/** @param raw nobody else uses it; it is closed here */
export async function takeAndGiveBack(raw: Channel, queue: string, limit: number): Promise<GetMessage[]> {
  raw.on('error', () => {});
  const taken: GetMessage[] = [];
  let bytes = 0;
  try {
    while (taken.length < limit && bytes < MAX_BYTES) {
      const message = await raw.get(queue, { noAck: false });
      if (!message) break;
      taken.push(message);
      bytes += message.content.byteLength;
    }
  } finally {
    // What it holds goes back where it was. Given back by name a quorum queue would have it behind all others.
    await raw.close().catch(() => {});
  }
  return taken;
}
