// A dashboard that cannot keep up or does not run for a while: Redis closes its subscription. It comes back, counts what it missed,
// says so, and no task stays running because its end was missed. The line itself: connection.test.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, expect, it } from 'vitest';
import { Celery } from '../../server/app/celery.ts';
import { silentLogger } from '../../server/log.ts';
import { Worker, type WorkerOptions } from '../../server/worker/worker.ts';
import type { ClusterInfo } from '../../shared/wire/cluster.ts';
import type { OperationRecord } from '../../shared/wire/operations.ts';
import type { Overview } from '../../shared/wire/overview.ts';
import type { TaskDetail } from '../../shared/wire/tasks.ts';
import type { WorkersReply } from '../../shared/wire/workers.ts';
import { startCluster } from '../interop/python.ts';
import { generateEvents } from '../support/event-generator.ts';
import { itNeedsPython } from '../support/needs.ts';
import { describeNeedsRedis, type RedisServer, redisServer } from '../support/redis-server.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { startUmbel } from '../support/umbel.ts';
import { until } from '../support/until.ts';

const LONG = { everyMs: 50 };

describeNeedsRedis('a dashboard that does not listen', () => {
  const cleanup: (() => unknown)[] = [];
  afterEach(async () => {
    for (const undo of cleanup.splice(0).reverse()) await undo();
  });

  interface World {
    readonly server: RedisServer;
    readonly redis: Redis;
    readonly app: Celery;
    readonly folder: string;
    /** Where the dashboard reaches it. */
    readonly url: string;
    readonly tasks: ReturnType<typeof tasksOf>;
  }

  /** `held` and `quiet` run until their gate is opened. */
  function tasksOf(app: Celery) {
    const gates = new Map<string, { opened: Promise<void>; open(): void }>();
    const gate = (name: string) => {
      let made = gates.get(name);
      if (!made) {
        let open = () => {};
        const opened = new Promise<void>((resolve) => {
          open = resolve;
        });
        made = { opened, open };
        gates.set(name, made);
        cleanup.push(open);
      }
      return made;
    };
    return {
      open: (name: string) => gate(name).open(),
      inc: app.task('inc', (x: number) => x + 1),
      held: app.task('held', async (name: string) => {
        await gate(name).opened;
        return name;
      }),
      quiet: app.task({ name: 'quiet', ignore_result: true }, async (name: string) => {
        await gate(name).opened;
      }),
    };
  }

  async function world(): Promise<World> {
    const server = await redisServer();
    cleanup.push(() => server.close());
    const redis = new Redis(server.url());
    cleanup.push(() => redis.disconnect());
    const url = server.url();
    const app = new Celery('slow', { broker: url, backend: url }, { env: {}, log: silentLogger });
    cleanup.push(() => app.close());
    const folder = mkdtempSync(join(tmpdir(), 'umbel-slow-'));
    cleanup.push(() => rmSync(folder, { recursive: true, force: true }));
    return { server, redis, app, folder, url, tasks: tasksOf(app) };
  }

  async function startWorker(app: Celery, options: WorkerOptions = {}): Promise<Worker> {
    const worker = new Worker(app, {
      log: silentLogger,
      hostname: 'w1@slow',
      taskEvents: true,
      heartbeatInterval: 0.5,
      ...options,
    });
    cleanup.push(async () => {
      await worker.stop('cold');
      await worker.done;
    });
    await worker.start();
    return worker;
  }

  async function startDashboard(
    { url, folder }: Pick<World, 'url' | 'folder'>,
    workers = 1,
    settings: readonly string[] = [],
  ) {
    const often = ['--inspect-interval', '1', '--queue-interval', '1', '--port', '0', '--json'];
    const stores = ['-b', url, '--result-backend', url, '--db', join(folder, 'history.db')];
    const process = startUmbel(['dashboard', ...stores, ...often, '--', ...settings], { cwd: folder });
    cleanup.push(() => process[Symbol.asyncDispose]());
    await process.says(/"address".*\n/, 120_000);
    const { address } = JSON.parse(process.stdout()) as { address: string };
    const get = async <T>(path: string): Promise<T> => {
      const reply = await fetch(`${address}${path}`);
      if (!reply.ok) throw new Error(`${reply.status} of ${path}: ${await reply.text()}`);
      return (path === '/metrics' ? reply.text() : reply.json()) as Promise<T>;
    };
    const dashboard = { process, address, get, cluster: () => get<ClusterInfo>('/api/v2/cluster') };
    const found = async () => (await get<{ items: unknown[] }>('/api/v2/workers')).items.length >= workers;
    await until(found, 'its workers', LONG);
    await until(async () => (await dashboard.cluster()).sources.every(({ ok }) => ok), 'it to listen', LONG);
    return dashboard;
  }

  /** What is subscribed to patterns: workers and dashboards, each for events or remote control. */
  const patterns = async (redis: Redis) => Number(await redis.call('PUBSUB', 'NUMPAT'));
  /** Redis gives up on who does not read. */
  const impatient = (redis: Redis) => redis.config('SET', 'client-output-buffer-limit', 'pubsub 32kb 16kb 1');
  /** As by default: or the line of a dashboard that is slow to catch up is closed again. */
  const patient = (redis: Redis) => redis.config('SET', 'client-output-buffer-limit', 'pubsub 32mb 8mb 60');
  type Dashboard = Awaited<ReturnType<typeof startDashboard>>;
  /** What was missed in all, once that is final. A slow machine may make two gaps of one. */
  const missedBy = async (dashboard: Dashboard) => {
    const final = async () =>
      (await metric(dashboard, /^umbel_events_gaps_total /)) > 0 &&
      (await dashboard.cluster()).gaps.every((gap) => gap.until !== null && gap.tasks !== null);
    await until(final, 'what was missed to be counted', LONG);
    return {
      tasks: await metric(dashboard, /^umbel_events_unseen_tasks_total /),
      events: await metric(dashboard, /^umbel_events_lost_total /),
    };
  };
  /** Its worker's heartbeat was heard, which alone tells of the load; what it has processed is said by answers, too. */
  const beaten = async (dashboard: Dashboard, processed = 0): Promise<boolean> => {
    const [worker] = (await dashboard.get<WorkersReply>('/api/v2/workers')).items;
    return worker !== undefined && worker.loadavg !== null && (worker.processed ?? 0) >= processed;
  };
  const metric = async (dashboard: Dashboard, pattern: RegExp): Promise<number> => {
    const lines = (await dashboard.get<string>('/metrics')).split('\n').filter((line) => pattern.test(line));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  };
  const STARTED = /^flower_events_total.*type="task-started"/;

  it('stopped until Redis closes its line: counts the tasks that ran unseen, says so, and looks up how they ended', async () => {
    const w = await world();
    const { redis, app } = w;
    const { inc, held, quiet, open } = w.tasks;
    await startWorker(app);
    let dashboard = await startDashboard(w);
    for (let i = 0; i < 300; i++) await inc.delay(i);
    const running = await held.delay('meanwhile');
    const forgotten = await quiet.delay('meanwhile');
    const state = async (id: string) => (await dashboard.get<TaskDetail>(`/api/v2/tasks/${id}`)).state;
    for (const { id } of [running, forgotten]) {
      await until(async () => (await state(id)) === 'STARTED', 'the task to run', LONG);
    }
    await until(() => beaten(dashboard), 'a heartbeat', LONG);
    const heard = await patterns(redis);
    await impatient(redis);
    dashboard.process.child.kill('SIGSTOP');
    let sent = 302;
    // Enough to fill the sockets on the way and the buffer behind them, and some more that goes nowhere.
    for (let more = 5; more > 0; more -= (await patterns(redis)) < heard ? 1 : 0) {
      await Promise.all(Array.from({ length: 400 }, (_, i) => inc.delay(i)));
      sent += 400;
    }
    open('meanwhile');
    await running.get({ timeout: 120 });
    await until(async () => (await redis.exists('celery', 'unacked')) === 0, 'all to be done', LONG);
    await patient(redis);
    dashboard.process.child.kill('SIGCONT');

    const missed = await missedBy(dashboard);
    expect(missed.tasks).toBeGreaterThan(1000);
    expect(missed.tasks).toBe(sent - (await metric(dashboard, STARTED)));
    expect(missed.events / missed.tasks).toBeCloseTo(3, 0);
    await until(async () => (await state(running.id)) === 'SUCCESS', 'its end to be looked up', LONG);

    const attention = await until(
      async () => {
        const needs = (await dashboard.get<Overview>('/api/v2/overview')).attention;
        return needs.some(({ kind }) => kind === 'events-lost') && needs;
      },
      'the loss among what needs a person',
      LONG,
    );
    const received = attention.find(({ kind }) => kind === 'events-lost');
    expect(received?.detail).toMatch(/^were missed for \d+ (s|m[^,]*), about [\d.,k]+, (just now|.* ago)$/);
    expect(attention.map(({ kind }) => kind)).not.toContain('events-off');
    // It has no result: its worker says that it has it no more.
    const detail = () => dashboard.get<TaskDetail>(`/api/v2/tasks/${forgotten.id}`);
    await until(async () => (await detail()).end_unknown, 'that the end of the other is unknown', LONG);

    // Live again, and it remembers.
    const after = await inc.delay(1);
    await until(async () => (await state(after.id)) === 'SUCCESS', 'a task after the gap', LONG);
    const before = (await dashboard.cluster()).gaps;
    expect(before.reduce((sum, gap) => sum + gap.tasks!, 0)).toBe(missed.tasks);
    const across = await held.delay('across');
    await until(async () => (await state(across.id)) === 'STARTED', 'the next task to run', LONG);
    dashboard.process.child.kill('SIGTERM');
    await dashboard.process.ended;
    open('across');
    await across.get({ timeout: 120 });
    dashboard = await startDashboard(w);
    await until(async () => (await state(across.id)) === 'SUCCESS', 'what ended without it to be looked up', LONG);
    // The restart may have a gap of its own.
    const known = async () => (await dashboard.cluster()).gaps.map(({ tasks, events }) => [tasks, events]);
    for (const { tasks, events } of before) await expect.poll(known).toContainEqual([tasks, events]);
  });

  it('too slow for a flood of three workers: closed by Redis, it counts within a few percent what it missed', async () => {
    const w = await world();
    const { redis, server } = w;
    const proxy = await tcpProxy(server.port);
    cleanup.push(() => proxy.close());
    const dashboard = await startDashboard({ ...w, url: `redis://127.0.0.1:${proxy.port}/0` }, 0);
    const flood = await generateEvents(server.url(), 400);
    cleanup.push(() => flood.stop().catch(() => {}));
    await until(async () => (await metric(dashboard, STARTED)) > 300, 'the flood to be heard', LONG);
    await impatient(redis);
    const heard = await patterns(redis);
    // Once closed it stays so until enough was missed.
    proxy.refuse();
    proxy.line.perSecond = 1000;
    // Megabytes fit between the two before Redis notices, and a busy machine makes fewer events.
    await until(async () => (await patterns(redis)) < heard, 'Redis to close its line', {
      ...LONG,
      timeoutMs: 240_000,
    });
    const unseen = async () => flood.processed - (await metric(dashboard, STARTED));
    await until(async () => (await unseen()) > 2500, 'enough to be missed', LONG);
    proxy.line.perSecond = 0;
    proxy.accept();
    await patient(redis);
    const { tasks: counted } = await missedBy(dashboard);
    expect(counted).toBeGreaterThan(500);
    // What is on its way arrives.
    await flood.stop();
    await expect.poll(async () => Math.abs(counted - (await unseen())) / counted).toBeLessThan(0.1);
  });

  it('its line silent, not closed: notices by itself, listens again, and tells what ran unseen', async () => {
    const w = await world();
    const { server } = w;
    const { inc } = w.tasks;
    await startWorker(w.app);
    const proxy = await tcpProxy(server.port);
    cleanup.push(() => proxy.close());
    const watchful = 'broker_transport_options={"health_check_interval": 1, "socket_timeout": 2}';
    const dashboard = await startDashboard({ ...w, url: `redis://127.0.0.1:${proxy.port}/0` }, 1, [watchful]);
    const state = async (id: string) => (await dashboard.get<TaskDetail>(`/api/v2/tasks/${id}`)).state;
    const { id } = await inc.delay(1);
    await until(async () => (await state(id)) === 'SUCCESS', 'a task to be seen', LONG);
    await until(() => beaten(dashboard, 1), 'its heartbeat', LONG);
    // When it has noticed it finds nobody, until all have run.
    proxy.refuse();
    proxy.silence();
    const unheard = await Promise.all(Array.from({ length: 40 }, (_, i) => inc.delay(i)));
    for (const one of unheard) await one.get({ timeout: 120 });
    proxy.accept();
    expect(await missedBy(dashboard)).toMatchObject({ tasks: 40 });
    await until(async () => (await dashboard.cluster()).sources.every(({ ok }) => ok), 'all sources', LONG);
    const after = await inc.delay(2);
    await until(async () => (await state(after.id)) === 'SUCCESS', 'a task after it', LONG);
    const ping = async () => {
      const reply = await fetch(`${dashboard.address}/api/v2/operations`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ action: 'heartbeat' }),
      });
      return ((await reply.json()) as OperationRecord).outcome;
    };
    await expect.poll(ping).toBe('ok');
  });

  itNeedsPython('counts what a Python worker ran unseen, too', async () => {
    const cluster = await startCluster();
    cleanup.push(() => cluster[Symbol.asyncDispose]());
    await cluster.worker('py@slow', ['-E', '-c', '2']);
    const add = (n: number) =>
      Promise.all(Array.from({ length: n }, (_, i) => app.sendTask('py.add', [i, 1], {}, { ignore_result: true })));
    const app = cluster.app();
    const folder = mkdtempSync(join(tmpdir(), 'umbel-slow-'));
    cleanup.push(() => rmSync(folder, { recursive: true, force: true }));
    const dashboard = await startDashboard({ url: cluster.redis.url(), folder });
    await add(50);
    await until(async () => (await metric(dashboard, STARTED)) === 50, 'the tasks before to be seen', LONG);
    await until(() => beaten(dashboard, 50), 'its heartbeat', LONG);
    const heard = await patterns(cluster.keys);
    await impatient(cluster.keys);
    dashboard.process.child.kill('SIGSTOP');
    let sent = 50;
    for (let more = 2; more > 0; more -= (await patterns(cluster.keys)) < heard ? 1 : 0) {
      await add(300);
      sent += 300;
      await until(async () => (await cluster.keys.llen('celery')) === 0, 'the worker to keep up', LONG);
    }
    await until(async () => (await cluster.keys.exists('celery', 'unacked')) === 0, 'all to be done', LONG);
    await patient(cluster.keys);
    dashboard.process.child.kill('SIGCONT');
    const { tasks } = await missedBy(dashboard);
    expect(tasks).toBeGreaterThan(300);
    expect(tasks).toBe(sent - (await metric(dashboard, STARTED)));
  });
});
