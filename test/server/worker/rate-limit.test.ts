// Rates and buckets against what Python's do, step by step.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseRate, TokenBucket } from '../../../server/worker/rate-limit.ts';

interface Case {
  name: string;
  input?: string | number | boolean | null;
  per_second?: unknown;
  error?: string;
  fill_rate?: number;
  capacity?: number;
  sequence?: { at: number; expected_time_before: number; can_consume: boolean; tokens_after: number }[];
}

const cases: Case[] = JSON.parse(
  readFileSync(new URL('../../golden/rate-limits-and-time.json', import.meta.url), 'utf8'),
).cases;

describe('a rate', () => {
  const rates = cases.filter((c) => 'per_second' in c || (c.error && !c.name.startsWith('maybe')));
  it.each(rates)('$name is read as Python reads it', ({ input, per_second, error }) => {
    if (error) {
      let thrown: unknown;
      try {
        parseRate(input);
      } catch (e) {
        thrown = e;
      }
      const { name, message } = thrown as Error;
      expect(`${name}: ${name === 'KeyError' ? `'${message}'` : message}`).toBe(error);
      return;
    }
    const wanted =
      typeof per_second === 'object' && per_second !== null ? Number.POSITIVE_INFINITY : Number(per_second);
    expect(parseRate(input)).toBeCloseTo(wanted, 12);
  });
});

describe('a token bucket', () => {
  const buckets = cases.filter((c) => c.sequence);
  it.each(buckets)('$name gives and refuses as Python’s', ({ fill_rate, capacity, sequence }) => {
    // Seconds, in a clock of floats as Python's is.
    let now = 0;
    const bucket = new TokenBucket(fill_rate!, () => now * 1000, capacity);
    for (const step of sequence!) {
      now = step.at;
      expect(bucket.expectedMs() / 1000).toBeCloseTo(step.expected_time_before, 6);
      expect(bucket.consume()).toBe(step.can_consume);
    }
  });

  it('lets two pass at once after an idle time, then one per interval', () => {
    let now = 0;
    const bucket = new TokenBucket(10 / 60, () => now);
    now = 60_000;
    expect([bucket.consume(), bucket.consume(), bucket.consume()]).toEqual([true, true, false]);
    expect(bucket.expectedMs()).toBeCloseTo(6000, 3);
  });
});
