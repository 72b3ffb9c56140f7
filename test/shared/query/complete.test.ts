// What is offered at the caret.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { complete } from '../../../shared/query/complete.ts';
import { cases } from '../../support/cases.ts';

/** `|` marks the caret. */
function at(marked: string) {
  const caret = marked.indexOf('|');
  const text = marked.replace('|', '');
  const completion = complete(text, caret);
  return {
    ...completion,
    words: completion.items.map((item) => item.insert),
    part: text.slice(completion.from, completion.to),
  };
}

describe('completion', () => {
  it('offers every field in an empty query, and no AND', () => {
    const offered = at('|');
    expect(offered).toMatchObject({ kind: 'field', prefix: '', from: 0, to: 0 });
    expect(offered.words.slice(0, 2)).toEqual(['state:', 'name:']);
    expect(offered.words).not.toContain('AND');
  });
  it('offers fields by the beginning of their name or alias', () => {
    expect(at('re|').words).toEqual(['result:', 'retries>', 'received>']);
    expect(at('state:RETRY stat|').words).toEqual(['state:']);
    expect(at('task|').words).toContain('name:');
  });
  it('offers operators behind a whole field name', () => {
    expect(at('runtime|')).toMatchObject({
      kind: 'operator',
      field: 'runtime',
      words: ['runtime>', 'runtime<', 'runtime:', 'runtime:*'],
    });
  });
  it('offers states behind state:, also in a list, also before anything is typed', () => {
    expect(at('state:|')).toMatchObject({ kind: 'value', field: 'state', from: 6, to: 6 });
    expect(at('state:|').words).toContain('FAILURE');
    expect(at('state:RE|').words).toEqual(['RECEIVED', 'REVOKED', 'REJECTED', 'RETRY']);
    expect(at('state:FAILURE,ret| x')).toMatchObject({ words: ['RETRY'], part: 'ret' });
  });
  it('tells field and prefix for values the page must ask for', () => {
    expect(at('name:shop.o| x')).toMatchObject({
      kind: 'value',
      field: 'name',
      prefix: 'shop.o',
      part: 'shop.o',
      items: [],
    });
    expect(at('worker:|')).toMatchObject({ kind: 'value', field: 'worker', prefix: '' });
    expect(at('name:"shop o|')).toMatchObject({ kind: 'value', field: 'name', prefix: 'shop o', part: '"shop o' });
    expect(at('a name:|')).toMatchObject({ kind: 'value', field: 'name', from: 7 });
  });
  it('offers times and durations in the form that fits the operator', () => {
    expect(at('received>|').words).toContain('-15m');
    expect(at('received:|').words).toContain('-15m..');
    expect(at('eta<|').words).toContain('+1h');
    expect(at('runtime>1|').words).toEqual(['100ms', '1s', '10s', '1m']);
  });
  it('offers OR after a condition, and only NOT where a condition is due', () => {
    expect(at('a |').words).toEqual(expect.arrayContaining(['OR', 'NOT', 'AND']));
    expect(at('a OR |').words).not.toContain('OR');
    expect(at('a OR |').words).toContain('NOT');
    expect(at('a O|').words).toContain('OR');
  });
  it('always names a part of the text around the caret', () => {
    const piece = fc.constantFrom('a', 'name', ':', 'state:', '"', '(', ')', ' ', 'OR', '-', '/', '>', ',', '\\', '*');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.nat(30), (pieces, place) => {
        const text = pieces.join('');
        const caret = Math.min(place, text.length);
        const { from, to } = complete(text, caret);
        expect(from).toBeGreaterThanOrEqual(0);
        expect(from).toBeLessThanOrEqual(caret);
        expect(to).toBeGreaterThanOrEqual(caret);
        expect(to).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: cases(2000) },
    );
  });
});
