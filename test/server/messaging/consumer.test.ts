// A set of queues on one channel where a broker refuses one of them: what a second try finds.
// With brokers: ../../contract/transport/queues.ts, connection.test.ts.
import { randomUUID } from 'node:crypto';
import { expect, it, vi } from 'vitest';
import { Consumer } from '../../../server/messaging/consumer.ts';
import { queue } from '../../../server/transport/entity.ts';
import { createTransport } from '../../../server/transport/registry.ts';

it('a queue that was refused is asked for anew when it is added again', async () => {
  const transport = await createTransport({ url: `memory://${randomUUID()}`, options: {}, connectTimeoutMs: 1000 });
  await transport.connect();
  try {
    const channel = await transport.channel();
    const consumer = new Consumer(channel, { queues: [], onMessage: () => {} });
    await consumer.consume();
    const one = queue('one');
    vi.spyOn(channel, 'declareQueue').mockRejectedValueOnce(new Error('refused'));
    await expect(consumer.addQueue(one)).rejects.toThrow('refused');
    expect(consumer.consumingFrom('one')).toBe(false);
    await consumer.addQueue(one);
    expect(consumer.consumingFrom('one')).toBe(true);
  } finally {
    await transport.close();
  }
});
