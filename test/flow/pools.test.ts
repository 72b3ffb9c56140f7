// What a body sees and what becomes of it is the same in every pool: one list over all four, on one broker file. Then what only pools with
// children can do. The pool's own promises, with bodies opened by hand: test/contract/pool.ts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Celery } from '../../server/app/celery.ts';
import { loadSource } from '../../server/app/load.ts';
import { instrument } from '../../server/app/otel.ts';
import type { ApplyOptions } from '../../server/canvas/call-options.ts';
import { redirectOutput } from '../../server/pool/task-output.ts';
import type { AsyncResult } from '../../server/results/async-result.ts';
import { signals } from '../../server/signals.ts';
import { Worker, type WorkerOptions } from '../../server/worker/worker.ts';
import { tracing } from '../interop/tracing.ts';
import { until } from '../support/until.ts';
import { logger } from './worker-world.ts';

// With the mark of the tests' modules: by it a child, which may be built, sees that TypeScript is read for it (support/sources/hooks.mjs).
// Without a build they are a second copy under it, and a child's own is not the one they speak to.
const MARK = process.env['UMBEL_BUILT'] ? '?vitest=tasks' : '';
const TASKS = new URL(`./pool-tasks.ts${MARK}`, import.meta.url).href;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-pools-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Running {
  readonly app: Celery;
  readonly worker: Worker;
  readonly lines: string[];
  send(name: string, args?: readonly unknown[], options?: ApplyOptions): Promise<AsyncResult>;
  line(pattern: RegExp): Promise<string>;
}

let app: Celery;
beforeAll(async () => {
  const url = `sqlite:///${join(folder, 'pools.db')}`;
  const settings = [{ broker_url: url, result_backend: url, task_track_started: true, worker_proc_alive_timeout: 600 }];
  // Imported once in this process, and once in each child.
  app = await loadSource({ spec: TASKS, workdir: folder, config: null, include: [], settings });
});
afterAll(() => app.close());

/** A worker with a queue of its own, which has its name. */
async function run(name: string, options: WorkerOptions): Promise<Running> {
  const lines: string[] = [];
  const log = named(lines, '');
  app.log = log;
  const worker = new Worker(app, {
    hostname: `${name}@pools`,
    queues: [name],
    log,
    loglevel: 'INFO',
    withoutMingle: true,
    withoutGossip: true,
    ...options,
  });
  await worker.start();
  return {
    app,
    worker,
    lines,
    send: (task, args = [], given = {}) => app.sendTask(`pools.${task}`, args, {}, { queue: name, ...given }),
    line: (pattern) => until(() => lines.find((line) => pattern.test(line)), `a line like ${pattern}`),
  };
}

/** With the name of who logs before the text. */
function named(lines: string[], name: string): ReturnType<typeof logger> {
  const own: string[] = {
    push: (line: string) => lines.push(name === '' ? line : line.replace(' ', ` ${name}: `)),
  } as never;
  return { ...logger(own), child: (other) => named(lines, other) };
}

const failed = async (result: AsyncResult) => {
  const error = await result.get({ timeout: 120 }).then(
    () => null,
    (thrown: Error) => thrown,
  );
  return { name: error?.name, message: error?.message, state: await result.state() };
};
const running = (world: Running, { id }: { id: string }) =>
  until(() => [...world.worker.state.inPhase('active')].some((one) => one.id === id), `${id} to run`);

describe.each(['async', 'solo', 'prefork', 'threads'])('in the %s pool', (pool) => {
  let world: Running;
  let restore: () => void;
  const send: Running['send'] = (...call) => world.send(...call);
  const hasChildren = pool === 'prefork' || pool === 'threads';

  beforeAll(async () => {
    // `umbel worker` does it for its own process; children do it themselves.
    restore = redirectOutput('WARNING');
    world = await run(pool, { pool, concurrency: pool === 'solo' ? 1 : 2, heartbeatInterval: 0.1 });
  });
  afterAll(async () => {
    restore();
    await world.worker.stop('cold');
  });

  it('a body knows its request', async () => {
    const headers = { tenant: 'a' };
    const result = await send('request', [1, 'two'], { headers, time_limit: 600, soft_time_limit: 500 });
    expect(await result.get({ timeout: 120 })).toMatchObject({
      id: result.id,
      task: 'pools.request',
      args: [1, 'two'],
      retries: 0,
      rootId: result.id,
      parentId: null,
      hostname: `${pool}@pools`,
      routing_key: pool,
      timelimit: [600, 500],
      headers,
      same: true,
    });
  });

  it('what a body logs and prints carries its name and id', async () => {
    const result = await send('say');
    expect(await result.get({ timeout: 120 })).toBe('said');
    await world.line(new RegExp(`WARNING pools.say\\[${result.id}\\]: through the logger`));
    await world.line(new RegExp(`WARNING pools.say\\[${result.id}\\]: printed`));
    await world.line(new RegExp(`INFO Task pools.say\\[${result.id}\\] succeeded in .*: 'said'`));
  });

  it('signals of a run are heard where its body runs', async () => {
    const one = await send('add', [1, 2]);
    await one.get({ timeout: 120 });
    const bad = await send('fail');
    await failed(bad);
    // Whichever child answers: its own runs are there, and nobody else's.
    const last = await send('signals');
    const heard = (await last.get({ timeout: 120 })) as string[];
    expect(heard).toContain(`task_prerun ${last.id}`);
    expect(heard.filter((name) => name === 'worker_process_init').length).toBe(hasChildren ? 1 : 0);
    const ended = heard.filter((line) => line.startsWith('task_postrun'));
    expect(heard).toEqual(expect.arrayContaining(ended.map((line) => line.replace('postrun', 'prerun'))));
  });

  it('a failure keeps its type and arguments', async () => {
    const bad = await send('fail');
    expect(await failed(bad)).toMatchObject({ name: 'OutOfStock', state: 'FAILURE' });
    await world.line(new RegExp(`ERROR Task pools.fail\\[${bad.id}\\] raised unexpected: OutOfStock\\('cocoa', 2\\)`));
  });

  it('Ignore and Reject are taken as what they are', async () => {
    const ignored = await send('ignore');
    await world.line(new RegExp(`INFO Task pools.ignore\\[${ignored.id}\\] ignored`));
    const rejected = await send('reject');
    await world.line(new RegExp(`WARNING Task pools.reject\\[${rejected.id}\\] reject requeue=False: unwanted`));
  });

  it('a task that retries, by itself or by its options, comes to its end', async () => {
    expect(await (await send('retry')).get({ timeout: 120 })).toBe('after 2');
    expect(await (await send('autoretry')).get({ timeout: 120 })).toBe('well');
  });

  it('what a task has ended with stays so, whatever its handlers do: it is logged, what follows is sent and errbacks are called once', async () => {
    const echo = world.app.signature('pools.echo', [], {}, { queue: pool });
    const ran = async (how: string, ends: RegExp, handlers: string[]) => {
      const result = await send('handled', [how], { link: echo, link_error: echo });
      const title = `pools.handled\\[${result.id}\\]`;
      await world.line(new RegExp(` Task ${title} ${ends.source}`));
      for (const handler of handlers)
        await world.line(new RegExp(`ERROR .*The handler ${handler} of ${title} failed: Error: it broke error$`));
      return result;
    };
    const ofEcho = (value: string) =>
      world.lines.filter((line) => line.endsWith(`: '${value}'`) && /pools\.echo/.test(line));
    const well = await ran('well', /succeeded/, ['on_success', 'after_return']);
    expect(await failed(well)).toEqual({ name: undefined, message: undefined, state: 'SUCCESS' });
    const again = await ran('retry', /retry: /, ['on_retry', 'on_success']);
    expect(await again.get({ timeout: 120 })).toBe('retry');
    const bad = await ran('fail', /raised unexpected: Error\('it broke'\)/, ['on_failure', 'after_return']);
    expect(await failed(bad)).toMatchObject({ message: 'it broke', state: 'FAILURE' });
    for (const value of ['well', 'retry', bad.id]) await until(() => ofEcho(value).length > 0, `${value} to be sent`);
    expect([well.id, again.id, bad.id, 'well', 'retry'].map((value) => ofEcho(value).length)).toEqual([0, 0, 1, 1, 1]);
    expect(world.lines.filter((line) => line.includes('INTERNAL ERROR'))).toEqual([]);
  });

  it('states of its own are seen while it runs', async () => {
    if (pool === 'solo') return; // The one that answers has no place to run.
    const seen = await world.app.signature('pools.add', [1, 1]).freeze();
    const result = await send('progress', [seen.id]);
    await until(async () => (await result.state()) === 'PROGRESS', 'PROGRESS');
    await send('add', [1, 1], { task_id: seen.id });
    expect(await result.get({ timeout: 120 })).toBe('done');
  });

  it('what it sends is its child, and what it is replaced by ends in its place', async () => {
    const result = await send('send');
    const id = (await result.get({ timeout: 120 })) as string;
    expect((await result.children())?.map((child) => child.id)).toEqual([id]);
    expect(await world.app.AsyncResult(id).get({ timeout: 120 })).toBe(3);
    expect(await (await send('replace')).get({ timeout: 120 })).toBe(13);
  });

  it('a soft limit tells the body, which may clean up; a hard one ends it', async () => {
    expect(await (await send('cleans-up', [], { soft_time_limit: 0.05 })).get({ timeout: 120 })).toBe(
      'SoftTimeLimitExceeded',
    );
    expect(await failed(await send('stoppable', [], { soft_time_limit: 0.05 }))).toMatchObject({
      name: 'SoftTimeLimitExceeded',
      state: 'FAILURE',
    });
    expect(await failed(await send('endless', [], { time_limit: 0.05 }))).toMatchObject({
      name: 'TimeLimitExceeded',
      state: 'FAILURE',
    });
    // The limit was that task's alone.
    expect(await (await send('add', [2, 2])).get({ timeout: 120 })).toBe(4);
  });

  it('a running task that is terminated is REVOKED, and nothing else afterwards', async () => {
    const result = await send('endless');
    await running(world, result);
    await world.app.control.revoke(result.id, { terminate: true });
    expect(await failed(result)).toMatchObject({ name: 'TaskRevokedError', message: 'terminated', state: 'REVOKED' });
    expect(await (await send('add', [3, 3])).get({ timeout: 120 })).toBe(6);
    expect(await result.state()).toBe('REVOKED');
  });

  it('is terminated by a stamp, too', async () => {
    const stamped = { headers: { stamped_headers: ['order'], stamps: { order: ['7'] } } };
    const result = await send('endless', [], stamped);
    await running(world, result);
    await world.app.control.revokeByStampedHeaders({ order: ['7'] }, { terminate: true });
    expect(await failed(result)).toMatchObject({ name: 'TaskRevokedError', state: 'REVOKED' });
  });

  if (hasChildren) {
    it('a body that blocks is ended by its hard limit and by a terminate, while the worker answers and its heartbeats go on', async () => {
      const spinning = await send('spin', [], { time_limit: 0.05 });
      expect(await failed(spinning)).toMatchObject({ name: 'TimeLimitExceeded', state: 'FAILURE' });
      const other = await send('spin');
      await running(world, other);
      expect(await world.app.control.inspect({ destination: [`${pool}@pools`], timeout: 90 }).ping()).toMatchObject({
        [`${pool}@pools`]: { ok: 'pong' },
      });
      let beats = 0;
      onTestFinished(signals.heartbeat_sent.connect(() => void beats++));
      await until(() => beats >= 3, 'three heartbeats');
      await world.app.control.revoke(other.id, { terminate: true, signal: 'SIGKILL' });
      expect(await failed(other)).toMatchObject({ name: 'TaskRevokedError', state: 'REVOKED' });
    });

    it('a child that is lost is WorkerLostError, told, and replaced', async () => {
      const gone = await failed(await send('die', ['exit']));
      expect(gone).toMatchObject({ name: 'WorkerLostError', state: 'FAILURE' });
      expect(gone.message).toMatch(/Worker exited prematurely: exitcode 3 Job: \d+\./);
      await world.line(/ERROR Process '\w+-\d+' pid:\d+ exited with 'exitcode 3'/);
      expect(await failed(await send('die', ['throw']))).toMatchObject({ name: 'WorkerLostError' });
      await world.line(/CRITICAL .*: An error was thrown outside of any task/);
      expect(await (await send('add', [4, 4])).get({ timeout: 120 })).toBe(8);
    });

    it('large arguments come through beside small ones', async () => {
      const large = await send('length', ['x'.repeat(3_000_000)]);
      const small = await send('add', [1, 1]);
      expect(await small.get({ timeout: 120 })).toBe(2);
      expect(await large.get({ timeout: 120 })).toBe(3_000_000);
    });

    it('what a body tells whoever forked it does the worker no harm', async () => {
      expect(await (await send('tells-parent')).get({ timeout: 120 })).toBeNull();
      expect(await (await send('add', [2, 2])).get({ timeout: 120 })).toBe(4);
    });
  }

  if (pool === 'prefork') {
    it('a child killed by the kernel is told by its signal; with acks_late and reject_on_worker_lost its task runs again', async () => {
      const traced = tracing();
      const uninstrument = instrument(world.app, traced.options);
      const sent = await send('die', ['SIGSEGV']);
      const gone = await failed(sent);
      expect(gone.message).toMatch(/Worker exited prematurely: signal 11 \(SIGSEGV\) Job: \d+\./);
      uninstrument();
      traced.end();
      // Its own process cannot tell the end of its span: the worker does.
      const [published, ran] = traced.spans();
      expect(ran).toMatchObject({
        parentSpanContext: { spanId: published!.spanContext().spanId },
        attributes: { 'messaging.message.id': sent.id, 'celery.state': 'FAILURE', 'error.type': 'WorkerLostError' },
        status: { code: 2, message: gone.message },
      });
      const mark = join(folder, 'died');
      expect(await (await send('die-once', [mark])).get({ timeout: 120 })).toBe('alive');
      expect(readFileSync(mark, 'utf8')).toBe('.');
    });

    it('a signal meant for the whole group does not end a child, nor what runs in it', async () => {
      const pid = (await (await send('pid')).get({ timeout: 120 })) as number;
      const result = await send('cleans-up', [], { soft_time_limit: 1 });
      await running(world, result);
      for (const child of world.worker.pool.pids)
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.kill(child, signal);
      expect(await result.get({ timeout: 120 })).toBe('SoftTimeLimitExceeded');
      expect(world.worker.pool.pids).toContain(pid);
    });

    it('says of itself what Celery’s prefork says', async () => {
      const stats = await world.app.control.inspect({ destination: ['prefork@pools'], timeout: 90 }).stats();
      expect(stats).toMatchObject({
        'prefork@pools': {
          pool: {
            'max-concurrency': 2,
            processes: [expect.any(Number), expect.any(Number)],
            'max-tasks-per-child': 'N/A',
            timeouts: [0, 0],
            writes: { total: expect.any(Number), raw: expect.stringMatching(/^\d+, \d+$/), inqueues: { total: 2 } },
          },
        },
      });
    });
  }
});

describe('a prefork pool', () => {
  it('replaces a child after so many tasks, and one that is too large even before its first one after one task, told once', async () => {
    const diary = join(folder, 'diary');
    writeFileSync(diary, '');
    process.env['POOLS_TEST_DIARY'] = diary;
    const world = await run('limits', { pool: 'prefork', concurrency: 1, maxTasksPerChild: 2 });
    try {
      const results = await Promise.all([1, 2, 3, 4].map(() => world.send('pid')));
      const pids = await Promise.all(results.map((one) => one.get({ timeout: 120 })));
      expect(new Set(pids).size).toBe(2);
      await until(
        () => readFileSync(diary, 'utf8').includes(`worker_process_shutdown ${pids[0]} 0`),
        'the shutdown signal',
      );
    } finally {
      delete process.env['POOLS_TEST_DIARY'];
      await world.worker.stop('cold');
    }
    const small = await run('memory', { pool: 'prefork', concurrency: 1, maxMemoryPerChild: 1000 });
    try {
      const pids = [];
      for (const _ of [1, 2]) pids.push(await (await small.send('pid')).get({ timeout: 120 }));
      expect(new Set(pids).size).toBe(2);
      expect(small.lines.filter((line) => line.includes('worker_max_memory_per_child')).length).toBe(1);
    } finally {
      await small.worker.stop('cold');
    }
  });

  it('cannot be had of an app made by hand, nor with a broker in memory', async () => {
    const { Celery } = await import('../../server/app/celery.ts');
    const url = `sqlite:///${join(folder, 'hand.db')}`;
    const byHand = new Worker(new Celery('hand', { broker: url, backend: url }), {
      pool: 'prefork',
      log: named([], ''),
    });
    await expect(byHand.start()).rejects.toThrow(/this app was made by hand: start the worker with umbel worker -A/);
    const inMemory = new Worker(new Celery('hand', { broker: 'memory://hand' }), {
      pool: 'threads',
      log: named([], ''),
    });
    await expect(inMemory.start()).rejects.toThrow(/cannot reach the broker_url 'memory:\/\/hand'/);
  });
});
