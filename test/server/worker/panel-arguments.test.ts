// What anybody who reaches the broker may put into a remote command, and what a worker makes of it.
import { expect, it } from 'vitest';
import { count, named, texts } from '../../../server/worker/panel/registry.ts';
import { parseRate } from '../../../server/worker/rate-limit.ts';
import { plainRate } from '../../../shared/rate.ts';

it('a number of things is one or more, and bounded', () => {
  expect([count(3, 'n'), count('4', 'n')]).toEqual([3, 4]);
  for (const odd of [-5, 0, 1e9, 1.5, Number.NaN, 'x', null, {}, 12345678901234567890n])
    expect(() => count(odd, 'n'), String(odd)).toThrow(/^n must be/);
});

it('a name is a text with something in it, and ids are texts', () => {
  expect(named('orders', 'queue')).toBe('orders');
  for (const odd of ['', '  ', null, undefined, 5, { toString: 1 }, []])
    expect(() => named(odd, 'queue')).toThrow(/^queue must be a name/);
  expect(texts(['a', 5])).toEqual(['a', '5']);
  for (const odd of [[{ toString: 1 }], [null], {}]) expect(() => texts(odd)).toThrow(/expected texts/);
});

it('a rate is written one way for page, dashboard and worker', () => {
  for (const [written, plain, perSecond] of [
    ['5 / s', '5/s', 5],
    [' 6/m ', '6/m', 0.1],
    ['1.5', '1.5', 1.5],
    ['0', '0', 0],
  ] as const)
    expect([plainRate(written), parseRate(plain)]).toEqual([plain, perSecond]);
  for (const odd of ['', 'often', '5/x', '-5/s', '5//s', '1e9/s', '5/s/s']) expect(plainRate(odd), odd).toBeNull();
});
