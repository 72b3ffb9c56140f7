// The example of a broker of one's own keeps what every broker must keep, and the broker behind it sees no body.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import '../../examples/custom-broker/sealed.ts';
import { createTransport } from '../../server/transport/registry.ts';
import { message, text } from '../contract/transport/broker.ts';
import { transportContract } from '../contract/transport.ts';

const before = process.env.SEAL_KEY;
beforeAll(() => {
  process.env.SEAL_KEY = 'ab'.repeat(32);
});
afterAll(() => {
  if (before === undefined) delete process.env.SEAL_KEY;
  else process.env.SEAL_KEY = before;
});

transportContract('sealed', () => `sealed+memory://${randomUUID()}`, {
  durable: false,
  crossProcess: false,
  priorities: 'higher-first',
  exchangeTypes: ['direct', 'topic', 'fanout', 'headers'],
  exchangeBindings: true,
  expiration: true,
  introspection: true,
});

it('the broker behind it sees no body, and a message that was not sealed is one that no worker takes', async () => {
  const name = randomUUID();
  const open = async (url: string) => {
    const transport = await createTransport({ url, options: {}, connectTimeoutMs: 5000 });
    await transport.connect();
    return { transport, channel: await transport.channel() };
  };
  const [sealed, plain] = await Promise.all([open(`sealed+memory://${name}`), open(`memory://${name}`)]);
  const queue = { name: 'q', exchange: null } as never;
  await sealed.channel.declareQueue(queue);
  await sealed.channel.publish(message({ key: 'q' }, 'a secret'));
  const [behind] = (await plain.channel.peek('q', 1))!;
  expect(Buffer.from(behind!.body).includes('secret')).toBe(false);
  expect(text(await sealed.channel.get('q', { noAck: true }))).toBe('a secret');
  await plain.channel.publish(message({ key: 'q' }, 'forged'));
  expect((await sealed.channel.get('q', { noAck: true }))!.contentType).toBe('application/x-not-sealed');
  for (const { transport } of [sealed, plain]) await transport.close();
});
