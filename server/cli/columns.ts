// How wide a text is on a terminal: a letter of Chinese, Japanese or Korean and most pictures take two columns, a mark upon a letter none.
// Not here: what must not reach a terminal at all (shared/format/escape.ts).
// Unicode 15: EastAsianWidth.txt (W, F), general categories Mn, Me, Cf

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const NONE = /[\p{Mn}\p{Me}\p{Cf}]/u;
/** Most texts, whose letters are as many as their columns. */
const PLAIN = /^[\u0020-\u02ff]*$/;

/** @unit columns */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const letter of text) width += widthOfLetter(letter);
  return width;
}

/** No wider than `width`: cut with a mark where it would be. */
export function cropped(text: string, width: number): string {
  return widthOf(text) <= width ? text : width > 0 ? `${head(text, width - 1)}…` : '';
}

/** Just as wide: cut, or filled up with spaces. */
export function filled(text: string, width: number): string {
  const cut = cropped(text, width);
  return cut + ' '.repeat(Math.max(0, width - widthOf(cut)));
}

/** In lines no wider than `width`; one at least. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  do {
    // A letter that is wider than the page would never come to its end.
    const line = head(rest, width) || [...rest][0] || '';
    lines.push(line);
    rest = rest.slice(line.length);
  } while (rest !== '');
  return lines;
}

/** As much of its beginning as fits. */
function head(text: string, width: number): string {
  if (PLAIN.test(text)) return text.slice(0, Math.max(0, width));
  let room = width;
  let end = 0;
  for (const letter of text) {
    room -= widthOfLetter(letter);
    if (room < 0) break;
    end += letter.length;
  }
  return text.slice(0, end);
}

function widthOfLetter(letter: string): number {
  return NONE.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1;
}
