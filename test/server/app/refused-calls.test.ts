// What no worker could use is refused where it is given: arguments that JSON cannot carry, formats and compressions that do not exist, names
// of queues, and commands to workers with arguments that cannot be meant.
import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import { Control } from '../../../server/control/control.ts';
import type { Mailbox } from '../../../server/messaging/mailbox.ts';

const broker = () => `memory://${randomUUID()}`;
const app = new Celery('shop', { broker: broker(), task_ignore_result: true });
const echo = app.task({ name: 'shop.echo' }, (value: unknown) => value);
afterAll(() => app.close());

/** Body and headers of the message just sent. */
async function sent(): Promise<{ args: unknown[]; kwargs: unknown; headers: Record<string, unknown> }> {
  const channel = await app.writeConnection.defaultChannel();
  const message = (await channel.get('celery', { noAck: true }))!;
  const [args, kwargs] = JSON.parse(Buffer.from(message.body).toString()) as [unknown[], unknown];
  return { args, kwargs, headers: message.headers };
}
/** As JavaScript would pass it: no type refuses it. */
const loosely = (value: unknown) => value as never;

describe('arguments', () => {
  class Cart {
    items = 2;
  }
  it.each<[string, unknown, RegExp]>([
    ['a pattern', /x/, /args\[0\]: Object of type RegExp .* pattern\.source/],
    ['a set', new Set([1]), /Object of type Set .* \[\.\.\.set\]/],
    ['an instance', new Cart(), /Object of type Cart .* toJSON/],
    ['a function', () => 1, /Object of type function/],
    ['a symbol', Symbol('x'), /Object of type symbol/],
    ['a promise', Promise.resolve(1), /Object of type Promise .* Await/],
    ['a function within', { a: [{ done: () => 1 }] }, /args\[0\]\.a\[0\]\.done: Object of type function/],
    ['a pattern within a Map', new Map([['a', /x/]]), /args\[0\]\.a: Object of type RegExp/],
    ['bytes without a view', new ArrayBuffer(2), /Object of type ArrayBuffer .*Uint8Array/],
    ['an iterator', [1][Symbol.iterator](), /Object of type Array Iterator/],
    ['headers', new Headers(), /Object of type Headers/],
    ['a weak map', new WeakMap(), /Object of type WeakMap/],
  ])('%s is refused at the call, which says where it stands', async (_, value, message) => {
    await expect(echo.delay(value)).rejects.toThrow(message);
    await expect(echo.applyAsync([], { deep: value }, {})).rejects.toThrow(/kwargs\.deep/);
    await expect(app.sendTask('far.away', [value])).rejects.toThrow(message);
  });

  it('in a signature that the call carries, too', async () => {
    await expect(echo.applyAsync([1], {}, { link: echo.s(/x/) })).rejects.toThrow(
      /canvas\.callbacks\[0\]\.args\[0\]: Object of type RegExp/,
    );
  });

  it('that JSON has words for arrive: dates, bytes, maps, what has a toJSON, objects of another realm', async () => {
    const { runInNewContext } = await import('node:vm');
    const value = {
      url: new URL('http://x/'),
      map: new Map([['a', 1]]),
      own: { toJSON: () => 5 },
      far: runInNewContext('({ a: 1 })') as unknown,
      bytes: Buffer.from('a'),
      none: Object.create(null) as unknown,
    };
    await echo.delay(value);
    const [arrived] = (await sent()).args as [Record<string, unknown>];
    expect(arrived).toMatchObject({ url: 'http://x/', map: { a: 1 }, own: 5, far: { a: 1 }, none: {} });
  });
});

describe('options of a call', () => {
  it.each<[Record<string, unknown>, RegExp]>([
    [{ serializer: 'jsn' }, /Unknown serializer "jsn"\. Did you mean 'json'\?/],
    [{ serializer: 'pickle' }, /pickle is not available here/],
    [{ compression: 'gzp' }, /compression: Unknown compression "gzp"\. Did you mean 'gzip'\?/],
    [{ queue: ' ' }, /queue must not be empty or blank/],
    [{ queue: 'a\nb' }, /queue must not hold control characters/],
    [{ queue: 'é'.repeat(128) }, /queue must not be longer than 255 bytes/],
    [{ routing_key: 'a\u0000' }, /routing_key must not hold control characters/],
    [{ exchange_type: 'topc' }, /exchange_type must be one of direct/],
    [{ chain: 'x' }, /chain takes signatures/],
    [{ stamped_headers: 'a' }, /stamped_headers must be a list of texts/],
    [{ time_limit: Number.POSITIVE_INFINITY }, /time_limit must be a number of seconds/],
    [{ priority: 256 }, /priority must be a whole number from 0 to 255/],
    [{ root_id: 5 }, /root_id must be a text/],
    [{ countdown: Number.NaN }, /countdown must be a number of seconds/],
  ])('%o is refused', async (options, message) => {
    await expect(echo.applyAsync([1], {}, loosely(options))).rejects.toThrow(message);
  });

  // Celery 5.6, app/amqp.py: only what is below INT_MIN is refused.
  it('a countdown and an expiry in the past are sent, as Celery sends them', async () => {
    const nowMs = Date.now();
    await echo.applyAsync([1], {}, { countdown: -5 });
    expect(Date.parse(String((await sent()).headers.eta))).toBeLessThan(nowMs);
    await echo.applyAsync([1], {}, { expires: -5 });
  });
});

describe('options of a task, and settings', () => {
  it.each<[Record<string, unknown>, RegExp]>([
    [{ serializer: 'jsn' }, /The task 'shop\.odd': Unknown serializer "jsn"\. Did you mean 'json'/],
    [{ compression: 'gzp' }, /The task 'shop\.odd': Unknown compression "gzp"\. Did you mean 'gzip'/],
    [{ queue: 'a\nb' }, /queue must be a name/],
    [{ expires: 'soon' }, /expires must be/],
    [{ expires: -1 }, /expires must be/],
  ])('%o of a task is refused', (options, message) => {
    expect(() => app.task({ name: 'shop.odd', ...options }, () => 1)).toThrow(message);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ task_compression: 'gzp' }, /'task_compression': Unknown compression/],
    [{ result_compression: 'gzp' }, /'result_compression': Unknown compression/],
    [{ task_default_queue: '' }, /'task_default_queue' must not be empty/],
    [{ task_default_queue: 'a\nb' }, /'task_default_queue' must not hold control characters/],
    [{ task_default_priority: 300 }, /'task_default_priority' must be at most 255/],
    [{ task_queue_max_priority: -1 }, /'task_queue_max_priority' must be at least 0/],
  ])('%o is refused where it is set', (settings, message) => {
    expect(() => new Celery('odd', loosely(settings))).toThrow(message);
  });

  it.each(['result_serializer', 'event_serializer', 'task_serializer'])(
    '%s is refused when the app connects, unless a serializer of that name was registered',
    async (setting) => {
      const odd = new Celery('odd', loosely({ broker: broker(), [setting]: 'jsn' }));
      await expect(odd.sendTask('far.away')).rejects.toThrow(`Unknown serializer "jsn". Did you mean 'json'?`);
      await odd.close();
      const own = new Celery('own', loosely({ broker: broker(), [setting]: 'jsn' }));
      own.registerSerializer({
        name: 'jsn',
        contentType: 'application/x-jsn',
        contentEncoding: 'utf-8',
        encode: JSON.stringify,
        decode: () => null,
      });
      await own.sendTask('far.away');
      await own.close();
    },
  );

  it('accept_content, too', async () => {
    const odd = new Celery('odd', { broker: broker(), accept_content: ['jsn'] });
    await expect(odd.sendTask('far.away')).rejects.toThrow(/Unknown serializer "jsn"/);
    await odd.close();
  });
});

describe('commands to workers', () => {
  const commands: string[] = [];
  const mailbox = {
    broadcast: async (command: string) => {
      commands.push(command);
      return [];
    },
  } as unknown as Mailbox;
  const control = new Control({ mailbox: () => mailbox });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['timeout NaN', () => control.ping({ timeout: Number.NaN }), /timeout must be a number of seconds/],
    ['timeout below 0', () => control.ping({ timeout: -1 }), /timeout must be/],
    ['timeout as text', () => control.ping({ timeout: loosely('2') }), /timeout must be .* not the text '2'/],
    ['limit 0', () => control.ping({ limit: 0 }), /limit is how many replies are enough/],
    ['limit 1.5', () => control.ping({ limit: 1.5 }), /limit is/],
    ['limit as text', () => control.ping({ limit: loosely('all') }), /limit is/],
    ['a matcher', () => control.ping({ matcher: loosely('re') }), /matcher must be 'glob' or 'pcre'/],
    ['no command', () => control.broadcast(''), /A remote command is a name/],
    ['options that are none', () => control.broadcast('ping', loosely('w1@host')), /takes its options as an object/],
    ['a question nobody knows', () => control.inspect().request('actve'), /Did you mean 'active'\?/],
    ['no id', () => control.revoke(loosely(undefined)), /Tasks are named by their ids/],
    ['an id that is none', () => control.revoke(['a', '']), /Tasks are named by their ids/],
    ['a signal', () => control.revoke('a', { signal: loosely(9) }), /signal must be the name of one/],
    ['a rate', () => control.rateLimit('a', 'fast'), /A rate limit is '5\/s'/],
    ['no task', () => control.rateLimit('', '5/s'), /The name of a task comes first/],
    ['a limit', () => control.timeLimit('a', { hard: Number.NaN }), /hard must be a number of seconds/],
    ['a pool', () => control.poolGrow(-1), /n must be a whole number/],
    ['an autoscaler', () => control.autoscale(Number.NaN, 1), /max must be a whole number/],
    ['a queue', () => control.addConsumer('a\n'), /The name of a queue must not hold control characters/],
    ['no queue', () => control.cancelConsumer(loosely(undefined)), /The name of a queue must be a text/],
  ])('%s is refused, and nobody is told', async (_, call, message) => {
    commands.length = 0;
    await expect(call()).rejects.toThrow(message);
    expect(commands).toEqual([]);
  });

  it('of their own are sent', async () => {
    await control.broadcast('restock', { arguments: { n: 1 } });
    await control.inspect().request('shelf_sizes');
    expect(commands.slice(-2)).toEqual(['restock', 'shelf_sizes']);
  });
});
