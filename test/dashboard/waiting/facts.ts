// Facts of one task that waits in the queue mail before a worker w1 with two slots, to be changed by a test.
import type { MessageFacts, TaskFacts, WaitFacts, WorkerFacts } from '../../../server/dashboard/waiting/facts.ts';

export const NOW = 1_000_000;

export const TASK: TaskFacts = {
  uuid: 'id',
  name: 'shop.pay',
  state: 'PENDING',
  eta: null,
  expires: null,
  retries: 0,
  first_seen: NOW - 300,
  received: null,
  started: null,
  last_event: NOW - 300,
};
export const WORKER: WorkerFacts = {
  hostname: 'w1',
  status: 'online',
  last_heard: NOW - 1,
  asked: NOW - 2,
  answered: NOW - 2,
  consumes: true,
  process_since: NOW - 3600,
  is_solo: false,
  slots: 2,
  out_per_min: 4,
  active: [],
  hung_since: null,
  holds: 'none',
  limit: null,
  window: 8,
  taken: 0,
  taken_by: null,
  revoked: false,
  sends_events: true,
};
export const READY: MessageFacts = { found: 'ready', queue: 'mail', ahead: { n: 0, is: 'exact' }, at: NOW, why: null };
export const NOWHERE: MessageFacts = { found: 'nowhere', queue: null, ahead: null, at: NOW, why: null };
export const UNACKED: MessageFacts = { found: 'unacked', queue: null, ahead: null, at: NOW, why: null };
export const UNSEEN: MessageFacts = {
  found: 'unknown',
  queue: null,
  ahead: null,
  at: null,
  why: 'this broker does not say',
};

export const MAIL = {
  name: 'mail',
  depth: 10,
  single: false,
  paused: null,
  out_per_min: 4,
  consumers: null,
  at: NOW - 1,
  standstill: null,
};

export interface Given extends Partial<Omit<WaitFacts, 'task' | 'workers'>> {
  task?: Partial<TaskFacts>;
  worker?: Partial<WorkerFacts> | null;
  workers?: WorkerFacts[];
}
export function facts({ task, worker, workers, ...given }: Given = {}): WaitFacts {
  return {
    now: NOW,
    task: { ...TASK, ...task },
    message: READY,
    queue: MAIL,
    workers: workers ?? (worker === null ? [] : [{ ...WORKER, ...worker }]),
    holder: null,
    all_asked: true,
    revoke: null,
    purge: null,
    limited_ahead: null,
    reserved_ahead: null,
    ...given,
  };
}
/** Taken by w1, by its event. */
export const taken = ({ task, ...given }: Given = {}): WaitFacts =>
  facts({
    holder: 'w1',
    message: UNACKED,
    task: { state: 'RECEIVED', received: NOW - 20, last_event: NOW - 20, ...task },
    ...given,
  });
export const running = (n: number) =>
  Array.from({ length: n }, (_, i) => ({
    uuid: `r${i}`,
    name: 'shop.sum',
    started: NOW - 100 + i,
    baseline_p95: null,
  }));
export const ago = (s: number) => NOW - s;
