import { describe, expect, test } from 'vitest';
import { DecodeError, EncodeError } from '../../../server/errors.ts';
import { buildResultMeta } from '../../../server/protocol/result-meta.ts';
import {
  Decimal,
  decodeJson,
  decodeJsonExact,
  encodeJson,
  encodeJsonFast,
  PyDate,
  PyDateTime,
  PyFloat,
  PyTime,
  PyTuple,
  Uuid,
} from '../../../server/serialization/json.ts';
import { saferepr } from '../../../shared/python-repr.ts';
import golden from '../../golden/kombu-json.json' with { type: 'json' };

interface Case {
  name: string;
  python?: string;
  json_text?: string;
  roundtrip_repr?: string;
  loads_repr?: string;
  error?: string;
}

const values: Record<string, unknown> = {
  'datetime.datetime(2024,5,6,7,8,9)': new PyDateTime('2024-05-06T07:08:09'),
  'datetime.datetime(2024,5,6,7,8,9,10)': new PyDateTime('2024-05-06T07:08:09.000010'),
  'datetime.datetime(2024,5,6,7,8,9,tzinfo=UTC)': new Date('2024-05-06T07:08:09Z'),
  "datetime.datetime(2024,5,6,7,8,9,tzinfo=ZoneInfo('Europe/Prague'))": new PyDateTime('2024-05-06T07:08:09+02:00'),
  'datetime.date(2024,5,6)': new PyDate('2024-05-06'),
  'datetime.time(7,8,9)': new PyTime('07:08:09'),
  'datetime.time(7,8,9,10,tzinfo=UTC)': new PyTime('07:08:09.000010+00:00'),
  "decimal.Decimal('1.10')": new Decimal('1.10'),
  "decimal.Decimal('NaN')": new Decimal('NaN'),
  "uuid.UUID('12345678-1234-5678-1234-567812345678')": new Uuid('12345678-1234-5678-1234-567812345678'),
  "b'abc'": Buffer.from('abc'),
  "'ž'.encode()": new TextEncoder().encode('ž'),
  "b'\\xff\\xfe'": Uint8Array.of(0xff, 0xfe),
  "{'a': b'x', 'b': [datetime.date(2024,1,1)]}": { a: Buffer.from('x'), b: [new PyDate('2024-01-01')] },
  '(1, 2)': new PyTuple([1, 2]),
  '{1: 2, None: 3, True: 4, 1.5: 5}': new Map<unknown, unknown>([
    [1, 4], // True and 1 are one key in Python
    [null, 3],
    [1.5, 5],
  ]),
  "'ž日😀\\u2028'": 'ž日😀\u2028',
  "float('inf')": Number.POSITIVE_INFINITY,
  "float('nan')": Number.NaN,
  '1e22': 1e22,
  '1e16': 1e16,
  '123456789012345678901234567890': 123456789012345678901234567890n,
  '1.0': new PyFloat(1),
  '-0.0': -0,
  "{'__type__': 'datetime', '__value__': '2024-01-01T00:00:00'}": {
    __type__: 'datetime',
    __value__: '2024-01-01T00:00:00',
  },
  'signature("t", (1,), {"k": 2})': {
    task: 't',
    args: [1],
    kwargs: { k: 2 },
    options: {},
    subtask_type: null,
    immutable: false,
  },
  'datetime.timedelta(seconds=5)': undefined,
  '{1,2}': new Set([1, 2]),
  'object()': Symbol('object'),
  "'\\x7f\\x1f/<>'": '\x7f\x1f/<>',
};

const cases = golden.cases as Case[];

describe("kombu's JSON, as captured", () => {
  for (const c of cases.filter((c) => c.python !== undefined && c.json_text !== undefined)) {
    test(`writes ${c.name}`, () => {
      expect(Object.hasOwn(values, c.name)).toBe(true);
      expect(encodeJson(values[c.name])).toBe(c.json_text);
    });
    test(`reads ${c.name} and writes it again`, () => {
      // One number stands for 1 and 1.0 here: see the head of json.ts.
      const again = c.name === '1.0' ? '1' : c.json_text!;
      expect(encodeJson(decodeJson(c.json_text!))).toBe(again);
      expect(encodeJson(decodeJson(encodeJsonFast(values[c.name])))).toBe(again);
    });
    test(`reads ${c.name} as Python does`, () => {
      const repr = c.roundtrip_repr!;
      // repr escapes, saferepr does not: compare where both print alike.
      if (/\\x|\\u|^1\.0$/.test(repr)) return;
      expect(saferepr(decodeJson(c.json_text!))).toBe(repr);
    });
  }

  for (const c of cases.filter(
    (c) => c.python !== undefined && c.error !== undefined && c.name !== 'datetime.timedelta(seconds=5)',
  )) {
    test(`refuses to write ${c.name}`, () => {
      expect(() => encodeJson(values[c.name])).toThrow(EncodeError);
      expect(() => encodeJsonFast(values[c.name])).toThrow(EncodeError);
    });
  }

  for (const c of cases.filter((c) => c.python === undefined)) {
    test(`${c.error ? 'refuses' : 'reads'}: ${c.name}`, () => {
      if (c.error) expect(() => decodeJson(c.json_text!)).toThrow(DecodeError);
      else if (c.loads_repr === "b'\\xff\\xfe'") expect(decodeJson(c.json_text!)).toEqual(Uint8Array.of(0xff, 0xfe));
      else expect(saferepr(decodeJson(c.json_text!))).toBe(c.loads_repr);
    });
  }
});

describe('JSON', () => {
  test('integers past 2^53 come as bigint, wherever they stand, and floats with many digits as numbers', () => {
    for (let at = 0; at < 40; at++) {
      const text = `${' '.repeat(at)}[12, 9007199254740993, 0.1234567890123456789, "${'7'.repeat(at)}"]`;
      expect(decodeJson(text)).toEqual([12, 9007199254740993n, 0.12345678901234568, '7'.repeat(at)]);
    }
    expect(decodeJson('[9007199254740993, {"a": -9223372036854775808}, 0.1234567890123456789]')).toEqual([
      9007199254740993n,
      { a: -9223372036854775808n },
      0.12345678901234568,
    ]);
    expect(encodeJsonFast({ a: 2n ** 63n })).toBe('{"a": 9223372036854775808}');
  });

  test('the fast text means the same as the exact one', () => {
    const value = [[1, 'ž', null, { a: [true, 1.5] }], { b: '"\\\n' }, { callbacks: null }];
    expect(decodeJson(encodeJsonFast(value))).toEqual(decodeJson(encodeJson(value)));
    expect(encodeJsonFast({ a: undefined, b: 1 })).toBe('{"b":1}');
    expect(encodeJson({ a: undefined, b: 1 })).toBe('{"b": 1}');
  });

  test('a type that is none is named, an integer of any length too', () => {
    const text = '{"__type__": 18446744073709551616, "__value__": 1}';
    expect(() => decodeJson(text)).toThrow(DecodeError);
    expect(() => decodeJson(text)).toThrow(/^Unsupported type 18446744073709551616 in /);
  });

  test('a key named __proto__ is data and changes no prototype', () => {
    for (const text of [
      '{"__proto__": {"polluted": 1}}',
      '{"__proto__": {"polluted": 1}, "n": NaN}',
      '{"__proto__": {"polluted": 1}, "x": "\\u017e"}',
    ]) {
      const value = decodeJson(text) as Record<string, unknown>;
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(value.polluted).toBeUndefined();
      expect(Object.hasOwn(value, '__proto__')).toBe(true);
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('nesting of 100,000 levels is refused, not followed', () => {
    expect(() => decodeJson('['.repeat(100_000) + ']'.repeat(100_000))).toThrow(DecodeError);
    expect(() => decodeJson('['.repeat(100_000))).toThrow(DecodeError);
    expect(() => decodeJson(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)).toThrow(DecodeError);
    expect(decodeJson(JSON.stringify('['.repeat(5000)))).toBe('['.repeat(5000));
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(() => encodeJson(deep)).toThrow(EncodeError);
    expect(() => encodeJsonFast(deep)).toThrow(EncodeError);
  });

  test('a circular value is refused', () => {
    const ring: unknown[] = [];
    ring.push(ring);
    expect(() => encodeJson(ring)).toThrow(EncodeError);
    expect(() => encodeJsonFast(ring)).toThrow(EncodeError);
  });

  for (const broken of [
    '',
    '{',
    '[1,]',
    '{"a" 1}',
    'nul',
    '"a',
    '01',
    '"\\x"',
    '[1] 2',
    '"a\nb"',
    '\u0000',
    '{"a": }',
    'NaNa',
  ]) {
    test(`refuses ${JSON.stringify(broken)} and says where it breaks`, () => {
      expect(() => decodeJson(broken)).toThrow(/Not JSON: expected .* at character \d+, found/);
    });
  }
});

test('read for writing again, a whole float stays a float, and all else is as ever', () => {
  const text =
    '[2.0, 2, -0.0, 1e+22, 0.1, 12345678901234567890, {"a": [1.0, null, true]}, NaN, {"__type__": "decimal", "__value__": "1.50"}]';
  expect(encodeJson(decodeJsonExact(text))).toBe(text);
  expect(() => decodeJsonExact('[1, ')).toThrow(DecodeError);
  expect(() => decodeJsonExact('['.repeat(100_000))).toThrow(DecodeError);
});

test('what is walked through or called is no empty object, and a result that is a function is not nothing', () => {
  const walked = [
    (function* () {})(),
    (async function* () {})(),
    [1].values(),
    new Set([1]),
    new WeakMap(),
    new WeakSet(),
  ];
  for (const value of walked) {
    expect(() => encodeJson(value)).toThrow(EncodeError);
    expect(() => encodeJsonFast({ rows: value })).toThrow(EncodeError);
  }
  const of = (result: unknown) => ({ task_id: 'x', status: 'SUCCESS', result, nowMs: 0 });
  expect(() => buildResultMeta(of(() => 1))).toThrow('function is not JSON serializable');
  expect(encodeJson({ name: 'kept', method() {} })).toBe('{"name": "kept"}');
});
