// Patterns decide as JavaScript's own do, and never take long.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkRegex, compileRegex, StepsSpent } from '../../../shared/query/regex.ts';
import { cases } from '../../support/cases.ts';

describe('a pattern', () => {
  it('matches whatever the same pattern matches in JavaScript', () => {
    const atom = fc.constantFrom(
      'a',
      'B',
      'é',
      '.',
      '\\d',
      '\\w',
      '\\s',
      '\\S',
      '\\b',
      '\\B',
      '^',
      '$',
      '[a-c]',
      '[^a]',
      '[^\\w-]',
      '[]',
      '[^]',
      '\\.',
      '\\x41',
      '\\u00e9',
      '-',
      'ſ',
      'K',
      '[k]',
      '\\n',
      '[\\b\\d_]',
      '{',
      ']',
    );
    const repeat = fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,}', '{0,2}', '*?', '+?');
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { depthSize: 'small' },
        fc.tuple(atom, repeat).map(([a, r]) => (/^(?:\^|\$|\\b|\\B|\{)$/i.test(a) ? a : a + r)),
        fc.array(tie('pattern'), { minLength: 1, maxLength: 3 }).map((items) => items.join('')),
        fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `${a}|${b}`),
        fc.tuple(fc.constantFrom('(', '(?:', '(?<n>'), tie('pattern'), repeat).map(([o, p, r]) => `${o}${p})${r}`),
      ),
    }));
    const text = fc.string({
      unit: fc.constantFrom('a', 'A', 'b', 'c', 'é', 'É', '1', ' ', '_', '.', '-', '\n', 'ſ', 's', 'K', '\u2028'),
      maxLength: 8,
    });
    let compared = 0;
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 3, maxLength: 6 }), (source, texts) => {
        let native: RegExp;
        try {
          native = new RegExp(source, 'i');
        } catch {
          expect(checkRegex(source)).not.toBeNull();
          return;
        }
        expect(checkRegex(source)).toBeNull();
        const test = compileRegex(source);
        for (const value of texts) {
          compared++;
          expect(test(value), `/${source}/ on ${JSON.stringify(value)}`).toBe(native.test(value));
        }
      }),
      { numRuns: cases(2500) },
    );
    expect(compared).toBeGreaterThan(cases(2500));
  });

  it('takes steps in proportion to the text, however it is written', () => {
    const nasty = [
      '(a+)+b',
      '(a|a)*b',
      '.*.*.*x',
      '[^x]*[^y]*[^z]*x',
      'a*a*a*a*b',
      '(a?){50}a{50}b',
      '(.*)(.*)(.*)(.*)(.*)[^a]',
    ];
    const text = 'a'.repeat(20_000);
    // JavaScript's own engine needs more than a minute for one of them, on a twentieth of the text.
    for (const source of nasty) {
      const steps = { left: 30 * text.length };
      expect(compileRegex(source)(text, steps), source).toBe(false);
    }
  });

  it('is compiled in bounded steps, whatever it repeats: nothing as well', () => {
    const nothing = (depth: number, inner: string): string =>
      depth === 0 ? inner : `(${nothing(depth - 1, inner)}){200}`;
    for (const inner of ['', '()', '(|)', '(?:)', '^', 'a{0}', '()*', '(()|())'])
      for (const depth of [3, 6, 12]) expect(checkRegex(nothing(depth, inner)), inner).toContain('too large');
    expect(checkRegex('(a|b){50}')).toBeNull();
  });

  it('takes no more steps than it is given, for any pattern and text, and says so', () => {
    const times = fc.constantFrom('', '*', '+', '?', '{20}', '{3,60}', '{0,9}');
    const { pattern } = fc.letrec<{ pattern: string; atom: string }>((tie) => ({
      atom: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom('a', 'b', '.', '[^x]', '[a-z0-9_.-]', '^', '$', '\\b', '()'),
        tie('pattern').map((inner) => `(${inner})`),
        fc.tuple(tie('pattern'), tie('pattern')).map(([one, other]) => `(${one}|${other})`),
      ),
      pattern: fc
        .array(fc.tuple(tie('atom'), times), { maxLength: 4 })
        .map((parts) => parts.map(([atom, count]) => (/^([\^$]|\\b)$/.test(atom) ? atom : atom + count)).join('')),
    }));
    let spent = 0;
    fc.assert(
      fc.property(
        pattern,
        fc.string({ unit: fc.constantFrom('a', 'b', 'x', '.'), minLength: 50, maxLength: 400 }),
        (source, text) => {
          if (checkRegex(source) !== null) return;
          const test = compileRegex(source);
          const steps = { left: 5000 };
          try {
            test(text, steps);
          } catch (error) {
            expect(error).toBeInstanceOf(StepsSpent);
            spent++;
          }
          // One character may look at every place of the largest program before it is noticed.
          expect(steps.left).toBeGreaterThan(-100_000);
        },
      ),
      // One that needs more, whatever the others are.
      { numRuns: cases(2000), examples: [['([a-z0-9_.-]{20}){9}', 'ab'.repeat(200)]] },
    );
    expect(spent).toBeGreaterThan(0);
  });

  it('shares its steps over many texts', () => {
    const test = compileRegex('a.{12}b.{12}a');
    const steps = { left: 300_000 };
    let tried = 0;
    expect(() => {
      for (let seed = 1; ; tried++) {
        let text = '';
        for (let i = 0; i < 500; i++) {
          seed = (seed * 1103515245 + 12345) % 2147483648;
          text += seed % 3 === 0 ? 'a' : 'c';
        }
        test(text, steps);
      }
    }).toThrow(StepsSpent);
    expect(tried).toBeGreaterThan(2);
    expect(tried).toBeLessThan(300);
  });

  it('stays small in memory for patterns that have very many states', () => {
    const test = compileRegex('a.{12}b.{12}a');
    let text = '';
    for (let i = 0, seed = 1; i < 20_000; i++) {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      text += seed % 3 === 0 ? 'a' : 'c';
    }
    expect(test(text)).toBe(false);
    expect(test(`${text}a${'c'.repeat(12)}b${'c'.repeat(12)}a`)).toBe(true);
  });

  it('is refused, with the reason, when it is malformed, too large, looks around or refers back', () => {
    expect(checkRegex('(')).toContain('Unterminated group');
    expect(checkRegex('a{3,2}')).toContain('out of order');
    expect(checkRegex('(?=a)')).toContain('looks ahead');
    expect(checkRegex('(?<!a)b')).toContain('looks ahead or behind');
    expect(checkRegex('(a)\\1')).toContain('refers back');
    expect(checkRegex('(?<x>a)\\k<x>')).toContain('refers back');
    expect(checkRegex('x'.repeat(300))).toContain('300 characters');
    expect(checkRegex('a{500}')).toContain('more than 200');
    expect(checkRegex('((a{100}){100}){100}')).toContain('too large');
    expect(() => compileRegex('(?=a)')).toThrow('cannot be used');
  });
});
