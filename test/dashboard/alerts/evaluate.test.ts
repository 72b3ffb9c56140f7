// What each kind of rule finds by facts, when it cannot tell, and what must hold for how long.
import { describe, expect, it } from 'vitest';
import { EndRates } from '../../../server/dashboard/alerts/end-rates.ts';
import { evaluate, type Found, type Seen } from '../../../server/dashboard/alerts/evaluate.ts';
import { RuleWatch } from '../../../server/dashboard/alerts/rule-watch.ts';
import { ChordWatch } from '../../../server/dashboard/alerts/stuck-chords.ts';
import type { TryEnd } from '../../../shared/events/cluster-state.ts';
import type { RuleSpec } from '../../../shared/wire/alerts.ts';
import { away, facts, NOW, queue, worker } from '../attention/facts.ts';

const COMMON = { name: 'r', severity: 'warning', for: 0, ends: 0 } as const;
const find = (rule: object, of: Parameters<typeof facts>[0] = {}, seen: Partial<Seen> = {}) =>
  evaluate({ ...COMMON, ...rule } as RuleSpec, {
    ...{ facts: facts(of), needs: () => [], ends: new EndRates(), due: [], chords: [], fires: () => false },
    ...seen,
  });
const said = (found: ReturnType<typeof find>) =>
  typeof found === 'string' ? found : found.map(({ name, detail }) => `${name} ${detail}`);
const ended = (name: string, state: TryEnd['state'], at = NOW): TryEnd =>
  ({ task: { name, queue: 'q' }, state, at, runtime: null, wait: null }) as unknown as TryEnd;

describe('a rule', () => {
  it('on failures counts SUCCESS and FAILURE of its window, by task name or queue, and says nothing of a few', () => {
    const ends = new EndRates();
    const fail = Array.from({ length: 3 }, () => ended('shop.pay', 'FAILURE'));
    ends.add(
      [...fail, ...Array.from({ length: 7 }, () => ended('shop.pay', 'SUCCESS')), ended('shop.pay', 'RETRY')],
      NOW,
    );
    ends.add(
      Array.from({ length: 50 }, () => ended('shop.pay', 'SUCCESS', NOW - 1200)),
      NOW,
    );
    // Of a clock that is wrong, and of long ago.
    ends.add([ended('shop.pay', 'FAILURE', NOW + 600), ended('shop.pay', 'FAILURE', NOW - 4000)], NOW);
    ends.add([ended('shop.mail', 'FAILURE')], NOW);
    const rule = { kind: 'failure-rate', of: 'task', match: 'shop.*', above: 5, over: 10, least: 5 };
    expect(said(find(rule, {}, { ends }))).toEqual(['shop.pay fails at 30 % (3 of 10 in 10 minutes)']);
    expect(said(find({ ...rule, over: 60 }, {}, { ends }))).toEqual([]);
    expect(said(find({ ...rule, of: 'queue', match: 'q' }, {}, { ends }))).toEqual([
      'q fails at 36 % (4 of 11 in 10 minutes)',
    ]);
    expect(find(rule, { knowledge: { events: away(NOW) } }, { ends })).toBe('No events are heard.');
    // An hour later nothing of it counts, nor is it kept.
    expect(ends.over('task', 60, NOW + 3700)).toEqual([]);
  });

  it('on the depth of a queue fires above its threshold, and goes on until it is down to the other', () => {
    const rule = { kind: 'queue-depth', match: 'jobs*', above: 10, until: 4 };
    const at = (messages: number | null) => ({
      queues: [queue('jobs-1', { messages }), queue('mail', { messages: 99 })],
    });
    expect(said(find(rule, at(10)))).toEqual([]);
    expect(said(find(rule, at(11)))).toEqual(['jobs-1 has 11 waiting messages']);
    expect(said(find(rule, at(5), { fires: () => true }))).toEqual(['jobs-1 has 5 waiting messages']);
    expect(said(find(rule, at(4), { fires: () => true }))).toEqual([]);
    expect(said(find(rule, at(null)))).toEqual([]);
    expect(find(rule, { ...at(11), knowledge: { broker: away(NOW) } })).toBe('The broker does not answer.');
  });

  it('on the age of messages fires by the oldest, and says where the broker does not tell it', () => {
    const rule = { kind: 'message-age', match: '*', above: 60 };
    const of = (oldest: number | null) => ({ queues: [queue('jobs', { messages: 2, oldest })] });
    expect(said(find(rule, of(NOW - 61)))).toEqual(['jobs has a message that waits for 1 m 1 s']);
    expect(said(find(rule, of(NOW - 60)))).toEqual([]);
    expect(find(rule, of(null))).toBe('This broker does not tell how old a message is.');
    expect(find(rule, { queues: [...of(null).queues, queue('mail')] })).toBe(
      'This broker does not tell how old a message is.',
    );
    expect(said(find(rule, { queues: [queue('jobs')] }))).toEqual([]);
  });

  it('on consumers fires for a queue that nobody reads, empty or not, and not while workers are still being asked', () => {
    const rule = { kind: 'no-worker', match: '*' };
    const unread = queue('jobs', { workers: [] });
    expect(said(find(rule, { queues: [unread, queue('mail')] }))).toEqual(['jobs has no worker']);
    expect(
      said(
        find(rule, {
          queues: [
            { ...unread, paused: true },
            { ...unread, consumers: 1 },
          ],
        }),
      ),
    ).toEqual([]);
    expect(said(find(rule, { queues: [unread], unknownQueues: 1 }))).toEqual([]);
    expect(find(rule, { queues: [unread], settledFor: 3 })).toBe('Workers are still being asked.');
  });

  it('on workers fires for one that is offline, also after a goodbye, and for a name that nobody has', () => {
    const workers = [worker('w1@h', { status: 'offline', left: true, lastHeard: NOW - 70 }), worker('w2@h')];
    expect(said(find({ kind: 'worker-offline', match: '*@h' }, { workers }))).toEqual([
      'w1@h has left, last heard 1 m 10 s ago',
    ]);
    expect(said(find({ kind: 'worker-offline', match: 'w3@h' }, { workers }))).toEqual(['w3@h was not heard']);
    expect(said(find({ kind: 'worker-offline', match: 'w2@h' }, { workers }))).toEqual([]);
  });

  it('on chords fires for a body whose header has a part that failed, until that one or the body is seen to have run', () => {
    const tasks = new Map<string, { state: string }>();
    const workers = new Map([['w@h', { sw_ident: 'umbel' }]]);
    const watch = new ChordWatch({ tasks, workers });
    const part = (uuid: string, state: TryEnd['state'], canvas?: object) =>
      watch.add([
        { task: { uuid, name: 'shop.resize', extra: canvas && { canvas } }, state, at: NOW } as unknown as TryEnd,
      ]);
    const body = (id: string) => ({ task: 'shop.album', id });
    const rule = { kind: 'chord-stuck', match: 'shop.*' };
    const now = (at = NOW) => said(find(rule, {}, { chords: watch.read(at) }));
    part('fine', 'SUCCESS', { chord: body('b0') });
    part('tried', 'RETRY', { chord: body('b0') });
    part('alone', 'FAILURE');
    expect(now()).toEqual([]);
    part('p1', 'FAILURE', { chord: body('b1') });
    expect(find(rule, {}, { chords: watch.read(NOW) })).toEqual([
      expect.objectContaining({ href: '/workflows/p1', since: NOW }),
    ]);
    expect(now()).toEqual(['shop.album cannot run: shop.resize of the header failed']);
    part('p2', 'FAILURE', { chord: body('b1') });
    part('p3', 'REVOKED', { chain: [{ task: 'x' }, { task: 'y', group: 'g', body: body('b2') }], group: 'g' });
    part('p4', 'FAILURE', { chord: body('b3') });
    expect(now()).toEqual(['shop.album cannot run in 3 chords: shop.resize of the header failed']);
    tasks.set('b1', { state: 'STARTED' }).set('p3', { state: 'SUCCESS' });
    expect(now()).toEqual(['shop.album cannot run: shop.resize of the header failed']);
    expect(now(NOW + 3601)).toEqual([]);
    expect(said(find({ ...rule, match: 'other' }, {}, { chords: watch.read(NOW) }))).toEqual([]);
    workers.set('w@h', { sw_ident: 'py-celery' });
    expect(now()).toBe('The events of these workers do not say what is part of a chord.');
  });

  it('on a schedule fires for an entry that is overdue', () => {
    const rule = { kind: 'schedule-missed', match: 'night*', above: 60 };
    const due = [
      { name: 'nightly', due: NOW - 90 },
      { name: 'night-soon', due: NOW - 30 },
      { name: 'other', due: NOW - 900 },
    ];
    expect(said(find(rule, {}, { due }))).toEqual(['nightly was due 1 m 30 s ago and was not sent']);
    expect(find(rule, {}, { due: 'Nobody knows.' })).toBe('Nobody knows.');
  });

  it('on a need finds what the overview shows; a worker that fell silent is not over when the overview forgets it', () => {
    const finding = { key: 'w1@h', name: 'w1@h', detail: 'fell silent', href: '/w', evidence: [], weight: 1 };
    const rule = { kind: 'need', need: 'worker-silent' };
    expect(said(find(rule, {}, { needs: (kind) => (kind === 'worker-silent' ? [finding] : []) }))).toEqual([
      'w1@h fell silent',
    ]);
    expect(find(rule, {}, { needs: () => null })).toBe('What this rests on is not known now.');
    const workers = [worker('w1@h', { status: 'offline' })];
    expect(said(find(rule, { workers }, { fires: () => true }))).toEqual(['w1@h is silent']);
    expect(said(find(rule, { workers }))).toEqual([]);
  });
});

describe('what a rule found', () => {
  const found = (...keys: string[]): Found[] => keys.map((key) => ({ key, name: key, detail: 'x', href: '/' }));
  const keys = (subjects: readonly { found: Found }[]) => subjects.map((one) => one.found.key);

  it('fires when it held without a break, and is over when it was gone for long enough', () => {
    const watch = new RuleWatch();
    const look = (s: number, result: Found[] | string) => keys(watch.look(result, 10, 5, NOW + s, s * 1000));
    look(0, found('a'));
    look(2, []);
    look(6, found('a'));
    expect(look(15, found('a'))).toEqual([]);
    expect(keys(watch.firing())).toEqual([]);
    look(16, found('a'));
    expect(keys(watch.firing())).toEqual(['a']);
    // Unknown is neither.
    expect(look(60, 'away')).toEqual([]);
    expect([watch.unknown, keys(watch.firing())]).toEqual(['away', ['a']]);
    expect(look(64, [])).toEqual([]);
    expect(look(65, [])).toEqual(['a']);
    expect(keys(watch.firing())).toEqual([]);
  });

  it('of what was told before a restart is not over until the picture can be whole', () => {
    const watch = new RuleWatch();
    watch.restore([{ found: found('a')[0]!, since: NOW - 900, notified: NOW - 800 }], 0);
    expect(watch.look([], 10, 5, NOW, 30_000)).toEqual([]);
    expect(watch.firing()).toMatchObject([{ since: NOW - 900, notified: NOW - 800 }]);
    expect(keys(watch.look([], 10, 5, NOW, 66_000))).toEqual(['a']);
  });
});
