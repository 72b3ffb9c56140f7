// Who is there, who gets on, and who sends its task events: by when it was heard, on a clock that a test moves.
import { describe, expect, it } from 'vitest';
import { WorkerWatch } from '../../server/dashboard/cluster/worker-watch.ts';
import { createWorkerRecord, type WorkerRecord } from '../../shared/events/worker-record.ts';
import { ManualTimer } from '../support/clock.ts';

const W = 'w@h';

function world() {
  const timer = new ManualTimer();
  const watch = new WorkerWatch(timer, { answersCountFor: 21 });
  const record: WorkerRecord = { ...createWorkerRecord(W), freq: 2 };
  const event = (type: string, more: object = {}) =>
    watch.take({ type, hostname: W, timestamp: 1, local_received: timer.now() / 1000, ...more });
  const beat = (processed: number, more: object = {}) => event('worker-heartbeat', { processed, pid: 1, ...more });
  const task = () => event('task-started', { uuid: 'a' });
  const seconds = (n: number) => timer.advance(n * 1000);
  return { timer, watch, record, event, beat, task, seconds, status: () => watch.statusOf(record) };
}

describe('a worker', () => {
  it('is late after two missed heartbeats and offline a minute later', () => {
    const { beat, seconds, status } = world();
    beat(0);
    seconds(3.9);
    expect(status()).toBe('online');
    seconds(0.2);
    expect(status()).toBe('late');
    seconds(59.8);
    expect(status()).toBe('late');
    seconds(0.2);
    expect(status()).toBe('offline');
  });

  it('is there by its task events, whatever its clock says', () => {
    const { event, record, seconds, status, watch } = world();
    event('task-started', { uuid: 'a', timestamp: 1e12 });
    seconds(70);
    expect(status()).toBe('offline');
    expect(watch.silence(record.hostname)).toBe(70);
  });

  it('that two processes speak for is told by their turns, and one that was started again is not', () => {
    const { beat, seconds, watch } = world();
    beat(0, { pid: 1 });
    beat(0, { pid: 2 });
    expect(watch.shared(W)).toBeNull();
    beat(0, { pid: 1 });
    expect(watch.shared(W)).toEqual([1, 2]);
    watch.take({ type: 'worker-offline', hostname: W, pid: 1 } as never);
    expect(watch.shared(W), 'one of them has said goodbye').toBeNull();
    beat(0, { pid: 2 });
    beat(0, { pid: 1 });
    expect(watch.shared(W)).toEqual([1, 2]);
    for (let s = 0; s < 40; s += 2) {
      seconds(2);
      beat(0, { pid: 2 });
    }
    expect(watch.shared(W)).toBeNull();
  });

  it('grows no older and no younger when the wall clock is set', () => {
    const { beat, seconds, status, timer } = world();
    beat(0);
    timer.setWallClock(-3_600_000);
    seconds(3);
    expect(status()).toBe('online');
    timer.setWallClock(7_200_000);
    expect(status()).toBe('online');
    seconds(70);
    expect(status()).toBe('offline');
  });

  it('that sends no heartbeats is there by its answers', () => {
    const { record, seconds, status, watch } = world();
    watch.answered(W);
    seconds(20);
    expect(status()).toBe('online');
    seconds(2);
    expect(status()).toBe('late');
    record.left = true;
    expect(status()).toBe('offline');
  });

  it('is kept as it was while nothing can be heard, and must be heard again afterwards', () => {
    const { beat, seconds, status, watch } = world();
    beat(0);
    seconds(1);
    watch.pause();
    seconds(600);
    expect(status()).toBe('online');
    watch.resume();
    seconds(2);
    expect(status()).toBe('online');
    seconds(2);
    expect(status()).toBe('late');
  });

  it('that was gone before stays gone', () => {
    const { beat, seconds, status, watch } = world();
    beat(0);
    seconds(100);
    watch.pause();
    seconds(10);
    watch.resume();
    expect(status()).toBe('offline');
  });

  it('of an earlier process is as silent as it was then', () => {
    const { seconds, status, watch } = world();
    watch.pause();
    watch.restore(W, 1);
    seconds(30);
    expect(status()).toBe('online');
    watch.resume();
    seconds(4);
    expect(status()).toBe('late');
  });

  it('that was heard before the earlier process was read stays as it was heard', () => {
    const { beat, status, watch } = world();
    beat(0);
    watch.restore(W, 1000);
    expect(status()).toBe('online');
  });

  it('that announces a heartbeat a year ahead is still expected within minutes', () => {
    const { beat, record, seconds, status } = world();
    record.freq = 31_536_000;
    beat(0);
    seconds(599);
    expect(status()).toBe('online');
    seconds(62);
    expect(status()).toBe('offline');
  });
});

describe('task events', () => {
  const silentTasks = (w: ReturnType<typeof world>, beats: number, from = 0) => {
    for (let i = 1; i <= beats; i++) {
      w.seconds(2);
      w.beat(from + i * 10);
    }
  };

  it('are missed when tasks begin over several heartbeats and none tells of them', () => {
    const w = world();
    w.beat(0);
    silentTasks(w, 4);
    expect(w.watch.unheard(W)).toBeNull();
    silentTasks(w, 1, 40);
    expect(w.watch.unheard(W)).toMatchObject({ beats: 5, tasks: 50, seconds: 10 });
    w.task();
    expect(w.watch.unheard(W)).toBeNull();
  });

  // What made "sends no task events" flicker: the count of a heartbeat beside what had been heard up to another moment.
  it('are not missed at whatever moment one looks while they come', () => {
    const w = world();
    let processed = 0;
    w.beat(processed);
    for (let second = 0; second < 600; second++) {
      for (let look = 0; look < 10; look++) {
        w.seconds(0.1);
        // It begins tasks all the time; their events arrive up to a second late, and not in every moment.
        processed += 3;
        if (look === 9 && second % 2 === 1) w.task();
        if (look === 4 && second % 2 === 0) w.beat(processed);
        expect(w.watch.unheard(W)).toBeNull();
      }
    }
  });

  it('are not missed by what was done while nothing could be heard, nor while it was another process', () => {
    const w = world();
    w.beat(0);
    w.watch.pause();
    w.seconds(60);
    w.watch.resume();
    w.beat(1000);
    for (const pid of [2, 3, 4, 5, 6]) {
      w.seconds(10);
      w.beat(pid * 1000, { pid });
    }
    expect(w.watch.unheard(W)).toBeNull();
  });

  it('are not missed of an idle worker, nor before those it was asked for can have come', () => {
    const w = world();
    for (let i = 0; i < 20; i++) {
      w.seconds(2);
      w.beat(7);
    }
    expect(w.watch.unheard(W)).toBeNull();
    silentTasks(w, 4, 7);
    w.watch.eventsEnabled(W);
    silentTasks(w, 4, 100);
    expect(w.watch.unheard(W)).toBeNull();
  });

  it('are judged by heartbeats that tell: one that was asked for says nothing of tasks', () => {
    const w = world();
    w.beat(0);
    w.task();
    for (let i = 0; i < 10; i++) w.event('worker-heartbeat');
    w.seconds(2);
    w.beat(5);
    expect(w.watch.unheard(W)).toBeNull();
  });
});

describe('what a worker rests from', () => {
  it('begins anew with progress, with a full hand, and with another process', () => {
    const w = world();
    w.beat(0);
    w.seconds(30);
    expect(w.watch.rest(W)).toEqual({ alive: 30, room: 30, still: 30 });
    w.beat(1);
    expect(w.watch.rest(W)).toMatchObject({ room: 30, still: 0 });
    w.seconds(5);
    w.watch.isBusy(W);
    w.watch.holds(W, ['a'], false);
    expect(w.watch.rest(W)).toEqual({ alive: 35, room: 0, still: 5 });
    w.seconds(5);
    w.watch.holds(W, ['a', 'b'], true);
    expect(w.watch.rest(W)).toEqual({ alive: 40, room: 0, still: 0 });
    w.seconds(5);
    w.beat(0, { pid: 2 });
    expect(w.watch.rest(W)).toMatchObject({ alive: 0, room: 0 });
  });

  it('knows nothing of a worker it never heard, and forgets', () => {
    const w = world();
    expect(w.watch.rest(W)).toBeNull();
    w.beat(0);
    w.watch.forget(W);
    expect(w.watch.size).toBe(0);
    expect(w.status()).toBe('offline');
  });
});
