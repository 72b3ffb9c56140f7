// Texts of the command line into values.
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addDashboardFlags } from '../../../server/cli/dashboard-flags.ts';
import { dashboardOptionsOf } from '../../../server/cli/dashboard-options.ts';
import * as parse from '../../../server/cli/parse.ts';

describe('values of options', () => {
  it('users of the dashboard are taken as they are, one by one or from the environment, and never silently none', () => {
    const command = new Command('dashboard').exitOverride();
    addDashboardFlags(command);
    const options = (words: string[], env = {}) =>
      dashboardOptionsOf({ flags: command.parse(words, { from: 'user' }).opts(), env }).options;
    expect(options(['--basic-auth', 'a:b,c', '--basic-auth', 'd:e']).basic_auth).toEqual(['a:b,c', 'd:e']);
    const other = new Command('dashboard').exitOverride();
    addDashboardFlags(other);
    const fromEnv = (env: NodeJS.ProcessEnv) =>
      dashboardOptionsOf({ flags: other.parse([], { from: 'user' }).opts(), env }).options;
    expect(fromEnv({ UMBEL_BASIC_AUTH: 'a:b' }).basic_auth).toBe('a:b');
    expect(fromEnv({ UMBEL_BASIC_AUTH_FILE: '/run/users' }).basic_auth_file).toBe('/run/users');
    expect(fromEnv({ UMBEL_BASIC_AUTH: '' }).basic_auth).toBe('');
    expect(fromEnv({}).basic_auth).toBeUndefined();
  });

  it('a list is taken apart at commas, without blanks and empty parts', () => {
    expect(parse.commaList('orders, mail,,images')).toEqual(['orders', 'mail', 'images']);
  });

  it('a list of which none would mean all is refused when it names none: a variable that was not set', () => {
    expect(parse.names('orders, mail')).toEqual(['orders', 'mail']);
    expect(parse.names('b', ['a'])).toEqual(['a', 'b']);
    for (const text of ['', ' ', ',,']) expect(() => parse.names(text, ['a']), text).toThrow('It names none.');
  });

  it('an amount is no less than none', () => {
    expect(['0', '0.5'].map(parse.amount)).toEqual([0, 0.5]);
    for (const text of ['-1', '-0.1', '']) expect(() => parse.amount(text), text).toThrow();
  });

  it('a umask is octal, with and without its 0', () => {
    expect(['027', '27', '0o27', '0'].map(parse.octal)).toEqual([0o027, 0o027, 0o027, 0]);
    for (const text of ['', '8', '0x1f', '-1', '00270']) expect(() => parse.octal(text)).toThrow('must be octal');
  });

  it.each(['', 'x', '1x', 'NaN', 'Infinity'])('%j is no number', (text) => {
    expect(() => parse.number(text)).toThrow('must be a number');
  });

  it.each(['1.5', '', '1e3', 'ten'])('%j is no whole number', (text) => {
    expect(() => parse.integer(text)).toThrow('whole number');
  });

  it('a port is between 0 and 65535', () => {
    expect(parse.port('8080')).toBe(8080);
    expect(() => parse.port('65536')).toThrow('port');
  });

  it('arguments must be a JSON array, and what is wrong with them is said', () => {
    expect(parse.jsonArray('[1, {"a": null}]')).toEqual([1, { a: null }]);
    expect(parse.jsonArray('[12345678901234567890]')).toEqual([12345678901234567890n]);
    expect(() => parse.jsonArray('{"a": 1}')).toThrow('must be a JSON array');
    expect(() => parse.jsonArray('[1,')).toThrow(/not JSON: .+ example: '\[1, "two"\]'/);
  });

  it.each(['[1]', 'null', '"x"'])('keyword arguments cannot be %s', (text) => {
    expect(() => parse.jsonObject(text)).toThrow('must be a JSON object');
  });

  it('a time without offset is UTC; with one it is what it says', () => {
    expect(parse.instant('2026-05-06T07:08:09').toISOString()).toBe('2026-05-06T07:08:09.000Z');
    expect(parse.instant('2026-05-06 07:08').toISOString()).toBe('2026-05-06T07:08:00.000Z');
    expect(parse.instant('2026-05-06T07:08:09+02:00').toISOString()).toBe('2026-05-06T05:08:09.000Z');
    expect(parse.instant('2026-05-06').toISOString()).toBe('2026-05-06T00:00:00.000Z');
  });

  it.each(['yesterday', '2026-13-01', '1'])('%j is no time', (text) => {
    expect(() => parse.instant(text)).toThrow('ISO 8601');
  });

  it('expires is seconds or a time', () => {
    expect(parse.secondsOrInstant('2.5')).toBe(2.5);
    expect(parse.secondsOrInstant('2026-05-06T07:08:09Z')).toEqual(new Date('2026-05-06T07:08:09Z'));
  });

  it('autoscale takes both bounds in either order, or the upper alone', () => {
    expect(parse.autoscale('10,3')).toEqual({ max: 10, min: 3 });
    expect(parse.autoscale('3,10')).toEqual({ max: 10, min: 3 });
    expect(parse.autoscale('10')).toEqual({ max: 10, min: 0 });
    expect(() => parse.autoscale('0,0')).toThrow('MAX,MIN');
  });

  it('a log level may be in any case, and FATAL is CRITICAL', () => {
    expect(parse.logLevel('info')).toBe('INFO');
    expect(parse.logLevel('fatal')).toBe('CRITICAL');
    expect(() => parse.logLevel('loud')).toThrow('one of DEBUG');
  });
});
