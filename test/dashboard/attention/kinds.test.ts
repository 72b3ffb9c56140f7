// What needs a person, from facts alone: each kind, when it is found, when it is a need, when it ends.
import { describe, expect, it } from 'vitest';
import type { Facts } from '../../../server/dashboard/attention/facts.ts';
import { KINDS } from '../../../server/dashboard/attention/kinds.ts';
import { Watch } from '../../../server/dashboard/attention/watch.ts';
import { away, consumption, facts, full, NOW, queue, worker } from './facts.ts';

/** Looks once a second for so long; what is a need then. */
function lookFor(seconds: number, of: Facts, watch = new Watch(), fromMs = 0): ReturnType<Watch['needs']>['needs'] {
  for (let s = 0; s <= seconds; s++) watch.observe({ ...of, now: of.now + s }, fromMs + s * 1000);
  return watch.needs().needs;
}
const kinds = (of: Facts, seconds = 60) => lookFor(seconds, of).map((need) => need.kind);

const silent = (more = {}) => worker('w1@h', { status: 'late', silence: 20, lastHeard: NOW - 20, ...more });
const unconsumed = queue('reports', { messages: 3, workers: [], waitingSince: NOW - 30 });

/** Each kind with facts that make it, and how soon it must be told. @unit seconds */
const MADE: Record<string, { of: NonNullable<Parameters<typeof facts>[0]>; within: number }> = {
  'source-down': { of: { knowledge: { broker: away(NOW - 1) } }, within: 3 },
  'no-workers': { of: { workers: [worker('w1@h', { status: 'offline', left: true })] }, within: 6 },
  'worker-stalled': {
    of: {
      workers: [worker('w1@h'), worker('w2@h', { consumption: consumption({ still: 1 }) })],
      queues: [queue('celery', { messages: 5, waitingSince: NOW - 45 })],
      waiting: [4, 3, 2].map((ago) => ({ at: NOW - ago, kombu: 1 })),
    },
    within: 10,
  },
  'pool-hung': {
    of: {
      workers: [worker('w1@h', { full: full() }), worker('w2@h')],
      queues: [queue('celery', { messages: 31, waitingSince: NOW - 5 })],
      baselines: new Map([['shop.pay', { p99: 1.2, runs: 1240 }]]),
    },
    within: 5,
  },
  'worker-silent': { of: { workers: [silent(), worker('w2@h')] }, within: 1 },
  'queue-unconsumed': { of: { queues: [unconsumed] }, within: 5 },
  failure: {
    of: { newFailures: [{ exception: 'KeyError', task: 'shop.add', count: 2, first: NOW - 60, last: NOW - 5 }] },
    within: 1,
  },
  'queue-growing': { of: { queues: [queue('celery', { growing: true, perMinute: 38, messages: 90 })] }, within: 11 },
  'loop-blocked': {
    of: { workers: [worker('w1@h', { blocked: { seconds: 8, at: NOW - 4, cpu: 7, tasks: ['shop.report'] } })] },
    within: 1,
  },
  'clock-drift': { of: { workers: [worker('w1@h', { drift: 7200 })] }, within: 3 },
  'name-shared': { of: { workers: [worker('w1@h', { shared: [7, 9] })] }, within: 5 },
  'events-off': { of: { workers: [worker('w1@h', { unheard: { tasks: 30, beats: 3, seconds: 12 } })] }, within: 1 },
  'events-lost': { of: { gap: { since: NOW - 130, until: NOW - 60, events: 2914, tasks: 960 } }, within: 1 },
};

describe('what needs a person', () => {
  it('is nothing while all is well', () => {
    expect(kinds(facts())).toEqual([]);
  });

  it('has a test of each kind', () => {
    expect(Object.keys(MADE).sort()).toEqual(KINDS.map(({ kind }) => kind).sort());
  });

  for (const [kind, { of, within }] of Object.entries(MADE)) {
    it(`tells of ${kind} within ${within} s, with evidence and a place to look`, () => {
      const needs = lookFor(within, facts(of));
      expect(needs).toHaveLength(1);
      const [need] = needs;
      expect(need).toMatchObject({ kind, count: 1 });
      expect(need!.evidence.length).toBeGreaterThan(0);
      expect(need!.href).toMatch(/^\//);
      expect(need!.since).toBeLessThanOrEqual(NOW + within);
      expect(need!.title).toBe(`${need!.subject} ${need!.detail}`);
      expect(need!.title).not.toMatch(/undefined|null|NaN/);
      expect(need!.detail).toMatch(/^(is|are|has|had|do|does|were|sends|grows|stood)\b/);
    });
  }

  it('says one as one', () => {
    const queues = [{ ...unconsumed, messages: 1 }, queue('celery', { growing: true, perMinute: 1, messages: 1 })];
    const held = { running: 1, waiting: 1 };
    const needs = lookFor(11, facts({ queues, workers: [silent({ held }), worker('w2@h')] }));
    const sentences = needs.flatMap(({ title, evidence }) => [title, ...evidence.map(({ text }) => text)]);
    expect(sentences).toEqual(
      expect.arrayContaining([
        'reports has 1 waiting message and no consumer',
        '1 message waits',
        '1 worker consumes it',
        'It held 1 running and 1 waiting task then',
      ]),
    );
  });

  it('has a place to look for names that no address can hold as they are', () => {
    const odd = '\ud800@h';
    for (const of of [
      { workers: [silent({ hostname: odd }), worker('w2@h')] },
      { queues: [{ ...unconsumed, name: odd }] },
      { newFailures: [{ exception: odd, task: odd, count: 2, first: NOW - 60, last: NOW - 5 }] },
    ])
      expect(decodeURIComponent(lookFor(5, facts(of))[0]!.href)).toMatch(/~!~d800@h|\ufffd@h/);
  });

  it('is a notice of a solo worker that is silent: it may run a task', () => {
    const [need] = lookFor(1, facts({ workers: [silent({ isSolo: true }), worker('w2@h')] }));
    expect(need).toMatchObject({ severity: 'notice', title: 'w1@h has been silent for 20 s: solo, it may run a task' });
    const [gone] = lookFor(
      1,
      facts({ workers: [silent({ isSolo: true, status: 'offline', silence: 90 }), worker('w2@h')] }),
    );
    expect(gone!.severity).toBe('critical');
  });

  it('is no blocked event loop of a process that had hardly any processor time: it stood still', () => {
    const blocked = { seconds: 121, at: NOW - 4, cpu: 0.02, tasks: ['shop.add'] };
    const [need] = lookFor(1, facts({ workers: [worker('w1@h', { blocked })] }));
    expect(need).toMatchObject({ kind: 'loop-blocked', title: 'w1@h stood still for 2 m 1 s' });
    expect(need!.evidence[1]!.text).toMatch(/^It had 20 ms of processor time: it was stopped or not let run/);
  });

  it('is no queue that somebody paused, whether it grows or nobody consumes it', () => {
    for (const kind of ['queue-unconsumed', 'queue-growing']) {
      const { queues } = MADE[kind]!.of;
      expect(kinds(facts({ queues: queues!.map((q) => ({ ...q, paused: true })) })), kind).toEqual([]);
    }
  });

  it('is not named before the first answers are in, except what needs no answers', () => {
    for (const [kind, { of }] of Object.entries(MADE)) {
      const needsNone = ['source-down', 'failure', 'queue-growing', 'events-lost', 'loop-blocked'].includes(kind);
      expect([kind, kinds(facts({ ...of, settledFor: null }))]).toEqual([kind, needsNone ? [kind] : []]);
    }
  });

  it('is the broker alone when the broker is away: of the rest nothing is known', () => {
    const { broker } = MADE['source-down']!.of.knowledge!;
    for (const { of } of Object.values(MADE)) {
      const found = kinds(
        facts({
          ...of,
          newFailures: [],
          gap: null,
          knowledge: { broker: broker!, events: away(NOW - 1), control: away(NOW - 1) },
        }),
      );
      expect(found).toEqual(['source-down']);
    }
  });

  it('has not ended for one look at which it was not found, and has after its time', () => {
    const watch = new Watch();
    const bad = facts({ queues: [unconsumed] });
    expect(lookFor(5, bad, watch)).toHaveLength(1);
    watch.observe(facts(), 6000);
    expect(watch.needs().needs).toHaveLength(1);
    expect(lookFor(3, facts(), watch, 7000)).toHaveLength(0);
  });

  it('does not flicker when a thing is found every other look for less than it must hold', () => {
    const watch = new Watch();
    for (let s = 0; s < 600; s++) {
      // One look in ten, a queue is seen between two consumers.
      watch.observe(facts({ queues: s % 10 === 0 ? [unconsumed] : [] }), s * 1000);
      expect(watch.needs().needs).toEqual([]);
    }
  });

  it('is the same for two readers between two looks', () => {
    const watch = new Watch();
    lookFor(5, facts({ queues: [unconsumed] }), watch);
    expect(watch.needs()).toEqual(watch.needs());
  });

  it('keeps since when it holds', () => {
    const watch = new Watch();
    lookFor(5, facts({ workers: [worker('w1@h', { drift: 60 })] }), watch);
    const [need] = lookFor(30, facts({ now: NOW + 6, workers: [worker('w1@h', { drift: 61 })] }), watch, 6000);
    expect(need).toMatchObject({ since: NOW, detail: expect.stringContaining('1 m 1 s ahead') });
  });
});

describe('many of one kind', () => {
  const many = (n: number) =>
    facts({
      queues: Array.from({ length: n }, (_, i) =>
        queue(`tenant-${String(i).padStart(3, '0')}-${'x'.repeat(60)}`, {
          messages: i + 1,
          workers: [],
          waitingSince: NOW - 9,
        }),
      ),
    });

  it('are one need with their number, the five worst by name, shortened in the middle', () => {
    const needs = lookFor(10, many(200));
    expect(needs).toHaveLength(1);
    expect(needs[0]).toMatchObject({
      kind: 'queue-unconsumed',
      count: 200,
      title: '200 queues have no consumer',
      href: '/queues?show=stranded',
    });
    expect(needs[0]!.subjects).toHaveLength(5);
    expect(needs[0]!.subjects[0]).toMatchObject({
      name: expect.stringContaining('tenant-199'),
      label: expect.stringMatching(/^tenant-199-x+\.\.\.x+$/),
      href: expect.stringMatching(/^\/queues\/tenant-199/),
    });
    for (const { label } of needs[0]!.subjects) expect(label.length).toBeLessThanOrEqual(40);
    expect(needs[0]!.evidence.length).toBeLessThanOrEqual(3);
    expect(JSON.stringify(needs).length).toBeLessThan(4000);
  });

  it('are five kinds at most, the most urgent first, and the rest is counted', () => {
    const all = facts({
      workers: [
        silent(),
        worker('w2@h', {
          drift: 60,
          unheard: { tasks: 9, beats: 3, seconds: 10 },
          blocked: { seconds: 9, at: NOW - 1, cpu: 8, tasks: [] },
        }),
      ],
      queues: [unconsumed, queue('celery', { growing: true, perMinute: 5 })],
      gap: { since: NOW - 60, until: NOW - 30, events: null, tasks: null },
      knowledge: { results: away(NOW - 60) },
    });
    const watch = new Watch();
    expect(lookFor(20, all, watch).map(({ kind }) => kind)).toEqual([
      'worker-silent',
      'queue-unconsumed',
      'source-down',
      'queue-growing',
      'loop-blocked',
    ]);
    expect(watch.needs().more).toBe(3);
  });
});

describe('what is no need', () => {
  it('a store that is not configured, or that nobody asked yet', () => {
    const none = { ok: null, as_of: null, since: null, reason: 'No result store is configured' };
    expect(kinds(facts({ knowledge: { results: none } }))).toEqual([]);
  });

  it('a worker that said goodbye, or fell silent more than an hour ago', () => {
    const gone = worker('w1@h', { status: 'offline', left: true, silence: 500, lastHeard: NOW - 500 });
    const long = worker('w1@h', { status: 'offline', silence: 3700, lastHeard: NOW - 3700 });
    expect(kinds(facts({ workers: [gone, worker('w2@h')] }))).toEqual([]);
    expect(kinds(facts({ workers: [long, worker('w2@h')] }))).toEqual([]);
  });

  it('a worker that missed a few heartbeats, nor one of which nothing was heard since no one was', () => {
    expect(kinds(facts({ workers: [silent({ silence: 10 }), worker('w2@h')] }), 3)).toEqual([]);
    expect(kinds(facts({ quiet: 20, workers: [silent(), silent({ hostname: 'w2@h' })] }), 3)).toEqual([]);
    const longer = silent({ silence: 31, lastHeard: NOW - 31 });
    expect(kinds(facts({ quiet: 31, workers: [longer] }), 3)).toEqual(['worker-silent']);
  });

  it('a queue whose consumers may only not be known', () => {
    expect(kinds(facts({ queues: [unconsumed], unknownQueues: 1 }))).toEqual([]);
    expect(kinds(facts({ queues: [{ ...unconsumed, consumers: 1 }] }))).toEqual([]);
    expect(kinds(facts({ queues: [{ ...unconsumed, consumers: 0 }], unknownQueues: 1 }))).toEqual(['queue-unconsumed']);
  });

  it('a clock that is a little off, or events that are late', () => {
    for (const drift of [0, 2, -2, -10]) expect(kinds(facts({ workers: [worker('w1@h', { drift })] }))).toEqual([]);
  });
});

it('an unknown number of lost events is shown as unknown', () => {
  const [need] = lookFor(1, facts({ gap: { since: NOW - 100, until: NOW - 40, events: null, tasks: null } }));
  expect(need!.detail).toBe('were missed for 1 m 0 s, an unknown number, just now');
});

it('of one kind all findings that hold can be had, and none while what it rests on is away', () => {
  const watch = new Watch();
  const queues = Array.from({ length: 8 }, (_, i) => ({ ...unconsumed, name: `q${i}` }));
  lookFor(3, facts({ queues }), watch);
  expect(watch.findings('queue-unconsumed')).toEqual([]);
  lookFor(4, facts({ queues }), watch, 3000);
  expect(watch.findings('queue-unconsumed')).toMatchObject(queues.map(({ name }) => ({ key: name, since: NOW - 30 })));
  watch.observe(facts({ queues, knowledge: { broker: away(NOW) } }), 8000);
  expect(watch.findings('queue-unconsumed')).toBeNull();
});
