// The contract of a transport, queues and exchanges as they are declared: counts, refusals, headers and bindings of exchanges, and when they go.
// Called by ../transport.ts.
import { describe, expect, it } from 'vitest';
import { Consumer } from '../../../server/messaging/consumer.ts';
import { exchange, queue } from '../../../server/transport/entity.ts';
import { until } from '../../support/until.ts';
import { type Broker, message, promised, text } from './broker.ts';

export function queues({ connect, channel, plain, sendTo, unique, flags }: Broker): void {
  describe('queues and declarations', () => {
    it('tells how many messages wait when a queue is declared', async () => {
      const c = await channel();
      const q = plain('declared');
      expect(await c.declareQueue(q)).toEqual({ messageCount: 0, consumerCount: 0 });
      await sendTo(c, q, 'a', 'b');
      expect((await c.declareQueue(q)).messageCount).toBe(2);
    });

    it('refuses a queue declared again with another durability, and keeps the first', async () => {
      const c = await channel();
      const q = plain('durability');
      await c.declareQueue(q);
      await sendTo(c, q, 'kept');

      await expect((await channel()).declareQueue({ ...q, durable: false })).rejects.toThrow(/PRECONDITION_FAILED/);

      expect((await (await channel()).queueStatus(q.name))?.messages).toBe(1);
    });

    it('refuses an exchange declared again with another type', async () => {
      const c = await channel();
      await c.declareExchange(exchange(unique('typed'), 'direct'));
      await expect(c.declareExchange(exchange(unique('typed'), 'fanout'))).rejects.toThrow(/PRECONDITION_FAILED/);
    });

    it('refuses to take from or consume a queue nobody declared', async () => {
      const refused = { name: 'ChannelError', code: 404, message: expect.stringContaining('NOT_FOUND - ') };
      await expect((await channel()).get(unique('nowhere'))).rejects.toMatchObject(refused);
      await expect((await channel()).consume(unique('nowhere'), () => {})).rejects.toMatchObject(refused);
    });

    it('says by AMQP’s code why it refuses', async () => {
      const c = await channel();
      const q = plain('refused', { exclusive: true, durable: false });
      await c.declareQueue(q);
      await expect((await channel()).declareQueue(q)).rejects.toMatchObject({ name: 'ChannelError', code: 405 });
      await expect(c.declareQueue({ ...q, autoDelete: true })).rejects.toMatchObject({ code: 406 });
      await expect((await channel()).bindQueue(unique('nowhere'), unique('none'), 'k')).rejects.toMatchObject({
        code: 404,
      });
    });

    it('only looks when a declaration is passive', async () => {
      const c = await channel();
      const q = plain('passive');
      await expect((await channel()).declareQueue(q, { passive: true })).rejects.toMatchObject({ code: 404 });
      expect(await c.queueStatus(q.name)).toBeNull();
      await c.declareQueue(q);
      await sendTo(c, q, 'a');
      expect(await c.declareQueue(q, { passive: true })).toEqual({ messageCount: 1, consumerCount: 0 });

      const e = exchange(unique('passive-exchange'), 'topic');
      await expect((await channel()).declareExchange(e, { passive: true })).rejects.toMatchObject({ code: 404 });
      await c.declareExchange(e);
      await c.declareExchange(e, { passive: true });
    });

    it('asks about what is not there without harm to the channel that asks', async () => {
      const c = await channel();
      const q = plain('asked');
      await c.declareQueue(q);
      expect(await c.queueStatus(unique('nowhere'))).toBeNull();
      await c.peek(unique('nowhere'), 1).catch(() => {});
      await sendTo(c, q, 'still open');
      expect(text(await c.get(q.name, { noAck: true }))).toBe('still open');
    });

    it('refuses exchange types and bindings it does not have', async () => {
      const c = await channel();
      const e = exchange(unique('headers'), 'headers');
      const missing = { name: 'NotImplementedError' };
      if (!flags.exchangeTypes.includes('headers')) await expect(c.declareExchange(e)).rejects.toMatchObject(missing);
      if (!flags.exchangeBindings) await expect(c.bindExchange('a', 'b', 'k')).rejects.toMatchObject(missing);
    });

    promised(flags.exchangeTypes.includes('headers'))('routes by headers', async () => {
      const c = await channel();
      const e = exchange(unique('by-headers'), 'headers');
      const all = queue(unique('all'), { exchange: e, bindingArguments: { kind: 'pdf', lang: 'en' } });
      const any = queue(unique('any'), {
        exchange: e,
        bindingArguments: { 'x-match': 'any', kind: 'pdf', lang: 'en' },
      });
      for (const q of [all, any]) await c.declareQueue(q);
      const send = (headers: Record<string, unknown>, body: string) =>
        c.publish({ ...message({ exchange: e.name, key: 'ignored' }, body), headers });
      await send({ kind: 'pdf', lang: 'en' }, 'both');
      await send({ kind: 'pdf', lang: 'de' }, 'one');
      await send({ kind: 'png' }, 'none');
      expect((await c.queueStatus(all.name))?.messages).toBe(1);
      expect((await c.queueStatus(any.name))?.messages).toBe(2);
      await c.unbindQueue(any.name, e.name, any.routingKey, any.bindingArguments);
      await send({ kind: 'pdf' }, 'unbound');
      expect((await c.queueStatus(any.name))?.messages).toBe(2);
    });

    promised(flags.exchangeBindings === true)('hands on from exchange to exchange, each queue once', async () => {
      const c = await channel();
      const source = exchange(unique('source'), 'topic');
      const next = exchange(unique('next'), 'topic');
      const q = queue(unique('bound'), { exchange: next, routingKey: '*.jobs' });
      await c.declareExchange(source);
      await c.declareQueue(q);
      await c.bindExchange(next.name, source.name, 'eu.#');
      // A ring ends.
      await c.bindExchange(source.name, next.name, '#');
      const send = (key: string) => c.publish(message({ exchange: source.name, key }, key));
      await send('eu.jobs');
      await send('us.jobs');
      await send('eu.other');
      expect((await c.queueStatus(q.name))?.messages).toBe(1);
      await c.unbindExchange(next.name, source.name, 'eu.#');
      await send('eu.jobs');
      expect((await c.queueStatus(q.name))?.messages).toBe(1);
    });

    it('tells who consumes a queue that it was deleted, or goes on when it is there again', async () => {
      const c = await channel();
      const q = plain('vanishing');
      const got: string[] = [];
      const consumer = new Consumer(c, { queues: [q], onMessage: (m) => got.push(text(m)!), noAck: true });
      await consumer.consume();
      const other = await channel();
      await other.deleteQueue(q.name);
      if (flags.introspection)
        await until(async () => (await other.queueStatus(q.name))?.consumers === 1, 'its consumer');
      else await other.declareQueue(q);
      await sendTo(other, q, 'after');
      await until(() => got.includes('after'), 'a message to who consumed it before');
    });

    it('deletes a queue with its messages and its bindings', async () => {
      const c = await channel();
      const q = queue(unique('deleted'));
      await c.declareQueue(q);
      await sendTo(c, q, 'a', 'b');

      expect(await c.deleteQueue(q.name)).toBe(2);

      expect(await c.queueStatus(q.name)).toBeNull();
      await c.publish(message({ exchange: q.exchange!.name, key: q.routingKey }, 'dropped'));
      expect(await c.queueStatus(q.name)).toBeNull();
    });

    it('deletes only when empty or unused, when asked so', async () => {
      const c = await channel();
      const q = plain('careful');
      await c.declareQueue(q);
      await sendTo(c, q, 'a');
      await expect((await channel()).deleteQueue(q.name, { ifEmpty: true })).rejects.toThrow(/PRECONDITION_FAILED/);
      await c.consume(q.name, () => {});
      await expect((await channel()).deleteQueue(q.name, { ifUnused: true })).rejects.toThrow(/PRECONDITION_FAILED/);
    });

    it('deletes an exchange with its bindings, or only when it has none, when asked so', async () => {
      const c = await channel();
      const q = plain('bound');
      const e = exchange(unique('bound'), 'direct');
      await c.declareExchange(e);
      await c.declareQueue(q);
      await c.bindQueue(q.name, e.name, 'k');
      await expect((await channel()).deleteExchange(e.name, { ifUnused: true })).rejects.toThrow(/PRECONDITION_FAILED/);
      await c.unbindQueue(q.name, e.name, 'k');
      await c.deleteExchange(e.name, { ifUnused: true });
      await expect((await channel()).declareExchange(e, { passive: true })).rejects.toThrow(/NOT_FOUND/);
    });

    it('deletes an auto-delete queue when its last consumer goes', async () => {
      const c = await channel();
      const q = plain('auto', { autoDelete: true, durable: false });
      await c.declareQueue(q);
      const one = await c.consume(q.name, () => {});
      const two = await c.consume(q.name, () => {});
      await c.cancel(one);
      expect(await c.queueStatus(q.name)).not.toBeNull();
      await c.cancel(two);
      await until(async () => (await c.queueStatus(q.name)) === null, 'the queue to be deleted');
    });

    it('deletes an auto-delete queue when the connection of its last consumer closes', async () => {
      const other = await connect();
      const q = plain('auto-close', { autoDelete: true, durable: false });
      const c = await other.channel();
      await c.declareQueue(q);
      await c.consume(q.name, () => {});
      await other.close();
      const here = await channel();
      await until(async () => (await here.queueStatus(q.name)) === null, 'the queue to be deleted');
    });

    it('keeps an exclusive queue to its connection and deletes it with that', async () => {
      const owner = await connect();
      const c = await owner.channel();
      const q = plain('exclusive', { exclusive: true, durable: false });
      await c.declareQueue(q);
      await expect((await channel()).declareQueue(q)).rejects.toThrow(/RESOURCE_LOCKED/);
      await expect((await channel()).consume(q.name, () => {})).rejects.toThrow(/RESOURCE_LOCKED/);
      await owner.close();
      const here = await channel();
      await until(async () => (await here.queueStatus(q.name)) === null, 'the queue to be deleted');
    });

    it('deletes a queue nobody used for its expiresMs, and not while it is consumed', async () => {
      const c = await channel();
      const unused = plain('expires', { expiresMs: 150 });
      const used = plain('expires-not', { expiresMs: 150 });
      await c.declareQueue(unused);
      await c.declareQueue(used);
      await c.consume(used.name, () => {});
      // On RabbitMQ to ask about it is to use it.
      await until(async () => (await c.queueStatus(unused.name)) === null, 'the unused queue to go', { everyMs: 300 });
      expect(await c.queueStatus(used.name)).not.toBeNull();
    });

    promised(flags.introspection)('lists every queue', async () => {
      const c = await channel();
      await c.declareQueue(plain('list-a'));
      await c.declareQueue(plain('list-b'));
      expect(await c.listQueues()).toEqual(expect.arrayContaining([unique('list-a'), unique('list-b')]));
    });
  });
}
