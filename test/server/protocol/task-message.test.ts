import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidTaskError, UmbelError } from '../../../server/errors.ts';
import {
  awareIsoTime,
  buildTaskMessage,
  expirationOf,
  formatIsoTime,
  isTaskMessage,
  parseIsoTime,
  pythonIsoTime,
  readTaskMessage,
} from '../../../server/protocol/task-message.ts';
import { PLAIN_CODEC as codec } from '../../../server/serialization/codec.ts';
import { PyDateTime } from '../../../server/serialization/json.ts';
import times from '../../golden/rate-limits-and-time.json' with { type: 'json' };
import { delivered } from './delivered.ts';

/** UMBEL_LONG=1: as many tries as find what is rare. */
const LONG = process.env['UMBEL_LONG'];
const good = () => buildTaskMessage({ id: 'i', task: 't', args: [1], kwargs: { k: 2 } });
const readWith = (headers: Record<string, unknown>, payload: unknown = good().payload) =>
  readTaskMessage(delivered({ headers: { ...good().headers, ...headers } }), payload);

describe('reading a task message', () => {
  test('defaults stand where older producers send nothing', () => {
    const task = readTaskMessage(delivered({ headers: { task: 't', id: 'i' } }), [[1], {}, null]);
    expect(task).toMatchObject({
      retries: 0,
      timelimit: [null, null],
      ignore_result: false,
      stamps: {},
      argsrepr: '(1,)',
      kwargsrepr: '{}',
      utc: true,
      embed: { callbacks: null, errbacks: null, chain: null, chord: null },
    });
  });

  test('unknown headers are kept apart from those of Celery', () => {
    expect(readWith({ my: 'header', compression: 'application/x-gzip' }).headers).toEqual({ my: 'header' });
  });

  test('protocol 2 headers over a protocol 1 body are understood', () => {
    const task = readWith({}, { task: 't', id: 'i', args: [1], kwargs: {}, callbacks: { task: 'c' } });
    expect(task.args).toEqual([1]);
    expect(task.embed.callbacks).toEqual([
      { task: 'c', args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false },
    ]);
  });

  test('an eta that came as a typed value reads like text', () => {
    expect(readWith({ eta: new PyDateTime('2024-05-06T07:08:09.000010+02:00') }).eta).toBe(
      '2024-05-06T07:08:09.000010+02:00',
    );
    expect(readWith({ eta: '' }).eta).toBeNull();
  });

  test('a message without a task name is no task message', () => {
    expect(isTaskMessage(delivered({}), { hello: 1 })).toBe(false);
    expect(isTaskMessage(delivered({}), null)).toBe(false);
    expect(isTaskMessage(delivered({}), { task: 't' })).toBe(true);
    expect(() => readTaskMessage(delivered({}), { hello: 1 })).toThrow(InvalidTaskError);
  });

  const wrong: [title: string, headers: Record<string, unknown>, payload: unknown, message: RegExp][] = [
    ['args that are an object', {}, [{}, {}, {}], /args must be a list, got an object/],
    ['args that are text', {}, ['ab', {}, {}], /args must be a list, got "ab"/],
    ['kwargs that are a list', {}, [[], [], {}], /kwargs must be an object, got a list/],
    ['kwargs that are null', {}, [[], null, {}], /kwargs must be an object, got null/],
    ['an embed that is a list', {}, [[], {}, []], /embed must be an object or null, got a list/],
    ['a body of two elements', {}, [[], {}], /body must be .* not 2 elements/],
    ['a body that is a number', {}, 5, /body must be \[args, kwargs, embed\], got 5/],
    ['an eta that is no time', { eta: 'tomorrow' }, undefined, /eta must be an ISO 8601 time or null, got "tomorrow"/],
    ['an eta that is a number', { eta: 12 }, undefined, /eta must be .* got 12/],
    ['expires on the 30th of February', { expires: '2024-02-30T00:00:00' }, undefined, /expires must be/],
    ['retries that are text', { retries: '3' }, undefined, /retries must be an integer or null, got "3"/],
    ['retries with a fraction', { retries: 1.5 }, undefined, /retries must be an integer or null, got 1.5/],
    ['one time limit', { timelimit: [3] }, undefined, /timelimit must be \[hard, soft\]/],
    ['a negative time limit', { timelimit: [-1, null] }, undefined, /timelimit must be/],
    ['an id that is a number', { id: 7 }, undefined, /id must be text or null, got 7/],
    ['an empty id', { id: '' }, undefined, /id must be a task id, got ""/],
    ['a task name that is a list', { task: ['t'] }, undefined, /task must be text or null, got a list/],
    ['ignore_result that is text', { ignore_result: 'yes' }, undefined, /ignore_result must be true, false or null/],
    ['stamped_headers that are text', { stamped_headers: 'a' }, undefined, /stamped_headers must be a list of text/],
    [
      'a callback without a task',
      {},
      [[], {}, { callbacks: [{ args: [] }] }],
      /callbacks\[0\] task must be a task name/,
    ],
    ['a chain that holds null', {}, [[], {}, { chain: [null] }], /chain\[0\] must be a signature/],
    ['a chord that is text', {}, [[], {}, { chord: 'x' }], /chord must be a signature .* got "x"/],
  ];
  for (const [title, headers, payload, message] of wrong) {
    test(`refuses ${title}, naming field, value and expectation`, () => {
      expect(() => readWith(headers, payload === undefined ? good().payload : payload)).toThrow(InvalidTaskError);
      expect(() => readWith(headers, payload === undefined ? good().payload : payload)).toThrow(message);
    });
  }

  test('whatever stands in headers and body, it is read or refused, and no prototype changes', () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, withTypedArray: true });
    const headers = fc.oneof(
      fc.dictionary(fc.string(), anything),
      fc.record(Object.fromEntries(Object.keys(good().headers).map((key) => [key, anything])), {
        requiredKeys: ['task', 'id'],
      }),
    );
    const payload = fc.oneof(
      anything,
      fc.tuple(fc.array(anything), fc.dictionary(fc.string(), anything), anything),
      fc.record({
        task: fc.string(),
        id: fc.string(),
        args: anything,
        kwargs: anything,
        callbacks: anything,
        chord: anything,
      }),
    );
    fc.assert(
      fc.property(headers, payload, fc.boolean(), (changed, body, keep) => {
        try {
          const base = keep ? { task: 't', id: 'i' } : {};
          readTaskMessage(delivered({ headers: { ...changed, ...base } }), body);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidTaskError);
        }
      }),
      { numRuns: LONG ? 5000 : 500 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test('whatever bytes a body holds, they are read or refused by an error of this package', () => {
    const accept = codec.acceptSet(['json']);
    const text = Buffer.from(codec.encode(good().payload, 'json').body).toString();
    const mutated = fc
      .tuple(
        fc.nat(text.length),
        fc.nat(4),
        fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('"', '[', '{', '\\', '1e999', 'NaN', '"__type__":')),
      )
      .map(([at, drop, put]) => Buffer.from(text.slice(0, at) + put + text.slice(at + drop)));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((t) => Buffer.from(t)),
          mutated,
        ),
        (body) => {
          try {
            const payload = codec.decode(body, 'application/json', 'utf-8', accept);
            readTaskMessage(delivered({ headers: good().headers }), payload);
          } catch (error) {
            expect(error).toBeInstanceOf(UmbelError);
          }
        },
      ),
      { numRuns: LONG ? 10_000 : 1000 },
    );
  });
});

describe('building a task message', () => {
  test("args and kwargs of the wrong shape are the caller's mistake", () => {
    expect(() => buildTaskMessage({ id: 'i', task: 't', args: 'ab' as never })).toThrow(TypeError);
    expect(() => buildTaskMessage({ id: 'i', task: 't', kwargs: [] as never })).toThrow(TypeError);
  });
  test('what a reader makes of a message is what a writer put in', () => {
    fc.assert(
      fc.property(
        fc.record({
          id: fc.uuid(),
          task: fc.string({ minLength: 1 }),
          args: fc.array(fc.jsonValue()),
          kwargs: fc.dictionary(fc.string(), fc.jsonValue()),
          retries: fc.nat(),
          group_index: fc.option(fc.nat()),
          parent_id: fc.option(fc.uuid()),
        }),
        fc.constantFrom(1 as const, 2 as const),
        (fields, protocol) => {
          const built = buildTaskMessage(fields, protocol);
          const { body } = codec.encode(built.payload, 'json');
          const payload = codec.decode(body, 'application/json', 'utf-8', codec.acceptSet(['json']));
          const task = readTaskMessage(delivered({ headers: built.headers, properties: built.properties }), payload);
          const { parent_id, ...common } = fields;
          expect(task).toMatchObject({ ...structuredClone(common), protocol });
          if (protocol === 2) expect(task.parent_id).toBe(parent_id);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('times', () => {
  interface Case {
    name: string;
    input: unknown;
    result?: string;
    error?: string;
  }
  for (const c of (times.cases as unknown as Case[]).filter((c) => c.name.startsWith('maybe_iso8601'))) {
    test(`${c.name} ${c.error ? 'is refused' : 'is read as Python does'}`, () => {
      if (c.error) expect(() => parseIsoTime(c.input as string)).toThrow(InvalidTaskError);
      else expect(parseIsoTime(c.input as string)).toBe(parseIsoTime(c.result!));
    });
  }
  test('a naive time is UTC, an aware one what it says', () => {
    expect(parseIsoTime('2024-07-01T12:00:00')).toBe(Date.UTC(2024, 6, 1, 12));
    expect(parseIsoTime('2024-07-01T12:00:00+02:00')).toBe(Date.UTC(2024, 6, 1, 10));
  });
  test.each([
    ['2024-07-01T12:00:00.123456-02:30', '2024-07-01T12:00:00.123456-02:30'],
    ['2024-07-01T12:00:00', '2024-07-01T12:00:00'],
    ['2024-07-01T12:00:00.5+02:00', '2024-07-01T10:00:00.500000+00:00'],
    ['2024-07-01T12:00:00.123Z', '2024-07-01T12:00:00.123000+00:00'],
    ['20240701T1200', '2024-07-01T12:00:00'],
    ['2024-07-01', '2024-07-01T00:00:00'],
  ])('%s is sent as %s, which every Python reads alike', (text, sent) => {
    expect(pythonIsoTime(text)).toBe(sent);
  });
  test('a naive time is told with UTC', () => {
    const received = ['2024-07-01T12:00:00', '2024-07-01', '2024-07-01T12:00:00.5-02:30', '2024-07-01T12:00:00Z'];
    expect(received.map(awareIsoTime)).toEqual([
      '2024-07-01T12:00:00+00:00',
      '2024-07-01T00:00:00+00:00',
      ...received.slice(2),
    ]);
  });
  test('an instant is written as Python writes it', () => {
    expect(formatIsoTime(0)).toBe('1970-01-01T00:00:00+00:00');
    expect(formatIsoTime(Date.UTC(2024, 4, 6, 7, 8, 9, 120))).toBe('2024-05-06T07:08:09.120000+00:00');
    expect(formatIsoTime(1.5)).toBe('1970-01-01T00:00:00.001500+00:00');
  });
  test('expiration is whole milliseconds and never negative', () => {
    expect([expirationOf(60_000.7, 0), expirationOf(0, 1000)]).toEqual(['60000', '0']);
  });
});
