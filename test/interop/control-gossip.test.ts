// Workers of both kinds that know of one another: what is learnt at the start, who comes, goes and is killed, and elections.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Celery } from '../../server/app/celery.ts';
import { createLogger } from '../../server/log.ts';
import { Worker } from '../../server/worker/worker.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { type Running, startUmbel } from '../support/umbel.ts';
import { until } from '../support/until.ts';
import { type ElectionEvents, electionEvents } from './election-events.ts';
import { type Cluster, type PythonWorker, startCluster } from './python.ts';

/**
 * Whoever was not heard for twice as long counts as gone, and Celery elects among those it takes for alive: longer than any delay
 * of a busy machine. @unit seconds
 */
const HEARTBEAT = 6;
const NAMES = ['py1@interop', 'py2@interop', 'ts1@interop', 'ts2@interop'];

describeNeedsPythonOnRedis('workers of both kinds, watching one another', () => {
  let cluster: Cluster;
  let app: Celery;
  let worker: Worker;
  const lines: string[] = [];
  let other: Running;
  let theirs: PythonWorker[];
  let events: ElectionEvents;
  /** What each wrote so far, in the order of NAMES. */
  const logs = (): string[] => [
    ...theirs.map((one) => one.output()),
    lines.join('\n'),
    other.stdout() + other.stderr(),
  ];
  const winnersOf = (id: string) => NAMES.filter((_, i) => logs()[i]!.includes(`I won the election '${id}'`));
  /** Every log named has a line like it. */
  const said = (pattern: RegExp, of: readonly string[] = NAMES): Promise<boolean> =>
    until(() => NAMES.every((name, i) => !of.includes(name) || pattern.test(logs()[i]!)), `${of} to say ${pattern}`, {
      timeoutMs: 120_000,
    }).catch((error: unknown) => {
      throw new Error(`${error}\n${logs().join('\n----\n')}`);
    });
  const py = (node: string, call: string): Promise<any> =>
    cluster
      .py(`result = app.control.inspect(destination=['${node}'], timeout=10, limit=1).${call}`)
      .then((reply) => (reply as Record<string, unknown>)[node]);

  beforeAll(async () => {
    cluster = await startCluster();
    theirs = await Promise.all(
      ['py1', 'py2'].map((name) =>
        cluster.worker(`${name}@interop`, [
          ...['-P', 'solo', '-Q', name, '-l', 'DEBUG', '--without-mingle', '--heartbeat-interval', `${HEARTBEAT}`],
        ]),
      ),
    );
    app = cluster.app({ task_default_queue: 'ts1' });
    app.clock.adjust(1_000_000);
    const log = createLogger({ level: 'DEBUG', color: false, write: (line) => lines.push(line) });
    worker = new Worker(app, { hostname: 'ts1@interop', heartbeatInterval: HEARTBEAT, log });
    await worker.start();
    other = startUmbel(
      ['-b', cluster.redis.url(), 'worker', '-n', 'ts2@interop', '-Q', 'ts2', '-l', 'DEBUG'].concat([
        ...['--heartbeat-interval', `${HEARTBEAT}`],
      ]),
      { cwd: cluster.redis.folder },
    );
    await other.says('ready.');
    events = await electionEvents(cluster.keys);
  });
  afterAll(async () => {
    await events?.[Symbol.asyncDispose]();
    await other?.[Symbol.asyncDispose]();
    await worker?.stop('cold');
    await cluster?.[Symbol.asyncDispose]();
  });

  it('each hears the others come, within a heartbeat', async () => {
    for (const name of NAMES) {
      const others = NAMES.filter((one) => one !== name);
      await said(new RegExp(`${name} joined the party`), others);
    }
    const peers = () => [...worker.consumer.gossip!.peers.keys()].sort();
    await expect.poll(peers).toEqual(NAMES.filter((name) => name !== 'ts1@interop'));
    expect(worker.consumer.gossip!.peers.get('py1@interop')).toMatchObject({ sw_ident: 'py-celery', sw_ver: '5.2.6' });
  });

  it('the highest clock is taken over by both kinds, and goes on rising together', async () => {
    for (const node of NAMES) {
      await until(async () => (await py(node, 'clock()')).clock > 1_000_000, `the clock of ${node}`);
    }
  });

  it('hello is answered in one form: what is revoked, with times, and the clock; nothing to oneself', async () => {
    await cluster.py(`app.control.revoke(['gone-1', 'gone-2'], reply=True, timeout=10, limit=4)`);
    const [theirHello, ourHello] = [
      await py('py1@interop', "hello('somebody@else', {})"),
      await py('ts1@interop', `hello('somebody@else', {'learnt': ${Date.now() / 1000 - 60.5}})`),
    ];
    expect(Object.keys(ourHello)).toEqual(Object.keys(theirHello));
    expect(Object.keys(ourHello.revoked).sort()).toEqual(['gone-1', 'gone-2', 'learnt']);
    expect(Object.values(ourHello.revoked).map((time) => typeof time)).toEqual(['number', 'number', 'number']);
    expect(ourHello.clock).toBeGreaterThan(1_000_000);
    expect(await py('ts1@interop', "hello('ts1@interop', {})")).toBeNull();
    expect(await py('py1@interop', "hello('py1@interop', {})")).toBeNull();
  });

  it('exactly one of all workers does what an election is about, whoever calls for it', async () => {
    // Of each caller; on a busy machine few are.
    const orderly = [0, 0];
    let won = 0;
    for (let n = 0; Math.min(...orderly) < 1 || n < 4; n++) {
      const id = `election-${n}`;
      if (n % 2 === 0) {
        await app.control.election(id, 'task', app.signature('elected', [id], {}, { queue: 'elected' }));
      } else {
        await cluster.py(
          `app.control.election('${id}', 'task', app.signature('elected', ('${id}',), queue='elected'))`,
        );
      }
      await said(new RegExp(`(won the election|elected for) '${id}'`));
      const winners = winnersOf(id);
      won += winners.length;
      if (!events.isOrderly(id, NAMES.length)) continue;
      orderly[n % 2]!++;
      expect(winners, id).toHaveLength(1);
      const leaders = logs().flatMap(
        (log) => new RegExp(`node (\\S+)\\.\\d+ elected for '${id}'`).exec(log)?.[1] ?? [],
      );
      expect(leaders, id).toEqual([winners[0], winners[0], winners[0]]);
    }
    await expect.poll(() => cluster.keys.llen('elected')).toBe(won);
  });

  it('an unknown topic is an error of the chosen worker alone', async () => {
    await app.control.election('odd', 'no-such-topic');
    await said(/(won the election|elected for) 'odd'/);
    const winners = winnersOf('odd');
    await said(/Unknown election topic 'no-such-topic'/, winners);
    expect(logs().filter((log) => log.includes('Unknown election topic'))).toHaveLength(winners.length);
  });

  it('a worker without gossip and mingle asks and hears nobody, and is heard all the same', async () => {
    await using quiet = startUmbel(
      ['-b', cluster.redis.url(), 'worker', '-n', 'quiet@interop', '-Q', 'quiet', '-l', 'DEBUG'].concat([
        '--without-gossip',
        '--without-mingle',
      ]),
      { cwd: cluster.redis.folder },
    );
    await quiet.says('ready.');
    await said(/quiet@interop joined the party/);
    const ended = await app.control.broadcast('election', {
      ...{ arguments: { id: 'e', topic: 't' }, destination: ['quiet@interop'], reply: true, timeout: 60 },
    });
    expect(ended).toEqual([
      { 'quiet@interop': { error: "RuntimeError('A worker without gossip takes no part in elections')" } },
    ]);
    quiet.child.kill('SIGTERM');
    await quiet.ended;
    await said(/quiet@interop left/);
    expect(quiet.stdout() + quiet.stderr()).not.toMatch(/mingle|joined the party/);
  });

  it('one that stops says goodbye; ones that are killed are missed by all the others', async () => {
    // It waits a second for answers: on a busy machine one may be later.
    for (let isMet = false; !isMet; ) {
      const late = await cluster.worker('late@interop', ['-P', 'solo', '-Q', 'late']);
      isMet = /mingle: sync with 4 nodes/.test(late.output());
      await said(/late@interop joined the party/);
      await late.stop();
      await said(/late@interop left/);
    }

    const { pid } = await py('py2@interop', 'stats()');
    process.kill(pid, 'SIGKILL');
    other.child.kill('SIGKILL');
    const left = ['py1@interop', 'ts1@interop'];
    await Promise.all([
      said(/missed heartbeat from py2@interop/, left),
      said(/missed heartbeat from ts2@interop/, left),
    ]);
    await expect.poll(() => [...worker.consumer.gossip!.peers.keys()]).toEqual(['py1@interop']);
    expect(logs().join('\n')).not.toMatch(/missed heartbeat from late@interop/);
  });

  it('and no log has an error but the one that was asked for', () => {
    const errors = logs().flatMap((log) =>
      log.split('\n').filter((line) => /(ERROR|CRITICAL)\/|Traceback/.test(line) && !line.includes('no-such-topic')),
    );
    // Python writes the traceback of the KeyError below the topic it does not know.
    const asked = logs().filter((log) => /KeyError: 'no-such-topic'/.test(log)).length;
    expect(errors.filter((line) => line.includes('Traceback'))).toHaveLength(asked);
    expect(errors.filter((line) => !line.includes('Traceback'))).toEqual([]);
  });
});
