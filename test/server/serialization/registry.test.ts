import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ContentDisallowed, DecodeError, EncodeError, ImproperlyConfigured } from '../../../server/errors.ts';
import { compress, decompress, decompressedLimit } from '../../../server/serialization/compression.ts';
import { acceptSet, decode, encode, registerSerializer } from '../../../server/serialization/registry.ts';

describe('serializers', () => {
  test('a content type outside the accept list is refused with what is allowed', () => {
    const { body } = encode([1], 'json');
    expect(() => decode(body, 'application/json', 'utf-8', acceptSet(['raw']))).toThrow(ContentDisallowed);
    expect(() => decode(body, 'application/x-python-serialize', 'binary', acceptSet(['json']))).toThrow(
      /untrusted content of type pickle \(application\/x-python-serialize\): accept_content allows application\/json/,
    );
    expect(() => decode(body, '__proto__', 'utf-8', acceptSet(['json']))).toThrow(ContentDisallowed);
  });

  test('the accept list takes names and content types', () => {
    expect([...acceptSet(['json', 'application/x-mine', 'pickle'])]).toEqual([
      'application/json',
      'application/x-mine',
      'application/x-python-serialize',
    ]);
    expect(() => acceptSet(['jsn'])).toThrow(ImproperlyConfigured);
  });

  test('an unknown serializer is refused with the known ones, an unavailable one by name', () => {
    expect(() => encode(1, 'jsn')).toThrow(/Unknown serializer "jsn". Known: json, raw/);
    expect(() => encode(1, 'pickle')).toThrow(/pickle is not available here/);
  });

  test('a registered serializer is used by its name and its content type', () => {
    registerSerializer({
      name: 'reversed',
      contentType: 'application/x-reversed',
      contentEncoding: 'utf-8',
      encode: (value) => [...String(value)].reverse().join(''),
      decode: (body) => [...Buffer.from(body).toString()].reverse().join(''),
    });
    const { body, contentType } = encode('abc', 'reversed');
    expect(Buffer.from(body).toString()).toBe('cba');
    expect(decode(body, contentType, 'utf-8', acceptSet(['reversed']))).toBe('abc');
  });

  test('raw takes bytes, text takes text, and neither anything else', () => {
    expect(encode(Uint8Array.of(1), 'raw').contentType).toBe('application/data');
    expect(() => encode({}, 'raw')).toThrow(EncodeError);
    expect(decode(Buffer.from('ž'), 'text/plain', 'utf-8', acceptSet(['text/plain']))).toBe('ž');
  });

  test('bytes that are no text in the encoding told are refused', () => {
    const accept = acceptSet(['json']);
    expect(() => decode(Uint8Array.of(0x22, 0xff, 0x22), 'application/json', 'utf-8', accept)).toThrow(DecodeError);
    expect(() => decode(Buffer.from('1'), 'application/json', 'klingon', accept)).toThrow(DecodeError);
    expect(decode(Buffer.from('"\ufffd"'), 'application/json', 'utf-8', accept)).toBe('\ufffd');
    expect(decode(Buffer.from('"é"', 'latin1'), 'application/json', 'latin-1', accept)).toBe('é');
  });
});

describe('compression', () => {
  const body = Buffer.from('x'.repeat(1000));
  for (const [name, type] of [
    ['zlib', 'application/x-gzip'],
    ['gzip', 'application/x-gzip'],
    ['brotli', 'application/x-brotli'],
  ] as const) {
    test(`${name} goes round under Celery's content type`, () => {
      const packed = compress(body, name);
      expect(packed.contentType).toBe(type);
      expect(packed.body.length).toBeLessThan(100);
      expect(Buffer.from(decompress(packed.body, type) as Uint8Array)).toEqual(body);
    });
  }
  test("gzip's framing is understood where others send it", () => {
    expect(Buffer.from(decompress(gzipSync(body), 'application/x-gzip') as Uint8Array)).toEqual(body);
  });
  test('what is not compressed as told is a DecodeError', () => {
    expect(() => decompress(body, 'application/x-gzip')).toThrow(DecodeError);
    expect(() => decompress(body, 'application/x-brotli')).toThrow(DecodeError);
    expect(() => decompress(body, 'constructor')).toThrow(DecodeError);
  });
  test('a bomb is refused at its limit, and what becomes large is opened off the event loop', async () => {
    const big = Buffer.alloc(4 * 1024 * 1024, 'x');
    for (const name of ['zlib', 'brotli']) {
      const packed = compress(big, name);
      const opening = decompress(packed.body, packed.contentType);
      expect(opening).toBeInstanceOf(Promise);
      expect(Buffer.from(await opening).equals(big)).toBe(true);
      await expect(async () => decompress(packed.body, packed.contentType, 1024 * 1024)).rejects.toThrow(
        /larger than 1048576 bytes.*decompressed_size_limit/,
      );
      expect(() => decompress(packed.body, packed.contentType, 1000)).toThrow(/larger than 1000 bytes/);
      const bomb = compress(Buffer.alloc(64 * 1024 * 1024), name);
      expect(bomb.body.byteLength).toBeLessThan(100_000);
      await expect(async () => decompress(bomb.body, bomb.contentType)).rejects.toThrow(DecodeError);
      expect(decompress(compress(Buffer.alloc(200_000), name).body, packed.contentType)).toHaveLength(200_000);
    }
    expect(decompressedLimit(1000)).toBe(8 * 1024 * 1024 + 20_000);
    expect(decompressedLimit(1000, 5000)).toBe(5000);
    expect(decompressedLimit(1e9)).toBe(256 * 1024 * 1024);
  });
  for (const name of ['bzip2', 'lzma', 'xz', 'zstd', 'nonsense']) {
    test(`${name} is refused by name`, () => {
      expect(() => compress(body, name)).toThrow(ImproperlyConfigured);
      expect(() => compress(body, name)).toThrow(new RegExp(`"${name}".*(Available|Known): zlib, gzip, brotli`));
    });
  }
});
