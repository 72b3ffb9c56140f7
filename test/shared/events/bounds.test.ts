// What the picture of a cluster forgets by number: each bound here is one that a sender could otherwise pass without end.
// How many tasks and workers it keeps: cluster-state.test.ts; how long a text may be: edge.test.ts.
import { describe, expect, it } from 'vitest';
import { ClusterState } from '../../../shared/events/cluster-state.ts';
import { EventEdge, Repeated } from '../../../shared/events/edge.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import { createWorkerRecord } from '../../../shared/events/worker-record.ts';

let clock = 0;
const event = (type: string, more: Partial<CeleryEvent> = {}): CeleryEvent => {
  const timestamp = ++clock;
  return { type, hostname: 'w@h', pid: 1, timestamp, local_received: timestamp, clock, ...more };
};

describe('of a task', () => {
  it('the last hundred tries', () => {
    const state = new ClusterState();
    state.apply(event('task-received', { uuid: 'a', name: 'n', retries: 0 }));
    const first = clock + 1;
    for (let i = 0; i < 103; i++) {
      state.apply(event('task-retried', { uuid: 'a', exception: `try ${i}` }));
      state.apply(event('task-received', { uuid: 'a', name: 'n', retries: i + 1 }));
    }
    const tries = state.tasks.get('a')!.tries!;
    expect(tries).toHaveLength(100);
    expect(tries.at(0)).toMatchObject({ exception: 'try 3', ended: first + 6 });
    expect(tries.at(-1)).toMatchObject({ exception: 'try 102' });
  });

  it('sixty-four fields that are not known, of all its events together; those may change', () => {
    const state = new ClusterState();
    for (let i = 0; i < 70; i++) state.apply(event('task-progress', { uuid: 'a', [`field${i}`]: i }));
    state.apply(event('task-progress', { uuid: 'a', field0: 'new', field69: 'new' }));
    const { extra } = state.tasks.get('a')!;
    expect(Object.keys(extra!)).toHaveLength(64);
    expect(extra).toMatchObject({ field0: 'new', field63: 63 });
    expect(extra).not.toHaveProperty('field69');
  });
});

describe('of a worker', () => {
  it('the last four heartbeats', () => {
    const state = new ClusterState();
    for (let i = 0; i < 9; i++) state.apply(event('worker-heartbeat'));
    const last = clock;
    expect(state.workers.get('w@h')!.heartbeats).toEqual([last - 3, last - 2, last - 1, last]);
  });

  it('how far its clock was off at the last five: one that was set right is right soon', () => {
    const state = new ClusterState();
    const beat = (drift: number) => {
      const one = event('worker-heartbeat');
      state.apply({ ...one, timestamp: one.timestamp! + drift });
    };
    for (let i = 0; i < 50; i++) beat(60);
    const worker = state.workers.get('w@h')!;
    expect(worker.clock_drift).toBe(60);
    for (let i = 0; i < 3; i++) beat(0);
    expect(worker.clock_drift).toBe(0);
    expect(worker.drifts).toHaveLength(5);
  });

  it('nothing, where the history knows more workers than there are places', () => {
    const state = new ClusterState({ maxWorkers: 2 });
    for (const name of ['a', 'b', 'c']) state.restoreWorker(createWorkerRecord(name));
    expect([...state.workers.keys()]).toEqual(['a', 'b']);
  });
});

it('a parent is forgotten with the last of its children', () => {
  const state = new ClusterState({ maxTasks: 2, maxUnfinished: 10 });
  for (let i = 0; i < 50; i++) {
    state.apply(event('task-received', { uuid: `child${i}`, name: 'n', parent_id: `parent${i}` }));
    state.apply(event('task-succeeded', { uuid: `child${i}` }));
    state.cut();
  }
  expect(state.tasks.size).toBe(2);
  expect(state.parentCount).toBe(2);
  expect(state.childrenOf('parent49')).toHaveLength(1);
});

it('as many of the newest as were asked for', () => {
  const state = new ClusterState();
  for (const uuid of ['a', 'b', 'c']) state.apply(event('task-received', { uuid, name: 'n' }));
  expect(state.tasksByTime(2).map(({ uuid }) => uuid)).toEqual(['c', 'b']);
});

it('texts that come again are kept once: short ones, a bounded number, begun anew when there are too many', () => {
  const repeated = new Repeated();
  expect(repeated.one('x'.repeat(200))).toHaveLength(200);
  expect(repeated.one('x'.repeat(201))).toHaveLength(201);
  expect(repeated.size).toBe(1);
  for (let i = 1; i < 2000; i++) repeated.one(`name ${i}`);
  expect(repeated.size).toBe(2000);
  repeated.one('one more');
  expect(repeated.size).toBe(1);
});

it('a field whose name is no name, and a type that is no type, are left out however they are written', () => {
  const edge = new EventEdge();
  const long = 'n'.repeat(101);
  expect(edge.read({ type: 'task-progress', uuid: 'a', [long]: 1, ok: 2 })).toEqual([
    { type: 'task-progress', uuid: 'a', ok: 2 },
  ]);
  expect(edge.read({ type: `task-${'x'.repeat(124)}`, uuid: 'a' })).toEqual([]);
  expect(edge.read({ type: `task-${'x'.repeat(123)}`, uuid: 'a' })).toHaveLength(1);
  expect(edge.malformed).toBe(1);
});
