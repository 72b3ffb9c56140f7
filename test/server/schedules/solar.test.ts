// Schedules by the sun against what real Celery answered with ephem, and where the sun does not do as usual.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nextRun } from '../../../server/schedules/next-run.ts';
import { type SolarEvent, solar } from '../../../server/schedules/solar.ts';
import { formOf, scheduleOf } from '../../../server/schedules/stored-entry.ts';

interface Case {
  name: string;
  kind: string;
  event: SolarEvent;
  lat: number;
  lon: number;
  from: string;
  next_utc: string;
}
const golden = JSON.parse(readFileSync(new URL('../../golden/schedules.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};
const ms = (iso: string) => Date.parse(iso);
const at = (nowMs: number) => ({ nowMs, zone: 'UTC' });
const following = (rule: ReturnType<typeof solar>, iso: string) =>
  new Date(ms(iso) + rule.remaining(ms(iso), at(ms(iso))) * 1000).toISOString();

describe('the next run by the sun', () => {
  it.each(golden.cases.filter(({ kind }) => kind === 'solar'))('$name', ({ event, lat, lon, from, next_utc }) => {
    const found = ms(from) + solar(event, lat, lon).remaining(ms(from), at(ms(from))) * 1000;
    expect(Math.abs(found - ms(next_utc))).toBeLessThan(500);
  });
  it('is not the one that just ran', () => {
    const rule = solar('sunset', 50.08, 14.43);
    let lastRunMs = ms('2026-03-01T00:00:00Z');
    for (let day = 0; day < 40; day++) {
      const next = lastRunMs + rule.remaining(lastRunMs, at(lastRunMs)) * 1000;
      expect(rule.isDue(lastRunMs, at(next - 1)).isDue).toBe(false);
      const { isDue, next: rest } = rule.isDue(lastRunMs, at(next));
      expect(isDue).toBe(true);
      expect(Math.abs(rest - 86_400)).toBeLessThan(300);
      lastRunMs = next;
    }
  });
  it('waits for the end of the polar night, and of a summer without darkness', () => {
    const tromso = [69.65, 18.96] as const;
    expect(following(solar('sunrise', ...tromso), '2026-12-01T00:00:00Z')).toMatch(/^2027-01-15T1/);
    expect(following(solar('sunset', ...tromso), '2026-06-01T00:00:00Z')).toMatch(/^2026-07-2/);
    expect(following(solar('dawn_astronomical', 60.17, 24.94), '2026-06-01T00:00:00Z')).toMatch(/^2026-08-/);
    expect(following(solar('solar_noon', ...tromso), '2026-12-01T00:00:00Z')).toMatch(/^2026-12-01T10:/);
  });
  it('comes everywhere within a year', () => {
    const start = ms('2026-11-29T12:00:00Z');
    const events: SolarEvent[] = ['dawn_astronomical', 'sunrise', 'solar_noon', 'dusk_civil', 'dusk_astronomical'];
    for (const lat of [-90, -89.9, -66.6, 0, 66.6, 90])
      for (const event of events) {
        const { isDue, next } = solar(event, lat, 14).isDue(start, at(start));
        expect({ lat, event, isDue, isWithinAYear: next > 0 && next < 370 * 86_400 }).toMatchObject({
          isDue: false,
          isWithinAYear: true,
        });
      }
  });
  it('is known to who only reads the store', () => {
    const entry = { task: 't', args: [], kwargs: {}, options: {}, enabled: true, one_off: false, timezone: null };
    const definition = { ...entry, schedule: formOf(solar('sunrise', 50.08, 14.43)) };
    const lastRunAt = ms('2024-05-06T07:08:09Z');
    const { at: next } = nextRun({ definition, runs: { lastRunAt, totalRunCount: 0 } }, lastRunAt);
    expect(new Date(next ?? 0).toISOString()).toMatch(/^2024-05-07T03:27:3/);
  });
});

describe('a schedule by the sun', () => {
  it('is stored by its event and place, and is due when the stored one is', () => {
    const rule = solar('dusk_civil', -37.81, 144.96);
    expect(formOf(rule)).toEqual({ kind: 'solar', event: 'dusk_civil', lat: -37.81, lon: 144.96 });
    expect(scheduleOf(formOf(rule))).toEqual(rule);
    expect(String(rule)).toBe('solar: dusk_civil at -37.81, 144.96');
  });
  it('is refused with what is possible', () => {
    expect(() => solar('sunsett' as SolarEvent, 1, 1)).toThrow("Did you mean 'sunset'?");
    expect(() => solar('noon' as SolarEvent, 1, 1)).toThrow('Known are dawn_astronomical');
    expect(() => solar('sunset', 91, 1)).toThrow('a latitude is a number of degrees from -90 to 90, not 91');
    expect(() => solar('sunset', 50, 181)).toThrow('a longitude is a number of degrees from -180 to 180, not 181');
    expect(() => solar('sunset', Number.NaN, 1)).toThrow('not NaN');
  });
});
