// The celery command line, every command of `inspect` and `control`, asked of a Python worker and of ours at once: the answers have one
// form. Its click commands run within the Python client (proj_control.py), which spares a process each; as processes: control.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Celery } from '../../server/app/celery.ts';
import type { AsyncResult } from '../../server/results/async-result.ts';
import { decodeJson } from '../../server/serialization/json.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { type Cluster, type PythonWorker, startCluster } from './python.ts';

const PY = 'py@interop';
const TS = 'ts@interop';
const BOTH = ['-d', `${PY},${TS}`, '-t', '10'];
const ARGS = ['žluť', 1.5, null, { deep: [true] }];

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The kinds of a value, all the way down; a list by its first element. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length > 0 ? [shape(value[0])] : [];
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)]));
}

describeNeedsPythonOnRedis('the celery command on a cluster of both kinds', () => {
  let cluster: Cluster;
  let app: Celery;
  let ours: Awaited<ReturnType<Cluster['ours']>>;
  let theirs: PythonWorker;
  /** Errors both logs may have: those that were asked for. */
  const expected = /unknown task|not enabled|ValueError|TypeError|Requires the objgraph|KeyError/;

  const celery = (...words: string[]): Promise<Ended> =>
    cluster.py(`import proj_control; result = proj_control.run(*${JSON.stringify(words)})`) as Promise<Ended>;
  /** Both answers to one command, as --json gives them. */
  const both = async (...words: string[]): Promise<[py: any, ts: any]> => {
    const ended = await celery(...words, ...BOTH, '--json');
    expect(ended, words.join(' ')).toMatchObject({ code: 0 });
    const parsed = decodeJson(ended.stdout) as Record<string, unknown> | Record<string, unknown>[];
    const byNode = Array.isArray(parsed) ? Object.assign({}, ...parsed) : parsed;
    expect(Object.keys(byNode).sort(), words.join(' ')).toEqual([PY, TS]);
    return [byNode[PY], byNode[TS]];
  };
  /** Both answers as people read them: '->  node: OK', and what is indented below. */
  const received = async (...words: string[]): Promise<[py: string, ts: string]> => {
    const ended = await celery(...words, ...BOTH);
    expect(ended, words.join(' ')).toMatchObject({ code: 0, stderr: '' });
    const parts = ended.stdout.split(/^-> {2}(?=\S)/m).slice(1);
    const of = (node: string) => parts.find((part) => part.startsWith(`${node}: `))!.slice(node.length + 2);
    return [of(PY), of(TS)].map((text) => text.replace(/\n\n\d+ nodes online\.\n$/, '\n')) as [string, string];
  };

  beforeAll(async () => {
    cluster = await startCluster();
    theirs = await cluster.worker(PY, ['-P', 'prefork', '-c', '1', '-Q', 'py', '--prefetch-multiplier', '4']);
    app = cluster.app({ task_default_queue: 'ts' });
    app.task({ name: 'ts.add', rate_limit: '600/s' }, (x: number, y: number) => x + y);
    app.task({ name: 'ts.sleep', bind: true }, async function () {
      await new Promise((_, reject) => this.signal.addEventListener('abort', () => reject(this.signal.reason)));
    });
    ours = await cluster.ours(app, { hostname: TS, concurrency: 1, prefetchMultiplier: 4 });
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  it('inspect ping, clock, registered, revoked, reserved, active, scheduled: alike while nothing runs', async () => {
    for (const words of [['ping'], ['reserved'], ['active'], ['scheduled'], ['revoked'], ['query_task', 'x', 'y']]) {
      const [py, ts] = await both('inspect', ...words);
      expect(ts, words.join(' ')).toEqual(py);
      const [pyText, tsText] = await received('inspect', ...words);
      expect(tsText, words.join(' ')).toBe(pyText);
    }
    const [pyClock, tsClock] = await both('inspect', 'clock');
    expect(shape(tsClock)).toEqual(shape(pyClock));
    const [pyNames, tsNames] = await both('inspect', 'registered');
    expect(pyNames).toContain('py.add');
    expect(tsNames).toEqual(['ts.add [rate_limit=600/s]', 'ts.sleep']);
    const [, tsItems] = await both('inspect', 'registered', 'max_retries', 'rate_limit', 'nothing');
    expect(tsItems).toEqual(['ts.add [max_retries=3 rate_limit=600/s]', 'ts.sleep [max_retries=3]']);
  });

  it('inspect active_queues: the same fields of each queue', async () => {
    const [py, ts] = await both('inspect', 'active_queues');
    expect(JSON.stringify(ts)).toBe(JSON.stringify(py).replaceAll('"py"', '"ts"'));
  });

  it('inspect stats: the same figures; of the pool, those its kind has', async () => {
    const [py, ts] = await both('inspect', 'stats');
    // Kombu has it since 5.5.
    const { credential_provider, ...broker } = ts.broker;
    // Ours alone: how late the event loop runs.
    const { loop_delay, ...figures } = ts;
    expect(loop_delay).toMatchObject({ recent: expect.any(Number), last: null });
    expect(credential_provider).toBeNull();
    expect(shape({ ...figures, broker, pool: 0, total: 0 })).toEqual(shape({ ...py, pool: 0, total: 0 }));
    expect({ ...broker, heartbeat: 0 }).toEqual({ ...py.broker, heartbeat: 0 });
    // A prefork pool has pipes to write to; ours says how much runs.
    const { writes: _, ...pyPool } = py.pool;
    const { implementation, 'running-tasks': running, ...tsPool } = ts.pool;
    expect({ implementation, running }).toEqual({ implementation: 'umbel:async', running: 0 });
    expect(shape(tsPool)).toEqual(shape(pyPool));
  });

  it('inspect conf, with and without defaults: a setting of both is of one kind, secrets masked alike', async () => {
    const [pySet, tsSet] = await both('inspect', 'conf');
    expect(pySet.broker_url).toBe(tsSet.broker_url);
    expect(tsSet.task_default_queue).toBe('ts');
    for (const word of ['true', 'yes', '1']) {
      const [, ts] = await both('inspect', 'conf', word);
      expect(ts.task_acks_late, word).toBe(false);
    }
    const [py, ts] = await both('inspect', 'conf', 'true');
    // Only a warning of Celery's about old names.
    expect(Object.keys(py).filter((key) => !(key in ts))).toEqual(['deprecated_settings']);
    // The two apps, the two pools, and a time span, which has no kind of its own here.
    const differing = Object.keys(py).filter((key) => key in ts && JSON.stringify(py[key]) !== JSON.stringify(ts[key]));
    expect(differing.sort()).toEqual([
      'broker_connection_retry_on_startup',
      'include',
      'result_expires',
      'task_default_queue',
      'worker_hijack_root_logger',
      'worker_pool',
      'worker_proc_alive_timeout',
    ]);
    expect(Object.keys(ts).filter((key) => ts[key] === '********')).toEqual(
      expect.arrayContaining(Object.keys(py).filter((key) => py[key] === '********')),
    );
  });

  it('inspect report, memsample, memdump, objgraph: a text each, of this software', async () => {
    const [pyReport, tsReport] = await both('inspect', 'report');
    expect(pyReport.ok).toMatch(/^\nsoftware -> celery:5\.2/);
    expect(tsReport.ok).toMatch(/^\nsoftware -> umbel:\S+ node:\S+ v8:\S+\nplatform -> system:\S+ arch:\S+/);
    const [, report] = await received('inspect', 'report');
    expect(report).toMatch(/^OK\n {8}\n {8}software -> umbel/);
    // Python's needs psutil, which is not there: it answers null.
    const [, sample] = await both('inspect', 'memsample');
    expect(sample).toMatch(/^\d+\.?\d*MB$/);
    const [pyDump, tsDump] = await both('inspect', 'memdump', '3');
    expect(pyDump).toMatch(/^- rss.*\n$/);
    expect(tsDump).toMatch(/^- rss \(sample 1\): .*MB\.\n- rss \(end\): .*MB\.\n$/);
  });

  describe('with a task running, one reserved, one scheduled and one revoked on each', () => {
    const sent: Record<string, AsyncResult> = {};
    beforeAll(async () => {
      for (const [node, queue] of [
        ['py', 'py'],
        ['ts', 'ts'],
      ] as const) {
        const send = (what: string, name: string, args: unknown[], options = {}) =>
          app
            .sendTask(`${node}.${name}`, args, {}, { queue, task_id: `${node}-${what}`, ...options })
            .then((result) => {
              sent[`${node}-${what}`] = result;
            });
        await send('active', 'sleep', node === 'py' ? [60] : [60]);
        await until(
          async () =>
            (await app.control.inspect({ timeout: 20, limit: 1, destination: [`${node}@interop`] }).active())?.[
              `${node}@interop`
            ]?.length,
          'it to run',
        );
        await send('reserved', 'add', ARGS);
        await send('scheduled', 'add', [1, 2], { countdown: 300, priority: 3 });
        await until(async () => {
          const look = app.control.inspect({ timeout: 20, limit: 1, destination: [`${node}@interop`] });
          const [reserved, scheduled] = [await look.reserved(), await look.scheduled()];
          return (
            reserved?.[`${node}@interop`]?.some((one) => one.id === `${node}-reserved`) &&
            scheduled?.[`${node}@interop`]?.length === 1
          );
        }, 'both to be held');
      }
    });

    /** As text, in the order of its keys; what is of the node itself made equal. */
    const alike = (value: unknown): string =>
      JSON.stringify(
        value,
        (key, inner) => {
          if (key === 'time_start' || key === 'worker_pid') return inner === null ? null : typeof inner;
          // Kombu 5.2 leaves it open, 5.6 says false.
          if (key === 'redelivered') return inner ?? false;
          if (key === 'eta') return String(inner).replace(/\d+/g, '9');
          return inner;
        },
        1,
      ).replace(/\bpy\b/g, 'ts');

    it('inspect active, reserved, scheduled, query_task: the same values, but for ids, names and times', async () => {
      const [pyActive, tsActive] = await both('inspect', 'active');
      expect(alike(tsActive)).toBe(alike(pyActive));
      const only = (list: { id: string }[]) => list.filter(({ id }) => id.endsWith('-reserved'));
      const [pyReserved, tsReserved] = await both('inspect', 'reserved');
      expect(alike(only(tsReserved))).toBe(alike(only(pyReserved)));
      expect(tsReserved[0].args).toEqual(ARGS);
      const [pyScheduled, tsScheduled] = await both('inspect', 'scheduled');
      expect(alike(tsScheduled)).toBe(alike(pyScheduled));
      const ids = ['py-active', 'ts-active', 'py-reserved', 'ts-reserved', 'ts-scheduled', 'nowhere'];
      const [pyQuery, tsQuery] = await both('inspect', 'query_task', ...ids);
      expect(alike(tsQuery)).toBe(alike(pyQuery));
      expect(Object.keys(tsQuery)).toEqual(['ts-active', 'ts-reserved']);
      for (const word of ['active', 'reserved', 'scheduled']) {
        const [py, ts] = await received('inspect', word);
        expect(ts.split('\n').length, word).toBe(py.split('\n').length);
        expect(ts, word).toMatch(/^OK\n {4}\* \{'/);
      }
    });

    it('control revoke and terminate: what is held never runs, what runs is stopped', async () => {
      const [py, ts] = await both('control', 'revoke', 'py-reserved', 'ts-reserved');
      // Celery 5.2 wrote a plain list, 5.6 writes a set.
      expect(py.ok).toMatch(/^tasks \S+, \S+ flagged as revoked$/);
      expect(ts).toEqual({ ok: "tasks {'py-reserved', 'ts-reserved'} flagged as revoked" });
      const [pyKilled, tsKilled] = await both('control', 'terminate', 'KILL', 'py-active', 'ts-active');
      expect(pyKilled).toEqual({ ok: 'terminate: py-active' });
      expect(tsKilled.ok).toMatch(/^terminate: ts-active\b/);
      const [pyNone, tsNone] = await both('control', 'terminate', 'TERM', 'nobody');
      expect(tsNone).toEqual(pyNone);
      const [pyRevoked, tsRevoked] = await both('inspect', 'revoked');
      expect([...tsRevoked].sort()).toEqual([...pyRevoked].sort());
      for (const id of ['py-active', 'ts-active', 'py-reserved', 'ts-reserved']) {
        await expect(sent[id]!.get({ timeout: 120 }), id).rejects.toMatchObject({ name: 'TaskRevokedError' });
      }
    });
  });

  it('control: every other command is answered in the same words', async () => {
    const same: string[][] = [
      ['enable_events'],
      ['enable_events'],
      ['disable_events'],
      ['disable_events'],
      ['heartbeat'],
      ['add_consumer', 'more', 'more', 'direct', 'more.key'],
      ['add_consumer', 'plain'],
      ['cancel_consumer', 'more'],
      ['cancel_consumer', 'plain'],
      ['cancel_consumer', 'never-was'],
      ['pool_grow'],
      ['pool_shrink'],
      ['pool_restart'],
      ['autoscale', '4', '1'],
      ['rate_limit', 'nobody.task', '1/s'],
      ['rate_limit', 'nobody.task', 'bogus'],
      ['time_limit', 'nobody.task', '1', '2'],
      ['election'],
    ];
    for (const words of same) {
      const [py, ts] = await both('control', ...words);
      expect(ts, words.join(' ')).toEqual(py);
      const [pyText, tsText] = await received('control', ...words);
      expect(tsText, words.join(' ')).toBe(pyText);
    }
    for (const words of [
      ['rate_limit', '%.add', '100/m'],
      ['rate_limit', '%.add', '0'],
      ['time_limit', '%.add', '5', '10'],
      ['time_limit', '%.add', '5'],
    ]) {
      const of = async (node: string) => {
        const name = node.slice(0, 2);
        const ended = await celery('control', ...words.map((word) => word.replace('%', name)), '-d', node, '-t', '10');
        return ended.stdout.replaceAll(node, 'node');
      };
      expect(await of(TS), words.join(' ')).toBe(await of(PY));
    }
  });

  it('what was told holds: a queue of its own key is served, a rate limit shows', async () => {
    const added = await celery(
      'control',
      'add_consumer',
      'extra',
      'extra',
      'direct',
      'extra.key',
      '-d',
      TS,
      '-t',
      '10',
    );
    expect(added.stdout).toContain('add consumer extra');
    expect(
      await cluster.py(
        "result = app.send_task('ts.add', (4, 5), exchange='extra', routing_key='extra.key').get(timeout=10)",
      ),
    ).toBe(9);
    const queues = JSON.parse((await celery('inspect', 'active_queues', '-d', TS, '-t', '10', '--json')).stdout)[TS];
    expect(queues.map(({ name }: { name: string }) => name)).toEqual(['ts', 'extra']);
    await celery('control', 'rate_limit', 'ts.add', '7/m', '-d', TS, '-t', '10');
    const names = JSON.parse((await celery('inspect', 'registered', '-d', TS, '-t', '10', '--json')).stdout)[TS];
    expect(names).toContain('ts.add [rate_limit=7/m]');
    await celery('control', 'rate_limit', 'ts.add', '0', '-d', TS, '-t', '10');
  });

  it('exit codes: 69 when nobody answers, 0 otherwise; status lists all', async () => {
    expect(await celery('inspect', 'ping', '-d', 'nobody@interop', '-t', '0.2')).toMatchObject({
      code: 69,
      stderr: 'Error: No nodes replied within time constraint\n',
    });
    expect(await celery('control', 'heartbeat', '-d', 'nobody@interop', '-t', '0.2')).toMatchObject({ code: 69 });
    const status = await celery('status', ...BOTH);
    expect(status.code).toBe(0);
    expect(status.stdout.trim().split('\n').sort()).toEqual([
      '',
      '->  py@interop: OK',
      '->  ts@interop: OK',
      '2 nodes online.',
    ]);
    const json = await celery('status', ...BOTH, '--json');
    expect(json.stdout).toContain('{"ok": "pong"}');
  });

  it('purge, call, result and report of the celery command work on our side too', async () => {
    await celery('control', 'cancel_consumer', 'extra', '-d', TS, '-t', '10');
    const called = await celery('call', 'ts.add', '--args', '[2, 3]', '--queue', 'ts');
    expect(called.code).toBe(0);
    const id = called.stdout.trim();
    const result = await celery('result', id);
    expect(result).toMatchObject({ code: 0, stdout: '5\n' });
    await app.sendTask('py.add', [1, 1], {}, { queue: 'celery' });
    const purged = await celery('purge', '-f');
    expect(purged.stdout).toMatch(/Purged 1 message from \d known task queues?\./);
  });

  it('shutdown stops each kind of worker, warm', async () => {
    const ended = await celery('control', 'shutdown', '-d', TS, '-t', '0.5');
    expect(ended.code).toBe(69);
    await ours.done;
    expect((await ours.done).exitCode).toBe(0);
    expect(ours.lines.filter((line) => /ERROR|CRITICAL/.test(line) && !expected.test(line))).toEqual([]);
    expect(
      theirs
        .output()
        .split('\n')
        .filter((line) => /(ERROR|CRITICAL)\//.test(line) && !expected.test(line)),
    ).toEqual([]);
  });
});
