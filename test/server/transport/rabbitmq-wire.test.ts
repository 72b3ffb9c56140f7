// What is RabbitMQ's own beyond the contract of a transport: addresses and logins, refusals, confirms, prefetch on quorum queues.
import { createServer } from 'node:net';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { createLogger } from '../../../server/log.ts';
import type { Channel, Transport } from '../../../server/transport/contract.ts';
import { exchange, queue } from '../../../server/transport/entity.ts';
import type { Message } from '../../../server/transport/message.ts';
import { createTransport } from '../../../server/transport/registry.ts';
import { message, text, texts } from '../../contract/transport/broker.ts';
import { describeNeedsRabbit, type Rabbit, sharedRabbit } from '../../support/rabbitmq-server.ts';
import { freePort } from '../../support/server-process.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';

describeNeedsRabbit('RabbitMQ', () => {
  let rabbit: Rabbit;
  let url: string;
  beforeAll(async () => {
    rabbit = await sharedRabbit();
    url = await rabbit.freshUrl();
  });
  const opened: Transport[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((transport) => transport.close()));
  });

  async function connect(to = url, options: Record<string, unknown> = {}, more = {}): Promise<Transport> {
    const transport = await createTransport({ url: to, options, connectTimeoutMs: 20_000, ...more });
    opened.push(transport);
    await transport.connect();
    return transport;
  }
  const channel = async (options?: Record<string, unknown>): Promise<Channel> =>
    (await connect(url, options)).channel();
  let names = 0;
  const fresh = (options = {}) => queue(`q${++names}`, { exchange: null, ...options });
  const refusal = (to: string, more = {}) =>
    connect(to, {}, more).then(
      () => expect.fail('it connected'),
      (error: Error) => `${error.name}: ${error.message}`,
    );
  const sendAll = (c: Channel, key: string, bodies: readonly string[]) =>
    Promise.all(bodies.map((body) => c.publish(message({ key }, body))));
  const numbered = (count: number) => Array.from({ length: count }, (_, i) => `m${i}`);

  it('says why it cannot be reached, never with the password', async () => {
    const at = `127.0.0.1:${rabbit.port}`;
    const login = await refusal(`amqp://ann:s3cret@${at}//`);
    expect(login).toMatch(/^OperationalError: .*refused the login of the user 'ann' \(PLAIN\)/);
    const external = await refusal(`amqp://ann:s3cret@${at}//`, { loginMethod: 'EXTERNAL' });
    expect(external).toMatch(/does not offer the login method EXTERNAL \(broker_login_method\)/);
    const vhost = await refusal(`amqp://guest:guest@${at}/nowhere`);
    expect(vhost).toMatch(/refused the virtual host 'nowhere': there is none of that name, the user 'guest' may not/);
    const nobody = await refusal(`amqp://ann:s3cret@127.0.0.1:${await freePort()}//`);
    expect(nobody).toMatch(/Cannot reach the broker at amqp:\/\/ann:\*\*@/);
    const tls = await refusal(`amqps://ann:s3cret@${at}//`);
    expect(tls).toMatch(/does not speak TLS on that port/);
    const stranger = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as { port: number };
    const other = await refusal(`amqp://ann:s3cret@127.0.0.1:${port}//`);
    expect(other).toMatch(/does not greet as RabbitMQ does/);
    stranger.close();
    for (const one of [login, external, vhost, nobody, tls, other]) expect(one).not.toContain('s3cret');
    await expect(connect(url, {}, { loginMethod: 'GSSAPI' })).rejects.toMatchObject({ name: 'ImproperlyConfigured' });
  });

  it('means the virtual host / by nothing, by / and by %2F, and takes every other name as it is', async () => {
    const at = `amqp://guest:guest@127.0.0.1:${rabbit.port}`;
    const q = fresh({ autoDelete: true });
    const first = await (await connect(at)).channel();
    await first.declareQueue(q);
    for (const path of ['/', '//', '/%2F', '/%2f'])
      expect(await (await (await connect(at + path)).channel()).queueStatus(q.name)).not.toBeNull();
    await first.deleteQueue(q.name);
    const odd = await rabbit.freshVhost('/a%41 ü');
    const c = await (await connect(rabbit.url(odd).replace('amqp:', 'pyamqp:'))).channel();
    await c.declareQueue(q);
    expect(await rabbit.ask(`length(rabbit_amqqueue:list(<<${[...Buffer.from(odd)].join(',')}>>))`)).toBe('1');
  });

  it('takes the login AMQPLAIN, and shows who is connected', async () => {
    const log = createLogger({ write: () => {} });
    await connect(url, { client_properties: { connection_name: 'w1@host' } }, { loginMethod: 'AMQPLAIN', log });
    const seen = await rabbit.ask(
      '[rabbit_networking:connection_info(C, [auth_mechanism, client_properties]) || C <- rabbit_networking:connections()]',
    );
    expect(seen).toContain('AMQPLAIN');
    for (const word of ['umbel', 'w1@host', 'consumer_cancel_notify', 'connection.blocked', 'publisher_confirms'])
      expect(seen).toContain(`<<"${word}">>`);
  });

  it('names the argument that differs, and what to do', async () => {
    const q = fresh({ maxPriority: 5 });
    const c = await channel();
    const closed: Error[] = [];
    c.onClosed((error) => closed.push(error));
    await (await channel()).declareQueue(q);
    const again = c.declareQueue({ ...q, maxPriority: 9 });
    await expect(again).rejects.toThrow(
      /^PRECONDITION_FAILED - inequivalent arg 'x-max-priority' for queue .*received '9' but current is '5'.*delete it first/,
    );
    await until(() => closed.length === 1, 'the channel to be closed');
    expect(closed[0]).toMatchObject({ name: 'ChannelError', code: 406 });
    await expect(c.qos(1)).rejects.toMatchObject({ name: 'OperationalError' });
    await expect(c.publish(message({ key: 'x' }, 'x'))).rejects.toMatchObject({ name: 'OperationalError' });
    await c.close();
  });

  it('refuses headers that no frame holds, and the connection goes on; those that just fit arrive', async () => {
    const c = await channel({ frame_max: 4096 });
    const q = fresh();
    await c.declareQueue(q);
    const size = (length: number, name = 'é') =>
      c.publish({ ...message({ key: q.name }, 'x'), headers: { [name]: 'ü'.repeat(length) } });
    const refused = await size(3000).catch((error: Error) => error);
    expect(refused).toMatchObject({ name: 'EncodeError' });
    const [, bytes] = /headers of a message take (\d+) bytes, and a frame on this connection holds 4096/.exec(
      String(refused),
    )!;
    const room = 3000 - Math.ceil((Number(bytes) - 4096) / 2);
    await expect(size(room + 1)).rejects.toThrow(/frame_max/);
    await size(room);
    expect((await c.get(q.name, { noAck: true }))?.headers).toEqual({ é: 'ü'.repeat(room) });
  });

  it('says that queues of a type have no such argument', async () => {
    const prioritized = fresh({ maxPriority: 5, arguments: { 'x-queue-type': 'quorum' } });
    await expect((await channel()).declareQueue(prioritized)).rejects.toThrow(
      /invalid arg 'x-max-priority' .*A queue of that type has none/,
    );
  });

  it('names the type of an exchange that it does not know, and those it knows, to who declares it', async () => {
    const strange = exchange('later', 'x-delayed-message' as 'direct');
    const words =
      /^NotImplementedError: The broker at .* has no exchanges of the type 'x-delayed-message'. It has direct, topic/;
    const declare = async (act: (c: Channel) => Promise<unknown>) =>
      act(await channel()).then(
        () => expect.fail('it was declared'),
        (error: Error) => `${error.name}: ${error.message}`,
      );
    expect(await declare((c) => c.declareExchange(strange))).toMatch(words);
    expect(await declare((c) => c.declareQueue(fresh({ exchange: strange })))).toMatch(words);
  });

  it('refuses who may not: what was asked, of what, and by whom is said, and the connection lives', async () => {
    const vhost = await rabbit.freshVhost();
    const open = await (await connect(rabbit.url(vhost))).channel();
    await open.declareQueue(queue('theirs'));
    await rabbit.user('narrow', 's3cret', vhost, '^mine');
    const transport = await connect(rabbit.url(vhost).replace('guest:guest', 'narrow:s3cret'));
    const refused = async (act: (c: Channel) => Promise<unknown>) =>
      act(await transport.channel()).then(
        () => expect.fail('it was allowed'),
        (error: Error & { code?: number }) => `${error.name} ${error.code}: ${error.message}`,
      );
    const said = await Promise.all([
      refused((c) => c.declareQueue(queue('theirs', { exchange: null }))),
      refused((c) => c.declareExchange(exchange('theirs'))),
      refused((c) => c.consume('theirs', () => {})),
      refused((c) => c.publish(message({ exchange: 'theirs', key: 'theirs' }, 'x'))),
      refused((c) => c.purge('theirs')),
    ]);
    for (const [i, what] of ['queue', 'exchange', 'queue', 'exchange', 'queue'].entries()) {
      expect(said[i]).toMatch(
        new RegExp(`^ChannelError 403: .*access to ${what} 'theirs' in vhost '${vhost}' refused for user 'narrow'`),
      );
      expect(said[i]).toMatch(/needs the permission to configure/);
    }
    expect(await refused((c) => c.publish(message({ key: 'mine' }, 'x')))).toMatch(
      /^ChannelError 403: .*access to exchange 'amq.default' .*needs the permission/,
    );
    const c = await transport.channel();
    await c.declareQueue(queue('mine'));
    await c.publish(message({ exchange: 'mine', key: 'mine' }, 'x'));
    expect(await c.get('mine', { noAck: true })).not.toBeNull();
  });

  it('carries whole numbers beyond 2^53 in headers exactly, there and back', async () => {
    const c = await channel();
    const q = fresh();
    await c.declareQueue(q);
    const headers = { big: 2n ** 60n + 1n, deep: [{ least: -(2n ** 63n) }], small: 5, exact: 2 ** 60 };
    await c.publish({ ...message({ key: q.name }, 'x'), headers });
    expect((await c.get(q.name, { noAck: true }))?.headers).toEqual({ ...headers, exact: 2n ** 60n });
  });

  it('refuses the message to an exchange that is not there, and leaves what went with it in doubt', async () => {
    const c = await channel();
    const q = fresh();
    await c.declareQueue(q);
    const closed: Error[] = [];
    c.onClosed((error) => closed.push(error));
    const nowhere = c.publish(message({ exchange: 'nowhere', key: 'k' }, 'lost'));
    const after = c.publish(message({ key: q.name }, 'after'));
    await expect(nowhere).rejects.toMatchObject({ name: 'ChannelError', code: 404 });
    await expect(after).rejects.toMatchObject({
      name: 'OperationalError',
      message: expect.stringContaining('may have'),
    });
    expect(closed).toHaveLength(1);
  });

  it('refuses what AMQP cannot carry before it is sent, and goes on', async () => {
    const c = await channel();
    const q = fresh();
    await c.declareQueue(q);
    const send = (headers: Record<string, unknown>, properties = {}) =>
      c.publish({ ...message({ key: q.name }, 'x', properties), headers });
    const refused = { name: 'EncodeError' };
    await expect(send({ long: 'x'.repeat(70_000) })).rejects.toMatchObject(refused);
    await expect(send({ ['k'.repeat(300)]: 1 })).rejects.toMatchObject(refused);
    await expect(send({ '!': 'int', value: {} }).then(() => send({ a: { '!': 'int' } }))).rejects.toMatchObject(
      refused,
    );
    await expect(send({ big: 2n ** 80n })).rejects.toMatchObject(refused);
    await expect(send({}, { correlation_id: 'x'.repeat(300) })).rejects.toMatchObject(refused);
    await expect(c.declareQueue(queue('x'.repeat(300), { exchange: null }))).rejects.toMatchObject(refused);
    await send({
      most: 'x'.repeat(60_000),
      all: [1, -1, 200, 40_000, 2 ** 40, -(2 ** 40), 1.5, true, null, 'ü', [{}]],
    });
    const headers = await until(async () => {
      const m = await c.get(q.name, { noAck: true });
      return m?.headers.all ? m.headers : null;
    }, 'the last');
    expect(headers.all).toEqual([1, -1, 200, 40_000, 2 ** 40, -(2 ** 40), 1.5, true, null, 'ü', [{}]]);
  });

  it('acknowledges what is acknowledged and nothing else, in whatever order', async () => {
    const q = fresh();
    const c = await channel();
    await c.declareQueue(q);
    await sendAll(c, q.name, numbered(300));
    const got: Message[] = [];
    await c.consume(q.name, (m) => got.push(m));
    await until(() => got.length === 300, 'all');
    const kept = (i: number) => i % 50 === 49 || i === 0;
    // The later half first, then a turn of the event loop, then what is older.
    for (let i = 150; i < 300; i++) if (!kept(i)) got[i]!.ack();
    await new Promise((resolve) => setImmediate(resolve));
    for (let i = 149; i >= 0; i--) if (!kept(i)) got[i]!.ack();
    got[0]!.reject();
    await c.flush();
    await c.close();
    const other = await channel();
    const again: Message[] = [];
    await other.consume(q.name, (m) => again.push(m), { noAck: true });
    await until(() => again.length === 6, 'those not acknowledged');
    expect(texts(again)).toEqual(['m49', 'm99', 'm149', 'm199', 'm249', 'm299']);
    expect(await other.queueStatus(q.name)).toMatchObject({ messages: 0 });
  });

  for (const confirm_publish of [true, false]) {
    it(`loses nothing of what was published when it is closed ${confirm_publish ? 'with' : 'without'} confirms`, async () => {
      const q = fresh();
      const here = await channel();
      await here.declareQueue(q);
      const transport = await connect(url, { confirm_publish });
      const c = await transport.channel();
      const all = sendAll(c, q.name, numbered(5_000));
      void c.close();
      await transport.close();
      await all;
      // Who asks may be quicker than the last of them in the broker.
      await until(async () => (await here.declareQueue(q)).messageCount === 5_000, 'all of them');
    });
  }

  it('is closed also when the line is cut before the broker has answered', async () => {
    const proxy = new TcpProxy({ host: '127.0.0.1', port: rabbit.port });
    await proxy.listen();
    try {
      const transport = await connect(url.replace(`:${rabbit.port}/`, `:${proxy.port}/`));
      const c = await transport.channel();
      proxy.silence();
      const closed = c.close();
      // What it says is on its way.
      await new Promise((turn) => setImmediate(turn));
      proxy.cut();
      await closed;
    } finally {
      await proxy.close();
    }
  });

  it('tells who has asked and has no answer yet that the line is lost, whatever was asked', async () => {
    const proxy = new TcpProxy({ host: '127.0.0.1', port: rabbit.port });
    await proxy.listen();
    try {
      const q = fresh();
      const transport = await connect(url.replace(`:${rabbit.port}/`, `:${proxy.port}/`));
      const c = await transport.channel();
      await c.declareQueue(q);
      proxy.silence();
      const asked = [c.deleteQueue(q.name), c.purge(q.name), c.queueStatus(q.name), c.flush()].map((one) =>
        one.then(String, (error: Error) => `${error.name}: ${error.message}`),
      );
      await new Promise((turn) => setImmediate(turn));
      proxy.cut();
      const lost = expect.stringMatching(/^OperationalError: The channel to the broker at \S+ is closed: \w/);
      // Nothing was settled: there is nothing to flush.
      expect(await Promise.all(asked)).toEqual([lost, lost, lost, 'undefined']);
    } finally {
      await proxy.close();
    }
  });

  it('limits each consumer of a quorum queue, also when the count changes, and beside a classic queue', async () => {
    const quorum = fresh({ arguments: { 'x-queue-type': 'quorum' } });
    const classic = fresh();
    const c = await channel();
    await c.qos(2);
    await c.declareQueue(classic);
    await c.declareQueue(quorum);
    await sendAll(c, quorum.name, numbered(20));
    await sendAll(c, classic.name, numbered(3));
    const got: Message[] = [];
    const others: Message[] = [];
    await c.consume(quorum.name, (m) => got.push(m));
    await c.consume(classic.name, (m) => others.push(m));
    await until(() => got.length === 2 && others.length === 2, 'two of each');
    await c.qos(5);
    await until(() => got.length === 5, 'five');
    await c.qos(1);
    for (const m of got.slice(0, 5)) m.ack();
    await until(() => got.length >= 7, 'as many as it began with');
    await c.flush();
    expect(got).toHaveLength(7);
    await c.qos(0);
    await until(() => got.length === 20, 'all');
    expect(texts(got)).toEqual(numbered(20));
    got.pop()!.reject({ requeue: true });
    const again = await until(() => got[19], 'it again');
    expect([text(again), again.redelivered, again.headers['x-delivery-count']]).toEqual(['m19', true, 1]);
  });

  it('keeps its connection when a quorum queue goes while one of its consumers is given up', async () => {
    const [transport, other] = [await connect(), await channel()];
    for (let round = 0; round < 8; round++) {
      const c = await transport.channel();
      const q = fresh({ arguments: { 'x-queue-type': 'quorum' } });
      let isOver = false;
      await c.declareQueue(q);
      await c.qos(4);
      await c.consume(q.name, () => {}, { onCancelled: () => (isOver = true) });
      await c.qos(20);
      await Promise.all([other.deleteQueue(q.name), c.qos(4)]);
      await until(() => isOver, 'to be told');
      expect(await c.queueStatus(q.name)).toBeNull();
      await c.qos(5);
      await c.close();
    }
  });

  it('learns that a queue is a quorum queue from the connection it lost', async () => {
    const q = fresh({ arguments: { 'x-queue-type': 'quorum' } });
    const vhost = await rabbit.freshVhost();
    const port = rabbit.port;
    // By another name of the same address nothing is known of it.
    await (await (await connect(`amqp://localhost:${port}/${vhost}`)).channel()).declareQueue(q);
    const consume = async (): Promise<Error | null> => {
      const transport = await connect(`amqp://127.0.0.1:${port}/${vhost}`);
      let lost: Error | null = null;
      transport.onLost((error) => {
        lost = error;
      });
      const c = await transport.channel();
      await c.qos(3);
      await c.consume(q.name, () => {}).catch(() => {});
      await until(async () => lost || (await c.queueStatus(q.name))?.consumers === 1, 'an end or a consumer');
      return lost;
    };
    expect((await consume())?.message).toMatch(/invalid arg 'x-cancel-on-ha-failover' .* rabbit_quorum_queue/);
    expect(await consume()).toBeNull();
  });

  it.each([
    ['classic', {}],
    ['quorum', { arguments: { 'x-queue-type': 'quorum' } }],
  ])('shows the head of a %s queue to who takes it, and has it in its old order afterwards', async (_, options) => {
    const c = await channel();
    const q = fresh(options);
    await c.declareQueue(q);
    await sendAll(c, q.name, numbered(5));
    expect(await c.peek(q.name, 3)).toBeNull();
    const taken = await c.peekByTaking!(q.name, 3);
    expect(taken.map((m) => [text(m), m.redelivered])).toEqual([
      ['m0', false],
      ['m1', false],
      ['m2', false],
    ]);
    expect(() => taken[0]!.ack()).toThrow(/only looked at/);
    await until(async () => (await c.queueStatus(q.name))?.messages === 5, 'all to be back');
    const after = await c.peekByTaking!(q.name, 20);
    expect(after.map((m) => [text(m), m.redelivered])).toEqual(numbered(5).map((m, i) => [m, i < 3]));
    await until(async () => (await c.queueStatus(q.name))?.messages === 5, 'all to be back again');
    await expect(c.peekByTaking!('nowhere', 3)).rejects.toMatchObject({ name: 'ChannelError', code: 404 });
    expect(await c.queueStatus(q.name)).not.toBeNull();
  });

  it('tells a consumer whose queue is deleted, and keeps its channel', async () => {
    const q = fresh();
    const c = await channel();
    await c.declareQueue(q);
    const reasons: Error[] = [];
    await c.consume(q.name, () => {}, { onCancelled: (reason) => reasons.push(reason) });
    await (await channel()).deleteQueue(q.name);
    await until(() => reasons.length === 1, 'to be told');
    expect(reasons[0]).toMatchObject({ name: 'ChannelError', code: 404 });
    await c.declareExchange(exchange('still-open', 'fanout', { autoDelete: true, durable: false }));
    await c.deleteExchange('still-open');
  });
});
