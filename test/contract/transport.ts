// What every transport promises (server/transport/contract.ts). A transport is done when it is green here: what it says of itself and how
// it carries a message stand below, the rest in the files of transport/, one subject each.
// What a broker lacks it says in its flags, and the promise is left out by name.
import { describe, expect, it } from 'vitest';
import type { Transport } from '../../server/transport/contract.ts';
import type { OutgoingMessage } from '../../server/transport/message.ts';
import { message, promised, text, useBroker } from './transport/broker.ts';
import { delivery } from './transport/delivery.ts';
import { looking } from './transport/looking.ts';
import { prefetch } from './transport/prefetch.ts';
import { queues } from './transport/queues.ts';
import { routing } from './transport/routing.ts';
import { settling } from './transport/settling.ts';

/** @param makeUrl a broker of its own for each test; the same for every call within one test. */
export function transportContract(
  name: string,
  makeUrl: () => string | Promise<string>,
  flags: Transport['flags'],
  unique: (base: string) => string = (base) => base,
): void {
  describe(`${name} keeps the transport contract`, () => {
    const broker = useBroker(name, makeUrl, flags, unique);
    const { connect, channel, plain } = broker;

    it('says what it can do', async () => {
      const transport = await connect();
      expect(transport.flags).toEqual(flags);
      expect(transport.driver).toBe(name);
    });

    it('carries body, headers and properties unchanged', async () => {
      const c = await channel();
      const q = plain('carry');
      await c.declareQueue(q);
      const sent: OutgoingMessage = {
        exchange: '',
        routingKey: q.name,
        body: new Uint8Array([0, 1, 254, 255, 10, 195, 188]),
        contentType: 'application/x-msgpack',
        contentEncoding: 'binary',
        headers: { task: 'a.b', nothing: null, list: [1, 'zwei', { drei: 3.5 }], nested: { ü: true }, big: 2n ** 60n },
        properties: { correlation_id: 'c1', reply_to: 'r1', delivery_mode: 2, priority: 0, app_id: 'x' },
      };
      await c.publish(sent);

      const m = await c.get(q.name);

      expect([...(m?.body ?? [])]).toEqual([...sent.body]);
      expect(m?.contentType).toBe('application/x-msgpack');
      expect(m?.contentEncoding).toBe('binary');
      expect(m?.headers).toEqual(sent.headers);
      expect(m?.properties).toMatchObject(sent.properties);
      expect(m?.queue).toBe(q.name);
      expect(m?.deliveryInfo).toMatchObject({ exchange: '', routing_key: q.name, redelivered: false });
      m?.ack();
    });

    it('carries an empty body and one of a million bytes', async () => {
      const c = await channel();
      const q = plain('sizes');
      await c.declareQueue(q);
      const large = new Uint8Array(1_000_000).map((_, i) => i % 251);
      await c.publish({ ...message({ key: q.name }, ''), body: new Uint8Array(0) });
      await c.publish({ ...message({ key: q.name }, ''), body: large });

      const first = await c.get(q.name, { noAck: true });
      const second = await c.get(q.name, { noAck: true });

      expect(first?.body.length).toBe(0);
      expect(Buffer.compare(Buffer.from(second!.body), Buffer.from(large))).toBe(0);
    });

    it('refuses a body larger than max_message_size when it is published, and goes on', async () => {
      const c = await (await connect({ max_message_size: 100 })).channel();
      const q = plain('limit');
      await c.declareQueue(q);

      await expect(c.publish(message({ key: q.name }, 'x'.repeat(101)))).rejects.toThrow(/max_message_size/);
      await c.publish(message({ key: q.name }, 'x'.repeat(100)));

      expect(text(await c.get(q.name, { noAck: true }))).toHaveLength(100);
    });

    promised(name !== 'amqp')(
      'finds the message of a task, ready or taken, without taking it, and says whether it looked everywhere',
      async () => {
        const c = await channel();
        const q = plain('searched');
        await c.declareQueue(q);
        const send = (id: string) => c.publish({ ...message({ key: q.name }, `[["${id}"], {}, {}]`), headers: { id } });
        for (let i = 0; i < 20; i++) await send(`t${i}`);
        const find = async (id: string, limit = 1000) => {
          const { messages, complete } = await c.findTask!(id, [q.name], limit);
          const own = messages.filter((one) => one.message.headers.id === id);
          return [own.map((one) => [one.message.queue, one.unacked, one.position]), complete];
        };
        expect(await find('t2')).toEqual([[[q.name, false, 3]], true]);
        expect(await find('nowhere')).toEqual([[], true]);
        expect((await c.queueStatus(q.name))?.messages).toBe(20);
        const first = await c.get(q.name);
        expect(await find('t0')).toEqual([[[q.name, true, null]], true]);
        expect(await find('t1')).toEqual([[[q.name, false, 1]], true]);
        first?.ack();
        await c.flush();
        expect(await find('t0')).toEqual([[], true]);
        // Redis looks in steps of 500.
        if (flags.introspection) expect(await find('t19', 5)).toEqual([[], false]);
        expect(await find('t5', 5)).toMatchObject([[[q.name, false, 5]], expect.any(Boolean)]);
      },
    );

    queues(broker);
    routing(broker);
    delivery(broker);
    prefetch(broker);
    settling(broker);
    looking(broker);
  });
}
