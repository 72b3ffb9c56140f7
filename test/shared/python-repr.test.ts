import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { argsRepr, kwargsRepr, parsePythonLiteral, reprOf, saferepr, stringRepr } from '../../shared/python-repr.ts';
import { Decimal, PyDate, PyDateTime, PyFloat, PyTime, PyTuple, Uuid } from '../../shared/python-values.ts';
import golden from '../golden/saferepr.json' with { type: 'json' };
import { cases } from '../support/cases.ts';

interface Case {
  name: string;
  python: string;
  maxlen_None: string;
  maxlen_1024: string;
  maxlen_40: string;
}

const x = (n: number) => 'x'.repeat(n);
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const cycle: unknown[] = [1];
cycle.push(cycle);
const cycledDict: Record<string, unknown> = {};
cycledDict.self = cycledDict;

/** What no literal stands for. */
const built: Record<string, unknown> = {
  '2**70': 2n ** 70n,
  '1e100': 1e100,
  '0.1+0.2': 0.1 + 0.2,
  "float('inf')": Number.POSITIVE_INFINITY,
  "float('nan')": Number.NaN,
  "b'\\xff\\x00'": Uint8Array.of(0xff, 0),
  "['x' * 2000]": [x(2000)],
  "('a' * 500, 'b' * 500, 'c' * 500)": new PyTuple(['a', 'b', 'c'].map((c) => c.repeat(500))),
  "'x' * 200": x(200),
  "'x' * 2000": x(2000),
  'list(range(1000))': range(1000),
  'tuple(range(1000))': new PyTuple(range(1000)),
  '{str(i): i for i in range(300)}': new Map(range(300).map((i) => [String(i), i])),
  "{'k': 'v' * 2000}": { k: 'v'.repeat(2000) },
  "[{'a': 'b' * 600}, {'c': 'd' * 600}]": [{ a: 'b'.repeat(600) }, { c: 'd'.repeat(600) }],
  "'é' * 1100": 'é'.repeat(1100),
  "'😀' * 1100": '😀'.repeat(1100),
  "'\\n' * 700": '\n'.repeat(700),
  "b'x' * 2000": Buffer.from(x(2000)),
  '[[1] * 50] * 50': Array.from({ length: 50 }, () => Array(50).fill(1)),
  "{'a': list(range(400))}": { a: range(400) },
  '[1.5] * 400': Array(400).fill(1.5),
  "('short', 'x' * 1020)": new PyTuple(['short', x(1020)]),
  "[['x' * 1100], 1]": [[x(1100)], 1],
  "{'a' * 1100: 1}": { ['a'.repeat(1100)]: 1 },
  '[set(range(3))]': [new Set(range(3))],
  "[''] * 5": Array(5).fill(''),
  "decimal.Decimal('1.10')": new Decimal('1.10'),
  "uuid.UUID('12345678-1234-5678-1234-567812345678')": new Uuid('12345678-1234-5678-1234-567812345678'),
  'collections.OrderedDict(a=1)': { a: 1 },
  'collections.defaultdict(int, a=1)': { a: 1 },
  "collections.Counter('aab')": { a: 2, b: 1 },
  'NT(1, 2)': new PyTuple([1, 2]),
  "ValueError('x')": Object.assign(new Error('x'), { name: 'ValueError' }),
  "KeyError('x')": Object.assign(new Error('x'), { name: 'KeyError' }),
  cyc: cycle,
  cycd: cycledDict,
};
for (const n of [1017, 1018, 1019, 1020, 1021, 1022]) built[`('x' * ${n},)`] = new PyTuple([x(n)]);

/** Kinds of value that exist only in Python. */
const PYTHON_ONLY = new Set([
  "'\\ud800'", // the capture holds replacement characters
  'bytearray(b"ab")',
  'frozenset()',
  'frozenset({1})',
  'datetime.timedelta(days=1, seconds=2)',
  'fractions.Fraction(1, 3)',
  'complex(1, -2)',
  'range(10)',
  'collections.deque([1, 2])',
  'Color.RED',
  'int',
  'Ellipsis',
]);

function captured(c: Case): unknown {
  if (Object.hasOwn(built, c.name)) return built[c.name];
  const read = parsePythonLiteral(c.python, { escapes: 'python' });
  if (!read.ok) throw new Error(`${c.python}: ${read.reason}`);
  return read.value;
}

const id = (text: string) => text.replace(/id=\d+/, 'id=0');

describe("Celery's saferepr, as captured", () => {
  const cases = golden.cases as Case[];
  for (const c of cases.filter((c) => !PYTHON_ONLY.has(c.name))) {
    test(`prints ${c.name.slice(0, 60)}`, () => {
      const value = captured(c);
      expect(id(saferepr(value))).toBe(id(c.maxlen_None));
      expect(id(saferepr(value, 1024))).toBe(id(c.maxlen_1024));
      expect(id(saferepr(value, 40))).toBe(id(c.maxlen_40));
    });
  }
  test('all but the kinds of value Python has alone are covered', () => {
    expect(cases.length).toBe(golden.cases.length);
    expect(cases.filter((c) => PYTHON_ONLY.has(c.name)).length).toBe(PYTHON_ONLY.size);
  });
});

describe('reprs of calls', () => {
  test('arguments print as a tuple, keyword arguments as a dict', () => {
    expect(argsRepr([2, 3])).toBe('(2, 3)');
    expect(argsRepr(['a'])).toBe("('a',)");
    expect(argsRepr([])).toBe('()');
    expect(kwargsRepr({})).toBe('{}');
    expect(kwargsRepr({ x: null, y: [true, 1.5] })).toBe("{'x': None, 'y': [True, 1.5]}");
  });
  test('instants print as Python datetimes', () => {
    expect(saferepr(new Date('2024-05-06T07:08:09Z'))).toBe(
      'datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc)',
    );
    expect(saferepr(new PyDateTime('2024-05-06T07:08:09+02:00'))).toContain(
      'timezone(datetime.timedelta(seconds=7200))',
    );
    expect(saferepr(new PyTime('07:08'))).toBe('datetime.time(7, 8)');
  });
  test('values of JavaScript alone print without failing', () => {
    class Thing {
      a = 1;
    }
    expect(saferepr(new Thing())).toBe("{'a': 1}");
    expect(saferepr(undefined)).toBe('None');
    expect(saferepr(function go() {})).toBe('<function go>');
    expect(saferepr(new Date(Number.NaN))).toContain('datetime');
    expect(saferepr(Object.create(null))).toBe('{}');
  });
  test('a whole repr goes down as far as the value does and escapes as Python does', () => {
    const value = { a: [{ b: { c: { d: [1, new PyTuple([2.5]), new PyTuple([])] } } }], 'x\n': "it's" };
    expect(reprOf(value)).toBe(`{'a': [{'b': {'c': {'d': [1, (2.5,), ()]}}}], 'x\\n': "it's"}`);
    const ring: unknown[] = [];
    ring.push(ring);
    expect(reprOf(ring)).toContain('...');
  });
  test('a text in Python quotes chooses the quote as Python does', () => {
    expect(stringRepr("it's")).toBe('"it\'s"');
    expect(stringRepr('say "hi"')).toBe('\'say "hi"\'');
    expect(stringRepr(`both ' and "`)).toBe(`'both \\' and "'`);
    expect(stringRepr('a\nb\\\x00')).toBe("'a\\nb\\\\\\x00'");
  });
});

describe('reading reprs back', () => {
  const read = (text: string) => {
    const result = parsePythonLiteral(text);
    if (!result.ok) throw new Error(result.reason);
    return result.value;
  };

  for (const value of [
    new PyTuple([1, 'a', null, true, 1.5]),
    new PyTuple([]),
    new PyTuple([new PyTuple([1])]),
    { a: [1, new Set([1, 2])] },
    [new Decimal('1.10'), new PyDate('2024-05-06'), new PyTime('07:08:09'), 2n ** 70n],
    new Uuid('12345678-1234-5678-1234-567812345678'),
    [new PyFloat(1), -0.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ["it's", 'line\nbreak', 'C:\\new', 'žluť 😀'],
    new Map<unknown, unknown>([
      [1, 'x'],
      [new PyTuple([1, 2]), null],
    ]),
  ]) {
    test(`reads ${saferepr(value).slice(0, 60)} as it was`, () => {
      expect(read(saferepr(value))).toEqual(value);
    });
  }
  test('a datetime keeps offset and microseconds', () => {
    const value = new PyDateTime('2024-05-06T07:08:09.000010+02:00');
    expect((read(saferepr(value)) as PyDateTime).isoText).toBe(value.isoText);
  });
  test('a text that was cut says so', () => {
    for (const text of [
      argsRepr(['y'.repeat(2000)]),
      argsRepr([range(2000)]),
      kwargsRepr({ a: { b: { c: { d: 1 } } } }),
    ]) {
      expect(parsePythonLiteral(text)).toMatchObject({ ok: false, truncated: true });
    }
  });
  for (const text of [
    '',
    '<object at 0x7f>',
    'foo',
    '__import__("os")',
    '(1',
    '1 2',
    '{1: 2, 3}',
    "'a",
    '[1 2]',
    'Decimal(1',
    "'\\",
  ]) {
    test(`refuses ${JSON.stringify(text)} with a reason`, () => {
      expect(parsePythonLiteral(text)).toMatchObject({ ok: false, reason: expect.any(String), truncated: false });
    });
  }
  test('texts that end in a backslash, which saferepr does not escape, are read as they were', () => {
    for (const value of [['C:\\temp\\'], { path: '\\' }, ['a\\', 'b\\', { 'k\\': ['c\\'] }], 'x\\'])
      expect(read(saferepr(value))).toEqual(value);
  });
  test('no text is ever read as another than it was', () => {
    const text = fc.string({
      unit: fc.constantFrom("'", '\\', ',', ' ', ':', ')', ']', '}', '(', '[', 'a', '1'),
      maxLength: 6,
    });
    const value = fc.oneof(
      fc.array(text, { maxLength: 5 }),
      fc.dictionary(text, fc.array(text, { maxLength: 2 }), { maxKeys: 3 }),
    );
    fc.assert(
      fc.property(value, (one) => {
        const got = parsePythonLiteral(saferepr(one));
        if (got.ok) expect(got.value).toEqual(one);
      }),
      { numRuns: cases(20_000) },
    );
  });
  test('a key named __proto__ is data', () => {
    const value = read("{'__proto__': {'polluted': 1}}") as Record<string, unknown>;
    expect(value.polluted).toBeUndefined();
    expect(Object.hasOwn(value, '__proto__')).toBe(true);
  });
  test('nesting of 100,000 levels is refused, not followed', () => {
    expect(parsePythonLiteral('['.repeat(100_000))).toMatchObject({ ok: false });
  });
});
