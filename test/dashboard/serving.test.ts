// How the dashboard is served: under a prefix that a proxy takes away or leaves, by TLS, on a Unix socket, behind proxies whose word is
// believed or not, in frames of other sites, and what its options make of the log.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, request } from 'node:http';
import { get as getByTls, request as requestByTls } from 'node:https';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TrustedProxies } from '../../server/dashboard/access/forwarded.ts';
import { refuseRemote } from '../../server/dashboard/access/origin.ts';
import { peerOf } from '../../server/dashboard/access/peer.ts';
import { createDashboard, type Dashboard } from '../../server/dashboard/dashboard.ts';
import type { OperationsPage } from '../../shared/wire/operations.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { makeDashboard } from '../support/dashboard-shop.ts';

let folder: string;
let pem: Certificates;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-serving-'));
  pem = makeCertificates();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  pem.remove();
});

describe('a prefix', () => {
  it.each(['ops/umbel', '/ops/umbel', '/ops/umbel/'])(
    '%s: kept or taken away by a proxy, with and without a last slash',
    async (given) => {
      const { app } = makeDashboard({ url_prefix: given });
      for (const url of ['/ops/umbel/healthcheck', '/healthcheck'])
        expect((await app.inject(url)).body, url).toBe('OK');
      for (const url of ['/ops/umbel/api/v2/cluster', '/api/v2/cluster'])
        expect((await app.inject(url)).statusCode, url).toBe(200);
      // Pages are not built here, and say so; each links to the prefix.
      for (const url of ['/ops/umbel/', '/ops/umbel/tasks?q=1', '/', '/tasks'])
        expect((await app.inject(url)).body, url).toContain('href="/ops/umbel/api/v2/docs"');
      expect((await app.inject('/ops/umbelX/api/v2/cluster')).statusCode).toBe(503);
      expect((await app.inject('/ops/umbel/api/v2/nothing')).statusCode).toBe(404);
    },
  );
});

describe('TLS', () => {
  const answer = (url: string, ca: string) =>
    new Promise<string>((done, failed) => {
      getByTls(url, { ca: readFileSync(ca) }, (reply) => {
        reply.setEncoding('utf8').on('data', done);
      }).on('error', failed);
    });

  it('is spoken with certfile and keyfile, and clients that trust the authority connect', async () => {
    const dashboard = makeDashboard({ certfile: pem.serverCert, keyfile: pem.serverKey, ca_certs: pem.ca });
    // As without: a query of some thousand letters fits, and nobody is waited for longer.
    expect(dashboard.app.server).toMatchObject({
      maxHeaderSize: 64 * 1024,
      headersTimeout: 10_000,
      requireHostHeader: false,
    });
    const address = await dashboard.listen();
    expect(address).toMatch(/^https:\/\/127/);
    expect(await answer(`${address}/healthcheck`, pem.ca)).toBe('OK');
    await expect(answer(`${address}/healthcheck`, pem.strangeCa)).rejects.toThrow(/certificate/);
  });

  it('is spoken by one that stands by for another, to which its clients are as secure as to it', async () => {
    const db = join(folder, 'standby.db');
    const options = { certfile: pem.serverCert, keyfile: pem.serverKey, db, standby: true, basic_auth: ['ann:pw'] };
    await makeDashboard(options).listen();
    const address = await makeDashboard(options).listen();
    const signIn = () =>
      new Promise<IncomingMessage>((done, failed) => {
        const headers = { 'content-type': 'application/json' };
        const asked = requestByTls(`${address}/api/v2/session`, { method: 'POST', headers, ca: readFileSync(pem.ca) });
        asked.on('response', done).on('error', failed).end('{"user":"ann","password":"pw"}');
      });
    await expect.poll(async () => (await signIn()).statusCode).toBe(200);
    const { headers } = await signIn();
    expect([headers['umbel-replica'], headers['set-cookie']]).toEqual([
      'standby; owner=answers',
      [expect.stringMatching(/^__Secure-.*; Secure$/)],
    ]);
  });

  it.each([
    ['no key', () => ({ certfile: pem.serverCert }), /both certfile and keyfile: keyfile is missing/],
    ['no certificate', () => ({ ca_certs: pem.ca }), /certfile is missing/],
    [
      'no such file',
      () => ({ certfile: '/no/such.pem', keyfile: pem.serverKey }),
      /\/no\/such\.pem of certfile cannot be read/,
    ],
    ['a key of another', () => ({ certfile: pem.serverCert, keyfile: pem.otherKey }), /cannot be used together/],
  ])('%s is refused at the start', (_, options, message) => {
    expect(() => makeDashboard(options())).toThrow(message);
  });
});

describe('a Unix socket', () => {
  const ask = (socketPath: string) =>
    new Promise<IncomingMessage>((done, failed) => {
      request({ socketPath, path: '/api/v2/cluster', headers: { host: 'localhost' } }, done)
        .on('error', failed)
        .end();
    });

  it('takes the place of the port, and of one that a dead process left', async () => {
    const path = join(folder, 'umbel.sock');
    const dead = createServer();
    await new Promise<void>((done) => dead.listen(path, done));
    const first = makeDashboard({ unix_socket: path, address: '0.0.0.0' });
    await expect(first.listen()).rejects.toThrow(/Another process listens on .*umbel\.sock/);
    const leave = join(folder, 'left.sock');
    writeFileSync(leave, '');
    await expect(makeDashboard({ unix_socket: leave }).listen()).rejects.toThrow(/is no socket/);
    await new Promise<void>((done) => dead.close(() => done()));

    const second = makeDashboard({ unix_socket: path });
    expect(await second.listen()).toBe(`unix:${path}`);
    // Whoever may write to it may connect; what else its mode says is Node's.
    expect(statSync(path).mode & 0o666).toBe(0o666);
    expect((await ask(path)).statusCode).toBe(200);
    const own = join(folder, 'own.sock');
    await makeDashboard({ unix_socket: own, unix_socket_mode: '0660' }).listen();
    expect([statSync(own).mode & 0o777, (await ask(own)).statusCode]).toEqual([0o660, 200]);
  });
});

describe('a proxy', () => {
  const client = (proxies: TrustedProxies, remoteAddress: string | undefined, headers: Record<string, string>) =>
    proxies.clientOf({ headers: { host: 'inner', ...headers }, socket: { remoteAddress } as never });
  const forwarded = { 'x-forwarded-for': '6.6.6.6, 203.0.113.9, 10.0.0.2', 'x-forwarded-host': 'dash.example.com' };

  // The system has no address of a connection that was reset, while what was sent by it is still read and done.
  it('is not one who resets the connection at once, nor is that one of this machine', async () => {
    const proxies = new TrustedProxies(true, []);
    const seen = new Promise<unknown>((done) => {
      const server = createHttpServer(({ headers, socket }, reply) => {
        const { address } = proxies.clientOf({ headers, socket });
        done([proxies.trusts(socket), address, refuseRemote(peerOf(socket)), socket.remoteAddress]);
        reply.end();
        server.close();
      }).listen(0, '127.0.0.1', () => {
        const stranger = connect((server.address() as AddressInfo).port, '127.0.0.1', () =>
          stranger.write('POST / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 9.9.9.9\r\nContent-Length: 0\r\n\r\n', () =>
            stranger.resetAndDestroy(),
          ),
        );
      });
    });
    expect(await seen).toEqual([false, 'unknown', expect.stringContaining('only to its own machine'), undefined]);
    expect(proxies.trusts({ remoteAddress: undefined, localAddress: undefined, destroyed: false })).toBe(true);
    expect(proxies.trusts({ remoteAddress: undefined, localAddress: undefined, destroyed: true })).toBe(false);
  });

  it('is believed when its address is trusted, and no further than to the first that is not', () => {
    const proxies = new TrustedProxies(false, ['10.0.0.0/8', '::1']);
    expect(client(proxies, '10.1.2.3', forwarded)).toMatchObject({ address: '203.0.113.9', host: 'dash.example.com' });
    expect(client(proxies, '::ffff:10.1.2.3', forwarded).address).toBe('203.0.113.9');
    expect(client(proxies, '192.0.2.1', forwarded)).toMatchObject({ address: '192.0.2.1', host: 'inner' });
    expect(client(proxies, '::1', { 'x-real-ip': '2001:db8::7' }).address).toBe('2001:db8::7');
    expect(client(proxies, '10.1.2.3', { 'x-forwarded-for': 'nonsense' }).address).toBe('10.1.2.3');
    expect(client(proxies, '10.1.2.3', { 'x-forwarded-for': '203.0.113.9:4711' }).address).toBe('203.0.113.9');
  });

  it('of this machine is, with xheaders alone; without both nobody is', () => {
    expect(client(new TrustedProxies(true, []), '127.0.0.1', forwarded).address).toBe('10.0.0.2');
    expect(client(new TrustedProxies(true, []), undefined, forwarded).address).toBe('10.0.0.2');
    expect(client(new TrustedProxies(true, []), '10.1.2.3', forwarded).address).toBe('10.1.2.3');
    expect(client(new TrustedProxies(false, []), '127.0.0.1', forwarded)).toMatchObject({
      address: '127.0.0.1',
      host: 'inner',
    });
  });

  it('that changes Host is understood by X-Forwarded-Host, when it is trusted', async () => {
    const post = (xheaders: boolean) =>
      makeDashboard({ xheaders }).app.inject({
        method: 'POST',
        url: '/api/v2/operations',
        headers: { origin: 'https://dash.example.com', 'x-forwarded-host': 'dash.example.com' },
        payload: { action: 'heartbeat' },
      });
    expect((await post(false)).statusCode).toBe(403);
    expect((await post(true)).statusCode).toBe(200);
  });

  it('that takes a path away is understood by X-Forwarded-Prefix: in pages, redirects and the API, when it is trusted', async () => {
    const headers = (prefix: string) => ({ 'x-forwarded-prefix': prefix, accept: 'text/html' });
    const of = (dashboard: Dashboard) => async (url: string, prefix: string) => {
      const { body, headers: told } = await dashboard.app.inject({ url, headers: headers(prefix) });
      return told.location ?? /<base href="(.*?)">/.exec(body)?.[1] ?? /"servers":\[\{"url":"(.*?)"/.exec(body)?.[1];
    };
    const guarded = of(makeDashboard({ xheaders: true, basic_auth: 'ann:secret' }));
    expect(await guarded('/tasks?q=a', '/ops/umbel/')).toBe('/ops/umbel/login?next=%2Fops%2Fumbel%2Ftasks%3Fq%3Da');
    expect(await guarded('/tasks', '/tasks')).toBe('/tasks/login?next=%2Ftasks%2Ftasks');
    const open = of(makeDashboard({ xheaders: true }));
    expect(await open('/monitor', '/ops, /umbel')).toBe('/ops/umbel/');
    expect(await open('/api/v2/docs/json', '/ops')).toBe('/ops');
    // What could name another site, or leads elsewhere than it seems, is none.
    for (const odd of ['//evil.example', '/a//b', 'a', '/a/../b', '/.', '/a"><script>', '/a\\b', `/${'a'.repeat(600)}`])
      expect([odd, await open('/monitor', odd)]).toEqual([odd, '/']);
    expect(await of(makeDashboard({}))('/monitor', '/ops')).toBe('/');
    expect(await of(makeDashboard({ xheaders: true, url_prefix: 'umbel' }))('/umbel/monitor', '/ops')).toBe('/umbel/');
  });

  it('is passed over in the record of who did what, when it is trusted', async () => {
    for (const [trusted_proxies, address] of [
      [['127.0.0.1'], '203.0.113.9'],
      [[], '127.0.0.1'],
    ] as const) {
      const { app } = makeDashboard({ trusted_proxies: [...trusted_proxies] });
      const headers = { 'x-forwarded-for': '203.0.113.9' };
      await app.inject({ method: 'POST', url: '/api/v2/operations', headers, payload: { action: 'heartbeat' } });
      const { items } = (await app.inject({ url: '/api/v2/operations' })).json<OperationsPage>();
      expect(items.map((item) => item.address)).toEqual([address]);
    }
  });

  it('never makes a stranger one of this machine, nor a name one that is allowed', async () => {
    const { app } = makeDashboard({ trusted_proxies: ['203.0.113.9', '127.0.0.1'] });
    const headers = { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-host': 'localhost' };
    expect((await app.inject({ url: '/api/v2/cluster', remoteAddress: '203.0.113.9', headers })).statusCode).toBe(403);
    const rebound = await app.inject({ url: '/api/v2/cluster', headers: { ...headers, host: 'evil.example' } });
    expect(rebound.statusCode).toBe(403);
  });
});

describe('a frame', () => {
  const framed = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' };

  it('of another site shows nothing', async () => {
    const reply = await makeDashboard().app.inject({ url: '/tasks', headers: framed });
    expect(reply.statusCode).toBe(403);
    expect(reply.headers).toMatchObject({ 'x-frame-options': 'DENY' });
    expect(reply.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });

  it('of an origin in frame_ancestors shows pages, and nothing of the API', async () => {
    const { app } = makeDashboard({ frame_ancestors: 'https://wiki.example.com,self' });
    const reply = await app.inject({ url: '/tasks', headers: framed });
    expect(reply.statusCode).toBe(503);
    expect(reply.headers['x-frame-options']).toBeUndefined();
    expect(reply.headers['content-security-policy']).toContain("frame-ancestors https://wiki.example.com 'self'");
    expect((await app.inject({ url: '/api/v2/tasks', headers: framed })).statusCode).toBe(403);
  });
});

describe('the log', () => {
  it('goes to the file of log_file_prefix, from the level of logging on', async () => {
    const ask = async (options: object): Promise<string> => {
      const path = join(folder, `${JSON.stringify(options).replaceAll(/\W+/g, '-')}.log`);
      writeFileSync(path, '');
      const broker = `memory://log${path}`;
      const dashboard = createDashboard({ broker, db: ':memory:', log_file_prefix: path, ...options }, { pages: null });
      await dashboard.app.inject({ url: '/api/v2/tasks', headers: { 'sec-fetch-site': 'cross-site' } });
      await dashboard.close();
      return readFileSync(path, 'utf8');
    };
    expect(await ask({})).toMatch(/WARNING\/dashboard\] Refused GET/);
    expect(await ask({ logging: 'error' })).toBe('');
    expect(await ask({ logging: 'none' })).toBe('');
    expect(await ask({ debug: true, logging: 'none' })).toMatch(/WARNING\/dashboard\] Refused GET/);
  });
});
