// No false alarm: clusters that are well, each watched for ten minutes at ten looks a second. Every need that is told is counted; those
// that are not true there make the run fail.
//   npm run build && npx tsx --conditions=umbel-source test/fault/attention-soak.ts     all three, ten minutes, side by side
//   SECONDS=60 ONLY=demo npx tsx ...
// demo: `umbel up` as it comes. python: three Celery workers under load, one of them without -E. many: 200 simulated workers.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createDashboard } from '../../server/dashboard/dashboard.ts';
import { EventDispatcher } from '../../server/events/dispatcher.ts';
import { silentLogger } from '../../server/log.ts';
import { Connection } from '../../server/messaging/connection.ts';
import { LamportClock } from '../../server/messaging/lamport-clock.ts';
import { createTimer } from '../../server/timer.ts';
import type { Overview } from '../../shared/wire/overview.ts';
import { report } from '../support/bench-report.ts';
import { openPythonShop } from '../support/python-shop.ts';
import { until } from '../support/until.ts';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const seconds = Number(process.env.SECONDS ?? 600);
const LONG = { timeoutMs: 120_000, everyMs: 200 };

/** @param mayBe needs that are true there: 'kind subject', or 'kind' */
async function watch(name: string, look: () => Promise<Overview>, mayBe: readonly string[]): Promise<void> {
  const received = new Map<string, number>();
  let looks = 0;
  let untrue = 0;
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const next = performance.now() + 100;
    const { attention } = await look();
    looks++;
    for (const need of attention) {
      const key = need.count === 1 ? `${need.kind} ${need.subject}` : `${need.kind} (${need.count})`;
      received.set(key, (received.get(key) ?? 0) + 1);
      if (mayBe.includes(key) || mayBe.includes(need.kind)) continue;
      untrue++;
      if (untrue <= 5) console.error(name, looks, JSON.stringify(need));
    }
    await pause(Math.max(0, next - performance.now()));
  }
  const details = { looks, received: Object.fromEntries(received) };
  report({ case: `untrue needs, ${name}`, value: untrue, unit: 'looks', better: 'less', goal: 0, ...details });
  if (untrue > 0) process.exitCode = 1;
}

async function demo(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-attention-'));
  const child: ChildProcess = spawn(process.execPath, [cli, 'up', '--port', '0'], { cwd: folder });
  try {
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (data: Buffer) => (output += data));
    const url = await until(() => /https?:\/\/[\w.:[\]]+/.exec(output)?.[0], 'its address', LONG);
    const look = async () => (await (await fetch(`${url}/api/v2/overview`)).json()) as Overview;
    // Its failures and its busiest queue are part of the show.
    await watch('demo', look, ['failure', 'queue-growing']);
  } finally {
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await gone;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function python(): Promise<void> {
  await using shop = await openPythonShop();
  const flags = ['-c', '2', '-Q', 'celery'];
  await Promise.all([
    shop.worker('a@py', [...flags, '-E']),
    shop.worker('b@py', [...flags, '-E']),
    shop.worker('quiet@py', flags),
  ]);
  const dashboard = createDashboard(
    { broker: shop.broker, result_backend: shop.backend, db: `${shop.redis.folder}/h.db`, enable_events: false },
    { log: silentLogger, pages: null },
  );
  await dashboard.start();
  let running = true;
  const load = (async () => {
    while (running) {
      await shop.py(`result = [send('shop.add', n, n) for n in range(60)] and 0`);
      await pause(300);
    }
  })();
  try {
    const look = async () => (await dashboard.app.inject({ url: '/api/v2/overview' })).json<Overview>();
    await until(async () => (await look()).figures.workers_online === 3, 'three workers', LONG);
    await watch('python', look, ['events-off quiet@py', 'queue-growing']);
    const [quiet] = (await look()).attention.filter(({ kind }) => kind === 'events-off');
    if (quiet?.subject !== 'quiet@py') {
      console.error('the worker without -E is not named');
      process.exitCode = 1;
    }
  } finally {
    running = false;
    await load;
    await dashboard.close();
  }
}

/** Workers that begin 20 tasks a second each; heartbeats and events as Celery sends them, some held back for up to a second. */
async function many(): Promise<void> {
  const broker = `memory://${randomUUID()}`;
  const folder = mkdtempSync(join(tmpdir(), 'umbel-attention-'));
  const dashboard = createDashboard({ broker, db: join(folder, 'h.db') }, { log: silentLogger, pages: null });
  await dashboard.start();
  const timer = createTimer();
  const retry = { enabled: true, maxRetries: null, intervalStartMs: 200, intervalStepMs: 200, intervalMaxMs: 1000 };
  const options = { urls: [broker], transportOptions: {}, connectTimeoutMs: 4000, retry, timer, log: silentLogger };
  const connection = new Connection(options);
  const clock = new LamportClock();
  const workers = Array.from({ length: 200 }, (_, i) => {
    const hostname = `celery@node-${i}`;
    return { processed: 0, events: new EventDispatcher({ connection, hostname, clock, timer, enabled: true }) };
  });
  for (const w of workers) {
    const info = () => ({
      freq: 2,
      active: 1,
      processed: w.processed,
      sw_ident: 'py-celery',
      sw_ver: '5.6.3',
      sw_sys: 'Linux',
    });
    w.events.send('worker-online', info());
    timer.after(Math.random() * 2000, () => timer.every(2000, () => w.events.send('worker-heartbeat', info())));
    timer.after(Math.random() * 1000, () =>
      timer.every(1000, () => {
        w.processed++;
        const uuid = randomUUID();
        timer.after(Math.random() * 1000, () => {
          w.events.send('task-received', { uuid, name: 'shop.add', args: '()', kwargs: '{}', retries: 0 });
          w.events.send('task-started', { uuid });
          w.events.send('task-succeeded', { uuid, result: '1', runtime: 0.1 });
        });
      }),
    );
  }
  try {
    const look = async () => (await dashboard.app.inject({ url: '/api/v2/overview' })).json<Overview>();
    await until(async () => (await look()).figures.workers_online === 200, '200 workers', LONG);
    await watch('many', look, []);
  } finally {
    timer.clear();
    for (const w of workers) await w.events.close();
    await connection.close();
    await dashboard.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const runs = { demo, python, many };
const only = process.env.ONLY as keyof typeof runs | undefined;
await Promise.all((only ? [runs[only]] : Object.values(runs)).map((run) => run()));
