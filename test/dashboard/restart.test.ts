// What a dashboard knows of the time in which none ran, and what /metrics tells and forgets.
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createDashboard, type Dashboard, type DashboardOptions } from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';
import { exchange } from '../../server/transport/entity.ts';
import type { ClusterInfo, SeriesReply } from '../../shared/wire/http.ts';
import { until } from '../support/until.ts';

type Told = Record<string, unknown> & { type: string };

/** A dashboard, and a way to send it events as workers do. */
async function listening(options: DashboardOptions) {
  const dashboard: Dashboard = createDashboard(
    { port: 0, queue_interval: 0.1, inspect_timeout: 100, enable_events: false, ...options },
    { log: silentLogger, pages: null },
  );
  onTestFinished(() => dashboard.close());
  const cluster = await dashboard.start();
  await until(() => cluster.receiver.connected, 'events to be heard');
  const channel = await cluster.link.asking.channel();
  await channel.declareExchange(exchange('celeryev', 'topic'));
  let clock = 0;
  const tell = (events: readonly Told[]) =>
    channel.publish({
      exchange: 'celeryev',
      routingKey: 'task.multi',
      body: Buffer.from(
        JSON.stringify(
          events.map((e) => ({
            hostname: 'w1',
            pid: 7,
            timestamp: Date.now() / 1000,
            utcoffset: 0,
            clock: ++clock,
            ...e,
          })),
        ),
      ),
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers: {},
      properties: {},
    });
  const beat = (processed: number, more: object = {}): Told => ({
    type: 'worker-heartbeat',
    processed,
    active: 3,
    freq: 2,
    ...more,
  });
  const info = async () => (await dashboard.app.inject('/api/v2/cluster')).json<ClusterInfo>();
  const metrics = async () => (await dashboard.app.inject('/metrics')).body;
  return { dashboard, cluster, tell, beat, info, metrics };
}

function place(): { broker: string; db: string } {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-restart-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { broker: `memory://${randomUUID()}`, db: join(folder, 'h.db') };
}

const task = (uuid: string, more: object = {}): Told[] =>
  ['received', 'started', 'succeeded'].map((subject) => ({ type: `task-${subject}`, uuid, name: 'shop.add', ...more }));

it('tasks that ran while no dashboard did are counted, kept, and marked in the charts', async () => {
  const at = place();
  const first = await listening(at);
  await first.tell([first.beat(100), ...Array.from({ length: 20 }, (_, i) => task(`t${i}`)).flat(), first.beat(120)]);
  await until(
    async () => (await first.cluster.history.heard())?.workers.some((w) => w.begun === 120),
    'it to be kept how far the worker was heard',
  );
  expect((await first.info()).events_lost).toBe(0);
  await first.dashboard.close();

  // 60 tasks begin meanwhile.
  const second = await listening(at);
  const found = await until(async () => {
    await second.tell([second.beat(180)]);
    const info = await second.info();
    return info.gaps[0]?.tasks_is === 'exact' && info.gaps[0].until !== null && info;
  }, 'what was missed to be counted');
  expect(found).toMatchObject({ events_lost: 180, events_lost_is: 'about' });
  expect(found.gaps).toMatchObject([{ tasks: 60, tasks_is: 'exact', events: 180, cause: 'not-running' }]);
  const kept = await until(async () => {
    await second.tell([second.beat(180)]);
    const reply = await second.dashboard.app.inject('/api/v2/series?metric=throughput&range=15m');
    const { gaps } = reply.json<SeriesReply>();
    return gaps?.length === 1 && gaps;
  }, 'the gap in the history');
  expect(kept[0]).toMatchObject({ tasks: 60, events: 180 });

  // One begins, is heard to, and runs on over the restart; none begins unseen.
  await second.tell(task('runs').slice(0, 2));
  await until(() => second.cluster.state.tasks.get('runs')?.state === 'STARTED', 'its start to be heard');
  await second.dashboard.close();
  const third = await listening(at);
  await until(async () => {
    await third.tell([third.beat(181)]);
    return !third.cluster.listening.gaps.isMeasuring;
  }, 'the second restart to be counted');
  expect(await third.info()).toMatchObject({ events_lost: 180, gaps: [{ tasks: 60 }] });
});

it('a dashboard on a history that cannot be written answers /readyz with the reason, and its metrics say so', async () => {
  const at = place();
  const { dashboard, cluster, metrics, info } = await listening(at);
  expect(await metrics()).toMatch(/^umbel_history_writable 1$/m);
  await until(async () => (await dashboard.app.inject('/readyz')).statusCode === 200, 'it to be ready');
  // A folder where the file was: it can be opened by nobody.
  await cluster.history.written();
  for (const end of ['', '-wal', '-shm']) rmSync(at.db + end, { force: true });
  mkdirSync(at.db);
  const refused = await until(async () => {
    const reply = await dashboard.app.inject('/readyz');
    return reply.statusCode === 503 && reply.json<{ sources: { store: { ok: boolean; detail: string } } }>();
  }, 'it not to be ready');
  expect(refused.sources.store).toMatchObject({ ok: false });
  expect(refused.sources.store.detail).toContain(at.db);
  expect((await info()).history).toMatchObject({ ok: false });
  const payload = { action: 'revoke', task_ids: ['x'] };
  const operation = await dashboard.app.inject({ method: 'POST', url: '/api/v2/operations', payload });
  expect([operation.statusCode, operation.json<{ detail: string }>().detail]).toEqual([
    503,
    expect.stringContaining('Nothing was done, since it cannot be recorded'),
  ]);
  expect(await metrics()).toMatch(/^umbel_history_writable 0$/m);
  rmSync(at.db, { recursive: true });
  await until(async () => (await dashboard.app.inject('/readyz')).statusCode === 200, 'it to be ready again');
  expect((await info()).history).toMatchObject({ ok: true, problem: null });
});

it('two dashboards on one history: the second answers with who has it, and does no harm', async () => {
  const at = place();
  await listening(at);
  const second = createDashboard({ ...at, port: 0 }, { log: silentLogger, pages: null });
  onTestFinished(() => second.close());
  await expect(second.start()).rejects.toThrow(/Another dashboard uses the history file .*process \d+ on /);
  const reply = await second.app.inject('/api/v2/tasks');
  expect([reply.statusCode, reply.json<{ detail: string }>().detail]).toEqual([503, expect.stringContaining('--db')]);
});

it('metrics of a worker go with it, an offline one executes nothing, and 20,000 invented names are counted as other', async () => {
  const { tell, beat, metrics, cluster } = await listening({ ...place(), purge_offline_workers: 0 });
  const invented = Array.from({ length: 20_000 }, (_, i) => ({
    type: 'task-started',
    uuid: `i${i % 50}`,
    name: `invented.${i}`,
    hostname: 'w2',
  }));
  await tell([
    beat(1),
    ...task('a'),
    { type: 'task-succeeded', uuid: 'b', name: 'shop.add', runtime: 0.5 },
    beat(1, { hostname: 'w2' }),
    ...invented,
  ]);
  await until(async () => (await metrics()).includes('flower_events_total{worker="w2"'), 'metrics');
  const before = await metrics();
  expect(before).toMatch(/^flower_worker_number_of_currently_executing_tasks\{worker="w1"\} 3$/m);
  expect(before).toMatch(/^flower_task_runtime_seconds_count\{worker="w1",task="shop.add"\} 1$/m);
  const series = before.split('\n').filter((line) => line.startsWith('flower_events_total{'));
  expect(series.length).toBeLessThan(10_100);
  expect(series.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)).toBe(20_004);
  expect(before).toMatch(/^flower_events_total\{worker="w2",type="task-started",task="other"\} 10001$/m);
  expect(before).toMatch(/^umbel_metric_series_dropped_total 10001$/m);

  await tell([{ type: 'worker-offline' }, { type: 'worker-offline', hostname: 'w2' }]);
  await until(() => cluster.state.workers.size === 0, 'the workers to be forgotten');
  await until(async () => !/worker="w[12]"/.test(await metrics()), 'their series to go');
});

it('every metric has a help text, only counters end in _total, and every counter does', async () => {
  const { metrics } = await listening(place());
  const text = await metrics();
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map((m) => [m[1]!, m[2]!]));
  const helps = new Map([...text.matchAll(/^# HELP (\S+) (.+)$/gm)].map((m) => [m[1]!, m[2]!]));
  for (const [name, type] of types) {
    expect([name, helps.has(name)]).toEqual([name, true]);
    if (/^(umbel|flower)_/.test(name)) expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
  }
  expect([...types.keys()]).toEqual(
    expect.arrayContaining([
      'flower_events_total',
      'flower_task_prefetch_time_seconds',
      'flower_task_runtime_seconds',
      'flower_worker_number_of_currently_executing_tasks',
      'flower_worker_online',
      'flower_worker_prefetched_tasks',
    ]),
  );
});
