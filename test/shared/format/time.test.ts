// Times as they are shown.
import { describe, expect, it } from 'vitest';
import { formatAge, formatDuration, zoneOffsetMinutes } from '../../../shared/format/time.ts';

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

describe('a zone', () => {
  it('knows the offset on both sides of a change of the clocks', () => {
    expect(zoneOffsetMinutes(Date.UTC(2026, 2, 29, 0, 59, 59), 'Europe/Prague')).toBe(60);
    expect(zoneOffsetMinutes(Date.UTC(2026, 2, 29, 1, 0, 0), 'Europe/Prague')).toBe(120);
    expect(zoneOffsetMinutes(-1, 'UTC')).toBe(0);
  });
});
