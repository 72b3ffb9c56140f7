// Results as messages to who sent the task. Over the memory broker; with Python on real brokers: test/interop/rpc-results.test.ts.
import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import type { SettingsInput } from '../../../server/app/config.ts';
import type { Backend, BackendContext } from '../../../server/backends/contract.ts';
import { RPC } from '../../../server/backends/flags.ts';
import { registerBackend } from '../../../server/backends/registry.ts';
import { ArrivedResults } from '../../../server/backends/rpc/arrived.ts';
import { createRpcBackend } from '../../../server/backends/rpc/rpc.ts';
import { BackendError, ChannelError, NotImplementedError, TimeoutError } from '../../../server/errors.ts';
import { createLogger } from '../../../server/log.ts';
import { Connection } from '../../../server/messaging/connection.ts';
import { createTimer } from '../../../server/timer.ts';
import { memoryBroker } from '../../../server/transport/memory/broker.ts';
import type { Message } from '../../../server/transport/message.ts';
import { backendContract } from '../../contract/backend.ts';
import { until } from '../../support/until.ts';
import { startWorker } from '../../support/world.ts';
import { record, testContext } from './context.ts';

/** A client of its own on the memory broker of that name. */
function client(name: string, change: Partial<BackendContext> = {}, oid = randomUUID()) {
  const connection = new Connection({
    urls: [`memory://${name}`],
    transportOptions: {},
    connectTimeoutMs: 0,
    retry: { enabled: true, maxRetries: 0, intervalStartMs: 0, intervalStepMs: 0, intervalMaxMs: 0 },
    timer: createTimer({ unref: true }),
    log: createLogger({ write: () => {} }),
  });
  const backend = createRpcBackend(
    testContext('rpc://', { ...change, messages: { oid, connection: () => connection } }),
  );
  return { backend, connection, oid };
}

// For the contract: what one stores is sent to all who have the store of that name open, and counts as stored when they have it.
const users = new Map<string, { backend: Backend; oid: string }[]>();
registerBackend('everybody', RPC, async () => async (context: BackendContext) => {
  const name = new URL(context.url).host;
  const { backend, connection, oid } = client(name, context);
  const all = users.get(name) ?? [];
  users.set(name, all);
  const own = { backend, oid };
  all.push(own);
  const { store, close } = backend;
  await backend.listening!();
  backend.store = async (meta) => {
    const to = all.includes(own) ? [...all] : [own, ...all];
    await Promise.all(to.map((user) => store.call(backend, meta, { replyTo: user.oid, correlationId: meta.task_id })));
    const through = randomUUID();
    const helper = client(name).backend;
    for (const user of all) {
      await helper.store(record(through, 'SUCCESS'), { replyTo: user.oid, correlationId: through });
      await user.backend.wait(through, new AbortController().signal);
    }
    await helper.close();
  };
  backend.close = async () => {
    all.splice(all.indexOf(own) >>> 0, 1);
    await close.call(backend);
    await connection.close();
  };
  return backend;
});

backendContract('rpc', () => `everybody://${randomUUID()}`, {
  durable: false,
  chords: 'refused',
  keeps: 'no times',
  groups: false,
});

/** One app that sends, another with a worker, both on the memory broker of that name. */
async function world(settings: SettingsInput = {}) {
  const name = randomUUID();
  const lines: string[] = [];
  const log = createLogger({ color: false, write: (line) => lines.push(line) });
  const make = () => {
    const app = new Celery('test', { broker: `memory://${name}`, backend: 'rpc://', ...settings }, { env: {}, log });
    onTestFinished(() => app.close());
    return app;
  };
  const [sender, other] = [make(), make()];
  const gates = new Map<number, () => void>();
  for (const app of [sender, other]) {
    app.task({ name: 'add' }, (a: number, b: number) => a + b);
    app.task({ name: 'fails' }, () => {
      throw new RangeError('no');
    });
    app.task({ name: 'held' }, (n: number) => new Promise<number>((done) => gates.set(n, () => done(n))));
  }
  await startWorker(other);
  const broker = memoryBroker(name);
  const heard: Message[] = [];
  return { name, sender, other, broker, gates, lines, heard };
}

describe('results by message', () => {
  it('come to who sent the task, values and errors, also to many who wait at once and to who asks late', async () => {
    const { sender, other, broker } = await world();
    const sum = await sender.sendTask('add', [1, 2]);
    const failed = await sender.sendTask('fails');
    expect(
      await Promise.all([sum.get({ timeout: 90 }), sum.get({ timeout: 90 }), sender.AsyncResult(sum.id).get()]),
    ).toEqual([3, 3, 3]);
    await expect(failed.get({ timeout: 90 })).rejects.toThrow(RangeError);
    const many = await Promise.all(Array.from({ length: 50 }, (_, n) => sender.sendTask('add', [n, 1])));
    expect(await Promise.all(many.map((one) => one.get({ timeout: 90 })))).toEqual(many.map((_, n) => n + 1));
    // Nobody waited when it came.
    expect(await sum.state()).toBe('SUCCESS');
    expect(await sender.AsyncResult(many[7]!.id).state()).toBe('SUCCESS');
    expect(await other.AsyncResult(sum.id).state()).toBe('PENDING');

    // Celery's queue: its name is the client's id.
    const { declaration, consumers } = broker.queues.get(sender.oid)!;
    expect(declaration).toMatchObject({ durable: false, autoDelete: true, exclusive: false, expiresMs: 86_400_000 });
    expect(consumers).toHaveLength(1);
    await sender.close();
    await until(() => !broker.queues.has(sender.oid), 'the queue to go with its client');
  });

  it('are what Celery sends, and carry what the settings say', async () => {
    const { other, broker } = await world({ result_persistent: true });
    const channel = await other.writeConnection.channel();
    await channel.declareQueue({
      name: 'elsewhere',
      exchange: null,
      routingKey: '',
      durable: false,
      exclusive: false,
      autoDelete: false,
    });
    const { id } = await other.sendTask('add', [1, 2], {}, { reply_to: 'elsewhere' });
    const message = await until(() => channel.get('elsewhere', { noAck: true }), 'the result');
    expect(JSON.parse(new TextDecoder().decode(message.body))).toEqual({
      task_id: id,
      status: 'SUCCESS',
      result: 3,
      traceback: null,
      children: [],
    });
    expect(message).toMatchObject({ contentType: 'application/json', contentEncoding: 'utf-8', headers: {} });
    expect(message.properties).toMatchObject({ correlation_id: id, delivery_mode: 2, priority: 0 });
    expect(broker.queues.has(other.oid)).toBe(false);
  });

  it('are not asked for when they are ignored: no queue is made', async () => {
    const { sender, broker } = await world();
    await sender.sendTask('add', [1, 2], {}, { ignore_result: true });
    expect(broker.queues.has(sender.oid)).toBe(false);
  });

  it('tell that the broker had the message: who sends does not wait for its confirmation then, unless the id was given', async () => {
    const { sender } = await world();
    const producer = sender.producer();
    const publish = producer.publish.bind(producer);
    let confirm = () => {};
    const confirmed = new Promise<void>((resolve) => {
      confirm = resolve;
    });
    producer.publish = (message) => publish(message).then(() => confirmed);
    const sum = await sender.sendTask('add', [1, 2]);
    expect(await sum.get({ timeout: 90 })).toBe(3);
    let isSent = false;
    const sending = sender.sendTask('add', [1, 2], {}, { task_id: 'given' }).then(() => {
      isSent = true;
    });
    expect(await sender.AsyncResult('given').get({ timeout: 90 })).toBe(3);
    expect(isSent).toBe(false);
    confirm();
    await sending;
  });

  it('of a group come together; a chord is refused before anything is sent, and so are saved groups', async () => {
    const { sender, broker, other } = await world();
    const { canvas } = sender;
    const add = (n: number) => sender.signature('add', [n, 1]);
    const { group, chord } = await import('../../../server/index.ts');
    const result = (await group([add(1), add(2)]).applyAsync()) as unknown as {
      get(o: object): Promise<unknown>;
      save(): Promise<void>;
    };
    expect(await result.get({ timeout: 90 })).toEqual([2, 3]);
    await expect(result.save()).rejects.toThrow(NotImplementedError);
    await expect(chord([add(1)], add(2)).applyAsync()).rejects.toThrow(/^The result store 'rpc' cannot have chords: /);
    await expect(canvas.pipe(group([add(1), add(2)]), add(3)).applyAsync()).rejects.toThrow(NotImplementedError);
    expect(broker.queues.get('celery')?.size).toBe(0);
    void other;
  });

  it('come again after the broker closed the channel, and to who waited before', async () => {
    const { sender, broker, gates, lines } = await world();
    const held = await sender.sendTask('held', [1]);
    await until(() => gates.has(1), 'it to run');
    const waiting = held.get({ timeout: 90 });
    broker.closeChannels(new ChannelError(406, 'unknown delivery tag 1'));
    await until(() => broker.queues.get(sender.oid)?.consumers.length === 1, 'the client to listen again');
    gates.get(1)!();
    expect(await waiting).toBe(1);
    expect(lines.join('')).toMatch(/The results of .* are not heard for now; what is sent meanwhile is lost/);
  });

  it('that cannot be heard are an error for who waits, and one that cannot be read for its own task alone', async () => {
    const name = randomUUID();
    const { backend, oid, connection } = client(name);
    onTestFinished(() => backend.close());
    const waits = ['a', 'b'].map((id) => backend.wait(id, new AbortController().signal));
    await backend.listening!();
    const channel = await connection.channel();
    const send = (correlation_id: string, contentType: string, text: string) =>
      channel.publish({
        exchange: '',
        routingKey: oid,
        body: new TextEncoder().encode(text),
        contentType,
        contentEncoding: 'utf-8',
        headers: {},
        properties: { correlation_id },
      });
    await send('a', 'application/x-python-serialize', 'x');
    await send(
      'b',
      'application/json',
      '{"task_id": "b", "status": "SUCCESS", "result": 7, "traceback": null, "children": []}',
    );
    await expect(waits[0]).rejects.toThrow(/x-python-serialize|refus|accept/i);
    expect(await waits[1]).toMatchObject({ result: 7 });
    const lost = expect(backend.wait('c', new AbortController().signal)).rejects.toThrow(BackendError);
    await connection.close();
    await backend.close();
    await lost;
  });

  it('keep to bounds: the oldest that nobody asked for go', () => {
    let now = 0;
    const arrived = new ArrivedResults({ now: () => now, expiresMs: 1000 });
    const add = (id: string, bytes: number) => arrived.add(id, bytes, () => record(id, 'STARTED'));
    for (let n = 0; n < 10_001; n++) add(`t${n}`, 1);
    expect([arrived.get('t0'), arrived.get('t1')]).toEqual([null, expect.objectContaining({ task_id: 't1' })]);
    add('large', 64 * 1024 * 1024 - 1);
    expect([arrived.get('t9999'), arrived.get('t10000'), arrived.get('large')].map((one) => one?.task_id)).toEqual([
      undefined,
      't10000',
      'large',
    ]);
    // One alone may be larger than all together.
    add('larger', 65 * 1024 * 1024);
    expect([arrived.get('large'), arrived.get('larger')?.task_id]).toEqual([null, 'larger']);
    now = 1000;
    expect(arrived.get('larger')).toBeNull();
  });

  it('are waited for until a time-out, which does not end the waiting for others', async () => {
    const { sender, gates } = await world();
    const held = await sender.sendTask('held', [5]);
    await until(() => gates.has(5), 'it to run');
    await expect(held.get({ timeout: 0.01 })).rejects.toThrow(TimeoutError);
    gates.get(5)!();
    expect(await held.get({ timeout: 90 })).toBe(5);
  });

  it('need an app: a store of its own has no broker', () => {
    expect(() => createRpcBackend(testContext('rpc://'))).toThrow(NotImplementedError);
  });
});
