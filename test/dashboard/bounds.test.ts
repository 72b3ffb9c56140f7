// What a cluster's rooms forget, by number, by age and with a worker that is gone: else a dashboard that runs for months fills up.
// The history's own bounds: history/bounds.test.ts; what senders invent: invented.test.ts.
import { expect, test } from 'vitest';
import { Control } from '../../server/control/control.ts';
import { type WrongLogin, WrongLogins } from '../../server/dashboard/access/wrong-logins.ts';
import { Gaps } from '../../server/dashboard/cluster/gaps.ts';
import { heldBy } from '../../server/dashboard/cluster/held.ts';
import { Inspector } from '../../server/dashboard/cluster/inspector.ts';
import { knowledge } from '../../server/dashboard/cluster/knowledge.ts';
import { QueueProbe } from '../../server/dashboard/cluster/queue-probe.ts';
import { Retention } from '../../server/dashboard/cluster/retention.ts';
import { TaskEvents } from '../../server/dashboard/cluster/task-events.ts';
import type { ClusterView } from '../../server/dashboard/cluster/view.ts';
import { failureOf } from '../../server/dashboard/history/exception.ts';
import { EventTally } from '../../server/dashboard/metrics/event-tally.ts';
import { Interventions } from '../../server/dashboard/operations/interventions.ts';
import { silentLogger } from '../../server/log.ts';
import type { Connection } from '../../server/messaging/connection.ts';
import type { Mailbox } from '../../server/messaging/mailbox.ts';
import { ClusterState } from '../../shared/events/cluster-state.ts';
import { NO_MASKING } from '../../shared/masking.ts';
import type { OperationRecord } from '../../shared/wire/operations.ts';
import { ManualTimer } from '../support/clock.ts';
import { listening } from '../support/listening.ts';
import { until } from '../support/until.ts';

const NOBODY: ReadonlySet<string> = new Set();

test('gaps: a hundred, the oldest leaves first', () => {
  const gaps = new Gaps();
  for (let since = 0; since < 101; since++)
    gaps.remember({
      since,
      until: since,
      tasks: 1,
      tasks_is: 'exact',
      events: 3,
      events_is: 'exact',
      cause: 'broker-away',
    });
  expect(gaps.past).toHaveLength(100);
  expect(gaps.past.at(0)!.since).toBe(1);
  expect(gaps.past.at(-1)!.since).toBe(100);
});

test('gaps: how far the events lagged long ago says nothing of a gap now', () => {
  const gaps = new Gaps();
  const beat = (processed: number) => gaps.take({ type: 'worker-heartbeat', hostname: 'w1', pid: 1, processed });
  for (const processed of [0, 5, 5, 5]) beat(processed);
  gaps.open(100, 1, NOBODY);
  gaps.close(101);
  for (let i = 0; i < 3; i++) beat(5);
  gaps.startedAt('w1', 1, 102);
  expect(gaps.finalize(103)).toMatchObject({ tasks: 0 });
});

test('gaps: ten thousand workers; a newcomer gets the place of one that left, never of one that is there', () => {
  const gaps = new Gaps();
  const beat = (n: number) => gaps.take({ type: 'worker-heartbeat', hostname: `w${n}`, pid: 1, processed: 0 });
  const known = (...ns: number[]) =>
    gaps
      .heard(
        ns.map((n) => `w${n}`),
        NOBODY,
      )
      .map((w) => w.hostname);
  for (let n = 0; n < 10_001; n++) beat(n);
  expect(known(0, 9999, 10_000)).toEqual(['w0', 'w9999']);
  for (const n of [3, 5, 7]) gaps.take({ type: 'worker-offline', hostname: `w${n}`, pid: 1 });
  // One that left may come back.
  beat(3);
  for (const n of [10_000, 10_001, 10_002]) beat(n);
  expect(known(0, 3, 5, 7, 10_000, 10_001, 10_002)).toEqual(['w0', 'w3', 'w10000', 'w10001']);
});

test('a worker that is gone takes with it what it answered', async () => {
  const timer = new ManualTimer();
  const asked: unknown[] = [];
  const mailbox = {
    async broadcast(command: string) {
      asked.push(command);
      return [{ w1: command === 'conf' || command === 'stats' ? {} : [] }];
    },
  } as unknown as Mailbox;
  const inspector = new Inspector(new Control({ mailbox: () => mailbox }), timer, silentLogger, 1, NO_MASKING);
  await inspector.ask(['w1']);
  await inspector.askOldest(['w1']);
  expect([inspector.workers.has('w1'), inspector.answeredAt('w1', 'conf')]).toEqual([true, timer.now() / 1000]);
  const before = asked.length;
  await inspector.askOldest(['w1']);
  expect(asked).toHaveLength(before);
  inspector.forget('w1');
  expect([inspector.workers.has('w1'), inspector.answeredAt('w1', 'conf')]).toEqual([false, null]);
  // Nor is it known that it was asked just now.
  await inspector.askOldest(['w1']);
  expect(asked).toHaveLength(before + 1);
});

test('a worker that loses its place to a newcomer is forgotten everywhere', async () => {
  const { emit, beat, cluster } = await listening({ broker: 'memory://places', db: ':memory:', max_workers: 1 });
  await emit([beat(1), { type: 'task-started', uuid: 'a' }]);
  await until(() => cluster.state.workers.has('w1'), 'the first');
  cluster.inspector.workers.set('w1', { active: [], active_queues: [] } as never);
  await emit([{ type: 'worker-offline' }, beat(1, { hostname: 'w2' })]);
  await until(() => cluster.state.workers.has('w2') && !cluster.inspector.workers.has('w1'), 'the second in its place');
  expect([...cluster.state.workers.keys()]).toEqual(['w2']);
});

test('names that are too long for a worker are not kept as one', async () => {
  const long = 'w'.repeat(513);
  const mailbox = { broadcast: async () => [{ [long]: {}, [long.slice(1)]: {} }] } as unknown as Mailbox;
  const inspector = new Inspector(
    new Control({ mailbox: () => mailbox }),
    new ManualTimer(),
    silentLogger,
    1,
    NO_MASKING,
  );
  await inspector.askAbout(['w1'], ['stats']);
  expect([...inspector.workers.keys()]).toEqual([long.slice(1)]);
});

test('what a worker said of its task events is forgotten when it starts anew', () => {
  const state = new ClusterState({});
  const timer = new ManualTimer();
  const now = timer.now() / 1000;
  state.apply({ type: 'worker-online', hostname: 'w1', pid: 1, timestamp: now, local_received: now });
  const watch = { unheard: () => null, eventsEnabled: () => {} };
  const events = new TaskEvents({} as Control, timer, state, watch as never, 1);
  events.note([{ w1: { ok: 'task events disabled' } }], false);
  expect(events.sends('w1')).toBe(false);
  events.forget('w1');
  expect(events.sends('w1')).toBeNull();
  // One with -E answers so, and goes on sending them.
  state.apply({ type: 'task-received', hostname: 'w1', uuid: 't', timestamp: now, local_received: now });
  events.note([{ w1: { ok: 'task events already disabled' } }], false);
  expect(events.sends('w1')).toBe(true);
});

test('queues: one that the broker no longer lists is gone, its samples go back five minutes', async () => {
  const timer = new ManualTimer();
  const lengths = new Map([
    ['stays', 1],
    ['goes', 1],
  ]);
  const channel = {
    onClosed: () => {},
    listQueues: async () => [...lengths.keys()],
    queueStatus: async (name: string) => ({ messages: lengths.get(name), consumers: 0 }),
  };
  const connection = { connected: true, tryConnect: async () => {}, channel: async () => channel };
  const probe = new QueueProbe({
    connection: connection as unknown as Connection,
    timer,
    log: silentLogger,
    wanted: () => [],
    isInternal: () => false,
  });
  await probe.probe();
  timer.advance(300_000);
  await probe.probe();
  expect(probe.queues.get('stays')!.samples).toHaveLength(2);
  lengths.delete('goes');
  timer.advance(1000);
  await probe.probe();
  expect([...probe.queues.keys()]).toEqual(['stays']);
  expect(probe.queues.get('stays')!.samples).toHaveLength(2);
});

test('a broker that hangs is silent after three rounds, whatever the wall clock was set to meanwhile', async () => {
  for (const byMs of [-3_600_000, 3_600_000]) {
    const timer = new ManualTimer();
    const channel = { onClosed: () => {}, listQueues: async () => [], queueStatus: async () => null };
    const connection = {
      connected: true,
      blocked: null as string | null,
      tryConnect: async () => {},
      channel: async () => channel,
    };
    const probe = new QueueProbe({
      connection: connection as unknown as Connection,
      timer,
      log: silentLogger,
      wanted: () => [],
      isInternal: () => false,
    });
    const broker = () =>
      knowledge({
        now: timer.now() / 1000,
        startedAt: 0,
        ranSince: 0,
        options: { queue_interval: 5 },
        broker: probe,
        events: { connected: true },
        history: { failure: null },
        results: {},
        inspector: { lastAnswer: null },
      } as never).broker;
    await probe.probe();
    timer.setWallClock(byMs);
    timer.advance(14_000);
    expect(broker()).toMatchObject({ ok: true, as_of: timer.now() / 1000 - 14 });
    timer.advance(2000);
    expect(broker()).toMatchObject({ ok: false, since: timer.now() / 1000 - 16, reason: 'It does not answer' });
    connection.blocked = 'low on memory';
    expect(broker()).toMatchObject({ ok: false, reason: 'It takes no messages for now (low on memory)' });
  }
});

test('a clock that was set forward is believed after an hour, and not before', () => {
  const host = { now: 1000, monotonicMs: 0, stopped: false, options: {}, history: {} };
  const retention = new Retention(host as never, silentLogger);
  host.now += 500;
  retention.clockSet(500_000);
  expect(retention.now).toBe(1000);
  host.now += 3599;
  host.monotonicMs += 3_599_000;
  expect(retention.now).toBe(1000 + 3599);
  host.now += 1;
  host.monotonicMs += 1000;
  expect(retention.now).toBe(1500 + 3600);
});

test('the clock that a process begins with is believed after an hour, too, where it is later than what was last heard', () => {
  const host = { now: 5000, monotonicMs: 7000, stopped: false, options: {}, history: {} };
  const begun = (heard: number) => {
    const retention = new Retention(host as never, silentLogger);
    retention.begin(heard);
    return retention;
  };
  const retention = begun(1000);
  expect([retention.now, begun(0).now, begun(6000).now]).toEqual([1000, 5000, 5000]);
  // It was wrong, and is put right.
  host.now -= 3990;
  retention.clockSet(-3_990_000);
  expect(retention.now).toBeLessThanOrEqual(host.now);
  host.now += 3600;
  host.monotonicMs += 3_600_000;
  expect(retention.now).toBe(host.now);
});

test('of what a silent worker held a hundred are named, and all are counted', () => {
  const tasks = new Map(
    Array.from({ length: 150 }, (_, n) => [
      `t${n}`,
      { uuid: `t${n}`, name: 'shop.pay', worker: 'w1', state: 'RECEIVED', eta: null, received: n },
    ]),
  );
  const cluster = { statusOf: () => 'offline', inspected: new Map(), tasks, startedAt: 0 } as unknown as ClusterView;
  const held = heldBy(cluster, { hostname: 'w1', last_heard: 5 } as never)!;
  expect([held.total, held.tasks.length, held.tasks[99]!.uuid]).toEqual([150, 100, 't99']);
});

test('operations: of what was revoked the newest fifty thousand ids are known, of queues and limits two thousand', () => {
  const interventions = new Interventions();
  const note = (request: object, answers: object[] = []) =>
    interventions.note({ id: 1, at: 1, who: 'me', outcome: 'ok', request, answers } as unknown as OperationRecord);
  note({ action: 'revoke', task_ids: Array.from({ length: 50_001 }, (_, n) => `t${n}`) });
  expect([interventions.revokeOf('t0'), interventions.revokeOf('t1')?.who]).toEqual([null, 'me']);
  for (let n = 0; n < 2001; n++) {
    note({ action: 'purge', queue: `q${n}` });
    note({ action: 'rate_limit', task_name: `n${n}` }, [{ worker: 'w1', ok: true }]);
  }
  expect([interventions.purgeOf('q0'), interventions.purgeOf('q1')?.who]).toEqual([null, 'me']);
  expect([interventions.limitOf('w1', 'n0'), interventions.limitOf('w1', 'n1')?.who]).toEqual([null, 'me']);
});

test('failures are grouped by their class, with 300 characters of a message', () => {
  expect(failureOf(`ValueError('${'x'.repeat(1000)}')`).message).toHaveLength(300);
});

test('wrong logins: twenty users and addresses are told of in ten seconds, and each again afterwards', () => {
  const timer = new ManualTimer();
  const reported: WrongLogin[] = [];
  const wrong = new WrongLogins(timer, (one) => reported.push(one));
  for (let n = 0; n < 30; n++) wrong.wrong(`10.0.0.${n}`, 'me');
  expect(reported.map((one) => one.address)).toEqual(Array.from({ length: 20 }, (_, n) => `10.0.0.${n}`));
  timer.advance(10_000);
  expect(reported).toHaveLength(20);
  wrong.wrong('10.0.0.29', 'me');
  wrong.wrong('10.0.0.0', 'me');
  wrong.wrong('10.0.0.0', 'me');
  expect(reported.slice(20).map((one) => one.address)).toEqual(['10.0.0.29', '10.0.0.0']);
  timer.advance(10_000);
  expect(reported.at(-1)).toMatchObject({ address: '10.0.0.0', user: 'me', times: 1 });
});

test('events of a worker that was forgotten and came back are counted from one', () => {
  const tally = new EventTally(100_000);
  const started = (hostname: string) =>
    tally.add([{ type: 'task-started', uuid: 'u', name: 'a', hostname }], () => null);
  for (const hostname of ['w1', 'w1', 'w2', 'w1']) started(hostname);
  expect([...tally].map(({ worker, count }) => [worker, count])).toEqual([
    ['w1', 3],
    ['w2', 1],
  ]);
  tally.forgetWorkers(['w1']);
  started('w1');
  expect([...tally].map(({ worker, count }) => [worker, count])).toEqual([
    ['w2', 1],
    ['w1', 1],
  ]);
});
