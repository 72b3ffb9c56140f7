import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ImproperlyConfigured } from '../../../server/errors.ts';
import { readOptions } from '../../../server/transport/redis/options.ts';
import { splitFailover } from '../../../server/transport/url.ts';

const read = (url: string, options: Record<string, unknown> = {}) =>
  readOptions({ url, options, connectTimeoutMs: 4000 });

describe('broker URLs of Redis', () => {
  it.each([
    ['redis://', { host: '127.0.0.1', port: 6379, db: 0 }],
    ['redis://h', { host: 'h', port: 6379, db: 0 }],
    ['redis://:secret@h:7000/3', { host: 'h', port: 7000, db: 3, password: 'secret' }],
    ['redis://me:s%40c@h//2', { host: 'h', db: 2, username: 'me', password: 's@c' }],
    ['redis+socket:///run/redis.sock?virtual_host=4', { path: '/run/redis.sock', db: 4 }],
    ['redis+socket://:pw@/run/redis.sock', { path: '/run/redis.sock', db: 0, password: 'pw' }],
  ])('%s', (url, expected) => {
    expect(read(url).client).toMatchObject(expected);
  });

  it('prints no password', () => {
    expect(read('redis://:secret@h/0').safeUrl).toBe('redis://:**@h/0');
    expect(read('sentinel://:a@h;sentinel://:b@i', { master_name: 'm' }).safeUrl).toBe(
      'sentinel://:**@h;sentinel://:**@i',
    );
    expect(read('redis://:secret@h/0').identity).not.toContain('secret');
  });

  it('takes sentinels one after the other for one broker, and needs the name of the master', () => {
    const url = 'sentinel://:pw@a:1;sentinel://b/5';
    expect(splitFailover(['redis://x', url, 'redis://y'])).toEqual(['redis://x', url, 'redis://y']);
    const { client } = read(url, { master_name: 'm', sentinel_kwargs: { password: 'sp' } });
    expect(client).toMatchObject({
      sentinels: [
        { host: 'a', port: 1 },
        { host: 'b', port: 26379 },
      ],
      name: 'm',
      password: 'pw',
      sentinelPassword: 'sp',
      db: 5,
    });
    expect(() => read(url)).toThrow(/master_name/);
  });

  it('reads certificates from the URL or from ssl, and checks the server unless told not to', () => {
    const folder = mkdtempSync(join(tmpdir(), 'umbel-pem-'));
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, 'PEM');
    expect(read('redis://h').client.tls).toBeUndefined();
    expect(read('rediss://h').client.tls).toMatchObject({ rejectUnauthorized: true, servername: 'h' });
    expect(read(`rediss://h?ssl_cert_reqs=CERT_NONE&ssl_ca_certs=${ca}`).client.tls).toMatchObject({
      rejectUnauthorized: false,
      ca: Buffer.from('PEM'),
    });
    expect(read('redis://h', { ssl: { ssl_cert_reqs: 'none' } }).client.tls).toMatchObject({
      rejectUnauthorized: false,
    });
    expect(() => read('rediss://h?ssl_keyfile=/no/such')).toThrow(/\/no\/such/);
    expect(() => read('rediss://h?ssl_cert_reqs=maybe')).toThrow(/ssl_cert_reqs/);
    rmSync(folder, { recursive: true });
  });

  it('has kombu’s defaults, and milliseconds within', () => {
    expect(read('redis://h/2')).toMatchObject({
      sep: '\x06\x16',
      prioritySteps: [0, 3, 6, 9],
      queueOrder: 'round_robin',
      unackedKey: 'unacked',
      unackedMutexExpireMs: 300_000,
      visibilityTimeoutMs: 3_600_000,
      fanoutPrefix: '/2.',
      fanoutPatterns: true,
      healthCheckMs: 25_000,
    });
    expect(read('redis://h/2', { fanout_prefix: false }).fanoutPrefix).toBe('');
    expect(read('redis://h/2', { fanout_prefix: '/{db}-x.' }).fanoutPrefix).toBe('/2-x.');
  });

  it.each([
    ['redis://h/first', {}, /number/],
    ['redis+socket://', {}, /socket/],
    ['redis://h', { queue_order_strategy: 'random' }, /queue_order_strategy/],
    ['redis://h', { priority_steps: ['a'] }, /priority_steps/],
    ['redis://h', { visibility_timeout: '1h' }, /visibility_timeout/],
  ])('refuses %s with %j', (url, options, why) => {
    expect(() => read(url, options)).toThrow(ImproperlyConfigured);
    expect(() => read(url, options)).toThrow(why);
  });
});
