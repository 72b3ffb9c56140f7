// Letters that a text writes as escapes: JSON's \u0077, Python's \x77, an address's %77, XML's &#119;. A name written so is read
// by whoever parses the text, and must be read here.
// Holds: only letters, digits, '_' and '-' are put in: nothing that opens or closes anything.

const ESCAPE =
  /\\{1,8}(?:u00([2-7][0-9a-f])|u\{0{0,4}([2-7][0-9a-f])\}|x([2-7][0-9a-f]))|%([2-7][0-9a-f])|&#(?:x([2-7][0-9a-f])|(\d{2,3}));/gi;
const ANY = /\\u|\\x|%[2-7]|&#/i;

/** The text with such letters as they are read; the same text where there are none. */
export function unescapedNames(text: string): string {
  if (!ANY.test(text)) return text;
  return text.replace(ESCAPE, (whole: string, ...found: (string | undefined)[]) => {
    const hex = found.slice(0, 5).find((one) => one !== undefined);
    const char = String.fromCharCode(hex === undefined ? Number(found[5]) : Number.parseInt(hex, 16));
    return /[\w-]/.test(char) ? char : whole;
  });
}
