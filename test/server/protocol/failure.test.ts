import { describe, expect, test } from 'vitest';
import * as errors from '../../../server/errors.ts';
import {
  decodeFailure,
  encodeFailure,
  exceptionRepr,
  pythonTraceback,
  remoteTraceback,
} from '../../../server/protocol/failure.ts';
import { decodeJson, encodeJson } from '../../../server/serialization/json.ts';

class PaymentRefused extends Error {}
class WithArgs extends Error {
  readonly args: unknown[];
  constructor(...args: unknown[]) {
    super(String(args[0]));
    this.args = args;
  }
}

const roundTrip = (error: Error, traceback: string | null = null) =>
  decodeFailure(decodeJson(encodeJson(encodeFailure(error))), traceback);

describe('exceptions on the wire', () => {
  test('JavaScript errors keep class and message', () => {
    for (const error of [new TypeError('a'), new RangeError('b'), new SyntaxError('c'), new Error('d'), new Error()]) {
      const back = roundTrip(error);
      expect(back.constructor).toBe(error.constructor);
      expect(back.message).toBe(error.message);
    }
  });

  test('a class of the user keeps its name and is told from others by it', () => {
    expect(encodeFailure(new PaymentRefused('no cover'), 'shop.tasks')).toEqual({
      exc_type: 'PaymentRefused',
      exc_message: ['no cover'],
      exc_module: 'shop.tasks',
    });
    const back = roundTrip(new PaymentRefused('no cover'));
    expect(back).toBeInstanceOf(errors.RemoteError);
    expect([back.name, back.message]).toEqual(['PaymentRefused', 'no cover']);
  });

  test('arguments of every kind travel, those that cannot as their repr', () => {
    expect(encodeFailure(new WithArgs(42, { a: [1] }, new Set([1]), undefined)).exc_message).toEqual([
      42,
      { a: [1] },
      '{1}',
      undefined,
    ]);
    expect(exceptionRepr(new WithArgs(42, "it's"))).toBe('WithArgs(42, "it\'s")');
  });

  test('every error of this package comes back as itself, under the module Python has it in', () => {
    const all: [Error, string, unknown[]][] = [
      [new errors.TimeLimitExceeded(3), 'billiard.exceptions', [3]],
      [new errors.SoftTimeLimitExceeded(3), 'billiard.exceptions', [3]],
      [new errors.SoftTimeLimitExceeded(0), 'billiard.exceptions', []],
      [new errors.WorkerLostError('gone'), 'billiard.exceptions', ['gone']],
      [new errors.Terminated('SIGTERM'), 'billiard.exceptions', ['SIGTERM']],
      [new errors.NotRegistered('shop.pay'), 'celery.exceptions', ['shop.pay']],
      [new errors.TaskRevokedError('expired'), 'celery.exceptions', ['expired']],
      [new errors.MaxRetriesExceededError('x'), 'celery.exceptions', ['x']],
      [new errors.ChordError('x'), 'celery.exceptions', ['x']],
      [new errors.TimeoutError('x'), 'celery.exceptions', ['x']],
      [new errors.InvalidTaskError('x'), 'celery.exceptions', ['x']],
      [new errors.Reject('x', true), 'celery.exceptions', ['x', true]],
      [new errors.ContentDisallowed('x'), 'kombu.exceptions', ['x']],
      [new errors.OperationalError('redis://h', 'x'), 'kombu.exceptions', ['x']],
      [new errors.NotImplementedError('x'), 'builtins', ['x']],
    ];
    for (const [error, module, args] of all) {
      expect(encodeFailure(error)).toEqual({ exc_type: error.name, exc_message: args, exc_module: module });
      const back = roundTrip(error);
      expect(back.constructor).toBe(error.constructor);
      expect(back.message).toBe(error.message);
    }
  });

  test('what another Celery stored goes back unchanged, with its traceback', () => {
    const stored = { exc_type: 'ValueError', exc_message: ['boom', 2], exc_module: 'builtins' };
    const error = decodeFailure(stored, 'Traceback (most recent call last):\n  ...\nValueError: boom\n');
    expect(error).toBeInstanceOf(errors.RemoteError);
    expect(encodeFailure(error)).toEqual(stored);
    expect(exceptionRepr(error)).toBe("ValueError('boom', 2)");
    expect(pythonTraceback(error)).toBe('Traceback (most recent call last):\n  ...\nValueError: boom\n');
    const typed = decodeFailure({ exc_type: 'TypeError', exc_message: ['a', 'b'], exc_module: 'builtins' }, 'tb');
    expect(encodeFailure(typed).exc_message).toEqual(['a', 'b']);
    expect(remoteTraceback(typed)).toBe('tb');
  });

  test("Python's own TimeoutError is not taken for Celery's", () => {
    const error = decodeFailure({ exc_type: 'TimeoutError', exc_message: [], exc_module: 'builtins' }, null);
    expect(error).toBeInstanceOf(errors.RemoteError);
  });

  test('whatever is stored becomes an error, and only an error', () => {
    const odd = [
      null,
      5,
      'text',
      [],
      {},
      { exc_type: 5 },
      { exc_type: '__proto__' },
      { exc_type: 'constructor', exc_message: 'x' },
      { exc_type: 'toError' },
      { exc_type: 'A', exc_message: { a: 1 } },
    ];
    for (const value of odd) expect(decodeFailure(value, null)).toBeInstanceOf(Error);
    expect(decodeFailure({ exc_type: 'A', exc_message: 'old form' }, null).message).toBe('old form');
  });
});

test('a class may say the Python module it lives in', () => {
  class OutOfStock extends Error {
    static readonly exc_module = 'shop.errors';
  }
  class Sold extends OutOfStock {}
  expect(encodeFailure(new Sold('no more'))).toEqual({
    exc_type: 'Sold',
    exc_message: ['no more'],
    exc_module: 'shop.errors',
  });
  expect(pythonTraceback(new OutOfStock('no more'))).toMatch(/shop\.errors\.OutOfStock: no more$/m);
});

describe('tracebacks', () => {
  test('read like Python: oldest frame first, the error last', () => {
    function inner(): never {
      throw new PaymentRefused('no cover');
    }
    function outer(): void {
      inner();
    }
    let text = '';
    try {
      outer();
    } catch (error) {
      text = pythonTraceback(error as Error);
    }
    const lines = text.split('\n');
    expect(lines[0]).toBe('Traceback (most recent call last):');
    expect(lines.findIndex((l) => l.includes('in outer'))).toBeLessThan(lines.findIndex((l) => l.includes('in inner')));
    expect(text).toMatch(/ {2}File ".*failure\.test\.ts", line \d+, in inner\nPaymentRefused: no cover\n$/);
    expect(text).not.toContain('node:');
  });

  test('async frames, causes and multi-line messages are kept', async () => {
    async function load(): Promise<never> {
      await null;
      throw new TypeError('first\nsecond');
    }
    const error = await load().catch((cause) => new Error('outer', { cause }));
    const text = pythonTraceback(error as Error);
    expect(text).toMatch(
      /in load\nTypeError: first\nsecond\n\nThe above exception was the direct cause of the following exception:\n\nTraceback/,
    );
    expect(text.endsWith('Error: outer\n')).toBe(true);
  });

  test('a ring of causes ends', () => {
    const a = new Error('a');
    const b = new Error('b', { cause: a });
    a.cause = b;
    expect(pythonTraceback(b).match(/direct cause/g)).toHaveLength(1);
  });

  test('names are qualified as Python does', () => {
    const error = new errors.SoftTimeLimitExceeded(1);
    error.stack = '';
    expect(pythonTraceback(error)).toBe('billiard.exceptions.SoftTimeLimitExceeded: SoftTimeLimitExceeded(1)\n');
    const retry = new errors.Retry('Retry in 5s', new Error('again'));
    expect(pythonTraceback(retry)).toMatch(/celery\.exceptions\.Retry: Retry in 5s: Error\('again'\)\n$/);
  });
});
