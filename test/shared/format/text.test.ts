// Figures and names as they are shown.
import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatExact,
  formatRate,
  listing,
  plural,
  shortId,
  splitTaskName,
  truncate,
} from '../../../shared/format/text.ts';

describe('a count', () => {
  it.each([
    [0, '0'],
    [9999, '9,999'],
    [10_000, '10.0k'],
    [12_449, '12.4k'],
    [99_999, '99.9k'],
    [999_999, '999k'],
    [1_284_090, '1.2M'],
    [-12_449, '-12.4k'],
    [null, ''],
  ])('%s is %s: exact below 10,000, never rounded up', (count, text) => expect(formatCount(count)).toBe(text));
  it('has all its digits on hover', () => {
    expect(formatExact(1_284_090)).toBe('1,284,090');
    expect(formatExact(-1234.5)).toBe('-1,234.5');
  });
  it('goes with the right word', () => {
    expect(plural(1, 'task')).toBe('1 task');
    expect(plural(0, 'task')).toBe('0 tasks');
    expect(plural(12_400, 'reply', 'replies')).toBe('12.4k replies');
    expect(listing(['a', 'b', 'c'])).toBe('a, b and c');
    expect(listing([])).toBe('');
  });
});

describe('a rate and a share', () => {
  it.each([
    [0.42, '0.4'],
    [7, '7'],
    [9.96, '10'],
    [398.4, '398'],
  ])('rate %d is %s', (rate, text) => expect(formatRate(rate)).toBe(text));
});

describe('a size', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1300, '1.3 kB'],
    [9960, '10 kB'],
    [999_600, '1.0 MB'],
    [412e6, '412 MB'],
  ])('of %d bytes is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe('a name', () => {
  it('is its module and its function', () => {
    expect(splitTaskName('shop.orders.charge_card')).toEqual({ module: 'shop.orders.', function: 'charge_card' });
    expect(splitTaskName('add')).toEqual({ module: '', function: 'add' });
  });
  it('is cut at its end without breaking a character', () => {
    expect(truncate('abcdef', 6)).toBe('abcdef');
    expect(truncate('abcdefg', 6)).toBe('abc...');
    expect(truncate('ab\u{1F600}cdefg', 6)).toBe('ab...');
    expect(shortId('4f3a9c1e-0000')).toBe('4f3a9c1e');
  });
});
