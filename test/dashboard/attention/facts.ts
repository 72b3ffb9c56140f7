// Facts of a cluster that is well, to be changed by a test where it is not.
import type { Consumption, Facts, FullPool, QueueFact, WorkerFact } from '../../../server/dashboard/attention/facts.ts';
import type { Knowledge, KnowledgeBySource } from '../../../shared/wire/cluster.ts';

export const NOW = 1_800_000_000;

export const known = (at = NOW): Knowledge => ({ ok: true, as_of: at, since: null, reason: null });
export const away = (since: number, reason = 'Connection refused'): Knowledge => ({
  ok: false,
  as_of: since,
  since,
  reason,
});

export function consumption(more: Partial<Consumption> = {}): Consumption {
  return {
    queues: ['celery'],
    queuesAsOf: NOW - 5,
    slots: 4,
    busy: 0,
    processed: 12,
    alive: 3600,
    room: 600,
    still: 600,
    prefetchFull: false,
    isKombu: true,
    ...more,
  };
}

/** A pool of two, both slots taken for ten minutes. */
export function full(more: Partial<FullPool> = {}): FullPool {
  return {
    slots: 2,
    tasks: ['aaaaaaaa-1', 'bbbbbbbb-2'].map((uuid) => ({ uuid, name: 'shop.pay', started: NOW - 600 })),
    reserved: 0,
    asOf: NOW - 2,
    ...more,
  };
}

export function worker(hostname: string, more: Partial<WorkerFact> = {}): WorkerFact {
  return {
    hostname,
    status: 'online',
    left: false,
    isSolo: false,
    shared: null,
    lastHeard: NOW - 1,
    silence: 1,
    expectedWithin: 4,
    held: null,
    drift: 0,
    unheard: null,
    eventsDisabled: false,
    consumption: consumption(),
    full: null,
    blocked: null,
    ...more,
  };
}

export function queue(name: string, more: Partial<QueueFact> = {}): QueueFact {
  return {
    name,
    messages: 0,
    workers: ['w1@h'],
    consumers: null,
    growing: false,
    single: false,
    paused: false,
    perMinute: 0,
    waitingSince: null,
    fallenAt: null,
    probedAt: NOW - 1,
    oldest: null,
    ...more,
  };
}

export function facts(
  more: Partial<Omit<Facts, 'knowledge'>> & { knowledge?: Partial<KnowledgeBySource> } = {},
): Facts {
  const { knowledge, ...rest } = more;
  return {
    now: NOW,
    settledFor: 600,
    quiet: 0,
    workers: [worker('w1@h'), worker('w2@h')],
    unknownQueues: 0,
    queues: [queue('celery')],
    newFailures: [],
    gap: null,
    waiting: null,
    baselines: new Map(),
    stalledAfter: 40,
    ...rest,
    knowledge: { events: known(), broker: known(), control: known(), history: known(), results: known(), ...knowledge },
  };
}
