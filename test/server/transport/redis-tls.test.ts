// Real redis-servers that speak TLS: what is accepted, what is refused and how that is said, for the broker and for the result store.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Celery } from '../../../server/app/celery.ts';
import type { RedisStoreSettings } from '../../../server/backends/redis-settings.ts';
import { createBackend } from '../../../server/backends/registry.ts';
import { createDashboard } from '../../../server/dashboard/dashboard.ts';
import { createLogger, silentLogger } from '../../../server/log.ts';
import { queue } from '../../../server/transport/entity.ts';
import { createTransport } from '../../../server/transport/registry.ts';
import { type Certificates, makeCertificates } from '../../support/certificates.ts';
import { describeNeedsPythonOnRedis } from '../../support/needs.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../../support/redis-server.ts';
import { startSentinel } from '../../support/sentinel.ts';
import { until } from '../../support/until.ts';
import { startWorker } from '../../support/world.ts';
import { record, testContext } from '../backends/context.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

let pem: Certificates;
let open: RedisServer;
let strict: RedisServer;
let misnamed: RedisServer;
let plain: RedisServer;
beforeAll(async () => {
  pem = makeCertificates();
  const server = { cert: pem.serverCert, key: pem.serverKey, ca: pem.ca };
  [open, strict, misnamed, plain] = await Promise.all([
    redisServer({ tls: server }),
    redisServer({ tls: { ...server, askClients: true } }),
    redisServer({ tls: { cert: pem.otherCert, key: pem.otherKey, ca: pem.ca } }),
    redisServer(),
  ]);
});
afterAll(async () => {
  await Promise.all([open, strict, misnamed, plain].map((server) => server?.close()));
  pem?.remove();
});

type Ssl = RedisStoreSettings['redis_backend_use_ssl'];

/** A message there and back. */
async function throughBroker(url: string, ssl?: Ssl, log = silentLogger, timeout = 20, options = {}): Promise<string> {
  const transport = await createTransport({
    url,
    options,
    ssl: ssl ?? undefined,
    connectTimeoutMs: timeout * 1000,
    log,
  });
  closing.push(() => transport.close());
  await transport.connect();
  const channel = await transport.channel();
  await channel.declareQueue(queue('celery'));
  const body = Buffer.from('hello');
  const plainText = { contentType: 'text/plain', contentEncoding: 'utf-8', headers: {}, properties: {} };
  await channel.publish({ exchange: '', routingKey: 'celery', body, ...plainText });
  const message = (await channel.get('celery'))!;
  message.ack();
  return Buffer.from(message.body).toString();
}

/** A result there and back, told of by the server. */
async function throughStore(url: string, ssl?: Ssl, log = silentLogger, timeout = 20, more = {}): Promise<unknown> {
  const options = { retry_policy: { max_retries: 0 }, ...more };
  const settings = { redis_backend_use_ssl: ssl, redis_socket_connect_timeout: timeout };
  const backend = await createBackend(testContext(url, { options, settings, log }));
  closing.push(() => backend.close());
  const received = backend.wait('a', AbortSignal.timeout(15_000));
  received.catch(() => {});
  await backend.store(record('a', 'SUCCESS', 'hello'));
  return (await received).result;
}

const ways = [
  ['broker', throughBroker],
  ['result store', throughStore],
] as const;

const textOf = (making: Promise<unknown>): Promise<string> =>
  making.then(
    (value) => expect.fail(`it came through: ${value}`),
    (error: Error) => error.message,
  );

describeNeedsRedis.each(ways)('a %s over TLS', (name, through) => {
  it('is checked with the authority it is told to trust, by address and by name', async () => {
    const query = `?ssl_cert_reqs=required&ssl_ca_certs=${encodeURIComponent(pem.ca)}`;
    expect(await through(open.secureUrl(query))).toBe('hello');
    expect(await through(open.secureUrl(query, 'localhost'))).toBe('hello');
    expect(await through(open.secureUrl(''), { ssl_cert_reqs: 'required', ssl_ca_certs: pem.ca })).toBe('hello');
  });

  it('shows its certificate to a server that wants one', async () => {
    const ssl = { ssl_cert_reqs: 'CERT_REQUIRED', ssl_ca_certs: pem.ca };
    const own = { ssl_certfile: pem.clientCert, ssl_keyfile: pem.clientKey };
    expect(await through(strict.secureUrl(''), { ...ssl, ...own })).toBe('hello');
    expect(await through(strict.secureUrl(''), { ...ssl, ssl_certfile: pem.clientBoth })).toBe('hello');
    expect(await textOf(through(strict.secureUrl(''), ssl))).toMatch(
      /wants? a certificate of this client \(ssl_certfile, ssl_keyfile\)/,
    );
  });

  it('refuses a server of an authority it does not trust, and says what to name', async () => {
    const url = open.secureUrl(`?ssl_cert_reqs=required&ssl_ca_certs=${pem.strangeCa}`).replace('//', '//:MARKER@');
    const text = await textOf(through(url));
    expect(text).toMatch(/authority that is not trusted here: name its file with ssl_ca_certs, or do not check/);
    expect(text).not.toContain('MARKER');
    expect(await textOf(through(open.secureUrl('?ssl_cert_reqs=required')))).toMatch(/ssl_ca_certs/);
    expect(await textOf(through(open.secureUrl('?ssl_cert_reqs=optional')))).toMatch(/ssl_ca_certs/);
  });

  it('takes any certificate with ssl_cert_reqs none', async () => {
    expect(await through(open.secureUrl('?ssl_cert_reqs=CERT_NONE'))).toBe('hello');
    expect(await through(misnamed.secureUrl('?ssl_cert_reqs=none'))).toBe('hello');
  });

  it('refuses a certificate for another name, unless names are not to be checked', async () => {
    const query = `?ssl_cert_reqs=required&ssl_ca_certs=${pem.ca}`;
    expect(await textOf(through(misnamed.secureUrl(query)))).toMatch(
      /certificate for other names: .*ssl_check_hostname=false/,
    );
    expect(await through(misnamed.secureUrl(`${query}&ssl_check_hostname=false`))).toBe('hello');
  });

  it('says so when one of both sides does not speak TLS', async () => {
    const url = `rediss://127.0.0.1:${plain.port}?ssl_cert_reqs=none`;
    expect(await textOf(through(url, undefined, undefined, 1))).toMatch(/does it speak TLS on that port\?/);
    expect(await textOf(through(`redis://127.0.0.1:${open.port}`))).toMatch(/does it speak TLS only \(rediss:\/\/\)\?/);
  });

  it('closed in the middle of its greeting ends nothing but itself', async () => {
    const url = open.secureUrl(`?ssl_cert_reqs=required&ssl_ca_certs=${pem.strangeCa}`);
    // An error that nobody listens to would end this process.
    for (let turns = 0; turns < 60; turns++) {
      const going = through(url).catch(() => {});
      for (let i = 0; i < turns; i++) await new Promise(setImmediate);
      await Promise.all(closing.splice(0).map((close) => close()));
      await going;
    }
  });

  it('without a word about certificates is as with Celery: a broker is not checked and warns, a store is refused', async () => {
    const lines: string[] = [];
    const log = createLogger({ write: (line) => lines.push(line) });
    const going = through(open.secureUrl(''), undefined, log);
    if (name === 'broker') {
      expect(await going).toBe('hello');
      expect(await through(open.secureUrl(''), undefined, log)).toBe('hello');
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/WARNING.*not checked/);
    } else {
      expect(await textOf(going)).toMatch(/has to say how its certificate is checked/);
    }
  });
});

describeNeedsRedis('sentinels and a master that speak TLS', () => {
  it('are asked by the certificates in sentinel_kwargs, and the master by those of broker_use_ssl and redis_backend_use_ssl', async () => {
    const watch = await startSentinel(open, { tls: { cert: pem.serverCert, key: pem.serverKey, ca: pem.ca } });
    closing.push(() => watch.close());
    const url = `sentinel://127.0.0.1:${watch.port}/0`;
    const ssl = { ssl_cert_reqs: 'required', ssl_ca_certs: pem.ca };
    const options = (more: object) => ({ master_name: 'mymaster', sentinel_kwargs: { ssl: true, ...more } });
    const sound = options({ ssl_ca_certs: pem.ca });
    expect(await throughBroker(url, ssl, silentLogger, 20, sound)).toBe('hello');
    expect(await throughStore(url, ssl, silentLogger, 20, sound)).toBe('hello');
    const strange = options({ ssl_ca_certs: pem.strangeCa });
    for (const through of [throughBroker, throughStore]) {
      expect(await textOf(through(url, ssl, silentLogger, 20, strange))).toMatch(/no sentinel can tell where it is/);
      const strangeMaster = { ...ssl, ssl_ca_certs: pem.strangeCa };
      expect(await textOf(through(url, strangeMaster, silentLogger, 20, sound))).toMatch(/not trusted here/);
    }
  });
});

describeNeedsRedis('a dashboard over TLS', () => {
  it('reaches broker, results and schedule with the certificates in the settings of its cluster', async () => {
    const own = { ssl_cert_reqs: 'required', ssl_ca_certs: pem.ca, ssl_certfile: pem.clientBoth };
    const url = strict.secureUrl('');
    const settings = { broker_use_ssl: own, redis_backend_use_ssl: own };
    const db = join(strict.folder, 'history.db');
    const options = { broker: url, result_backend: url, schedule: url, settings, db, port: 0, queue_interval: 0.2 };
    const dashboard = createDashboard(options, { log: silentLogger, pages: null });
    closing.push(() => dashboard.close());
    const cluster = await dashboard.start();
    const ready = async () => (await dashboard.app.inject({ url: '/readyz' })).json<{ ready: boolean }>().ready;
    await until(ready, 'the dashboard to be ready');
    expect(await cluster.link.askBackend((backend) => backend.get('none'))).toEqual({ value: null });
    const schedule = await dashboard.app.inject({ url: '/api/v2/schedules' });
    expect(schedule.json()).toMatchObject({ items: [], reason: null, lease: { state: 'free' } });
  });
});

describeNeedsPythonOnRedis('Python and TypeScript over one Redis that wants certificates', () => {
  it('a Python client gets the result of a task that our worker ran', async () => {
    const ssl = {
      ssl_cert_reqs: 'required',
      ...{ ssl_ca_certs: pem.ca, ssl_certfile: pem.clientCert, ssl_keyfile: pem.clientKey },
    };
    const url = strict.secureUrl('');
    const env = { ...process.env, URL: url, SSL: JSON.stringify(ssl) };
    const app = new Celery(
      'secure',
      { broker: url, backend: url, broker_use_ssl: ssl, redis_backend_use_ssl: ssl },
      { env: {} },
    );
    closing.push(() => app.close());
    app.task({ name: 'ts.add' }, (a: number, b: number) => a + b);
    await startWorker(app);
    const child = spawn('/usr/bin/python3', ['-c', CLIENT], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    closing.push(() => child.kill('SIGKILL'));
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
    await new Promise((resolve) => child.once('close', resolve));
    expect(output).toContain('result 5');
  });
});

const CLIENT = `
import json, os
from celery import Celery
ssl = json.loads(os.environ['SSL'])
app = Celery(broker=os.environ['URL'], backend=os.environ['URL'])
app.conf.update(broker_use_ssl=ssl, redis_backend_use_ssl=ssl)
print('result', app.send_task('ts.add', (2, 3)).get(timeout=20))
`;
