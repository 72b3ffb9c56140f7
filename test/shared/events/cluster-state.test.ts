// Celery's State and ours make the same of the same events.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ClusterState } from '../../../shared/events/cluster-state.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import { heartbeatExpires, isAlive, measuredDrift, workerExpires } from '../../../shared/events/worker-record.ts';
import { precedence } from '../../../shared/states.ts';

interface Step {
  event: CeleryEvent;
  state?: string;
  fields?: Record<string, unknown>;
  counters?: { event_count: number; task_count: number };
  heartbeats?: number[];
  freq?: number;
  pid?: number;
  heartbeat_expires?: number | null;
  worker?: null;
}
interface Case {
  name: string;
  kind: string;
  steps?: Step[];
  clocks?: Record<string, number>;
  tasks_by_time?: string[];
  timestamp?: number;
  freq?: number;
  expire_window?: number;
  expires?: number;
  lookup?: Record<string, number>;
  map?: Record<string, string>;
}
const golden = JSON.parse(readFileSync(new URL('../../golden/event-state.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};

describe('event-state.json', () => {
  for (const c of golden.cases) {
    it(c.name, () => {
      const state = new ClusterState();
      if (c.kind === 'task') {
        for (const step of c.steps!) {
          state.apply({ ...step.event });
          const task = state.tasks.get(step.event.uuid!)!;
          expect(task.state).toBe(step.state);
          const got = task as unknown as Record<string, unknown>;
          for (const [key, value] of Object.entries(step.fields!)) expect([key, got[key]]).toEqual([key, value]);
          expect([state.eventCount, state.taskCount]).toEqual([step.counters!.event_count, step.counters!.task_count]);
        }
      } else if (c.kind === 'worker') {
        for (const step of c.steps!) {
          state.apply({ ...step.event });
          const worker = state.workers.get(step.event.hostname!);
          if (step.worker === null) {
            expect(worker).toBeUndefined();
            continue;
          }
          expect(worker!.heartbeats).toEqual(step.heartbeats);
          expect(worker!.freq).toBe(step.freq);
          expect(worker!.pid).toBe(step.pid);
          expect(workerExpires(worker!)).toBe(step.heartbeat_expires);
        }
      } else if (c.kind === 'order') {
        for (const [uuid, clock] of Object.entries(c.clocks!))
          state.apply({
            type: 'task-started',
            uuid,
            clock,
            hostname: 'w@h',
            pid: 1,
            timestamp: 1000,
            local_received: 1000,
          });
        expect(state.tasksByTime().map((t) => t.uuid)).toEqual(c.tasks_by_time);
      } else if (c.kind === 'heartbeat_expires') {
        expect(heartbeatExpires(c.timestamp!, c.freq!, c.expire_window!)).toBe(c.expires);
      } else if (c.kind === 'precedence') {
        for (const [name, rank] of Object.entries(c.lookup!)) expect([name, precedence(name)]).toEqual([name, rank]);
      } else if (c.kind === 'map') {
        for (const [subject, name] of Object.entries(c.map!)) {
          const state = new ClusterState();
          state.apply({
            type: `task-${subject}`,
            uuid: 'a',
            hostname: 'w@h',
            timestamp: 1,
            local_received: 1,
            clock: 1,
          });
          expect([subject, state.tasks.get('a')?.state]).toEqual([subject, name]);
        }
      } else throw new Error(`a case of an unknown kind: ${c.kind}`);
    });
  }
});

const at = (type: string, uuid: string, timestamp: number, more: Partial<CeleryEvent> = {}): CeleryEvent => ({
  type,
  uuid,
  hostname: 'w@h',
  timestamp,
  local_received: timestamp,
  clock: timestamp,
  pid: 1,
  ...more,
});

describe('a cluster of events', () => {
  it('hands over what changed once, batch by batch', () => {
    const state = new ClusterState();
    state.apply(at('task-received', 'a', 1, { name: 'n' }));
    state.apply(at('task-started', 'a', 2));
    const first = state.cut();
    expect(first.tasks.map((t) => t.uuid)).toEqual(['a']);
    expect(first.created).toBe(1);
    state.apply(at('task-succeeded', 'a', 3, { runtime: 1, result: '1' }));
    const second = state.cut();
    expect(second.created).toBe(0);
    expect(second.finishes).toMatchObject([{ state: 'SUCCESS', runtime: 1, at: 3, wait: 1 }]);
    expect(state.cut().tasks).toEqual([]);
  });

  it('counts an event told twice as one end, and each retry as its own', () => {
    const state = new ClusterState();
    state.apply(at('task-received', 'a', 1, { name: 'n', retries: 0 }));
    state.apply(at('task-retried', 'a', 2, { exception: 'E()' }));
    state.apply(at('task-retried', 'a', 2, { exception: 'E()' }));
    state.apply(at('task-received', 'a', 3, { name: 'n', retries: 1 }));
    state.apply(at('task-retried', 'a', 4, { exception: 'E()' }));
    state.apply(at('task-received', 'a', 5, { name: 'n', retries: 2 }));
    state.apply(at('task-succeeded', 'a', 6, { result: '1', runtime: 1 }));
    state.apply(at('task-succeeded', 'a', 6, { result: '1', runtime: 1 }));
    expect(state.cut().finishes.map((f) => f.state)).toEqual(['RETRY', 'RETRY', 'SUCCESS']);
    const tries = state.tasks.get('a')!.tries!;
    expect(tries.map((t) => [t.number, t.state, t.ended])).toEqual([
      [0, 'RETRY', 2],
      [1, 'RETRY', 4],
      [2, 'SUCCESS', 6],
    ]);
  });

  it('numbers a try right when the next one was received before it said that it is to be retried', () => {
    const state = new ClusterState();
    state.apply(at('task-received', 'a', 1, { name: 'n', retries: 0, parent_id: 'p' }));
    state.apply(at('task-started', 'a', 2));
    state.apply(at('task-received', 'a', 3, { name: 'n', retries: 1, parent_id: 'a' }));
    state.apply(at('task-retried', 'a', 4, { exception: 'E()', traceback: 'T' }));
    state.apply(at('task-started', 'a', 5));
    state.apply(at('task-succeeded', 'a', 6, { result: '1', runtime: 1 }));
    expect([state.tasks.get('a')!.parent_id, state.childrenOf('a')]).toEqual(['p', []]);
    expect(state.tasks.get('a')!.tries).toMatchObject([
      { number: 0, state: 'RETRY', received: null, started: 2, ended: 4, exception: 'E()' },
      { number: 1, state: 'SUCCESS', received: 3, started: 5, ended: 6, exception: null, traceback: null },
    ]);
  });

  it('a retry told after the end of the try it led to stands before it', () => {
    const state = new ClusterState();
    state.apply(at('task-received', 'a', 1, { name: 'n', retries: 0 }));
    state.apply(at('task-started', 'a', 2));
    state.apply(at('task-retried', 'a', 3, { exception: "ConnectionError('x')" }));
    state.apply(at('task-received', 'a', 4, { name: 'n', retries: 1 }));
    state.apply(at('task-started', 'a', 5));
    state.apply(at('task-received', 'a', 6, { name: 'n', retries: 2 }));
    state.apply(at('task-started', 'a', 7));
    state.apply(at('task-succeeded', 'a', 8, { result: '2', runtime: 0.1 }));
    state.apply(at('task-retried', 'a', 8.5, { exception: "ConnectionError('x')" }));
    const task = state.tasks.get('a')!;
    expect(task.tries!.map((t) => [t.number, t.state, t.started])).toEqual([
      [0, 'RETRY', 2],
      [1, 'RETRY', null],
      [2, 'SUCCESS', 7],
    ]);
    expect(task.state).toBe('SUCCESS');
  });

  it('numbers the tries of a task from the first, in whatever order the next is heard of, and from what it tells when it began before', () => {
    const state = new ClusterState();
    state.apply(at('task-received', 'a', 1, { name: 'n', retries: 0 }));
    state.apply(at('task-received', 'a', 2, { name: 'n', retries: 1 }));
    state.apply(at('task-started', 'a', 3));
    state.apply(at('task-retried', 'a', 4, { exception: 'E()' }));
    expect(state.tasks.get('a')!.tries).toMatchObject([{ number: 0 }]);
    state.apply(at('task-received', 'b', 1, { name: 'n', retries: 4 }));
    state.apply(at('task-started', 'b', 2));
    state.apply(at('task-retried', 'b', 3, { exception: 'E()' }));
    expect(state.tasks.get('b')!.tries).toMatchObject([{ number: 4 }]);
  });

  it('keeps a bounded number of tasks and lets finished ones go first', () => {
    const state = new ClusterState({ maxTasks: 10, maxUnfinished: 5 });
    state.apply(at('task-received', 'waiting', 1, { name: 'n' }));
    for (let i = 0; i < 100; i++) {
      state.apply(at('task-received', `t${i}`, i, { name: 'n' }));
      state.apply(at('task-succeeded', `t${i}`, i + 1));
    }
    state.cut();
    expect(state.tasks.size).toBe(11);
    expect(state.tasks.has('waiting')).toBe(true);
    for (let i = 0; i < 100; i++) state.apply(at('task-received', `u${i}`, i, { name: 'n' }));
    state.cut();
    expect(state.tasks.size).toBe(15);
  });

  it('keeps fields and states it does not know', () => {
    const state = new ClusterState();
    state.apply(at('task-progress', 'a', 1, { current: 3, total: 10 }));
    const task = state.tasks.get('a')!;
    expect(task.state).toBe('PROGRESS');
    expect(task.extra).toEqual({ current: 3, total: 10 });
  });

  it('takes a task event as a sign of life of its worker', () => {
    const state = new ClusterState();
    state.apply({ type: 'worker-online', hostname: 'w@h', timestamp: 1, local_received: 1, freq: 2 });
    expect(isAlive(state.workers.get('w@h')!, 10)).toBe(false);
    state.apply(at('task-started', 'a', 9));
    expect(isAlive(state.workers.get('w@h')!, 10)).toBe(true);
  });

  it('knows how far a clock is off at once when our own is set, and that it is right when ours is put right', () => {
    const state = new ClusterState();
    for (let i = 1; i <= 5; i++)
      state.apply({ type: 'worker-heartbeat', hostname: 'w@h', timestamp: i, local_received: i });
    const worker = state.workers.get('w@h')!;
    let off = 0;
    for (const by of [3600, -7200, 3600]) {
      off += by;
      // One that was heard before the change was noticed.
      state.apply({ type: 'worker-heartbeat', hostname: 'w@h', timestamp: 6, local_received: 6 + off });
      state.clockSet(by, 6 + off);
      expect(worker.clock_drift + off).toBe(0);
    }
  });

  it.each([3600, -3600])(
    'says nothing of a clock that may have been set with ours (%i s), until it was heard since',
    (by) => {
      const state = new ClusterState();
      const beat = (timestamp: number, heard: number) =>
        state.apply({ type: 'worker-heartbeat', hostname: 'w@h', timestamp, local_received: heard });
      for (let i = 1; i <= 5; i++) beat(i, i);
      const worker = state.workers.get('w@h')!;
      state.clockSet(by, 6 + by);
      const measured: number[] = [measuredDrift(worker)];
      // Of the same machine.
      for (let i = 7; i <= 12; i++) {
        beat(i + by, i + by);
        measured.push(measuredDrift(worker));
      }
      expect(measured).toEqual(measured.map(() => 0));
      // Of another one.
      state.clockSet(by, 13 + 2 * by);
      for (let i = 14; i <= 16; i++) beat(i + by, i + 2 * by);
      expect(measuredDrift(worker)).toBe(-by);
    },
  );

  it.each([3600, -3600])('counts what goes on from when it began when our clock is set: %i s', (by) => {
    const state = new ClusterState();
    const now = 1_000_000;
    const ran = (uuid: string, ago: number, clock = now) => {
      for (const type of ['task-received', 'task-started'])
        state.apply({ ...at(type, uuid, clock - ago), local_received: clock - ago });
    };
    ran('long', 600);
    ran('ended', 600);
    state.apply({ ...at('task-succeeded', 'ended', now - 500), local_received: now - 500 });
    ran('last', 0.5);
    const after = now + by;
    // Begun and heard after it was set, before that was noticed.
    ran('since', 0.4, after);
    state.cut();
    state.clockSet(by, after);
    const running = (uuid: string) => after - state.tasks.get(uuid)!.started!;
    expect(['long', 'last', 'since'].map((uuid) => Math.round(running(uuid) * 10) / 10)).toEqual([600, 0.5, 0.4]);
    expect(state.tasks.get('ended')!.succeeded).toBe(now - 500);
    expect(after - state.workers.get('w@h')!.last_heard!).toBeCloseTo(0.4);
    expect(new Set(state.cut().tasks.map(({ uuid }) => uuid))).toEqual(new Set(['long', 'last', 'since']));
  });

  it("counts a worker's life from when it was heard, not from its clock", () => {
    const state = new ClusterState();
    const ahead = 7200;
    state.apply({ type: 'worker-online', hostname: 'w@h', timestamp: 1 + ahead, local_received: 1, freq: 2 });
    state.apply({ ...at('task-started', 'a', 9), timestamp: 9 + ahead, local_received: 9 });
    expect(workerExpires(state.workers.get('w@h')!)).toBe(9 + 4);
  });

  describe('a worker whose clock is off', () => {
    const heard = 1_000_000;
    const beat = (state: ClusterState, drift: number, when: number, delay = 0) =>
      state.apply({ type: 'worker-heartbeat', hostname: 'w@h', timestamp: when + drift, local_received: when + delay });
    const ran = (state: ClusterState, drift: number, when: number) => {
      for (const [i, type] of ['task-received', 'task-started', 'task-succeeded'].entries())
        state.apply({ ...at(type, `t${when}`, 0), timestamp: when + i + drift, local_received: when + i + 0.1 });
      return state.tasks.get(`t${when}`)!;
    };

    it.each([7200, -7200, 40, -40])('has its tasks placed by ours: %i s', (drift) => {
      const state = new ClusterState();
      for (let i = 0; i < 3; i++) beat(state, drift, heard + i * 2);
      expect(state.workers.get('w@h')!.clock_drift).toBe(drift);
      const task = ran(state, drift, heard + 10);
      expect(task).toMatchObject({
        received: heard + 10,
        started: heard + 11,
        succeeded: heard + 12,
        first_seen: heard + 10,
      });
      expect(state.cut().finishes[0]).toMatchObject({ at: heard + 12 });
    });

    it('puts nothing into the future before its drift is known', () => {
      const state = new ClusterState();
      expect(ran(state, 7200, heard).first_seen).toBe(heard + 0.1);
    });

    it('has what it told before its drift was known placed anew, and what it told long ago left alone', () => {
      const state = new ClusterState();
      const old = ran(state, 0, heard - 590);
      beat(state, -600, heard);
      const task = ran(state, -600, heard + 0.5);
      expect(task.received).toBe(heard + 0.5 - 600);
      state.cut();
      for (let i = 1; i < 3; i++) beat(state, -600, heard + i * 2);
      const times = { received: 0.5, started: 1.5, succeeded: 2.5, first_seen: 0.5, timestamp: 2.5 };
      for (const [field, at] of Object.entries(times)) expect(task[field as 'received'], field).toBe(heard + at);
      expect(old.received).toBe(heard - 590);
      expect(state.cut().tasks).toEqual([task]);
    });

    it('is believed again as soon as its clock was set right', () => {
      const state = new ClusterState();
      for (let i = 0; i < 5; i++) beat(state, 7200, heard + i * 2);
      expect(ran(state, 0, heard + 10)).toMatchObject({ received: heard + 10, succeeded: heard + 12 });
    });

    it('is not taken for one whose events were late on their way', () => {
      const state = new ClusterState();
      beat(state, 0, heard, 30);
      beat(state, 0, heard + 2, 28);
      beat(state, 0, heard + 30);
      expect(state.workers.get('w@h')!.clock_drift).toBe(0);
    });

    it('may tick a little apart from ours', () => {
      const state = new ClusterState();
      for (let i = 0; i < 5; i++) beat(state, 0.4, heard + i * 2);
      expect(ran(state, 0.4, heard + 10)).toMatchObject({ received: heard + 10.4 });
    });
  });

  describe('when names are invented', () => {
    const invented = (state: ClusterState, n: number, when: number, type = 'worker-heartbeat') => {
      for (let i = 0; i < n; i++)
        state.apply({ type, uuid: `u${i}`, hostname: `x${i}@h`, timestamp: when, local_received: when });
    };

    it.each(['worker-heartbeat', 'task-started'])(
      'keeps the workers it knows, and counts what it left out: %s',
      (type) => {
        const state = new ClusterState({ maxWorkers: 50, maxUnfinished: 100 });
        const beat = (when: number) =>
          state.apply({ type: 'worker-heartbeat', hostname: 'real@h', timestamp: when, local_received: when });
        beat(1000);
        invented(state, 100_000, 1001, type);
        expect(state.workers.size).toBe(50);
        expect(state.workerEventsLeftOut).toBe(100_000 - 49);
        beat(1002);
        expect(state.workers.get('real@h')!.last_heard).toBe(1002);
        state.cut();
        expect(state.tasks.size).toBeLessThanOrEqual(10_100);
      },
    );

    it('gives the place of a worker that is gone to a new one, the longest gone first', () => {
      const state = new ClusterState({ maxWorkers: 3 });
      const beat = (hostname: string, when: number) =>
        state.apply({ type: 'worker-heartbeat', hostname, timestamp: when, local_received: when });
      beat('old@h', 0.5);
      beat('older@h', 0.1);
      beat('here@h', 1000);
      beat('new@h', 1001);
      expect([...state.workers.keys()]).toEqual(['old@h', 'here@h', 'new@h']);
      expect(state.cut().workersGone).toEqual(['older@h']);
      state.apply({ type: 'worker-offline', hostname: 'here@h', timestamp: 1002, local_received: 1002 });
      beat('next@h', 1003);
      beat('last@h', 1003);
      expect([...state.workers.keys()]).toEqual(['new@h', 'next@h', 'last@h']);
    });

    it('remembers so many names of tasks', () => {
      const state = new ClusterState({ maxTaskTypes: 10, maxUnfinished: 10 });
      for (let i = 0; i < 100; i++) state.apply(at('task-received', `u${i}`, 1, { name: `name${i}` }));
      expect(state.taskTypes.size).toBe(10);
    });
  });

  it('keeps a worker there when the process before it says goodbye late, as in a rolling deploy', () => {
    const state = new ClusterState();
    const event = (type: string, pid: number | undefined, when: number) =>
      state.apply({ type, hostname: 'w@h', pid, timestamp: when, local_received: when } as CeleryEvent);
    event('worker-online', 1, 1);
    event('worker-online', 2, 2);
    event('worker-offline', 1, 3);
    expect(state.workers.get('w@h')).toMatchObject({ left: false, pid: 2, last_heard: 2 });
    event('worker-offline', 2, 4);
    expect(state.workers.get('w@h')).toMatchObject({ left: true });
  });

  it('keeps the queue of a task whose retry was sent by exchange and routing key, as Celery sends it', () => {
    const state = new ClusterState();
    const sent = (when: number, more: object) => state.apply(at('task-sent', 'a', when, { name: 'n', ...more }));
    sent(1, { queue: 'mail', exchange: '', routing_key: 'mail', retries: 0 });
    state.apply(at('task-retried', 'a', 2, { exception: 'x' }));
    sent(3, { queue: null, exchange: '', routing_key: 'mail', retries: 1 });
    expect(state.tasks.get('a')!.queue).toBe('mail');
    sent(4, { queue: null, exchange: 'topics', routing_key: 'mail.eu', retries: 2 });
    expect(state.tasks.get('a')!.queue).toBe('mail');
    state.apply(at('task-sent', 'b', 1, { name: 'n', queue: null, exchange: '', routing_key: 'orders' }));
    expect(state.tasks.get('b')!.queue).toBe('orders');
  });

  it('finds children whichever came first', () => {
    const state = new ClusterState();
    state.apply(at('task-received', 'child', 1, { name: 'n', parent_id: 'p' }));
    state.apply(at('task-received', 'p', 2, { name: 'n' }));
    expect(state.childrenOf('p').map((t) => t.uuid)).toEqual(['child']);
  });
});
