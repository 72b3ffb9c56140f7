// Pickles as data, both ways with Python's own.
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { DecodeError, EncodeError } from '../../../server/errors.ts';
import { decodePickle } from '../../../server/serialization/pickle/reader.ts';
import { PythonName, PythonObject } from '../../../server/serialization/pickle/values.ts';
import { plainOf, writePickle } from '../../../server/serialization/pickle/writer.ts';
import { Decimal, PyDateTime, PyFloat, PyTuple, Uuid } from '../../../shared/python-values.ts';
import { itNeedsPython } from '../../support/needs.ts';

const python = (code: string, input?: Buffer) =>
  execFileSync('/usr/bin/python3', ['-c', code], input ? { input } : { stdio: ['ignore', 'pipe', 'inherit'] });

describe('a pickle', () => {
  itNeedsPython('that is written here is what Python reads', () => {
    const value = {
      ints: [0, 255, 256, -1, -(2 ** 31), 2 ** 31, 2n ** 63n, -(2n ** 63n), 2n ** 2100n],
      floats: [1.5, new PyFloat(1), -0.5],
      text: ['', 'žluť 😀', 'x'.repeat(300), 'a\0b', 'cut \ud83d', '\ude00\ud83d\uFFFD'],
      bytes: [new Uint8Array([0, 255]), new Uint8Array(300)],
      rest: [null, true, false, [], {}],
      typed: [
        new Decimal('1.50'),
        new Uuid(`${'0'.repeat(31)}5`),
        new Date(1),
        new PyDateTime('2026-01-02T03:04:05.000006-05:30'),
      ],
    };
    const said = python(
      'import sys, pickle; print(pickle.loads(sys.stdin.buffer.read()))',
      writePickle(plainOf(value)),
    );
    expect(said.toString().trim()).toBe(
      `{'ints': [0, 255, 256, -1, -2147483648, 2147483648, 9223372036854775808, -9223372036854775808, ${2n ** 2100n}], ` +
        `'floats': [1.5, 1.0, -0.5], 'text': ['', 'žluť 😀', '${'x'.repeat(300)}', 'a\\x00b', 'cut \\ud83d', '\\ude00\\ud83d�'], ` +
        `'bytes': [b'\\x00\\xff', b'${'\\x00'.repeat(300)}'], 'rest': [None, True, False, [], {}], ` +
        `'typed': [Decimal('1.50'), UUID('00000000-0000-0000-0000-000000000005'), ` +
        'datetime.datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=datetime.timezone.utc), datetime.datetime(2026, 1, 2, 3, 4, 5, 6, ' +
        'tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=66600)))]}',
    );
    const tuple = python(
      'import sys, pickle; print(pickle.loads(sys.stdin.buffer.read()))',
      writePickle(new PyTuple([1, 'a'])),
    );
    expect(tuple.toString().trim()).toBe("(1, 'a')");
  });

  itNeedsPython('that Python wrote is read, in every protocol', () => {
    const all = python(`
import collections, datetime, decimal, json, pickle, base64, zoneinfo
shared = [1]
class Own(list): pass
value = {'c': [collections.deque([1, 2]), collections.deque([3], 5), collections.defaultdict(int, a=1), collections.Counter('aab'), Own([1]),
               *(datetime.datetime(2024, month, day, 2, 30, fold=fold, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin'))
                 for month, day, fold in [(1, 1, 0), (7, 1, 0), (3, 31, 0), (3, 31, 1), (10, 27, 0), (10, 27, 1)])],
         'n': [1, -5, 2**40, 2**80, -2**80], 'f': 1.25, 's': {1}, 'z': frozenset([2]), 't': (1, 2, 3, 4), 'b': b'\\x00\\xff',
         'at': datetime.datetime(2020, 1, 2, 3, 4, 5, 678, tzinfo=datetime.timezone.utc), 'day': datetime.date(2020, 2, 3),
         'time': datetime.time(1, 2, 3), 'd': decimal.Decimal('1.50'), 'od': collections.OrderedDict(a=1), 'x': [shared, shared],
         'text': '\\u017e\\U0001F600\\n\\ufffd\\ud83d', 1: 'one', 'e': ValueError('boom', 1), 'none': None, 'yes': True}
print(json.dumps([base64.b64encode(pickle.dumps(value, protocol)).decode() for protocol in range(6)]))`);
    const pickles = JSON.parse(all.toString()) as string[];
    expect(pickles).toHaveLength(6);
    for (const [protocol, text] of pickles.entries()) {
      const value = decodePickle(Buffer.from(text, 'base64')) as Record<string, unknown>;
      const { at, day, time, d, e, b, c, ...plain } = value;
      // What is no class of Python's own stays data.
      expect((c as unknown[]).slice(0, 4)).toEqual([[1, 2], [3], { a: 1 }, { a: 2, b: 1 }]);
      const offsets = (c as PyDateTime[]).slice(5).map(({ isoText }) => isoText.slice(5));
      expect(offsets, `protocol ${protocol}`).toEqual([
        ...['01-01T02:30:00+01:00', '07-01T02:30:00+02:00', '03-31T02:30:00+01:00'],
        // Which of two equal times is meant stands in pickles from protocol 4 on.
        ...(protocol < 4 ? ['03-31T02:30:00+01:00'] : ['03-31T02:30:00+02:00']),
        ...['10-27T02:30:00+02:00', protocol < 4 ? '10-27T02:30:00+02:00' : '10-27T02:30:00+01:00'],
      ]);
      expect(String((c as unknown[])[4])).toBe(
        protocol < 2 ? '<copy_reg._reconstructor object>' : '<__main__.Own object>',
      );
      expect(plain, `protocol ${protocol}`).toEqual({
        n: [1, -5, 2 ** 40, 2n ** 80n, -(2n ** 80n)],
        ...{
          f: 1.25,
          s: [1],
          z: [2],
          t: [1, 2, 3, 4],
          od: { a: 1 },
          x: [[1], [1]],
          text: 'ž😀\n\uFFFD\ud83d',
          1: 'one',
          none: null,
          yes: true,
        },
      });
      expect(b).toEqual(new Uint8Array([0, 255]));
      expect((at as PyDateTime).isoText).toBe('2020-01-02T03:04:05.000678+00:00');
      expect([String(day), String(time)]).toEqual(['2020-02-03', '01:02:03']);
      expect(String(d)).toBe('1.50');
      expect(e).toBeInstanceOf(PythonObject);
      expect((e as PythonObject).args).toEqual(['boom', 1]);
    }
  });

  it('names what it would call, and calls nothing', () => {
    const evil = Buffer.from("cposix\nsystem\n(S'touch /tmp/x'\ntR.", 'latin1');
    const read = decodePickle(evil) as PythonObject;
    expect([String(read), read.args]).toEqual(['<posix.system object>', ['touch /tmp/x']]);
    expect(JSON.stringify(read)).toBe('"<posix.system object>"');
    expect(decodePickle(writePickle(new PythonObject(new PythonName('m', 'f'), [1])))).toEqual(
      read.made && new PythonObject(new PythonName('m', 'f'), [1]),
    );
  });

  it('that is none, is cut off, is a ring, too deep or too large is refused', () => {
    const refused = (bytes: string | Buffer, why: RegExp) =>
      expect(() => decodePickle(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)).toThrow(why);
    refused('', /cut off/);
    refused('{"json": 1}', /pickle/);
    refused('\x80\x06N.', /newer than 5/);
    refused(writePickle('x'.repeat(300)).subarray(0, 100), /cut off/);
    refused('Pid\n.', /opcode 0x50/);
    refused('](h\x00.', /not remembered/);
    refused(']q\x00h\x00a.', /contains itself/);
    refused(`${']'.repeat(1500)}${'a'.repeat(1499)}.`, /deeper than 1000/);
    // Each list holds the one before twice.
    const doubled = Array.from(
      { length: 30 },
      (_, i) => `](h${String.fromCharCode(i)}h${String.fromCharCode(i)}eq${String.fromCharCode(i + 1)}`,
    );
    refused(`]K\x01aq\x00${doubled.join('')}.`, /more than 2000000 values/);
    // As the key of a dict, which is its text: in pairs, each of the one before twice.
    refused(`})${'2\x86'.repeat(40)}Ns.`, /more than 2000000 values/);
    const long = `X\x40\x42\x0f\x00${'x'.repeat(1_000_000)}q\x00`;
    refused(`](${long}${'h\x00'.repeat(100)}e.`, /the same texts too often/);
    refused(`}(${long}${'h\x00'.repeat(100)}tNs.`, /the same texts too often/);
    expect(() => decodePickle(Buffer.from('N'))).toThrow(DecodeError);
  });

  it('an object that is remembered before it gets its state is the one with it wherever it is meant', () => {
    const pickle = "]cuuid\nUUID\n)\x81q\x00q\x01}S'int'\nK\x05sbah\x00ah\x01a.";
    const read = decodePickle(Buffer.from(pickle, 'latin1')) as unknown[];
    expect(read.map(String)).toEqual(Array(3).fill('00000000-0000-0000-0000-000000000005'));
  });

  it('keeps __proto__ as a key like any', () => {
    const value = decodePickle(Buffer.from("}S'__proto__'\n}S'a'\nK\x01ss.", 'latin1')) as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect((value as { a?: number }).a).toBeUndefined();
  });

  it('has a key for every tuple, of integers of any length too', () => {
    expect(decodePickle(Buffer.from('}(L18446744073709551617L\nI1\ntK\x01s.', 'latin1'))).toEqual({
      '[18446744073709551617,1]': 1,
    });
  });

  it('of what JSON cannot carry is refused when it is written', () => {
    expect(() => plainOf(new Set([1]))).toThrow(EncodeError);
  });
});
