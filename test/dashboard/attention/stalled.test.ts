// Alive but not eating, from facts alone: what it is, and what it is not.
import { describe, expect, it } from 'vitest';
import type { Consumption, Facts } from '../../../server/dashboard/attention/facts.ts';
import { stallOf, standstillOf } from '../../../server/dashboard/attention/stalled.ts';
import { consumption, facts, NOW, queue, worker } from './facts.ts';

const looks = (kombu: number[]) => kombu.map((n, i) => ({ at: NOW - 2 * (kombu.length - i), kombu: n }));
const five = queue('celery', { messages: 5, waitingSince: NOW - 50 });

/** One Python worker with five messages before it, and what the broker sees. */
function stall(more: Partial<Consumption> = {}, of: Partial<Facts> = {}) {
  const w = worker('w1@h', { consumption: consumption(more) });
  return stallOf(w, facts({ workers: [w], queues: [five], waiting: looks([0, 0, 0, 0]), ...of } as never));
}

describe('a worker with a free slot, messages before it, and no progress', () => {
  it('does not eat, for certain when the broker sees nobody wait', () => {
    const found = stall();
    expect(found).toMatchObject({ certain: true, since: NOW - 50 });
    expect(found!.evidence.map(({ text }) => text)).toEqual([
      '5 messages wait in celery, which it says it consumes',
      '0 of 4 slots taken, room in its prefetch window, and nothing begun for 50 s',
      "Of 1 worker that should wait for messages, 0 do, by the broker's list of clients",
    ]);
  });

  it('seems not to eat where the broker cannot tell, or cannot tell of its kind', () => {
    expect(stall({}, { waiting: null })).toMatchObject({ certain: false });
    const ours = stall({ isKombu: false });
    expect(ours).toMatchObject({ certain: false });
    expect(ours!.evidence[2]!.text).toContain('cannot tell who of this kind waits');
  });

  it('is never named against the word of the broker', () => {
    expect(stall({}, { waiting: looks([1, 1, 1, 1]) })).toBeNull();
    // Clients wait in turns; one who asks workers waits, too.
    expect(stall({}, { waiting: looks([1, 0, 1, 1, 0]) })).toBeNull();
    expect(stall({}, { waiting: looks([0, 0, 1, 0, 0]) })).toMatchObject({ certain: true });
  });

  it('is not named by the broker before it was asked often enough', () => {
    expect(stall({}, { waiting: looks([0, 0]) })).toMatchObject({ certain: false });
  });

  it('is told from its neighbours, who wait at other queues', () => {
    const here = worker('w1@h', { consumption: consumption() });
    const idle = ['w2@h', 'w3@h'].map((name) => worker(name, { consumption: consumption({ queues: ['mail'] }) }));
    const all = facts({ workers: [here, ...idle], queues: [five, queue('mail')], waiting: looks([2, 2, 2]) });
    expect(stallOf(here, all)).toMatchObject({ certain: true });
    for (const one of idle) expect(stallOf(one, all)).toBeNull();
  });
});

describe('it is no stall', () => {
  const idle = { queues: [queue('celery')] };
  it.each<[string, Partial<Consumption>, Partial<Facts>]>([
    ['of an idle worker', {}, idle],
    ['of a paused one, without queues', { queues: [] }, {}],
    ['of one whose messages came just now', {}, { queues: [queue('celery', { messages: 5, waitingSince: NOW - 20 })] }],
    ['with all slots taken', { busy: 4 }, {}],
    ['when a slot has only just become free', { room: 5 }, {}],
    ['with its prefetch window full, of ETA tasks or by a rate limit', { prefetchFull: true }, {}],
    ['when it has not told what it holds', { prefetchFull: null }, {}],
    ['when its slots are not known', { slots: null }, {}],
    ['while it gets on', { still: 3 }, {}],
    ['in the first 30 seconds of its life', { alive: 29 }, {}],
    ['by an answer of minutes ago', { queuesAsOf: NOW - 120 }, {}],
    ['of messages in a queue of others', {}, { queues: [queue('mail', { messages: 5, waitingSince: NOW - 500 })] }],
  ])('%s', (_, more, of) => {
    expect(stall(more, of)).toBeNull();
  });

  it('of one that is late or gone: that is told otherwise', () => {
    const w = worker('w1@h', { status: 'late' });
    expect(stallOf(w, facts({ workers: [w], queues: [five] }))).toBeNull();
  });
});

describe('one that may only stand by for a queue with a single active consumer', () => {
  const single = queue('celery', { messages: 5, waitingSince: NOW - 500, single: true, workers: ['w1@h', 'w2@h'] });
  const idle = worker('w2@h', { consumption: consumption() });
  const of = (other: Partial<Consumption>, q = single) =>
    stallOf(idle, facts({ workers: [worker('w1@h', { consumption: consumption(other) }), idle], queues: [q] }));
  it.each<[string, Partial<Consumption>, Partial<typeof single>]>([
    ['while another has no room', { busy: 4, room: 0 }, {}],
    ['while another gets on', { still: 3 }, {}],
    ['while somebody takes from it', {}, { fallenAt: NOW - 3 }],
    ['while it has a consumer that is not heard of here', {}, { consumers: 3 }],
  ])('is no stall %s', (_, other, q) => expect(of(other, { ...single, ...q })).toBeNull());

  it('is one when all of them have room and nothing is taken', () => expect(of({})).not.toBeNull());
});

describe('a queue stands still', () => {
  const cut = worker('w1@h', { consumption: consumption() });
  const busy = (more: Partial<Consumption> = {}) =>
    worker('w2@h', { consumption: consumption({ busy: 4, room: 0, still: 300, ...more }) });
  const of = (more: Partial<Facts>) => standstillOf('celery', facts({ queues: [five], ...more } as never));

  it('when a worker of it is stalled, and says which', () => {
    expect(of({ workers: [cut, worker('w3@h', { consumption: consumption({ queues: ['mail'] }) })] })).toEqual({
      since: NOW - 50,
      workers: ['w1@h'],
    });
    // Its other worker has no room: whoever waits here waits for both.
    expect(of({ workers: [cut, busy()] })).toMatchObject({ workers: ['w1@h'] });
  });

  it('never while anybody takes from it, one of its workers or one that nobody here has heard of', () => {
    expect(of({ workers: [cut, busy({ still: 3 })] })).toBeNull();
    expect(of({ workers: [cut], queues: [{ ...five, fallenAt: NOW - 10 }] })).toBeNull();
    expect(of({ workers: [cut], queues: [{ ...five, fallenAt: NOW - 45 }] })).toMatchObject({ since: NOW - 45 });
  });

  it('exactly when a worker of it counts as stalled: the word of the broker, rate limits and ETAs go in alike', () => {
    expect(of({ workers: [cut], waiting: looks([1, 1, 1, 1]) })).toBeNull();
    expect(of({ workers: [worker('w1@h', { consumption: consumption({ prefetchFull: true }) })] })).toBeNull();
    expect(standstillOf('celery', facts({ workers: [cut], queues: [five] }), () => null)).toBeNull();
  });
});
