// The live feed of a dashboard, over a real socket: frames, what a page missed, slow pages, budgets.
import { describe, expect, it } from 'vitest';
import type { ClusterView } from '../../server/dashboard/cluster/view.ts';
import { Feed, KEEPALIVE_MS } from '../../server/dashboard/live/feed.ts';
import type { TaskRows } from '../../server/dashboard/views/task-rows.ts';
import { createTimer } from '../../server/timer.ts';
import { type Batch, ClusterState } from '../../shared/events/cluster-state.ts';
import type { Patch } from '../../shared/wire/live.ts';
import { ManualTimer, PushedClock } from '../support/clock.ts';
import { makeDashboard, publisher, reader } from '../support/dashboard-shop.ts';
import { until } from '../support/until.ts';

/** A page that has its snapshot, at a dashboard whose time the test moves. */
async function pageOnManualTime() {
  const timer = new ManualTimer();
  const dashboard = makeDashboard({}, timer);
  const address = await dashboard.listen();
  const publish = await publisher(dashboard);
  const cluster = await dashboard.start();
  const page = await reader(address);
  await until(() => {
    timer.advance(10);
    return page.snapshots().length === 1;
  }, 'the snapshot');
  return { timer, publish, cluster, page };
}

describe('the live feed', () => {
  it('says hello, gives a snapshot, then numbered patches at most ten a second', async () => {
    const { timer, publish, cluster, page } = await pageOnManualTime();
    expect(page.frames.map((f) => f.type).slice(0, 2)).toEqual(['hello', 'snapshot']);
    const before = page.patches().length;
    for (let i = 0; i < 60; i++) {
      await publish([{ type: 'task-received', uuid: `t${i}`, name: 'n' }]);
      await until(() => cluster.state.tasks.has(`t${i}`), 'the event');
      timer.advance(25);
    }
    timer.advance(500);
    await until(() => page.patches().reduce((sum, p) => sum + p.tasks_new, 0) === 60, 'all sixty');
    const seqs = page.patches().map((p) => p.seq);
    expect(seqs).toEqual(seqs.map((_, i) => seqs[0]! + i));
    // Two seconds: ten a second, not one for each event. A few were on their way when it began.
    expect(page.patches().length - before).toBeLessThanOrEqual(25);
    expect(page.patches().every((p) => p.tasks.length <= 200)).toBe(true);
  });

  it('says a word every few seconds while nothing happens, and not one a second', async () => {
    const timer = new ManualTimer();
    const dashboard = makeDashboard({}, timer);
    const page = await reader(await dashboard.listen());
    const quiet = await until(() => {
      timer.advance(100);
      const [before, last] = page.patches().slice(-2);
      const span = before?.cluster && last?.cluster ? last.cluster.server_time - before.cluster.server_time : 0;
      return span > KEEPALIVE_MS / 1000 - 0.5 && span;
    }, 'two words with a silence between them');
    expect(quiet).toBeLessThan(10);
  });

  it('gives a returning page what it missed, and a snapshot when that is not known', async () => {
    const dashboard = makeDashboard();
    const address = await dashboard.listen();
    const publish = await publisher(dashboard);
    const first = await reader(address);
    await until(() => first.snapshots().length === 1, 'the snapshot');
    const { epoch, seq } = first.snapshots()[0]!;
    first.socket.terminate();
    const witness = await reader(address);
    await until(() => witness.snapshots().length === 1, 'its snapshot');
    await publish([{ type: 'task-received', uuid: 'missed', name: 'n' }]);
    await until(
      () => witness.patches().some((p) => p.tasks.some((t) => t.uuid === 'missed')),
      'it to be told to others',
    );
    const second = await reader(address, { type: 'resume', epoch, seq });
    await until(() => second.patches().some((p) => p.tasks.some((t) => t.uuid === 'missed')), 'the missed patch');
    expect(second.snapshots()).toEqual([]);
    expect(second.patches()[0]!.seq).toBe(seq + 1);
    const third = await reader(address, { type: 'resume', epoch: 'another', seq });
    await until(() => third.snapshots().length === 1, 'a snapshot');
    expect(third.snapshots()[0]!.tasks!.map((t) => t.uuid)).toContain('missed');
  });

  it('drops a slow page to a snapshot while another goes on, and buffers within bounds', async () => {
    const clock = new PushedClock();
    const dashboard = makeDashboard({}, createTimer({ clock }));
    const address = await dashboard.listen();
    const publish = await publisher(dashboard);
    const quick = await reader(address);
    // Watched rows come beyond every budget.
    const watched = Array.from({ length: 400 }, (_, i) => `b${i}`);
    const slow = await reader(address, { type: 'watch', tasks: watched }, { perMessageDeflate: false });
    await until(() => quick.snapshots().length === 1 && slow.snapshots().length === 1, 'both snapshots');
    slow.socket.pause();
    const big = 'x'.repeat(3000);
    await until(async () => {
      const known = quick.patches().length;
      // A row carries 2,000 characters of each: about 1.6 MB a patch.
      await publish(watched.map((uuid) => ({ type: 'task-received', uuid, name: 'n', args: big, kwargs: big })));
      await until(() => quick.patches().length > known, 'the quick page to have a patch');
      return quick.patches().length > 20;
    }, 'patches at the quick page');
    slow.socket.resume();
    await until(() => slow.snapshots().length >= 2, 'a second snapshot at the slow page');
    expect(quick.snapshots()).toHaveLength(1);
    const seqs = quick.patches().map((p) => p.seq);
    expect(seqs).toEqual(seqs.map((_, i) => seqs[0]! + i));
  });

  it('brings a page the rows of what it subscribes to, and what it newly subscribes to in a snapshot', async () => {
    const dashboard = makeDashboard();
    const address = await dashboard.listen();
    const publish = await publisher(dashboard);
    const witness = await reader(address);
    const page = await reader(address, { type: 'subscribe', topics: ['queues'] });
    await until(() => page.snapshots().length === 1 && witness.snapshots().length === 1, 'the snapshots');
    expect(page.snapshots()[0]).toMatchObject({ tasks: null, workers: null, queues: expect.any(Array) });
    await publish([
      { type: 'task-received', uuid: 'hidden', name: 'n' },
      { type: 'worker-heartbeat', freq: 2, active: 0 },
    ]);
    const seen = (all: Patch[]) => all.find((p) => p.tasks.some((t) => t.uuid === 'hidden'));
    const known = await until(() => seen(witness.patches()), 'the task at who subscribes to all');
    const own = await until(() => page.patches().find((p) => p.seq === known.seq), 'the same patch at the page');
    expect(own).toMatchObject({
      tasks: [],
      workers: [],
      tasks_changed: known.tasks_changed,
      tasks_new: known.tasks_new,
    });
    page.socket.send(JSON.stringify({ type: 'subscribe', topics: ['queues', 'tasks'] }));
    await until(() => page.snapshots().length === 2, 'a snapshot of the tasks');
    const [task] = page.snapshots()[1]!.tasks!;
    expect([page.snapshots()[1]!.queues, page.snapshots()[1]!.workers, task?.uuid]).toEqual([null, null, 'hidden']);
    await publish([{ type: 'task-received', uuid: 'shown', name: 'n' }]);
    await until(() => page.patches().some((p) => p.tasks.some((t) => t.uuid === 'shown')), 'rows of tasks');
  });

  it('keeps task rows within a budget under a flood, newest first, and brings the newest of the rest later', async () => {
    const { timer, publish, cluster, page } = await pageOnManualTime();
    const before = page.patches().length;
    const flood = (from: number, count: number) =>
      publish(
        Array.from({ length: count }, (_, i) => ({
          type: 'task-received',
          uuid: `f${from + i}`,
          name: 'n',
          timestamp: timer.now() / 1000 + i / 1e6,
        })),
      );
    for (let i = 0; i < 20; i++) {
      await flood(i * 500, 500);
      await until(() => cluster.state.tasks.has(`f${i * 500 + 499}`), 'the events');
      timer.advance(100);
    }
    const rows = () =>
      page
        .patches()
        .slice(before)
        .flatMap((p) => p.tasks);
    await until(
      () =>
        page
          .patches()
          .slice(before)
          .reduce((sum, p) => sum + p.tasks_new, 0) === 10_000,
      'all of it to be counted',
    );
    // Two seconds: 200 rows at first, then eighty a second.
    expect(rows().length).toBeGreaterThan(200);
    expect(rows().length).toBeLessThan(450);
    const last = await until(() => {
      timer.advance(1000);
      return rows().some((t) => t.uuid === 'f9850') && rows();
    }, 'older ones of the last burst to follow');
    expect(new Set(last.map((t) => t.uuid)).size).toBe(last.length);
  });

  it('tells a watched task even when hundreds of others changed', async () => {
    const dashboard = makeDashboard();
    const address = await dashboard.listen();
    const publish = await publisher(dashboard);
    const page = await reader(address, { type: 'watch', tasks: ['watched'] });
    await until(() => page.snapshots().length === 1, 'the snapshot');
    const old = Date.now() / 1000 - 1000;
    // Whether the server has read yet what is watched, nobody says: it is told again.
    let round = 0;
    await until(
      async () => {
        round++;
        await publish([
          { type: 'task-received', uuid: 'watched', name: 'n', timestamp: old + round },
          ...Array.from({ length: 900 }, (_, i) => ({ type: 'task-received', uuid: `o${round}-${i}`, name: 'n' })),
        ]);
        return page.patches().some((p) => p.tasks_changed > 200 && p.tasks.some((t) => t.uuid === 'watched'));
      },
      'the watched task',
      { everyMs: 100 },
    );
  });

  it('keeps patches for those who resume, fewer under a flood, whose tasks would fill the memory', () => {
    let batch: (batch: Batch) => void = () => {};
    const view = { onBatch: (fn: typeof batch) => (batch = fn), onAnswers: () => {} } as unknown as ClusterView;
    const feed = new Feed(view, { shown: (row: unknown) => row } as TaskRows, new ManualTimer(), '0');
    const state = new ClusterState();
    let made = 0;
    const flood = (batches: number, tasks: number) => {
      for (let i = 0; i < batches; i++) {
        for (let n = 0; n < tasks; n++)
          state.apply({ type: 'task-received', uuid: `t${made++}`, timestamp: made, local_received: made });
        batch(state.cut());
      }
    };
    flood(100, 1);
    expect(feed.since(feed.epoch, 0)).toHaveLength(100);
    flood(10, 3000);
    expect(feed.since(feed.epoch, 100)).toBeNull();
    expect(feed.since(feed.epoch, 104)).toHaveLength(6);
    feed.stop();
  });

  it('closes on what is no frame, and lets in nobody from another origin', async () => {
    const dashboard = makeDashboard();
    const address = await dashboard.listen();
    const page = await reader(address);
    const closed = new Promise((resolve) => page.socket.once('close', resolve));
    page.socket.send('nonsense');
    expect(await closed).toBe(1003);
    // A page cannot read what answers a refused handshake: it is closed with the reason, and gets nothing before.
    const foreign = await reader(address, undefined, { origin: 'https://evil.example' });
    await until(() => foreign.closed() !== null, 'the foreign socket to be closed');
    expect(foreign.closed()).toMatchObject({ code: 4403, reason: expect.stringContaining('https://evil.example') });
    expect(foreign.frames).toEqual([]);
  });
});
