import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { ImproperlyConfigured } from '../../../server/errors.ts';
import { healthOptions, watchHealth } from '../../../server/transport/redis/health.ts';
import { readOptions } from '../../../server/transport/redis/options.ts';
import { ManualTimer } from '../../support/clock.ts';

const read = (url: string, options: Record<string, unknown> = {}) =>
  readOptions({ url, options, connectTimeoutMs: 4000 });

describe('options of the Redis transport', () => {
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
      healthCheckMs: 10_000,
    });
    expect(read('redis://h/2').client).toMatchObject({ keepAlive: 30_000, connectTimeout: 4000 });
    expect(read('redis://h/2', { fanout_prefix: false }).fanoutPrefix).toBe('');
    expect(read('redis://h/2', { fanout_prefix: '/{db}-x.' }).fanoutPrefix).toBe('/2-x.');
  });

  it('are about the connection, too: its name, its timeouts, keep-alive', () => {
    const client = (options: object) => read('redis://h', options as never).client;
    expect(client({ client_name: 'shop', socket_connect_timeout: 0.5 })).toMatchObject({
      connectionName: 'shop',
      connectTimeout: 500,
    });
    expect(client({ socket_keepalive: false }).keepAlive).toBeNull();
    expect(client({ socket_keepalive: true, socket_keepalive_options: { TCP_KEEPIDLE: 60 } }).keepAlive).toBe(60_000);
    expect(client({ socket_keepalive: true, socket_keepalive_options: { 4: 7 } }).keepAlive).toBe(7000);
  });

  it('with the same database, server and prefix are the same broker', () => {
    const identity = (url: string, options = {}) => read(url, options).identity;
    expect(identity('redis://:a@h/1')).toBe(identity('redis://h:6379/1'));
    expect(identity('redis://h/1')).not.toBe(identity('redis://h/2'));
    expect(identity('redis://h/1')).not.toBe(identity('redis://h/1', { global_keyprefix: 'x' }));
    expect(identity('redis://:MARKER@h/1')).not.toContain('MARKER');
  });

  it.each([
    ['redis://h', { client_name: 1 }, /client_name/],
    ['redis://h', { queue_order_strategy: 'random' }, /queue_order_strategy/],
    ['redis://h', { priority_steps: ['a'] }, /priority_steps/],
    ['redis://h', { visibility_timeout: '1h' }, /visibility_timeout/],
  ])('refuses %s with %j', (url, options, why) => {
    expect(() => read(url, options)).toThrow(ImproperlyConfigured);
    expect(() => read(url, options)).toThrow(why);
  });
});

describe('a line that falls silent without being closed', () => {
  it.each([
    ['broker', read('redis://h')],
    ['result store', healthOptions({})],
  ])('to the %s is given up within 25 s, wherever in the interval it falls silent', (_, options) => {
    for (let silentFromMs = 0; silentFromMs <= 20_000; silentFromMs += 500) {
      const timer = new ManualTimer();
      const client = Object.assign(new EventEmitter(), {
        status: 'ready',
        stream: { bytesRead: 0 },
        ping: () => (timer.monotonic() < silentFromMs ? Promise.resolve('PONG') : new Promise(() => {})),
      });
      // The answers come within the turn.
      client.ping = ((ping) => () => {
        const answer = ping();
        if (timer.monotonic() < silentFromMs) client.emit('ready');
        return answer;
      })(client.ping);
      let givenUpMs: number | null = null;
      watchHealth(client as unknown as Redis, timer, options, () => {
        givenUpMs ??= timer.monotonic();
      });
      timer.advance(silentFromMs + 25_000);
      expect(givenUpMs).not.toBeNull();
      expect(givenUpMs! - silentFromMs).toBeLessThanOrEqual(25_000);
    }
  });
});
