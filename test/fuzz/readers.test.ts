// Readers of texts that strangers write: queries, their completion, Python's literals, masking. None throws, whatever the text, and none needs
// more than a few looks at each character: 200,000 characters of the worst kinds would keep one that is not linear busy for hours.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMasking } from '../../shared/masking.ts';
import { parsePythonLiteral } from '../../shared/python-literal.ts';
import { complete } from '../../shared/query/complete.ts';
import { lex } from '../../shared/query/lexer.ts';
import { parseQuery } from '../../shared/query/parser.ts';
import { cases } from '../support/cases.ts';

const LENGTH = 200_000;
const masking = createMasking([]);
const READERS: Record<string, (text: string) => unknown> = {
  lex,
  parse: (text) => parseQuery(text),
  complete: (text) => complete(text, text.length),
  'read a Python literal': (text) => parsePythonLiteral(text),
  'read a Python literal with all its escapes': (text) => parsePythonLiteral(text, { escapes: 'python' }),
  mask: (text) => masking.text(text),
};
const PIECES = [
  'a',
  ' ',
  '-',
  '(',
  ')',
  '"',
  "'",
  '\\',
  '/',
  '*',
  ':',
  ',',
  '.',
  '[',
  '{',
  '0',
  '_',
  '=',
  '\n',
  'é',
  'name:',
  'state:FAILURE,',
  'args:/a',
  'password=',
  "'password': ",
  '"token":"',
  "\\'",
  "'\\",
  '0x',
  '1_',
  '1e',
  'b"',
  "{'a': ",
  'Decimal(',
  '...',
  'AND ',
  'NOT ',
  'https://a:',
  '@',
];

describe.each(Object.entries(READERS))('to %s', (_, read) => {
  it.each(PIECES)('ends with its text, however often %j stands in it', (piece) => {
    const body = piece.repeat(Math.ceil(LENGTH / piece.length));
    for (const text of [body, `name:"${body}`, `('${body}`]) read(text);
  });

  it('never throws, whatever the pieces', () => {
    const piece = fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 4, unit: 'binary' }));
    const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, (one) => {
        read(one);
      }),
      { numRuns: cases(200) },
    );
    expect(read('')).not.toBeInstanceOf(Error);
  });
});
