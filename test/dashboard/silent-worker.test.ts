// A worker that falls silent, one that is not known, a source that is away: what the pages are told, on a clock that a test moves.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createDashboard, type Dashboard } from '../../server/dashboard/dashboard.ts';
import type { DashboardOptions } from '../../server/dashboard/options.ts';
import { silentLogger } from '../../server/log.ts';
import type { Transport } from '../../server/transport/contract.ts';
import { exchange } from '../../server/transport/entity.ts';
import { createTransport } from '../../server/transport/registry.ts';
import type { Overview } from '../../shared/wire/overview.ts';
import type { TaskDetail, TaskPage } from '../../shared/wire/tasks.ts';
import type { AliveReply, WorkerDetail, WorkersReply } from '../../shared/wire/workers.ts';
import { ManualTimer } from '../support/clock.ts';
import { until } from '../support/until.ts';

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function world(options: DashboardOptions = {}) {
  const broker = `memory://${randomUUID()}`;
  const timer = new ManualTimer();
  const folder = mkdtempSync(join(tmpdir(), 'umbel-silent-'));
  opened.push(async () => rmSync(folder, { recursive: true, force: true }));
  const dashboard: Dashboard = createDashboard(
    { broker, db: join(folder, 'history.db'), port: 0, ...options },
    { log: silentLogger, pages: null, timer },
  );
  opened.push(() => dashboard.close());
  const transport: Transport = await createTransport({ url: broker, options: {}, connectTimeoutMs: 1000 });
  await transport.connect();
  opened.push(() => transport.close());
  const channel = await transport.channel();
  await channel.declareExchange(exchange('celeryev', 'topic'));
  const cluster = await dashboard.start();
  const prefix = dashboard.options.url_prefix;
  const get = async <T>(path: string, headers: Record<string, string> = {}) => {
    const reply = await dashboard.app.inject({ url: `${prefix}${path}`, headers });
    return { code: reply.statusCode, body: reply.body, json: () => reply.json<T>() };
  };
  const api = async <T>(path: string) => (await get<T>(`/api/v2/${path}`)).json();
  /** Time passes, and what was under way meanwhile is done. */
  const seconds = async (n: number) => {
    for (let i = 0; i < n * 4; i++) {
      timer.advance(250);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const send = (...events: object[]) =>
    channel.publish({
      exchange: 'celeryev',
      routingKey: 'task.multi',
      body: Buffer.from(JSON.stringify(events.map((e) => ({ timestamp: timer.now() / 1000, ...e })))),
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers: {},
      properties: {},
    });
  const beat = (hostname: string, more: object = {}) =>
    send({
      type: 'worker-heartbeat',
      hostname,
      freq: 2,
      active: 1,
      processed: 3,
      pid: 1,
      sw_ident: 'py-celery',
      ...more,
    });
  await until(async () => {
    await seconds(0.25);
    return cluster.view.settled !== null;
  }, 'the first round of questions to end');
  return { dashboard, timer, get, api, seconds, send, beat };
}

describe('a worker that falls silent with tasks in its hands', () => {
  async function fallen() {
    const w = await world();
    await w.beat('w1@h');
    await w.send(
      { type: 'task-received', uuid: 'runs', name: 'shop.add', hostname: 'w1@h' },
      { type: 'task-started', uuid: 'runs', hostname: 'w1@h' },
      { type: 'task-received', uuid: 'waits', name: 'shop.add', hostname: 'w1@h' },
      { type: 'task-received', uuid: 'done', name: 'shop.add', hostname: 'w1@h' },
      { type: 'task-succeeded', uuid: 'done', hostname: 'w1@h', result: '1', runtime: 1 },
    );
    await until(async () => {
      await w.seconds(0.25);
      return (await w.api<TaskPage>('tasks')).items.length === 3;
    }, 'its tasks');
    const heard = (await w.api<WorkersReply>('workers')).items[0]!.last_heard!;
    for (let i = 0; i < 35; i++) {
      await w.seconds(2);
      // Another goes on, so that it is not the line.
      await w.beat('w2@h');
    }
    return { ...w, heard };
  }

  it('is told with what it held, cannot be operated, and its tasks are unknown since then', async () => {
    const { api, get, heard } = await fallen();
    const worker = await api<WorkerDetail>('workers/w1@h');
    expect(worker).toMatchObject({ status: 'offline', active: null, controllable: false, last_heard: heard });
    expect(worker.control_reason).toMatch(/^It has not been heard for 1 m/);
    expect(worker.held).toMatchObject({ since: heard, total: 2 });
    expect(worker.held!.tasks.map((t) => [t.uuid, t.was])).toEqual([
      ['runs', 'running'],
      ['waits', 'reserved'],
    ]);
    const page = await api<TaskPage>('tasks');
    expect(Object.fromEntries(page.items.map((t) => [t.uuid, t.unknown_since]))).toEqual({
      runs: heard,
      waits: heard,
      done: undefined,
    });
    expect(page.counts_unknown).toEqual({ STARTED: 1, RECEIVED: 1 });
    const waiting = await api<TaskPage>('tasks?q=uuid:waits');
    expect(waiting.counts_unknown).toEqual({ RECEIVED: 1 });
    expect((await api<TaskDetail>('tasks/runs')).unknown_since).toBe(heard);
    const { attention, figures } = await api<Overview>('overview');
    expect(attention).toEqual([
      expect.objectContaining({ kind: 'worker-silent', subject: 'w1@h', since: heard, severity: 'critical' }),
    ]);
    expect(attention[0]!.evidence.map(({ text }) => text)).toContain('It held 1 running and 1 waiting task then');
    // The other has not told its slots: it is counted apart, not as 0.
    expect(figures).toMatchObject({ busy: null, slots: null, uncounted_workers: 1, workers_online: 1 });
    expect((await get<AliveReply>('/alive/w1@h')).code).toBe(503);
    expect((await get<AliveReply>('/alive/w2@h')).code).toBe(200);
  });

  it('is as it was when it comes back', async () => {
    const { api, beat, get, seconds } = await fallen();
    await beat('w1@h');
    await seconds(4);
    await beat('w1@h');
    const rows = (await api<WorkersReply>('workers')).items;
    expect(rows.find((row) => row.hostname === 'w1@h')).toMatchObject({ status: 'online', controllable: true });
    const page = await api<TaskPage>('tasks');
    expect(page.items.every((t) => t.unknown_since === undefined)).toBe(true);
    expect(page.counts_unknown).toEqual({});
    expect((await get<AliveReply>('/alive/w1@h')).code).toBe(200);
    expect((await api<Overview>('overview')).attention.map(({ kind }) => kind)).not.toContain('worker-silent');
  });
});

describe('/alive', () => {
  it('asks for no login, works below the prefix, and knows no worker that was not heard', async () => {
    const { beat, get, seconds } = await world({ url_prefix: '/umbel', basic_auth: 'admin:long-secret' });
    await beat('celery@a/b');
    await seconds(1);
    expect((await get('/api/v2/workers')).code).toBe(401);
    const known = await get<AliveReply>(`/alive/${encodeURIComponent('celery@a/b')}`);
    expect(known.json()).toMatchObject({ worker: 'celery@a/b', alive: true, status: 'online' });
    const unknown = await get<AliveReply>('/alive/nobody@h');
    expect(unknown.code).toBe(404);
    expect(unknown.json()).toMatchObject({ alive: null, status: null, reason: expect.stringContaining('nobody@h') });
    const text = await get('/alive/nobody@h', { accept: 'text/plain' });
    expect(text.body).toBe('No worker named nobody@h has been heard by this dashboard\n');
  });

  it('says that a worker has said goodbye', async () => {
    const { beat, get, seconds, send } = await world();
    await beat('w1@h');
    await send({ type: 'worker-offline', hostname: 'w1@h' });
    await seconds(1);
    expect((await get<AliveReply>('/alive/w1@h')).json()).toMatchObject({ alive: false, status: 'offline' });
  });
});

describe('what is not known', () => {
  it('is a result store that is not configured: neither well nor away', async () => {
    const { api, get } = await world();
    const { knowledge, attention } = await api<Overview>('overview');
    expect(knowledge.results).toMatchObject({ ok: null, reason: expect.stringContaining('No result store') });
    expect(attention.filter(({ kind }) => kind === 'source-down')).toEqual([]);
    const ready = (await get<{ sources: Record<string, { ok: boolean }> }>('/readyz')).json();
    expect(ready.sources.results!.ok).toBe(false);
  });

  it('is nothing of others while this process itself stood still: a source is silent for the time in which it was listened to', async () => {
    const { api, beat, get, seconds, timer } = await world({ result_backend: `memory://${randomUUID()}` });
    await beat('w1@h');
    await seconds(12);
    expect((await get('/readyz')).code).toBe(200);
    timer.standStill(120_000);
    // Before the second has come that would tell of it, and after.
    expect((await get('/readyz')).code).toBe(200);
    for (let s = 0; s < 6; s++) {
      await seconds(1);
      const { attention, knowledge } = await api<Overview>('overview');
      expect(attention.filter(({ kind }) => kind === 'source-down')).toEqual([]);
      expect(Object.values(knowledge).map(({ ok }) => ok)).not.toContain(false);
    }
  });

  it('is a clock: it is told how far it is off, and its tasks stand where ours stood', async () => {
    const { api, beat, seconds, send, timer } = await world();
    const ahead = () => ({ timestamp: timer.now() / 1000 + 7200 });
    for (let i = 0; i < 10; i++) {
      await beat('w1@h', ahead());
      await seconds(2);
    }
    const now = timer.now() / 1000;
    await send({ type: 'task-received', uuid: 'a', name: 'n', hostname: 'w1@h', ...ahead() });
    await seconds(1);
    await beat('w1@h', ahead());
    await seconds(1);
    const task = await until(async () => {
      await seconds(0.25);
      return (await api<TaskPage>('tasks')).items[0];
    }, 'the task');
    await beat('w1@h', ahead());
    await seconds(1);
    expect(task.received).toBeCloseTo(now, 0);
    const { attention, workers } = await api<Overview>('overview');
    expect(workers[0]!.drift).toBeCloseTo(7200, 0);
    expect(attention).toContainEqual(
      expect.objectContaining({ kind: 'clock-drift', detail: 'has a clock that is 2 h ahead' }),
    );
  });
});

it('an overview of 1,000 workers is small, and says how many there are', async () => {
  const { api, get, seconds, send } = await world();
  await send(
    ...Array.from({ length: 1000 }, (_, i) => ({
      type: 'worker-heartbeat',
      hostname: `w${i}@h`,
      freq: 60,
      processed: 0,
    })),
  );
  await seconds(1);
  const overview = await api<Overview>('overview');
  expect(overview.workers).toHaveLength(50);
  expect(overview).toMatchObject({ workers_total: 1000, figures: { workers_online: 1000, uncounted_workers: 1000 } });
  expect((await get('/api/v2/overview')).body.length).toBeLessThan(60_000);
});
