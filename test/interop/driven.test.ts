// `umbel worker -P prefork` as a process of its own, driven by Python Celery's client: its size, its limits, its queues, what it runs, and
// commands of one's own. Two workers are shared by all: one that scales itself, one of a given size whose children may not grow.
// What each command answers in every pool: control-celery.test.ts. What a pool promises: test/flow/pools.test.ts.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { type Running, startUmbel } from '../support/umbel.ts';
import { until } from '../support/until.ts';
import { type Cluster, type Raised, startCluster } from './python.ts';

const APP = fileURLToPath(new URL('./driven.mjs', import.meta.url));
const SCALING = 'scaling@interop';
const FIXED = 'fixed@interop';
/** So much more than a child has at its start that it leaks several times before. @unit KiB */
const MAX_MEMORY = 300_000;

type Replies = Record<string, any>;

describeNeedsPythonOnRedis('a prefork worker that Python drives', () => {
  let cluster: Cluster;
  let folder: string;
  let gate: string;
  let gates = 0;
  const workers: Running[] = [];

  const start = async (name: string, ...args: string[]): Promise<Running> => {
    const queue = name.split('@')[0]!;
    const words = ['worker', '-P', 'prefork', '-n', name, '-Q', queue, '-E', '-l', 'INFO', ...args];
    const settings = { worker_pool_restarts: true, worker_lost_wait: 0.3 };
    const env = {
      DRIVEN_URL: cluster.redis.url(),
      DRIVEN_SETTINGS: JSON.stringify(settings),
      AUTOSCALE_KEEPALIVE: '0.5',
    };
    const running = startUmbel(['-A', APP, ...words], { cwd: folder, env });
    workers.push(running);
    await running.says(/ ready\./);
    return running;
  };
  /** By Python's client; the answer of that worker. */
  const control = async (name: string, call: string): Promise<any> => {
    const to = `destination=['${name}'], reply=True, timeout=60, limit=1)`;
    const replies = (await cluster.py(`result = app.control.${call.replace(/\)$/, `, ${to}`)}`)) as Replies[];
    return replies[0]?.[name];
  };
  const inspect = async (name: string, call: string): Promise<any> =>
    (
      (await cluster.py(
        `result = app.control.inspect(destination=['${name}'], timeout=60, limit=1).${call}`,
      )) as Replies
    )[name];
  const children = async (name: string): Promise<number[]> => (await inspect(name, 'stats()')).pool.processes;
  /** Sent by Python. @returns its id */
  const send = (name: string, task: string, args: readonly unknown[] = []): Promise<string> =>
    cluster.py(
      `result = app.send_task('driven.${task}', loads('${JSON.stringify(args)}'), queue='${name.split('@')[0]}').id`,
    ) as Promise<string>;
  /** What Python gets for it. */
  const got = (id: string): Promise<any> => cluster.py(`result = app.AsyncResult('${id}').get(timeout=120)`);
  const raised = (id: string): Promise<Raised> =>
    got(id).then(
      (value) => {
        throw new Error(`it came to ${JSON.stringify(value)}`);
      },
      (error: Raised) => error,
    );
  const active = async (name: string): Promise<Replies[]> => inspect(name, 'active()');
  const running = (name: string, id: string) =>
    until(async () => (await active(name)).some((one) => one['id'] === id), `${id} to run`);

  beforeAll(async () => {
    cluster = await startCluster();
    folder = mkdtempSync(join(tmpdir(), 'umbel-driven-'));
    await Promise.all([
      start(SCALING, '--autoscale', '2,1', '--heartbeat-interval', '1'),
      start(FIXED, '-c', '1', `--max-memory-per-child=${MAX_MEMORY}`),
    ]);
    await cluster.py('import proj_control; watch = proj_control.Watch()');
  });
  afterAll(async () => {
    for (const worker of workers) await worker[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    gate = join(folder, `gate-${++gates}`);
  });

  it('scales itself between its bounds, and between those that Python gives it; its size is its own business', async () => {
    expect(await children(SCALING)).toHaveLength(1);
    expect((await inspect(SCALING, 'stats()')).autoscaler).toMatchObject({ max: 2, min: 1 });
    const refused = (what: string) => ({
      error: `${what} is not supported with autoscale. Adjust autoscale range instead.`,
    });
    expect(await control(SCALING, 'pool_grow(1)')).toEqual(refused('pool_grow'));
    expect(await control(SCALING, 'pool_shrink(1)')).toEqual(refused('pool_shrink'));
    const held = [];
    for (const _ of [1, 2, 3, 4]) held.push(await send(SCALING, 'hold', [gate]));
    await until(async () => (await active(SCALING)).length === 2, 'as many as its bounds allow');
    expect(await control(SCALING, 'autoscale(3, 2)')).toEqual({ ok: 'autoscale now max=3 min=2' });
    await until(async () => (await active(SCALING)).length === 3, 'a third');
    writeFileSync(gate, '');
    const pids = [];
    for (const id of held) pids.push(await got(id));
    expect(new Set(pids).size).toBe(3);
    await until(async () => (await children(SCALING)).length === 2, 'the lower bound');
    expect(await control(SCALING, 'autoscale(2, 1)')).toEqual({ ok: 'autoscale now max=2 min=1' });
    expect(await control(FIXED, 'autoscale(2, 1)')).toEqual({ error: "ValueError('Autoscale not enabled')" });
  });

  it('computes in as many processes as it has, while heartbeats and answers never stop', async () => {
    const beats = `len([e for e in watch.events if e['type'] == 'worker-heartbeat' and e['hostname'] == '${SCALING}'])`;
    const computing = [await send(SCALING, 'compute', [gate]), await send(SCALING, 'compute', [gate])];
    await until(async () => (await active(SCALING)).length === 2, 'both to run');
    const pids = (await active(SCALING)).map((one) => one['worker_pid'] as number);
    expect(new Set(pids).size).toBe(2);
    const [before, cpuBefore] = [(await cluster.py(`result = ${beats}`)) as number, pids.map(cpuOf)];
    await until(async () => ((await cluster.py(`result = ${beats}`)) as number) >= before + 4, 'four more heartbeats');
    for (const [index, pid] of pids.entries()) expect(cpuOf(pid)).toBeGreaterThan(cpuBefore[index]!);
    expect(await inspect(SCALING, 'ping()')).toEqual({ ok: 'pong' });
    expect((await active(SCALING)).length).toBe(2);
    writeFileSync(gate, '');
    expect([await got(computing[0]!), await got(computing[1]!)].sort()).toEqual(pids.sort());
  });

  it('grows and shrinks by Python’s word, never below one', async () => {
    expect(await control(FIXED, 'pool_grow(2)')).toEqual({ ok: 'pool will grow' });
    await until(async () => (await children(FIXED)).length === 3, 'three children');
    expect((await inspect(FIXED, 'stats()')).prefetch_count).toBe(12);
    expect(await control(FIXED, 'pool_shrink(2)')).toEqual({ ok: 'pool will shrink' });
    await until(async () => (await children(FIXED)).length === 1, 'one child');
    expect(await control(FIXED, 'pool_shrink(5)')).toEqual({ ok: 'pool will shrink' });
    const id = await send(FIXED, 'add', [1, 2]);
    expect(await got(id)).toBe(3);
    expect((await inspect(FIXED, 'stats()')).prefetch_count).toBe(4);
  });

  it('pool_restart loads what it has anew when it is free, and modules that it did not have', async () => {
    const [before] = await children(FIXED);
    const id = await send(FIXED, 'hold', [gate]);
    await running(FIXED, id);
    expect(await control(FIXED, "pool_restart(['./driven-more.mjs'], reload=True)")).toMatchObject({
      error: expect.stringMatching(/No module '.\/driven-more.mjs' found/),
    });
    writeFileSync(
      join(folder, 'more.mjs'),
      `import ${JSON.stringify(new URL('./driven-more.mjs', import.meta.url).href)};\n`,
    );
    expect(await control(FIXED, "pool_restart(['more'], reload=True)")).toEqual({ ok: 'reload started' });
    writeFileSync(gate, '');
    expect(await got(id)).toBe(before);
    await until(async () => {
      const now = await children(FIXED);
      return now.length === 1 && now[0] !== before;
    }, 'another child');
    expect(await inspect(FIXED, 'registered()')).toContain('driven.more');
    expect(await got(await send(FIXED, 'more', [21]))).toBe(42);
    expect(await control(FIXED, "pool_restart(['../more'])")).toMatchObject({
      error: expect.stringMatching(/none of the project/),
    });
  });

  it('time limits and rate limits hold for what comes after them, and for what waits', async () => {
    const limits = (soft: string, hard: string) =>
      control(FIXED, `time_limit('driven.clean-up', soft=${soft}, hard=${hard})`);
    expect(await limits('0.1', '60')).toEqual({ ok: 'time limits set successfully' });
    expect(await got(await send(FIXED, 'clean-up'))).toBe('SoftTimeLimitExceeded');
    expect(await limits('None', '0.1')).toEqual({ ok: 'time limits set successfully' });
    expect(await raised(await send(FIXED, 'clean-up'))).toMatchObject({ type: 'TimeLimitExceeded' });
    expect(await limits('None', 'None')).toEqual({ ok: 'time limits set successfully' });
    expect(await control(FIXED, "rate_limit('driven.add', '1/h')")).toEqual({ ok: 'new rate limit set successfully' });
    const waiting = [];
    for (const n of [1, 2, 3]) waiting.push(await send(FIXED, 'add', [n, n]));
    expect(await got(waiting[0]!)).toBe(2);
    await until(async () => (await inspect(FIXED, 'reserved()')).length === 2, 'two to wait for a token');
    expect(await control(FIXED, "rate_limit('driven.add', 0)")).toEqual({ ok: 'rate limit disabled successfully' });
    expect([await got(waiting[1]!), await got(waiting[2]!)]).toEqual([4, 6]);
    expect(await control(FIXED, "rate_limit('driven.add', 'often')")).toMatchObject({
      error: expect.stringMatching(/^Invalid rate limit string: ValueError\(/),
    });
  });

  it('reads a queue that Python adds, and no longer when it is cancelled', async () => {
    expect(await control(FIXED, "add_consumer('more')")).toEqual({ ok: 'add consumer more' });
    expect(await cluster.py("result = app.send_task('driven.add', (4, 5), queue='more').get(timeout=60)")).toBe(9);
    expect(await control(FIXED, "cancel_consumer('more')")).toEqual({ ok: 'no longer consuming from more' });
    expect((await inspect(FIXED, 'active_queues()')).map(({ name }: Replies) => name)).toEqual(['fixed']);
  });

  it('ends a running task by the signal that is asked for, and says by which', async () => {
    for (const [signal, signum] of [
      ['SIGINT', 2],
      ['SIGKILL', 9],
    ] as const) {
      const id = await send(FIXED, 'compute', [gate]);
      await running(FIXED, id);
      const pid = (await children(FIXED))[0]!;
      await cluster.py(`app.control.revoke('${id}', terminate=True, signal='${signal}')`);
      expect(await raised(id)).toMatchObject({ type: 'TaskRevokedError', args: ['terminated'] });
      expect(existsSync(`/proc/${pid}/exe`)).toBe(false);
      const events = `[e for e in watch.events if e['type'] == 'task-revoked' and e['uuid'] == '${id}']`;
      await until(async () => ((await cluster.py(`result = ${events}`)) as Replies[]).length, 'the event');
      expect(await cluster.py(`result = ${events}[0]`)).toMatchObject({ terminated: true, signum, expired: false });
    }
  });

  it('answers commands of its own, whose arguments are what they were declared', async () => {
    expect(await inspect(FIXED, "_request('tally', of=['a', 'b'], times='3')")).toEqual({ tally: 6 });
    expect(await control(FIXED, "broadcast('rename', arguments={'to': 'sue'})")).toEqual({ ok: 'called sue' });
    await workers[1]!.says('called sue');
    expect(await control(FIXED, "broadcast('tally', arguments={'of': ['a'], 'times': 'x'})")).toEqual({
      error: `ValueError("tally wants a number for times, not 'x'")`,
    });
    expect(await control(FIXED, "broadcast('tally', arguments={})")).toEqual({
      error: `TypeError("tally() missing 1 required positional argument: 'of'")`,
    });
  });

  it('a child that is killed, by who or what it may be, is WorkerLostError to Python; the next task runs', async () => {
    const id = await send(FIXED, 'compute', [gate]);
    await running(FIXED, id);
    process.kill((await children(FIXED))[0]!, 'SIGKILL');
    expect(await raised(id)).toMatchObject({
      type: 'WorkerLostError',
      args: [expect.stringMatching(/^Worker exited prematurely: signal 9 \(SIGKILL\) Job: \d+\.$/)],
    });
    expect(await raised(await send(FIXED, 'gorge'))).toMatchObject({
      type: 'WorkerLostError',
      args: [expect.stringMatching(/^Worker exited prematurely: signal \d+ \(SIG\w+\) Job: \d+\.$/)],
    });
    expect(await got(await send(FIXED, 'add', [1, 1]))).toBe(2);
  });

  it('worker_lost_wait: what a dead child may still have said is waited for no longer, whoever holds its line open', async () => {
    const file = join(folder, 'left');
    const id = await send(FIXED, 'leave-behind', [file]);
    try {
      expect(await raised(id)).toMatchObject({ type: 'WorkerLostError' });
      expect(existsSync(`/proc/${readFileSync(file, 'utf8')}`)).toBe(true);
    } finally {
      process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
    }
  });

  it('a child whose task leaks is replaced before it is killed: no task is lost', async () => {
    const ids = [];
    for (let n = 0; n < 15; n++) ids.push(await send(FIXED, 'leak', [40]));
    const pids: number[] = [];
    for (const id of ids) pids.push(await got(id));
    const counts = [...new Set(pids)].map((pid) => pids.filter((one) => one === pid).length);
    expect(counts.length).toBeGreaterThanOrEqual(2);
    // Each had several.
    expect(Math.max(...counts)).toBeGreaterThanOrEqual(3);
    await workers[1]!.says(
      /ForkPoolWorker-\d+ is replaced: it uses \d+ KiB, and worker_max_memory_per_child is 300000 KiB/,
    );
  });
});

/** @unit hundredths of a second */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
