// Signing in at a provider of OpenID Connect, against a real one: who gets in and as what, what every failure says and leaves behind, and
// how long a session lasts. What a person sees of it, behind nginx with TLS and a prefix: test/e2e/sign-in.test.ts.
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import WebSocket from 'ws';
import type { DashboardOptions } from '../../../server/dashboard/dashboard.ts';
import { type OidcPerson, type OidcServer, startOidcServer } from '../../support/oidc-server.ts';
import { until } from '../../support/until.ts';
import { HERE, Visitor, type WorldParts, world } from './world.ts';

let server: OidcServer;
const people: Record<string, OidcPerson> = {};
const ANN = { email: 'ann@shop.example', email_verified: true, groups: ['ops', 'staff'], preferred_username: 'annie' };

beforeAll(async () => {
  server = await startOidcServer([`${HERE}/login`, `${HERE}/ops/login`], people);
});
afterAll(() => server?.close());

function oidc(options: DashboardOptions = {}, parts: WorldParts = {}) {
  for (const name of Object.keys(people)) delete people[name];
  Object.assign(people, {
    ann: ANN,
    bob: { email: 'bob@elsewhere.example', email_verified: true },
    eve: { email: 'eve@shop.example', email_verified: false },
  });
  return world(
    {
      ...{ auth_provider: 'oidc', oidc_issuer: server.issuer, oauth2_key: server.id, oauth2_secret: server.secret },
      ...{ oauth2_redirect_uri: `${HERE}/login`, oidc_name: 'Shop ID', auth: '.*@shop.example' },
      ...options,
    },
    parts,
  );
}

it('whoever the provider names and the options want gets a session, with the groups that rules speak of', async () => {
  const rules = [
    { who: 'group:ops', role: 'operator' },
    { who: 'root', role: 'admin' },
  ] as const;
  const made = oidc({
    access_rules: rules,
    oidc_scope: 'openid email groups',
    url_prefix: '/ops',
    oauth2_redirect_uri: `${HERE}/ops/login`,
  });
  const visitor = new Visitor(made);
  const ways = await visitor.ask('/api/v2/session');
  expect(ways.json()).toEqual({ password: true, providers: [{ name: 'oidc', label: 'Shop ID' }], notice: null });
  const { location, status } = await visitor.begin('oidc', '?next=%2Fops%2Ftasks%3Fq%3Dx');
  const asked = new URL(location).searchParams;
  expect([status, asked.get('response_type'), asked.get('scope'), asked.get('redirect_uri')]).toEqual([
    ...[302, 'code', 'openid email groups', `${HERE}/ops/login`],
  ]);
  expect([
    asked.get('code_challenge_method'),
    asked.get('code_challenge'),
    asked.get('state'),
    asked.get('nonce'),
  ]).toEqual([
    'S256',
    expect.stringMatching(/^[\w-]{43}$/),
    expect.stringMatching(/^[\w-]{43}$/),
    expect.stringMatching(/^[\w-]{43}$/),
  ]);
  expect(await visitor.back(await visitor.there(location, 'ann'))).toBe('/ops/tasks?q=x');
  const info = await visitor.ask('/api/v2/cluster');
  expect(info.json()).toMatchObject({ user: 'ann@shop.example', via: 'session', role: 'operator' });
  expect(await made.audit()).toMatchObject([
    { action: 'login', who: 'ann@shop.example', outcome: 'ok', summary: 'Signed in with Shop ID' },
  ]);

  // Another site is not where one is led on.
  expect(await new Visitor(made).signIn('oidc', 'ann', '?next=https://evil.example/')).toBe('/ops/');
  // Nobody else's provider, and none where there is none.
  expect((await visitor.ask('/login/github')).statusCode).toBe(404);
});

it('whom the options do not want is told so by name, with the number of the record that says why', async () => {
  const made = oidc({ access_rules: [{ who: ['ann@*', 'root'], role: 'admin' }] });
  const visitor = new Visitor(made);
  expect(await visitor.signIn('oidc', 'bob', '?next=/tasks')).toBe('/login?next=%2Ftasks');
  const notice = await visitor.notice();
  expect(notice).toEqual({ kind: 'denied', provider: 'oidc', as: 'bob@elsewhere.example', record: expect.any(Number) });
  // Said once.
  expect([await visitor.notice(), await visitor.whoAmI()]).toEqual([null, 401]);
  // And can be somebody else then.
  expect(new URL((await visitor.begin('oidc', '?another=1')).location).searchParams.get('prompt')).toBe('login');

  const eve = new Visitor(made);
  await eve.signIn('oidc', 'eve');
  expect(await eve.notice()).toMatchObject({ kind: 'unverified', as: 'eve@shop.example' });
  // One that looks like it: a pattern is for the whole address.
  people['mal'] = { email: 'mal@shop.example.evil.example', email_verified: true };
  people['cat'] = { email: 'cat@shop.example', email_verified: true };
  const [mal, cat] = [new Visitor(made), new Visitor(made)];
  await mal.signIn('oidc', 'mal');
  expect(await mal.notice()).toMatchObject({ kind: 'denied' });
  await cat.signIn('oidc', 'cat');
  expect(await cat.notice()).toMatchObject({ kind: 'denied', as: 'cat@shop.example' });
  const rows = await made.audit();
  expect(rows.map(({ who, outcome, summary }) => [who, outcome, summary])).toEqual([
    ['cat@shop.example', 'refused', 'Sign-in with Shop ID: No rule lets cat@shop.example in'],
    ['mal@shop.example.evil.example', 'refused', 'Sign-in with Shop ID: mal@shop.example.evil.example is none of auth'],
    ['eve@shop.example', 'refused', expect.stringContaining('is not verified')],
    ['bob@elsewhere.example', 'refused', 'Sign-in with Shop ID: bob@elsewhere.example is none of auth'],
  ]);
  expect(rows.at(-1)!.id).toBe(notice!.record);
});

it('every way in which it comes to nothing has a word of its own, a line in the record, and no secret anywhere', async () => {
  let change: ((body: Record<string, string>) => Record<string, string>) | null = null;
  const fetched: typeof fetch = async (input, init) => {
    const reply = await fetch(input, init);
    if (change === null || !String(input).endsWith('/token')) return reply;
    return Response.json(change((await reply.json()) as Record<string, string>), { status: reply.status });
  };
  const made = oidc({}, { fetch: fetched });
  const secrets: string[] = [server.secret];
  const said: string[] = [];
  const finish = async (visitor: Visitor, url: string) => {
    const { code, state } = Object.fromEntries(new URL(url).searchParams);
    secrets.push(...[code, state].filter((one) => one !== undefined));
    const led = await visitor.back(url);
    said.push(led);
    const notice = await visitor.notice();
    return [notice?.kind, await visitor.whoAmI()];
  };
  const begun = async (who = 'ann') => {
    const visitor = new Visitor(made);
    return { visitor, url: await visitor.there((await visitor.begin('oidc')).location, who) };
  };

  const declined = await begun('nobody');
  expect(await finish(declined.visitor, declined.url)).toEqual(['declined', 401]);

  // Somebody else's way back, as who wants a person to be signed in as another would send it.
  const [mine, theirs] = [await begun(), await begun()];
  expect(await finish(mine.visitor, theirs.url)).toEqual(['stale', 401]);
  const none = new Visitor(made);
  expect(await finish(none, theirs.url)).toEqual(['stale', 401]);
  const slow = await begun();
  made.timer.advance(601_000);
  expect(await finish(slow.visitor, slow.url)).toEqual(['stale', 401]);

  const late = await begun();
  await server.forget(new URL(late.url).searchParams.get('code')!);
  expect(await finish(late.visitor, late.url)).toEqual(['expired', 401]);
  const twice = await begun();
  expect(await finish(twice.visitor, twice.url)).toEqual([undefined, 'ann@shop.example']);
  expect(await finish(twice.visitor, twice.url)).toEqual(['stale', 'ann@shop.example']);

  const skewed = await begun();
  const past = Math.floor(Date.now() / 1000) - 60;
  change = (body) => ({ ...body, id_token: server.resigned(body['id_token']!, { iat: past - 60, exp: past }) });
  expect(await finish(skewed.visitor, skewed.url)).toEqual(['clock', 401]);
  for (const claims of [{ nonce: 'another' }, { aud: 'another' }, { iss: 'https://another.example' }]) {
    const forged = await begun();
    change = (body) => ({ ...body, id_token: server.resigned(body['id_token']!, claims) });
    expect([claims, await finish(forged.visitor, forged.url)]).toEqual([claims, ['broken', 401]]);
  }
  const unsigned = await begun();
  change = (body) => ({ ...body, id_token: `${body['id_token']!.slice(0, -4)}AAAA` });
  expect(await finish(unsigned.visitor, unsigned.url)).toEqual(['broken', 401]);
  change = null;

  const gone = await begun();
  server.down = true;
  try {
    expect(await finish(gone.visitor, gone.url)).toEqual(['silent', 401]);
  } finally {
    server.down = false;
  }
  // A stranger cannot make the server look for codes.
  const junk = new Visitor(made);
  await junk.back(`${HERE}/login?code=x&state=y&error=%3Cb%3E`);
  expect(await junk.notice()).toMatchObject({ kind: 'stale', as: null, record: null });

  // Wrong logins are recorded in groups, a moment later.
  const record = async () => (await made.audit()).map(({ summary }) => summary).join('\n');
  await expect.poll(record).toContain('503');
  const summaries = await record();
  for (const word of [
    /access_denied/,
    /another browser, or too long ago/,
    /invalid_grant/,
    /clock/,
    /cannot be believed.*\(nonce\)/,
    /\(aud\)/,
    /503/,
  ])
    expect([summaries.match(word), made.said().match(word)], String(word)).not.toContain(null);
  const everywhere = [
    made.said(),
    summaries,
    said.join('\n'),
    JSON.stringify(made.dashboard.options),
    made.files(),
  ].join('\n');
  for (const secret of secrets) expect(everywhere).not.toContain(secret);
});

it('one that is not there when it is begun is told at once; the next try asks again', async () => {
  const made = oidc();
  const visitor = new Visitor(made);
  server.down = true;
  try {
    expect(await visitor.begin('oidc', '?next=/tasks')).toEqual({ status: 302, location: '/login?next=%2Ftasks' });
  } finally {
    server.down = false;
  }
  expect(await visitor.notice()).toEqual({ kind: 'silent', provider: 'oidc', as: null, record: null });
  expect(await visitor.signIn('oidc', 'ann')).toBe('/');
  const wrong = oidc({ oauth2_secret: 'another' });
  const other = new Visitor(wrong);
  await other.signIn('oidc', 'ann');
  expect(await other.notice()).toMatchObject({ kind: 'broken' });
  expect(wrong.said()).toMatch(/invalid_client.*oauth2_secret/);
});

it('a session goes on as long as the provider says so: it is asked again, and what it says then counts', async () => {
  const rules = [
    { who: 'group:ops', role: 'operator' },
    { who: 'group:staff', role: 'viewer' },
    { who: 'root', role: 'admin' },
  ] as const;
  const made = oidc({
    session_recheck: 600,
    session_idle: 86_400,
    access_rules: rules,
    oidc_scope: 'openid email groups',
  });
  const visitor = new Visitor(made);
  await visitor.signIn('oidc', 'ann');
  const role = async () => (await visitor.ask('/api/v2/cluster')).json<{ role?: string }>().role;
  people['ann'] = { ...ANN, groups: ['staff'] };
  expect(await role()).toBe('operator');
  made.timer.advance(601_000);
  expect(await role()).toBe('viewer');

  // One that does not answer ends nothing.
  server.down = true;
  made.timer.advance(601_000);
  try {
    expect(await role()).toBe('viewer');
  } finally {
    server.down = false;
  }
  expect(made.said()).toMatch(/was asked about ann@shop.example again: .*503/);
  people['ann'] = { ...ANN, email_verified: false };
  expect(await role()).toBe('viewer');
  made.timer.advance(61_000);
  expect(await visitor.whoAmI()).toBe(401);
  expect(made.said()).toMatch(/is not verified \(email_verified\)\. Their session ends/);
  // What it is asked with is kept sealed.
  expect(made.files()).not.toMatch(/refresh_token|eyJhbGciOi/);
});

it('a session and a token end with the provider, with its terms, and with an address that is not wanted any more', async () => {
  const made = oidc();
  const visitor = new Visitor(made);
  await visitor.signIn('oidc', 'ann');
  const payload = { name: 'cron', scope: { role: 'viewer' }, expires_in: null };
  const headers = { host: 'localhost:5555', origin: HERE, cookie: visitor.cookies, 'content-type': 'application/json' };
  const token = (await made.dashboard.app.inject({ method: 'POST', url: '/api/v2/tokens', headers, payload })).json<{
    token: string;
  }>().token;
  const both = async (at: typeof made) => {
    const bearer = { host: 'localhost:5555', authorization: `Bearer ${token}` };
    const reply = await at.dashboard.app.inject({ url: '/api/v2/cluster', headers: bearer });
    const { statusCode } = await at.dashboard.app.inject({
      url: '/api/v2/cluster',
      headers: { host: 'localhost:5555', cookie: visitor.cookies },
    });
    return [statusCode, reply.statusCode];
  };
  expect(await both(made)).toEqual([200, 200]);
  const same = await made.restart({ auth: 'ann@shop.example|bob@shop.example' });
  expect(await both(same)).toEqual([200, 200]);
  const without = await same.restart({ auth: 'bob@shop.example' });
  expect(await both(without)).toEqual([401, 403]);
});

it('a token lapses when the provider does not speak for its maker any more, and is good again once they sign in', async () => {
  const made = oidc({ token_recheck: 7200, session_recheck: 600, session_idle: 86_400 });
  const visitor = new Visitor(made);
  await visitor.signIn('oidc', 'ann');
  const payload = { name: 'cron', scope: { role: 'viewer' }, expires_in: null };
  const headers = { host: 'localhost:5555', origin: HERE, cookie: visitor.cookies, 'content-type': 'application/json' };
  const { app } = made.dashboard;
  const { token } = (await app.inject({ method: 'POST', url: '/api/v2/tokens', headers, payload })).json<{
    token: string;
  }>();
  const asked = async () => {
    const bearer = { host: 'localhost:5555', authorization: `Bearer ${token}` };
    const { body, statusCode } = await app.inject({ url: '/api/v2/cluster', headers: bearer });
    return statusCode === 200 ? 200 : [statusCode, body];
  };
  // A session that is asked about anew speaks for the token as well.
  made.timer.advance(7_000_000);
  expect(await visitor.whoAmI()).toBe('ann@shop.example');
  made.timer.advance(7_000_000);
  expect(await asked()).toBe(200);
  made.timer.advance(300_000);
  expect(await asked()).toEqual([401, expect.stringMatching(/cron has lapsed: ann@shop.example has to sign in again/)]);
  await visitor.signIn('oidc', 'ann');
  expect(await asked()).toBe(200);
  // Whom the provider refuses: at once.
  people['ann'] = { ...ANN, email_verified: false };
  made.timer.advance(601_000);
  expect(await visitor.whoAmI()).toBe(401);
  expect(await asked()).toEqual([401, expect.stringContaining('has lapsed')]);
});

it('a provider that is not configured any more is nobody any more', async () => {
  const made = oidc();
  const visitor = new Visitor(made);
  await visitor.signIn('oidc', 'ann');
  expect(await visitor.whoAmI()).toBe('ann@shop.example');
  const none = { auth: null, auth_provider: null, oidc_issuer: null };
  const { dashboard } = await made.restart(none);
  const reply = await dashboard.app.inject({
    url: '/api/v2/cluster',
    headers: { host: 'localhost', cookie: visitor.cookies },
  });
  expect(reply.statusCode).toBe(401);
});

it('another claim may name people, and then no address is needed', async () => {
  const made = oidc({ auth: null, oidc_user_claim: 'preferred_username', oidc_scope: 'openid profile' });
  const visitor = new Visitor(made);
  await visitor.signIn('oidc', 'ann');
  expect(await visitor.whoAmI()).toBe('annie');
});

/** The server of this test under the address of another, over there and in what it signs. */
function actingAs(issuer: string, asked: string[]): typeof fetch {
  return (async (input: string, init?: RequestInit) => {
    asked.push(String(input));
    const reply = await fetch(String(input).replace(issuer, server.issuer), init);
    const body = (await reply.json()) as Record<string, unknown>;
    if (typeof body['id_token'] === 'string') body['id_token'] = server.resigned(body['id_token'], { iss: issuer });
    const said = JSON.stringify(body).replaceAll(server.issuer, issuer);
    return Response.json(JSON.parse(said), { status: reply.status });
  }) as unknown as typeof fetch;
}

it.each([
  [
    { auth_provider: 'google' },
    'https://accounts.google.com',
    { access_type: 'offline', prompt: 'consent', scope: 'openid email profile' },
  ],
  [
    {
      auth_provider: 'flower.views.auth.OktaLoginHandler',
      oauth2_okta_base_url: 'https://shop.okta.com/oauth2/default',
    },
    ...['https://shop.okta.com/oauth2/default', { scope: 'openid email' }],
  ],
  [{ auth_provider: 'okta', oauth2_okta_base_url: 'https://shop.okta.com/oauth2/' }, 'https://shop.okta.com', {}],
] as [DashboardOptions, string, Record<string, string>][])(
  '%j is asked at its own address for what it wants, lets in, and is asked again',
  async (options, issuer, query) => {
    const asked: string[] = [];
    const made = oidc({ oidc_issuer: null, session_recheck: 60, ...options }, { fetch: actingAs(issuer, asked) });
    const visitor = new Visitor(made);
    const name = /okta|google/i.exec(String(options.auth_provider))![0].toLowerCase();
    const { location } = await visitor.begin(name);
    expect([asked, location.split('?')[0]]).toEqual([[`${issuer}/.well-known/openid-configuration`], `${issuer}/auth`]);
    expect(Object.fromEntries(new URL(location).searchParams)).toMatchObject(query);
    const callback = await visitor.there(location.replace(issuer, server.issuer), 'ann');
    await visitor.back(callback.replace(encodeURIComponent(server.issuer), encodeURIComponent(issuer)));
    expect(await visitor.whoAmI()).toBe('ann@shop.example');
    made.timer.advance(61_000);
    const before = asked.length;
    expect([await visitor.whoAmI(), asked[before]]).toEqual(['ann@shop.example', `${issuer}/token`]);
    delete people['ann'];
    made.timer.advance(61_000);
    expect(await visitor.whoAmI()).toBe(401);
  },
);

it('a page that only listens is asked about too, and its line ends with the session', async () => {
  const made = oidc({ session_recheck: 20, session_idle: 86_400 });
  const address = await made.dashboard.listen();
  const visitor = new Visitor(made);
  await visitor.signIn('oidc', 'ann');
  const live = new WebSocket(`${address.replace('http', 'ws')}/api/v2/live`, {
    headers: { cookie: visitor.cookies, origin: address.replace(/\/$/, '') },
  });
  onTestFinished(() => live.terminate());
  let code = 0;
  live.on('close', (given) => {
    code = given;
  });
  await new Promise((resolve) => live.once('message', resolve));
  delete people['ann'];
  made.timer.advance(31_000);
  await until(() => code === 4401, 'the line to be closed');
});
