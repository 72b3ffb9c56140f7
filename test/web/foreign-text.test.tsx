// Characters that hide in foreign texts, made visible. Product: web/src/ui/invisible.ts, foreign-text.tsx.
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { ForeignText, LongText } from '../../web/src/ui/foreign-text.tsx';
import { partsOfText, visible } from '../../web/src/ui/invisible.ts';

describe('characters that hide', () => {
  it.each([
    ['a right-to-left override', 'invoice\u202egpj.exe', 'invoice\\u202egpj.exe'],
    ['isolates', '\u2066a\u2069', '\\u2066a\\u2069'],
    ['a zero-width space', 'ma\u200bil', 'ma\\u200bil'],
    ['a byte order mark', '\ufeffx', '\\ufeffx'],
    ['NUL, escape and bell', 'a\u0000\u001b[31m\u0007', 'a\\x00\\x1b[31m\\x07'],
    ['C1 controls', 'a\u0085b', 'a\\x85b'],
    ['a soft hyphen', 'a\u00adb', 'a\\xadb'],
    ['line separators', 'a\u2028b', 'a\\u2028b'],
    ['a Hangul filler', 'a\u3164b', 'a\\u3164b'],
    ['a tag', 'a\u{e0041}b', 'a\\U000e0041b'],
    ['half of a pair', 'a\ud83db', 'a\\ud83db'],
    ['a carriage return', 'safe\rEVIL', 'safe\\rEVIL'],
    ['a joiner between Latin letters', 'pay\u200dpal', 'pay\\u200dpal'],
  ])('are written out: %s', (_, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it.each([
    ['tab and line feed', 'a\tb\nc'],
    ['accents, arrows and non-breaking spaces', 'Größe\u2192Zoë\u00a0\u0301'],
    ['a family', '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'],
    ['a flag and a heart', '\u2764\ufe0f\u200d\u{1f525}'],
    ['Persian with a non-joiner', '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645'],
    ['Hindi with a joiner', '\u0915\u094d\u200d\u0937'],
    ['Hebrew and Arabic', '\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627'],
    ['Chinese and a rare one beyond the plane', '\u4e2d\u6587\u{20000}'],
  ])('are not seen in what people write: %s', (_, text) => {
    expect(partsOfText(text)).toEqual([text]);
  });

  it('say what they are', () => {
    expect(partsOfText('a\u202eb')).toEqual(['a', { escape: '\\u202e', name: 'right-to-left override (U+202E)' }, 'b']);
  });
});

describe('a foreign text on a page', () => {
  const html = (element: Parameters<typeof renderToStaticMarkup>[0]) => renderToStaticMarkup(element);

  it('is isolated from its surroundings, and holds no character that turns them', () => {
    const drawn = html(<ForeignText text={'x\u202ey'} />);
    expect(drawn).not.toContain('\u202e');
    expect(drawn).toMatch(/^<bdi>x<span [^>]*title="right-to-left override \(U\+202E\)">\\u202e<\/span>y<\/bdi>$/);
  });

  it('is cut when it is long, says so, and offers the rest', () => {
    const drawn = html(<LongText text={'x'.repeat(1_000_000)} />);
    expect(drawn.length).toBeLessThan(6000);
    expect(drawn).toContain('show all 1.0 MB');
  });

  it('is whole when it is only a little longer', () => {
    expect(html(<LongText text={'x'.repeat(4100)} />)).toBe(`<bdi>${'x'.repeat(4100)}</bdi>`);
  });

  it('is never cut within a character', () => {
    expect(html(<LongText text={`${'x'.repeat(9)}${'\u{1f525}'.repeat(9)}`} max={10} />)).not.toContain('\\ud83d');
  });
});
