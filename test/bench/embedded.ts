// The embedded brokers: publish, drain with results (and with task events read beside, as a dashboard does), round trip. Each case in
// a process of its own, as a user's program would be. Beside the rates stands the CPU time a task took, which says the same on a busy
// machine as on a quiet one.
// Peer: Python Celery on the embedded store it has, SQLAlchemy's transport and result tables on SQLite.
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EventReceiver } from '../../server/events/receiver.ts';
import { Celery, signals } from '../../server/index.ts';
import { silentLogger } from '../../server/log.ts';
import { Worker } from '../../server/worker/worker.ts';
import { median, percentile, report } from '../support/bench-report.ts';

/** Rates in tasks/s, CPU time (all threads of the process) in microseconds a task. */
interface DrainFigures {
  readonly publish: number;
  readonly publishCpu: number;
  readonly drain: number;
  readonly drainCpu: number;
}
interface TripFigures {
  readonly p50: number;
  readonly p99: number;
}

const self = fileURLToPath(import.meta.url);
const QUIET = { withoutGossip: true, withoutMingle: true, loglevel: 'ERROR' } as const;

async function run(): Promise<void> {
  for (const [kind, count, goal] of [
    ['memory', 60_000, 40_000],
    ['sqlite', 30_000, 10_000],
  ] as const) {
    const runs = await drains('drain', kind, count);
    const peer = kind === 'sqlite' ? celeryOnSqlite() : null;
    report({
      case: `${kind} publish`,
      value: median(runs.map((r) => r.publish)),
      unit: 'tasks/s',
      better: 'more',
      tasks: count,
      cpuUs: median(runs.map((r) => r.publishCpu)),
      ...(peer ? { peers: [{ name: peer.name, value: peer.publish }] } : {}),
    });
    report({
      case: `${kind} drain with results`,
      value: median(runs.map((r) => r.drain)),
      unit: 'tasks/s',
      better: 'more',
      goal,
      tasks: count,
      cpuUs: median(runs.map((r) => r.drainCpu)),
      runs: runs.map((r) => Math.round(r.drain)),
      ...(peer ? { peers: [{ name: peer.name, value: peer.drain }] } : {}),
    });
    const watched = await drains('drain-events', kind, count);
    report({
      case: `${kind} drain with results and task events`,
      value: median(watched.map((r) => r.drain)),
      unit: 'tasks/s',
      better: 'more',
      tasks: count,
      cpuUs: median(watched.map((r) => r.drainCpu)),
      runs: watched.map((r) => Math.round(r.drain)),
    });
  }
  for (const kind of ['memory', 'sqlite'] as const) {
    const trip = await inChild<TripFigures>('trip', kind, 2000);
    const { p50, p99 } = trip;
    report({ case: `${kind} round trip p50`, value: p50, unit: 'ms', better: 'less', p99, trips: 2000 });
  }
}

async function drains(what: 'drain' | 'drain-events', kind: string, count: number): Promise<DrainFigures[]> {
  const runs: DrainFigures[] = [];
  for (let i = 0; i < 3; i++) runs.push(await inChild<DrainFigures>(what, kind, count));
  return runs;
}

async function inChild<T>(what: 'drain' | 'drain-events' | 'trip', kind: string, count: number): Promise<T> {
  const child: ChildProcess = fork(self, [what, kind, String(count)], { execArgv: process.execArgv });
  try {
    return await new Promise<T>((resolve, reject) => {
      child.once('message', (figures) => resolve(figures as T));
      child.once('exit', (code) => reject(new Error(`${what} ${kind} ended with ${code} before it told its figures`)));
    });
  } finally {
    if (child.exitCode === null) child.disconnect();
  }
}

function appOn(kind: string, folder: string): { app: Celery; add: ReturnType<typeof addTask> } {
  const url = kind === 'memory' ? 'memory://bench' : `sqlite:///${join(folder, 'bench.db')}`;
  const app = new Celery('bench', {
    broker_url: url,
    result_backend: kind === 'memory' ? 'cache+memory://bench' : url,
  });
  return { app, add: addTask(app) };
}

function addTask(app: Celery) {
  return app.task({ name: 'bench.add' }, (a: number, b: number) => a + b);
}

async function drain(kind: string, count: number, events: boolean): Promise<DrainFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-bench-'));
  try {
    const { app, add } = appOn(kind, folder);
    const ids: string[] = [];
    await (await add.delay(0, 0)).state();
    const publishing = stopwatch(count);
    for (let i = 0; i < count; i += 500) {
      const sent = await Promise.all(Array.from({ length: 500 }, (_, k) => add.delay(i + k, 1)));
      for (const result of sent) ids.push(result.id);
    }
    const published = publishing();
    let done = -1;
    const finished = new Promise<void>((resolve) => {
      signals.task_success.connect(() => {
        if (++done === count) resolve();
      });
    });
    const reader = events ? await readEvents(app, 3 * (count + 1)) : null;
    const worker = new Worker(app, { ...QUIET, taskEvents: events });
    const draining = stopwatch(count);
    await worker.start();
    await finished;
    await reader?.complete;
    const drained = draining();
    await worker.stop('warm');
    await reader?.stop();
    const backend = await app.backend();
    for (let i = 0; i < ids.length; i += 500) {
      const metas = await backend.getMany(ids.slice(i, i + 500));
      for (let k = i; k < Math.min(i + 500, ids.length); k++) {
        const meta = metas.get(ids[k]!);
        if (meta?.result !== k + 1) throw new Error(`task ${k}: stored ${JSON.stringify(meta)}, expected ${k + 1}`);
      }
    }
    await app.close();
    return { publish: published.rate, publishCpu: published.cpuUs, drain: drained.rate, drainCpu: drained.cpuUs };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function stopwatch(count: number): () => { rate: number; cpuUs: number } {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  return () => {
    const seconds = (performance.now() - begun) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { rate: count / seconds, cpuUs: (user + system) / count };
  };
}

/** Reads events as a dashboard does; `complete` when every task has told that it was received, started and succeeded. */
async function readEvents(app: Celery, expected: number): Promise<{ complete: Promise<void>; stop(): Promise<void> }> {
  const connection = app.connection('read');
  const receiver = new EventReceiver({ connection, timer: app.timer, log: silentLogger });
  let seen = 0;
  const complete = new Promise<void>((resolve) => {
    receiver.onEvents((events) => {
      for (const { type } of events) if (type.startsWith('task-') && ++seen === expected) resolve();
    });
  });
  await receiver.start();
  return {
    complete,
    async stop() {
      await receiver.stop();
      await connection.close();
    },
  };
}

/** The client and the worker are two processes where the broker allows it: what a caller in a web server waits. */
async function trip(kind: string, count: number): Promise<TripFigures> {
  const folder = process.argv[5] ?? mkdtempSync(join(tmpdir(), 'umbel-bench-'));
  const { app, add } = appOn(kind, folder);
  let child: ChildProcess | undefined;
  let worker: Worker | undefined;
  if (kind === 'memory') {
    worker = new Worker(app, QUIET);
    await worker.start();
  } else {
    child = fork(self, ['serve', kind, '0', folder], { execArgv: process.execArgv });
    await new Promise((resolve) => child!.once('message', resolve));
  }
  const times: number[] = [];
  for (let i = 0; i < count + 100; i++) {
    const t = performance.now();
    const value = await (await add.delay(i, 1)).get({ timeout: 10 });
    if (value !== i + 1) throw new Error(`got ${value}, expected ${i + 1}`);
    if (i >= 100) times.push(performance.now() - t);
  }
  child?.kill('SIGKILL');
  await worker?.stop('warm');
  await app.close();
  rmSync(folder, { recursive: true, force: true });
  times.sort((a, b) => a - b);
  return { p50: percentile(times, 50), p99: percentile(times, 99) };
}

async function serve(kind: string, folder: string): Promise<void> {
  const { app } = appOn(kind, folder);
  await new Worker(app, QUIET).start();
  process.send?.('ready');
}

const python = '/usr/bin/python3';
const PEER = `
import sys, time, sqlite3, subprocess, os
folder = sys.argv[1]; n = int(sys.argv[2]); os.chdir(folder); sys.path.insert(0, folder)
open('peermod.py', 'w').write('''
from celery import Celery
app = Celery('peer', broker='sqla+sqlite:///%s/broker.db', backend='db+sqlite:///%s/results.db')
@app.task
def add(a, b): return a + b
''' % (folder, folder))
import celery, peermod
t = time.time()
for i in range(n): peermod.add.delay(i, 1)
publish = n / (time.time() - t)
worker = subprocess.Popen([sys.executable, '-m', 'celery', '-A', 'peermod', 'worker', '-P', 'solo', '--without-gossip', '--without-mingle'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
start = None; seen = 0; end = time.time() + 120
while time.time() < end:
    try: done = sqlite3.connect('results.db').execute("select count(*) from celery_taskmeta where status='SUCCESS'").fetchone()[0]
    except sqlite3.OperationalError: done = 0
    if done and start is None: start, seen = time.time(), done
    if done >= n: break
    time.sleep(0.02)
drain = (n - seen) / (time.time() - start)
worker.terminate(); worker.wait()
print(celery.__version__, publish, drain)
`;

function celeryOnSqlite(): { name: string; publish: number; drain: number } | null {
  if (!existsSync(python)) return null;
  const folder = mkdtempSync(join(tmpdir(), 'umbel-bench-peer-'));
  try {
    const ran = spawnSync(python, ['-c', PEER, folder, '1000'], { encoding: 'utf8', timeout: 180_000 });
    const [version, publish, drained] = ran.stdout.trim().split(' ');
    if (ran.status !== 0 || !drained) return null;
    return { name: `Celery ${version} on sqla+sqlite, solo`, publish: Number(publish), drain: Number(drained) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.send) {
  const [, , what, kind = '', count] = process.argv;
  if (what === 'serve') await serve(kind, process.argv[5]!);
  else {
    const tasks = Number(count);
    process.send(what === 'trip' ? await trip(kind, tasks) : await drain(kind, tasks, what === 'drain-events'));
    process.exit(0);
  }
} else {
  await run();
}
