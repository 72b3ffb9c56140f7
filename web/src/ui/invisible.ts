// Characters of foreign texts that are not seen or that turn the text round them: found, and written as Python escapes them.
// Names, arguments, results and tracebacks come from whoever can reach the broker: a right-to-left override can make 'gpj.exe'
// read 'exe.jpg', a zero-width space can make two queue names look equal. Drawing: foreign-text.tsx. Pure.
// Holds: tab and line feed stay, as do joiners within emoji and between letters of scripts that need them.
import { t } from '../language/text.ts';

/** Controls, bidirectional controls, zero-width and filler characters, line separators, tags, unpaired surrogates. */
const SUSPECT =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff]|\u034f|\u17b4|\u17b5/;
const JOINER = /\u200c|\u200d/;
/** Scripts whose letters take another shape beside a joiner. */
const JOINING =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Mongolian}]/u;
const PICTURE = /\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f/u;

const NAMES: Readonly<Record<number, string>> = {
  0: 'NUL',
  7: 'bell',
  8: 'backspace',
  13: 'carriage return',
  27: 'escape',
  127: 'delete',
  173: 'soft hyphen',
  1564: 'Arabic letter mark',
  8203: 'zero-width space',
  8204: 'zero-width non-joiner',
  8205: 'zero-width joiner',
  8206: 'left-to-right mark',
  8207: 'right-to-left mark',
  8232: 'line separator',
  8233: 'paragraph separator',
  8234: 'left-to-right embedding',
  8235: 'right-to-left embedding',
  8236: 'pop directional formatting',
  8237: 'left-to-right override',
  8238: 'right-to-left override',
  8288: 'word joiner',
  8294: 'left-to-right isolate',
  8295: 'right-to-left isolate',
  8296: 'first strong isolate',
  8297: 'pop directional isolate',
  65279: 'byte order mark',
};

/** A stretch of text to be shown as it is, or one character that would not be seen. */
export type TextPart = string | { readonly escape: string; readonly name: string };

/** The text itself when nothing in it hides: what nearly every text is. */
export function partsOfText(text: string): readonly TextPart[] {
  if (!SUSPECT.test(text)) return [text];
  const parts: TextPart[] = [];
  const chars = [...text];
  let plain = '';
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i]!;
    if (!hides(char, chars[i - 1] ?? '', chars[i + 1] ?? '')) {
      plain += char;
      continue;
    }
    if (plain !== '') parts.push(plain);
    plain = '';
    parts.push({ escape: escaped(char), name: nameOf(char) });
  }
  if (plain !== '') parts.push(plain);
  return parts;
}

/** One text with the escapes in it, for titles and accessible names. */
export function visible(text: string): string {
  if (!SUSPECT.test(text)) return text;
  return partsOfText(text)
    .map((part) => (typeof part === 'string' ? part : part.escape))
    .join('');
}

function hides(char: string, before: string, after: string): boolean {
  const code = char.codePointAt(0)!;
  if (code > 0xffff) return code >= 0xe0000 && code <= 0xe0fff && code < 0xe0100;
  if (!SUSPECT.test(char)) return false;
  if (!JOINER.test(char)) return true;
  if (PICTURE.test(before) && PICTURE.test(after)) return false;
  return !(JOINING.test(before) && (JOINING.test(after) || char === '\u200c'));
}

/** As Python's repr writes it: \x00, \u202e, \U000e0041. */
function escaped(char: string): string {
  const code = char.codePointAt(0)!;
  if (code === 0x0d) return '\\r';
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}

function nameOf(char: string): string {
  const code = char.codePointAt(0)!;
  const point = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  const known = NAMES[code];
  if (known) return `${known} (${point})`;
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return t('control character ({point})', { point });
  if (code >= 0xd800 && code <= 0xdfff) return t('half of a surrogate pair ({point})', { point });
  return t('invisible character ({point})', { point });
}
