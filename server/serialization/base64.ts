// Base64 as Python's binascii reads it: what is no letter of it is passed over, and what ends within a byte is an error. Node's reader
// takes `-` and `_` for letters, too, and gives what it has of a text that was cut.
// Python 3.11: Modules/binascii.c a2b_base64; base64.py b64decode, decodebytes

/** @throws Error for a text that is cut off */
export function fromBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const whole = bytes.length === (text.length / 4) * 3 - padding && !/[-_]/.test(text);
  return new Uint8Array(whole ? bytes : Buffer.from(lettersOf(text), 'base64'));
}

/** Up to the `=` that ends it: one after three letters of four, or the second after two. */
function lettersOf(text: string): string {
  let letters = '';
  let padding = 0;
  for (const part of text.replace(/[^A-Za-z0-9+/=]/g, '').split(/(=)/)) {
    const open = letters.length % 4;
    if (part !== '=') {
      letters += part;
      if (part !== '') padding = 0;
    } else if (open >= 2 && open + ++padding >= 4) return letters;
  }
  if (letters.length % 4 !== 0) throw new Error('Base64 that is cut off: incorrect padding');
  return letters;
}
