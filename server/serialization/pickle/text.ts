// Texts of a pickle: UTF-8 in which half a surrogate pair stands as three bytes, as Python's `surrogatepass` has it. A JavaScript text
// that was cut in the middle of an emoji ends in one.

export function textBytes(text: string): Buffer {
  if (!/\p{Surrogate}/u.test(text)) return Buffer.from(text, 'utf8');
  return Buffer.concat(
    text.split(/(\p{Surrogate})/u).map((piece, i) => (i % 2 === 0 ? Buffer.from(piece, 'utf8') : half(piece))),
  );
}

export function textOfBytes(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!text.includes('\uFFFD')) return text;
  const pieces = bytes.toString('latin1').split(/(\xed[\xa0-\xbf][\x80-\xbf])/);
  return pieces
    .map((piece, i) => {
      const part = Buffer.from(piece, 'latin1');
      return i % 2 === 0
        ? part.toString('utf8')
        : String.fromCharCode(0xd000 | ((part[1]! & 63) << 6) | (part[2]! & 63));
    })
    .join('');
}

function half(surrogate: string): Buffer {
  const code = surrogate.charCodeAt(0);
  return Buffer.from([0xed, 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)]);
}
