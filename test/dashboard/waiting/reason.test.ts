// Why a task does not run: each cause from facts made for it, the order in which they are looked at, and what may be sent again.
// On a cluster of real workers: waiting.test.ts beside this. Long because it is a table: each cause with all that may be taken for it.
import { describe, expect, it } from 'vitest';
import { judge } from '../../../server/dashboard/operations/judge.ts';
import type { WaitFacts } from '../../../server/dashboard/waiting/facts.ts';
import { reasonOf } from '../../../server/dashboard/waiting/reason.ts';
import { WAIT_CAUSES, type WaitCause } from '../../../shared/wire/wait.ts';
import { ago, facts, NOW, NOWHERE, READY, running, taken, UNACKED, UNSEEN, WORKER } from './facts.ts';

interface Case {
  name: string;
  facts: WaitFacts;
  cause: WaitCause;
  says: string;
  /** Whether Retry is offered, and with a warning. */
  retry: 'no' | 'yes' | 'warned';
}

const CASES: Case[] = [
  {
    name: 'expired',
    facts: facts({ task: { expires: ago(60) } }),
    cause: 'expired',
    says: 'It expired 1 m 0 s ago: a worker that comes to it drops it without running it.',
    retry: 'yes',
  },
  {
    name: 'past its expiry, but running on a worker that sends no events',
    facts: facts({
      task: { expires: ago(60) },
      message: UNACKED,
      holder: 'w1',
      worker: { holds: 'active', active: running(1), sends_events: false },
    }),
    cause: 'running',
    says: 'It does not wait: w1 runs it.',
    retry: 'no',
  },
  {
    name: 'revoked, but running on a worker that sends no events',
    facts: facts({
      message: UNACKED,
      holder: 'w1',
      worker: { holds: 'active', active: running(1), revoked: true, sends_events: false },
      revoke: { at: ago(10), who: 'ops' },
    }),
    cause: 'running',
    says: 'It does not wait: w1 runs it.',
    retry: 'no',
  },
  {
    name: 'running for another try, of which no event told',
    facts: taken({ task: { state: 'RETRY', started: ago(900) }, worker: { holds: 'active', active: running(1) } }),
    cause: 'running',
    says: 'It does not wait: w1 runs it.',
    retry: 'no',
  },
  {
    name: 'past its expiry, and taken by nobody who tells',
    facts: facts({ task: { expires: ago(60) }, message: NOWHERE, worker: { sends_events: false } }),
    cause: 'lost',
    says: 'Not heard of for 5 m 0 s, and not in the broker: it is lost, was never sent, or ran unseen.',
    retry: 'warned',
  },
  {
    name: 'to expire before its ETA',
    facts: taken({ task: { eta: NOW + 600, expires: NOW + 300 }, worker: { holds: 'scheduled' } }),
    cause: 'expired',
    says: 'Its ETA is in 10 m 0 s, but it expires before, in 5 m 0 s: it will be dropped without running.',
    retry: 'yes',
  },
  {
    name: 'to expire before its next try',
    facts: taken({ task: { eta: NOW + 600, expires: NOW + 300, retries: 1 }, worker: { holds: 'scheduled' } }),
    cause: 'expired',
    says: 'Its next try is in 10 m 0 s, but it expires before, in 5 m 0 s: it will be dropped without running.',
    retry: 'yes',
  },
  {
    name: 'revoked, with its ETA ahead, at a worker that knows',
    facts: taken({
      task: { eta: NOW + 240 },
      worker: { holds: 'scheduled', revoked: true },
      revoke: { at: ago(10), who: 'ops' },
    }),
    cause: 'revoked',
    says: 'Revoked 10 s ago by ops: w1 drops it at its ETA, in 4 m 0 s.',
    retry: 'yes',
  },
  {
    name: 'revoked, but its worker has forgotten',
    facts: taken({ worker: { holds: 'reserved' }, revoke: { at: ago(10), who: 'ops' } }),
    cause: 'revoked',
    says: 'Revoked 10 s ago by ops, but not every worker that may take it lists it as revoked: it may still run.',
    retry: 'warned',
  },
  {
    name: 'waiting for its ETA at a worker',
    facts: taken({ task: { eta: NOW + 240 }, worker: { holds: 'scheduled' } }),
    cause: 'eta',
    says: 'Waits for its ETA, in 4 m 0 s, at w1.',
    retry: 'no',
  },
  {
    name: 'waiting for its next try',
    facts: taken({ task: { eta: NOW + 48, retries: 2 }, worker: { holds: 'scheduled' } }),
    cause: 'retry',
    says: 'Try 2 failed; it is tried again in 48 s.',
    retry: 'no',
  },
  {
    name: 'an ETA in a queue that nobody consumes',
    facts: facts({ task: { eta: NOW + 240 }, worker: null }),
    cause: 'eta',
    says: 'Waits for its ETA, in 4 m 0 s. No worker consumes mail, so it will not start then either.',
    retry: 'no',
  },
  {
    name: 'in a queue that nobody consumes',
    facts: facts({ worker: null }),
    cause: 'no_consumer',
    says: 'No worker consumes mail: it will not start.',
    retry: 'no',
  },
  {
    name: 'in a queue that somebody paused',
    facts: facts({
      worker: null,
      queue: { ...facts().queue!, paused: { at: ago(120), who: 'ada' } },
    }),
    cause: 'paused',
    says: 'mail was paused by ada 2 m 0 s ago: it starts once the queue is resumed.',
    retry: 'no',
  },
  {
    name: 'in a queue that was paused and is consumed again',
    facts: facts({ worker: {}, queue: { ...facts().queue!, paused: { at: ago(120), who: 'ada' } } }),
    cause: 'next',
    says: 'It is next in mail: a worker takes it at any moment.',
    retry: 'no',
  },
  {
    name: 'in a queue whose only consumer is gone',
    facts: facts({ worker: { status: 'offline', last_heard: ago(200) } }),
    cause: 'no_consumer',
    says: 'No worker consumes mail: it will not start. w1, which consumed it, is gone.',
    retry: 'no',
  },
  {
    name: 'next in a queue of which one worker at a time is given messages',
    facts: facts({
      workers: [
        { ...WORKER, active: running(2), taken: 2 },
        { ...WORKER, hostname: 'w2' },
      ],
      queue: { ...facts().queue!, single: true },
    }),
    cause: 'next',
    says: 'It is next in mail, which goes to one of its 2 workers at a time: that one takes it when it has room.',
    retry: 'no',
  },
  {
    name: 'behind others there',
    facts: facts({
      message: { ...READY, ahead: { n: 3, is: 'exact' } },
      workers: [
        { ...WORKER, active: running(2), taken: 2 },
        { ...WORKER, hostname: 'w2' },
      ],
      queue: { ...facts().queue!, single: true },
    }),
    cause: 'behind',
    says: '3 messages go before it in mail, which goes to one of its 2 workers at a time. At 4 a minute it starts in about 1 m 0 s.',
    retry: 'no',
  },
  {
    name: 'behind others',
    facts: facts({ message: { ...READY, ahead: { n: 12, is: 'exact' } }, worker: { active: running(2), taken: 2 } }),
    cause: 'behind',
    says: '12 messages go before it in mail; all 2 slots of w1 are busy. At 4 a minute it starts in about 3 m 15 s.',
    retry: 'no',
  },
  {
    name: 'behind more than were looked at',
    facts: facts({ message: { ...READY, ahead: { n: 10_000, is: 'at_least' } } }),
    cause: 'behind',
    says: 'At least 10.0k messages go before it in mail; 0 of 2 slots of w1 are busy. At 4 a minute it starts in at least 1 d.',
    retry: 'no',
  },
  {
    name: 'next, and all slots are busy',
    facts: facts({ worker: { active: running(2), taken: 2 } }),
    cause: 'slots',
    says: 'Waits for a free slot: it is next in mail, and all 2 slots of w1 are busy. At 4 a minute it starts in about 15 s.',
    retry: 'no',
  },
  {
    name: 'taken, and all slots are busy',
    facts: taken({ worker: { holds: 'reserved', active: running(2) }, reserved_ahead: { n: 2, is: 'exact' } }),
    cause: 'slots',
    says: 'Waits for a free slot: w1 has taken it, all 2 slots of w1 are busy, and 2 tasks go before it. At 4 a minute it starts in about 45 s.',
    retry: 'no',
  },
  {
    name: 'held by a rate limit that Python names in no list',
    facts: taken({ worker: { limit: '6/m' }, limited_ahead: { n: 5, is: 'exact' } }),
    cause: 'rate_limit',
    says: 'Held by the rate limit of 6/m, behind 5: w1 has taken it and waits. At that rate it starts in about 1 m 0 s.',
    retry: 'no',
  },
  {
    name: 'held by a rate limit, on a broker that does not say what is taken',
    facts: taken({ message: UNSEEN, worker: { limit: '6/m' }, limited_ahead: { n: 0, is: 'exact' } }),
    cause: 'rate_limit',
    says: 'Held by the rate limit of 6/m, next in line: w1 has taken it and waits. At that rate it starts in about 10 s.',
    retry: 'no',
  },
  {
    name: 'held by a rate limit, as Umbel’s worker says',
    facts: taken({
      worker: { holds: 'limited', limit: '2/s', active: running(2) },
      limited_ahead: { n: 1, is: 'at_least' },
    }),
    cause: 'rate_limit',
    says: 'Held by the rate limit of 2/s, behind at least 1: w1 has taken it and waits. At that rate it starts in at least 1 s.',
    retry: 'no',
  },
  {
    name: 'in no list, unacknowledged, and no limit now',
    facts: taken(),
    cause: 'unknown',
    says: 'The broker holds its message as taken, and w1 names it in none of its lists: a rate limit that was changed meanwhile may hold it.',
    retry: 'warned',
  },
  {
    name: 'in no list, limited by name, but its message is gone',
    facts: taken({ message: NOWHERE, worker: { limit: '6/m' } }),
    cause: 'lost',
    says: 'w1 says that it has it no more, and the broker has no message of it: it ended without an event, or its event was lost.',
    retry: 'yes',
  },
  {
    name: 'in no list of a worker whose limits are unknown',
    facts: taken({ message: UNSEEN, worker: { limit: undefined } }),
    cause: 'unknown',
    says: 'w1 names it in none of its lists, and its rate limits are not known: it may be held by one.',
    retry: 'warned',
  },
  {
    name: 'with a worker that is gone, its message still unacknowledged',
    facts: taken({ worker: { status: 'offline', last_heard: ago(70) } }),
    cause: 'worker_gone',
    says: 'w1, which had taken it, is gone, last heard 1 m 10 s ago; the broker holds its message and delivers it again when its visibility timeout has passed.',
    retry: 'warned',
  },
  {
    name: 'running on a worker that is gone, acknowledged at its start',
    facts: taken({
      task: { state: 'STARTED', started: ago(90) },
      message: NOWHERE,
      worker: { status: 'offline', last_heard: ago(70) },
    }),
    cause: 'worker_gone',
    says: 'w1, which ran it, is gone, last heard 1 m 10 s ago: whether it finished is unknown, and the broker does not deliver it again.',
    retry: 'yes',
  },
  {
    name: 'with a worker that was started again under its name',
    facts: taken({ task: { eta: NOW + 240 }, worker: { process_since: ago(12) } }),
    cause: 'worker_gone',
    says: 'w1 was started again 12 s ago, and the process of it that had taken it is gone; the broker holds its message and delivers it again when its visibility timeout has passed.',
    retry: 'warned',
  },
  {
    name: 'running in a process whose worker was started again since',
    facts: taken({
      task: { state: 'STARTED', started: ago(90), last_event: ago(90) },
      message: NOWHERE,
      worker: { process_since: ago(12), asked: null, holds: 'unknown' },
    }),
    cause: 'worker_gone',
    says: 'w1 was started again 12 s ago, and the process of it that ran it is gone: whether it finished is unknown, and the broker does not deliver it again.',
    retry: 'yes',
  },
  {
    name: 'running in the process that was started again, to which it was delivered anew',
    facts: taken({
      task: { state: 'STARTED', started: ago(90), last_event: ago(90) },
      worker: { process_since: ago(12), holds: 'active', active: running(1) },
    }),
    cause: 'running',
    says: 'It does not wait: w1 has run it for 1 m 30 s.',
    retry: 'no',
  },
  {
    name: 'in a queue whose only consumer is late',
    facts: facts({ worker: { status: 'late', last_heard: ago(6) } }),
    cause: 'silent',
    says: 'w1 consumes mail and has not been heard for 6 s: it is not known whether it is taken.',
    retry: 'warned',
  },
  {
    name: 'in a queue whose only consumer is a solo worker that may run a task',
    facts: facts({ worker: { status: 'late', last_heard: ago(6), is_solo: true } }),
    cause: 'silent',
    says: 'w1 consumes mail and has not been heard for 6 s: its pool is solo, which says nothing while it runs a task.',
    retry: 'warned',
  },
  {
    name: 'with an ETA ahead, and its message gone from the broker',
    facts: facts({ task: { eta: NOW + 240 }, message: NOWHERE }),
    cause: 'lost',
    says: 'Not heard of for 5 m 0 s, and not in the broker: it is lost, was never sent, or ran unseen.',
    retry: 'yes',
  },
  {
    name: 'back in its queue after its worker was gone',
    facts: taken({
      message: READY,
      workers: [
        { ...WORKER, status: 'offline' },
        { ...WORKER, hostname: 'w2' },
      ],
    }),
    cause: 'next',
    says: 'It is next in mail: a worker takes it at any moment.',
    retry: 'no',
  },
  {
    name: 'with a worker that is silent',
    facts: taken({ task: { state: 'STARTED', started: ago(90) }, worker: { status: 'late', last_heard: ago(41) } }),
    cause: 'silent',
    says: 'w1, which ran it, has not been heard for 41 s: whether it still runs is unknown.',
    retry: 'warned',
  },
  {
    name: 'running',
    facts: taken({
      task: { state: 'STARTED', started: ago(15), last_event: ago(15) },
      worker: { holds: 'active', active: running(1) },
    }),
    cause: 'running',
    says: 'It does not wait: w1 has run it for 15 s.',
    retry: 'no',
  },
  {
    name: 'started, and its worker has it no more',
    facts: taken({ task: { state: 'STARTED', started: ago(20) }, message: NOWHERE }),
    cause: 'lost',
    says: 'w1 says that it has it no more, and the broker has no message of it: it ended without an event, or its event was lost.',
    retry: 'yes',
  },
  {
    name: 'not heard of since it was sent',
    facts: facts({ message: NOWHERE }),
    cause: 'lost',
    says: 'Not heard of for 5 m 0 s, and not in the broker: it is lost, was never sent, or ran unseen.',
    retry: 'yes',
  },
  {
    name: 'not heard of since it was sent, beside a worker that sends no task events',
    facts: facts({ message: NOWHERE, worker: { sends_events: false } }),
    cause: 'lost',
    says: 'Not heard of for 5 m 0 s, and not in the broker: it is lost, was never sent, or ran unseen.',
    retry: 'warned',
  },
  {
    name: 'removed by a purge',
    facts: facts({ message: NOWHERE, purge: { at: ago(30), who: 'ops' } }),
    cause: 'purged',
    says: 'Its queue was emptied 30 s ago by ops, and its message is in the broker no more: it was removed.',
    retry: 'yes',
  },
  {
    name: 'in front of workers that have room and take nothing',
    facts: facts({
      queue: {
        name: 'mail',
        depth: 10,
        single: false,
        paused: null,
        out_per_min: 0,
        consumers: null,
        at: NOW - 1,
        standstill: { since: ago(60), workers: ['w1'] },
      },
    }),
    cause: 'stalled',
    says: 'w1 consumes mail, has free slots and took nothing from it for 1 m 0 s.',
    retry: 'warned',
  },
  {
    name: 'taken by a worker with room that does not start it',
    facts: taken({ task: { received: ago(120), last_event: ago(120) }, worker: { holds: 'reserved' } }),
    cause: 'stalled',
    says: 'w1 took it 2 m 0 s ago, has 2 free slots and does not start it.',
    retry: 'warned',
  },
  {
    name: 'in front of workers whose prefetch windows are full',
    facts: facts({ worker: { window: 8, taken: 8, taken_by: 'all held by a rate limit' } }),
    cause: 'prefetch',
    says: 'In mail, no message goes before it; its workers hold as many messages as they may: w1 8 of 8, all held by a rate limit. At 4 a minute it starts in about 15 s.',
    retry: 'no',
  },
  {
    name: 'just taken',
    facts: taken({ task: { received: ago(1), last_event: ago(1) } }),
    cause: 'next',
    says: 'w1 has just taken it; where it is there is not known yet.',
    retry: 'no',
  },
  {
    name: 'with a worker that does not answer',
    facts: taken({ task: { received: ago(90), last_event: ago(90) }, worker: { holds: 'unknown', answered: ago(80) } }),
    cause: 'unknown',
    says: 'w1 has taken it and has not answered lately: whether it runs, or waits for what, is unknown.',
    retry: 'warned',
  },
  {
    name: 'not to be looked for',
    facts: facts({ message: { ...UNSEEN, why: 'the broker does not answer' }, queue: null, worker: null }),
    cause: 'unknown',
    says: 'Why it waits is unknown: the broker does not answer.',
    retry: 'warned',
  },
];

describe('why a task waits', () => {
  it.each(CASES)('$name: $cause', ({ facts, cause, says, retry }) => {
    const reason = reasonOf(facts);
    expect(reason.cause).toBe(cause);
    expect(reason.sentence).toBe(says);
    const judged = judge(reason);
    expect(judged.allowed ? (judged.would_double === null ? 'yes' : 'warned') : 'no').toBe(retry);
    // It says what would double exactly when it may still run.
    expect(reason.would_double !== null).toBe(reason.may_still_run);
  });

  it('has a case here for every cause there is', () => {
    expect(new Set(CASES.map((c) => c.cause))).toEqual(new Set(WAIT_CAUSES));
  });

  it('puts every question, with its source and time, and marks what was not looked at', () => {
    const { evidence, oldest } = reasonOf(taken({ worker: { limit: '6/m' } }));
    expect(evidence.map((line) => [line.question, line.answer])).toEqual([
      ['Expired?', 'no'],
      ['Revoked?', 'no'],
      ['Is its worker there?', 'no'],
      ['Has it started?', 'no'],
      ['Does it wait for a time?', 'no'],
      ['Is it held by a worker?', 'yes'],
      ['Is its message in the broker?', 'skipped'],
      ['Does nobody consume its queue?', 'skipped'],
      ['Do its consumers stand still?', 'skipped'],
      ['Do others go before it?', 'skipped'],
    ]);
    for (const line of evidence) expect(line.known_at === null).toBe(line.answer === 'skipped');
    expect(oldest).toBe(NOW - 20);
  });

  it('never calls a task lost that a rate limit may hold, whatever else is known', () => {
    for (const message of [UNACKED, UNSEEN])
      for (const holds of ['none', 'reserved', 'limited', 'unknown'] as const)
        for (const active of [[], running(2)])
          expect(reasonOf(taken({ message, worker: { limit: '6/m', holds, active } })).cause).not.toBe('lost');
  });

  it('names who has the slots, those that run longest first', () => {
    const { holders, holders_total, place } = reasonOf(
      taken({
        worker: { holds: 'reserved', slots: 30, active: running(30) },
        reserved_ahead: { n: 2, is: 'at_least' },
      }),
    );
    expect(holders).toHaveLength(20);
    expect(holders[0]).toMatchObject({ uuid: 'r0', worker: 'w1' });
    expect(holders_total).toEqual({ n: 30, is: 'exact' });
    expect(place).toEqual({ n: 3, is: 'at_least' });
  });
});
