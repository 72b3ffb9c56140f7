// What every transport promises (server/transport/contract.ts), as one list of tests. A transport is done when it is green here.
// What a broker lacks it says in its flags, and the promise is left out by name.
// Long because it is one list: a new transport is run against the whole of it, and a promise is found by reading down.
import { afterEach, describe, expect, it } from 'vitest';
import { Consumer } from '../../server/messaging/consumer.ts';
import type { Channel, Transport } from '../../server/transport/contract.ts';
import { type Exchange, exchange, type Queue, queue } from '../../server/transport/entity.ts';
import type { Message, OutgoingMessage, Properties } from '../../server/transport/message.ts';
import { createTransport } from '../../server/transport/registry.ts';
import { until } from '../support/until.ts';

/** A promise only where the flags give it: what a kind does not promise is no skipped test. */
function promised(applies: boolean): (title: string, run: () => Promise<void> | void) => void {
  return applies ? it : () => {};
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (m: Message | null | undefined) => (m ? new TextDecoder().decode(m.body) : null);
const texts = (all: readonly Message[]) => all.map(text);

function message(to: { exchange?: string; key: string }, body: string, properties: Properties = {}): OutgoingMessage {
  return {
    exchange: to.exchange ?? '',
    routingKey: to.key,
    body: bytes(body),
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    headers: {},
    properties,
  };
}

/** @param makeUrl a broker of its own for each test; the same for every call within one test until `next` is called. */
export function transportContract(
  name: string,
  makeUrl: () => string | Promise<string>,
  flags: Transport['flags'],
  unique: (base: string) => string = (base) => base,
): void {
  describe(`${name} keeps the transport contract`, () => {
    let url: string | undefined;
    const opened: Transport[] = [];

    async function connect(options: Record<string, unknown> = {}): Promise<Transport> {
      url ??= await makeUrl();
      const transport = await createTransport({ url, options, connectTimeoutMs: 5000 });
      await transport.connect();
      opened.push(transport);
      return transport;
    }
    async function channel(): Promise<Channel> {
      return (await connect()).channel();
    }
    /** A queue reached by the default exchange. */
    const plain = (base: string, options: Partial<Queue> = {}) => queue(unique(base), { exchange: null, ...options });
    async function sendTo(c: Channel, q: Queue, ...bodies: string[]): Promise<void> {
      await Promise.all(bodies.map((body) => c.publish(message({ key: q.name }, body))));
    }
    function collect(c: Channel, q: Queue, options: { noAck?: boolean; ack?: boolean } = {}) {
      const got: Message[] = [];
      const tag = c.consume(
        q.name,
        (m) => {
          got.push(m);
          if (options.ack) m.ack();
        },
        { noAck: options.noAck },
      );
      return { got, tag };
    }

    afterEach(async () => {
      url = undefined;
      await Promise.all(opened.splice(0).map((transport) => transport.close()));
    });

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
        headers: { task: 'a.b', nothing: null, list: [1, 'zwei', { drei: 3.5 }], nested: { ü: true }, big: 2 ** 40 },
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

    it('finds the message of a task, ready or taken, without taking it, and says whether it looked everywhere', async () => {
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
    });

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
        await c.unbindQueue(any.name, e.name, '', any.bindingArguments);
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
        await until(
          async () => (await other.declareQueue(q)).consumerCount > 0 || !flags.introspection,
          'its consumer',
        );
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
        await until(async () => (await c.queueStatus(unused.name)) === null, 'the unused queue to go');
        expect(await c.queueStatus(used.name)).not.toBeNull();
      });

      promised(flags.introspection)('lists every queue', async () => {
        const c = await channel();
        await c.declareQueue(plain('list-a'));
        await c.declareQueue(plain('list-b'));
        expect(await c.listQueues()).toEqual(expect.arrayContaining([unique('list-a'), unique('list-b')]));
      });
    });

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
        await Promise.all(ears.map((ear) => ear.tag));
        // Pub/sub tells keys apart: who bound with a key hears that key.
        for (const key of flags.fanoutByKey ? ['', 'x'] : ['any']) {
          await c.publish(message({ exchange: e.name, key }, 'hello'));
        }
        await until(() => ears.every((ear) => ear.got.length === 1), 'both queues to hear it');
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

      promised(flags.expiration)('drops messages past their expiration or the queue’s messageTtlMs', async () => {
        const c = await channel();
        const own = plain('expiration');
        const ttl = plain('ttl', { messageTtlMs: 60 });
        await c.declareQueue(own);
        await c.declareQueue(ttl);
        await c.publish(message({ key: own.name }, 'short', { expiration: '60' }));
        await c.publish(message({ key: own.name }, 'stays'));
        await c.publish(message({ key: ttl.name }, 'short'));
        expect((await c.queueStatus(own.name))?.messages).toBe(2);
        await until(async () => (await c.queueStatus(own.name))?.messages === 1, 'the message to expire');
        await until(async () => (await c.queueStatus(ttl.name))?.messages === 0, 'the queue’s message to expire');
        expect(text(await c.get(own.name, { noAck: true }))).toBe('stays');
        expect(await c.get(ttl.name)).toBeNull();
      });
    });
  });
}
