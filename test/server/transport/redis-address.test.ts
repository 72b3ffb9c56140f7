// Every form of a Redis address, for the broker and for the result store, and what is refused without showing a password.
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisClients } from '../../../server/backends/redis-client.ts';
import { ImproperlyConfigured } from '../../../server/errors.ts';
import { type AddressSource, readAddress } from '../../../server/transport/redis/address.ts';
import { explanation } from '../../../server/transport/redis/failure.ts';
import { safeUrl } from '../../../server/transport/url.ts';
import { type Certificates, makeCertificates } from '../../support/certificates.ts';
import { testContext } from '../backends/context.ts';

const read = (url: string, more: Partial<AddressSource> = {}) =>
  readAddress({ url, of: 'broker', options: {}, ...more });
const store = (url: string, more: Partial<AddressSource> = {}) => read(url, { of: 'result store', ...more });

describe('a Redis address', () => {
  it.each([
    ['redis://', { host: '127.0.0.1', port: 6379, db: 0 }],
    ['redis://h', { host: 'h', port: 6379, db: 0 }],
    ['redis://h/', { host: 'h', db: 0 }],
    ['redis://h//2', { host: 'h', db: 2 }],
    ['redis://h?db=5', { host: 'h', db: 5 }],
    ['redis://:secret@h:7000/3', { host: 'h', port: 7000, db: 3, password: 'secret' }],
    ['redis://me:s%40c%2F%3A%3F%23%3B%25@h/2', { host: 'h', db: 2, username: 'me', password: 's@c/:?#;%' }],
    ['redis://me:p;ss@h/2', { host: 'h', username: 'me', password: 'p;ss' }],
    ['redis://me:p@ss@h/2', { host: 'h', username: 'me', password: 'p@ss' }],
    ['redis://nopass@h', { username: 'nopass', password: '' }],
    ['redis://:a@h/0?username=me&password=pw', { username: 'me', password: 'pw' }],
    ['redis://[::1]:7000/1', { host: '::1', port: 7000, db: 1 }],
    ['redis+socket:///run/redis.sock', { path: '/run/redis.sock', db: 0 }],
    ['redis+socket:///run/redis.sock?virtual_host=4', { path: '/run/redis.sock', db: 4 }],
    ['redis+socket:///run/redis.sock?virtual_host=/4', { path: '/run/redis.sock', db: 4 }],
    ['redis+socket://:pw@/run/redis.sock', { path: '/run/redis.sock', db: 0, password: 'pw' }],
    ['redis+socket:////run/redis.sock', { path: '/run/redis.sock' }],
  ])('%s is read alike for broker and store', (url, expected) => {
    expect(read(url).client).toMatchObject(expected);
    expect(store(url).client).toMatchObject(expected);
  });

  it('of a store may be a socket by its name, as Celery’s guide has it', () => {
    expect(store('socket:///run/redis.sock').client).toMatchObject({ path: '/run/redis.sock' });
  });

  it('of sentinels is one address: all of them, the master’s name, who asks the master and who asks them', () => {
    const options = { master_name: 'm', sentinel_kwargs: { username: 'su', password: 'sp' } };
    const { client, identity, db } = read('sentinel://a:1;sentinel://u:pw@b/5', { options });
    expect(client).toMatchObject({
      sentinels: [
        { host: 'a', port: 1 },
        { host: 'b', port: 26_379 },
      ],
      name: 'm',
      username: 'u',
      password: 'pw',
      sentinelUsername: 'su',
      sentinelPassword: 'sp',
    });
    expect(client.tls).toBeUndefined();
    expect(db).toBe(5);
    expect(identity).not.toMatch(/pw|sp/);
  });

  it('of sentinels is encrypted to the master by broker_use_ssl, to the sentinels by their own options', () => {
    const more = (sentinel_kwargs: object, ssl?: unknown) => ({ options: { master_name: 'm', sentinel_kwargs }, ssl });
    expect(read('sentinel://a', more({ ssl: true })).client).toMatchObject({
      sentinelTLS: { rejectUnauthorized: true },
    });
    const { client } = read('sentinel://a', more({ ssl: true, ssl_cert_reqs: 'none' }, { ssl_cert_reqs: 'required' }));
    expect(client).toMatchObject({
      sentinelTLS: { rejectUnauthorized: false },
      enableTLSForSentinelMode: true,
      tls: { rejectUnauthorized: true },
    });
  });

  it('of the store takes what it does not name from redis_host and its like, the database only without a URL', () => {
    const otherwise = { host: 'x', port: 1, db: 2, username: 'u', password: 'p' };
    const all = { host: 'x', port: 1, username: 'u', password: 'p' };
    expect(store('redis', { otherwise }).client).toMatchObject({ ...all, db: 2 });
    expect(store('redis://', { otherwise }).client).toMatchObject({ ...all, db: 0 });
    expect(store('redis://:q@h:7/3', { otherwise }).client).toMatchObject({ host: 'h', port: 7, db: 3, password: 'q' });
    expect(store('redis+socket:///run/a.sock', { otherwise }).client).toMatchObject({ path: '/run/a.sock', db: 2 });
  });

  it.each([
    ['redis://h/first', {}, /has to name a database by its number, not 'first'/],
    ['redis://h:99999', {}, /port 99999: 1 to 65535/],
    ['redis+socket://', {}, /names no socket: write redis\+socket:\/\/\/path/],
    ['sentinel://a', {}, /needs the name of the master: broker_transport_options: \{ master_name/],
    ['sentinel://a', { master_name: 'm', sentinel_kwargs: 'MARKER' }, /sentinel_kwargs/],
    ['redis://:MARKER/x@h/0', {}, /cannot be read.*percent escapes/],
    ['redis://:MARKER?x@h/0', {}, /cannot be read/],
    ['redis://me:12/MARKER@h/0', {}, /cannot be read/],
    ['redis://:MARKER', {}, /cannot be read/],
    ['redis://:MARKER@h:port/0', {}, /cannot be read/],
    ['redis://:MARKER@h/x', {}, /not 'x'/],
    ['sentinel://:MARKER@a;sentinel://b/x', { master_name: 'm' }, /not 'x'/],
    ['redis://a;redis://:MARKER@b', {}, /names several servers/],
    ['sentinel://a;redis://:MARKER@b', { master_name: 'm' }, /names several servers/],
    ['redis://h', { credential_provider: 'my.Class' }, /Python class: give user and password/],
    ['redis+socket://:MARKER@/run/a.sock?ssl_cert_reqs=none', {}, /Unix socket, which is not encrypted/],
    ['rediss://:MARKER@h?ssl_cert_reqs=maybe', {}, /ssl_cert_reqs "maybe": write required, optional or none/],
    ['rediss://:MARKER@h?ssl_cert_reqs=none&ssl_ca_cert=x', {}, /option ssl_ca_cert\. Known are .*ssl_ca_certs/],
    ['rediss://:MARKER@h?ssl_cert_reqs=required&ssl_ca_certs=/no/such', {}, /needs ssl_ca_certs, .*\/no\/such/],
  ])('%s with %j is refused, saying what to write, and no password', (url, options, why) => {
    for (const of of ['broker', 'result store'] as const) {
      const refused = () => read(url, { of, options });
      const received =
        of === 'broker' ? why : new RegExp(why.source.replace('broker_transport', 'result_backend_transport'));
      expect(refused).toThrow(ImproperlyConfigured);
      expect(refused).toThrow(received);
      expect(refused).not.toThrow(/MARKER/);
    }
  });

  it.each([
    ['redis://:MARKER@h:1/0', 'redis://:**@h:1/0'],
    ['redis://me:MARKER@h', 'redis://me:**@h'],
    ['redis://me:p@MARKER@h/0', 'redis://me:**@h/0'],
    ['redis://:12/MARKER@h', 'redis://:**@h'],
    ['redis://me:MARKER?x@h', 'redis://me:**@h'],
    ['redis://:a;MARKER@h;redis://:MARKER@x', 'redis://:**@h;redis://:**@x'],
    ['redis://:MARKER/0', 'redis://:**/0'],
    ['redis://h/0?password=MARKER&a=1', 'redis://h/0?password=**&a=1'],
    ['rediss://h/0?ssl_password=MARKER', 'rediss://h/0?ssl_password=**'],
    ['azureblockblob://AccountName=a;AccountKey=MARKER==;X=y', 'azureblockblob://AccountName=a;AccountKey=**;X=y'],
    ['redis://[::1]:6379/0', 'redis://[::1]:6379/0'],
    ['redis+socket:///run/a@b.sock', 'redis+socket:///run/a@b.sock'],
    ['sqlite:///C:/x@y.db', 'sqlite:///C:/x@y.db'],
  ])('%s is shown as %s', (url, shown) => {
    expect(safeUrl(url)).toBe(shown);
  });
});

describe('encryption', () => {
  let pem: Certificates;
  beforeAll(() => {
    pem = makeCertificates();
  });
  afterAll(() => pem.remove());

  it('is asked for by rediss://, by ssl_ options of the URL, or by the setting', () => {
    expect(read('redis://h').client.tls).toBeUndefined();
    expect(read('redis://h', { ssl: false }).client.tls).toBeUndefined();
    expect(read('redis://h', { ssl: {} }).client.tls).toBeUndefined();
    expect(read('redis://h', { ssl: true }).client.tls).toEqual({ rejectUnauthorized: true, servername: 'h' });
    expect(read('redis://h', { ssl: { ssl_cert_reqs: 'required' } }).client.tls).toBeDefined();
    expect(read('redis://h?ssl_cert_reqs=required').client.tls).toBeDefined();
    expect(read('rediss://1.2.3.4?ssl_cert_reqs=required').client.tls).toEqual({ rejectUnauthorized: true });
  });

  it.each([
    ['none', false],
    ['CERT_NONE', false],
    ['ssl.CERT_NONE', false],
    [0, false],
    [null, false],
    ['optional', true],
    ['CERT_OPTIONAL', true],
    [1, true],
    ['required', true],
    ['CERT_REQUIRED', true],
    [2, true],
  ])('with ssl_cert_reqs %s checks the server: %s', (ssl_cert_reqs, checked) => {
    const ssl = { ssl_cert_reqs };
    expect(read('redis://h', { ssl }).client.tls).toMatchObject({ rejectUnauthorized: checked });
    expect(store('rediss://h', { ssl }).client.tls).toMatchObject({ rejectUnauthorized: checked });
  });

  it('of a broker at rediss:// without a word about certificates checks none, and warns, as Celery', () => {
    const { client, warning } = read('rediss://:MARKER@h');
    expect(client.tls).toMatchObject({ rejectUnauthorized: false });
    expect(warning).toMatch(/not checked.*ssl_cert_reqs=required/);
    expect(warning).not.toContain('MARKER');
    expect(read('rediss://h', { ssl: true }).warning).toBeNull();
    expect(read('rediss://h?ssl_cert_reqs=none').warning).toBeNull();
  });

  it('of a store has to say ssl_cert_reqs, as Celery; unchecked it warns', () => {
    expect(() => store('rediss://h')).toThrow(
      /has to say how its certificate is checked: write \?ssl_cert_reqs=required/,
    );
    expect(() => store('rediss://h', { ssl: { ssl_ca_certs: pem.ca } })).toThrow(/has to say/);
    expect(() => store('redis://h', { ssl: { ssl_cert_reqs: 'none' } })).toThrow(/write rediss:\/\//);
    expect(store('rediss://h?ssl_cert_reqs=none').warning).toMatch(/not checked/);
    expect(store('rediss://h?ssl_cert_reqs=required').warning).toBeNull();
    expect(store('rediss://h', { ssl: true }).client.tls).toMatchObject({ rejectUnauthorized: true });
  });

  it('reads certificates and key from files, with or without ssl_ before their names, the URL first', () => {
    const ssl = { ca_certs: '/no/such', certfile: pem.clientBoth, cert_reqs: 'none', ssl_check_hostname: false };
    const { tls } = read(`rediss://h?ssl_ca_certs=${encodeURIComponent(pem.ca)}&ssl_cert_reqs=required`, {
      ssl,
    }).client;
    expect(tls).toMatchObject({ rejectUnauthorized: true, checkServerIdentity: expect.any(Function) });
    expect(String(tls?.ca)).toContain('BEGIN CERTIFICATE');
    expect(String(tls?.key)).toContain('PRIVATE KEY'); // one file may hold both
  });

  it('refuses a key that does not fit its certificate', () => {
    const ssl = { ssl_cert_reqs: 'none', ssl_certfile: pem.clientCert, ssl_keyfile: pem.serverKey };
    expect(() => read('rediss://h', { ssl })).toThrow(/cannot use its certificates.*mismatch/);
  });
});

describe('clients of a store', () => {
  const made = (url: string, change: Parameters<typeof testContext>[1] = {}) =>
    redisClients(testContext(url, change))().options;

  it('read the settings of Celery, under what the URL says', () => {
    const settings = {
      redis_host: 'h',
      redis_socket_connect_timeout: 3,
      redis_socket_keepalive: false,
      redis_client_name: 'shop',
    };
    expect(made('redis', { settings })).toMatchObject({
      host: 'h',
      connectTimeout: 3000,
      keepAlive: null,
      connectionName: 'shop',
    });
    expect(made('redis://x?socket_connect_timeout=1.5&client_name=web', { settings })).toMatchObject({
      connectTimeout: 1500,
      connectionName: 'web',
    });
    expect(made('redis://x')).toMatchObject({ keepAlive: 30_000, connectTimeout: 10_000 });
    expect(() => made('redis://:MARKER@x?socket_timeout=soon')).toThrow(
      "The socket_timeout of the result store redis://:**@x?socket_timeout=soon is a number of seconds, not 'soon'.",
    );
  });

  it('try again as retry_policy says, and no more than fits into its timeout', () => {
    const waits = (retry_policy: object) => {
      const { retryStrategy, maxRetriesPerRequest } = made('redis://x', { options: { retry_policy } });
      return [maxRetriesPerRequest, ...[1, 2, 3, 4].map((times) => retryStrategy!(times))];
    };
    expect(waits({})).toEqual([20, 50, 1000, 1000, 1000]);
    expect(waits({ max_retries: 3, interval_start: 0.5, interval_step: 0.25, interval_max: 0.75 })).toEqual([
      3, 500, 750, 750, 750,
    ]);
    expect(waits({ timeout: 5 })[0]).toBe(5);
    expect(waits({ timeout: 5, max_retries: 2 })[0]).toBe(2);
    expect(waits({ max_retries: null })[0]).toBeNull();
    expect(waits({ max_retries: null, timeout: 3 })[0]).toBe(3);
  });

  it('say that this process, not the server, has no place for another connection', () => {
    const error = Object.assign(new Error('connect EMFILE 10.0.0.1:6379 - Local (undefined:undefined)'), {
      code: 'EMFILE',
    });
    expect(explanation(error)).toMatch(/no file descriptor left .*\(ulimit -n\)/);
  });

  it('say what to look at when a key that is needed holds something else', () => {
    const text = 'WRONGTYPE Operation against a key holding the wrong kind of value';
    expect(explanation(new Error(text))).toMatch(/a value of another type under a key .*TYPE.*DEL/);
  });

  it('never show their password, looked at from any side', () => {
    const error = Object.assign(new Error('WRONGPASS invalid username-password pair'), {
      command: { name: 'auth', args: ['MARKER'] },
    });
    expect(explanation(error)).toBe('refused the user name or password');
    const warnings: string[] = [];
    const log = { warning: (text: string) => warnings.push(text) } as never;
    redisClients(testContext('rediss://:MARKER@h?ssl_cert_reqs=none', { log }));
    expect(warnings).toHaveLength(1);
    expect(inspect(warnings)).not.toContain('MARKER');
  });
});
