// Times as they are shown.
import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatAgo,
  formatDuration,
  formatInstant,
  formatOffset,
  formatSpan,
  zoneOffsetMinutes,
} from '../../../shared/format/time.ts';

describe('an age', () => {
  it.each([
    [0.4, 'now'],
    [41.9, '41 s'],
    [60, '1 m 0 s'],
    [141, '2 m 21 s'],
    [3599.9, '59 m 59 s'],
    [3600, '1 h'],
    [3 * 3600 + 1800, '3 h'],
    [9.5 * 86400, '9 d'],
  ])('of %d s has two units below an hour and one above', (seconds, text) => expect(formatAge(seconds)).toBe(text));
  it('says on which side of now it lies', () => {
    expect(formatAgo(3)).toBe('3 s ago');
    expect(formatAgo(-300)).toBe('in 5 m 0 s');
    expect(formatAgo(0)).toBe('now');
  });
});

describe('a duration', () => {
  it.each([
    [0, '0 ms'],
    [0.0004, '0.4 ms'],
    [0.00096, '1 ms'],
    [0.198, '198 ms'],
    [0.9994, '999 ms'],
    [0.9996, '1.00 s'],
    [1.48, '1.48 s'],
    [30.03, '30.03 s'],
    [59.996, '1 m 0 s'],
    [151, '2 m 31 s'],
    [3599.6, '1 h 0 m'],
    [11_100, '3 h 5 m'],
    [266_400, '3 d 2 h'],
    [-0.2, '-200 ms'],
  ])('of %d s is %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));
  it('that is not known is empty', () => {
    expect(formatDuration(null)).toBe('');
    expect(formatDuration(Number.NaN)).toBe('');
  });
});

describe('a limit', () => {
  it.each([
    [0.25, '250 ms'],
    [1.5, '1.5 s'],
    [30, '30 s'],
    [300, '5 m'],
    [5400, '1 h 30 m'],
    [86_400, '1 d'],
    [90.5, '90.5 s'],
  ])('of %d s is %s', (seconds, text) => expect(formatSpan(seconds)).toBe(text));
});

describe('an instant', () => {
  const noon = Date.UTC(2026, 2, 4, 12, 5, 9, 128) / 1000;
  it('is told in a zone with its offset', () => {
    expect(formatInstant(noon, 'UTC')).toBe('2026-03-04 12:05:09.128 UTC');
    expect(formatInstant(noon, 'Europe/Prague')).toBe('2026-03-04 13:05:09.128 +01:00');
    expect(formatInstant(noon, 'America/St_Johns')).toBe('2026-03-04 08:35:09.128 -03:30');
    expect(formatInstant(noon, 'Asia/Kolkata', 'minute')).toBe('2026-03-04 17:35');
    expect(formatInstant(noon, 'UTC', 'clock-second')).toBe('12:05:09');
    expect(formatInstant(noon, 'Pacific/Kiritimati', 'day')).toBe('5 Mar');
  });
  it('that is not one is empty', () => expect(formatInstant(Number.NaN, 'UTC')).toBe(''));
  it('knows the offset on both sides of a change of the clocks', () => {
    expect(zoneOffsetMinutes(Date.UTC(2026, 2, 29, 0, 59, 59), 'Europe/Prague')).toBe(60);
    expect(zoneOffsetMinutes(Date.UTC(2026, 2, 29, 1, 0, 0), 'Europe/Prague')).toBe(120);
    expect(zoneOffsetMinutes(-1, 'UTC')).toBe(0);
    expect(formatOffset(-210)).toBe('-03:30');
  });
});
