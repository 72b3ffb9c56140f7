// The RabbitMQ that tests run on does what they count on.
import { expect, it } from 'vitest';
import { describeNeedsRabbit, type Rabbit, sharedRabbit } from './rabbitmq-server.ts';

describeNeedsRabbit('RabbitMQ for tests', () => {
  it('is one for all, with virtual hosts of any name that guest may use', async () => {
    const [one, other] = await Promise.all([sharedRabbit(), sharedRabbit()]);
    expect(other.port).toBe(one.port);
    const [first, second] = [await one.freshVhost(), await other.freshVhost('a/b ä "q"')];
    expect(one.url(second)).toBe(`amqp://guest:guest@127.0.0.1:${one.port}/a%2Fb%20%C3%A4%20%22q%22`);
    for (const name of [first, second]) expect(await exists(one, name)).toBe('true');
    await expect(one.ask('nothing:here()')).rejects.toThrow('undef');
  });
});

function exists(rabbit: Rabbit, vhost: string): Promise<string> {
  return rabbit.ask(`rabbit_vhost:exists(<<${[...Buffer.from(vhost)].join(',')}>>)`);
}
