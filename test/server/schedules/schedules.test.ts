// Intervals and crontabs against what real Celery answered, changes of the clock included. The sun: solar.test.ts.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Crontab, crontab, crontabFromString, parseCronField } from '../../../server/schedules/crontab.ts';
import { isSchedule, schedule, toSchedule } from '../../../server/schedules/schedule.ts';
import { fromWall, offsetMs, resolveZone, toWall } from '../../../server/schedules/zone.ts';
import { zoneOffsetMinutes } from '../../../shared/format/time.ts';

interface Case {
  name: string;
  kind: 'parse' | 'from_string' | 'next' | 'interval';
  expression: string;
  max: number;
  min: number;
  values: number[];
  error?: string;
  repr: string;
  timezone: string;
  last_run_at: string;
  now: string;
  next_local_naive: string;
  next_utc: string;
  remaining_seconds: number;
  is_due: boolean;
  next_seconds: number;
  every: number;
  relative: boolean;
}
const golden = JSON.parse(readFileSync(new URL('../../golden/schedules.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};
const cases = (kind: Case['kind']) => golden.cases.filter((one) => one.kind === kind);
const ms = (iso: string) => Date.parse(iso);
/** The clock's reading in an ISO text with an offset, whatever instant that is. */
const wallMs = (iso: string) => Date.parse(`${iso.slice(0, 19)}Z`);

describe('fields', () => {
  it.each(cases('parse'))('$name', ({ expression, max, min, values, error }) => {
    if (error === undefined) expect(parseCronField(expression, max, min)).toEqual(values);
    else expect(() => parseCronField(expression, max, min)).toThrow(error.replace(/^\w+: /, ''));
  });
});

describe('cron lines', () => {
  it.each(cases('from_string'))('$name', (one) => {
    if (one.error !== undefined) {
      const words = one.error.startsWith('ValueError: not enough values')
        ? 'five fields'
        : one.error.replace(/^\w+: /, '');
      expect(() => crontabFromString(one.expression)).toThrow(words);
      return;
    }
    const parsed = crontabFromString(one.expression);
    for (const field of ['minute', 'hour', 'day_of_week', 'day_of_month', 'month_of_year'] as const) {
      expect(parsed[field]).toEqual((one as unknown as Record<string, number[]>)[field]);
    }
    expect(String(parsed)).toBe(one.repr);
  });
});

describe('the next run of a crontab', () => {
  it.each(cases('next'))('$name, now $now', (one) => {
    const rule = crontabFromString(one.expression);
    const nextWall = rule.nextWall(wallMs(one.last_run_at));
    expect(new Date(nextWall).toISOString().slice(0, 19)).toBe(one.next_local_naive);
    expect(fromWall({ ms: nextWall, fold: 0 }, one.timezone)).toBe(ms(one.next_utc));
    // Some recorded moments are told by a clock reading that was skipped; as an instant that reading is another one.
    const nowMs = ms(one.now);
    if (toWall(nowMs, one.timezone).ms !== wallMs(one.now)) return;
    const context = { nowMs, zone: one.timezone };
    expect(rule.remaining(ms(one.last_run_at), context)).toBe(one.remaining_seconds);
    expect(rule.isDue(ms(one.last_run_at), context)).toEqual({ isDue: one.is_due, next: one.next_seconds });
  });
});

describe('intervals', () => {
  it.each(cases('interval'))('$name, relative $relative', (one) => {
    const rule = schedule(one.every, { relative: one.relative });
    const context = { nowMs: ms(one.now), zone: 'UTC' };
    expect(rule.isDue(ms(one.last_run_at), context)).toEqual({ isDue: one.is_due, next: one.next_seconds });
  });
  it('are given in seconds or in words', () => {
    expect(schedule({ minutes: 5 }).seconds).toBe(300);
    expect(schedule({ hours: 1, milliseconds: 500 }).seconds).toBe(3600.5);
    expect(() => schedule({ minuts: 5 } as object)).toThrow('minuts');
    expect(() => schedule(Number.NaN)).toThrow('number of seconds');
  });
  it('count real time, also when the clocks change', () => {
    const zone = 'America/New_York';
    const lastRunMs = ms('2024-11-03T01:55:00-04:00');
    expect(schedule(600).remaining(lastRunMs, { nowMs: lastRunMs, zone })).toBe(600);
  });
});

describe('a repeated hour', () => {
  const zone = 'America/New_York';
  it('runs forward through its second showing', () => {
    const rule = crontabFromString('*/30 * * * *');
    const second = ms('2024-11-03T01:10:00-05:00');
    expect(rule.nextRun(second, zone)).toBe(ms('2024-11-03T01:30:00-05:00'));
    expect(rule.nextRun(ms('2024-11-03T01:30:00-05:00'), zone)).toBe(ms('2024-11-03T02:00:00-05:00'));
  });
  it('never gives a next run that is not after the last', () => {
    for (const line of ['* * * * *', '*/7 * * * *', '0 * * * *', '30 1 * * *', '0 2 * * *']) {
      const rule = crontabFromString(line);
      for (const name of [zone, 'Europe/Prague', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'Africa/Casablanca']) {
        for (const start of [
          '2024-11-03T03:00Z',
          '2024-03-10T05:00Z',
          '2024-10-26T22:00Z',
          '2024-04-06T12:00Z',
          '2018-02-17T22:00Z',
        ]) {
          for (let at = ms(start), i = 0; i < 60; i++, at += 7 * 60_000)
            expect(rule.nextRun(at, name)).toBeGreaterThan(at);
        }
      }
    }
  });
});

describe('a starting deadline', () => {
  const rule = crontabFromString('0 4 * * *');
  const lastRunMs = ms('2024-05-01T04:00:00Z');
  const at = (iso: string, startingDeadline: number | null) =>
    rule.isDue(lastRunMs, { nowMs: ms(iso), zone: 'UTC', startingDeadline });
  it('lets a run go that was missed by longer', () => {
    expect(at('2024-05-02T04:30:00Z', 600)).toEqual({ isDue: false, next: 84_600 });
    expect(at('2024-05-02T04:05:00Z', 600)).toEqual({ isDue: true, next: 86_100 });
  });
  it('is measured from the latest of several missed runs', () => {
    expect(at('2024-05-09T04:05:00Z', 600)).toMatchObject({ isDue: true });
    expect(at('2024-05-09T05:05:00Z', 600)).toMatchObject({ isDue: false });
  });
  it('that is not set makes up for every missed run once', () => {
    expect(at('2024-05-09T05:05:00Z', null)).toMatchObject({ isDue: true });
  });
});

describe('what cannot be', () => {
  it('is refused with the field and the reason', () => {
    expect(() => crontab({ minute: 60 })).toThrow("crontab minute '60': valid are whole numbers from 0 to 59");
    expect(() => crontab({ minute: '5/10' })).toThrow('*/10');
    expect(() => crontab({ day_of_week: '7' })).toThrow('Sunday is 0');
    expect(() => crontab({ day_of_month: '31', month_of_year: '2,4' })).toThrow('never runs');
    expect(() => crontab({ minutes: 5 } as object)).toThrow('no field minutes');
    expect(() => crontab({ hour: [] })).toThrow('empty');
    expect(() => crontabFromString('@hourly')).toThrow('@hourly');
    expect(() => resolveZone('Mars/Olympus')).toThrow('no time zone "Mars/Olympus"');
    expect(() => toSchedule('0 4 * * *')).toThrow("crontabFromString('0 4 * * *')");
  });
});

describe('schedules', () => {
  it('are equal when they print equally', () => {
    expect(String(crontab({ minute: '0', hour: [9, 17] }))).toBe(String(crontab({ minute: 0, hour: '9,17' })));
    expect(String(schedule(10))).not.toBe(String(schedule(10, { relative: true })));
    expect(isSchedule(new Crontab())).toBe(true);
    expect(isSchedule({ minutes: 5 })).toBe(false);
  });
  it('find the 29th of February that is a Monday', () => {
    const rule = crontab({ minute: 0, hour: 0, day_of_month: 29, month_of_year: 2, day_of_week: 'mon' });
    expect(new Date(rule.nextRun(ms('2024-03-01T00:00Z'), 'UTC')).toISOString()).toBe('2044-02-29T00:00:00.000Z');
  });
  it('know the offset of a zone to the second', () => {
    expect(offsetMs(ms('2024-01-01T00:00Z'), 'Asia/Kolkata')).toBe(19_800_000);
    expect(toWall(ms('2024-11-03T01:30:00-05:00'), 'America/New_York').fold).toBe(1);
  });
});

it('offsets of a zone are those of the machine’s tables, by day and by the minute of a change', () => {
  const exact = (ms: number, zone: string) => Math.round(zoneOffsetMinutes(ms, zone) * 60_000);
  for (const zone of [
    'Europe/Berlin',
    'Africa/Casablanca',
    'Australia/Lord_Howe',
    'America/St_Johns',
    'Pacific/Apia',
  ]) {
    const from = Date.parse('2011-12-20T00:00:00Z');
    // Every seven hours of three years, twice: first as it is found, then as it is remembered.
    for (let again = 0; again < 2; again++)
      for (let ms = from; ms < from + 3 * 365 * 86_400_000; ms += 7 * 3_600_000)
        expect(offsetMs(ms, zone), `${zone} ${new Date(ms).toISOString()}`).toBe(exact(ms, zone));
  }
  // 01:00 UTC on the last Sunday of March.
  const change = Date.parse('2026-03-29T01:00:00Z');
  expect([change - 1, change].map((ms) => offsetMs(ms, 'Europe/Berlin') / 3_600_000)).toEqual([1, 2]);
  for (const ms of [8.64e15, -8.64e15]) expect(offsetMs(ms, 'Asia/Tokyo')).toBe(exact(ms, 'Asia/Tokyo'));
  expect(() => offsetMs(0, 'Mars/Olympus')).toThrow(RangeError);
});
