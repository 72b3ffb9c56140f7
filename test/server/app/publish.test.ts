// The message a call makes, compared with what real Celery made of the same call.
import { describe, expect, it } from 'vitest';
import type { Celery } from '../../../server/app/celery.ts';
import type { ApplyOptions } from '../../../server/canvas/call-options.ts';
import { ImproperlyConfigured, QueueNotFound } from '../../../server/errors.ts';
import { decodeJson } from '../../../server/serialization/json.ts';
import { signals } from '../../../server/signals.ts';
import { exchange, queue } from '../../../server/transport/entity.ts';
import type { Message } from '../../../server/transport/message.ts';
import { makeApp } from '../../support/world.ts';
import {
  comparable,
  type Envelope,
  envelopesOf,
  ID,
  RECORDED_CALLS,
  recorded,
  type Tasks,
  tasksOf,
} from './recorded-calls.ts';

const tasks = (settings = {}): Tasks => tasksOf(makeApp({ settings }));

async function sent(app: Celery, from = 'celery'): Promise<Message[]> {
  const channel = await app.writeConnection.defaultChannel();
  return (await channel.peek(from, 10)) ?? [];
}

/** As it would stand in Redis. */
function envelopeOf(m: Message): Envelope {
  const { exchange: name, routing_key } = m.deliveryInfo;
  return {
    body: Buffer.from(m.body).toString('base64'),
    'content-encoding': m.contentEncoding,
    'content-type': m.contentType,
    headers: m.headers,
    properties: { ...m.properties, delivery_info: { exchange: name, routing_key } },
  };
}

const add = (options: ApplyOptions) => (t: Tasks) => t.add.applyAsync([2, 3], {}, { task_id: ID, ...options });
const echoed = (options: ApplyOptions) => (t: Tasks) => t.echo.applyAsync(['a'.repeat(200)], { k: 'v' }, options);

describe('the same call makes the same message as in Celery 5.6', () => {
  for (const [name, { call, settings, ...moving }] of Object.entries(RECORDED_CALLS)) {
    it(name, async () => {
      const t = tasks(settings);
      await call(t);
      const theirs = recorded(name).messages;
      const ours = await sent(t.app, theirs[0]!.key.split('\x06\x16')[0]);
      // In memory the properties are in the order of the broker's own.
      const read = (envelope: Envelope) =>
        JSON.parse(comparable(envelope, moving).replaceAll(/\bInfinity\b/g, '1e999'));
      expect(ours.map((m) => withoutBrokers(read(envelopeOf(m))))).toEqual(
        envelopesOf(name).map((e) => withoutBrokers(read(e))),
      );
    });
  }
});

function withoutBrokers(envelope: Envelope): unknown {
  const { body_encoding: _, ...properties } = envelope.properties;
  return { ...envelope, properties };
}

describe('a call is refused', () => {
  it.each(['pickle', 'nonsense'])('with the serializer %s, which is not here, by name', async (name) => {
    await expect(add({ serializer: name })(tasks())).rejects.toThrow(name);
  });
  it('with a compression that is not here, by name', async () => {
    await expect(echoed({ compression: 'nonsense' })(tasks())).rejects.toThrow('nonsense');
  });
  it('with an option that does not exist, naming the nearest', async () => {
    await expect(add({ countdwon: 3 } as never)(tasks())).rejects.toThrow("Did you mean 'countdown'?");
  });
  it('with arguments that do not fit, in the words of Python', async () => {
    const t = tasks();
    await expect(t.add.applyAsync([1] as never)).rejects.toThrow(
      new TypeError("add() missing 1 required positional argument: 'y'"),
    );
    await expect(t.add.applyAsync([1, 2], { z: 3 })).rejects.toThrow("add() got an unexpected keyword argument 'z'");
    await expect(t.add.applyAsync([1], { x: 3 })).rejects.toThrow("add() got multiple values for argument 'x'");
    await expect(t.add.delay(...([1, 2, 3] as unknown as [number, number]))).rejects.toThrow(
      'add() takes 2 positional arguments but 3 were given',
    );
  });
  it('with an eta that is no time', async () => {
    await expect(add({ eta: 'tomorrow' })(tasks())).rejects.toThrow(
      "eta must be a Date or an ISO 8601 time, not 'tomorrow'",
    );
  });
  it.each([
    [{ task_id: '' }, /task_id must be a text/],
    [{ task_id: 5 }, /task_id must be a text that is not empty, not 5/],
    [{ priority: 'high' }, /priority must be a whole number from 0 to 255, not the text 'high'/],
    [{ time_limit: 'x' }, /time_limit must be a number of seconds/],
    [{ soft_time_limit: -1 }, /soft_time_limit must be a number of seconds, not -1/],
    [{ countdown: '5' }, /countdown must be a number of seconds, not the text '5'/],
    [{ headers: ['x'] }, /headers must be an object, not a list/],
  ])('with an option of the wrong kind: %o', async (options, text) => {
    await expect(tasks().add.applyAsync([1, 2], {}, options as unknown as ApplyOptions)).rejects.toThrow(text);
  });

  it('with arguments that are no list, or keywords that are no object; null is none', async () => {
    const { app, echo } = tasks();
    await expect(echo.applyAsync('xy' as never)).rejects.toThrow(/must be a list, such as \[2, 3\], not the text 'xy'/);
    await expect(app.sendTask('vec.echo', { x: 1 } as never)).rejects.toThrow(/must be a list.*not an object/);
    await expect(echo.applyAsync([], [1] as never)).rejects.toThrow(/must be an object.*not a list/);
    expect((await echo.applyAsync(null as never, null as never)).id).toEqual(expect.any(String));
  });

  it('for a queue that is not configured when none may be made', async () => {
    const t = tasks({ task_create_missing_queues: false });
    await expect(add({ queue: 'other' })(t)).rejects.toBeInstanceOf(QueueNotFound);
  });
  it('in an app that is closed', async () => {
    const t = tasks();
    await t.app.close();
    await expect(add({})(t)).rejects.toThrow("The app 'test' is closed");
  });
});

describe('around sending', () => {
  it('zlib and brotli bodies say so in a header', async () => {
    const t = tasks();
    await echoed({ compression: 'zlib' })(t);
    await echoed({ compression: 'brotli' })(t);
    expect((await sent(t.app)).map((m) => m.headers.compression)).toEqual([
      'application/x-gzip',
      'application/x-brotli',
    ]);
  });
  it('before_task_publish may change headers, after_task_publish follows', async () => {
    const t = tasks();
    const received: string[] = [];
    const offs = [
      signals.before_task_publish.connect(({ headers, sender }) => {
        headers.trace = `t-${sender}`;
      }),
      signals.after_task_publish.connect(({ routing_key }) => received.push(routing_key)),
    ];
    await add({})(t);
    for (const off of offs) off();
    expect((await sent(t.app))[0]!.headers.trace).toBe('t-vec.add');
    expect(received).toEqual(['celery']);
  });
  it('a task-sent event tells where the message went', async () => {
    const t = tasks({ task_send_sent_event: true });
    const channel = await t.app.writeConnection.defaultChannel();
    await channel.declareQueue(queue('ear', { exchange: exchange('celeryev', 'topic'), routingKey: '#' }));
    await add({ queue: 'other' })(t);
    await t.app.sentEvents()!.flush();
    const [event] = (await channel.peek('ear', 1))!;
    expect(decodeJson(Buffer.from(event!.body).toString())).toMatchObject({
      type: 'task-sent',
      uuid: ID,
      root_id: ID,
      parent_id: null,
      name: 'vec.add',
      args: '(2, 3)',
      kwargs: '{}',
      retries: 0,
      eta: null,
      expires: null,
      queue: 'other',
      exchange: '',
      routing_key: 'other',
    });
  });
  it('an exchange that is only named is that of the queues bound to it', async () => {
    const t = tasks({ task_queues: { q: { exchange: 'news', exchange_type: 'topic', routing_key: 'eu.#' } } });
    await (await t.app.writeConnection.defaultChannel()).declareQueue(t.app.queues.get('q')!);
    await add({ exchange: 'news', routing_key: 'eu.new' })(t);
    expect((await sent(t.app, 'q'))[0]!.deliveryInfo).toMatchObject({ exchange: 'news', routing_key: 'eu.new' });
  });
  it('nothing opens before something is sent, and close leaves no handle', async () => {
    const t = tasks();
    expect(t.app.timer.size).toBe(0);
    await add({})(t);
    await t.app.close();
    expect(t.app.timer.size).toBe(0);
    expect(() => t.app.writeConnection).toThrow(/closed/);
  });
  it('an unknown setting is refused when the app is made', () => {
    expect(() => makeApp({ settings: { task_ack_late: true } as never })).toThrow(ImproperlyConfigured);
  });
});
