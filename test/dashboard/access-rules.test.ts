// Who may do and see what by the rules table: by every route, by every operation and in the live feed. One dashboard for all.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { narrow } from '../../server/dashboard/access/narrow.ts';
import { type AccessRule, Rules, readRules } from '../../server/dashboard/access/rules.ts';
import { asksValues, narrower, Sight } from '../../server/dashboard/access/sight.ts';
import { KINDS } from '../../server/dashboard/attention/kinds.ts';
import { createDashboard, type Dashboard } from '../../server/dashboard/dashboard.ts';
import { exchange } from '../../server/transport/entity.ts';
import { compileQuery } from '../../shared/query/match.ts';
import { parseQuery } from '../../shared/query/parser.ts';
import type { Patch, ServerFrame, Snapshot } from '../../shared/wire/live.ts';
import { OPERATION_ACTIONS, type OperationsPage } from '../../shared/wire/operations.ts';
import { ROUTES } from '../../shared/wire/routes.ts';
import type { RulesReply } from '../../shared/wire/rules.ts';
import type { TaskPage } from '../../shared/wire/tasks.ts';
import { serverEvents } from '../support/server-events.ts';
import { until } from '../support/until.ts';

const RULES: AccessRule[] = [
  { who: 'root', role: 'admin' },
  { who: 'op', role: 'operator', except: 'purge' },
  { who: 'look', role: 'admin', read_only: true },
  {
    who: 'shop',
    role: 'operator',
    actions: ['retry', 'revoke', 'rate_limit', 'purge'],
    tasks: 'shop.*',
    queues: 'orders',
    sees_tasks: 'shop.*',
    sees_queues: 'orders',
  },
  { who: 'blind', role: 'viewer', sees_values: false },
];

const folder = mkdtempSync(join(tmpdir(), 'umbel-rules-'));
let dashboard: Dashboard;
let address: string;
beforeAll(async () => {
  dashboard = createDashboard(
    {
      broker: `memory://${randomUUID()}`,
      db: join(folder, 'history.db'),
      port: 0,
      inspect_timeout: 50,
      basic_auth: [...['root', 'op', 'look', 'shop', 'blind', 'nobody'].map((name) => `${name}:pw`)],
      access_rules: RULES,
    },
    { pages: null },
  );
  address = await dashboard.listen();
  const cluster = await dashboard.start();
  await until(() => cluster.receiver.connected, 'the receiver');
  const channel = await cluster.link.asking.channel();
  await channel.declareExchange(exchange('celeryev', 'topic'));
  const send = (event: object) =>
    channel.publish({
      ...{ exchange: 'celeryev', routingKey: 'task.multi', body: Buffer.from(JSON.stringify(event)), headers: {} },
      ...{ contentType: 'application/json', contentEncoding: 'utf-8', properties: {} },
    });
  const now = Date.now() / 1000;
  for (const [uuid, name, queue] of [
    ['t-shop', 'shop.charge', 'orders'],
    ['t-other', 'hr.payroll', 'secretqueue'],
  ]) {
    const base = { uuid, name, hostname: 'w@h', pid: 7, timestamp: now, clock: 1, utcoffset: 0 };
    await send({
      ...base,
      type: 'task-sent',
      queue,
      exchange: '',
      routing_key: queue,
      args: `('arg-of-${uuid}',)`,
      kwargs: '{}',
      retries: 0,
    });
    await send({ ...base, type: 'task-received', clock: 2, args: `('arg-of-${uuid}',)`, kwargs: '{}' });
    await send({
      ...base,
      type: 'task-failed',
      clock: 3,
      exception: `ValueError('raised-by-${uuid}')`,
      traceback: `trace-of-${uuid}`,
    });
  }
  await until(() => cluster.state.tasks.get('t-other')?.state === 'FAILURE', 'the last event');
  cluster.flush();
  await cluster.history.written();
});
afterAll(async () => {
  await dashboard?.close();
  rmSync(folder, { recursive: true, force: true });
});

const as = (who: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${who}:pw`).toString('base64')}`,
});
const ask = (who: string, url: string) => dashboard.app.inject({ url, headers: as(who) });
const act = (who: string, payload: object) =>
  dashboard.app.inject({ method: 'POST', url: '/api/v2/operations', headers: as(who), payload });

describe('a rules table', () => {
  it.each([
    ['no list', '{}', /cannot be read/],
    ['empty', '[]', /at least one/],
    ['an unknown key', '[{"who":"a","role":"admin","colour":1}]', /rule 1: there is no "colour"/],
    ['no role', '[{"who":"a"}]', /'role' must be one of viewer/],
    ['a role that is none', '[{"who":"a","role":"god"}]', /not "god"/],
    ['nobody', '[{"role":"admin"}]', /'who' is missing/],
    ['an empty pattern', '[{"who":[""],"role":"admin"}]', /'who' must be a text or a list/],
    [
      'an action that is none',
      '[{"who":"a","role":"admin","except":"explode"}]',
      /names "explode", which is no action/,
    ],
    ['a flag that is none', '[{"who":"a","role":"admin","read_only":"yes"}]', /'read_only' must be true or false/],
  ])('with %s is refused by name', (_what, text, words) => {
    const path = join(folder, `${randomUUID()}.json`);
    writeFileSync(path, text);
    expect(() => readRules(path, 'access_rules', OPERATION_ACTIONS)).toThrow(text === '{}' ? /must be a list/ : words);
  });

  it('is read from a file, from JSON and as it is; the first row that fits decides, groups too', () => {
    const text = '[{"who":["group:shop/*"],"role":"operator"},{"who":"*@a.example","role":"viewer"}]';
    const path = join(folder, 'rules.json');
    writeFileSync(path, text);
    for (const given of [text, path, JSON.parse(text)]) {
      const rules = new Rules(readRules(given, 'access_rules', OPERATION_ACTIONS), false);
      expect(rules.grantOf('ann@a.example')).toMatchObject({ role: 'viewer', rule: 2 });
      expect(rules.grantOf('ann@a.example', ['shop/platform'])).toMatchObject({ role: 'operator', rule: 1 });
      // Anchored at both ends.
      expect(rules.grantOf('ann@a.example.evil')).toBeNull();
      expect(rules.grantOf('ann@a.example', ['myshop/platform'])).toMatchObject({ rule: 2 });
    }
    expect(new Rules(null, true).grantOf('anybody')).toMatchObject({ role: 'admin', read_only: true });
  });
});

describe('who may', () => {
  it('is nobody whom no rule names', async () => {
    const reply = await ask('nobody', '/api/v2/tasks');
    expect([reply.statusCode, reply.json().detail]).toEqual([403, expect.stringContaining('No rule lets nobody in')]);
  });

  it.each([
    ['op', { action: 'shutdown', destination: ['w@h'] }, /takes the role admin/],
    ['op', { action: 'purge', queue: 'orders', confirm: 'orders' }, /op may not purge \(rule 2\)/],
    ['look', { action: 'revoke', task_ids: ['t-shop'] }, /look may only look/],
    ['blind', { action: 'revoke', task_ids: ['t-shop'] }, /takes the role operator/],
    ['shop', { action: 'pool_grow', n: 1 }, /shop may not pool_grow/],
    ['shop', { action: 'revoke', task_ids: ['t-shop', 't-other'] }, /shop\.\* only, not one whose name is not known/],
    ['shop', { action: 'revoke', task_ids: ['t-shop', 'unheard'] }, /not one whose name is not known/],
    ['shop', { action: 'retry', task_ids: ['t-shop'], queue: 'secretqueue' }, /orders only, not secretqueue/],
    ['shop', { action: 'purge', queue: 'secretqueue', confirm: 'secretqueue' }, /orders only/],
    ['shop', { action: 'rate_limit', task_name: 'hr.payroll', rate_limit: '1/m' }, /not hr\.payroll/],
  ])('%s is refused %j, and that is recorded', async (who, request, words) => {
    const reply = await act(who, request);
    expect([reply.statusCode, reply.json().detail]).toEqual([403, expect.stringMatching(words)]);
    const page = (await ask('root', '/api/v2/operations?outcome=refused')).json<OperationsPage>();
    expect(page.items[0]).toMatchObject({ who, action: request.action, outcome: 'refused' });
  });

  it('acts within a rule: nothing stands in the way but the workers that are not there', async () => {
    const reply = await act('shop', { action: 'rate_limit', task_name: 'shop.charge', rate_limit: '1/m' });
    expect([reply.statusCode, reply.json().outcome]).toEqual([200, 'no-answer']);
    expect((await act('op', { action: 'revoke', task_ids: ['unheard'] })).statusCode).toBe(200);
  });

  it('shows the table to admins alone, with lists where one text stood for one', async () => {
    expect((await ask('op', '/api/v2/rules')).statusCode).toBe(403);
    const { items, yours } = (await ask('root', '/api/v2/rules')).json<RulesReply>();
    const rows = items ?? [];
    expect(yours).toBe(1);
    expect(rows[1]).toEqual({
      who: ['op'],
      read_only: false,
      scope: { role: 'operator', except: ['purge'] },
      signed_in: [],
    });
    expect(rows[3]!.scope).toMatchObject({ tasks: ['shop.*'], sees_queues: ['orders'] });
    expect(rows[4]!.scope).toEqual({ role: 'viewer', sees_values: false });
  });

  it('saves no view as a viewer', async () => {
    const reply = await dashboard.app.inject({
      method: 'POST',
      url: '/api/v2/views',
      headers: as('blind'),
      payload: { name: 'x', search: {} },
    });
    expect(reply.statusCode).toBe(403);
  });

  it('is refused by a view and by a path of Flower on the record, too, with the address', async () => {
    const refused = async () =>
      (await ask('root', '/api/v2/operations?outcome=refused&who=blind')).json<OperationsPage>().items;
    const post = (url: string, payload: object) =>
      dashboard.app.inject({ method: 'POST', url, headers: as('blind'), payload });
    expect((await post('/api/v2/views', { name: 'x', search: {} })).statusCode).toBe(403);
    await expect.poll(async () => (await refused())[0]).toMatchObject({ action: 'save_view', address: '127.0.0.1' });
    for (const [url, action, subject] of [
      ['/api/worker/shutdown/w@h', 'shutdown', 'w@h'],
      ['/api/task/async-apply/shop.charge', 'send_task', 'shop.charge'],
      ['/api/task/abort/t-shop', 'abort', 't-shop'],
    ]) {
      expect((await post(url!, {})).statusCode).toBe(403);
      await expect
        .poll(async () => (await refused())[0])
        .toMatchObject({
          who: 'blind',
          address: '127.0.0.1',
          action,
          subject,
          summary: expect.stringMatching(/takes the role/),
        });
    }
  });
});

/** Every GET of the table, with what is there. */
const READS = Object.keys(ROUTES)
  .filter((key) => key.startsWith('GET ') && !('at' in ROUTES[key as keyof typeof ROUTES]))
  .flatMap((key) => {
    const path = key.slice(4);
    if (path.includes(':uuid')) return ['t-shop', 't-other'].map((id) => path.replace(':uuid', id));
    if (path === '/queues/:name') return ['/queues/orders', '/queues/secretqueue'];
    if (path === '/workers/:hostname') return ['/workers/w@h'];
    if (path === '/tasks/facets') return ['name', 'queue'].map((field) => `${path}?field=${field}`);
    if (path === '/series')
      return ['', '&task=shop.charge', '&task=hr.payroll'].map((more) => `${path}?metric=throughput${more}`);
    return path.includes(':') ? [] : [path];
  })
  // They do not end: each is tested below.
  .filter((path) => path !== '/live' && path !== '/events');

describe('a reader of certain tasks and queues', () => {
  it('finds what is theirs', async () => {
    const page = (await ask('shop', '/api/v2/tasks')).json<TaskPage>();
    expect(page.items.map(({ uuid }) => uuid)).toEqual(['t-shop']);
    expect([page.total, page.counts]).toEqual([1, expect.objectContaining({ FAILURE: 1 })]);
    expect((await ask('shop', '/api/v2/tasks/t-shop')).body).toContain('arg-of-t-shop');
    expect((await ask('root', '/api/v2/tasks')).json<TaskPage>().items).toHaveLength(2);
  });

  it('is told of nothing else by any route', async () => {
    for (const path of READS) {
      const reply = await ask('shop', `/api/v2${path}`);
      expect(reply.statusCode, path).toBeLessThan(500);
      const body =
        reply.statusCode === 404 || reply.statusCode === 403 ? reply.body.replace(path.slice(1), '') : reply.body;
      // Of operations they see their own, with the names that they gave themselves.
      const words = path.startsWith('/operations')
        ? /(arg|trace)-of-t-other|raised-by-t-other/
        : /hr\.payroll|(arg|trace)-of-t-other|raised-by-t-other|"secretqueue"/;
      expect(body, path).not.toMatch(words);
    }
    expect((await ask('shop', '/api/v2/tasks/t-other')).statusCode).toBe(404);
    expect((await ask('shop', '/api/v2/tasks/t-other/call')).statusCode).toBe(404);
    expect((await ask('shop', '/api/v2/queues/secretqueue')).statusCode).toBe(404);
    expect((await ask('shop', '/api/v2/series?metric=throughput&task=hr.payroll')).statusCode).toBe(403);
    expect((await ask('shop', '/api/v2/tasks?q=hr.payroll')).json<TaskPage>().total).toBe(0);
    // What is not narrowed yet is closed.
    expect((await ask('shop', '/api/v2/tasks/t-shop/wait')).statusCode).toBe(403);
  });

  it('sees of the record what they did themselves', async () => {
    await act('op', { action: 'revoke', task_ids: ['unheard'] });
    const page = (await ask('shop', '/api/v2/operations?who=op')).json<OperationsPage>();
    expect(new Set(page.items.map(({ who }) => who))).toEqual(new Set(['shop']));
    const file = (await ask('shop', '/api/v2/operations/export')).body;
    expect(file).toContain(',shop,');
    expect(file).not.toContain(',op,');
  });

  it('hears in the live feed of nothing else, snapshot, patch and watched tasks', async () => {
    const frames = await live('shop');
    const snapshot = await until(
      () => frames.all.find((frame) => frame.type === 'snapshot') as Snapshot,
      'the snapshot',
    );
    expect(snapshot.tasks?.map(({ uuid }) => uuid)).toEqual(['t-shop']);
    frames.send({ type: 'watch', tasks: ['t-shop', 't-other'] });
    const events = (who: string) => serverEvents(`${address}/api/v2/events?type=task-*`, as(who));
    const streams = { shop: await events('shop'), blind: await events('blind') };
    const cluster = await dashboard.start();
    const channel = await cluster.link.asking.channel();
    for (const [uuid, name] of [
      ['t-other', 'hr.payroll'],
      ['t-shop', 'shop.charge'],
    ])
      await channel.publish({
        ...{ exchange: 'celeryev', routingKey: 'task.multi', headers: {}, properties: {} },
        ...{ contentType: 'application/json', contentEncoding: 'utf-8' },
        body: Buffer.from(
          JSON.stringify({
            type: 'task-retried',
            uuid,
            name,
            hostname: 'w@h',
            timestamp: Date.now() / 1000,
            clock: 9,
            exception: `again-${uuid}`,
            more: `custom-${uuid}`,
          }),
        ),
      });
    for (const stream of [streams.shop, streams.blind])
      await until(() => stream.all.some(({ data }) => data.uuid === 't-shop'), 'the task in the stream');
    expect(JSON.stringify(streams.shop.all)).not.toMatch(/hr\.payroll|t-other|secretqueue/);
    expect(streams.shop.all[0]!.data).toMatchObject({ name: 'shop.charge', exception: 'again-t-shop' });
    expect(streams.blind.all.map(({ data }) => data.uuid)).toEqual(['t-other', 't-shop']);
    expect(JSON.stringify(streams.blind.all)).not.toMatch(/again-t|custom-/);
    await act('op', { action: 'revoke', task_ids: ['of-another'] });
    await act('shop', { action: 'purge', queue: 'secretqueue', confirm: 'mine' });
    const patches = () => frames.all.filter((frame): frame is Patch => frame.type === 'patch');
    await until(() => patches().some(({ tasks }) => tasks.some(({ uuid }) => uuid === 't-shop')), 'the task of theirs');
    await until(
      () => patches().some(({ operations }) => operations.some(({ who }) => who === 'shop')),
      'what they did',
    );
    frames.close();
    const heard = JSON.stringify(
      frames.all.map((frame) => (frame.type === 'patch' ? { ...frame, operations: [] } : frame)),
    );
    expect(heard).not.toMatch(/hr\.payroll|t-other|secretqueue/);
    expect(JSON.stringify(patches().flatMap(({ operations }) => operations))).not.toContain('of-another');
  });
});

describe('a reader of no values', () => {
  it('sees the tasks without arguments, results and exceptions, by any route and in the live feed', async () => {
    for (const path of READS) {
      const { body, statusCode } = await ask('blind', `/api/v2${path}`);
      expect(statusCode, path).toBeLessThan(500);
      expect(body, path).not.toMatch(/arg-of|raised-by|trace-of/);
    }
    const page = (await ask('blind', '/api/v2/tasks')).json<TaskPage>();
    expect(page.items.map(({ args, exception, name }) => [args, exception, name !== null])).toEqual([
      [null, null, true],
      [null, null, true],
    ]);
    const frames = await live('blind');
    await until(() => frames.all.some(({ type }) => type === 'snapshot'), 'the snapshot');
    frames.close();
    expect(JSON.stringify(frames.all)).not.toMatch(/arg-of|raised-by/);
  });

  it.each(['arg-of-t-shop', 'args:arg', 'kwargs:a=b', 'NOT exception:x', 'name:x OR result:/y/'])(
    'finds nothing out by asking for %s',
    async (q) => {
      expect((await ask('blind', `/api/v2/tasks?q=${encodeURIComponent(q)}`)).statusCode).toBe(403);
    },
  );
  it('is refused a stream that asks by them', async () => {
    expect((await ask('blind', '/api/v2/events?q=args:1')).statusCode).toBe(403);
  });
  it('asks by name, state and queue', async () => {
    const page = await ask(
      'blind',
      `/api/v2/tasks?q=${encodeURIComponent('name:shop state:FAILURE,RETRY queue:orders')}`,
    );
    expect(page.json<TaskPage>().total).toBe(1);
    expect((await ask('blind', '/api/v2/tasks/facets?field=args')).statusCode).toBe(403);
  });
});

describe('what workers and messages say themselves', () => {
  const blind = new Sight({ tasks: ['shop.*'], queues: ['orders'], values: false });

  it('is told of messages that were taken to be looked at as of those that were only read', () => {
    const message = { uuid: 'u', name: 'shop.charge', args: "('card',)", kwargs: '{}', unread: 'Unexpected "card"' };
    const messages = [message, { ...message, name: 'hr.payroll' }];
    const seen = narrow('POST /operations', blind, { messages }) as { messages: object[] };
    expect(seen.messages).toEqual([
      { uuid: 'u', name: 'shop.charge', args: null, kwargs: null, unread: 'Its body cannot be read.' },
    ]);
    expect(narrow('GET /queues/:name', blind, { name: 'orders', peek: messages })).toMatchObject({
      peek: seen.messages,
    });
  });

  it('is told of needs only where neither sentence nor evidence can name a task', () => {
    const attention = KINDS.map(({ kind }) => ({ kind }));
    const lists = { attention, figures: { oldest_queue: null }, failures: [], queues: [], workers: [] };
    expect(narrow('GET /overview', blind, lists)).toMatchObject({
      attention: ['source-down', 'no-workers', 'clock-drift', 'name-shared', 'events-off', 'events-lost'].map(
        (kind) => ({
          kind,
        }),
      ),
    });
  });

  it('is told of requests by the fields that are known to hold neither values nor names of others', () => {
    const request = {
      id: 'u',
      name: 'shop.charge',
      args: ['card'],
      kwargs: {},
      argsrepr: 'card',
      headers: { a: 'card' },
    };
    const lists = { active_tasks: [request], reserved: [request], scheduled: [request] };
    const empty = { queues: [], stats: null, active_queues: [], registered: [], held: null };
    expect(JSON.stringify(narrow('GET /workers/:hostname', blind, { ...empty, ...lists }))).not.toContain('card');
  });
});

describe('a sight', () => {
  it('asks as it looks, also where two limits hold', () => {
    const rows = ['a.b', 'a.c', 'x.b', null].flatMap((name) =>
      ['q1', 'q2', null].map((queue) => ({ name, queue }) as never),
    );
    const one = new Sight({ tasks: ['a.*'], queues: null, values: true });
    for (const sight of [
      one,
      narrower(one, { tasks: ['*.b'], queues: null, values: true }),
      narrower(one, { tasks: null, queues: ['q1'], values: false }),
      new Sight({ tasks: ['*'], queues: ['q?'], values: true }),
    ]) {
      const matches = compileQuery(sight.tree!);
      expect(rows.map((row) => matches(row))).toEqual(rows.map((row) => sight.row(row)));
    }
    expect(narrower(one, { tasks: null, queues: null, values: false }).values).toBe(false);
  });

  it('knows which questions look into values', () => {
    const asks = (q: string) => {
      const parsed = parseQuery(q, { nowS: 0 });
      return parsed.ok && asksValues(parsed.tree);
    };
    expect(['word', 'args:1', '-kwargs:a=1', 'state:X result:1'].map(asks)).toEqual([true, true, true, true]);
    expect(['name:x', 'state:X runtime:>1s', 'uuid:1*'].map(asks)).toEqual([false, false, false]);
  });
});

/** The frames that somebody hears. */
async function live(who: string) {
  const all: ServerFrame[] = [];
  const socket = new WebSocket(`${address.replace('http', 'ws')}/api/v2/live`, { headers: as(who) });
  socket.on('message', (data) => all.push(JSON.parse(data.toString()) as ServerFrame));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return { all, send: (frame: object) => socket.send(JSON.stringify(frame)), close: () => socket.terminate() };
}
