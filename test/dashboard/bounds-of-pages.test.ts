// What pages, their feed and /metrics take and keep, by number. What the cluster's rooms forget: bounds.test.ts.

import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { FastifyInstance } from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import type { ClusterView } from '../../server/dashboard/cluster/view.ts';
import { createDashboard } from '../../server/dashboard/dashboard.ts';
import { Feed } from '../../server/dashboard/live/feed.ts';
import { ProgressWatch } from '../../server/dashboard/live/progress.ts';
import type { LiveSocket } from '../../server/dashboard/live/socket.ts';
import { EventTally, label } from '../../server/dashboard/metrics/event-tally.ts';
import { LabelSets } from '../../server/dashboard/metrics/label-sets.ts';
import { liveRoute } from '../../server/dashboard/routes/live.ts';
import { MemoryUserData } from '../../server/dashboard/user-data/memory.ts';
import { registerUserData } from '../../server/dashboard/user-data/registry.ts';
import type { TaskRows } from '../../server/dashboard/views/task-rows.ts';
import { silentLogger } from '../../server/log.ts';
import { type Batch, ClusterState } from '../../shared/events/cluster-state.ts';
import { NO_MASKING } from '../../shared/masking.ts';
import type { Patch } from '../../shared/wire/live.ts';
import { ManualTimer } from '../support/clock.ts';

const SEARCH = { q: '' };

/** A feed, and what it says to everybody. */
function feedOf() {
  let batch: (batch: Batch) => void = () => {};
  const view = { onBatch: (fn: typeof batch) => (batch = fn), onAnswers: () => {} } as unknown as ClusterView;
  const timer = new ManualTimer();
  const rows = { shown: (row: unknown) => row } as TaskRows;
  const feed = new Feed(view, rows, timer, '0');
  const patches: Patch[] = [];
  feed.onPatch((one) => patches.push(one.patch));
  onTestFinished(() => feed.stop());
  const state = new ClusterState();
  const receive = (uuid: string, at: number) =>
    state.apply({ type: 'task-received', uuid, timestamp: at, local_received: at });
  return { feed, timer, patches, state, receive, send: () => batch(state.cut()) };
}

/** What the handler of live pages makes of a socket. */
function livePages(open = 0) {
  const sockets = new Set(Array.from({ length: open }, () => ({}) as LiveSocket));
  const timer = new ManualTimer();
  const watching: [reader: object, ids: ReadonlySet<string>][] = [];
  const { feed } = feedOf();
  const progress = { watch: (reader: object, ids: ReadonlySet<string>) => void watching.push([reader, ids]) };
  let handler: (socket: unknown, request: unknown) => void = () => {};
  const api = { route: ({ wsHandler }: { wsHandler: typeof handler }) => (handler = wsHandler) };
  liveRoute(api as unknown as FastifyInstance, sockets, () => ({ feed, progress, timer }) as never);
  const connect = () => {
    const closed: [code: number, reason: string][] = [];
    const socket = Object.assign(new EventEmitter(), {
      readyState: 1,
      bufferedAmount: 0,
      send: () => {},
      close: (code: number, reason: unknown) => void closed.push([code, String(reason)]),
    });
    handler(socket, { refusal: null, identity: { name: null } });
    return { socket, closed };
  };
  return { sockets, watching, connect };
}

test('pages: five hundred at a time; one more is told why it is not served, until one of them leaves', () => {
  const { sockets, connect } = livePages(499);
  const last = connect();
  expect([sockets.size, last.closed]).toEqual([500, []]);
  expect(connect().closed).toEqual([[4429, 'More than 500 pages are open.']]);
  last.socket.emit('close');
  expect(sockets.size).toBe(499);
  expect(connect().closed).toEqual([]);
});

test('a page watches five hundred tasks, and none once it is gone', () => {
  const { watching, connect } = livePages();
  const { socket } = connect();
  const tasks = Array.from({ length: 600 }, (_, i) => `t${i}`);
  socket.emit('message', Buffer.from(JSON.stringify({ type: 'watch', tasks })));
  expect([...watching.at(-1)![1]]).toEqual(tasks.slice(0, 500));
  socket.emit('close');
  expect(watching.at(-1)![1].size).toBe(0);
});

test('the stored states of tasks that nobody watches any more are not asked for', async () => {
  const asked: string[][] = [];
  const getMany = async (ids: string[]) => {
    asked.push(ids);
    return new Map([['a', { status: 'S'.repeat(1e6), result: null }]]);
  };
  const view = {
    now: 0,
    tasks: new Map([['a', { state: 'STARTED' }]]),
    askBackend: async (ask: (backend: unknown) => Promise<unknown>) => ({
      value: await ask({ getMany }),
    }),
  } as unknown as ClusterView;
  const progress = new ProgressWatch(view, { touch: () => {} }, new ManualTimer(), NO_MASKING);
  onTestFinished(() => progress.stop());
  const reader = {};
  progress.watch(reader, new Set(['a']));
  await progress.look();
  expect(progress.of('a')!.state.length).toBeLessThan(200);
  progress.watch(reader, new Set());
  await progress.look();
  expect(asked).toEqual([['a']]);
});

test('patches for pages that come back: the last three hundred', () => {
  const { feed, receive, send } = feedOf();
  for (let i = 0; i < 301; i++) {
    receive(`t${i}`, i);
    send();
  }
  expect(feed.since(feed.epoch, 0)).toBeNull();
  expect(feed.since(feed.epoch, 1)).toHaveLength(300);
});

test('of more tasks than anybody reads, those are shown that changed last', () => {
  const { patches, receive, send } = feedOf();
  for (let i = 0; i < 3000; i++) receive(`t${i}`, 10_000 - i);
  send();
  const shown = patches.at(-1)!.tasks.map(({ uuid }) => Number(uuid.slice(1)));
  expect(shown.length).toBeGreaterThan(0);
  expect(Math.min(...shown)).toBeGreaterThanOrEqual(2600);
});

test('event types that are not of Celery: fifty are told apart, all others are counted together', () => {
  const tally = new EventTally(1e6);
  const types = Array.from({ length: 60 }, (_, i) => `task-invented${i}`);
  tally.add(
    [...types, 'task-started', 'task-invented0'].map((type) => ({ type, uuid: 'u', hostname: 'w', name: 'n' })),
    () => null,
  );
  const counts = new Map([...tally].map(({ type, count }) => [type, count]));
  expect(counts.size).toBe(52);
  expect(counts.get('other')).toBe(10);
  expect([counts.get('task-invented0'), counts.get('task-invented49'), counts.get('task-started')]).toEqual([2, 1, 1]);
  expect(tally.leftOut).toBe(10);
});

test('an event type that nobody has sent for a day gives its place to a new one, and its series end', () => {
  const tally = new EventTally(1e6);
  const hear = (at: number, ...types: string[]) =>
    tally.add(
      types.map((type) => ({ type, uuid: 'u', hostname: 'w', name: 'n', local_received: at })),
      () => null,
    );
  const kept = () => new Map([...tally].map(({ type, count }) => [type, count]));
  hear(0, ...Array.from({ length: 50 }, (_, i) => `task-old${i}`));
  hear(86_000, 'task-old0', 'task-new');
  expect([kept().size, kept().get('other')], 'within the day the new one has no place').toEqual([51, 1]);
  hear(86_400, 'task-new', 'task-started');
  expect(kept()).toEqual(
    new Map([
      ['task-old0', 2],
      ['other', 1],
      ['task-new', 1],
      ['task-started', 1],
    ]),
  );
});

test('a label is a name of two hundred characters at most', () => {
  expect(label('n'.repeat(200))).toBe('n'.repeat(200));
  expect(label('n'.repeat(201))).toBe(`${'n'.repeat(200)}...`);
});

test('label sets that are forgotten give their room to others, and begin at nothing when they come back', () => {
  const gone: string[] = [];
  const sets = new LabelSets({ maxBytes: 100, lineBytes: 49 }, ([name]) => gone.push(name!));
  sets.take(['a'], 1)!.value = 7;
  sets.take(['b'], 1);
  expect(sets.take(['c'], 1)).toBeNull();
  sets.forget(({ labels }) => labels[0] === 'a');
  expect([gone, sets.size]).toEqual([['a'], 1]);
  expect(sets.take(['a'], 2)).toMatchObject({ value: 0 });
  sets.forget(() => true);
  expect(gone).toEqual(['a', 'b', 'a']);
});

test('saved views: five hundred; one more is refused, and one of these can still be replaced', async () => {
  const store = new MemoryUserData();
  for (let i = 0; i < 500; i++) await store.saveView({ name: `view ${i}`, search: SEARCH }, 'anonymous', 0);
  registerUserData('full', async () => async () => store);
  const options = { broker: `memory://${randomUUID()}`, db: ':memory:', user_data: 'full://x' };
  const dashboard = createDashboard(options, { log: silentLogger, pages: null });
  onTestFinished(() => dashboard.close());
  const save = async (name: string) => {
    const payload = { name, search: SEARCH };
    const reply = await dashboard.app.inject({ method: 'POST', url: '/api/v2/views', payload });
    return reply.statusCode;
  };
  expect([await save('view 500'), await save('view 7')]).toEqual([409, 200]);
});
