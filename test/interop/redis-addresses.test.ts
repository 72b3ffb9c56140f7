// Addresses and settings of Redis as real Celery and kombu read them, against how they are read here.
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { redisClients } from '../../server/backends/redis-client.ts';
import { readAddress } from '../../server/transport/redis/address.ts';
import { testContext } from '../server/backends/context.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';

const parts = { redis_host: 'x', redis_port: 1, redis_db: 2, redis_username: 'u', redis_password: 'p' };
const CASES: readonly (readonly [url: string, settings: Record<string, unknown>])[] = [
  ...[
    ...['redis://', 'redis://h', 'redis://h/', 'redis://h//2', 'redis://h/2', 'redis://:pw@h:7/3', 'redis://[::1]:7/1'],
    ...['redis://me:s%40c%2F@h/2', 'redis://me:p@ss@h/2', 'redis://:a+b@h/0', 'redis://:p%2525@h', 'redis://u@h'],
    ...['redis://h?db=5', 'redis://h/1?virtual_host=2', 'redis://h?password=q&username=z', 'redis://:a@h?password=q'],
    ...['redis+socket:///run/r.sock', 'redis+socket:///run/r.sock?virtual_host=4', 'redis+socket://:pw@/run/r.sock'],
    ...['none', 'optional', 'required', 'CERT_NONE', 'CERT_REQUIRED', 'maybe'].map(
      (how) => `rediss://h?ssl_cert_reqs=${how}`,
    ),
    ...['rediss://h/0', 'redis://h/first', 'redis://h/0?ssl_cert_reqs=none', 'redis://h?socket_connect_timeout=1.5'],
  ].map((url) => [url, {}] as const),
  ...['redis', 'redis://', 'redis://:q@h:7/3', 'redis+socket:///run/r.sock'].map((url) => [url, parts] as const),
  ['redis://h', { redis_socket_connect_timeout: 3 }],
  ['redis://h', { redis_backend_use_ssl: { ssl_cert_reqs: 'none' } }],
  ['rediss://h', { redis_backend_use_ssl: { ssl_cert_reqs: 'required' } }],
];

interface Read {
  readonly [part: string]: unknown;
}

/** The same parts as Python's connection parameters have. */
function ours(read: () => Record<string, unknown>): Read | 'refused' {
  try {
    const { host, port, db, username, password, path, tls, connectTimeout = 10_000 } = read();
    const checked = tls
      ? (tls as { rejectUnauthorized: boolean }).rejectUnauthorized
        ? 'checked'
        : 'unchecked'
      : null;
    const where = path ? { path } : { host: host === '127.0.0.1' ? 'localhost' : host, port };
    const who = { ...(username ? { username } : {}), ...(password ? { password } : {}) };
    // Ten seconds are ours where Celery waits as long as the system does.
    const patience = connectTimeout === 10_000 ? null : (connectTimeout as number) / 1000;
    return { ...where, ...who, db, tls: checked, patience };
  } catch {
    return 'refused';
  }
}

describeNeedsPythonOnRedis('an address of Redis means what it means to Python', () => {
  const { stdout, stderr } = spawnSync('/usr/bin/python3', ['-c', PYTHON(), JSON.stringify(CASES)], {
    encoding: 'utf8',
  });
  const theirs = JSON.parse(stdout || `{"error": ${JSON.stringify(stderr)}}`) as {
    store: Read;
    broker: Read | 'refused';
  }[];

  it.each(CASES.map(([url, settings], i) => [url, settings, theirs[i]] as const))(
    '%s with %j',
    (url, settings, their) => {
      const store = () => redisClients(testContext(url, { settings }))().options as Record<string, unknown>;
      expect(ours(store)).toEqual(their?.store);
      // What kombu refuses (a query it does not know), we may read; the bare word is of stores only.
      if (their?.broker === 'refused' || url === 'redis') return;
      expect(ours(() => ({ ...readAddress({ url, of: 'broker', options: {} }).client }))).toEqual(their?.broker);
    },
  );
});

function PYTHON(): string {
  return `
import json, ssl, sys, warnings
from celery import Celery
from kombu import Connection
from kombu.transport.redis import Channel

def parts(params):
    tls = None
    if 'SSL' in getattr(params.get('connection_class'), '__name__', ''):
        tls = 'unchecked' if params.get('ssl_cert_reqs') == ssl.CERT_NONE else 'checked'
    found = {name: params[name] for name in ('path', 'host', 'port', 'username', 'password') if params.get(name)}
    if found.get('host') == '127.0.0.1':
        found['host'] = 'localhost'
    return dict(found, db=params['db'], tls=tls, patience=params.get('socket_connect_timeout'))

def store(url, settings):
    app = Celery(set_as_current=False)
    app.conf.update(settings, result_backend=url)
    return parts(app.backend.connparams)

def broker(url, settings):
    class Transport:
        client = Connection(url)
        default_port = 6379
    channel = Channel.__new__(Channel)
    channel.connection = Transport()
    return parts(channel._connparams())

def attempt(read, *given):
    try:
        return read(*given)
    except Exception:
        return 'refused'

print(json.dumps([{'store': attempt(store, *case), 'broker': attempt(broker, *case)} for case in json.loads(sys.argv[1])]))
`;
}
