// The contract of a transport, looking without taking: figures of a queue, peeking; and what leaves it otherwise: a purge, expiry.
// Called by ../transport.ts.
import { describe, expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { type Broker, message, promised, text, texts } from './broker.ts';

export function looking({ channel, plain, sendTo, unique, flags }: Broker): void {
  describe('looking', () => {
    it('purges the ready messages and tells how many', async () => {
      const c = await channel();
      const q = plain('purge');
      await c.declareQueue(q);
      await sendTo(c, q, 'a', 'b', 'c');
      const held = await c.get(q.name);
      expect(await c.purge(q.name)).toBe(2);
      held!.reject({ requeue: true });
      await c.flush();
      expect(text(await until(() => c.get(q.name), 'the unsettled one'))).toBe('a');
    });

    promised(flags.introspection)('tells depth, priorities, unacked, consumers and age of a queue', async () => {
      const before = Date.now();
      const c = await channel();
      const q = plain('status', { maxPriority: 10 });
      await c.declareQueue(q);
      for (const priority of [0, 5, 5]) await c.publish(message({ key: q.name }, 'x', { priority }));
      const held = await c.get(q.name);
      const other = await channel();
      const status = await other.queueStatus(q.name);
      expect(status).toMatchObject({ messages: 2, byPriority: { 0: 1, 5: 1 }, unacked: 1, consumers: 0 });
      expect(status!.oldestMs).toBeGreaterThanOrEqual(before);
      expect(status!.oldestMs).toBeLessThanOrEqual(Date.now());
      held!.ack();
      await c.qos(1);
      await c.consume(q.name, () => {});
      await until(async () => {
        const now = await other.queueStatus(q.name);
        return now!.consumers === 1 && now!.unacked === 1 && now!.messages === 1;
      }, 'the consumer to be seen');
    });

    it('knows no queue that nobody declared, and creates none by asking', async () => {
      const c = await channel();
      expect(await c.queueStatus(unique('unasked'))).toBeNull();
      expect(await c.queueStatus(unique('unasked'))).toBeNull();
    });

    promised(flags.introspection)('peeks in delivery order without taking', async () => {
      const c = await channel();
      const q = plain('peek', { maxPriority: 10 });
      await c.declareQueue(q);
      for (const [body, priority] of [
        ['a', 0],
        ['b', 3],
        ['c', 0],
      ] as const) {
        await c.publish(message({ key: q.name }, body, { priority }));
      }
      const seen = await c.peek(q.name, 2);
      expect(texts(seen!)).toEqual(['b', 'a']);
      expect(() => seen![0]!.ack()).toThrow();
      expect((await c.queueStatus(q.name))?.messages).toBe(3);
      expect(text(await c.get(q.name, { noAck: true }))).toBe('b');
    });

    // Who shows messages only to who takes them cannot move them either: to take and to publish anew is left to whoever wants it.
    promised(!flags.peeksByTaking)(
      'moves messages to another queue, with their order, priority and marks; what somebody took stays',
      async () => {
        const c = await channel();
        const [from, to] = [plain('move-from', { maxPriority: 10 }), plain('move-to', { maxPriority: 10 })];
        for (const q of [from, to]) await c.declareQueue(q);
        const priority =
          flags.priorities === 'lower-first' ? { taken: 0, urgent: 3, normal: 9 } : { taken: 9, urgent: 6, normal: 0 };
        await c.publish(message({ key: to.name }, 'there before', { priority: priority.normal }));
        for (const [body, kind] of [
          ['a', 'normal'],
          ['held', 'taken'],
          ['b', 'normal'],
          ['stays', 'normal'],
          ['c', 'normal'],
          ['d', 'urgent'],
        ] as const)
          await c.publish(message({ key: from.name }, body, { priority: priority[kind] }));
        const held = await c.get(from.name);
        expect(text(held)).toBe('held');
        const moved = await c.move!(from.name, to.name, 3, (m) => text(m) !== 'stays');
        expect(texts(moved)).toEqual(['d', 'a', 'b']);
        expect(() => moved[0]!.ack()).toThrow();
        expect(texts((await c.peek(from.name, 9))!)).toEqual(['stays', 'c']);
        expect(texts((await c.peek(to.name, 9))!)).toEqual(['d', 'there before', 'a', 'b']);
        held!.reject({ requeue: true });
        await c.flush();
        await until(
          async () => (await c.queueStatus(from.name))?.messages === 3,
          'what was held is in its queue again',
        );
        // One that was moved is given back to its new queue.
        await c.purge(from.name);
        const first = (await until(() => c.get(to.name), 'the first in the new queue'))!;
        expect([text(first), first.deliveryInfo.routing_key]).toEqual(['d', to.name]);
        first.reject({ requeue: true });
        await c.flush();
        await until(async () => (await c.queueStatus(to.name))?.messages === 4, 'it is back');
        expect((await c.queueStatus(from.name))?.messages ?? 0).toBe(0);
        // A consumer that waits is told.
        const heard: string[] = [];
        await c.purge(to.name);
        await c.consume(to.name, (m) => heard.push(text(m)!), { noAck: true });
        await sendTo(c, from, 'late');
        expect(await c.move!(from.name, to.name, 9, () => true)).toHaveLength(1);
        await until(() => heard.includes('late'), 'the consumer to hear of it');
        await expect(c.move!(from.name, unique('nowhere'), 1, () => true)).rejects.toThrow();
      },
    );

    promised(flags.expiration)('drops messages past their expiration or the queue’s messageTtlMs', async () => {
      const c = await channel();
      const own = plain('expiration');
      const ttl = plain('ttl', { messageTtlMs: 60 });
      await c.declareQueue(own);
      await c.declareQueue(ttl);
      await c.publish(message({ key: own.name }, 'short', { expiration: '60' }));
      await c.publish(message({ key: own.name }, 'later', { expiration: '600000' }));
      await c.publish(message({ key: own.name }, 'stays'));
      await c.publish(message({ key: ttl.name }, 'short'));
      await until(async () => (await c.queueStatus(own.name))?.messages === 2, 'the message to expire');
      await until(async () => (await c.queueStatus(ttl.name))?.messages === 0, 'the queue’s message to expire');
      expect(text(await c.get(own.name, { noAck: true }))).toBe('later');
      expect(text(await c.get(own.name, { noAck: true }))).toBe('stays');
      expect(await c.get(ttl.name)).toBeNull();
    });
  });
}
