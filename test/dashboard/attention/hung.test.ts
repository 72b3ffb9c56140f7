// A hung pool, from facts alone: what it is, and what it is not. By a real Python worker: fault/worker-stalled.test.ts.
import { describe, expect, it } from 'vitest';
import type { Facts, FullPool, RuntimeBaseline } from '../../../server/dashboard/attention/facts.ts';
import { hungOf, namesInQuestion } from '../../../server/dashboard/attention/hung.ts';
import { Watch } from '../../../server/dashboard/attention/watch.ts';
import { consumption, facts, full, NOW, queue, worker } from './facts.ts';

const BASELINE: RuntimeBaseline = { p99: 1.2, runs: 1240 };
const waits = queue('celery', { messages: 31, waitingSince: NOW - 5 });

function pool(
  more: Partial<FullPool> = {},
  baselines: Record<string, RuntimeBaseline> = { 'shop.pay': BASELINE },
  of: Partial<Facts> = {},
) {
  const busy = { busy: 2, room: 0, slots: 2 };
  const w = worker('w1@h', { full: full(more), consumption: consumption(busy) });
  const all = facts({ workers: [w], queues: [waits], baselines: new Map(Object.entries(baselines)), ...of } as never);
  return { w, all, hung: hungOf(w, all) };
}
const started = (...ago: (number | null)[]) =>
  ago.map((s, i) => ({ uuid: `${i}aaaaaaa-x`, name: 'shop.pay', started: s === null ? null : NOW - s }));

describe('a pool whose slots are all taken by tasks that run far longer than usual, while others wait', () => {
  it('is hung, since no slot has been free, with what has the slots and how long such tasks usually run', () => {
    const { hung } = pool();
    expect(hung).toMatchObject({ since: NOW - 600, slots: 2 });
    expect(hung!.evidence.map(({ text }) => text)).toEqual([
      'Its slots are taken by shop.pay aaaaaaaa for 10 m 0 s and shop.pay bbbbbbbb for 10 m 0 s',
      '99 of 100 runs within seven days took no longer than 1.20 s (shop.pay, 1,240 runs)',
      '31 messages wait in celery, and no slot has been free for 10 m 0 s',
    ]);
  });

  it('also when what waits is in its hands already', () => {
    const { hung } = pool({ reserved: 3 }, undefined, { queues: [] });
    expect(hung!.evidence[2]!.text).toBe(
      '3 tasks it has taken wait for a slot, and no slot has been free for 10 m 0 s',
    );
  });

  it('with many slots names the longest and how many more', () => {
    const { hung } = pool({ slots: 5, tasks: started(900, 100, 800, 200, 300) });
    expect(hung).toMatchObject({ since: NOW - 100, slots: 5 });
    expect(hung!.evidence[0]!.text).toBe(
      'Its slots are taken by shop.pay 0aaaaaaa for 15 m 0 s, shop.pay 2aaaaaaa for 13 m 20 s, shop.pay 4aaaaaaa for 5 m 0 s and 2 more',
    );
  });

  it('is asked for before it may be named: the names whose usual runtime decides', () => {
    expect(namesInQuestion(pool({ tasks: started(25, 25) }, {}).all)).toEqual(new Set(['shop.pay']));
    expect(namesInQuestion(pool({ tasks: started(5, 900) }, {}).all)).toEqual(new Set());
  });
});

describe('it is no hung pool', () => {
  it.each<[string, Partial<FullPool>, Record<string, RuntimeBaseline> | undefined, Partial<Facts>]>([
    ['of a name without a baseline: that is unknown', {}, {}, {}],
    ['of a name that ended too seldom to have one', {}, { 'shop.pay': { p99: 1.2, runs: 29 } }, {}],
    ['of tasks that are always long', {}, { 'shop.pay': { p99: 400, runs: 1240 } }, {}],
    ['while one of them is not unusual yet', { tasks: started(600, 20) }, undefined, {}],
    ['when it is not known since when one of them runs', { tasks: started(600, null) }, undefined, {}],
    ['before which nothing waits', {}, undefined, { queues: [queue('celery')] }],
    [
      'before which others wait, in a queue it does not consume',
      {},
      undefined,
      { queues: [{ ...waits, name: 'mail' }] },
    ],
    ['by an answer of minutes ago', { asOf: NOW - 120 }, undefined, {}],
  ])('%s', (_, more, baselines, of) => {
    expect(pool(more, baselines, of).hung).toBeNull();
  });

  it('of one with a free slot, or that is late or gone', () => {
    const { w, all } = pool();
    expect(hungOf({ ...w, full: null }, all)).toBeNull();
    expect(hungOf({ ...w, status: 'late' }, all)).toBeNull();
  });
});

it('ends when a slot has been free for its time, not for one look', () => {
  const watch = new Watch();
  const { all } = pool();
  const free = { ...all, workers: all.workers.map((w) => ({ ...w, full: null })) };
  let ms = 0;
  const look = (of: Facts) => {
    ms += 1000;
    watch.observe(of, ms);
    return watch.needs().needs.length;
  };
  expect([look(all), look(all), look(all), look(all), look(all)]).toEqual([0, 0, 0, 0, 1]);
  expect([look(free), look(all), look(free), look(free), look(free), look(free), look(free)]).toEqual([
    1, 1, 1, 1, 1, 0, 0,
  ]);
});
