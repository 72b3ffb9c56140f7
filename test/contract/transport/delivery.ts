// The contract of a transport, how messages come to who consumes: in order, shared, in turn, by priority, and none after a cancel.
// Called by ../transport.ts.
import { describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { type Broker, message, promised, text, texts } from './broker.ts';

export function delivery({ channel, plain, sendTo, collect, flags }: Broker): void {
  describe('delivery', () => {
    it('delivers in order, what waits and what comes later', async () => {
      const c = await channel();
      const q = plain('order');
      await c.declareQueue(q);
      const bodies = Array.from({ length: 500 }, (_, i) => `m${i}`);
      await sendTo(c, q, ...bodies.slice(0, 250));
      const { got } = collect(c, q, { ack: true });
      await sendTo(c, q, ...bodies.slice(250));
      await until(() => got.length === 500, '500 messages');
      expect(texts(got)).toEqual(bodies);
    });

    it('delivers each message to one of several consumers', async () => {
      const sender = await channel();
      const q = plain('share');
      await sender.declareQueue(q);
      const all: string[] = [];
      for (let i = 0; i < 3; i++) {
        const c = await channel();
        await c.qos(5);
        await c.consume(q.name, (m) => {
          all.push(text(m)!);
          m.ack();
        });
      }
      const bodies = Array.from({ length: 300 }, (_, i) => `m${i}`);
      await sendTo(sender, q, ...bodies);
      await until(() => all.length >= 300, '300 messages');
      expect([...all].sort()).toEqual([...bodies].sort());
    });

    it('serves several queues of one channel in turn', async () => {
      const c = await channel();
      const queues = [plain('turn-a'), plain('turn-b'), plain('turn-c')];
      for (const q of queues) {
        await c.declareQueue(q);
        await sendTo(c, q, ...Array.from({ length: 50 }, () => q.name));
      }
      await c.qos(1);
      const order: string[] = [];
      for (const q of queues) {
        await c.consume(q.name, (m) => {
          order.push(m.queue);
          m.ack();
        });
      }
      await until(() => order.length === 150, 'all 150');
      expect(new Set(order.slice(0, 30)).size).toBe(3);
    });

    it('delivers nothing after a cancel, and leaves the rest in the queue', async () => {
      const c = await channel();
      const q = plain('cancelled');
      await c.declareQueue(q);
      await c.qos(1);
      const { got, tag } = collect(c, q);
      await sendTo(c, q, 'a', 'b');
      await until(() => got.length === 1, 'the first');
      await c.cancel(await tag);
      got[0]!.ack();
      await c.flush();
      const other = await channel();
      const m = await until(() => other.get(q.name, { noAck: true }), 'the second elsewhere');
      expect(text(m)).toBe('b');
      expect(got).toHaveLength(1);
    });

    promised(flags.priorities === 'higher-first')(
      'delivers higher priorities first, and in order within one',
      async () => {
        const c = await channel();
        const q = plain('priority', { maxPriority: 255 });
        await c.declareQueue(q);
        for (const [body, priority] of [
          ['none', undefined],
          ['low', 1],
          ['high-1', 9],
          ['zero', 0],
          ['high-2', 9],
          ['top', 255],
        ] as const) {
          await c.publish(message({ key: q.name }, body, { priority }));
        }
        const { got } = collect(c, q, { ack: true });
        await until(() => got.length === 6, 'all six');
        expect(texts(got)).toEqual(['top', 'high-1', 'high-2', 'low', 'none', 'zero']);
        expect(got[0]!.deliveryInfo.priority).toBe(255);
      },
    );

    it('counts messages of a no-ack consumer as settled, past any prefetch', async () => {
      const c = await channel();
      const q = plain('noack');
      await c.declareQueue(q);
      await c.qos(1);
      const { got } = collect(c, q, { noAck: true });
      await sendTo(c, q, ...Array.from({ length: 100 }, (_, i) => `${i}`));
      await until(() => got.length === 100, 'all of them');
      expect(got.every((m) => m.acknowledged)).toBe(true);
      await c.close();
      expect((await (await channel()).queueStatus(q.name))?.messages).toBe(0);
    });
  });
}
