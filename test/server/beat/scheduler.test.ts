// What is due, and when to ask again.
import { describe, expect, it } from 'vitest';
import { type EntryOptions, Scheduler } from '../../../server/beat/scheduler.ts';
import { clocked } from '../../../server/schedules/clocked.ts';
import { crontab } from '../../../server/schedules/crontab.ts';
import { type Schedule, schedule } from '../../../server/schedules/schedule.ts';
import { formOf, scheduleOf } from '../../../server/schedules/stored-entry.ts';

const START = Date.parse('2026-03-04T10:30:07.250Z');
const S = 1000;

function scheduler(entries: Record<string, EntryOptions>, options: { zone?: string; startingDeadline?: number } = {}) {
  const made = new Scheduler({ zone: 'UTC', ...options });
  made.merge(entries, new Map(), START);
  const names = (nowMs: number) => made.takeDue(nowMs).map(({ entry }) => entry.name);
  return { made, names };
}
const every = (seconds: number): EntryOptions => ({ task: 't', schedule: seconds });

describe('an interval', () => {
  it('is first due after one whole interval', () => {
    const { made, names } = scheduler({ a: every(10) });
    expect(names(START)).toEqual([]);
    expect(made.nextAt()).toBe(START + 10 * S);
    expect(names(START + 10 * S)).toEqual(['a']);
    expect(made.nextAt()).toBe(START + 20 * S);
  });
  it('does not drift by the lateness of its runs', () => {
    const { made, names } = scheduler({ a: every(10) });
    let now = START;
    for (let run = 1; run <= 100; run++) {
      now = made.nextAt() + 37;
      expect(names(now)).toEqual(['a']);
    }
    expect(made.nextAt()).toBe(START + 1010 * S);
  });
  it('that was missed many times is due once, and begins anew', () => {
    const { made, names } = scheduler({ a: every(10) });
    const late = START + 95 * S;
    expect(names(late)).toEqual(['a']);
    expect(names(late)).toEqual([]);
    expect(made.nextAt()).toBe(late + 10 * S);
  });
  it('that is relative falls on full minutes', () => {
    const { made, names } = scheduler({ a: { task: 't', schedule: 60, relative: true } });
    expect(made.nextAt()).toBe(Date.parse('2026-03-04T10:31:00Z'));
    expect(names(made.nextAt() + 3)).toEqual(['a']);
    expect(made.nextAt()).toBe(Date.parse('2026-03-04T10:32:00Z'));
  });
});

describe('a crontab', () => {
  it('is due at its minute and once in it', () => {
    const { made, names } = scheduler({ a: { task: 't', schedule: crontab({ minute: '31' }) } });
    const at = Date.parse('2026-03-04T10:31:00Z');
    expect(made.nextAt()).toBe(at);
    expect(names(at + 5)).toEqual(['a']);
    expect(names(at + 10 * S)).toEqual([]);
    expect(made.nextAt()).toBe(at + 3600 * S);
  });
  it('runs in the zone of the app', () => {
    const { made } = scheduler(
      { a: { task: 't', schedule: crontab({ minute: 0, hour: 4 }) } },
      { zone: 'America/New_York' },
    );
    expect(new Date(made.nextAt()).toISOString()).toBe('2026-03-05T09:00:00.000Z');
  });
  it('missed by more than the starting deadline is left out, and the next one runs', () => {
    const { made, names } = scheduler({ a: { task: 't', schedule: crontab({ minute: 0 }) } }, { startingDeadline: 60 });
    expect(names(Date.parse('2026-03-04T12:30:00Z'))).toEqual([]);
    expect(made.nextAt()).toBe(Date.parse('2026-03-04T13:00:00Z'));
    expect(names(made.nextAt())).toEqual(['a']);
  });
});

describe('entries', () => {
  it('that are due together come longest overdue first', () => {
    const { names } = scheduler({ slow: every(30), quick: every(5), middle: every(10) });
    expect(names(START + 40 * S)).toEqual(['quick', 'middle', 'slow']);
  });
  it('keep their last run when the schedule changes, and are dropped when they are no longer configured', () => {
    const { made, names } = scheduler({ a: every(10), b: every(10) });
    names(START + 10 * S);
    made.merge({ a: { task: 't', schedule: schedule({ minutes: 1 }) } }, new Map(), START + 15 * S);
    expect([...made.entries.keys()]).toEqual(['a']);
    expect(made.nextAt()).toBe(START + 70 * S);
    expect(made.entries.get('a')?.totalRunCount).toBe(1);
  });
  it('go on where a stored record left them', () => {
    const made = new Scheduler({ zone: 'UTC' });
    made.merge({ a: every(60) }, new Map([['a', { lastRunAt: START - 45 * S, totalRunCount: 7 }]]), START);
    expect(made.nextAt()).toBe(START + 15 * S);
    expect(made.runs().get('a')).toEqual({ lastRunAt: START - 45 * S, totalRunCount: 7 });
  });
  it('are not silenced by a clock that was set back', () => {
    const { made, names } = scheduler({ a: every(10) });
    const dayBefore = START - 86_400 * S;
    made.review(dayBefore);
    expect(made.nextAt()).toBe(dayBefore + 10 * S);
    expect(names(dayBefore + 10 * S)).toEqual(['a']);
  });
  it('that could not be sent are as before and are asked again at the time given', () => {
    const { made } = scheduler({ a: every(10) });
    const [taken] = made.takeDue(START + 10 * S);
    made.putBack(taken!, START + 12 * S);
    expect(made.runs().get('a')).toEqual({ lastRunAt: START, totalRunCount: 0 });
    expect(made.nextAt()).toBe(START + 12 * S);
    expect(made.takeDue(START + 12 * S)).toHaveLength(1);
  });
  it('that are disabled are kept and never due', () => {
    const { made, names } = scheduler({ a: { ...every(1), enabled: false } });
    expect(names(START + 100 * S)).toEqual([]);
    expect(made.nextAt()).toBe(Number.POSITIVE_INFINITY);
  });
  it.each([
    [{ schedule: 1 }, "entry 'x': `task` must be"],
    [{ task: 't', schedule: 0 }, "entry 'x': an interval of 0 s"],
    [{ task: 't', schedule: '*/5 * * * *' }, "entry 'x': A schedule is"],
    [{ task: 't', schedule: 1, args: 'x' }, "`args` must be a list, such as [2, 3], not the text 'x'"],
    [{ task: 't', schedule: 1, kwargs: [] }, '`kwargs` must be an object, not a list'],
    [{ task: 't', schedule: 1, shedule: 1 }, 'there is no `shedule`. Did you mean `schedule`?'],
    [{ task: 't' }, "entry 'x': A schedule is"],
    [{ task: 't', schedule: { fortnights: 1 } }, "entry 'x': An interval is given in weeks, days"],
    [{ task: 't', schedule: START }, "entry 'x': an interval of 1772620207250 s ends beyond the year 9999"],
    [{ task: 't', schedule: 1, enabled: 'no' }, "`enabled` must be true or false, not the text 'no'"],
    [
      { task: 't', schedule: 1, options: { quue: 'mail' } },
      "in its options, There is no call option 'quue'. Did you mean 'queue'?",
    ],
    [{ task: 't', schedule: 1, options: { queue: 5 } }, 'in its options, queue must be a name, not 5'],
    [
      { task: 't', schedule: 1, options: { retry: 'yes' } },
      "in its options, retry must be true or false, not the text 'yes'",
    ],
    [
      { task: 't', schedule: 1, options: { priority: 'high' } },
      "in its options, priority must be a whole number from 0 to 255, not the text 'high'",
    ],
    [{ task: 't', schedule: 1, options: { countdown: START } }, 'in its options, countdown is seconds from now'],
    [
      { task: 't', schedule: 1, options: { expires: 'soon' } },
      "in its options, expires must be a Date or an ISO 8601 time, not 'soon'",
    ],
    [
      { task: 't', schedule: 1, options: { soft_time_limit: 9, time_limit: 5 } },
      'in its options, soft_time_limit (9 s)',
    ],
  ])('that cannot be used are refused by name: %j', (entry, words) => {
    expect(() => scheduler({ x: entry as unknown as EntryOptions })).toThrow(words);
  });
});

describe('an entry that is sent once', () => {
  it('rests after its first run, and holds up no other', () => {
    const { made, names } = scheduler({ once: { ...every(10), one_off: true }, often: every(15) });
    expect(names(START + 10 * S)).toEqual(['once']);
    expect(made.nextAt()).toBe(START + 15 * S);
    expect(names(START + 20 * S)).toEqual(['often']);
    made.merge({ once: { ...every(10), one_off: true }, often: every(15) }, new Map(), START + 21 * S);
    expect(names(START + 29 * S)).toEqual([]);
  });
  it('is one of a single instant, which runs also when beat first sees it later', () => {
    const at = START + 10 * S;
    const { made, names } = scheduler({
      ahead: { task: 't', schedule: clocked(at) },
      passed: { task: 't', schedule: clocked(START - 3600 * S) },
    });
    expect(names(START)).toEqual(['passed']);
    expect(made.nextAt()).toBe(at);
    expect(names(at)).toEqual(['ahead']);
    expect(made.nextAt()).toBe(Number.POSITIVE_INFINITY);
    // Neither a clock that is set back nor a restart makes it run again; another instant does.
    made.clockSet(-3600 * S, at - 3600 * S);
    expect(names(at + S)).toEqual([]);
    const again = scheduler({});
    again.made.merge({ ahead: { task: 't', schedule: clocked(at) } }, made.runs(), at + S);
    expect(again.names(at + 2 * S)).toEqual([]);
    again.made.merge({ ahead: { task: 't', schedule: clocked(at + 60 * S) } }, new Map(), at + 3 * S);
    expect(again.names(at + 60 * S)).toEqual(['ahead']);
  });
  it('names its instant so that it cannot be read two ways', () => {
    expect(clocked('2026-12-24T18:00:00+01:00').at).toBe(Date.parse('2026-12-24T17:00:00Z'));
    expect(clocked(new Date(5)).at).toBe(5);
    for (const wrong of ['2026-12-24T18:00:00', 'tomorrow', new Date(Number.NaN), Number.NaN])
      expect(() => clocked(wrong)).toThrow('clocked: an instant is');
    expect(scheduleOf(formOf(clocked(5)))).toEqual(clocked(5));
  });
});

describe('an entry that is enabled again', () => {
  it('waits for its next time, within one beat and over a restart', () => {
    const off = { a: { ...every(10), enabled: false } };
    const { made, names } = scheduler(off);
    expect(names(START + 100 * S)).toEqual([]);
    made.merge({ a: every(10) }, new Map(), START + 100 * S);
    expect(names(START + 105 * S)).toEqual([]);
    expect(names(START + 110 * S)).toEqual(['a']);
    const next = new Scheduler({ zone: 'UTC' });
    next.merge(
      { a: every(10) },
      new Map([['a', { lastRunAt: START, totalRunCount: 3, enabled: false }]]),
      START + 99 * S,
    );
    expect(next.nextAt()).toBe(START + 109 * S);
  });
});

describe('an entry with a zone of its own', () => {
  it('is read by that clock, the others by that of the app', () => {
    const seven = crontab({ hour: 7, minute: 0 });
    const { made } = scheduler({
      tokyo: { task: 't', schedule: seven, timezone: 'Asia/Tokyo' },
      home: { task: 't', schedule: seven },
    });
    expect(made.entries.get('tokyo')!.dueAt).toBe(Date.parse('2026-03-04T22:00:00Z'));
    expect(made.entries.get('home')!.dueAt).toBe(Date.parse('2026-03-05T07:00:00Z'));
    expect(() => scheduler({ a: { task: 't', schedule: seven, timezone: 'Mars/Olympus' } })).toThrow(
      'beat_schedule entry \'a\': There is no time zone "Mars/Olympus"',
    );
  });
});

it("a schedule of an app's own may go by another clock, as nowfun does in Celery", () => {
  const morning = crontab({ hour: 7, minute: 0 });
  // The till's clock is an hour ahead.
  const ahead = (ms: number) => ms + 3600 * S;
  const tills: Schedule = {
    kind: 'custom',
    isDue: (lastRunMs, at) => morning.isDue(ahead(lastRunMs), { ...at, nowMs: ahead(at.nowMs) }),
    remaining: (lastRunMs, at) => morning.remaining(ahead(lastRunMs), { ...at, nowMs: ahead(at.nowMs) }),
    toString: () => "seven by the till's clock",
  };
  const scheduler = new Scheduler({ zone: 'UTC' });
  const at = (time: string) => Date.parse(`2026-03-04T${time}Z`);
  scheduler.merge({ till: { task: 't', schedule: tills } }, new Map(), at('05:00:00'));
  expect(scheduler.nextAt()).toBe(at('06:00:00'));
  expect(scheduler.takeDue(at('05:59:59'))).toEqual([]);
  expect(scheduler.takeDue(at('06:00:00'))).toHaveLength(1);
  expect(scheduler.nextAt()).toBe(Date.parse('2026-03-05T06:00:00Z'));
});

describe('many entries', () => {
  it('are taken in the order of their times, each once, whatever comes between', () => {
    const seconds = Array.from({ length: 500 }, (_, i) => 1 + ((i * 7919) % 500));
    const { made, names } = scheduler(Object.fromEntries(seconds.map((s) => [`e${s}`, every(s)])));
    expect(names(START + 500 * S)).toEqual(seconds.toSorted((a, b) => a - b).map((s) => `e${s}`));
    expect(names(START + 500 * S)).toEqual([]);
    expect(made.nextAt()).toBe(START + 501 * S);
    // Against a walk through all of them.
    for (let now = START + 501 * S; now < START + 530 * S; now += 700) {
      const due = [...made.entries.values()].filter(({ dueAt }) => dueAt <= now).map(({ name }) => name);
      expect(names(now).sort()).toEqual(due.sort());
      expect(made.nextAt()).toBe(Math.min(...[...made.entries.values()].map(({ dueAt }) => dueAt)));
    }
  });

  it('one that is being sent is not due, and is again when that is over', () => {
    const { made, names } = scheduler({ a: every(10), b: every(30) });
    const [taken] = made.takeDue(START + 10 * S);
    taken!.entry.sending = true;
    expect(made.nextAt()).toBe(START + 30 * S);
    expect(names(START + 25 * S)).toEqual([]);
    made.release(taken!.entry);
    expect(made.nextAt()).toBe(START + 20 * S);
    expect(names(START + 25 * S)).toEqual(['a']);
  });

  it('one that was replaced while it was being sent is not sent beside what took its place', () => {
    const { made, names } = scheduler({ a: every(10) });
    const [taken] = made.takeDue(START + 10 * S);
    taken!.entry.sending = true;
    made.merge({ a: every(10) }, new Map(), START + 11 * S);
    made.release(taken!.entry);
    expect(names(START + 20 * S)).toEqual(['a']);
    made.merge({}, new Map(), START + 21 * S);
    expect(made.nextAt()).toBe(Number.POSITIVE_INFINITY);
  });
});
