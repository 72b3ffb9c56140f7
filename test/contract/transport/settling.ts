// The contract of a transport, settling: ack, reject and requeue, and what is given back when a channel or connection closes.
// Called by ../transport.ts.
import { describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { type Broker, text, texts } from './broker.ts';

export function settling({ connect, channel, plain, sendTo, collect }: Broker): void {
  describe('settling', () => {
    it('settles once: the second ack or reject throws', async () => {
      const c = await channel();
      const q = plain('once');
      await c.declareQueue(q);
      await sendTo(c, q, 'a');
      const m = await c.get(q.name);
      m!.ack();
      expect(m!.acknowledged).toBe(true);
      expect(() => m!.ack()).toThrow(/settled/);
      expect(() => m!.reject()).toThrow(/settled/);
    });

    it('forgets what was acknowledged or rejected', async () => {
      const c = await channel();
      const q = plain('forget');
      await c.declareQueue(q);
      await sendTo(c, q, 'a', 'b');
      (await c.get(q.name))!.ack();
      (await c.get(q.name))!.reject();
      await c.flush();
      await c.close();
      expect(await (await channel()).get(q.name)).toBeNull();
    });

    it('delivers again what was rejected to be requeued, in its place, with redelivered set', async () => {
      const c = await channel();
      const q = plain('requeue');
      await c.declareQueue(q);
      await sendTo(c, q, 'a', 'b');
      const first = await c.get(q.name);
      expect(first!.redelivered).toBe(false);
      first!.reject({ requeue: true });
      await c.flush();
      const again = await until(() => c.get(q.name), 'the message again');
      expect(text(again)).toBe('a');
      expect(again.redelivered).toBe(true);
      expect(again.deliveryInfo.redelivered).toBe(true);
    });

    it('gives back what a closed channel held, in order, with redelivered set', async () => {
      const c = await channel();
      const q = plain('giveback');
      await c.declareQueue(q);
      await sendTo(c, q, 'a', 'b', 'c', 'd');
      await c.qos(3);
      const { got } = collect(c, q);
      await until(() => got.length === 3, 'three');
      got[1]!.ack();
      await c.close();

      const other = await channel();
      const rest = collect(other, q, { ack: true });
      await until(() => rest.got.length === 3, 'the other three');
      expect(texts(rest.got)).toEqual(['a', 'c', 'd']);
      expect(rest.got.map((m) => m.redelivered)).toEqual([true, true, false]);
    });

    it('gives back what a closed connection held', async () => {
      const transport = await connect();
      const c = await transport.channel();
      const q = plain('giveback-connection');
      await c.declareQueue(q);
      await sendTo(c, q, 'a');
      const { got } = collect(c, q);
      await until(() => got.length === 1, 'it');
      await transport.close();
      const m = await until(async () => (await channel()).get(q.name), 'it elsewhere');
      expect(m.redelivered).toBe(true);
      expect(() => got[0]!.ack()).not.toThrow();
    });
  });
}
