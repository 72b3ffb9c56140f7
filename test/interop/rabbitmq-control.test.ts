// Remote control, events, mingle and gossip between Python's Celery and this package on one RabbitMQ, by both command lines. Every
// command and its answer, on Redis: control-celery.test.ts, control-umbel.test.ts. Tasks: rabbitmq.test.ts.
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Celery } from '../../server/app/celery.ts';
import { main } from '../../server/cli/program.ts';
import { createDashboard } from '../../server/dashboard/dashboard.ts';
import { silentLogger } from '../../server/log.ts';
import { decodeJson } from '../../server/serialization/json.ts';
import { replayFlower } from '../support/flower-replay.ts';
import { hasPythonOnRedis } from '../support/needs.ts';
import { startListening } from '../support/python-dashboard.ts';
import { hasRabbit, sharedRabbit } from '../support/rabbitmq-server.ts';
import { until } from '../support/until.ts';
import { type Cluster, type PythonWorker, startCluster } from './python.ts';

const PY = 'py@interop';
const TS = 'ts@interop';
const BOTH = ['-d', `${PY},${TS}`, '-t', '10'];

/** The command in this process, and what it said. */
async function command(...words: string[]): Promise<{ readonly code: number; readonly said: string }> {
  let said = '';
  const hear = (stream: 'stdout' | 'stderr') =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      said += String(text);
      return true;
    });
  const spies = [hear('stdout'), hear('stderr')];
  const code = await main(words).finally(() => {
    for (const spy of spies) spy.mockRestore();
  });
  return { code, said };
}

describe.runIf(hasPythonOnRedis && hasRabbit)('remote control, events and gossip of both kinds on RabbitMQ', () => {
  let broker = '';
  let cluster: Cluster;
  let app: Celery;
  let theirs: PythonWorker;
  let ours: Awaited<ReturnType<Cluster['ours']>>;
  /** What both workers answer, by the one command line and by the other. */
  const umbel = async (...words: string[]): Promise<Record<string, any>> => {
    const { code, said } = await command('-b', broker, ...words, ...BOTH, '--json');
    expect({ code, words, said }).toMatchObject({ code: 0 });
    const replies = decodeJson(said) as Record<string, any>;
    return Array.isArray(replies) ? Object.assign({}, ...replies) : replies;
  };
  const celery = async (...words: string[]): Promise<Record<string, any>> => {
    const call = `proj_control.run(*${JSON.stringify([...words, ...BOTH, '--json'])})`;
    const ended = (await cluster.py(`import proj_control; result = ${call}`)) as { stdout: string };
    const parsed = decodeJson(ended.stdout) as Record<string, unknown> | Record<string, unknown>[];
    return Array.isArray(parsed) ? Object.assign({}, ...parsed) : parsed;
  };

  beforeAll(async () => {
    broker = await (await sharedRabbit()).freshUrl();
    cluster = await startCluster({}, broker);
    theirs = await cluster.worker(PY, ['-c', '2', '-Q', 'py', '-E', '--heartbeat-interval', '6']);
    await cluster.py(`app.control.revoke(['gone-1', 'gone-2'], reply=True, timeout=10, limit=1)`);
    app = cluster.app({ task_default_queue: 'ts' });
    app.task({ name: 'ts.add' }, (x: number, y: number) => x + y);
    app.task({ name: 'ts.fail' }, () => {
      throw new RangeError('boom');
    });
    // It waits a second for answers: on a busy machine there may be none yet.
    const isMet = () => /mingle: sync with 1 nodes/.test(ours.lines.join());
    const options = { hostname: TS, concurrency: 1, taskEvents: true, heartbeatInterval: 6 };
    for (ours = await cluster.ours(app, options); !isMet(); ours = await cluster.ours(app, options)) await ours.stop();
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  it('ours learns at its start what theirs knows, and each hears of the other', async () => {
    expect(ours.lines.join('\n')).toMatch(/mingle: sync with 1 nodes/);
    const revoked = await umbel('inspect', 'revoked');
    expect([revoked[TS].sort(), revoked[PY].sort()]).toEqual([
      ['gone-1', 'gone-2'],
      ['gone-1', 'gone-2'],
    ]);
    await until(() => ours.consumer.gossip!.peers.has(PY), 'theirs to be heard');
    expect(ours.consumer.gossip!.peers.get(PY)).toMatchObject({ sw_ident: 'py-celery' });
  });

  it.each([
    ['of Python', PY, 'py'],
    ['of this package', TS, 'ts'],
  ])("Flower's API answers as documented on this mixed cluster, of the worker %s", async (_whose, worker, queue) => {
    const dashboard = createDashboard(
      {
        ...{ broker, result_backend: cluster.redis.url(), settings: { task_default_queue: queue }, port: 0 },
        ...{ db: `${cluster.redis.folder}/${queue}.db`, inspect_interval: 0.5, inspect_timeout: 5000 },
      },
      { log: silentLogger, pages: null },
    );
    onTestFinished(() => dashboard.close());
    await startListening(dashboard);
    await replayFlower(dashboard, {
      ...{ worker, task: `${queue}.add`, failing: `${queue}.fail`, 'failing args': ['boom'], queue },
    });
  });

  it('both command lines ask and steer both', async () => {
    for (const words of [['ping'], ['registered'], ['active_queues'], ['scheduled'], ['conf']]) {
      const [mine, other] = [await umbel('inspect', ...words), await celery('inspect', ...words)];
      expect(mine, words.join(' ')).toEqual(JSON.parse(JSON.stringify(other)));
      expect(Object.keys(mine).sort()).toEqual([PY, TS]);
    }
    const ok = { [PY]: expect.anything(), [TS]: expect.anything() };
    expect(await umbel('control', 'add_consumer', 'by-umbel')).toEqual(ok);
    expect(await celery('control', 'add_consumer', 'by-celery')).toEqual(ok);
    // Python answers first and does it some time later.
    await until(async () => {
      const queues = await umbel('inspect', 'active_queues');
      const names = (node: string) => queues[node].map((one: { name: string }) => one.name) as string[];
      return [PY, TS].every((node) => ['by-umbel', 'by-celery'].every((name) => names(node).includes(name)));
    }, 'both to consume them');
    expect(await celery('control', 'cancel_consumer', 'by-umbel')).toEqual(ok);
    expect(await umbel('control', 'rate_limit', 'py.add', '5/m')).toMatchObject({ [PY]: { ok: expect.any(String) } });
    expect(await celery('control', 'rate_limit', 'ts.add', '5/m')).toMatchObject({ [TS]: { ok: expect.any(String) } });
  });

  it("Celery's picture of the cluster has our worker and its tasks", async () => {
    await cluster.py('import proj_control; watch = proj_control.Watch()');
    const { id } = await app.sendTask('ts.add', [2, 3]);
    const seen = await until(async () => {
      const task = (await cluster.py(`result = watch.task('${id}') if '${id}' in watch.state.tasks else None`)) as {
        state: string;
        worker: string;
      } | null;
      return task?.state === 'SUCCESS' && task;
    }, 'its success to be heard');
    expect(seen.worker).toBe(TS);
    expect(await cluster.py('result = watch.errors')).toEqual([]);
    expect(await cluster.py(`result = watch.worker('${TS}')['alive']`)).toBe(true);
  });

  it('umbel amqp speaks its verbs, and says what RabbitMQ refuses', async () => {
    const amqp = (...words: string[]) => command('-b', broker, '-C', 'amqp', ...words);
    const ok = { code: 0, said: 'OK.\n' };
    expect(await amqp('exchange.declare', 'desk', 'topic')).toEqual(ok);
    expect(await amqp('queue.declare', 'tray', 'no', 'yes')).toEqual({
      code: 0,
      said: 'queue:tray messages:0 consumers:0\nOK.\n',
    });
    expect(await amqp('queue.bind', 'tray', 'desk', 'in.#')).toEqual(ok);
    expect(await amqp('basic.publish', 'a letter', 'desk', 'in.today')).toEqual(ok);
    // What was taken and not acknowledged goes back when the command ends.
    for (let turn = 0; turn < 2; turn++) {
      const taken = await until(async () => {
        const { said } = await amqp('basic.get', 'tray');
        return said.includes('a letter') && said;
      }, 'the letter');
      expect(taken).toMatch(/exchange: 'desk'[\s\S]*routing_key: 'in\.today'/);
    }
    expect(await amqp('queue.delete', 'tray', 'no', 'yes')).toMatchObject({
      said: expect.stringMatching(/not empty/i),
    });
    expect(await amqp('queue.declare', 'tray')).toMatchObject({ said: expect.stringMatching(/PRECONDITION|durable/i) });
    await until(
      async () => (await amqp('queue.purge', 'tray')).said === '1 messages deleted.\nOK.\n',
      'it to be purged',
    );
    expect(await amqp('queue.delete', 'tray')).toEqual({ code: 0, said: '0 messages deleted.\nOK.\n' });
    expect(await amqp('exchange.delete', 'desk')).toEqual(ok);
    expect(await amqp('basic.get', 'tray')).toMatchObject({ said: expect.stringMatching(/no queue|NOT_FOUND/i) });
  });

  it('umbel migrate carries tasks from RabbitMQ to Redis and back, and a worker of Python runs them', async () => {
    const redis = cluster.redis.url();
    const migrate = (from: string, to: string, queues: string) =>
      command('migrate', from, to, '-Q', queues, '-a', '--timeout', '0', '--json');
    const sent = await Promise.all([1, 2].map((n) => app.sendTask('py.add', [n, 10], {}, { queue: 'parked' })));
    expect(await migrate(broker, redis, 'parked:ridden')).toEqual({ code: 0, said: '{"migrated":2}\n' });
    expect(await cluster.keys.llen('ridden')).toBe(2);
    expect(await migrate(redis, broker, 'ridden:py')).toEqual({ code: 0, said: '{"migrated":2}\n' });
    expect(await Promise.all(sent.map((result) => result.get({ timeout: 90 })))).toEqual([11, 12]);
    expect(await cluster.keys.llen('ridden')).toBe(0);
  });

  it('one that stops is known to have left', async () => {
    await theirs.stop();
    await until(() => !ours.consumer.gossip!.peers.has(PY), 'theirs to be gone');
    const unexpected = ours.lines.filter(
      (line) =>
        /ERROR|CRITICAL/.test(line) &&
        !/unknown task py.add|ts\.fail.*boom|(Pool restarts|Autoscale) not enabled/.test(line),
    );
    expect(unexpected).toEqual([]);
    expect(theirs.output()).not.toMatch(/CRITICAL|Unrecoverable/);
  });
});
