// Whether an automation acts, by facts alone: conditions, cooldown, the bound of an hour, what was sent again, names in its operation.
import { describe, expect, it } from 'vitest';
import { type Decided, decide, noted, Pace, unknownPlace } from '../../../server/dashboard/automations/decide.ts';
import { type Fact, ofAlert, ofFailure } from '../../../server/dashboard/automations/fact.ts';
import { Lineage } from '../../../server/dashboard/automations/lineage.ts';
import type { AutomationRequest } from '../../../shared/wire/automations.ts';

/** 2027-01-15, 08:00:00 by UTC. */
const AT = 1_800_000_000;
const SPEC: AutomationRequest = {
  ...{ name: 'again', if: {}, cooldown: 300, max_per_hour: 10, retries: 2, breaker: 3 },
  when: { on: 'task-failed', task: 'shop.*', exception: '*Error' },
  do: { action: 'retry', task_ids: ['{task_id}'] },
};
const failed = (id: string, at = 0, more: Partial<Parameters<typeof ofFailure>[0]> = {}): Fact =>
  ofFailure(
    {
      ...{ uuid: id, name: 'shop.pay', queue: 'jobs', worker: 'w1@h', exception: "ConnectionError('x')" },
      ...{ root_id: id, parent_id: null, ...more },
    },
    AT + at,
  );

/** What comes of facts, each in a word: what is done, or why it is not. */
function heard(spec: Partial<AutomationRequest>, facts: readonly Fact[]): (string | null)[] {
  const [pace, lineage] = [new Pace(), new Lineage()];
  const whole = { ...SPEC, ...spec };
  return facts.map((fact) => {
    const decided = decide(whole, fact, pace, lineage);
    if (decided === null) return null;
    if ('left' in decided) return /cooldown|hour|sent again|known/.exec(decided.left)?.[0] ?? decided.left;
    noted(decided, fact.at, pace, lineage);
    const { action, ...rest } = decided.request;
    return [action, ...Object.values(rest).flat()].join(' ');
  });
}

describe('an automation', () => {
  it('acts on what it is about, and on nothing else', () => {
    const facts = [
      failed('a'),
      failed('b', 0, { name: 'mail.send' }),
      failed('c', 0, { exception: 'Timeout()' }),
      failed('d', 0, { exception: null }),
      { on: 'worker-offline', at: AT, worker: 'w1@h' } as const,
    ];
    expect(heard({}, facts)).toEqual(['retry a', null, null, null, null]);
    const of = (only: AutomationRequest['if']) => heard({ if: only }, [failed('a'), failed('b', 0, { queue: null })]);
    expect(of({ queue: 'jo?s' })).toEqual(['retry a', null]);
    expect(of({ queue: 'other' })).toEqual([null, null]);
    expect(of({ queue: '*', worker: 'w1@*' })).toEqual(['retry a', 'retry b']);
  });

  it('acts within its hours, over midnight too', () => {
    const at = (from: string | undefined, until: string | undefined) =>
      heard({ if: { ...(from && { from }), ...(until && { until }) } }, [failed('a')])[0] !== null;
    expect([at('08:00', '08:01'), at('08:01', '09:00'), at('07:00', '08:00')]).toEqual([true, false, false]);
    expect([at('22:00', '08:01'), at('22:00', '08:00'), at('09:00', undefined), at(undefined, '09:00')]).toEqual([
      ...[true, false, false, true],
    ]);
  });

  it('waits until so many of one name have failed within so long', () => {
    const limit = { action: 'rate_limit', task_name: '{task}', rate_limit: '1/m' } as const;
    const facts = [
      failed('a'),
      failed('b', 30),
      failed('x', 31, { name: 'shop.ship' }),
      failed('c', 70),
      failed('d', 80),
      failed('e', 90),
    ];
    expect(heard({ if: { least: 3, within: 1 }, do: limit }, facts)).toEqual([
      ...[null, null, null, null, 'rate_limit shop.pay 1/m', 'cooldown'],
    ]);
  });

  it('does the same once within its cooldown, and so much within an hour', () => {
    const grow = { action: 'pool_grow' as const, n: 1, destination: ['{worker}'] };
    const facts = [
      failed('a'),
      failed('b', 299),
      failed('c', 299, { worker: 'w2@h' }),
      failed('d', 300),
      failed('e', 3599, { worker: 'w3@h' }),
      failed('f', 3600, { worker: 'w3@h' }),
    ];
    expect(heard({ do: grow, max_per_hour: 3 }, facts)).toEqual([
      ...['pool_grow 1 w1@h', 'cooldown', 'pool_grow 1 w2@h', 'pool_grow 1 w1@h', 'hour', 'pool_grow 1 w3@h'],
    ]);
  });

  it('sends a task and what was sent in its place again so often, not at once, and what a task calls is another', () => {
    const again = (id: string, old: string, at: number) => failed(id, at, { parent_id: old });
    const called = failed('k', 320, { parent_id: 'a', root_id: 'a' });
    const facts = [failed('a'), again('a2', 'a', 1), again('a2', 'a', 310), called, again('a3', 'a2', 700)];
    expect(heard({}, facts)).toEqual(['retry a', 'cooldown', 'retry a2', 'retry k', 'sent again']);
    // Another automation counts it with the same.
    const lineage = new Lineage();
    const [one, other] = [new Pace(), new Pace()];
    noted(decide(SPEC, failed('a'), one, lineage) as Decided, AT, one, lineage);
    expect(decide(SPEC, again('a2', 'a', 1), other, lineage)).toEqual({ left: expect.stringMatching(/cooldown/) });
    expect(heard({ cooldown: 0 }, facts.slice(0, 3))).toEqual(['retry a', 'retry a2', 'sent again']);
  });

  it('names in its operation what the fact tells, and does nothing where that is not known', () => {
    const pause = { action: 'pause_queue', queue: '{queue}' } as const;
    expect(heard({ do: pause }, [failed('a', 0, { queue: null }), failed('b')])).toEqual(['known', 'pause_queue jobs']);
    // What a worker tells is judged like what a page asks.
    expect(heard({ do: pause }, [failed('a', 0, { queue: 'a\u0000b' })])[0]).toMatch(/^'queue' /);
    expect(unknownPlace({ ...SPEC, do: pause })).toBeNull();
    expect(unknownPlace({ ...SPEC, when: { on: 'worker-offline', worker: '*' } })).toBe('task_id');
  });

  it('knows of an alert what its rule is about', () => {
    const base = { name: 'deep', severity: 'warning', for: 0, ends: 0, match: '*' } as const;
    const of = (rule: object) =>
      ofAlert('alert-begins', { rule: { ...base, ...rule } } as unknown as Parameters<typeof ofAlert>[1], 'x', AT);
    expect(of({ kind: 'queue-depth', above: 1 })).toEqual({
      ...{ on: 'alert-begins', at: AT, rule: 'deep', subject: 'x', queue: 'x' },
    });
    expect(of({ kind: 'need', need: 'worker-silent' })).toMatchObject({ worker: 'x' });
    expect(of({ kind: 'failure-rate', of: 'task' })).toMatchObject({ task: 'x' });
    expect(Object.keys(of({ kind: 'need', need: 'clock-drift' }))).not.toContain('worker');
    const when = { on: 'alert-begins', rule: 'deep', subject: '*' } as const;
    const doing = { action: 'add_consumer', queue: '{queue}' } as const;
    const facts = [of({ kind: 'queue-depth' }), { ...of({ kind: 'queue-depth' }), rule: 'other' }];
    expect(heard({ when, do: doing }, facts)).toEqual(['add_consumer x', null]);
  });
});
