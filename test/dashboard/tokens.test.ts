// API tokens: made, shown once, good for what they were given within what their maker may, by every door; revoked and expired ones are not.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { createDashboard, type Dashboard, type DashboardOptions } from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';
import { createTimer } from '../../server/timer.ts';
import type { ServerFrame } from '../../shared/wire/live.ts';
import type { OperationsPage } from '../../shared/wire/operations.ts';
import type { ApiToken, TokenMade, TokensReply } from '../../shared/wire/tokens.ts';
import { PushedClock } from '../support/clock.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbel-tokens-'));
const OPTIONS: DashboardOptions = {
  ...{ broker: `memory://${randomUUID()}`, db: join(folder, 'h.db'), port: 0, inspect_timeout: 50 },
  basic_auth: ['root', 'op', 'shop', 'look', 'nobody'].map((name) => `${name}:pw`),
  access_rules: [
    { who: 'root', role: 'admin' },
    { who: ['op', 'leaving'], role: 'operator', except: 'purge' },
    { who: 'shop', role: 'operator', tasks: 'shop.*', sees_tasks: 'shop.*' },
    { who: 'look', role: 'viewer' },
  ],
};
/** What ends in an hour ends when the test says so. */
const clock = new PushedClock();
const begin = (options: DashboardOptions): Dashboard =>
  createDashboard(options, { pages: null, log: silentLogger, timer: createTimer({ unref: true, clock }) });
let dashboard: Dashboard;
let address: string;
beforeAll(async () => {
  dashboard = begin(OPTIONS);
  address = await dashboard.listen();
});
afterAll(async () => {
  await dashboard?.close();
  rmSync(folder, { recursive: true, force: true });
});

type Method = 'GET' | 'POST' | 'DELETE';
const basic = (who: string) => `Basic ${Buffer.from(`${who}:pw`).toString('base64')}`;
const bearer = (token: string) => `Bearer ${token}`;
async function ask<T>(authorization: string, url: string, method: Method = 'GET', payload?: object) {
  const reply = await dashboard.app.inject({ method, url, headers: { authorization }, ...(payload && { payload }) });
  const body = (/json/.test(String(reply.headers['content-type'])) ? reply.json() : {}) as T & { detail: string };
  return { status: reply.statusCode, body, headers: reply.headers };
}
const make = (who: string, name: string, scope: object, expires_in: number | null = 3600) =>
  ask<TokenMade>(basic(who), '/api/v2/tokens', 'POST', { name, scope, expires_in });
const made = async (...args: Parameters<typeof make>) => {
  const { status, body } = await make(...args);
  expect([status, body]).toEqual([200, expect.objectContaining({ token: expect.stringMatching(/^umb_[\w-]{43}$/) })]);
  return body;
};
const list = async (who: string) => (await ask<TokensReply>(basic(who), '/api/v2/tokens')).body.items;
const revoke = (authorization: string, id: string) => ask<ApiToken>(authorization, `/api/v2/tokens/${id}`, 'DELETE');
const record = async (query = '') =>
  (await ask<OperationsPage>(basic('root'), `/api/v2/operations${query}`)).body.items;

it('is made for some acts, opens REST and paths of Flower, and its acts stand under its name in the record', async () => {
  const { token, made: one } = await made('op', 'cron', { role: 'operator', actions: ['revoke'] });
  expect(one).toMatchObject({ name: 'cron', owner: 'op', state: 'active', last_used: null, calls: 0 });
  expect((await ask(bearer(token), '/api/v2/tasks')).status).toBe(200);
  expect((await ask(bearer(token), '/api/workers')).status).toBe(200);
  const revoked = await ask(bearer(token), '/api/task/revoke/some-id', 'POST', {});
  expect([revoked.status, revoked.body]).toEqual([200, { message: "Revoked 'some-id'" }]);
  expect((await record())[0]).toMatchObject({
    ...{
      who: 'op',
      token: 'cron',
      address: '127.0.0.1',
      action: 'revoke',
      subject: expect.stringContaining('some-id'),
    },
  });
  const refused = await ask(bearer(token), '/api/v2/operations', 'POST', { action: 'retry', task_ids: ['x'] });
  expect([refused.status, refused.body.detail]).toEqual([403, 'the token cron may not retry.']);
  expect((await record())[0]).toMatchObject({ who: 'op', token: 'cron', action: 'retry', outcome: 'refused' });
  expect((await list('op')).find(({ name }) => name === 'cron')).toMatchObject({
    last_used: { address: '127.0.0.1', at: expect.any(Number) },
    calls: 4,
  });
  const csv = await dashboard.app.inject({
    url: '/api/v2/operations/export',
    headers: { authorization: basic('root') },
  });
  expect(csv.body).toContain(',op,127.0.0.1,cron,revoke,');
});

it('never has more than its maker, whatever it was given', async () => {
  const higher = await make('op', 'higher', { role: 'admin' });
  expect([higher.status, higher.body.detail]).toEqual([403, expect.stringContaining('at most operator')]);
  expect((await record())[0]).toMatchObject({ who: 'op', action: 'make_token', subject: 'higher', outcome: 'refused' });
  const viewer = await make('look', 'mine', { role: 'viewer' });
  expect(viewer.status).toBe(403);
  await expect.poll(async () => (await record())[0]).toMatchObject({ who: 'look', action: 'make_token' });

  const { token } = await made('op', 'purger', { role: 'operator' });
  const purge = { action: 'purge', queue: 'q', confirm: 'q' };
  const refused = await ask(bearer(token), '/api/v2/operations', 'POST', purge);
  expect([refused.status, refused.body.detail]).toEqual([403, 'op may not purge (rule 2).']);

  // Both limits of tasks hold, of what is done and of what is seen.
  const narrow = await made('shop', 'narrow', { role: 'operator', tasks: ['*.charge'], sees_tasks: ['*.charge'] });
  const limit = (task_name: string) =>
    ask(bearer(narrow.token), '/api/v2/operations', 'POST', { action: 'rate_limit', task_name, rate_limit: '1/m' });
  expect((await limit('shop.mail')).status).toBe(403);
  expect((await limit('hr.charge')).status).toBe(403);
  expect((await limit('shop.charge')).status).toBe(200);
  const { body } = await ask<{ items: unknown[] }>(bearer(narrow.token), '/api/v2/tasks?q=hr.payroll');
  expect(body.items).toEqual([]);
  // Flower's paths tell of everything.
  expect((await ask(bearer(narrow.token), '/api/tasks')).status).toBe(403);

  const reader = await made('root', 'reader', { role: 'viewer' });
  expect((await ask(bearer(reader.token), '/api/worker/shutdown/w', 'POST', {})).status).toBe(403);
});

it('makes no tokens and ends no other, but itself', async () => {
  const { token, made: one } = await made('root', 'maker', { role: 'admin' });
  const other = await made('root', 'other', { role: 'admin' });
  const body = { name: 'child', scope: { role: 'viewer' }, expires_in: null };
  expect((await ask(bearer(token), '/api/v2/tokens', 'POST', body)).status).toBe(403);
  expect((await revoke(bearer(token), other.made.id)).status).toBe(403);
  expect((await revoke(bearer(token), one.id)).status).toBe(200);
  expect((await ask(bearer(token), '/api/v2/tasks')).status).toBe(401);
});

it('is listed to its maker and to admins, revoked by them, and its text is nowhere', async () => {
  const { token, made: one } = await made('op', 'listed', { role: 'viewer', sees_values: false });
  expect((await list('op')).map(({ owner }) => owner)).not.toContain('root');
  expect((await list('root')).map(({ name }) => name)).toContain('listed');
  expect((await list('look')).length).toBe(0);
  expect((await make('root', 'listed', { role: 'viewer' })).status).toBe(409);
  expect((await revoke(basic('shop'), one.id)).status).toBe(404);
  expect((await revoke(basic('root'), one.id)).body).toMatchObject({ state: 'revoked', revoked: { by: 'root' } });
  expect((await revoke(basic('root'), one.id)).status).toBe(404);
  const gone = await ask(bearer(token), '/api/v2/tasks');
  expect([gone.status, gone.body.detail, gone.headers['www-authenticate']]).toEqual([
    ...[401, 'The token listed is revoked.', expect.stringContaining('invalid_token')],
  ]);
  await expect
    .poll(async () => (await record('?action=login'))[0])
    .toMatchObject({
      ...{ who: 'API token listed', address: '127.0.0.1', outcome: 'failed', summary: 'Token revoked, once' },
    });
  expect((await list('op')).find(({ name }) => name === 'listed')).toMatchObject({ refused: 1, state: 'revoked' });
  expect((await record('?action=revoke_token'))[0]).toMatchObject({ who: 'root', subject: 'listed', outcome: 'ok' });
  // Neither in an answer, nor in any file.
  expect(JSON.stringify([await list('root'), await record()])).not.toContain(token);
  for (const name of readdirSync(folder)) expect(readFileSync(join(folder, name)).includes(token), name).toBe(false);
});

it.each([
  ['no name', { scope: { role: 'viewer' }, expires_in: 1 }, /name/],
  ['a name that cannot be shown', { name: 'a\u0007', scope: { role: 'viewer' }, expires_in: 1 }, /'name'/],
  ['no role', { name: 'x', scope: {}, expires_in: 1 }, /scope/],
  ['a role that is none', { name: 'x', scope: { role: 'god' }, expires_in: 1 }, /'scope.role'/],
  ['no end and no word of it', { name: 'x', scope: { role: 'viewer' } }, /expires_in/],
  ['an end in the past', { name: 'x', scope: { role: 'viewer' }, expires_in: -5 }, /'expires_in'/],
  ['an action that is none', { name: 'x', scope: { role: 'viewer', actions: ['fly'] }, expires_in: 1 }, /"fly"/],
  ['a key that is none', { name: 'x', scope: { role: 'viewer', colour: 1 }, expires_in: 1 }, /no "colour"/],
  ['nothing', [], /./],
])('with %s it is refused by name', async (_what, body, words) => {
  const { status, body: problem } = await ask(basic('root'), '/api/v2/tokens', 'POST', body);
  expect([status, problem.detail]).toEqual([400, expect.stringMatching(words)]);
});

it('opens the live feed, which closes when it is revoked, and when it expires', async () => {
  const url = `${address.replace('http', 'ws')}/api/v2/live`;
  const open = async (token: string) => {
    const socket = new WebSocket(url, { headers: { authorization: bearer(token) } });
    onTestFinished(() => socket.terminate());
    const heard = { frames: [] as ServerFrame[], closed: null as string | null };
    socket.on('message', (data) => heard.frames.push(JSON.parse(String(data)) as ServerFrame));
    socket.on('close', (code, reason) => {
      heard.closed = `${code} ${String(reason)}`;
    });
    await until(() => heard.frames.some(({ type }) => type === 'snapshot'), 'the snapshot');
    return heard;
  };
  const first = await made('op', 'live', { role: 'viewer' });
  const heard = await open(first.token);
  await revoke(basic('op'), first.made.id);
  await until(() => heard.closed !== null, 'its end');
  expect(heard.closed).toBe('4403 The token was revoked');

  const short = await made('op', 'short', { role: 'viewer' }, 3600);
  const brief = await open(short.token);
  clock.push(3_601_000);
  await until(() => brief.closed !== null, 'its end');
  expect(brief.closed).toBe('4403 The token has expired');
  expect((await ask(bearer(short.token), '/api/v2/tasks')).body.detail).toBe('The token short is expired.');
  const wrong = new WebSocket(url, { headers: { authorization: bearer(`umb_${'x'.repeat(43)}`) } });
  const status = await new Promise((done) => wrong.on('unexpected-response', (_, reply) => done(reply.statusCode)));
  expect(status).toBe(401);
});

it('a wrong one is refused even where nobody logs in; that of another kind is not ours to judge there', async () => {
  const open = createDashboard(
    { broker: `memory://${randomUUID()}`, db: join(folder, 'open.db') },
    { pages: null, log: silentLogger },
  );
  onTestFinished(() => open.close());
  const status = async (authorization: string) =>
    (await open.app.inject({ url: '/api/v2/tasks', headers: { authorization } })).statusCode;
  expect([await status('Bearer umb_x'), await status('Bearer eyJhbGciOi')]).toEqual([401, 200]);
  const { token } = (
    await open.app.inject({
      ...{ method: 'POST', url: '/api/v2/tokens' },
      payload: { name: 'a', scope: { role: 'viewer' }, expires_in: null },
    })
  ).json<TokenMade>();
  expect(await status(bearer(token))).toBe(200);
  const act = await open.app.inject({
    ...{ method: 'POST', url: '/api/v2/operations', headers: { authorization: bearer(token) } },
    payload: { action: 'revoke', task_ids: ['x'] },
  });
  expect(act.statusCode).toBe(403);
});

it('outlives a restart, and is good for nothing once its maker is no user any more', async () => {
  const { token } = await made('op', 'kept', { role: 'viewer' });
  const { token: theirs } = await made('shop', 'theirs', { role: 'viewer' });
  await dashboard.close();
  dashboard = begin({ ...OPTIONS, basic_auth: ['root:pw', 'op:pw'] });
  address = await dashboard.listen();
  expect((await ask(bearer(token), '/api/v2/tasks')).status).toBe(200);
  const gone = await ask(bearer(theirs), '/api/v2/tasks');
  expect([gone.status, gone.body.detail]).toEqual([403, 'The token theirs is of shop, who has no access any more.']);
  expect((await list('root')).find(({ name }) => name === 'listed')).toMatchObject({ state: 'revoked' });
});
