// What a stranger can ask of a dashboard, and what it says to that. One server for most; logins, origins and loopback have their own.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { readCredentials } from '../../server/dashboard/access/credentials.ts';
import { refuseOrigin, refuseRead } from '../../server/dashboard/access/origin.ts';
import { type WrongLogin, WrongLogins } from '../../server/dashboard/access/wrong-logins.ts';
import { createDashboard, type Dashboard, type DashboardOptions } from '../../server/dashboard/dashboard.ts';
import { createLogger } from '../../server/log.ts';
import { exchange } from '../../server/transport/entity.ts';
import type { OperationsPage } from '../../shared/wire/operations.ts';
import type { TaskDetail, TaskPage } from '../../shared/wire/tasks.ts';
import type { WorkersReply } from '../../shared/wire/workers.ts';
import { ManualTimer } from '../support/clock.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbel-strangers-'));
const lines: string[] = [];
const log = createLogger({ level: 'WARNING', color: false, write: (line) => lines.push(line) });
function make(options: DashboardOptions = {}, timer?: ManualTimer): Dashboard {
  const db = join(folder, `${randomUUID()}.db`);
  const given = { broker: `memory://${randomUUID()}`, db, port: 0, ...options };
  return createDashboard(given, { log, pages: null, ...(timer && { timer }) });
}
const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;

let dashboard: Dashboard;
let address: string;
beforeAll(async () => {
  dashboard = make();
  address = await dashboard.listen();
});
afterAll(async () => {
  await dashboard?.close();
  rmSync(folder, { recursive: true, force: true });
});
const ask = (url: string, headers: Record<string, string> = {}) => dashboard.app.inject({ url, headers });

describe('an address', () => {
  it.each(['/api', '/api/', '/api/v1/tasks', '/api/v3', '/api/v2', '/api/v2/', '/api/v2/nothing', '/api/task'])(
    '%s is no page: a problem, with the security headers',
    async (url) => {
      const reply = await ask(url);
      expect([reply.statusCode, reply.headers['content-type']]).toEqual([404, expect.stringContaining('problem+json')]);
      expect(reply.headers['content-security-policy']).toContain("default-src 'none'");
    },
  );

  it('with a bad escape, no HTTP at all, or endless headers is refused with the security headers', async () => {
    for (const text of [
      'GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      'nonsense\r\n\r\n',
      'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`,
    ]) {
      const reply = await raw(text);
      expect(reply).toMatch(/^HTTP\/1.1 4\d\d /);
      expect(reply.toLowerCase()).toContain("content-security-policy: default-src 'none'");
      expect(reply).toContain('"status":4');
    }
  });

  it('is answered whatever other protocol its client would rather speak, as Java asks for h2c first', async () => {
    const h2c = 'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQ\r\n\r\n';
    const reply = await raw(`GET /api/v2/cluster HTTP/1.1\r\nHost: localhost\r\n${h2c}`);
    expect(reply).toMatch(/^HTTP\/1.1 200 /);
    expect(reply).toContain('"broker"');
    const posted = await raw(`POST /api/v2/operations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n${h2c}{}`);
    expect(posted).toMatch(/^HTTP\/1.1 400 [\s\S]*without the header Upgrade/);
  });

  it.each([
    ['no Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', /names its Host/],
    [
      'no key',
      'GET /api/v2/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      /Sec-WebSocket-Key/,
    ],
    [
      'an old version',
      'GET /api/v2/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 7\r\n\r\n',
      /version 13/,
    ],
    [
      'a WebSocket where none is',
      'GET /api/v2/tasks HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
      /404[\s\S]*the live feed is/,
    ],
    [
      'a wish of its own',
      'GET / HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\n\r\n',
      /417[\s\S]*expectation \\"tea\\"/,
    ],
  ])('with %s is refused as a problem, with the security headers', async (_what, text, words) => {
    const reply = await raw(text);
    expect(reply).toMatch(/^HTTP\/1.1 4\d\d /);
    expect(reply.toLowerCase()).toContain('cache-control: no-store');
    expect(reply).toMatch(words);
    expect(reply.toLowerCase()).toContain("content-security-policy: default-src 'none'");
  });

  it('of a filter with some thousand letters is read, and a longer one refused in words', async () => {
    const q = encodeURIComponent(`name:${'ж'.repeat(3000)}`);
    const reply = await fetch(`${address}/api/v2/tasks?q=${q}`);
    expect([reply.status, (await reply.json()) as object]).toEqual([200, expect.objectContaining({ items: [] })]);
    const longer = await ask(`/api/v2/tasks?q=${'x'.repeat(20_000)}`);
    expect([longer.statusCode, longer.json<{ detail: string }>().detail]).toEqual([
      400,
      expect.stringContaining('16384'),
    ]);
  });

  it.each([
    ['/api/v2/tasks?colour=red', /no parameter 'colour'.*It takes: .*\bq\b/],
    ['/api/v2/tasks?limit=5&limit=6', /'limit' is given more than once/],
    ['/api/v2/tasks?limit=1e9', /at most/],
    ['/api/v2/tasks?limit=', /whole number/],
    ['/api/v2/operations?from=x', /no parameter 'from'/],
    ['/api/v2/overview?x=1', /no parameter 'x'/],
    ['/api/v2/tasks/x/result?whole=maybe', /true or false/],
    ['/api/v2/tasks?limit=0x10', /whole number/],
    ['/api/v2/tasks?from=%205', /a number/],
    ['/api/v2/tasks?from=5&to=1', /'from' \(5\) is after 'to' \(1\)/],
    ['/api/v2/tasks?state=SUCCESS,,', /empty name/],
    ['/api/v2/series?metric=depth', /'queue' is required/],
    ['/api/v2/series?metric=runtime&queue=q&task=t', /'queue' and 'task' cannot be given together/],
    ['/api/v2/operations?outcome=__proto__', /must be one of ok, partial, failed, no-answer/],
    ['/api/v2/operations?action=constructor', /must be one of revoke, .*, login/],
    ['/api/v2/operations?from_id=-1', /at least 1/],
    ['/api/v2/operations?cursor=-1', /cursor/],
    ['/api/v2/operations?cursor=3&from_id=4', /'cursor' and 'from_id'/],
  ])('%s is refused by name', async (url, words) => {
    const reply = await ask(url);
    expect(reply.statusCode).toBe(400);
    expect(reply.json<{ detail: string }>().detail).toMatch(words);
  });

  it('of a pattern that repeats nothing for ever answers at once', async () => {
    const nothing = `name:/${'('.repeat(7)}${'){200}'.repeat(6)})/`;
    const reply = await ask(`/api/v2/tasks?q=${encodeURIComponent(nothing)}`);
    expect([reply.statusCode, reply.json<{ detail: string }>().detail]).toEqual([
      400,
      expect.stringContaining('too large'),
    ]);
  });
});

describe('another site', () => {
  it.each([
    ['/api/v2/tasks', 'cross-site', 'no-cors', 'image', 403],
    ['/api/v2/tasks', 'same-site', 'cors', 'empty', 403],
    ['/api/v2/tasks', 'cross-site', 'navigate', 'document', 403],
    ['/%61pi/v2/tasks', 'cross-site', 'navigate', 'document', 403],
    ['/metrics', 'cross-site', 'no-cors', 'script', 403],
    ['/tasks', 'cross-site', 'navigate', 'iframe', 403],
    ['/tasks', 'cross-site', 'navigate', 'document', 503],
    ['/api/v2/tasks', 'same-origin', 'cors', 'empty', 200],
    ['/api/v2/tasks', 'none', 'navigate', 'document', 200],
  ])('%s asked %s, %s, %s: %i', async (url, site, mode, dest, status) => {
    const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest };
    expect((await ask(url, headers)).statusCode).toBe(status);
    expect(refuseRead({ site: undefined, mode, dest, isPage: false, mayBeFramed: false })).toBeNull();
  });

  it('that is named in trusted_origins is ours, and the refusal of others says so', () => {
    const asked = { host: 'dash.example', origin: 'https://dash.example:8443', fetchSite: undefined };
    expect(refuseOrigin(asked)).toMatch(/trusted_origins \(--trusted-origins https:\/\/dash.example:8443\)/);
    const { trusted_origins: trusted } = make({ trusted_origins: 'https://Dash.example:8443' }).options;
    expect(refuseOrigin(asked, trusted)).toBeNull();
    for (const wrong of ['dash.example', 'ftp://x', 'https://x/path'])
      expect(() => make({ trusted_origins: wrong })).toThrow(/trusted_origins/);
  });

  it('is told in the log, with its address, within bounds', async () => {
    lines.length = 0;
    for (let i = 0; i < 50; i++) await ask('/api/v2/tasks', { 'sec-fetch-site': 'cross-site' });
    expect(lines.filter((line) => line.includes('Refused')).length).toBeLessThan(3);
  });
});

describe('a prefix', () => {
  it('works with and without its last slash', async () => {
    const { app, options } = make({ url_prefix: 'flower/' });
    onTestFinished(() => app.close());
    expect(options.url_prefix).toBe('/flower');
    expect((await app.inject('/flower/')).statusCode).toBe(503);
    for (const url of ['/flower', '/']) expect((await app.inject(url)).statusCode, url).toBeLessThan(504);
    // A proxy may have taken it away.
    const beside = await app.inject('/other');
    expect([beside.statusCode, beside.headers['x-frame-options']]).toEqual([503, 'DENY']);
  });
});

describe('routes', () => {
  it.each([
    ['a worker that has too long a name', 'GET', `/alive/${'x'.repeat(2000)}`, 404],
    ['a worker without a name', 'GET', '/alive/', 400],
    ['a probe of nothing', 'GET', '/alive', 404],
    ['a method of nobody', 'PUT', '/api/v2/tasks', 405],
    ['another one', 'DELETE', '/api/v2/tasks/x', 405],
  ])('answer %s by a problem: %s %s', async (_, method, url, status) => {
    const reply = await make().app.inject({ method: method as 'GET', url });
    expect([reply.statusCode, reply.headers['content-type']]).toEqual([
      status,
      expect.stringContaining('problem+json'),
    ]);
    if (status === 405) expect(reply.headers.allow).toBe('GET, HEAD, POST');
  });

  it.each(['GET', 'HEAD'] as const)(
    'answer a %s of the live feed by a problem: it takes a WebSocket',
    async (method) => {
      const { statusCode, headers } = await dashboard.app.inject({ method, url: '/api/v2/live' });
      expect([statusCode, headers.upgrade]).toEqual([426, 'websocket']);
      expect(headers['content-type']).toContain('problem+json');
    },
  );
});

describe('as a plugin without a login', () => {
  it('is trusted as a plugin only: by itself it does not listen so, and never beyond loopback', async () => {
    const dashboard = make({ trust_server: true });
    await expect(dashboard.listen()).rejects.toThrow(/trust_server is for the plugin/);
    expect(() => make({ trust_server: true, address: '0.0.0.0' })).toThrow(/Refusing to listen on 0\.0\.0\.0/);
  });

  it('answers its own machine by the socket, whatever the caller writes, unless the server is trusted', async () => {
    for (const [trust_server, status] of [
      [false, 403],
      [true, 200],
    ] as const) {
      const server = fastify();
      const inner = make({ trust_server });
      await server.register(inner.plugin, { prefix: '/queue' });
      onTestFinished(() => inner.close());
      const from = (remoteAddress: string) =>
        server.inject({ url: '/queue/api/v2/tasks', remoteAddress, headers: { host: 'localhost' } });
      expect((await from('10.0.0.7')).statusCode).toBe(status);
      for (const local of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) expect((await from(local)).statusCode).toBe(200);
      await server.close();
    }
  });
});

describe('users and passwords', () => {
  it('are taken as they are, and refused when they can be read in two ways', () => {
    const file = join(folder, 'users');
    writeFileSync(file, '# the team\nann:a,b:c\n\nbob:x y\n', { mode: 0o600 });
    expect(readCredentials('admin:Ab,9', null)).toEqual([{ user: 'admin', password: 'Ab,9' }]);
    expect(readCredentials('admin:a:b', null)).toEqual([{ user: 'admin', password: 'a:b' }]);
    expect(readCredentials(['admin:Ab,9:xK7', 'eve:z'], file)).toEqual([
      { user: 'admin', password: 'Ab,9:xK7' },
      { user: 'eve', password: 'z' },
      { user: 'ann', password: 'a,b:c' },
      { user: 'bob', password: 'x y' },
    ]);
    for (const two of ['admin:Ab,9:xK7longsecret', 'a:b,c:d'])
      expect(() => readCredentials(two, null)).toThrow(/read in two ways.*--basic-auth-file/);
    for (const none of ['', ' ', ':', 'a:', ':b', 'nocolon', [], [''], 5, {}])
      expect(() => readCredentials(none, null), JSON.stringify(none)).toThrow(/basic_auth/);
    writeFileSync(file, '# nobody\n');
    expect(() => readCredentials(null, file)).toThrow(/names no user/);
    expect(() => readCredentials(null, join(folder, 'gone'))).toThrow(/cannot be read/);
    expect(() => readCredentials(['a:b', 'a:c'], null)).toThrow(/given twice/);
  });

  it('and the broker are in nothing that is printed of the options', () => {
    const { options } = make({ broker: 'redis://:hunter2@localhost/9', basic_auth: 'ann:hunter2' });
    for (const text of [JSON.stringify(options), inspect(options), JSON.stringify({ options })])
      expect(text).not.toContain('hunter2');
    expect(options.broker).toEqual(['redis://:hunter2@localhost/9']);
  });

  it('and its insides are in nothing that is printed of the dashboard', () => {
    const dashboard = make({ broker: 'redis://:hunter2@localhost/9', basic_auth: 'ann:hunter2' });
    const shown = '<Dashboard of celery (redis://:**@localhost/9)>';
    expect([inspect(dashboard), inspect({ of: [dashboard] }), String(dashboard)]).toEqual([
      shown,
      `{ of: [ ${shown} ] }`,
      shown,
    ]);
    expect(JSON.stringify({ dashboard })).toBe(JSON.stringify({ dashboard: shown }));
  });

  it('that are wrong wait longer and longer; who was in before does not', () => {
    const timer = new ManualTimer();
    const reported: WrongLogin[] = [];
    const logins = new WrongLogins(timer, (wrong) => reported.push(wrong));
    logins.right('10.0.0.1', 'good');
    let looked = 0;
    for (let i = 0; i < 1000; i++) {
      if (logins.waitMs('10.0.0.1', 'ann', `guess${i}`) > 0) continue;
      looked++;
      logins.wrong('10.0.0.1', 'ann');
    }
    expect(looked).toBe(10);
    expect(logins.waitMs('10.0.0.1', 'ann', 'good')).toBe(0);
    expect(logins.waitMs('10.0.0.1', 'bob', 'other')).toBe(0);
    expect(logins.waitMs('10.0.0.2', 'ann', 'guess')).toBe(0);
    timer.advance(2000);
    expect(logins.waitMs('10.0.0.1', 'ann', 'guess')).toBe(0);
    logins.wrong('10.0.0.1', 'ann');
    expect(logins.waitMs('10.0.0.1', 'ann', 'guess')).toBeGreaterThan(1000);
    // Many users from one address.
    looked = 0;
    for (let i = 0; i < 1000; i++)
      if (logins.waitMs('10.0.0.3', `user${i}`, 'guess') === 0) {
        looked++;
        logins.wrong('10.0.0.3', `user${i}`);
      }
    expect(looked).toBe(60);
    timer.advance(20_000);
    expect(reported.filter((t) => t.user === 'ann').map((t) => t.times)).toEqual([1, 10]);
    expect(reported.length).toBeLessThan(30);
  });

  it('that are wrong are told in the log and stand in the record, with their address', async () => {
    // Its time stands still: who guesses is let in again after a while.
    const guarded = make({ basic_auth: 'ann:secret' }, new ManualTimer());
    onTestFinished(() => guarded.close());
    await guarded.start();
    lines.length = 0;
    const login = (pair: string) =>
      guarded.app.inject({ url: '/api/v2/operations', headers: { authorization: basic(pair) } });
    expect((await login('ann:secret')).statusCode).toBe(200);
    const answers = [];
    for (let i = 0; i < 20; i++) answers.push((await login(`ann:wrong${i}`)).statusCode);
    expect(answers.filter((status) => status === 401)).toHaveLength(10);
    expect(answers.slice(10).every((status) => status === 429)).toBe(true);
    expect(lines.join('\n')).toMatch(/Wrong user or password for "ann" from 127.0.0.1/);
    const page = await until(async () => {
      const reply = (await login('ann:secret')).json<OperationsPage>();
      return reply.items.length > 0 && reply;
    }, 'the wrong login in the record');
    expect(page.items[0]).toMatchObject({ action: 'login', who: 'ann', subject: 'from 127.0.0.1', outcome: 'failed' });
    expect(lines.join('\n') + JSON.stringify(page)).not.toContain('wrong0');
  });
});

describe('what strangers send as events', () => {
  it('stops nothing, shows no secret, and keeps integers of any size', async () => {
    const cluster = await dashboard.start();
    const channel = await cluster.link.asking.channel();
    await channel.declareExchange(exchange('celeryev', 'topic'));
    await until(() => cluster.receiver.connected, 'the receiver');
    const send = (text: string) =>
      channel.publish({
        ...{ exchange: 'celeryev', routingKey: 'task.multi', body: Buffer.from(text), headers: {}, properties: {} },
        ...{ contentType: 'application/json', contentEncoding: 'utf-8' },
      });
    const odd = '{"toString": 1}';
    await send(
      `{"type":"worker-heartbeat","hostname":"w@h","timestamp":${odd},"pid":${odd},"clock":${odd},"freq":"x"}`,
    );
    await send(`{"type":"worker-heartbeat","hostname":${odd},"timestamp":1,"clock":1}`);
    await send(
      `{"type":"task-received","uuid":"big","hostname":"w@h","name":"shop.pay","args":"({'password': 'hunter2'},)","kwargs":"{'api_key': 'hunter2'}"}`,
    );
    await send('{"type":"task-progress","uuid":"big","hostname":"w@h","order_id":1234567890123456789}');
    await send(
      `{"type":"task-failed","uuid":"big","hostname":"w@h","exception":"OSError('redis://:hun/ter2@db')","traceback":"token=hunter2"}`,
    );
    await until(() => cluster.state.tasks.get('big')?.state === 'FAILURE', 'the last event');
    cluster.flush();
    await cluster.history.written();
    const detail = await ask('/api/v2/tasks/big');
    expect(detail.body).toContain('"order_id":1234567890123456789');
    expect(detail.json<TaskDetail>()).toMatchObject({ kwargs: "{'api_key': '********'}", traceback: 'token=********' });
    const list = await ask('/api/v2/tasks');
    expect(list.json<TaskPage>().items).toHaveLength(1);
    const stored = JSON.stringify(await cluster.history.task('big'));
    for (const text of [detail.body, list.body, stored]) expect(text).not.toMatch(/hunter2|ter2@/);
    expect((await ask('/api/v2/workers')).json<WorkersReply>().items.map((w) => w.hostname)).toEqual(['w@h']);
    expect(cluster.receiver.edge.wrongFields).toBeGreaterThan(3);
    await send('{"type":"task-received","uuid":"constructor","hostname":"\\ud800@h","name":"a"}');
    await until(() => cluster.state.tasks.has('constructor'), 'a task of that id');
    const workflow = await ask('/api/v2/tasks/constructor/workflow');
    expect([workflow.statusCode, workflow.body]).toEqual([200, expect.stringContaining('"root":"constructor"')]);
    expect((await ask('/api/v2/workers/~!~d800@h')).json<WorkersReply>()).toMatchObject({ hostname: '\ud800@h' });
  });
});

/** What a socket answers to a text, whatever it is. */
function raw(text: string): Promise<string> {
  const { port } = new URL(address);
  return new Promise((resolve, reject) => {
    let heard = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(text));
    socket.on('data', (data) => {
      heard += data.toString();
    });
    socket.on('close', () => resolve(heard));
    socket.on('error', (error) => (heard === '' ? reject(error) : resolve(heard)));
  });
}
