// Signing in on the sign-in page: sessions, their cookie and their end. What a browser makes of it: test/e2e/sign-in.test.ts.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { localPath } from '../../server/dashboard/access/local-path.ts';
import { hashPassword, readPasswordHash } from '../../server/dashboard/access/password-hash.ts';
import { Passwords, PasswordsBusy } from '../../server/dashboard/access/passwords.ts';
import { Seal } from '../../server/dashboard/access/seal.ts';
import { createDashboard, type Dashboard, type DashboardOptions } from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';
import type { OperationsPage } from '../../shared/wire/operations.ts';
import type { SessionsReply } from '../../shared/wire/session.ts';
import { ManualTimer } from '../support/clock.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbel-sessions-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface World extends DashboardOptions {
  readonly timer?: ManualTimer;
}

function world({ timer, ...options }: World = {}) {
  const db = join(folder, `${randomUUID()}.db`);
  const given = {
    broker: `memory://${randomUUID()}`,
    db,
    port: 0,
    basic_auth: ['ann:secret', 'bob:other'],
    ...options,
  };
  const open = (): Dashboard => {
    const dashboard = createDashboard(given, { log: silentLogger, pages: null, ...(timer && { timer }) });
    onTestFinished(() => dashboard.close());
    return dashboard;
  };
  return { dashboard: open(), open, given };
}

const JSON_BODY = { 'content-type': 'application/json', origin: 'http://localhost', host: 'localhost' };

async function signIn(dashboard: Dashboard, user = 'ann', password = 'secret', more: Record<string, string> = {}) {
  const reply = await dashboard.app.inject({
    method: 'POST',
    url: `${dashboard.options.url_prefix}/api/v2/session`,
    headers: { ...JSON_BODY, ...more },
    payload: { user, password, next: '/tasks?q=x' },
  });
  const set = [reply.headers['set-cookie'] ?? []].flat();
  return { reply, set, cookie: set[0]?.split(';')[0] ?? '' };
}

const ask = (dashboard: Dashboard, cookie: string, url = '/api/v2/cluster') =>
  dashboard.app.inject({ url: dashboard.options.url_prefix + url, headers: { host: 'localhost', cookie } });

it('a person without a login is led to the sign-in page and back; a program is told how to log in', async () => {
  const { dashboard } = world({ url_prefix: '/ops' });
  const page = {
    accept: 'text/html,*/*',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    host: 'localhost',
  };
  const led = await dashboard.app.inject({ url: '/ops/tasks?q=a%20b', headers: page });
  expect([led.statusCode, led.headers.location]).toEqual([302, '/ops/login?next=%2Fops%2Ftasks%3Fq%3Da%2520b']);
  for (const url of ['/ops/api/v2/tasks', '/ops/metrics/x', '/ops/api/workers']) {
    const reply = await dashboard.app.inject({ url, headers: { host: 'localhost' } });
    expect([url, reply.statusCode]).toEqual([url, 401]);
  }
  const program = await dashboard.app.inject({ url: '/ops/api/v2/tasks', headers: { host: 'localhost' } });
  expect(program.headers['www-authenticate']).toMatch(/^Basic/);
  // The browser's own window would come before our page.
  const fetched = await dashboard.app.inject({
    url: '/ops/api/v2/tasks',
    headers: { ...page, 'sec-fetch-mode': 'cors' },
  });
  expect([fetched.statusCode, fetched.headers['www-authenticate']]).toEqual([401, undefined]);
  const ways = await dashboard.app.inject({ url: '/ops/api/v2/session', headers: { host: 'localhost' } });
  expect(ways.json()).toEqual({ password: true, providers: [], notice: null });
});

it('a sign-in gives a cookie that opens everything until it is ended, and none of it to who has another', async () => {
  const { dashboard } = world({ url_prefix: '/ops' });
  const wrong = await signIn(dashboard, 'ann', 'guess');
  expect([wrong.reply.statusCode, wrong.set, wrong.reply.json<{ detail: string }>().detail]).toEqual([
    401,
    [],
    'Name or password is wrong.',
  ]);
  const nobody = await signIn(dashboard, 'nobody', 'guess');
  expect(nobody.reply.json()).toEqual(wrong.reply.json());

  const { cookie, reply, set } = await signIn(dashboard);
  expect([reply.statusCode, reply.json()]).toEqual([200, { user: 'ann', next: '/ops/' }]);
  expect(set[0]).toMatch(
    /^umbel-session-[0-9a-f]{8}=[\w-]{43}\.[\w-]{43}; Path=\/ops\/; Max-Age=604800; HttpOnly; SameSite=Lax$/,
  );
  const info = await ask(dashboard, cookie);
  expect(info.json()).toMatchObject({ user: 'ann', via: 'session', role: 'admin' });
  for (const bad of [
    cookie.slice(0, -1),
    cookie.replace('=', '=x'),
    cookie.replace(/\..*/, ''),
    `${cookie}.x`,
    'umbel-session=x',
  ])
    expect((await ask(dashboard, bad)).statusCode, bad).toBe(401);
  // What is said outright goes before the cookie.
  const headers = { host: 'localhost', cookie, authorization: `Basic ${btoa('ann:guess')}` };
  expect((await dashboard.app.inject({ url: '/ops/api/v2/cluster', headers })).statusCode).toBe(401);

  const out = await dashboard.app.inject({
    method: 'DELETE',
    url: '/ops/api/v2/session',
    headers: { origin: 'http://localhost', host: 'localhost', cookie },
  });
  expect([out.statusCode, out.json()]).toEqual([200, { ended: 1 }]);
  expect(out.headers['set-cookie']).toMatch(/Max-Age=0/);
  expect((await ask(dashboard, cookie)).statusCode).toBe(401);
  const log = await dashboard.app.inject({
    url: '/ops/api/v2/operations',
    headers: { host: 'localhost', authorization: `Basic ${btoa('bob:other')}` },
  });
  expect(log.json<OperationsPage>().items.map(({ action, who, outcome }) => [action, who, outcome])).toEqual([
    ['logout', 'ann', 'ok'],
    ['login', 'ann', 'ok'],
    ['login', 'nobody', 'failed'],
    ['login', 'ann', 'failed'],
  ]);
});

it('under TLS the cookie goes by TLS only, by what a trusted proxy or the page itself says', async () => {
  const { dashboard } = world({ trusted_proxies: '127.0.0.1', trusted_origins: 'https://dash.example' });
  const secure = /^__Secure-umbel-session-\w+=.*; Secure$/;
  expect((await signIn(dashboard, 'ann', 'secret', { 'x-forwarded-proto': 'https' })).set[0]).toMatch(secure);
  expect((await signIn(dashboard, 'ann', 'secret', { origin: 'https://dash.example' })).set[0]).toMatch(secure);
  const { cookie, set } = await signIn(dashboard);
  expect(set[0]).not.toMatch(/Secure/);
  expect((await ask(dashboard, cookie)).statusCode).toBe(200);
});

it('a session ends without use, in the end, with its password, and with another secret; not by a restart', async () => {
  const timer = new ManualTimer();
  const { dashboard, given, open } = world({ session_idle: 600, session_max: 1500, timer });
  const { cookie } = await signIn(dashboard);
  for (let i = 0; i < 3; i++) {
    timer.advance(450_000);
    expect((await ask(dashboard, cookie)).statusCode, String(i)).toBe(200);
  }
  timer.advance(450_000);
  expect((await ask(dashboard, cookie)).statusCode).toBe(401);
  const second = await signIn(dashboard);
  timer.advance(601_000);
  expect((await ask(dashboard, second.cookie)).statusCode).toBe(401);

  const third = await signIn(dashboard);
  await dashboard.close();
  const again = open();
  expect((await ask(again, third.cookie)).json()).toMatchObject({ user: 'ann' });
  await again.close();
  for (const change of [
    { cookie_secret: 'another-secret' },
    { basic_auth: ['ann:changed'] },
    { basic_auth: ['bob:other'] },
  ]) {
    const other = createDashboard({ ...given, ...change }, { log: silentLogger, pages: null, timer });
    expect((await ask(other, third.cookie)).statusCode, JSON.stringify(change)).toBe(401);
    await other.close();
  }
});

it('who signs in again has a new number, and the old one is good for nothing', async () => {
  const { dashboard } = world();
  const first = await signIn(dashboard);
  const second = await signIn(dashboard, 'ann', 'secret', { cookie: first.cookie });
  expect(second.cookie).not.toBe(first.cookie);
  expect((await ask(dashboard, first.cookie)).statusCode).toBe(401);
  expect((await ask(dashboard, second.cookie)).statusCode).toBe(200);
});

it('one ends one’s own sessions, an admin those of all, and with a session ends its live line', async () => {
  const rules = [
    { who: 'ann', role: 'admin', read_only: true },
    { who: 'bob', role: 'viewer' },
  ] as const;
  const { dashboard } = world({ access_rules: rules, basic_auth: ['ann:secret', 'bob:other', 'eve:none'] });
  const address = await dashboard.listen();
  const ann = (await signIn(dashboard)).cookie;
  const bob = (await signIn(dashboard, 'bob', 'other')).cookie;
  const eve = await signIn(dashboard, 'eve', 'none');
  expect([eve.reply.statusCode, eve.set]).toEqual([403, []]);
  const list = async (cookie: string) => (await ask(dashboard, cookie, '/api/v2/sessions')).json<SessionsReply>();
  expect((await list(bob)).items.map(({ user, current, address: from }) => [user, current, from])).toEqual([
    ['bob', true, '127.0.0.1'],
  ]);
  const seen = await list(ann);
  expect(seen.items.map(({ user }) => user)).toEqual(['bob', 'ann']);
  expect(JSON.stringify(seen)).not.toContain(bob.split('=')[1]!.split('.')[0]!);
  const end = (cookie: string, payload: object) =>
    dashboard.app.inject({ method: 'POST', url: '/api/v2/sessions/end', headers: { ...JSON_BODY, cookie }, payload });
  const ofAnn = seen.items.find(({ user }) => user === 'ann')!.id;
  expect((await end(bob, { id: ofAnn })).statusCode).toBe(403);
  expect((await end(bob, { user: 'ann' })).statusCode).toBe(403);

  const line = new WebSocket(`${address.replace('http', 'ws')}/api/v2/live`, {
    headers: { cookie: bob, origin: address },
  });
  onTestFinished(() => line.terminate());
  const closed = new Promise<number>((resolve) => line.on('close', resolve));
  await new Promise((resolve) => line.once('message', resolve));
  expect((await end(ann, { user: 'bob' })).json()).toEqual({ ended: 1 });
  expect(await closed).toBe(4401);
  expect((await ask(dashboard, bob)).statusCode).toBe(401);
  expect((await ask(dashboard, ann)).statusCode).toBe(200);
  // A page that opens the line without a session is told so in a way that it can read.
  const refused = new WebSocket(`${address.replace('http', 'ws')}/api/v2/live`, {
    headers: { cookie: bob, origin: address },
  });
  expect(await new Promise<number>((resolve) => refused.on('close', resolve))).toBe(4401);
  const log = (await ask(dashboard, ann, '/api/v2/operations')).json<OperationsPage>().items;
  expect(log.map(({ action, who, subject, outcome }) => [action, who, subject, outcome])).toContainEqual([
    'end_sessions',
    'ann',
    'bob',
    'ok',
  ]);
  expect(log).toContainEqual(expect.objectContaining({ action: 'login', who: 'eve', outcome: 'refused' }));
});

it('a live line whose session has run out is closed though nobody asks', async () => {
  const timer = new ManualTimer();
  const { dashboard } = world({ timer, session_idle: 20 });
  const address = await dashboard.listen();
  const { cookie } = await signIn(dashboard);
  const line = new WebSocket(`${address.replace('http', 'ws')}/api/v2/live`, { headers: { cookie, origin: address } });
  onTestFinished(() => line.terminate());
  let code = 0;
  line.on('close', (given) => {
    code = given;
  });
  await new Promise((resolve) => line.once('message', resolve));
  timer.advance(31_000);
  await until(() => code === 4401, 'the line to be closed');
});

it('what comes with a session has to say from which page it comes', async () => {
  const { dashboard } = world();
  const { cookie } = await signIn(dashboard);
  const post = (headers: Record<string, string>) =>
    dashboard.app.inject({
      method: 'POST',
      url: '/api/v2/operations',
      headers: { 'content-type': 'application/json', host: 'localhost', cookie, ...headers },
      payload: { action: 'revoke', task_ids: ['x'] },
    });
  expect((await post({})).statusCode).toBe(403);
  expect((await post({ origin: 'https://evil.example' })).statusCode).toBe(403);
  expect((await post({ 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403);
  expect((await post({ 'sec-fetch-site': 'same-origin' })).statusCode).toBe(200);
  const foreign = await dashboard.app.inject({
    method: 'POST',
    url: '/api/v2/session',
    headers: { ...JSON_BODY, origin: 'https://evil.example' },
    payload: { user: 'ann', password: 'secret' },
  });
  expect([foreign.statusCode, foreign.headers['set-cookie']]).toEqual([403, undefined]);
});

it('a trusted proxy says who somebody is, by one header, and nobody else does', async () => {
  const rules = [
    { who: 'group:ops', role: 'operator' },
    { who: 'žluť', role: 'viewer' },
  ] as const;
  const { dashboard } = world({
    basic_auth: null,
    proxy_user_header: 'X-Forwarded-User',
    proxy_groups_header: 'X-Forwarded-Groups',
    trusted_proxies: '10.0.0.0/8',
    access_rules: rules,
  });
  const asked = async (headers: Record<string, string | string[]>, remoteAddress = '10.0.0.9') => {
    const url = '/api/v2/cluster';
    const reply = await dashboard.app.inject({ url, remoteAddress, headers: { host: 'dash.example', ...headers } });
    const { user, role, via } = reply.json<{ user: string; role: string; via: string }>();
    return reply.statusCode === 200 ? [user, role, via] : reply.statusCode;
  };
  const latin = Buffer.from('žluť').toString('latin1');
  expect(await asked({ 'x-forwarded-user': 'ann', 'x-forwarded-groups': 'dev, ops' })).toEqual([
    'ann',
    'operator',
    'proxy',
  ]);
  expect(await asked({ 'x-forwarded-user': latin })).toEqual(['žluť', 'viewer', 'proxy']);
  expect(await asked({ 'x-forwarded-user': 'ann', 'x-forwarded-groups': 'dev' })).toBe(403);
  expect(await asked({ 'x-forwarded-user': 'ann', 'x-forwarded-groups': 'ops' }, '192.0.2.1')).toBe(401);
  expect(await asked({ 'x-forwarded-user': ['eve', 'ann'], 'x-forwarded-groups': 'ops' })).toBe(401);
  for (const nobody of ['', ' ']) expect(await asked({ 'x-forwarded-user': nobody })).toBe(401);
  // Not configured, it is nothing.
  const { dashboard: other } = world({ trusted_proxies: '10.0.0.0/8' });
  const headers = { host: 'dash.example', 'x-forwarded-user': 'ann' };
  expect((await other.app.inject({ url: '/api/v2/cluster', remoteAddress: '10.0.0.9', headers })).statusCode).toBe(401);
});

it.each([
  ['/ops/tasks?q=a%20b', '/ops/tasks?q=a%20b'],
  ['/ops/', '/ops/'],
  ['/ops', '/ops/'],
  ['//evil.example/ops/', '/ops/'],
  ['/\\evil.example', '/ops/'],
  ['/ops/../../evil', '/ops/'],
  ['/ops//evil.example', '/ops//evil.example'],
  ['https://evil.example/ops/', '/ops/'],
  ['javascript:alert(1)', '/ops/'],
  ['/ops/\n/evil', '/ops/'],
  ['/ops/login?next=/x', '/ops/'],
  ['/ops/api/v2/tasks', '/ops/'],
  ['/other/', '/ops/'],
  [null, '/ops/'],
])('after signing in %j leads to %s', (next, place) => {
  expect(localPath(next, '/ops')).toBe(place);
});

it('what is sealed is opened by the same purpose only, and not when a letter is another', () => {
  const secret = Buffer.from('a secret');
  const seal = new Seal(secret, 'one');
  const text = seal.seal({ a: 'ž' });
  expect(text).toMatch(/^[\w-]+$/);
  expect(seal.open(text)).toEqual({ a: 'ž' });
  expect(new Seal(secret, 'other').open(text)).toBeNull();
  for (const bad of ['', 'x', text.slice(1), `${text.slice(0, -2)}AA`]) expect(seal.open(bad)).toBeNull();
});

it('a hashed password is one in basic_auth beside plain ones; a hash that cannot be used is refused without showing it', async () => {
  const hash = await hashPassword('s3cret', { ln: 10, r: 8, p: 1 });
  expect(hash).toMatch(/^\$scrypt\$ln=10,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  expect((await hashPassword('x')).startsWith('$scrypt$ln=15,r=8,p=3$')).toBe(true);
  const { dashboard } = world({ basic_auth: [`ann:${hash}`, 'bob:plain'] });
  const basic = async (pair: string) =>
    (
      await dashboard.app.inject({
        url: '/api/v2/cluster',
        headers: { host: 'localhost', authorization: `Basic ${btoa(pair)}` },
      })
    ).statusCode;
  expect(await Promise.all(['ann:s3cret', 'bob:plain', 'ann:plain', `ann:${hash}`, 'eve:s3cret'].map(basic))).toEqual([
    200, 200, 401, 401, 401,
  ]);
  expect((await signIn(dashboard, 'ann', 's3cret')).reply.statusCode).toBe(200);
  for (const bad of [
    '$scrypt$ln=4,r=8,p=1$x$y',
    hash.slice(0, -30),
    hash.replace('ln=10', 'ln=30'),
    '$argon2id$v=19$x',
  ])
    expect(() => world({ basic_auth: `ann:${bad}` })).toThrow(/hash of a password.*umbel hash-password/);
  expect(readPasswordHash(hash)!.salt).toHaveLength(16);
});

it('a thousand wrong logins at once cost the server a few dozen hashes, and who is right waits for none of them', async () => {
  const hash = await hashPassword('right', { ln: 10, r: 8, p: 1 });
  const passwords = new Passwords([{ user: 'ann', password: hash }]);
  expect(await passwords.check('ann', 'right')).toBe(true);
  const tries = Array.from({ length: 1000 }, (_, i) =>
    passwords.check(i % 2 ? 'ann' : `user${i}`, `guess${i}`).then(String, (error: unknown) => {
      if (!(error instanceof PasswordsBusy)) throw error;
      return 'busy';
    }),
  );
  // Known to be right: not hashed again.
  expect(await passwords.check('ann', 'right')).toBe(true);
  const answers = await Promise.all(tries);
  expect(answers.filter((one) => one === 'busy').length).toBeGreaterThan(970);
  expect(answers).not.toContain('true');
  expect(passwords.hashed).toBeLessThan(30);

  const { dashboard } = world({
    ...{ basic_auth: `ann:${hash}`, trusted_proxies: '127.0.0.1' },
    // Its time stands still: who guesses is let in again after a while.
    timer: new ManualTimer(),
  });
  const from = (i: number) => ({ host: 'localhost', 'x-forwarded-for': `2001:db8:0:1::${i.toString(16)}` });
  const all = await Promise.all(
    Array.from({ length: 1000 }, (_, i) =>
      dashboard.app.inject({
        url: '/api/v2/cluster',
        headers: { ...from(i), authorization: `Basic ${btoa(`ann:guess${i}`)}` },
      }),
    ),
  );
  // One network of IPv6 is one guesser, whatever address it takes.
  expect(all.filter(({ statusCode }) => statusCode === 401).length).toBeLessThan(13);
  expect(all.filter(({ statusCode }) => statusCode === 429).length).toBeGreaterThan(980);
  expect(all.every(({ headers, statusCode }) => statusCode !== 429 || Number(headers['retry-after']) > 0)).toBe(true);
});
