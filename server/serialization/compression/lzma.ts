// lzma as Python's module writes it: the .xz container, by the package @napi-rs/lzma. That opens a body to whatever it becomes, so
// its size is read before: LZMA2 says of each chunk how large it becomes, and a decoder makes no more of it.
// .xz file format 1.2 (2, 3), LZMA2 chunks as in liblzma's lzma2_decoder.c
import { type Engine, packageNamed, TooLarge } from './engine.ts';

const HEADER = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
const FOOTER = Buffer.from('YZ');
/** As of `xz -9`; Python's default is 8 MiB. @unit bytes */
const MAX_DICTIONARY = 64 * 1024 * 1024;
/** Sizes of the checks, by their number: none, CRC32, CRC64, SHA-256. */
const CHECKS: Readonly<Record<number, number>> = { 0: 0, 1: 4, 4: 8, 10: 32 };

export async function load(): Promise<Engine> {
  const { xz } = await packageNamed<typeof import('@napi-rs/lzma')>('@napi-rs/lzma', '');
  const check = (body: Uint8Array, limit: number): void => {
    if (unpackedSize(body, limit) > limit) throw new TooLarge();
  };
  return {
    compressSync: (body) => xz.compressSync(body),
    compress: (body) => xz.compress(body),
    decompressSync: (body, limit) => {
      check(body, limit);
      return xz.decompressSync(body);
    },
    decompress: async (body, limit) => {
      check(body, limit);
      return xz.decompress(body);
    },
  };
}

/** What it becomes, or some size above the limit. @throws when it is no .xz stream of LZMA2 */
export function unpackedSize(body: Uint8Array, limit: number): number {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const byte = (at: number): number => {
    if (at >= bytes.length) throw new Error('cut off');
    return bytes[at]!;
  };
  if (!bytes.subarray(0, 6).equals(HEADER)) throw new Error('no .xz stream');
  const checkSize = CHECKS[byte(7)];
  if (checkSize === undefined || bytes.length < 32) throw new Error('damaged');
  // One stream: what follows its end is refused, as the index has to be the last.
  if (!bytes.subarray(-2).equals(FOOTER)) throw new Error('cut off');
  let size = 0;
  let at = 12;
  while (byte(at) !== 0) {
    const start = at;
    at += (byte(at) + 1) * 4;
    checkFilter(bytes.subarray(start, at));
    for (let control = byte(at); control !== 0; control = byte(at)) {
      if (control < 0x80) {
        if (control > 2) throw new Error('damaged');
        const length = (byte(at + 1) << 8) + byte(at + 2) + 1;
        size += length;
        at += 3 + length;
      } else {
        size += ((control & 0x1f) << 16) + (byte(at + 1) << 8) + byte(at + 2) + 1;
        at += (control >= 0xc0 ? 6 : 5) + (byte(at + 3) << 8) + byte(at + 4) + 1;
      }
      if (size > limit) return size;
    }
    at++;
    at += (4 - ((at - start) % 4)) % 4;
    at += checkSize;
  }
  return size;
}

/** Sizes, when it has some, then one filter: LZMA2, with its dictionary. */
function checkFilter(header: Buffer): void {
  const flags = header[1] ?? 0;
  let at = 2;
  const skipNumber = () => {
    while ((header[at++] ?? 0) > 0x7f);
  };
  if (flags & 0x40) skipNumber();
  if (flags & 0x80) skipNumber();
  if ((flags & 0x3f) !== 0 || header[at] !== 0x21 || header[at + 1] !== 1)
    throw new Error('filtered by more than LZMA2');
  const bits = header[at + 2] ?? 40;
  if ((2 | (bits & 1)) * 2 ** ((bits >> 1) + 11) > MAX_DICTIONARY)
    throw new Error(`its dictionary is larger than ${MAX_DICTIONARY} bytes`);
}
