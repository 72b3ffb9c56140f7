// The same work in Python Celery, where it is installed: a producer, a worker with two processes, a round trip.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuUsOf, type Figures, type Given, type Trips } from './measure.ts';

export const PYTHON = '/usr/bin/python3';
const APP = `
import os
from celery import Celery
app = Celery('peer', broker=os.environ['BROKER'], backend=os.environ['STORE'])
if 'CONFIRM' in os.environ: app.conf.broker_transport_options = {'confirm_publish': os.environ['CONFIRM'] == 'true'}

@app.task(name='bench.add')
def add(a, b):
    return a + b

@app.task(name='bench.ignored', ignore_result=True)
def ignored(a, b):
    return a + b
`;
const PUBLISH = `
import os, sys, time, peer
task = peer.app.tasks[os.environ['TASK']]
task.delay(2, 3)
n = int(sys.argv[1]) - 1
wall, cpu = time.perf_counter(), time.process_time()
for _ in range(n): task.apply_async((2, 3))
print(n / (time.perf_counter() - wall), (time.process_time() - cpu) / n * 1e6)
`;
const TRIP = `
import sys, time, peer
n = int(sys.argv[1]); times = []
for i in range(n + 200):
    t = time.perf_counter()
    assert peer.add.delay(2, 3).get(timeout=10) == 5
    times.append((time.perf_counter() - t) * 1000)
times = sorted(times[200:])
print(times[n // 2], times[n * 99 // 100])
`;

/** How far a worker is. */
export interface Done {
  count(): Promise<number>;
  close(): void;
}

export function celeryVersion(): string | null {
  const { status, stdout } = spawnSync(PYTHON, ['-c', 'import celery; print(celery.__version__)'], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : null;
}

export class PythonCelery {
  readonly #folder = mkdtempSync(join(tmpdir(), 'umbel-bench-celery-'));

  readonly #kind: 'redis' | 'rabbitmq';
  readonly #done: (given: Given) => Done;

  constructor(kind: 'redis' | 'rabbitmq', done: (given: Given) => Done) {
    this.#kind = kind;
    this.#done = done;
    writeFileSync(join(this.#folder, 'peer.py'), APP);
  }

  publish(given: Given): Figures {
    const before = cpuUsOf(given.server);
    const [rate, cpuUs] = this.#script(PUBLISH, given);
    return { rate: rate!, cpuUs: cpuUs!, serverCpuUs: (cpuUsOf(given.server) - before) / given.count };
  }

  async drain(given: Given): Promise<Figures> {
    const done = this.#done(given);
    const worker = this.#worker(given);
    try {
      const cold = await reached(done, given.count / 10);
      const before = [performance.now(), cpuUsOfAll(worker.pid!), cpuUsOf(given.server)] as const;
      const count = (await reached(done, given.count)) - cold;
      return {
        rate: (count / (performance.now() - before[0])) * 1000,
        cpuUs: (cpuUsOfAll(worker.pid!) - before[1]) / count,
        serverCpuUs: (cpuUsOf(given.server) - before[2]) / count,
      };
    } finally {
      done.close();
      await ended(worker);
    }
  }

  async trip(given: Given): Promise<Trips> {
    const worker = this.#worker(given);
    try {
      const [p50, p99] = this.#script(TRIP, given);
      return { p50: p50!, p99: p99! };
    } finally {
      await ended(worker);
    }
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #script(text: string, given: Given): number[] {
    const ran = spawnSync(PYTHON, ['-c', text, String(given.count)], { ...this.#place(given), encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(`Python Celery failed: ${ran.stderr}`);
    return ran.stdout.trim().split(' ').map(Number);
  }

  #worker(given: Given): ChildProcess {
    const args = [
      '-m',
      'celery',
      '-A',
      'peer',
      'worker',
      '-P',
      'prefork',
      '-c',
      '2',
      '--without-gossip',
      '--without-mingle',
    ];
    return spawn(PYTHON, args, { ...this.#place(given), stdio: 'ignore' });
  }

  #place(given: Given) {
    return {
      cwd: this.#folder,
      env: {
        ...process.env,
        BROKER: given.url,
        STORE: this.#kind === 'redis' ? given.url : 'rpc://',
        ...(given.confirms === undefined ? {} : { CONFIRM: String(given.confirms) }),
        TASK: given.task ?? 'bench.add',
        PYTHONPATH: this.#folder,
        C_FORCE_ROOT: '1',
      },
    };
  }
}

/** How many are done, once so many are. */
async function reached(done: Done, count: number): Promise<number> {
  for (;;) {
    const so = await done.count();
    if (so >= count) return so;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A process and its children. */
export function cpuUsOfAll(pid: number): number {
  return familyOf(pid).reduce((sum, one) => sum + cpuUsOf(one), 0);
}

function familyOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return [pid, ...children];
}

/** How long Celery has to end. Its pool may wait for a child that waits for it. @unit milliseconds */
const GOODBYE_MS = 10_000;

export async function ended(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const patience = setTimeout(() => {
    for (const pid of familyOf(child.pid!)) process.kill(pid, 'SIGKILL');
  }, GOODBYE_MS);
  await gone;
  clearTimeout(patience);
}
