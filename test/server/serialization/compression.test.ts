import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DecodeError, ImproperlyConfigured } from '../../../server/errors.ts';
import { compress, decompress, decompressedLimit } from '../../../server/serialization/compression/compression.ts';
import { unpackedSize } from '../../../server/serialization/compression/lzma.ts';
import { frameOf } from '../../../server/serialization/compression/zstd.ts';

const body = Buffer.from('x'.repeat(1000));
const MIB = 1024 * 1024;
const KINDS = [
  ['zlib', 'application/x-gzip'],
  ['gzip', 'application/x-gzip'],
  ['brotli', 'application/x-brotli'],
  ['bzip2', 'application/x-bz2'],
  ['bzip', 'application/x-bz2'],
  ['lzma', 'application/x-lzma'],
  ['xz', 'application/x-lzma'],
  ['zstd', 'application/zstd'],
  ['zstandard', 'application/zstd'],
] as const;

test.each(KINDS)("%s goes round under Celery's content type", async (name, type) => {
  const packed = await compress(body, name);
  expect(packed.contentType).toBe(type);
  // @napi-rs/lzma writes what it is given as it is.
  if (type !== 'application/x-lzma') expect(packed.body.length).toBeLessThan(100);
  // Loaded now, so that messages keep their order.
  expect(Buffer.from(decompress(packed.body, type) as Uint8Array)).toEqual(body);
  expect(compress(body, type)).not.toBeInstanceOf(Promise);
});

test("gzip's framing is understood where others send it", () => {
  expect(Buffer.from(decompress(gzipSync(body), 'application/x-gzip') as Uint8Array)).toEqual(body);
});

test.each(KINDS)(
  '%s: a bomb is refused at its limit, and what becomes large is opened off the event loop',
  async (name) => {
    const big = Buffer.alloc(MIB, 'x');
    const packed = await compress(big, name);
    const opening = decompress(packed.body, packed.contentType);
    expect(opening).toBeInstanceOf(Promise);
    expect(Buffer.from(await opening).equals(big)).toBe(true);
    const refused = /larger than \d+ bytes.*decompressed_size_limit/;
    await expect(async () => decompress(packed.body, packed.contentType, MIB / 2)).rejects.toThrow(refused);
    await expect(async () => decompress(packed.body, packed.contentType, 1000)).rejects.toThrow(refused);
    await expect(async () => decompress(packed.body, packed.contentType, 1000)).rejects.toThrow(DecodeError);
    const small = await compress(big.subarray(0, 200_000), name);
    expect(decompress(small.body, packed.contentType)).toHaveLength(200_000);
  },
);

test('what is not compressed as told is a DecodeError, cut off and damaged bodies, too', async () => {
  for (const [name, type] of KINDS) {
    await expect(async () => decompress(body, type)).rejects.toThrow(DecodeError);
    const packed = Buffer.from((await compress(Buffer.from('some text, '.repeat(40)), name)).body);
    for (const length of [0, 3, 10, packed.length >> 1, packed.length - 5])
      await expect(async () => decompress(packed.subarray(0, length), type)).rejects.toThrow(DecodeError);
  }
  expect(() => decompress(body, 'constructor')).toThrow(DecodeError);
});

test('unknown names are refused with those that are known', () => {
  expect(() => compress(body, 'nonsense')).toThrow(ImproperlyConfigured);
  expect(() => compress(body, 'nonsense')).toThrow(
    /"nonsense". Known: zlib, gzip, brotli, bzip2, bzip, lzma, xz, zstd, zstandard/,
  );
});

test('how large a body may become', () => {
  expect(decompressedLimit(1000)).toBe(8 * MIB + 20_000);
  expect(decompressedLimit(1000, 5000)).toBe(5000);
  expect(decompressedLimit(1e9)).toBe(256 * MIB);
});

describe('what frames say of their size', () => {
  test('an .xz stream says it of each chunk, whatever its index says', async () => {
    const packed = Buffer.from((await compress(Buffer.alloc(300_000), 'xz')).body);
    expect(unpackedSize(packed, 1e9)).toBe(300_000);
    // Python's, with a chunk of LZMA: bytes(1000000)
    const python = Buffer.from(PYTHON_XZ, 'base64');
    expect(unpackedSize(python, 1e9)).toBe(1_000_000);
    await expect(async () => decompress(python, 'application/x-lzma', 999_999)).rejects.toThrow(/larger than 999999/);
    expect(await decompress(python, 'application/x-lzma')).toHaveLength(1_000_000);
  });

  test('an .xz stream that wants a gigabyte for its dictionary is refused', () => {
    const python = Buffer.from(PYTHON_XZ, 'base64');
    // Of the block header: sizes, one filter, its number, one byte of properties.
    expect([...python.subarray(12, 17)]).toEqual([2, 0, 0x21, 1, 22]);
    python[16] = 36;
    expect(() => unpackedSize(python, 1e9)).toThrow(/dictionary is larger/);
  });

  test('a frame of zstd says how large it becomes, as Python wants it', async () => {
    const { body: packed } = await compress(Buffer.alloc(300_000), 'zstd');
    expect(frameOf(packed).size).toBe(300_000);
    expect(() => frameOf(packed.subarray(0, 8))).toThrow(/cut off/);
  });
});

const PYTHON_XZ =
  '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj70I/ANFdAABv/f//o7f/Rz5IFXI5YVG4kijmo4YH+e7kHoLTL8U6PAFLsX7JiopNL6MN2X+m44wjEVPgWRjFdYrid/i2lH8MasDedElk4ulcU7IE2PdEDKtfDW1G6eXDdoi3llestk3haR1v+0uIEGxCy4g/XACP0E6vJiiUcR89jyThcJ6nI1/sKMuF0ZWYin4qkfIndfcZwAaYTZj92K/VkA/EJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsFCPmTwz82AAAAADKzVZfu0uHjAAHtAcCEPQDV4HauscRn+wIAAAAABFla';
