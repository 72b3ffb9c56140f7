// What becomes of an argument of a remote command, be it a word of a command line or what a client sent.
import { expect, it } from 'vitest';
import { argumentValue } from '../../../server/control/argument-values.ts';
import type { ArgumentType } from '../../../server/control/commands.ts';

const value = (type: ArgumentType, given: unknown, rest: { default?: unknown } = {}) =>
  argumentValue({ name: 'n', type, doc: '', required: !('default' in rest), ...rest }, given);

it('words become what was declared, and what is that already stays', () => {
  expect([value('integer', '-3'), value('integer', 7), value('number', '1.5'), value('text', 5)]).toEqual([
    -3,
    7,
    1.5,
    '5',
  ]);
  expect(['yes', 'ON', '1', 'True', true].map((word) => value('boolean', word))).toEqual(Array(5).fill(true));
  expect(['no', 'off', '0', 'FALSE', false].map((word) => value('boolean', word))).toEqual(Array(5).fill(false));
  expect([value('list', 'a,b'), value('list', ['a,b', 1])]).toEqual([
    ['a', 'b'],
    ['a,b', 1],
  ]);
  expect([value('table', '{"a": 1}'), value('table', { a: 1 })]).toEqual([{ a: 1 }, { a: 1 }]);
  expect([value('any', '{"a": 1}'), value('any', '{a'), value('any', 5)]).toEqual([{ a: 1 }, '{a', 5]);
  expect(value('integer', null, { default: null })).toBeNull();
});

it('what it cannot be is refused, by its name', () => {
  for (const [type, given, wanted] of [
    ['integer', '1.5', "a whole number for n, not '1.5'"],
    ['integer', '', "a number for n, not ''"],
    ['number', 'many', "a number for n, not 'many'"],
    ['number', Number.NaN, 'a number for n, not NaN'],
    ['integer', true, 'a number for n, not true'],
    ['integer', null, 'a number for n, not null'],
    ['boolean', 'maybe', "true or false for n, not 'maybe'"],
    ['list', 5, 'a list for n, not 5'],
    ['table', '[1]', "a table for n, not '[1]'"],
    ['table', ['a'], 'a table for n, not a list'],
    ['text', { a: 1 }, 'a text for n, not a table'],
  ] as const)
    expect(() => value(type, given), `${type} ${String(given)}`).toThrow(new RangeError(`wants ${wanted}`));
  // What cannot be made a text.
  expect(() => value('boolean', { toString: 1, valueOf: 1 })).toThrow('wants true or false for n, not a table');
});
