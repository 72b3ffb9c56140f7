// One dashboard of several clusters: what each answers at its own path, who may see which, what is at the root, and what an entry may say.
// How the pages lead from one to another: test/e2e/sign-in.test.ts.
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { clustersOf } from '../../server/dashboard/clusters.ts';
import { createDashboard, type DashboardOptions } from '../../server/dashboard/dashboard.ts';
import { resolveOptions } from '../../server/dashboard/options.ts';
import { silentLogger } from '../../server/log.ts';
import type { Readiness } from '../../shared/wire/cluster.ts';
import type { ClustersReply } from '../../shared/wire/clusters.ts';
import type { OperationsPage } from '../../shared/wire/operations.ts';
import type { SessionsReply } from '../../shared/wire/session.ts';
import { eventsOf } from '../support/events-of.ts';
import { until } from '../support/until.ts';

const PEOPLE = { ann: 'secret', bob: 'other', eve: 'third' };

/** orders: ann an admin, bob looks. mail: ann looks, bob is an operator. away: ann alone, and its broker does not answer. */
function world(options: DashboardOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-several-'));
  const pages = join(folder, 'web');
  mkdirSync(join(pages, 'assets'), { recursive: true });
  for (const name of ['index', 'clusters', 'sign-in'])
    writeFileSync(join(pages, `${name}.html`), `<!doctype html><head><base href="/"></head><body>${name}</body>`);
  const rules = (...rows: [who: string, role: 'admin' | 'operator' | 'viewer'][]) =>
    rows.map(([who, role]) => ({ who, role }));
  const dashboard = createDashboard(
    {
      clusters: [
        {
          name: 'orders',
          broker: `memory://${randomUUID()}`,
          access_rules: rules(['ann', 'admin'], ['bob', 'viewer']),
        },
        {
          name: 'mail',
          broker: `memory://${randomUUID()}`,
          access_rules: rules(['ann', 'viewer'], ['bob', 'operator']),
        },
        { name: 'away', broker: 'redis://user:hidden@127.0.0.1:1/0', access_rules: rules(['ann', 'admin']) },
      ],
      db: join(folder, 'history.db'),
      basic_auth: Object.entries(PEOPLE).map(([user, password]) => `${user}:${password}`),
      port: 0,
      queue_interval: 0.2,
      inspect_interval: 0.5,
      inspect_timeout: 100,
      ...options,
    },
    { log: silentLogger, pages },
  );
  onTestFinished(async () => {
    await dashboard.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const as = (who: keyof typeof PEOPLE) => ({
    host: 'localhost',
    authorization: `Basic ${Buffer.from(`${who}:${PEOPLE[who]}`).toString('base64')}`,
  });
  const ask = (who: keyof typeof PEOPLE, url: string) => dashboard.app.inject({ url, headers: as(who) });
  const status = async (who: keyof typeof PEOPLE, url: string) => (await ask(who, url)).statusCode;
  return { dashboard, as, ask, status };
}

it('each cluster answers at its own path, by its own rules, and is named to those only whom it lets in', async () => {
  const { dashboard, as, ask, status } = world();
  const { publish } = await eventsOf(dashboard, { hostname: 'w1@orders', pid: 1 });
  await publish([{ type: 'worker-heartbeat', freq: 3600, active: 1, processed: 5 }]);
  const named = async (who: keyof typeof PEOPLE, url: string) =>
    (await ask(who, url)).json<ClustersReply>().items.map(({ name, path, current }) => [name, path, current]);
  expect(await named('ann', '/api/v2/clusters')).toEqual([
    ['orders', '/c/orders/', false],
    ['mail', '/c/mail/', false],
    ['away', '/c/away/', false],
  ]);
  expect(await named('bob', '/c/mail/api/v2/clusters')).toEqual([
    ['orders', '/c/orders/', false],
    ['mail', '/c/mail/', true],
  ]);
  expect(await status('eve', '/api/v2/clusters')).toBe(403);
  for (const [who, name, expected] of [
    ['ann', 'orders', 200],
    ['ann', 'away', 200],
    ['bob', 'mail', 200],
    ['bob', 'away', 403],
    ['eve', 'orders', 403],
    ['ann', 'other', 404],
  ] as const)
    expect([who, name, await status(who, `/c/${name}/api/v2/cluster`)]).toEqual([who, name, expected]);
  expect((await ask('bob', '/c/mail/api/v2/cluster')).json()).toMatchObject({ name: 'mail', role: 'operator' });
  expect((await ask('bob', '/c/orders/api/v2/cluster')).json()).toMatchObject({ name: 'orders', role: 'viewer' });
  // What one may in one cluster one may not in another; who was refused stands in the log of that one.
  const limit = (name: string) =>
    dashboard.app.inject({
      method: 'POST',
      url: `/c/${name}/api/v2/operations`,
      headers: { ...as('bob'), 'content-type': 'application/json' },
      payload: { action: 'rate_limit', task_name: 'shop.add', rate_limit: '1/m' },
    });
  const limited = await Promise.all(['orders', 'mail'].map((name) => limit(name)));
  expect(limited.map(({ statusCode }) => statusCode)).toEqual([403, 200]);
  const log = async (name: string) =>
    (await ask('ann', `/c/${name}/api/v2/operations?who=bob`)).json<OperationsPage>().items.map((one) => one.outcome);
  await until(
    async () => (await log('orders')).length === 1 && (await log('mail')).length === 1,
    'both to be recorded',
  );
  expect([await log('orders'), await log('mail')]).toEqual([['refused'], [expect.not.stringMatching('refused')]]);

  const file = (await ask('ann', '/c/mail/api/v2/operations/export')).headers['content-disposition'];
  expect(file).toMatch(/"operations-mail-\d/);

  // The one that is away says since when nothing is known, and the others do not wait for it.
  const figures = async () =>
    (await ask('ann', '/api/v2/clusters')).json<ClustersReply>().items.map((one) => one.figures);
  await until(async () => (await figures())[0]?.workers_online === 1, 'the worker of orders');
  await until(async () => (await figures())[2]?.broker.ok === false, 'the broker to be away');
  const known = async () => {
    const [orders, mail, away] = await figures();
    return [orders?.events.ok, mail?.events.ok, mail?.workers_online, away?.events.ok];
  };
  await expect.poll(known).toEqual([true, true, 0, null]);
  expect((await ask('ann', '/c/orders/api/v2/workers')).json()).toMatchObject({ items: [{ hostname: 'w1@orders' }] });
  expect((await ask('ann', '/c/mail/api/v2/workers')).json()).toEqual({ items: [] });

  // Programs that were written for one: at the root the first one answers them.
  expect((await ask('ann', '/api/v2/cluster')).json()).toMatchObject({ name: 'orders' });
  const rows = async (url: string) => (await ask('ann', url)).json<{ data: object[] }>().data.length;
  expect([await rows('/workers?json=1'), await rows('/c/mail/workers?json=1')]).toEqual([1, 0]);
  for (const url of ['/metrics', '/c/orders/metrics'])
    expect((await ask('ann', url)).body).toContain('worker="w1@orders"');
  expect((await ask('ann', '/c/mail/metrics')).body).not.toContain('w1@orders');
  const ready = async (url: string) => (await dashboard.app.inject(url)).json<Readiness>();
  expect(await ready('/readyz')).toEqual({ ready: true, sources: {}, clusters: { ready: 2, total: 3 } });
  expect([(await ready('/c/mail/readyz')).ready, (await ready('/c/away/readyz')).ready]).toEqual([true, false]);
  for (const url of ['/healthcheck', '/c/away/healthcheck']) expect((await dashboard.app.inject(url)).body).toBe('OK');

  const shown = JSON.stringify([
    dashboard.options,
    (await ask('ann', '/c/away/api/v2/cluster')).json(),
    (await ask('ann', '/api/v2/clusters')).json(),
    await ready('/c/away/readyz'),
  ]);
  expect(shown).not.toContain('hidden');
});

it('one signs in once for all; the pages of each are at its path, those of all at the root, where old addresses lead on', async () => {
  const { dashboard, ask, status } = world({ xheaders: true });
  const address = await dashboard.listen();
  const { host } = new URL(address);
  const send = { 'content-type': 'application/json', origin: `http://${host}`, host };
  const signedIn = await dashboard.app.inject({
    method: 'POST',
    url: '/c/mail/api/v2/session',
    headers: send,
    payload: { user: 'bob', password: 'other', next: '/c/mail/tasks' },
  });
  expect(signedIn.json()).toEqual({ user: 'bob', next: '/c/mail/tasks' });
  expect(signedIn.headers['set-cookie']).toContain('Path=/;');
  const cookie = String(signedIn.headers['set-cookie']).split(';')[0]!;
  const by = (url: string, more: Record<string, string> = {}) =>
    dashboard.app.inject({ url, headers: { host, cookie, accept: 'text/html', ...more } });
  expect((await by('/c/orders/api/v2/cluster')).json()).toMatchObject({ user: 'bob', role: 'viewer' });
  const body = async (url: string) => (await by(url)).body;
  expect(await body('/')).toMatch(/<base href="\/">[\s\S]*clusters<\/body>/);
  expect(await body('/c/mail/')).toMatch(/<base href="\/c\/mail\/">\n<meta name="umbel-clusters"[\s\S]*index<\/body>/);
  expect((await by('/c/mail', { 'x-forwarded-prefix': '/ops' })).headers.location).toBe('/ops/c/mail/');
  expect(await body('/c/mail/tasks/a')).toContain('index</body>');
  const lead = async (url: string, more = {}) => (await by(url, more)).headers.location;
  expect(await lead('/tasks?state=FAILURE')).toBe('/c/orders/tasks?state=FAILURE');
  expect(await lead('/tasks/a', { 'x-forwarded-prefix': '/ops' })).toBe('/ops/c/orders/tasks/a');
  expect(await lead('/task/a')).toBe('/tasks/a');
  expect((await by('/c/other/tasks')).statusCode).toBe(404);
  // Nobody yet: to the sign-in page of that path, and back.
  const stranger = { headers: { host, accept: 'text/html', 'x-forwarded-prefix': '/ops' } };
  const led = await dashboard.app.inject({ url: '/c/mail/tasks?q=a', ...stranger });
  expect(led.headers.location).toBe('/ops/c/mail/login?next=%2Fops%2Fc%2Fmail%2Ftasks%3Fq%3Da');

  // Two sockets below one prefix, each of its own cluster.
  const first = async (name: string) => {
    const socket = new WebSocket(`ws://${host}/c/${name}/api/v2/live`, {
      headers: { cookie, origin: `http://${host}` },
    });
    onTestFinished(() => socket.terminate());
    const hello = await new Promise<string>((done) => socket.once('message', (data: Buffer) => done(data.toString())));
    return JSON.parse(hello) as { type: string; epoch: string };
  };
  const [orders, mail] = [await first('orders'), await first('mail')];
  expect([orders.type, mail.type, orders.epoch === mail.epoch]).toEqual(['hello', 'hello', false]);
  // Sessions are of all: ann, an admin of one cluster only, sees and ends none of bob's.
  const sessions = (await ask('ann', '/c/orders/api/v2/sessions')).json<SessionsReply>().items;
  expect(sessions).toEqual([]);
  const out = await dashboard.app.inject({
    method: 'DELETE',
    url: '/api/v2/session',
    headers: { origin: `http://${host}`, host, cookie },
  });
  expect([out.statusCode, (await by('/c/mail/api/v2/cluster')).statusCode]).toEqual([200, 401]);
  expect(await status('bob', '/c/mail/api/v2/cluster')).toBe(200);
});

it('an entry takes the common options and its own over them, and what is wrong is told by its name', () => {
  const of = (given: DashboardOptions) => clustersOf(given, resolveOptions(given));
  const all = of({
    clusters: ['a=redis://:pw@h/0', { name: 'b-2', broker: ['amqp://h1', 'amqp://h2'], db: 'own.db', read_only: true }],
    db: 'data/history.db',
    settings: { event_exchange: 'x' },
    retention_age: 5,
  });
  expect(
    all.map(({ name, broker, db, user_data, read_only, retention_age }) => [
      name,
      broker,
      db,
      user_data,
      read_only,
      retention_age,
    ]),
  ).toEqual([
    ['a', ['redis://:pw@h/0'], 'data/history.a.db', 'data/history.a.user-data.db', false, 5],
    ['b-2', ['amqp://h1', 'amqp://h2'], 'own.db', 'own.user-data.db', true, 5],
  ]);
  expect(all[0]!.settings).toEqual({ event_exchange: 'x' });
  for (const [clusters, words] of [
    [[], /list of clusters/],
    [['redis://:pw@h/0'], /cluster 1: write name=url/],
    [['Orders=redis://:pw@h'], /up to 32 of a-z.*"Orders"/],
    [[{ name: 'a'.repeat(33), broker: 'redis://h' }], /up to 32/],
    [[{ name: 'a' }], /\(a\): its 'broker' is missing/],
    [['a=redis://h', 'a=redis://:pw@h2'], /two clusters called a/],
    [[{ name: 'a', broker: 'redis://h', port: 5 }], /no option 'port' of its own/],
    [[{ name: 'a', broker: 'redis://h', resultbackend: 'x' }], /Did you mean 'result_backend'/],
    [['a=nothing://:pw@h'], /Cluster a: /],
    [
      ['a=redis://h', { name: 'b', broker: 'redis://:pw@h', db: 'umbel-history.a.db' }],
      /a and b have one history file/,
    ],
  ] as const) {
    let message = '';
    try {
      of({ clusters: clusters as never });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(words);
    expect(message).not.toContain('pw');
  }
  expect(() => of({ clusters: ['a=redis://h'], broker: 'redis://h' })).toThrow(/broker is said of each cluster/);
});
