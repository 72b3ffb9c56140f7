// What a request for an operation must be, and following an effect: without workers. With real ones: waiting/waiting.test.ts.
import { describe, expect, it } from 'vitest';
import { findCommand } from '../../server/control/commands.ts';
import { becameOf } from '../../server/dashboard/operations/became.ts';
import { Follower } from '../../server/dashboard/operations/follow.ts';
import { Interventions } from '../../server/dashboard/operations/interventions.ts';
import { StartRates } from '../../server/dashboard/operations/start-rates.ts';
import { eachOnce, OPERATIONS } from '../../server/dashboard/operations/table.ts';
import { wrongBody } from '../../server/dashboard/routes/body.ts';
import { prefetchUse } from '../../server/dashboard/waiting/prefetch.ts';
import { plainRate } from '../../shared/rate.ts';
import type { EffectLine, OperationEffect } from '../../shared/wire/effect.ts';
import { type OperationRecord, OperationRequest } from '../../shared/wire/operations.ts';
import type { TaskRow } from '../../shared/wire/tasks.ts';
import { ManualTimer } from '../support/clock.ts';

describe('a request for an operation', () => {
  it.each([
    [
      { action: 'heartbeat', targets: { destination: ['w1'] } },
      /^heartbeat has no "targets"\. It takes action, destination\.$/,
    ],
    [{ action: 'rate_limit', task_name: 'a', rate_limit: '1/s', destinations: [] }, /no "destinations"/],
    [{ action: 'retry', task_ids: ['a'], accept_doubles: true }, /no "accept_doubles"/],
    [{ action: 'no_such' }, /^'action' must be one of revoke, .*, purge, peek, not "no_such"\.$/],
    [{}, /not missing/],
    [null, /not missing/],
    [{ action: 'pool_grow', n: 1e9 }, /^'n' must be <= 1000/],
    [{ action: 'pool_grow', n: -5 }, /^'n' must be >= 1/],
    [{ action: 'revoke', task_ids: [] }, /^'task_ids' /],
  ])('%j is refused with what is wrong', (body, words) => {
    expect(wrongBody(OperationRequest, body)).toMatchObject({
      title: 'Bad operation',
      detail: expect.stringMatching(words),
    });
  });

  it('is refused with what stands where a word belongs: a number of any size, lists of any depth', () => {
    expect(wrongBody(OperationRequest, { action: 2n ** 64n })?.detail).toMatch(/not 18446744073709551616\.$/);
    const deep: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
    expect(wrongBody(OperationRequest, { action: deep })?.detail).toMatch(/must be one of revoke, .*, not \[\[\[/);
  });

  it('names each task and worker once: a task that is named twice is not sent again twice', () => {
    expect(eachOnce({ action: 'retry', task_ids: ['a', 'b', 'a'] })).toEqual({
      action: 'retry',
      task_ids: ['a', 'b'],
    });
    expect(eachOnce({ action: 'heartbeat', destination: ['w1', 'w1'] })).toEqual({
      action: 'heartbeat',
      destination: ['w1'],
    });
  });

  it('shrinks no pool by all that it has, as far as its size is known', () => {
    const row = OPERATIONS.find(({ action }) => action === 'pool_shrink')!;
    const stats = (slots: number) => ({ stats: { pool: { 'max-concurrency': slots } } });
    const cluster = {
      onlineWorkers: () => ['w1', 'w2', 'unknown'],
      inspected: new Map([
        ['w1', stats(20)],
        ['w2', stats(3)],
      ]),
    };
    const shrink = (n: number, destination?: string[]) => () =>
      row.check?.({ cluster } as never, { action: 'pool_shrink', n, destination } as never);
    expect(shrink(20, ['w1'])).toThrow('w1 has 20 slots and keeps one at least: it can give up 19, not 20.');
    expect(shrink(3)).toThrow(/^w2 has 3 slots/);
    for (const fine of [shrink(19, ['w1']), shrink(2), shrink(1000, ['unknown'])]) expect(fine).not.toThrow();
  });

  it('terminates by signals that there are, by the name that every worker takes', async () => {
    const row = OPERATIONS.find(({ action }) => action === 'terminate')!;
    const asked = (signal?: string) => ({
      action: 'terminate' as const,
      task_ids: ['a'],
      ...(signal ? { signal } : {}),
    });
    for (const none of ['SIGBOGUS', '999', '0', 'toString'])
      expect(() => row.check?.(null as never, asked(none) as never), none).toThrow(/There is no signal/);
    const sent: unknown[] = [];
    const desk = {
      actions: { control: { revoke: async (_: unknown, { signal }: { signal?: unknown }) => sent.push(signal) && [] } },
    };
    for (const signal of [undefined, 'TERM', 'sigkill', '15'])
      await row.run(desk as never, asked(signal) as never, { control: {}, expected: [] } as never, 'ops');
    expect(sent).toEqual(['SIGTERM', 'SIGTERM', 'SIGKILL', 'SIGTERM']);
  });

  it('has one row in the table for each action there is', () => {
    const actions = OperationRequest.anyOf.map((v) => (v.properties.action as { const: string }).const);
    expect(OPERATIONS.map((row) => row.action).sort()).toEqual([...actions].sort());
  });

  it('takes who may do it, and its arguments, from the remote command of its name', () => {
    for (const { action, access } of OPERATIONS) {
      const command = findCommand(action);
      if (!command) {
        const own = ['retry', 'purge', 'pause_queue', 'resume_queue', 'move', 'send_task', 'abort', 'peek'];
        expect(own, action).toContain(action);
        continue;
      }
      expect(access, action).toBe(command.access);
      const { properties } = OperationRequest.anyOf.find((v) => v.properties.action.const === action)!;
      const takes = command.args.map(({ name }) => (name === 'task_id' ? 'task_ids' : name));
      const own = Object.keys(properties).filter((name) => name !== 'action' && name !== 'destination');
      expect(takes, action).toEqual(expect.arrayContaining(own));
      for (const { name, required } of command.args)
        if (required && name !== 'signal')
          expect(
            own.map((one) => one.replace('task_ids', 'task_id')),
            action,
          ).toContain(name);
    }
  });

  it.each(['revoke', 'terminate'] as const)('%s is refused for what has certainly ended, and only then', (action) => {
    const row = OPERATIONS.find((one) => one.action === action)!;
    const check =
      (states: Record<string, string>, held: readonly string[] = []) =>
      () =>
        row.check?.(
          {
            cluster: {
              tasks: new Map(Object.entries(states).map(([id, state]) => [id, { state }])),
              inspected: new Map([['w1', { active: held.map((id) => ({ id })), reserved: [], scheduled: [] }]]),
            },
          } as never,
          { action, task_ids: ['a', 'b'] } as never,
        );
    expect(check({ a: 'SUCCESS', b: 'REVOKED' })).toThrow(/^All 2 have already finished\.$/);
    expect(check({ a: 'SUCCESS', b: 'STARTED' })).not.toThrow();
    expect(check({ a: 'SUCCESS' })).not.toThrow();
    expect(check({ a: 'SUCCESS', b: 'FAILURE' }, ['b'])).not.toThrow();
  });

  it.each([
    ['5 / s', '5/s'],
    [' 10/m ', '10/m'],
    ['0', '0'],
    ['2.5', '2.5'],
  ])('a rate %j goes to the workers as %j', (given, sent) => {
    expect(plainRate(given)).toBe(sent);
  });
});

describe('the effect of an operation', () => {
  const RECORD: OperationRecord = {
    id: 7,
    at: 0,
    who: 'ops',
    action: 'pool_grow',
    subject: '',
    request: {},
    outcome: 'ok',
    summary: '',
    answers: [],
  };
  const line = (after: number): EffectLine => ({
    label: 'Slots',
    subject: 'w1',
    before: 2,
    wanted: 3,
    after,
    is: 'exact',
    at: 0,
    holds: after === 3 ? true : null,
  });
  const world = () => {
    const timer = new ManualTimer();
    const live: OperationEffect[] = [];
    const stored: OperationEffect[] = [];
    const follower = new Follower(
      timer,
      { operation: (record) => void live.push(record.effect!) },
      { saveEffect: async (_, text) => void stored.push(JSON.parse(text) as OperationEffect) },
    );
    /** Advances step by step, so that looks end between. */
    const pass = async (seconds: number) => {
      for (let i = 0; i < seconds * 4; i++) {
        timer.advance(250);
        for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      }
    };
    return { timer, follower, live, stored, pass };
  };

  it('is followed until it is seen, then kept, told once, and looked at no more', async () => {
    const { follower, live, stored, pass } = world();
    let slots = 2;
    let looks = 0;
    const first = await follower.follow(RECORD, {
      lasting: 60,
      async see() {
        looks++;
        return { sentence: `${slots} slots`, lines: [line(slots)], tasks: null };
      },
    });
    expect(first.effect).toMatchObject({ state: 'following', sentence: '2 slots' });
    await pass(10);
    expect(live).toEqual([]);
    slots = 3;
    await pass(10);
    expect(live.map((e) => e.state)).toEqual(['seen']);
    expect(stored.map((e) => [e.state, e.lines[0]!.after])).toEqual([
      ['following', 2],
      ['seen', 3],
    ]);
    const looked = looks;
    await pass(60);
    const { effect } = follower.asSeen({ ...RECORD, effect: { state: 'following' } as OperationEffect });
    expect([looks, effect?.state]).toEqual([looked, 'not_seen']);
  });

  it.each([0, 3600, -3600])(
    'says that it is not seen when its time is over, in few looks, the clock set by %i s',
    async (by) => {
      const { follower, live, pass, timer } = world();
      let looks = 0;
      await follower.follow(RECORD, {
        lasting: 60,
        async see() {
          looks++;
          return { sentence: '2 slots', lines: [line(2)], tasks: null };
        },
      });
      await pass(30);
      timer.setWallClock(by * 1000);
      await pass(25);
      expect(live).toEqual([]);
      await pass(120);
      expect(live.map((e) => e.state)).toEqual(['not_seen']);
      expect(looks).toBeLessThan(20);
    },
  );
});

describe('how often a task starts', () => {
  it('is counted since its limit was changed, and unknown for the first seconds', () => {
    let now = 1000;
    const rates = new StartRates(() => now);
    const start = (n: number) =>
      rates.take(
        Array.from({ length: n }, () => ({ type: 'task-started', hostname: 'w1', uuid: 'u' })),
        () => 'a',
      );
    start(28);
    expect(rates.perMinute('w1', 'a')).toBeNull();
    now += 60;
    start(28);
    expect(rates.perMinute('w1', 'a')).toBeGreaterThanOrEqual(28);
    expect(rates.since('w1', 'a')).toBeNull();
    rates.changed('w1', 'a');
    now += 10;
    start(1);
    expect(rates.since('w1', 'a')).toMatchObject({ at: 1060, perMin: null });
    now += 50;
    start(5);
    expect(rates.since('w1', 'a')).toMatchObject({ n: 6, perMin: 6 });
    expect(rates.perMinute('w2', 'a')).toBe(0);
  });

  it('is unknown, not 0, for a pair that left within the minute for want of room', () => {
    let now = 1000;
    const rates = new StartRates(() => now);
    const start = (hostname: string) => rates.take([{ type: 'task-started', hostname, uuid: 'u' }], () => 'a');
    start('old');
    now += 60;
    start('old');
    start('w0');
    now += 10;
    for (let i = 1; i < 5000; i++) start(`w${i}`);
    expect(rates.perMinute('old', 'a')).toBeNull();
    expect(rates.perMinute('w4999', 'a')).toBe(1);
    // It comes back: how often it started before is not known.
    start('old');
    expect(rates.perMinute('old', 'a')).toBeNull();
    now += 80;
    expect([rates.perMinute('old', 'a'), rates.perMinute('never', 'a')]).toEqual([0, 0]);
  });

  it('goes on over a restart: what was heard since the change is in the history', async () => {
    const begun = 60_000;
    let now = begun;
    const rates = new StartRates(() => now);
    const minute = (ago: number) => begun - 60 * ago;
    const history = {
      // For three minutes nobody listened.
      gauge: async () => [10, 9, 8, 7, 6, 2, 1, 0].map((ago) => ({ bucket: minute(ago), value: 1 })),
      perMinute: async () =>
        [10, 9, 8, 7, 6, 2, 1, 0].flatMap((ago) => [
          { key: 'a\nw1', bucket: minute(ago), finished: 6, failed: 0 },
          { key: 'b\nw1', bucket: minute(ago), finished: 99, failed: 0 },
        ]),
    };
    const changed = { hostname: 'w1', task: 'a', at: minute(9.5) };
    await rates.restore([changed, { hostname: 'w2', task: 'a', at: minute(0.5) }], history);
    // Whole minutes since the change: 9, 8, 7 and 1 ago.
    expect(rates.since('w1', 'a')).toEqual({ at: changed.at, n: 24, perMin: 6 });
    expect(rates.since('w2', 'a')).toMatchObject({ n: 0, perMin: null });
    now += 60;
    for (let i = 0; i < 6; i++) rates.take([{ type: 'task-started', hostname: 'w1', uuid: 'u' }], () => 'a');
    expect(rates.since('w1', 'a')).toEqual({ at: changed.at, n: 30, perMin: 6 });
  });

  it('is kept of five thousand pairs of worker and name: those that started last, and those whose limit was changed last', () => {
    let now = 1000;
    const rates = new StartRates(() => now);
    now += 30;
    for (let i = 0; i < 5001; i++) {
      rates.take([{ type: 'task-started', hostname: 'w1', uuid: String(i) }], (uuid) => `name-${uuid}`);
      rates.changed('w1', `name-${i}`);
    }
    expect([0, 1, 5000].map((i) => rates.perMinute('w1', `name-${i}`))).toEqual([null, 2, 2]);
    expect([0, 1, 5000].map((i) => rates.since('w1', `name-${i}`)?.at)).toEqual([undefined, 1030, 1030]);
  });
});

describe('how a task ended other than by running', () => {
  const row = (state: string): TaskRow =>
    ({ uuid: 'u', state, queue: 'mail', worker: 'w1', timestamp: 9, revoked: 9, rejected: 9 }) as TaskRow;
  const acts = new Interventions();
  acts.note({
    id: 3,
    at: 5,
    who: 'ops',
    action: 'revoke',
    subject: '',
    outcome: 'ok',
    summary: '',
    answers: [],
    request: { action: 'revoke', task_ids: ['u'] },
  });

  it.each([
    ['REVOKED', { expired: true }, 'expired', 'Expired before a worker could start it.'],
    ['REVOKED', { terminated: true, signum: 15 }, 'terminated', 'Terminated (SIGTERM) while it ran by ops.'],
    ['REVOKED', {}, 'revoked', 'Revoked by ops before it started.'],
    ['PURGED', { purged_by: 'ops' }, 'purged', 'Removed from mail by ops before a worker took it.'],
  ])('%s %j is %s', (state, extra, what, sentence) => {
    expect(becameOf(row(state), extra, acts)).toMatchObject({ what, sentence });
  });

  it('was by who revoked it also when no worker answered: its end proves that one heard', () => {
    const unheard = new Interventions();
    const request = { action: 'revoke', task_ids: ['u'] };
    const record: OperationRecord = {
      id: 3,
      at: 5,
      action: 'revoke',
      subject: '',
      summary: '',
      answers: [],
      who: 'ops',
      request,
      outcome: 'no-answer',
    };
    unheard.note(record);
    expect(becameOf(row('REVOKED'), {}, unheard)?.sentence).toBe('Revoked by ops before it started.');
    // Until then it is asked of nobody who heard.
    expect(unheard.revokeOf('u')).toBeNull();
    unheard.note({ ...record, outcome: 'ok' });
    unheard.note({ ...record, at: 9, outcome: 'no-answer' });
    expect(unheard.revokeOf('u')?.at).toBe(9);
  });

  it('is nothing for one that ran', () => {
    expect(becameOf(row('SUCCESS'), null, acts)).toBeNull();
  });
});

describe('a prefetch window', () => {
  const list = (n: number, more: object = {}) =>
    Array.from({ length: n }, (_, i) => ({ id: `${i}`, ...more })) as never[];
  const use = (given: object, unlisted: number | null = 0) =>
    prefetchUse({
      inspected: {
        stats: { prefetch_count: 17 } as never,
        active: [],
        reserved: [],
        scheduled: [],
        complete: 5,
        ...given,
      },
      unlisted_limited: unlisted,
    });

  it.each([
    [{ scheduled: list(9) }, 0, '9 of 17 taken, all waiting for their ETA.'],
    [
      { active: list(2, { acknowledged: false }), reserved: list(3), scheduled: list(1) },
      4,
      '10 of 17 taken, 2 running, 3 waiting for a slot, 1 waiting for its ETA and 4 held by a rate limit.',
    ],
    [{ active: list(2, { acknowledged: true }) }, 0, '0 of 17 taken.'],
    [{ reserved: list(4, { rate_limited: true }) }, 0, '4 of 17 taken, all held by a rate limit.'],
    [{ stats: { prefetch_count: 0 } as never, reserved: list(4) }, 0, '4 taken, no limit, all waiting for a slot.'],
    [{ stats: null, reserved: list(1) }, 0, '1 taken, of how many is unknown, waiting for a slot.'],
    [{ reserved: list(1) }, null, '1 of 17 taken, waiting for a slot. How many a rate limit holds is unknown.'],
  ])('%#: adds up', (given, unlisted, sentence) => {
    const found = use(given, unlisted)!;
    expect(found.sentence).toBe(sentence);
    expect(found.running! + found.reserved! + found.eta! + (found.rate_limited ?? 0)).toBe(found.taken);
  });

  it('is unknown of a worker that has not said what it holds', () => {
    expect(use({ complete: 0 })).toBeNull();
  });
});
