// The umbel command line, every command of `inspect` and `control`, on a cluster of both kinds: it says what the celery command says,
// in tables that can be read. Its code runs within this process, which spares one each; as processes: control.test.ts.
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { Celery } from '../../server/app/celery.ts';
import { main } from '../../server/cli/program.ts';
import { COMMANDS } from '../../server/control/commands.ts';
import { decodeJson } from '../../server/serialization/json.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { startUmbel } from '../support/umbel.ts';
import { until } from '../support/until.ts';
import { type Cluster, type PythonWorker, startCluster } from './python.ts';

const PY = 'py@interop';
const TS = 'ts@interop';
const BOTH = ['-d', `${PY},${TS}`, '-t', '10'];
const WIDTH = 110;

describeNeedsPythonOnRedis('the umbel command on a cluster of both kinds', () => {
  let cluster: Cluster;
  let app: Celery;
  let theirs: PythonWorker;

  const umbel = async (...words: string[]) => {
    const said = { stdout: '', stderr: '' };
    const hear = (stream: 'stdout' | 'stderr') =>
      vi.spyOn(process[stream], 'write').mockImplementation((text) => {
        said[stream] += String(text);
        return true;
      });
    const spies = [hear('stdout'), hear('stderr')];
    try {
      const code = await main(['-b', cluster.redis.url(), ...words]);
      return { code, ...said };
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  };
  const json = async (...words: string[]): Promise<Record<string, any>> => {
    const ended = await umbel(...words, ...BOTH, '--json');
    expect(ended, words.join(' ')).toMatchObject({ code: 0, stderr: '' });
    const replies = decodeJson(ended.stdout) as Record<string, any>;
    // As Celery's: a list for control, one object for inspect.
    expect(Array.isArray(replies), words.join(' ')).toBe(words[0] === 'control');
    return Array.isArray(replies) ? Object.assign({}, ...replies) : replies;
  };
  const celery = async (...words: string[]): Promise<Record<string, any>> => {
    const call = `proj_control.run(*${JSON.stringify([...words, ...BOTH, '--json'])})`;
    const ended = (await cluster.py(`import proj_control; result = ${call}`)) as { stdout: string };
    const parsed = decodeJson(ended.stdout) as Record<string, unknown> | Record<string, unknown>[];
    return Array.isArray(parsed) ? Object.assign({}, ...parsed) : parsed;
  };

  beforeAll(async () => {
    cluster = await startCluster();
    vi.stubEnv('COLUMNS', String(WIDTH));
    theirs = await cluster.worker(PY, ['-P', 'prefork', '-c', '1', '-Q', 'py', '--prefetch-multiplier', '4']);
    app = cluster.app({ task_default_queue: 'ts' });
    app.task({ name: 'ts.add' }, (x: number, y: number) => x + y);
    app.task({ name: 'ts.sleep', bind: true }, async function () {
      await new Promise((_, reject) => this.signal.addEventListener('abort', () => reject(this.signal.reason)));
    });
    await cluster.ours(app, { hostname: TS, concurrency: 1, prefetchMultiplier: 4 });
    for (const node of ['py', 'ts']) {
      const send = (what: string, name: string, args: unknown[], options = {}) =>
        app.sendTask(`${node}.${name}`, args, {}, { queue: node, task_id: `${node}-${what}`, ...options });
      const look = app.control.inspect({ timeout: 20, limit: 1, destination: [`${node}@interop`] });
      await send('active', 'sleep', [60]);
      await until(async () => Object.values((await look.active()) ?? {})[0]?.length, 'it to run');
      await send('reserved', 'add', ['x'.repeat(300), { žluť: [1, 2, null] }]);
      await send('scheduled', 'add', [1, 2], { countdown: 300 });
      await until(async () => Object.values((await look.scheduled()) ?? {})[0]?.length, 'it to be held');
    }
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(async () => {
    vi.unstubAllEnvs();
    await cluster[Symbol.asyncDispose]();
  });

  it('inspect says with --json what the celery command says, for both kinds', async () => {
    for (const words of [
      ['ping'],
      ['active'],
      ['reserved'],
      ['scheduled'],
      ['revoked'],
      ['registered'],
      ['registered', 'max_retries', 'rate_limit'],
      ['active_queues'],
      ['query_task', 'py-active', 'ts-active', 'ts-reserved', 'nowhere'],
      ['conf'],
      ['conf', 'true'],
      ['report'],
    ]) {
      const [ours, theirs_] = [await json('inspect', ...words), await celery('inspect', ...words)];
      // JSON has no Infinity; Python writes it all the same.
      const finite = JSON.parse(JSON.stringify(theirs_));
      expect(ours, words.join(' ')).toEqual(finite);
      expect(Object.keys(ours).sort()).toEqual([PY, TS]);
    }
    const stats = await json('inspect', 'stats');
    expect(stats[PY]).toMatchObject({ pool: { 'max-concurrency': 1 }, total: { 'py.sleep': 1 } });
  });

  it('every inspect command is a table of both nodes as wide as the page, without colour', async () => {
    const args: Record<string, string[]> = { query_task: ['py-active', 'ts-reserved'], hello: ['me@here'] };
    for (const command of COMMANDS.filter(({ kind, name }) => kind === 'inspect' && name !== 'objgraph')) {
      const ended = await umbel('inspect', command.name, ...(args[command.name] ?? []), ...BOTH);
      expect(ended, command.name).toMatchObject({ code: 0, stderr: '' });
      const lines = ended.stdout.split('\n');
      expect(ended.stdout, command.name).toMatch(/\n\n2 nodes online\.\n$/);
      for (const node of [PY, TS]) expect(ended.stdout, command.name).toContain(node);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
      expect(ended.stdout, command.name).not.toMatch(/\[object|undefined|NaN|\u001b/);
      for (const line of lines)
        if (command.name !== 'report') expect([...line].length, line).toBeLessThanOrEqual(WIDTH);
    }
    const { stdout } = await umbel('inspect', 'reserved', ...BOTH);
    const row = stdout.split('\n').find((line) => line.includes('py-reserved'))!;
    expect(row).toMatch(/^py@interop {2}py-reserved {2}py\.add {2}"xxxxx+…$/);
    expect(row).toHaveLength(WIDTH);
    const active = (await umbel('inspect', 'active', ...BOTH)).stdout.split('\n');
    expect(active[0]).toMatch(/^NODE {8}ID {9}NAME {6}RUNS FOR {2}ARGS$/);
    expect(active[1]).toMatch(/^py@interop {2}py-active {2}py\.sleep {2}\S+ m?s +60$/);
  });

  it('control revoke and terminate reach the tasks of both', async () => {
    await json('control', 'revoke', 'py-reserved', 'ts-reserved');
    await json('control', 'terminate', 'KILL', 'py-active', 'ts-active');
    for (const id of ['py-active', 'ts-active', 'py-reserved', 'ts-reserved']) {
      await expect(app.AsyncResult(id).get({ timeout: 120 }), id).rejects.toMatchObject({ name: 'TaskRevokedError' });
    }
    const revoked = await json('inspect', 'revoked');
    for (const node of [PY, TS]) expect(revoked[node]).toEqual(expect.arrayContaining(['py-reserved', 'ts-active']));
  });

  it('control changes workers of both kinds, and says which could not', async () => {
    expect(await json('control', 'rate_limit', 'py.add', '7/m')).toEqual({
      [PY]: { ok: 'new rate limit set successfully' },
      [TS]: { error: 'unknown task' },
    });
    expect((await celery('inspect', 'registered'))[PY]).toContain('py.add [rate_limit=7/m]');
    expect(await json('control', 'time_limit', 'py.add', '5', '9.5')).toMatchObject({
      [PY]: { ok: 'time limits set successfully' },
    });
    // Python answers first and does it some time later, in no order.
    const consumed = async (name: string, wanted: boolean) => {
      for (const node of [PY, TS]) {
        await until(
          async () => {
            const queues = (await json('inspect', 'active_queues'))[node] as { name: string }[];
            return queues.some((queue) => queue.name === name) === wanted;
          },
          `${node} ${wanted ? '' : 'not '}to consume ${name}`,
        );
      }
    };
    const added = { ok: 'add consumer more' };
    expect(await json('control', 'add_consumer', 'more', 'more', 'direct', 'more.key')).toEqual({
      [PY]: added,
      [TS]: added,
    });
    await consumed('more', true);
    const cancelled = { ok: 'no longer consuming from more' };
    expect(await json('control', 'cancel_consumer', 'more')).toEqual({ [PY]: cancelled, [TS]: cancelled });
    await consumed('more', false);
    for (const [words, both] of [
      [['enable_events'], { ok: 'task events enabled' }],
      [['disable_events'], { ok: 'task events disabled' }],
      [['heartbeat'], null],
      [['pool_grow', '1'], { ok: 'pool will grow' }],
      [['pool_restart'], { error: "ValueError('Pool restarts not enabled')" }],
      [['autoscale', '4', '1'], { error: "ValueError('Autoscale not enabled')" }],
    ] as const) {
      expect(await json('control', ...words), words.join(' ')).toEqual({ [PY]: both, [TS]: both });
    }
    const table = await umbel('control', 'rate_limit', 'py.add', '0', ...BOTH);
    expect(table.stdout.split('\n')).toEqual([
      'NODE        STATUS  REPLY',
      `${PY}  OK      new rate limit set successfully`,
      `${TS}  ERROR   unknown task`,
      '',
    ]);
  });

  it('a command that Celery 5.2 does not know is told as such, for that worker alone', async () => {
    const { code, stdout } = await umbel('control', 'revoke_by_stamped_headers', 'mark=1', ...BOTH);
    expect(code).toBe(0);
    expect(stdout).toContain(`${PY}  ERROR   unknown command: this worker's Celery has no revoke_by_stamped_headers\n`);
    expect(stdout).toContain(`${TS}  OK      headers {'mark': '1'} flagged as revoked, but not terminated\n`);
  });

  it('--destination and --pattern choose the workers; nobody there is exit code 69', async () => {
    const nodes = async (...words: string[]) =>
      Object.keys(decodeJson((await umbel('inspect', 'ping', '--json', '-t', '10', ...words)).stdout) as object);
    expect(await nodes('-d', PY)).toEqual([PY]);
    // Who might match nobody knows, so that all of the time is waited: the first answer may be later than that.
    const matching = (pattern: string) => () => nodes('-t', '0.5', '--pattern', pattern);
    await expect.poll(matching('py*')).toEqual([PY]);
    await expect.poll(matching('/t[a-z]@interop$/')).toEqual([TS]);
    const nobody = await umbel('status', '--pattern', 'nobody*', '-t', '0.2');
    expect(nobody).toMatchObject({ code: 69, stdout: '' });
    expect(nobody.stderr).toContain('No nodes replied within time constraint');
    expect(await umbel('inspect', 'ping', '-d', 'nobody@interop', '-t', '0.2', '--json')).toMatchObject({
      code: 69,
      stdout: '',
    });
  });

  it('status lists both', async () => {
    const { code, stdout } = await umbel('status', ...BOTH);
    expect(code).toBe(0);
    expect(stdout).toBe(`NODE        STATUS  REPLY\n${PY}  OK      pong\n${TS}  OK      pong\n\n2 nodes online.\n`);
    expect(await json('status')).toEqual({ [PY]: { ok: 'pong' }, [TS]: { ok: 'pong' } });
  });

  it('events prints a line for each event of either, as text and as JSON', async () => {
    await json('control', 'enable_events');
    const cwd = { cwd: cluster.redis.folder };
    await using lines = startUmbel(['-b', cluster.redis.url(), 'events', '--dump'], cwd);
    await using objects = startUmbel(['-b', cluster.redis.url(), 'events', '--json', '--type', 'task-*'], cwd);
    await lines.says('capturing');
    await objects.says('capturing');
    for (const node of ['py', 'ts']) {
      const results = [
        await app.sendTask(`${node}.add`, [2, 3], {}, { queue: node, task_id: `${node}-good` }),
        await app.sendTask(`${node}.nowhere`, [], {}, { queue: node, task_id: `${node}-bad` }),
      ];
      expect(await results[0]!.get({ timeout: 120 })).toBe(5);
      await expect(results[1]!.get({ timeout: 120 })).rejects.toMatchObject({ name: 'NotRegistered' });
    }
    const stamp = '\\[\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3}\\]';
    for (const [node, name] of [
      [PY, 'py'],
      [TS, 'ts'],
    ]) {
      for (const line of [
        `heartbeat freq=2 active=\\d processed=\\d`,
        `task received: ${name}\\.add\\(${name}-good\\) args=\\S.* kwargs=\\{\\}`,
        `task started: ${name}\\.add\\(${name}-good\\)`,
        `task succeeded: ${name}\\.add\\(${name}-good\\) result=5 runtime=\\d`,
        `task failed: .*\\(${name}-bad\\) exception=NotRegistered\\('${name}\\.nowhere'\\)`,
      ]) {
        await lines.says(new RegExp(`^${node} ${stamp} ${line}`, 'm'));
      }
    }
    // Whole lines only: the last one may be on its way. A task that cannot run may fail before the one before it has ended.
    const read = () =>
      objects
        .stdout()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { uuid: string; type: string });
    const ends = ['py-good', 'py-bad', 'ts-good', 'ts-bad'];
    const hasEnded = (id: string) => read().some(({ uuid, type }) => uuid === id && /succeeded|failed/.test(type));
    await until(() => ends.every(hasEnded), 'the last objects');
    const events = read();
    const types = (id: string) => events.filter(({ uuid }) => uuid === id).map(({ type }) => type);
    for (const name of ['py', 'ts']) {
      expect(types(`${name}-good`)).toEqual(['task-received', 'task-started', 'task-succeeded']);
      expect(types(`${name}-bad`)).toEqual(['task-failed']);
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
    expect(lines.stdout()).not.toMatch(/\[object|undefined|\u001b/);
  });

  it('control shutdown stops a Python worker, warm', async () => {
    const ended = await umbel('control', 'shutdown', '-d', PY, '-t', '0.5');
    expect(ended).toMatchObject({ code: 0, stdout: '' });
    expect(ended.stderr).toContain('shutdown sent');
    expect(await theirs.stop()).toBe(0);
    expect(theirs.output()).toMatch(/Got shutdown from remote/);
  });
});
