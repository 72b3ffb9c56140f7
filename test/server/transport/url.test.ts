import { describe, expect, it } from 'vitest';
import { readOptions } from '../../../server/transport/amqp/options.ts';
import { parseUrl, safeUrl, splitFailover } from '../../../server/transport/url.ts';

describe('parseUrl', () => {
  it.each([
    ['memory://', { scheme: 'memory', host: '', path: '' }],
    ['memory://name', { scheme: 'memory', host: 'name', path: '' }],
    ['memory', { scheme: 'memory', host: '' }],
    ['sqlite:///umbel.db', { scheme: 'sqlite', host: '', path: 'umbel.db' }],
    ['sqlite:////var/lib/umbel.db', { scheme: 'sqlite', host: '', path: '/var/lib/umbel.db' }],
    ['sqlite:///a%20b.db', { path: 'a b.db' }],
    ['sqlite:///100%.db', { path: '100%.db' }],
    ['redis://:p%40ss@h:6379/1', { username: null, password: 'p@ss', host: 'h', port: 6379, path: '1' }],
    ['amqp://guest:guest@localhost//', { username: 'guest', password: 'guest', host: 'localhost', path: '/' }],
    ['amqp://u@h', { username: 'u', password: null, port: null }],
    [
      'rediss://[::1]:6380/0?ssl_cert_reqs=none&x=1',
      { host: '::1', port: 6380, query: { ssl_cert_reqs: 'none', x: '1' } },
    ],
    ['amqp://u:a@b@h/v', { username: 'u', password: 'a@b', host: 'h', path: 'v' }],
    ['CACHE+Memory://', { scheme: 'cache+memory' }],
    ['not a url', { scheme: 'not a url' }],
    ['sqlite:/x.db', { scheme: 'sqlite:' }],
    ['localhost:6379/0', { scheme: 'localhost:6379' }],
    ['', { scheme: '' }],
  ])('takes %s apart', (url, expected) => {
    expect(parseUrl(url)).toMatchObject(expected);
  });
});

describe('safeUrl', () => {
  it.each([
    ['amqp://guest:guest@localhost//', 'amqp://guest:**@localhost//'],
    ['redis://:secret@h:6379/0', 'redis://:**@h:6379/0'],
    ['redis://user@h', 'redis://user@h'],
    ['amqp://u:a@b@h/v', 'amqp://u:**@h/v'],
    ['sqlite:////var/x.db', 'sqlite:////var/x.db'],
    ['redis://h/0?password=abc&x=1', 'redis://h/0?password=**&x=1'],
    ['amqp://a:1@x;amqp://b:2@y', 'amqp://a:**@x;amqp://b:**@y'],
    ['guest:secret@h:5672', 'guest:**@h:5672'],
    ['//:se@cret@h', '//:**@h'],
    ['h:11211', 'h:11211'],
    ['sqlite:/var/x.db', 'sqlite:/var/x.db'],
  ])('prints %s without its secrets', (url, expected) => {
    expect(safeUrl(url)).toBe(expected);
  });
});

describe('splitFailover', () => {
  it('takes a list and a text with semicolons as the same', () => {
    expect(splitFailover('amqp://a; amqp://b;')).toEqual(['amqp://a', 'amqp://b']);
    expect(splitFailover(['amqp://a', 'amqp://b;amqp://c'])).toEqual(['amqp://a', 'amqp://b', 'amqp://c']);
  });
});

it('one of RabbitMQ that cannot be taken apart is refused, and its password not shown', () => {
  const read = (url: string) => readOptions({ url, options: {}, connectTimeoutMs: 1000 });
  for (const url of ['amqp://u:hun/ter2@h//', 'amqp://u:hun?ter2@h', 'amqps://u:hunter2'])
    expect(() => read(url)).toThrow(/^The URL of the broker, amqps?:\/\/u:\*\*(@h\S*)?, cannot be read: write amqp:/);
  expect([read('amqp').vhost, read('amqp://').vhost, read('amqp://u:hun%2Fter2@h/v').vhost]).toEqual(['/', '/', 'v']);
});
