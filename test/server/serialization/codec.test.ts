import { describe, expect, test } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import { ContentDisallowed, DecodeError, EncodeError, ImproperlyConfigured } from '../../../server/errors.ts';
import { silentLogger } from '../../../server/log.ts';
import { Codec, PLAIN_CODEC as codec, type Serializer } from '../../../server/serialization/codec.ts';
import { Worker } from '../../../server/worker/worker.ts';

describe('serializers', () => {
  test('a content type outside the accept list is refused with what is allowed', () => {
    const { body } = codec.encode([1], 'json');
    expect(() => codec.decode(body, 'application/json', 'utf-8', codec.acceptSet(['raw']))).toThrow(ContentDisallowed);
    expect(() => codec.decode(body, 'application/x-python-serialize', 'binary', codec.acceptSet(['json']))).toThrow(
      /untrusted content of type pickle \(application\/x-python-serialize\): accept_content allows application\/json/,
    );
    expect(() => codec.decode(body, '__proto__', 'utf-8', codec.acceptSet(['json']))).toThrow(ContentDisallowed);
  });

  test('the accept list takes names and content types', () => {
    expect([...codec.acceptSet(['json', 'application/x-mine', 'pickle'])]).toEqual([
      'application/json',
      'application/x-mine',
      'application/x-python-serialize',
    ]);
    expect(() => codec.acceptSet(['jsn'])).toThrow(ImproperlyConfigured);
  });

  test('an unknown serializer is refused with the known ones, an unavailable one by name', () => {
    expect(() => codec.encode(1, 'jsn')).toThrow(
      /Unknown serializer "jsn"\. Did you mean 'json'\? Known: json, raw, text\/plain, msgpack, yaml/,
    );
    expect(() => codec.encode(1, 'pickle')).toThrow(/pickle is not available here: a pickle is a program.*Send json/);
    expect(() => codec.encode(1, 'yaml')).toThrow(/yaml is not loaded: name it in task_serializer/);
    expect(() => codec.encode(1, 'auth')).toThrow(/auth is not available here.*setupSecurity/);
    expect(() => codec.acceptSet(['auth'])).toThrow(/setupSecurity/);
  });

  const reversed: Serializer = {
    name: 'reversed',
    contentType: 'application/x-reversed',
    contentEncoding: 'utf-8',
    encode: (value) => [...JSON.stringify(value)].reverse().join(''),
    decode: (body) => JSON.parse([...Buffer.from(body).toString()].reverse().join('')),
  };

  test('a registered serializer is used by its name and its content type, and by no other codec', () => {
    const own = new Codec();
    own.register(reversed);
    const { body, contentType } = own.encode('abc', 'reversed');
    expect(Buffer.from(body).toString()).toBe('"cba"');
    expect(own.decode(body, contentType, 'utf-8', own.acceptSet(['reversed']))).toBe('abc');
    expect(() => new Codec().encode('abc', 'reversed')).toThrow(/Unknown serializer "reversed"/);
  });

  test('one that has to be loaded is, once, when it is named; until then it is known by name alone', async () => {
    const own = new Codec();
    let loads = 0;
    const { name, contentType, ...rest } = reversed;
    own.register({
      name,
      contentType,
      load: async () => {
        loads++;
        return rest;
      },
    });
    expect(own.load(['json', null])).toBeNull();
    expect([...own.acceptSet(['reversed'])]).toEqual([contentType]);
    await Promise.all([own.load(['reversed']), own.load([contentType])]);
    expect([loads, own.load(['reversed'])]).toEqual([1, null]);
    expect(Buffer.from(own.encode('abc', 'reversed').body).toString()).toBe('"cba"');
  });

  test('one that cannot be loaded is said by name, and tried again', async () => {
    const own = new Codec();
    let there = false;
    const { name, contentType, ...rest } = reversed;
    own.register({
      name,
      contentType,
      load: () => (there ? Promise.resolve(rest) : Promise.reject(new Error('no such package'))),
    });
    await expect(own.load(['reversed'])).rejects.toThrow(
      'The serializer reversed could not be loaded: no such package',
    );
    there = true;
    await own.load(['reversed']);
    expect(own.encode(1, 'reversed').contentType).toBe(contentType);
  });

  test('an app loads what its settings name before it connects: tasks, events, control and results go by it', async () => {
    const { name, contentType, ...rest } = reversed;
    await using app = new Celery('mirror', {
      broker: 'memory://mirror',
      backend: 'cache+memory://mirror',
      task_serializer: name,
      result_serializer: name,
      event_serializer: name,
      accept_content: [name, 'json'],
    });
    app.registerSerializer({ name, contentType, load: async () => rest });
    const add = app.task({ name: 'mirror.add', params: ['x', 'y'] }, (x: number, y: number) => x + y);
    const sent = await add.delay(2, 3);
    const channel = await app.writeConnection.defaultChannel();
    expect((await channel.peek('celery', 1))![0]!.contentType).toBe(contentType);
    const worker = new Worker(app, { log: silentLogger, withoutGossip: true, withoutMingle: true });
    await worker.start();
    expect(await sent.get({ timeout: 90 })).toBe(5);
    expect(await app.control.inspect({ timeout: 90, limit: 1 }).ping()).toEqual({ [worker.hostname]: { ok: 'pong' } });
    await worker.stop();
  });

  test('raw takes bytes, text takes text, and neither anything else', () => {
    expect(codec.encode(Uint8Array.of(1), 'raw').contentType).toBe('application/data');
    expect(() => codec.encode({}, 'raw')).toThrow(EncodeError);
    expect(codec.decode(Buffer.from('ž'), 'text/plain', 'utf-8', codec.acceptSet(['text/plain']))).toBe('ž');
  });

  test('bytes that are no text in the encoding told are refused', () => {
    const accept = codec.acceptSet(['json']);
    expect(() => codec.decode(Uint8Array.of(0x22, 0xff, 0x22), 'application/json', 'utf-8', accept)).toThrow(
      DecodeError,
    );
    expect(() => codec.decode(Buffer.from('1'), 'application/json', 'klingon', accept)).toThrow(DecodeError);
    expect(codec.decode(Buffer.from('"\ufffd"'), 'application/json', 'utf-8', accept)).toBe('\ufffd');
    expect(codec.decode(Buffer.from('"é"', 'latin1'), 'application/json', 'latin-1', accept)).toBe('é');
  });
});
