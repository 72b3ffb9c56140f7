// When a waiting task starts, from facts made for it: how many go before it, how fast they leave, and where that is unknown.
import { describe, expect, it } from 'vitest';
import type { WaitFacts } from '../../../server/dashboard/waiting/facts.ts';
import { reasonOf } from '../../../server/dashboard/waiting/reason.ts';
import { ago, facts, type Given, MAIL, READY, running, taken, WORKER } from './facts.ts';

const LONG_MAIL = { ...MAIL, depth: 40 };
const behind = (n: number, more: Given = {}) => facts({ message: { ...READY, ahead: { n, is: 'exact' } }, ...more });

describe('when it starts', () => {
  it('follows from how many go before it and how fast they leave', () => {
    const reason = reasonOf(behind(31));
    expect(reason.starts_in).toEqual({ seconds: 480, is: 'about', per_minute: 4 });
    expect(reason.sentence).toMatch(/At 4 a minute it starts in about 8 m 0 s\.$/);
    const slow = reasonOf(behind(1, { queue: { ...LONG_MAIL, out_per_min: 0.05 } }));
    expect(slow.sentence).toMatch(/At 3 an hour it starts in about 40 m 0 s\.$/);
  });

  it('of one held by a rate limit, from the limit', () => {
    const reason = reasonOf(taken({ worker: { limit: '6/m' }, limited_ahead: { n: 5, is: 'exact' } }));
    expect(reason.starts_in).toEqual({ seconds: 60, is: 'about', per_minute: 6 });
  });

  it.each<[string, WaitFacts, RegExp]>([
    [
      'how fast they leave is',
      behind(31, { queue: { ...LONG_MAIL, out_per_min: null } }),
      /When it starts is unknown: how many tasks of mail end a minute is not known\.$/,
    ],
    [
      'none has left lately',
      behind(31, { queue: { ...LONG_MAIL, out_per_min: 0 } }),
      /When it starts is unknown: no task of mail ended in the last minutes\.$/,
    ],
    [
      'its place is',
      taken({ worker: { holds: 'reserved', active: running(2) }, reserved_ahead: null }),
      /When it starts is unknown: its place is not known\.$/,
    ],
  ])('is unknown where %s', (_, given, sentence) => {
    const reason = reasonOf(given);
    expect(reason.starts_in).toBeNull();
    expect(reason.sentence).toMatch(sentence);
  });
});

it.each<[string, Given, object]>([
  ['a slot for it and for each before it', {}, { grow: { worker: 'w1', slots: 3 } }],
  ['none to a pool that has one for ever', { worker: { is_solo: true } }, { text: expect.stringContaining('larger') }],
  ['no number where its place is a guess', { reserved_ahead: { n: 2, is: 'at_least' } }, {}],
])('where a worker has taken it and all its slots are busy, more are offered: %s', (_, more, remedy) => {
  const given = { active: running(2), taken: 4, holds: 'reserved' as const, ...more.worker };
  const reason = reasonOf(taken({ reserved_ahead: { n: 2, is: 'exact' }, ...more, worker: given }));
  expect(reason).toMatchObject({ cause: 'slots', remedy });
  if (!('grow' in remedy)) expect(reason.remedy).not.toHaveProperty('grow');
});

it('says so where all slots are taken by tasks that hang, and offers no larger pool for it', () => {
  const hung = { active: running(2), taken: 2, hung_since: ago(600) };
  const next = reasonOf(facts({ worker: hung, queue: { ...LONG_MAIL, out_per_min: 0 } }));
  expect(next).toMatchObject({
    cause: 'slots',
    sentence:
      'Waits for a free slot: it is next in mail, and all 2 slots of w1 are busy. No slot has been free for 10 m 0 s: the tasks in them run far longer than they usually do. When it starts is unknown: no task of mail ended in the last minutes.',
    remedy: { text: 'Look at what w1 runs: it may hang.', href: '/workers/w1' },
  });
  // Its other worker is merely busy.
  const two = facts({
    workers: [
      { ...WORKER, ...hung },
      { ...WORKER, hostname: 'w2', active: running(2) },
    ],
  });
  expect(reasonOf(two).sentence).not.toContain('usually');
});

it.each([
  ['before any worker has answered', { all_asked: false }],
  ['where the broker alone knows of a consumer', { queue: { ...LONG_MAIL, consumers: 1 } }],
])('one that is next is promised to no worker that is not known: %s', (_, more) => {
  const reason = reasonOf(facts({ worker: null, ...more }));
  const sentence = 'It is next in mail; who consumes it is not known.';
  expect(reason).toMatchObject({ cause: 'next', sentence, place: { n: 1 } });
});
