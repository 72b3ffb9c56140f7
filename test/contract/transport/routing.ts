// The contract of a transport, where a message goes: direct, topic and fanout exchanges, and bindings that come and go.
// Called by ../transport.ts.
import { describe, expect, it } from 'vitest';
import { type Exchange, exchange, queue } from '../../../server/transport/entity.ts';
import { until } from '../../support/until.ts';
import { type Broker, message, text } from './broker.ts';

export function routing({ channel, collect, unique, flags }: Broker): void {
  describe('routing', () => {
    const bound = (base: string, e: Exchange, routingKey: string) =>
      queue(unique(base), { exchange: e, routingKey, durable: true });

    it('drops what no binding takes', async () => {
      const c = await channel();
      const e = exchange(unique('direct-drop'));
      await c.declareExchange(e);
      await c.publish(message({ exchange: e.name, key: 'nobody' }, 'x'));
      await c.publish(message({ exchange: '', key: unique('no-such-queue') }, 'x'));
      expect((await c.queueStatus(unique('no-such-queue')))?.messages).toBe(flags.implicitQueues ? 1 : undefined);
    });

    it('delivers by equal key on a direct exchange, to each queue once', async () => {
      const c = await channel();
      const e = exchange(unique('direct'));
      const a = bound('direct-a', e, 'k1');
      const b = bound('direct-b', e, 'k1');
      const other = bound('direct-c', e, 'k2');
      for (const q of [a, b, other]) await c.declareQueue(q);
      await c.bindQueue(a.name, e.name, 'k1');
      await c.publish(message({ exchange: e.name, key: 'k1' }, 'x'));
      const counts = await Promise.all([a, b, other].map(async (q) => (await c.queueStatus(q.name))?.messages));
      expect(counts).toEqual([1, 1, 0]);
      const m = await c.get(a.name, { noAck: true });
      expect(m?.deliveryInfo).toMatchObject({ exchange: e.name, routing_key: 'k1' });
    });

    it('delivers by pattern on a topic exchange', async () => {
      const c = await channel();
      const e = exchange(unique('topic'), 'topic');
      const star = bound('topic-star', e, 'task.*');
      const hash = bound('topic-hash', e, 'task.#');
      const all = bound('topic-all', e, '#');
      const tail = bound('topic-tail', e, '#.failed');
      const queues = [star, hash, all, tail];
      for (const q of queues) await c.declareQueue(q);
      for (const key of ['task', 'task.sent', 'task.a.b', 'worker.online', 'task.x.failed', 'failed']) {
        await c.publish(message({ exchange: e.name, key }, key));
      }
      const taken = await Promise.all(
        queues.map(async (q) => {
          const keys: (string | null)[] = [];
          for (let m = await c.get(q.name, { noAck: true }); m; m = await c.get(q.name, { noAck: true })) {
            keys.push(text(m));
          }
          return keys;
        }),
      );
      expect(taken).toEqual([
        ['task.sent'],
        ['task', 'task.sent', 'task.a.b', 'task.x.failed'],
        ['task', 'task.sent', 'task.a.b', 'worker.online', 'task.x.failed', 'failed'],
        ['task.x.failed', 'failed'],
      ]);
    });

    it('delivers to every queue on a fanout exchange, whatever the key', async () => {
      const c = await channel();
      const e = exchange(unique('fanout'), 'fanout', { durable: false });
      const queues = [bound('fanout-a', e, ''), bound('fanout-b', e, 'x')];
      for (const q of queues) await c.declareQueue(q);
      const ears = queues.map((q) => collect(c, q, { noAck: true }));
      await Promise.all(ears.map((listener) => listener.tag));
      // Pub/sub tells keys apart: who bound with a key hears that key.
      for (const key of flags.fanoutByKey ? ['', 'x'] : ['any']) {
        await c.publish(message({ exchange: e.name, key }, 'hello'));
      }
      await until(() => ears.every((listener) => listener.got.length === 1), 'both queues to hear it');
    });

    it('stops delivering where a binding was removed', async () => {
      const c = await channel();
      const e = exchange(unique('unbind'));
      const q = bound('unbound', e, 'k');
      await c.declareQueue(q);
      await c.unbindQueue(q.name, e.name, 'k');
      await c.publish(message({ exchange: e.name, key: 'k' }, 'x'));
      expect((await c.queueStatus(q.name))?.messages).toBe(0);
    });

    it('learns of queues and bindings another connection makes', async () => {
      const here = await channel();
      const e = exchange(unique('learn'));
      await here.declareExchange(e);
      await here.publish(message({ exchange: e.name, key: '' }, 'before'));
      const q = bound('learned', e, '');
      await (await channel()).declareQueue(q);
      await here.publish(message({ exchange: e.name, key: '' }, 'after'));
      expect(text(await here.get(q.name, { noAck: true }))).toBe('after');
    });
  });
}
