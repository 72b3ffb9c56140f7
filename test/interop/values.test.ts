// What tasks are given and what they give, raised or returned, from one language to the other: no value is bent on its way.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RemoteError } from '../../server/errors.ts';
import type { Celery } from '../../server/index.ts';
import { remoteTraceback } from '../../server/protocol/failure.ts';
import { Decimal, PyDate, PyDateTime, PyTime, Uuid } from '../../server/serialization/json.ts';
import { describeNeedsPythonOnRedis } from '../support/needs.ts';
import { type Cluster, Raised, startCluster } from './python.ts';
import { defineTasks } from './tasks.ts';

/** JavaScript's value, and how Python writes it. */
const VALUES: readonly (readonly [name: string, value: unknown, repr: string])[] = [
  ['null and booleans', [null, true, false], '[None, True, False]'],
  ['whole numbers up to 2^53', [0, -1, 9007199254740991], '[0, -1, 9007199254740991]'],
  ['whole numbers past 2^53', [2n ** 53n + 1n, -(2n ** 63n)], '[9007199254740993, -9223372036854775808]'],
  ['a whole number of 100 digits', 10n ** 99n, `1${'0'.repeat(99)}`],
  [
    'fractions',
    [0.1, -2.5, 1e300, 5e-324, 1.7976931348623157e308],
    '[0.1, -2.5, 1e+300, 5e-324, 1.7976931348623157e+308]',
  ],
  ['minus zero', -0, '-0.0'],
  ['what is no number, and infinities', [Number.NaN, Infinity, -Infinity], '[nan, inf, -inf]'],
  ['empty things', ['', [], {}], "['', [], {}]"],
  ['text with controls', '\0\t\n\r\x7f"\\\'/', `'\\x00\\t\\n\\r\\x7f"\\\\\\'/'`],
  ['text of many scripts', 'žluť 日本 עברית', "'žluť 日本 עברית'"],
  ['text beyond the first plane', '😀𝒳\u{10ffff}', "'😀𝒳\\U0010ffff'"],
  ['line separators of JavaScript', '\u2028\u2029', "'\\u2028\\u2029'"],
  ['half a pair', ['\ud83d', '\ude00', 'a\ud800b'], "['\\ud83d', '\\ude00', 'a\\ud800b']"],
  ['keys of every kind', { '': 1, 'a b': 2, ž: 3, '😀': 4, '1': 5 }, "{'1': 5, '': 1, 'a b': 2, 'ž': 3, '😀': 4}"],
  [
    'keys that mean something here',
    JSON.parse('{"__proto__": {"x": 1}, "constructor": 2, "toString": 3}'),
    "{'__proto__': {'x': 1}, 'constructor': 2, 'toString': 3}",
  ],
  ['lists in lists, a hundred deep', deep(100), `${'['.repeat(100)}${']'.repeat(100)}`],
  [
    'texts that look like values',
    ['null', 'NaN', '1', '{"__type__": "datetime"}'],
    `['null', 'NaN', '1', '{"__type__": "datetime"}']`,
  ],
];

function deep(levels: number): unknown[] {
  let value: unknown[] = [];
  for (let i = 1; i < levels; i++) value = [value];
  return value;
}

describeNeedsPythonOnRedis('values between the languages', () => {
  let cluster: Cluster;
  let app: Celery;
  const received: unknown[] = [];
  const call = async (name: string, args: unknown[] = [], kwargs = {}) =>
    (await app.sendTask(name, args, kwargs, { queue: 'celery' })).get({ timeout: 120 });
  const raised = (promise: Promise<unknown>) =>
    promise.then(
      (value) => ({ value }),
      (error: unknown) => error,
    );
  const py = (code: string) => cluster.py(code);
  /** A line that calls our task. */
  const ours = (name: string, args = '') => `task('ts.${name}').set(queue='ts').delay(${args}).get(timeout=30)`;

  beforeAll(async () => {
    cluster = await startCluster();
    app = cluster.app();
    defineTasks(app, cluster.keys);
    app.task('ts.receive', (...args: unknown[]) => {
      received.push(...args);
      return args;
    });
    await Promise.all([
      cluster.worker('py@interop', ['-P', 'threads', '-c', '2', '--without-gossip', '--without-mingle']),
      cluster.ours(app, { hostname: 'ts@interop', queues: ['ts'] }),
    ]);
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  describe('we call, Python runs', () => {
    it.each(VALUES)('%s', async (_, value, repr) => {
      expect(await call('py.repr', [value], { key: value })).toEqual([`(${repr},)`, `{'key': ${repr}}`]);
      expect(await call('py.echo', [value], { key: value })).toEqual({ args: [value], kwargs: { key: value } });
    });
  });

  describe('Python calls, we run', () => {
    it.each(VALUES)('%s', async (_, value, repr) => {
      received.length = 0;
      // NaN is not equal to itself: the reprs are compared.
      const code = `value = ${repr.replaceAll(/\b(nan|inf)\b/g, "float('$1')")}
result = repr(${ours('receive', 'value')}) == repr([value])`;
      expect(await py(code)).toBe(true);
      expect(received).toEqual([value]);
      expect(
        await py(
          `r = ${ours('echo', 'value, key=value')}\nresult = repr(r['args'][0]) == repr(r['kwargs']['key']) == repr(value)`,
        ),
      ).toBe(true);
    });
  });

  const TYPED: readonly (readonly [type: string, value: unknown])[] = [
    ['datetime', new PyDateTime('2026-01-02T03:04:05.678901+02:00')],
    ['datetime', new Date('2026-01-02T03:04:05.678Z')],
    ['date', new PyDate('2026-01-02')],
    ['time', new PyTime('03:04:05.000001')],
    ['decimal', new Decimal('12345678901234567890.10')],
    ['uuid', new Uuid('00000000000040008000000000000001')],
    ['bytes', new Uint8Array(Buffer.from('text'))],
    ['base64', new Uint8Array([0xff, 0, 0x80])],
  ];

  it.each(TYPED)(
    'a %s of ours comes back from Python as the same, and Python 5.2 sees its marker',
    async (type, value) => {
      const there = (await call('py.repr', [[value]])) as string[];
      expect(there[0]).toContain(`'__type__': '${type}', '__value__': `);
      const { args } = (await call('py.echo', [[value]])) as { args: [[unknown]] };
      const [[back]] = args;
      if (value instanceof Date) expect([back instanceof Date, Number(back)]).toEqual([true, Number(value)]);
      else expect(back).toEqual(value);
    },
  );

  it("values of Python 5.2's that are no JSON come as the texts it makes of them, markers as values", async () => {
    received.length = 0;
    await py(`
import datetime, decimal, uuid
when = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, datetime.timezone.utc)
id = uuid.UUID('00000000-0000-4000-8000-000000000001')
${ours('receive', "when, when.date(), when.time(), decimal.Decimal('1.50'), id, (1, 2), {1: 2, None: 3, False: 4}")}`);
    expect(received).toEqual([
      '2026-01-02T03:04:05.678901Z',
      '2026-01-02T00:00:00',
      '03:04:05.678901',
      '1.50',
      '00000000-0000-4000-8000-000000000001',
      [1, 2],
      { '1': 2, null: 3, false: 4 },
    ]);
    received.length = 0;
    const marker = "{'__type__': 'uuid', '__value__': {'hex': '00000000000040008000000000000001'}}";
    expect(await py(`result = ${ours('receive', marker)} == [${marker}]`)).toBe(true);
    expect(received).toEqual([new Uuid('00000000000040008000000000000001')]);
  });

  it('what cannot be sent is refused where it is sent', async () => {
    await expect(call('py.echo', [new Set([1])])).rejects.toThrow(/Set is not JSON serializable/);
    expect(await raised(py(ours('echo', '{1, 2}')))).toMatchObject({ type: 'EncodeError' });
  });

  describe('errors', () => {
    it('a cause is told in the traceback, both ways', async () => {
      const error = (await raised(call('py.fail_cause'))) as RemoteError;
      expect(error).toMatchObject({ name: 'Custom', message: 'outer' });
      expect(error.remoteTraceback).toMatch(/KeyError: 'inner'[\s\S]*direct cause[\s\S]*Custom: outer/);
      expect(await raised(py(`r = task('ts.fail_cause').set(queue='ts').delay()\nr.get(timeout=30)`))).toMatchObject({
        type: 'Custom',
        args: ['outer'],
      });
      expect(await py('result = r.traceback')).toMatch(/RangeError: inner[\s\S]*direct cause[\s\S]*Custom: outer/);
    });

    it('arguments of an error that are no JSON come as their repr, both ways', async () => {
      const error = (await raised(call('py.fail_odd'))) as RemoteError;
      expect(error.args).toEqual([expect.stringMatching(/^<object object/), '{1, 2}', 'fine']);
      const theirs = (await raised(py(ours('fail_odd')))) as Raised;
      expect(theirs).toBeInstanceOf(Raised);
      expect(theirs.args).toEqual([expect.stringContaining('ring'), expect.any(String), 'fine']);
    });

    it('an error that crossed both languages keeps its name, arguments and both tracebacks', async () => {
      app.task('ts.through', async (name: string) => {
        await call(name);
      });
      const code = `r = task('ts.through').set(queue='ts').delay('py.fail_custom')\nr.get(timeout=30)`;
      expect(await raised(py(code))).toMatchObject({ type: 'Custom', module: 'proj', args: [42, 'custom failure'] });
      expect(await py('result = r.traceback')).toContain('in fail_custom');
      const again = (await raised(
        app.sendTask('ts.through', ['py.fail_type'], {}, { queue: 'ts' }).then((r) => r.get({ timeout: 120 })),
      )) as Error;
      expect(again).toBeInstanceOf(TypeError);
      expect(remoteTraceback(again)).toContain('in fail_type');
    });
  });
});
