// The contract of a transport, prefetch: how many messages its consumers may hold.
// Called by ../transport.ts.
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../server/transport/message.ts';
import { until } from '../../support/until.ts';
import type { Broker } from './broker.ts';

export function prefetch({ channel, plain, sendTo, collect }: Broker): void {
  describe('prefetch', () => {
    it('never hands out more than the prefetch count over all consumers of a channel', async () => {
      const c = await channel();
      const a = plain('prefetch-a');
      const b = plain('prefetch-b');
      for (const q of [a, b]) {
        await c.declareQueue(q);
        await sendTo(c, q, ...Array.from({ length: 20 }, (_, i) => `${i}`));
      }
      await c.qos(4);
      const held: Message[] = [];
      let most = 0;
      let total = 0;
      for (const q of [a, b]) {
        await c.consume(q.name, (m) => {
          held.push(m);
          total++;
          most = Math.max(most, held.length);
        });
      }
      await until(() => held.length === 4, 'four messages');
      while (total < 40 || held.length > 0) {
        await until(() => held.length > 0, 'another');
        held.shift()!.ack();
      }
      expect(most).toBeLessThanOrEqual(4);
    });

    it('can be raised and lowered while consuming', async () => {
      const c = await channel();
      const q = plain('prefetch-change');
      await c.declareQueue(q);
      await sendTo(c, q, ...Array.from({ length: 30 }, (_, i) => `${i}`));
      await c.qos(2);
      const { got } = collect(c, q);
      await until(() => got.length === 2, 'two');
      await c.qos(6);
      await until(() => got.length === 6, 'six');
      await c.qos(1);
      for (const m of got.slice(0, 5)) m.ack();
      await c.flush();
      expect(got).toHaveLength(6);
      got[5]!.ack();
      await until(() => got.length === 7, 'the seventh');
      await c.qos(0);
      await until(() => got.length === 30, 'all');
    });
  });
}
