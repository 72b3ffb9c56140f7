// What people own: the promises of its stores, and saved views as the API has them.
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { createDashboard, type Dashboard, type DashboardOptions } from '../../server/dashboard/dashboard.ts';
import { MemoryUserData } from '../../server/dashboard/user-data/memory.ts';
import { besideHistory, registerUserData } from '../../server/dashboard/user-data/registry.ts';
import { EmbeddedDb } from '../../server/embedded-db.ts';
import { silentLogger } from '../../server/log.ts';
import type { OperationsPage } from '../../shared/wire/operations.ts';
import type { SavedView, ViewsReply } from '../../shared/wire/views.ts';
import { userDataContract } from '../contract/user-data.ts';

const folder = mkdtempSync(join(tmpdir(), 'umbel-user-data-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const path = () => join(folder, `${count++}.db`);

userDataContract('memory', () => 'memory://', { durable: false });
userDataContract('sqlite', () => `sqlite:///${path()}`, { durable: true });

function make(options: DashboardOptions = {}): Dashboard {
  const dashboard = createDashboard(
    { broker: `memory://${randomUUID()}`, db: path(), ...options },
    { log: silentLogger, pages: null },
  );
  onTestFinished(() => dashboard.close());
  return dashboard;
}
const URL = '/api/v2/views';
async function ask<T>(dashboard: Dashboard, method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) {
  const reply = await dashboard.app.inject({ method, url, ...(payload && { payload }) });
  return { status: reply.statusCode, body: reply.json<T & { detail: string; position?: number }>() };
}
const names = async (dashboard: Dashboard) =>
  (await ask<ViewsReply>(dashboard, 'GET', URL)).body.items.map(({ name }) => name);

it('views are saved, shared, replaced and deleted, and each is in the audit', async () => {
  const dashboard = make();
  const failing = { name: 'failing mail', search: { q: 'name:mail', state: 'FAILURE', sort: '-runtime' } };
  const saved = await ask<SavedView>(dashboard, 'POST', URL, failing);
  expect(saved).toMatchObject({ status: 200, body: { ...failing, owner: 'anonymous' } });
  const { id } = saved.body;
  const other = { name: 'failing mail', search: { q: 'queue:mail' } };
  expect((await ask<SavedView>(dashboard, 'POST', URL, other)).body).toMatchObject({ id, search: other.search });
  expect((await ask<ViewsReply>(dashboard, 'GET', URL)).body.items).toMatchObject([{ id, ...other }]);
  expect(await ask(dashboard, 'DELETE', `${URL}/${id}`)).toMatchObject({ status: 200, body: { id } });
  expect((await ask(dashboard, 'DELETE', `${URL}/${id}`)).status).toBe(404);
  expect(await names(dashboard)).toEqual([]);

  const { items } = (await ask<OperationsPage>(dashboard, 'GET', '/api/v2/operations')).body;
  expect(items.map(({ action, subject, who, outcome }) => [action, subject, who, outcome])).toEqual([
    ['delete_view', 'failing mail', 'anonymous', 'ok'],
    ['save_view', 'failing mail', 'anonymous', 'ok'],
    ['save_view', 'failing mail', 'anonymous', 'ok'],
  ]);
  const some = (await ask<OperationsPage>(dashboard, 'GET', '/api/v2/operations?action=delete_view')).body.items;
  expect(some).toHaveLength(1);
});

it('what the list could not show is refused by name, and so is who may only look', async () => {
  const dashboard = make();
  for (const [payload, detail] of [
    [{ search: {} }, /name/],
    [{ name: '', search: {} }, /'name'/],
    [{ name: 'a\u0007b', search: {} }, /'name'/],
    [{ name: 'x'.repeat(101), search: {} }, /'name'/],
    [{ name: 'a' }, /search/],
    [{ name: 'a', search: { sort: 'color' } }, /cannot be sorted by "color"/],
    [{ name: 'a', search: { color: 'red' } }, /no "color"/],
    [{ name: 'a', search: {}, owner: 'bob' }, /no "owner"/],
    [{ name: 'a', search: { q: 5 } }, /'search.q'/],
    [{ name: 'a', search: { q: 'runtime:>soon' } }, /./],
    [[], /./],
  ] as const) {
    const { status, body } = await ask(dashboard, 'POST', URL, payload);
    expect([payload, status, body.detail]).toEqual([payload, 400, expect.stringMatching(detail)]);
  }
  expect(
    (await ask(dashboard, 'POST', URL, { name: 'a', search: { q: 'runtime:>soon' } })).body.position,
  ).toBeDefined();
  expect((await ask(dashboard, 'DELETE', '/api/v2/tasks')).status).toBe(405);
  expect((await ask(dashboard, 'DELETE', `${URL}/x`)).status).toBe(404);
  const foreign = { origin: 'https://elsewhere.example' };
  const other = await dashboard.app.inject({ method: 'DELETE', url: `${URL}/1`, headers: foreign });
  expect(other.statusCode).toBe(403);

  const reader = make({ read_only: true });
  expect((await ask(reader, 'POST', URL, { name: 'a', search: {} })).status).toBe(403);
  expect((await ask(reader, 'DELETE', `${URL}/1`)).status).toBe(403);
  expect(await names(reader)).toEqual([]);
});

describe('the file', () => {
  const view = { name: 'kept', search: { q: 'a' } };
  const files = (db: string) => ['', '-wal', '-shm', '.lock'].map((end) => db + end);

  it('is beside the history and for its user only; retention, a new history and an adopted one leave it alone', async () => {
    const db = path();
    const file = besideHistory(db);
    expect(file).toBe(db.replace(/\.db$/, '.user-data.db'));
    const first = make({ db, retention_age: 0, retention_tasks: 0 });
    const cluster = await first.start();
    expect((await ask(first, 'POST', URL, view)).status).toBe(200);
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    await cluster.retention.expire();
    expect(await names(first)).toEqual(['kept']);
    await first.close();

    const moved = make({ db, adopt_history: true });
    expect(await names(moved)).toEqual(['kept']);
    await moved.close();
    for (const one of files(db)) rmSync(one, { force: true });
    const anew = make({ db });
    expect(await names(anew)).toEqual(['kept']);
    expect((await ask<OperationsPage>(anew, 'GET', '/api/v2/operations')).body.items).toEqual([]);
  });

  it('has one owner: a second dashboard on it is told by name, and goes on with all else', async () => {
    const user_data = path();
    const first = make({ user_data });
    await ask(first, 'POST', URL, view);
    const second = make({ user_data });
    const refused = await ask(second, 'GET', URL);
    expect([refused.status, refused.body.detail]).toEqual([
      503,
      expect.stringMatching(/Another dashboard uses the user data file .*process \d+ on .*--user-data/),
    ]);
    expect((await ask(second, 'POST', URL, view)).status).toBe(503);
    expect((await ask(second, 'GET', '/api/v2/tasks')).status).toBe(200);
    await first.close();
    expect(await names(second)).toEqual(['kept']);
  });

  it('of a newer version is refused and not touched', async () => {
    const user_data = path();
    const db = new EmbeddedDb(user_data);
    db.exec('PRAGMA user_version = 99');
    db.close();
    const before = readFileSync(user_data);
    const refused = await ask(make({ user_data }), 'GET', URL);
    expect([refused.status, refused.body.detail]).toEqual([503, expect.stringContaining('newer version')]);
    expect(readFileSync(user_data).equals(before)).toBe(true);
  });

  it('that is deleted under a dashboard comes back with all that was in it', async () => {
    const user_data = path();
    const dashboard = make({ user_data });
    await ask(dashboard, 'POST', URL, view);
    for (const one of files(user_data)) rmSync(one, { force: true });
    expect((await ask(dashboard, 'POST', URL, { ...view, name: 'new' })).status).toBe(200);
    expect(await names(dashboard)).toEqual(['kept', 'new']);
    await dashboard.close();
    expect(await names(make({ user_data }))).toEqual(['kept', 'new']);
  });

  it('nobody keeps anything in is refused before the start, without its secrets', () => {
    const create = () => make({ user_data: 'postgres://ann:hush@db/x' });
    expect(create).toThrow('memory://, sqlite://');
    expect(create).not.toThrow('hush');
  });
});

it('a store is opened with the dashboard, which may hold automations; a file that is not there, when somebody asks', async () => {
  const done: string[] = [];
  registerUserData('early', async () => {
    done.push('loaded');
    return async () => {
      done.push('opened');
      return new MemoryUserData();
    };
  });
  const dashboard = make({ user_data: 'early://x' });
  expect(done).toEqual(['loaded']);
  await dashboard.app.inject('/api/v2/workers');
  await names(dashboard);
  expect(done).toEqual(['loaded', 'opened']);

  const user_data = path();
  const other = make({ user_data });
  await other.app.inject('/api/v2/workers');
  expect(existsSync(user_data)).toBe(false);
  await names(other);
  expect(existsSync(user_data)).toBe(true);
});
