// The query language: what is read, what is refused and how, and that printing loses nothing.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lex } from '../../../shared/query/lexer.ts';
import { parseQuery } from '../../../shared/query/parser.ts';
import { allOf, anyOf, FIELDS, not, type QueryTree } from '../../../shared/query/tree.ts';
import { readValueOf } from '../../../shared/query/values.ts';
import { cases } from '../../support/cases.ts';
import { printQuery } from '../../support/print-query.ts';

// 2026-03-04 10:30:00 UTC, a Wednesday.
const nowS = Date.UTC(2026, 2, 4, 10, 30) / 1000;
const minutes = 60;
const at = (day: number, hour = 0, minute = 0, second = 0) => Date.UTC(2026, 2, day, hour, minute, second) / 1000;

function tree(text: string, options = {}): QueryTree | null {
  const parsed = parseQuery(text, { nowS, ...options });
  if (!parsed.ok) throw new Error(`${text}: ${parsed.message}`);
  return parsed.tree;
}
function refusal(text: string) {
  const parsed = parseQuery(text, { nowS });
  if (parsed.ok) throw new Error(`${text} was accepted`);
  return { message: parsed.message, part: text.slice(parsed.position, parsed.position + parsed.length) };
}

describe('conditions', () => {
  it('reads an empty query as everything', () => {
    expect(tree('')).toBeNull();
    expect(tree('  \n ')).toBeNull();
  });
  it('reads a word, a phrase and a star', () => {
    expect(tree('charge')).toEqual({ op: 'text', text: 'charge' });
    expect(tree('"a \\"b\\" \\\\ c"')).toEqual({ op: 'text', text: 'a "b" \\ c' });
    expect(tree('shop.*card')).toEqual({ op: 'text-glob', parts: ['shop.', 'card'] });
    expect(tree('"a*b"')).toEqual({ op: 'text', text: 'a*b' });
    expect(tree('a\\*b\\ c')).toEqual({ op: 'text', text: 'a*b c' });
  });
  it('reads fields by name or alias in any case', () => {
    expect(tree('name:shop')).toEqual({ op: 'contains', field: 'name', text: 'shop' });
    expect(tree('TASK:shop')).toEqual({ op: 'contains', field: 'name', text: 'shop' });
    expect(tree('id:4f3a')).toEqual({ op: 'is', field: 'uuid', values: ['4f3a'] });
    expect(tree('worker:celery@w1')).toEqual({ op: 'contains', field: 'worker', text: 'celery@w1' });
    expect(tree('state:FAILURE,RETRY')).toEqual({ op: 'is', field: 'state', values: ['FAILURE', 'RETRY'] });
    expect(tree('uuid:4f3a*')).toEqual({ op: 'glob', field: 'uuid', parts: ['4f3a', ''] });
    expect(tree('name:*')).toEqual({ op: 'present', field: 'name' });
    expect(tree('eta:*')).toEqual({ op: 'present', field: 'eta' });
    expect(tree('args:/tmp/x')).toEqual({ op: 'contains', field: 'args', text: '/tmp/x' });
  });
  it('reads key=value of kwargs, as Flower does', () => {
    expect(tree('kwargs:order=7')).toEqual({ op: 'pair', field: 'kwargs', key: 'order', value: '7' });
    expect(tree('kwargs:who="a b"')).toEqual({ op: 'pair', field: 'kwargs', key: 'who', value: 'a b' });
    expect(tree('kwargs:"k=v"')).toEqual({ op: 'contains', field: 'kwargs', text: 'k=v' });
    expect(tree('kwargs:k=v*')).toEqual({ op: 'glob', field: 'kwargs', parts: ['k=v', ''] });
  });
  it('reads patterns, also with parentheses and escaped slashes in them', () => {
    expect(tree('name:/^shop\\.(a|b)$/')).toEqual({ op: 'regex', field: 'name', source: '^shop\\.(a|b)$' });
    expect(tree('(result:/a\\/b/ x)')).toEqual({
      op: 'and',
      items: [
        { op: 'regex', field: 'result', source: 'a\\/b' },
        { op: 'text', text: 'x' },
      ],
    });
  });
  it('reads durations and counts', () => {
    expect(tree('runtime>1.5s')).toEqual({ op: 'compare', field: 'runtime', relation: '>', value: 1.5, text: '1.5s' });
    expect(tree('runtime:>=200ms')).toEqual({
      op: 'compare',
      field: 'runtime',
      relation: '>=',
      value: 0.2,
      text: '200ms',
    });
    expect(tree('runtime<1h30m')).toMatchObject({ value: 5400 });
    expect(tree('runtime:1..5m')).toMatchObject({ op: 'range', from: 60, to: 300, open: false });
    expect(tree('runtime:2s')).toMatchObject({ op: 'range', from: 2, to: 3, open: true });
    expect(tree('retries>2')).toMatchObject({ op: 'compare', value: 2 });
    expect(tree('retries:2')).toMatchObject({ op: 'range', from: 2, to: 2, open: false });
    expect(tree('retries:..3')).toMatchObject({ from: null, to: 3 });
  });
  it('reads times relative to now, of the day, of the calendar and with an offset', () => {
    expect(tree('received>-15m')).toMatchObject({ relation: '>', value: nowS - 15 * minutes });
    expect(tree('eta<+1h')).toMatchObject({ value: nowS + 3600 });
    expect(tree('received>10:00')).toMatchObject({ value: at(4, 10) });
    expect(tree('received:2026-03-01')).toMatchObject({ op: 'range', from: at(1), to: at(2), open: true });
    expect(tree('received:2026-03-01..2026-03-02')).toMatchObject({ from: at(1), to: at(3), open: true });
    expect(tree('received>2026-03-01T14:00')).toMatchObject({ value: at(1, 14) });
    expect(tree('received>2026-03-01T14:00+02:00')).toMatchObject({ value: at(1, 12) });
    expect(tree('received>"2026-03-01 14:00:30.5"')).toMatchObject({ value: at(1, 14, 0, 30) + 0.5 });
    expect(tree('received:today')).toMatchObject({ from: at(4), to: at(5), open: true });
    expect(tree('received:yesterday')).toMatchObject({ from: at(3), to: at(4) });
  });
  it('takes a time of day for the last such time, and for eta the next', () => {
    expect(tree('received>23:00')).toMatchObject({ value: at(3, 23) });
    expect(tree('eta<23:00')).toMatchObject({ value: at(4, 23) });
    expect(tree('eta<09:00')).toMatchObject({ value: at(5, 9) });
    expect(tree('received:23:00..01:00')).toMatchObject({ from: at(3, 23), to: at(4, 1) });
  });
  it('reads times in the zone it was given', () => {
    expect(tree('received>10:00', { utcOffsetMinutes: 120 })).toMatchObject({ value: at(4, 8) });
    expect(tree('received:2026-03-01', { utcOffsetMinutes: -300 })).toMatchObject({ from: at(1, 5), to: at(2, 5) });
    const shifting = (s: number) => (s < at(2) ? 60 : 120);
    expect(tree('received:2026-03-01', { utcOffsetMinutes: shifting })).toMatchObject({
      from: at(1) - 3600,
      to: at(2) - 3600,
    });
  });
});

describe('logic', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((text) => ({ op: 'text', text }) as const);
  it('reads a space as AND, and OR binds weaker', () => {
    expect(tree('a b OR c')).toEqual({ op: 'or', items: [{ op: 'and', items: [a, b] }, c] });
    expect(tree('a AND b')).toEqual(tree('a b'));
    expect(tree('a (b OR c)')).toEqual({ op: 'and', items: [a, { op: 'or', items: [b, c] }] });
  });
  it('negates with NOT and -', () => {
    expect(tree('-a')).toEqual({ op: 'not', item: a });
    expect(tree('NOT a b')).toEqual({ op: 'and', items: [{ op: 'not', item: a }, b] });
    expect(tree('-(a b)')).toEqual({ op: 'not', item: { op: 'and', items: [a, b] } });
    expect(tree('--a')).toEqual(a);
  });
  it('reads and, or and not in small letters as text', () => {
    expect(tree('not')).toEqual({ op: 'text', text: 'not' });
  });
});

describe('errors say what was given, what was expected and where', () => {
  it.each([
    ['state:', 'state:', 'Nothing follows'],
    ['a "b c', '"b c', 'not closed'],
    ['(a', '(', 'not closed'],
    ['a)', ')', 'closes nothing'],
    ['()', '()', 'empty'],
    ['a OR', 'OR', 'expected after OR'],
    ['AND a', 'AND', 'quote it'],
    ['a OR )', ')', 'before this )'],
    ['runtime>fast', 'fast', 'duration such as'],
    ['received>15m', '15m', 'Did you mean -15m'],
    ['received>-15', '-15', 'give a unit'],
    ['received>25:00', '25:00', 'no time of day'],
    ['received>2026-02-30', '2026-02-30', 'no date'],
    ['retries>x', 'x', 'count such as'],
    ['retries:5..2', '5..2', 'runs backwards'],
    ['retries:..', '..', 'at least one end'],
    ['name>x', 'name>x', 'is text'],
    ['name:/(/', '/(/', 'cannot be used'],
    ['name:/(a)\\1/', '/(a)\\1/', 'refers back'],
    ['name:""', '""', '-name:*'],
    ['args:(1, 2)', 'args:(', 'needs quotes'],
    ['state:a,,b', 'a,,b', 'missing'],
    ['*', '*', 'alone'],
  ])('%s', (text, part, words) => {
    const refused = refusal(text);
    expect(refused.part).toBe(part);
    expect(refused.message).toContain(words);
  });
  it('refuses what is too long, too many and too deep', () => {
    expect(refusal('x'.repeat(5000)).message).toContain('4096');
    expect(refusal('a '.repeat(600)).message).toContain('512');
    expect(refusal(`${'('.repeat(40)}a${')'.repeat(40)}`).message).toContain('32 levels');
    expect(refusal(`${'-'.repeat(400)}a`).message).toContain('32 levels');
  });
  it('does not know "now" when it is not told', () => {
    expect(parseQuery('received>-15m')).toMatchObject({ ok: false, position: 9 });
  });
});

describe('hints', () => {
  const hints = (text: string) => {
    const parsed = parseQuery(text, { nowS });
    return parsed.ok ? parsed.hints.map((hint) => hint.suggestion) : null;
  };
  it('reads an unknown field as text, and asks about a slip of the hand', () => {
    expect(tree('foo:bar')).toEqual({ op: 'text', text: 'foo:bar' });
    expect(hints('foo:bar')).toEqual([]);
    expect(hints('runtim>3')).toEqual(['runtime>3']);
    expect(hints('wroker:w1')).toEqual(['worker:w1']);
  });
  it('asks whether a state was meant', () => {
    expect(hints('FAILURE')).toEqual(['state:FAILURE']);
  });
});

describe('Flower', () => {
  it.each([
    'name:tasks.add state:SUCCESS',
    'kwargs:foo=1 AND (worker:w1 OR worker:w2)',
    '"hello world" result:42',
    'args:"(1, 2)"',
    'NAME:add OR State:failure',
    'foo:bar http://example.org/x?a=1',
    'a\\b',
  ])('accepts %s', (text) => {
    expect(parseQuery(text).ok).toBe(true);
  });
});

describe('tokens', () => {
  it('tell where field, relation and value of each condition stand', () => {
    const text = ' state:RETRY -runtime>"1s" OR (x)';
    const { tokens, error } = lex(text);
    expect(error).toBeNull();
    expect(tokens.map((token) => [token.kind, text.slice(token.from, token.to)])).toEqual([
      ['term', 'state:RETRY'],
      ['minus', '-'],
      ['term', 'runtime>"1s"'],
      ['or', 'OR'],
      ['open', '('],
      ['term', 'x'],
      ['close', ')'],
    ]);
    expect(tokens[2]).toMatchObject({
      field: { from: 14, to: 21 },
      relation: '>',
      value: { form: 'quoted', text: '1s' },
    });
  });
});

describe('printing', () => {
  const some = fc.oneof(
    fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }),
    fc.constantFrom(
      'AND',
      '-a',
      'a:b',
      'name:x',
      '"',
      '\\',
      'a b',
      '/x/',
      '>1',
      'a,b',
      'é',
      '*',
      '..',
      'k=v',
      '=',
      ')',
      '\\*',
      '\\"',
    ),
  );
  const parts = fc
    .array(some, { minLength: 1, maxLength: 3 })
    .chain((inner) => fc.constantFrom(['', ...inner], [...inner, ''], ['', ...inner, ''], [...inner, 'end']));
  const textField = fc.constantFrom('name', 'worker', 'queue', 'args', 'kwargs', 'result', 'exception');
  const exactField = fc.constantFrom('state', 'uuid', 'root', 'parent');
  const numberField = fc.constantFrom('runtime', 'retries', 'received', 'started', 'sent', 'eta');
  const measure = { runtime: ['1.5s', '200ms', '1h2m', '7'], retries: ['0', '3'] } as Record<string, string[]>;
  const times = ['-15m', '+2h', 'now', 'today', '14:00', '2026-03-01', '2026-03-01 14:00:01', '2026-03-01T10:00+02:00'];
  const compare = fc
    .tuple(numberField, fc.constantFrom('>', '>=', '<', '<='), fc.nat())
    .map(([field, relation, pick]) => {
      const choices = measure[field] ?? times;
      const text = choices[pick % choices.length] as string;
      const kind = FIELDS.find((f) => f.name === field)?.kind ?? 'number';
      const value = readValueOf(kind, text, field, { nowS });
      if ('message' in value) throw new Error(value.message);
      return { op: 'compare', field, relation, value: value.start, text } as QueryTree;
    });
  const leaf: fc.Arbitrary<QueryTree> = fc.oneof(
    some.map((text) => ({ op: 'text', text }) as const),
    parts.map((p) => ({ op: 'text-glob', parts: p }) as const),
    fc.record({ op: fc.constant('contains'), field: textField, text: some }) as fc.Arbitrary<QueryTree>,
    fc.record({
      op: fc.constant('is'),
      field: exactField,
      values: fc.array(some, { minLength: 1, maxLength: 3 }),
    }) as fc.Arbitrary<QueryTree>,
    fc.record({ op: fc.constant('glob'), field: fc.oneof(textField, exactField), parts }) as fc.Arbitrary<QueryTree>,
    fc.record({
      op: fc.constant('regex'),
      field: textField,
      source: fc.constantFrom('a', '^x\\.y$', 'a\\/b', '(a|b)c', '[)/]x', 'a{2,3}'),
    }) as fc.Arbitrary<QueryTree>,
    fc.record({
      op: fc.constant('pair'),
      field: fc.constant('kwargs'),
      key: fc.constantFrom('k', 'order_id'),
      value: some,
    }) as fc.Arbitrary<QueryTree>,
    fc.record({
      op: fc.constant('present'),
      field: fc.oneof(textField, exactField, numberField),
    }) as fc.Arbitrary<QueryTree>,
    compare,
  );
  const { node } = fc.letrec<{ node: QueryTree }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map((items) => allOf(items) as QueryTree),
      fc.array(tie('node'), { minLength: 2, maxLength: 3 }).map((items) => anyOf(items) as QueryTree),
      tie('node').map(not),
    ),
  }));

  it('gives a text that parses back to the same tree', () => {
    fc.assert(
      fc.property(node, (original) => {
        const parsed = parseQuery(printQuery(original), { nowS });
        expect(parsed).toMatchObject({ ok: true });
        expect(parsed.ok && parsed.tree).toEqual(original);
      }),
      { numRuns: cases(1500) },
    );
  });
  it('keeps every query a person can type, or refuses it with a place inside the text', () => {
    const piece = fc.constantFrom(
      'a',
      'name:',
      'state:',
      'runtime',
      '>',
      '<=',
      '1s',
      '-15m',
      '..',
      '(',
      ')',
      '"',
      '\\',
      '*',
      ' ',
      ' OR ',
      'NOT ',
      '-',
      '/',
      'kwargs:',
      'k=',
      'é',
      ',',
      'today',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const parsed = parseQuery(text, { nowS });
        if (parsed.ok) {
          const again = parseQuery(printQuery(parsed.tree), { nowS });
          expect(again.ok && again.tree).toEqual(parsed.tree);
        } else {
          expect(parsed.position).toBeGreaterThanOrEqual(0);
          expect(parsed.length).toBeGreaterThan(0);
          expect(parsed.position + parsed.length).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: cases(3000) },
    );
  });
  it('is short', () => {
    expect(printQuery(tree('(a) AND (b OR (c))'))).toBe('a (b OR c)');
    expect(printQuery(tree('TASK:shop.* NOT status:failure'))).toBe('name:shop.* -state:failure');
    expect(printQuery(null)).toBe('');
  });
});
