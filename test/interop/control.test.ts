// Remote control across languages: the commands of each against the workers of the other.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Celery } from '../../server/app/celery.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { startUmbel, umbel } from '../support/umbel.ts';
import { until } from '../support/until.ts';
import { type Cluster, type PythonWorker, startCluster } from './python.ts';

const PY = 'py@interop';
const TS = 'ts@interop';

describeNeedsPythonOnRedis('remote control of a mixed cluster', () => {
  let cluster: Cluster;
  let app: Celery;
  let ours: Awaited<ReturnType<Cluster['ours']>>;
  let theirs: PythonWorker;
  const inspect = (command: string, destination: string): Promise<unknown> =>
    cluster.py(`result = app.control.inspect(destination=['${destination}'], timeout=20, limit=1).${command}`);

  beforeAll(async () => {
    cluster = await startCluster();
    theirs = await cluster.worker(PY, ['-P', 'threads', '-c', '2', '-Q', 'py']);
    app = cluster.app({ task_default_queue: 'ts' });
    app.task({ name: 'ts.add' }, (x: number, y: number) => x + y);
    app.task({ name: 'ts.hold', bind: true }, async function () {
      await new Promise((_, reject) => this.signal.addEventListener('abort', () => reject(this.signal.reason)));
    });
    ours = await cluster.ours(app, { hostname: TS, concurrency: 4 });
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  it("Python's inspect reads our worker: ping, registered, queues, stats, conf, clock, report", async () => {
    expect(await inspect('ping()', TS)).toEqual({ [TS]: { ok: 'pong' } });
    expect(((await inspect('registered()', TS)) as Record<string, string[]>)[TS]).toEqual(
      expect.arrayContaining(['ts.add', 'ts.hold']),
    );
    const [queue] = ((await inspect('active_queues()', TS)) as Record<string, Record<string, unknown>[]>)[TS]!;
    expect(queue).toMatchObject({ name: 'ts', routing_key: 'ts', exchange: { name: 'ts', type: 'direct' } });
    const stats = ((await inspect('stats()', TS)) as Record<string, Record<string, unknown>>)[TS]!;
    expect(stats).toMatchObject({
      pid: process.pid,
      broker: { transport: 'redis', hostname: '127.0.0.1', port: cluster.redis.port },
      pool: { 'max-concurrency': 4 },
      prefetch_count: expect.any(Number),
      total: expect.any(Object),
      rusage: expect.any(Object),
    });
    expect(((await inspect('clock()', TS)) as Record<string, { clock: number }>)[TS]!.clock).toBeGreaterThan(0);
    expect(((await inspect('conf()', TS)) as Record<string, Record<string, unknown>>)[TS]).toMatchObject({
      task_default_queue: 'ts',
    });
    expect(((await inspect('report()', TS)) as Record<string, { ok: string }>)[TS]!.ok).toContain('umbel');
  });

  it('Python sees, finds and revokes what our worker runs and holds back', async () => {
    const held = await app.sendTask('ts.hold', ['žluť'], { k: 1 });
    await until(
      async () => (await app.control.inspect({ timeout: 1, limit: 1, destination: [TS] }).active())?.[TS]?.length,
      'the task',
    );
    const active = ((await inspect('active()', TS)) as Record<string, Record<string, unknown>[]>)[TS]!;
    expect(active).toEqual([
      expect.objectContaining({
        id: held.id,
        name: 'ts.hold',
        args: ['žluť'],
        kwargs: { k: 1 },
        hostname: TS,
        acknowledged: true,
        delivery_info: expect.objectContaining({ routing_key: 'ts', redelivered: false }),
      }),
    ]);
    const later = await app.sendTask('ts.add', [1, 1], {}, { countdown: 300 });
    const scheduled = (): Promise<unknown> => inspect('scheduled()', TS);
    await until(async () => ((await scheduled()) as Record<string, unknown[]>)[TS]!.length === 1, 'the ETA');
    expect(await inspect(`query_task('${held.id}', '${later.id}')`, TS)).toEqual({
      [TS]: {
        [held.id]: ['active', expect.objectContaining({ name: 'ts.hold' })],
      },
    });
    await cluster.py(`app.control.revoke(['${held.id}', '${later.id}'], terminate=True)`);
    await expect(held.get({ timeout: 120 })).rejects.toMatchObject({ name: 'TaskRevokedError' });
    expect(((await inspect('revoked()', TS)) as Record<string, string[]>)[TS]).toEqual(
      expect.arrayContaining([held.id]),
    );
  });

  it("Python's control changes our worker: rates, time limits, pool, queues, events", async () => {
    const command = (call: string): Promise<unknown> =>
      cluster.py(
        `result = app.control.${call.replace(/\)$/, `, destination=['${TS}'], reply=True, timeout=20, limit=1)`)}`,
      );
    expect(await command("rate_limit('ts.add', '100/s')")).toEqual([
      { [TS]: { ok: 'new rate limit set successfully' } },
    ]);
    expect(await command("rate_limit('ts.add', 0)")).toEqual([{ [TS]: { ok: expect.any(String) } }]);
    expect(await command("time_limit('ts.add', soft=10, hard=20)")).toEqual([
      { [TS]: { ok: 'time limits set successfully' } },
    ]);
    expect(await command('pool_grow(2)')).toEqual([{ [TS]: { ok: expect.any(String) } }]);
    expect(await command('pool_shrink(2)')).toEqual([{ [TS]: { ok: expect.any(String) } }]);
    expect(await command("add_consumer('more')")).toEqual([{ [TS]: { ok: 'add consumer more' } }]);
    expect(await cluster.py("result = app.send_task('ts.add', (4, 5), queue='more').get(timeout=60)")).toBe(9);
    expect(await command("cancel_consumer('more')")).toEqual([{ [TS]: { ok: 'no longer consuming from more' } }]);
    expect(
      await cluster.py(`result = app.control.enable_events(destination=['${TS}'], reply=True, timeout=20, limit=1)`),
    ).toEqual([{ [TS]: { ok: 'task events enabled' } }]);
    expect(await command("rate_limit('ts.nowhere', '1/s')")).toEqual([{ [TS]: { error: 'unknown task' } }]);
  });

  it('the celery command lists both workers: status, inspect ping', async () => {
    const status = await cluster.celery('status', '--timeout', '60', '-d', `${PY},${TS}`);
    expect(status.code).toBe(0);
    expect(status.stdout).toMatch(/ts@interop: OK/);
    expect(status.stdout).toMatch(/py@interop: OK/);
    expect(status.stdout).toMatch(/2 nodes online/);
    const ping = await cluster.celery('inspect', 'ping', '--timeout', '60', '-d', TS, '--json');
    expect(JSON.parse(ping.stdout)).toEqual({ [TS]: { ok: 'pong' } });
  });

  it('our inspect reads the Python worker', async () => {
    const look = app.control.inspect({ destination: [PY], timeout: 60, limit: 1 });
    expect(await look.ping()).toEqual({ [PY]: { ok: 'pong' } });
    expect((await look.registered())?.[PY]).toEqual(expect.arrayContaining(['py.add', 'py.retry']));
    expect((await look.registered('rate_limit'))?.[PY]).toEqual(expect.arrayContaining(['py.add']));
    expect((await look.stats())?.[PY]).toMatchObject({
      pool: { 'max-concurrency': 2 },
      broker: { transport: 'redis' },
    });
    expect((await look.activeQueues())?.[PY]).toMatchObject([{ name: 'py' }]);
    expect((await look.conf())?.[PY]).toMatchObject({ task_track_started: true });
    const slept = await app.sendTask('py.sleep', [300], {}, { queue: 'py' });
    const active = await until(async () => {
      const found = (await look.active())?.[PY];
      return found?.length ? found : null;
    }, 'the task of Python');
    expect(active).toMatchObject([{ id: slept.id, name: 'py.sleep', args: [300], hostname: PY }]);
    const later = await app.sendTask('py.add', [1, 1], {}, { queue: 'py', countdown: 300 });
    await until(async () => (await look.scheduled())?.[PY]?.length === 1, 'the ETA');
    expect((await look.scheduled())?.[PY]).toMatchObject([{ request: { id: later.id } }]);
    await later.revoke();
    await until(async () => (await look.revoked())?.[PY]?.includes(later.id), 'the revoke');
    expect(await look.ping()).toEqual({ [PY]: { ok: 'pong' } });
  });

  it('our control changes the Python worker', async () => {
    const options = { destination: [PY], reply: true, timeout: 60, limit: 1 };
    const send = (command: string, args: Record<string, unknown>): Promise<unknown> =>
      app.control.broadcast(command, { ...options, arguments: args });
    expect(await send('rate_limit', { task_name: 'py.add', rate_limit: '100/s' })).toEqual([
      { [PY]: { ok: 'new rate limit set successfully' } },
    ]);
    expect(await send('add_consumer', { queue: 'more-py' })).toEqual([{ [PY]: { ok: 'add consumer more-py' } }]);
    const sum = await app.sendTask('py.add', [4, 5], {}, { queue: 'more-py' });
    expect(await sum.get({ timeout: 120 })).toBe(9);
    expect(await send('cancel_consumer', { queue: 'more-py' })).toEqual([
      { [PY]: { ok: 'no longer consuming from more-py' } },
    ]);
    expect(await send('enable_events', {})).toEqual([{ [PY]: { ok: 'task events enabled' } }]);
  });

  it('the umbel command lists both workers: status, inspect as JSON and as tables', async () => {
    const run = (...args: string[]) => umbel(['-b', cluster.redis.url(), ...args], { cwd: cluster.redis.folder });
    const [status, stats, registered] = await Promise.all([
      run('status', '--timeout', '10', '-d', `${PY},${TS}`, '--json'),
      run('inspect', 'stats', '--timeout', '10', '-d', PY, '--json'),
      run('inspect', 'registered', '--timeout', '10', '-d', PY),
    ]);
    expect(status.stdout).toContain(PY);
    expect(status.stdout).toContain(TS);
    expect(stats.stdout).toContain('max-concurrency');
    expect(JSON.parse(stats.stdout)).toBeTruthy();
    expect(registered.stdout).toContain('py.retry');
    expect([status.code, stats.code, registered.code]).toEqual([0, 0, 0]);
  });

  it('events of each are read by the event command of the other', async () => {
    const [enabled, dump] = [cluster.py('app.control.enable_events(reply=True, timeout=20, limit=2)'), cluster.dump()];
    await enabled;
    await using watched = startUmbel(['-b', cluster.redis.url(), 'events', '--dump'], { cwd: cluster.redis.folder });
    const heard = async (): Promise<boolean> => {
      for (const [name, queue] of [
        ['ts.add', 'ts'],
        ['py.add', 'py'],
      ] as const) {
        await (await app.sendTask(name, [1, 1], {}, { queue })).get({ timeout: 120 });
      }
      return [dump.output(), watched.stdout()].every((text) =>
        [
          /ts@interop[^\n]*task (received|started)[^\n]*ts\.add/i,
          /py@interop[^\n]*task (received|started)[^\n]*py\.add/i,
        ].every((line) => line.test(text)),
      );
    };
    await until(heard, 'both to tell of both', { everyMs: 200 }).catch((error: unknown) => {
      throw new Error(`${error}\n--- celery events\n${dump.output()}\n--- umbel events\n${watched.stdout()}`);
    });
  });

  it('what one kind of worker holds as revoked the other learns when it starts', async () => {
    await cluster.py(`app.control.revoke('never-1', destination=['${PY}'], reply=True, timeout=20, limit=1)`);
    const late = await cluster.ours(cluster.app({ task_default_queue: 'late' }), { hostname: 'late@interop' });
    const revoked = async (): Promise<string[]> =>
      (await app.control.inspect({ destination: ['late@interop'], timeout: 60, limit: 1 }).revoked())?.[
        'late@interop'
      ] ?? [];
    await until(async () => (await revoked()).includes('never-1'), 'the revoke to be learnt');
    await late.stop('cold');

    await app.control.revoke('never-2', { destination: [TS], reply: true });
    // Celery asks its neighbours once, and gives them a second: on a busy machine the first may have asked in vain.
    let n = 0;
    await until(async () => {
      const name = `late-py${++n}@interop`;
      const worker = await cluster.worker(name, ['-P', 'solo', '-Q', 'late']);
      const known = ((await inspect('revoked()', name)) as Record<string, string[]>)[name] ?? [];
      if (known.includes('never-1') && known.includes('never-2')) return true;
      await worker.stop();
      return false;
    }, 'the revokes to be learnt');
  });

  it('the workers know of each other by gossip and mingle, and neither log has an error', async () => {
    await until(() => /sync with ts@interop/.test(theirs.output()), 'theirs to have met ours');
    await until(
      () => /sync with py@interop|mingle: sync with 1 nodes/.test(ours.lines.join('\n')),
      'ours to have met theirs',
    );
    expect(theirs.output()).not.toMatch(/ERROR|CRITICAL|Traceback/);
    // That one it was asked for.
    const errors = ours.lines.filter((line) => /ERROR|CRITICAL/.test(line) && !line.includes('ts.nowhere'));
    expect(errors).toEqual([]);
  });
});
