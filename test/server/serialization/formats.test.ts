// msgpack and yaml: what Python writes is read as it was meant, what Python cannot read is not written, and no body does harm.
import { describe, expect, test } from 'vitest';
import { DecodeError, EncodeError } from '../../../server/errors.ts';
import { Codec } from '../../../server/serialization/codec.ts';
import { Decimal, isoformat, PyDate, PyDateTime, PyFloat, PyTuple, Uuid } from '../../../shared/python-values.ts';

const codec = new Codec();
await codec.load(['msgpack', 'yaml']);
const accept = codec.acceptSet(['msgpack', 'yaml']);
const TYPES = { msgpack: 'application/x-msgpack', yaml: 'application/x-yaml' } as const;
type Format = keyof typeof TYPES;
const FORMATS = Object.keys(TYPES) as Format[];
const decode = (format: Format, body: Uint8Array | string) =>
  codec.decode(Buffer.from(body), TYPES[format], format === 'yaml' ? 'utf-8' : 'binary', accept);
const round = (format: Format, value: unknown) => decode(format, codec.encode(value, format).body);

describe.each(FORMATS)('%s', (format) => {
  test('names itself as in kombu', () => {
    const { contentType, contentEncoding } = codec.encode([], format);
    expect([contentType, contentEncoding]).toEqual([TYPES[format], format === 'yaml' ? 'utf-8' : 'binary']);
  });

  test.each([
    ['plain values', [null, true, false, '', 'ž😀', [], {}, { a: { b: [1] } }]],
    ['numbers', [0, -1, 127, 128, 2 ** 32, -(2 ** 31) - 1, 2 ** 53 - 1, 1.5, -2.5e-300, 1e300]],
    ['integers past 2^53', [2n ** 63n, -(2n ** 63n), 2n ** 64n - 1n]],
    ['what is no number', [Number.NaN, Infinity, -Infinity, -0]],
    ['bytes', [Uint8Array.of(0, 255)]],
    [
      'texts that look like values',
      [
        'null',
        '~',
        '1',
        '1.5',
        'yes',
        'on',
        '=',
        '<<',
        '2024-05-06',
        '- a',
        '{',
        "'",
        '#',
        '\n x\t',
        '\x7f\u0085\u2028',
      ],
    ],
    ['keys that look like words of YAML', { '<<': { '=': 1 }, '=': { '<<': 0 }, null: 1, yes: 1, '- a': 1 }],
  ])('%s go round', (_, value) => {
    expect(round(format, value)).toEqual(value);
  });

  test('tuples are lists, undefined is nothing, keys are texts', () => {
    expect(round(format, [new PyTuple([1, 2]), undefined, { a: undefined, b: 1 }, new Map([['k', 1]])])).toEqual([
      [1, 2],
      null,
      { b: 1 },
      { k: 1 },
    ]);
    expect(() => codec.encode(new Map([[1, 2]]), format)).toThrow(EncodeError);
  });

  test('what it cannot carry is refused, not bent', () => {
    for (const value of [
      new Decimal('1.5'),
      new Uuid('0'.repeat(32)),
      new Set([1]),
      new Error('x'),
      () => 1,
      Symbol('x'),
    ])
      expect(() => codec.encode([value], format)).toThrow(EncodeError);
    const ring: unknown[] = [];
    ring.push(ring);
    expect(() => codec.encode(ring, format)).toThrow(/circular/);
  });

  test('a `__proto__` in a body never becomes a prototype', () => {
    const own = JSON.parse('{"__proto__": {"polluted": 1}}') as object;
    const { body } = codec.encode(own, format);
    try {
      expect(Object.getPrototypeOf(decode(format, body))).toBe(Object.prototype);
    } catch (error) {
      expect(error).toBeInstanceOf(DecodeError);
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('msgpack as in Python', () => {
  test('a float that is whole stays a float', () => {
    expect([...codec.encode([new PyFloat(2), -0, 2], 'msgpack').body]).toEqual([
      ...[0x93, 0xcb, 0x40, 0, 0, 0, 0, 0, 0, 0],
      ...[0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0, 2],
    ]);
  });

  test('dates and integers of more than 64 bits are refused, as by packb', () => {
    for (const value of [new Date(0), new PyDate('2024-05-06'), 2n ** 64n, -(2n ** 63n) - 1n, '\ud800'])
      expect(() => codec.encode(value, 'msgpack')).toThrow(EncodeError);
  });

  test('a timestamp is a time; every other extension is refused', () => {
    expect(decode('msgpack', Uint8Array.of(0xd6, 0xff, 0, 0, 0, 1))).toEqual(new Date(1000));
    for (const body of [
      [0xd4, 5, 0],
      [0xc7, 1, 5, 0],
      [0xd8, 1, ...Array<number>(16).fill(0)],
    ])
      expect(() => decode('msgpack', Uint8Array.from(body))).toThrow(/extension type \d of msgpack is not read/);
  });

  test.each([
    ['a list of four billion', [0xdd, 0xff, 0xff, 0xff, 0xff]],
    [
      'lists that claim more than there is, in each other',
      Array<number>(900)
        .fill(0xdc)
        .flatMap((byte) => [byte, 0xff, 0xff]),
    ],
    ['a map without its values', [0x82, 0xa1, 0x61, 1]],
    ['a text that is cut off', [0xd9, 10, 0x61]],
    ['a byte that begins nothing', [0xc1]],
    ['two values', [1, 2]],
    ['a thousand and more levels', [...Array<number>(1001).fill(0x91), 1]],
    ['a key that is a number', [0x81, 1, 1]],
    ['a key that is a list', [0x81, 0x90, 1]],
    ['nothing', []],
    ['a text that is no UTF-8', [0xa2, 0xc3, 0x28]],
    ['a text that ends within a character', [0x92, 0xa1, 0xc3, 0xa1, 0xa9]],
    ['a long text that is no UTF-8', [0xd9, 40, ...Array<number>(39).fill(0x61), 0xff]],
    ['a key that is no UTF-8', [0x81, 0xa1, 0xff, 1]],
    ['a time that no Date can be', [0xc7, 12, 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0]],
  ])('%s is a DecodeError', (_, body) => {
    expect(() => decode('msgpack', Uint8Array.from(body))).toThrow(DecodeError);
  });
});

describe('yaml as PyYAML has it', () => {
  test('plain words are what safe_load makes of them', () => {
    const text =
      '[010, 0x1f, -1_000, 1:30, 0b11, 1e3, 1.5e+3, .5, y, on, No, ~, , 190:20:30.15, "1", .inf, 12345678901234567890]';
    expect(decode('yaml', text.replace(', ,', ', null,'))).toEqual([
      8,
      31,
      -1000,
      90,
      3,
      '1e3',
      1500,
      0.5,
      'y',
      true,
      false,
      null,
      null,
      685230.15,
      '1',
      Infinity,
      12345678901234567890n,
    ]);
    expect(() => decode('yaml', '=')).toThrow(DecodeError);
  });

  test('times and bytes', () => {
    const text = '[2024-05-06, 2024-5-6 7:08:09.5 +5, 2001-12-14t21:59:43.10-05:30, !!binary "/wA="]';
    const [date, first, second, bytes] = decode('yaml', text) as [PyDate, PyDateTime, PyDateTime, Uint8Array];
    expect([date.text, first.isoText, second.isoText, bytes]).toEqual([
      '2024-05-06',
      '2024-05-06T07:08:09.500000+05:00',
      '2001-12-14T21:59:43.100000-05:30',
      Uint8Array.of(255, 0),
    ]);
    const back = round('yaml', [new Date(1500), new PyDateTime('2024-05-06T07:08:09.000010'), date]) as PyDateTime[];
    expect(back[0]!.isoText).toBe(isoformat(1500));
    expect(back[1]!.isoText).toBe('2024-05-06T07:08:09.000010');
    expect(back[2]).toEqual(date);
    expect(() => decode('yaml', '2024-99-99')).toThrow(/No such time/);
  });

  test('line breaks of YAML 1.1 are line feeds', () => {
    expect(decode('yaml', 'a: "x\r y"\x85b: |\r\n  u\r  v\r')).toEqual({ a: 'x y', b: 'u\nv\n' });
  });

  test('a merge key merges, and a value key is a text', () => {
    const text = '{<<: [{a: 1, b: 1}, {a: 2, c: 2}], b: 3, "<<": 4, =: 5}';
    expect(decode('yaml', text)).toEqual({ a: 1, b: 3, c: 2, '<<': 4, '=': 5 });
  });

  test('base64 is what Python reads: other letters are passed over, and what is behind its end', () => {
    for (const text of ['aGVsbG8=', 'aGVs bG8=', 'aG-Vs_bG8=', 'aGVsbG8==', 'aGVsbG8=aGVs', '=aGVsb=G8=']) {
      const hello = Uint8Array.from(Buffer.from('hello'));
      expect(decode('yaml', `!!binary "${text}"`)).toEqual(hello);
      const json = JSON.stringify({ __type__: 'base64', __value__: text });
      expect(codec.decode(Buffer.from(json), 'application/json', 'utf-8', codec.acceptSet(['json']))).toEqual(hello);
    }
  });

  test('floats have the dot that PyYAML wants', () => {
    const text = Buffer.from(codec.encode([1e21, 1e-7, new PyFloat(2), Number.NaN], 'yaml').body).toString();
    expect(text.trim().split('\n')).toEqual(['- 1.0e+21', '- 1.0e-07', '- 2.0', '- .nan']);
  });

  test('a list that PyYAML met twice is there twice', () => {
    expect(decode('yaml', '- &id001 [1, 2]\n- *id001\n')).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  const laughs = (levels: number) =>
    [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      ...[...'bcdefghijk']
        .slice(0, levels)
        .map((c, i) => `${c}: &${c} [${Array<string>(9).fill(`*${'abcdefghij'[i]}`).join(', ')}]`),
    ].join('\n');

  test.each([
    ['an object of Python', '!!python/object:os.system {}'],
    ['a call of Python', '!!python/object/apply:os.system ["touch /tmp/no"]'],
    ['a name of Python', '!!python/name:os.system'],
    ['a tag of one’s own', '[!mine x]'],
    ['a billion laughs', laughs(10)],
    ['a list within itself', '&a [1, *a]'],
    ['a mapping within itself', '&a {x: *a}'],
    ['two documents', '--- 1\n--- 2\n'],
    ['brackets, 100,000 deep', '['.repeat(100_000)],
    ['lists, 50,000 deep', '- '.repeat(50_000)],
    ['mappings, 1,000 deep', '{a: '.repeat(1000)],
    ['indentation, 1,000 deep', Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['explicit keys, 1,000 deep', '? '.repeat(1000)],
    ['an end in the middle', '{a: [1, "x'],
    ['an integer of 5,000 digits', '9'.repeat(5000)],
    ['a merge key as a value', '[<<]'],
    ['a merge key whose value is no mapping', '<<: 1'],
    ['a control character', '"a\x07b"'],
    ['base64 that is cut off', '!!binary aGVsbG8'],
    ['another version of YAML', '%YAML 9.9\n--- 1\n'],
  ])('%s is a DecodeError', (_, text) => {
    expect(() => decode('yaml', text)).toThrow(DecodeError);
  });

  test('what is not UTF-8 is a DecodeError', () => {
    expect(() => decode('yaml', Uint8Array.of(0x61, 0xff))).toThrow(DecodeError);
  });
});
