import { randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { queue } from '../../../server/transport/entity.ts';
import { createTransport } from '../../../server/transport/registry.ts';
import { transportContract } from '../../contract/transport.ts';
import { until } from '../../support/until.ts';

transportContract('memory', () => `memory://${randomUUID()}`, {
  durable: false,
  crossProcess: false,
  priorities: 'higher-first',
  exchangeTypes: ['direct', 'topic', 'fanout', 'headers'],
  exchangeBindings: true,
  expiration: true,
  introspection: true,
});

test('a message lives as long as it was given, whatever the wall clock is set to', async () => {
  const transport = await createTransport({ url: `memory://${randomUUID()}`, options: {}, connectTimeoutMs: 1000 });
  await transport.connect();
  const channel = await transport.channel();
  await channel.declareQueue(queue('work', { exchange: null }));
  const message = {
    exchange: '',
    routingKey: 'work',
    body: new Uint8Array([1]),
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    headers: {},
  };
  const startMs = Date.now();
  const clock = vi.spyOn(Date, 'now');
  try {
    await channel.publish({ ...message, properties: { expiration: '1800000' } });
    clock.mockReturnValue(startMs + 3_600_000);
    expect((await channel.declareQueue(queue('work', { exchange: null }))).messageCount).toBe(1);
    expect(await channel.get('work', { noAck: true })).not.toBeNull();
    await channel.publish({ ...message, properties: { expiration: '1' } });
    clock.mockReturnValue(startMs - 3_600_000);
    await until(async () => (await channel.queueStatus('work'))?.messages === 0, 'it to expire');
  } finally {
    clock.mockRestore();
    await transport.close();
  }
});
