// Entries of a schedule as the pages say them, and what their form makes of what was typed.
import { describe, expect, it } from 'vitest';
import type { ScheduleRow } from '../../shared/wire/schedules.ts';
import { fieldsOf, requestIn } from '../../web/src/schedules/entry-fields.ts';
import { stateOf } from '../../web/src/schedules/entry-list.ts';
import { type EntrySchedule, parts, scheduleWords } from '../../web/src/schedules/wording.ts';

const any = { minute: '*', hour: '*', day_of_week: '*', day_of_month: '*', month_of_year: '*' };
const cron = (change: Partial<typeof any>): EntrySchedule => ({ kind: 'crontab', ...any, ...change });
const entry: ScheduleRow = {
  ...{ name: 'nightly', task: 'shop.totals', schedule: cron({ minute: '30', hour: '3' }), timezone: 'Europe/Paris' },
  ...{ args: [1], kwargs: { password: '********' }, options: { queue: 'reports' }, enabled: true, one_off: false },
  ...{ last_run: null, total_run_count: 0, next_run: 1000, next_run_reason: null, upcoming: [], start_time: null },
  from: 'store',
};

describe('an entry in words', () => {
  it.each<[EntrySchedule, RegExp]>([
    [{ kind: 'interval', every: 30, relative: false }, /^Every 30 seconds$/],
    [{ kind: 'interval', every: 7200, relative: false }, /^Every 2 hours$/],
    [{ kind: 'interval', every: 60, relative: true }, /^Every minute, at full marks/],
    [cron({ minute: '30', hour: '3' }), /03:30/],
    // Celery's own grammar: names, and ranges that wrap.
    [cron({ minute: '0', hour: '9', day_of_week: 'fri-mon' }), /09:00.*Sunday, Monday, Friday, and Saturday/],
    [cron({ minute: '0', hour: '22-1', day_of_week: 'monday' }), /Monday/],
    [cron({ minute: '0', hour: '0', day_of_month: '1', day_of_week: '1' }), /both must hold/],
    [cron({ hour: '25' }), /^\* 25 \* \* \*/],
    [{ kind: 'solar', event: 'dawn_civil', lat: -45.76, lon: 4.84 }, /^At civil dawn, 45.76° S 4.84° E$/],
    [{ kind: 'custom', text: '<moon>' }, /^<moon>$/],
  ])('%o', (schedule, words) => {
    expect(scheduleWords(schedule, 'UTC', 'UTC')).toMatch(words);
  });

  it('names the zone where it is not the reader’s, and shows its times by its own clock', () => {
    expect(scheduleWords(entry.schedule, 'Europe/Paris', 'UTC')).toMatch(/, Europe\/Paris$/);
    const night = Date.parse('2026-03-29T01:30:00Z') / 1000;
    expect(parts(night, 'Europe/Paris')).toEqual(['Sun Mar 29, 2026', '03:30', 'UTC+2']);
    expect(parts(night - 86_400, 'Europe/Paris')).toEqual(['Sat Mar 28, 2026', '02:30', 'UTC+1']);
  });

  it('is overdue when its time has passed, and paused whatever its time is', () => {
    expect(stateOf(entry, 1010)).toBe('on');
    expect(stateOf(entry, 1100)).toBe('overdue');
    expect(stateOf({ ...entry, enabled: false }, 1100)).toBe('paused');
  });
});

describe('the form of an entry', () => {
  it('sends only what was touched of what may be masked', () => {
    const fields = fieldsOf(entry, 'UTC');
    expect(requestIn(fields, entry)).toMatchObject({ create: false, args: null, kwargs: null, queue: null });
    const changed = requestIn({ ...fields, args: '[2]', queue: '', minute: '0' }, entry);
    expect(changed).toMatchObject({ args: [2], kwargs: null, queue: '', schedule: { minute: '0', hour: '3' } });
  });

  it('tells which field is wrong', () => {
    const fields = { ...fieldsOf(null, 'UTC'), name: 'n', task: 't' };
    expect(requestIn(fields, null)).toMatchObject({ create: true, args: [], kwargs: {}, queue: '' });
    for (const [change, field] of [
      [{ name: ' ' }, 'name'],
      [{ task: '' }, 'task'],
      [{ kind: 'interval', every: '0' }, 'every'],
      [{ kind: 'solar', lat: 'north' }, 'lat'],
      [{ kind: 'clocked', at: '' }, 'at'],
      [{ args: '{}' }, 'args'],
      [{ kwargs: '[1]' }, 'kwargs'],
      // More digits than the browser's numbers have.
      [{ args: '[12345678901234567890]' }, 'args'],
    ] as const)
      expect(requestIn({ ...fields, ...change }, null), field).toMatchObject({ field });
  });
});
