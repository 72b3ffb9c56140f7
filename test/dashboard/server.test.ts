// The dashboard as a server: who may, errors, operations, its own description, and what it says without its broker or pages.
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDashboard } from '../../server/dashboard/dashboard.ts';
import { createTimer } from '../../server/timer.ts';
import type { Readiness } from '../../shared/wire/cluster.ts';
import type { OperationRecord } from '../../shared/wire/operations.ts';
import type { Overview } from '../../shared/wire/overview.ts';
import { describeRoute, ROUTES, type RouteKey } from '../../shared/wire/routes.ts';
import type { TaskPage } from '../../shared/wire/tasks.ts';
import { PushedClock } from '../support/clock.ts';
import { folder, get, makeDashboard, operate, publisher, shop, stored } from '../support/dashboard-shop.ts';
import { until } from '../support/until.ts';

describe('who may', () => {
  it.each([-1, 65_536, 80.5, Number.NaN])('refuses %d, which is no port', (port) => {
    expect(() => createDashboard({ port })).toThrow(/option port must be/);
  });

  it('refuses a setting of the cluster that is none, with the nearest name', () => {
    expect(() => createDashboard({ settings: { event_exchnage: 'x' } })).toThrow(/event_exchnage.*event_exchange/s);
  });

  it('refuses to listen beyond loopback without authentication', () => {
    expect(() => createDashboard({ address: '0.0.0.0' })).toThrow(/authentication/);
    expect(() => createDashboard({ address: '' })).toThrow(/authentication/);
    expect(() => makeDashboard({ address: '0.0.0.0', basic_auth: 'mira:secret' })).not.toThrow();
  });

  it('asks for user and password where they are configured, but for health and metrics', async () => {
    const dashboard = makeDashboard({ basic_auth: ['mira:s3:cret', 'tom:other'] });
    const ask = (url: string, auth?: string) =>
      dashboard.app.inject({
        url,
        headers: auth ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {},
      });
    const none = await ask('/api/v2/cluster');
    expect([none.statusCode, none.headers['www-authenticate'], none.headers['content-type']]).toEqual([
      401,
      expect.stringContaining('Basic'),
      expect.stringContaining('problem+json'),
    ]);
    expect((await ask('/api/v2/cluster', 'mira:wrong')).statusCode).toBe(401);
    expect((await ask('/')).statusCode).toBe(401);
    expect((await ask('/api/v2/cluster', 'mira:s3:cret')).json()).toMatchObject({ user: 'mira' });
    expect((await ask('/healthcheck')).body).toBe('OK');
    expect((await ask('/metrics')).statusCode).toBe(200);
    // Which source does not answer, to whoever asks; not at which address, as whom, and in which file.
    const { sources } = (await ask('/readyz')).json<Readiness>();
    expect(sources).toMatchObject({
      broker: { detail: null },
      results: { ok: false, detail: null },
      store: { ok: true },
    });
  });

  it('takes changes only from its own pages, as JSON', async () => {
    const dashboard = makeDashboard();
    const post = (headers: Record<string, string>, payload: string | object = { action: 'heartbeat' }) =>
      dashboard.app.inject({ method: 'POST', url: '/api/v2/operations', headers, payload });
    expect((await post({ origin: 'https://evil.example' })).statusCode).toBe(403);
    expect((await post({ 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403);
    expect((await post({ 'content-type': 'text/plain' }, '{"action":"heartbeat"}')).statusCode).toBe(415);
    expect((await post({ origin: 'http://localhost:80' })).statusCode).toBe(200);
    const rebound = await dashboard.app.inject({ url: '/api/v2/cluster', headers: { host: 'evil.example' } });
    expect([rebound.statusCode, rebound.json().status]).toEqual([403, 403]);
  });

  it('changes nothing when it is read only', async () => {
    const dashboard = makeDashboard({ read_only: true });
    const reply = await dashboard.app.inject({
      method: 'POST',
      url: '/api/v2/operations',
      payload: { action: 'heartbeat' },
    });
    expect([reply.statusCode, reply.json().detail]).toEqual([403, expect.stringContaining('read only')]);
  });
});

describe('the server', () => {
  it('tells every error as a problem, queries with their position', async () => {
    const dashboard = makeDashboard();
    const problem = async (url: string) => {
      const reply = await dashboard.app.inject(url);
      expect(reply.headers['content-type']).toContain('application/problem+json');
      expect(reply.body).not.toContain('node_modules');
      return reply.json<{ status: number; detail: string; position?: number }>();
    };
    expect(await problem('/api/v2/nothing')).toMatchObject({ status: 404 });
    expect(await problem('/api/v2/tasks/unknown')).toMatchObject({ status: 404 });
    expect(await problem('/api/v2/workers/unknown')).toMatchObject({ status: 404 });
    expect(await problem('/api/v2/queues/unknown')).toMatchObject({ status: 404 });
    expect(await problem('/api/v2/tasks?q=name:x%20(state:FAILURE')).toMatchObject({
      status: 400,
      position: expect.any(Number),
    });
    expect(await problem('/api/v2/tasks/%ff')).toMatchObject({ status: 400 });
    expect(await problem('/api/v2/tasks?limit=many')).toMatchObject({ status: 400 });
    expect(await problem('/api/v2/tasks?limit=5000')).toMatchObject({ status: 400 });
    expect(await problem('/api/v2/tasks?sort=colour')).toMatchObject({ status: 400 });
    expect(await problem('/api/v2/tasks?cursor=zzz')).toMatchObject({ status: 400 });
    expect(await problem('/api/v2/series?metric=colour')).toMatchObject({ status: 400 });
    expect(await problem('/api/v2/series')).toMatchObject({ status: 400 });
    const post = async (payload: object) =>
      (await dashboard.app.inject({ method: 'POST', url: '/api/v2/operations', payload })).json<{
        status: number;
        detail: string;
      }>();
    expect(await post({ action: 'explode' })).toMatchObject({ status: 400, detail: expect.stringContaining('revoke') });
    expect(await post({ action: 'pool_grow', n: 0 })).toMatchObject({
      status: 400,
      detail: expect.stringContaining('n'),
    });
    expect(await post({ action: 'rate_limit', task_name: 'x', rate_limit: 'often' })).toMatchObject({ status: 400 });
    expect(await post({ action: 'pool_grow', n: 1, destination: ['nobody@h'] })).toMatchObject({ status: 400 });
  });

  it('lists operations by who, action, outcome and on what, page after page, and one by its id', async () => {
    const { dashboard, worker } = await shop();
    const { items: workers } = await get<{ items: { hostname: string }[] }>(dashboard, 'workers');
    expect(workers.map((w) => w.hostname)).toContain(worker.hostname);
    const limited = { action: 'rate_limit', task_name: 'shop.add', rate_limit: '6/m', destination: [worker.hostname] };
    const records = [];
    for (const request of [limited, { action: 'heartbeat' }, { action: 'revoke', task_ids: ['one', 'two'] }, limited])
      records.push(await operate(dashboard, request));
    const [first, second, third, last] = records.map((record) => record.id);
    const ids = async (query: string) => {
      const page = await get<{ items: OperationRecord[]; next: string | null }>(dashboard, `operations?${query}`);
      return [page.items.map((record) => record.id), page.next];
    };
    expect(await ids('action=rate_limit')).toEqual([[last, first], null]);
    expect(await ids(`on=${encodeURIComponent(worker.hostname.toUpperCase())}`)).toEqual([[last, first], null]);
    expect(await ids('on=two')).toEqual([[third], null]);
    expect(await ids('who=nobody')).toEqual([[], null]);
    expect(await ids('who=anonymous&outcome=ok&on=add&limit=1')).toEqual([[last], String(last)]);
    expect(await ids(`who=anonymous&outcome=ok&on=add&limit=1&cursor=${last}`)).toEqual([[first], null]);
    expect(await ids(`from_id=${second}&limit=1`)).toEqual([[second], String(second)]);
    expect((await ids('category=workers&limit=1'))[0]).toEqual([last]);
    expect(await ids('category=tasks&action=rate_limit')).toEqual([[], null]);
    const none = await dashboard.app.inject('/api/v2/operations/export?category=access&format=json');
    expect(none.json()).toEqual([]);
    const file = await dashboard.app.inject('/api/v2/operations/export?action=rate_limit');
    expect(file.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(file.headers['content-disposition']).toMatch(/^attachment; filename="operations-[\d-]{10}\.csv"$/);
    expect(file.body.split('\r\n').map((line) => line.split(',')[0])).toEqual(['id', String(last), String(first), '']);
    const json = (await dashboard.app.inject('/api/v2/operations/export?format=json')).json<OperationRecord[]>();
    expect(json.map((record) => record.id)).toEqual([last, third, second, first]);
  });

  it('describes itself as OpenAPI 3.1, every route and a page to read it', async () => {
    const dashboard = makeDashboard({ url_prefix: 'ops/umbel' });
    const document = (await dashboard.app.inject('/ops/umbel/api/v2/docs/json')).json<{
      openapi: string;
      servers: { url: string }[];
      paths: Record<string, Record<string, object>>;
    }>();
    expect(document.openapi).toBe('3.1.0');
    expect(document.servers).toEqual([{ url: '/ops/umbel' }]);
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    // Answered where there are several clusters (several-clusters.test.ts).
    const ofOne = (Object.keys(ROUTES) as RouteKey[]).filter((key) => key !== 'GET /clusters');
    const rows = ofOne.map(describeRoute);
    expect(described.sort()).toEqual(rows.map(({ method, path }) => `${method} ${path}`).sort());
    expect(document.paths['/api/v2/operations']!.post).toMatchObject({
      operationId: 'postOperations',
      requestBody: expect.any(Object),
    });
    const types = (path: string, status: string) =>
      Object.keys(
        (document.paths[path]!.get as { responses: Record<string, { content: object }> }).responses[status]!.content,
      );
    expect(types('/alive/{worker}', '503')).toEqual(['application/json']);
    expect(types('/metrics', '200')).toEqual(['text/plain']);
    expect(types('/api/v2/operations/export', '200')).toEqual(['text/csv']);
    expect((await dashboard.app.inject('/ops/umbel/api/v2/docs')).body).toContain('/api/v2/tasks/{uuid}');
    expect((await dashboard.app.inject('/ops/umbel/healthcheck')).body).toBe('OK');
  });

  it('finds its tasks again after a restart and goes on with the unfinished ones', async () => {
    const options = { broker: `memory://${randomUUID()}`, db: join(folder(), 'again.db') };
    const before = makeDashboard(options);
    const publish = await publisher(before);
    await publish([
      { type: 'task-received', uuid: 'done', name: 'n', args: '(1,)' },
      { type: 'task-succeeded', uuid: 'done', result: '1', runtime: 1 },
      { type: 'task-received', uuid: 'open', name: 'n', args: '(2,)' },
    ]);
    const cluster = await before.start();
    await until(() => cluster.state.tasks.has('open'), 'the events');
    await before.close();
    const after = makeDashboard(options);
    const page = await get<TaskPage>(after, 'tasks');
    expect(page.items.map((t) => [t.uuid, t.state]).sort()).toEqual([
      ['done', 'SUCCESS'],
      ['open', 'RECEIVED'],
    ]);
    const more = await publisher(after);
    await more([{ type: 'task-succeeded', uuid: 'open', result: '2', runtime: 1 }]);
    expect(await stored(after, 'open', 'SUCCESS')).toMatchObject({ name: 'n', args: '(2,)', result: '2' });
  });

  it('serves its history while the broker is away, and says so', async () => {
    const file = join(folder(), 'no-folder');
    writeFileSync(file, '');
    const clock = new PushedClock();
    const dashboard = makeDashboard({ broker: `sqlite:///${file}/broker.db` }, createTimer({ clock }));
    expect((await dashboard.app.inject('/api/v2/tasks')).statusCode).toBe(200);
    const overview = await until(async () => {
      clock.push(100);
      const o = await get<Overview>(dashboard, 'overview');
      return o.attention.some((a) => a.kind === 'source-down' && a.subject === 'broker') && o;
    }, 'the broker shown as down');
    expect(overview.attention.map((a) => a.subject)).toContain('broker');
    expect((await dashboard.app.inject('/readyz')).statusCode).toBe(503);
    expect((await dashboard.app.inject('/healthcheck')).statusCode).toBe(200);
    const operation = await operate(dashboard, { action: 'heartbeat' });
    expect(operation.outcome).toBe('failed');
  });

  it('says plainly when the pages are not built', async () => {
    const dashboard = makeDashboard();
    const reply = await dashboard.app.inject('/tasks');
    expect([reply.statusCode, reply.body.includes('npm run build')]).toEqual([503, true]);
  });
});
