// Compression of bodies by Celery's names and content types. zlib and brotli are at hand; the others are refused by name.
// Holds: what comes out is bounded, so that a small body cannot blow up the process; what may become large is opened in Node's
// thread pool, never on the event loop; every failure of reading is a DecodeError.
// kombu 5.6: compression.py ('gzip' is a raw zlib stream there, too, not gzip's framing)
import { promisify } from 'node:util';
import {
  brotliCompressSync,
  brotliDecompress,
  brotliDecompressSync,
  deflateSync,
  gunzip,
  gunzipSync,
  inflate,
  inflateSync,
} from 'node:zlib';
import { nearest } from '../../shared/nearest.ts';
import { DecodeError, ImproperlyConfigured } from '../errors.ts';

const MIB = 1024 * 1024;
/** What a body may become when no limit is set: this, and so many times its size, which honest texts hardly reach. @unit bytes */
const ALWAYS = 8 * MIB;
const HONEST_RATIO = 20;
const MAX_BYTES = 256 * MIB;
/** A body that becomes no larger is opened at once: that takes less than a millisecond. @unit bytes */
const AT_ONCE = 256 * 1024;

/** How large a compressed body may become. @param setting `decompressed_size_limit` @unit bytes */
export function decompressedLimit(size: number, setting: number | null = null): number {
  return setting ?? Math.min(MAX_BYTES, ALWAYS + HONEST_RATIO * size);
}

interface Codec {
  readonly contentType: string;
  compress(body: Uint8Array): Uint8Array;
  decompressSync(body: Uint8Array, maxOutputLength: number): Uint8Array;
  decompress(body: Uint8Array, maxOutputLength: number): Promise<Uint8Array>;
}

// Who writes gzip's framing under zlib's type is understood, too.
const isGzip = (body: Uint8Array): boolean => body[0] === 0x1f && body[1] === 0x8b;
const zlib: Codec = {
  contentType: 'application/x-gzip',
  compress: (body) => deflateSync(body),
  decompressSync: (body, maxOutputLength) => (isGzip(body) ? gunzipSync : inflateSync)(body, { maxOutputLength }),
  decompress: (body, maxOutputLength) => promisify(isGzip(body) ? gunzip : inflate)(body, { maxOutputLength }),
};
const brotli: Codec = {
  contentType: 'application/x-brotli',
  compress: (body) => brotliCompressSync(body),
  decompressSync: (body, maxOutputLength) => brotliDecompressSync(body, { maxOutputLength }),
  decompress: (body, maxOutputLength) => promisify(brotliDecompress)(body, { maxOutputLength }),
};
const CODECS: Readonly<Record<string, Codec>> = { zlib, gzip: zlib, brotli };

/** Names and content types Celery has and this package does not read yet. */
const UNAVAILABLE: Readonly<Record<string, string>> = {
  bzip2: 'application/x-bz2',
  bzip: 'application/x-bz2',
  lzma: 'application/x-lzma',
  xz: 'application/x-lzma',
  zstd: 'application/zstd',
  zstandard: 'application/zstd',
};

/** @throws ImproperlyConfigured for a name, or content type, of no compression. @param owner begins the message */
export function refuseUnknownCompression(name: string, owner: string): void {
  if (!find(name)) throw new ImproperlyConfigured(`${owner}: ${unavailable(name)}`);
}

/** @param name zlib, gzip or brotli, or the content type of one */
export function compress(body: Uint8Array, name: string): { body: Uint8Array; contentType: string } {
  const codec = find(name);
  if (!codec) throw new ImproperlyConfigured(unavailable(name));
  return { body: codec.compress(body), contentType: codec.contentType };
}

/**
 * A small body at once, so that messages keep their order; one that becomes large by a promise.
 * @param contentType value of the message header `compression`
 * @param limit `decompressedLimit`: what becomes larger is refused @unit bytes
 * @throws DecodeError, or rejects with it
 */
export function decompress(
  body: Uint8Array,
  contentType: string,
  limit: number = decompressedLimit(body.byteLength),
): Uint8Array | Promise<Uint8Array> {
  const codec = find(contentType);
  if (!codec) throw new DecodeError(unavailable(contentType));
  if (body.byteLength <= AT_ONCE) {
    try {
      return codec.decompressSync(body, Math.min(AT_ONCE, limit));
    } catch (error) {
      if (!isTooLarge(error) || limit <= AT_ONCE) throw unread(error, contentType, limit);
    }
  }
  return codec.decompress(body, limit).catch((error: unknown) => {
    throw unread(error, contentType, limit);
  });
}

function isTooLarge(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
}

function unread(error: unknown, contentType: string, limit: number): DecodeError {
  const text = isTooLarge(error)
    ? `The body becomes larger than ${limit} bytes when decompressed, and is refused. If that is right, raise decompressed_size_limit.`
    : `The body is not ${contentType}: ${(error as Error).message}`;
  return new DecodeError(text, { cause: error });
}

function find(name: string): Codec | undefined {
  if (Object.hasOwn(CODECS, name)) return CODECS[name];
  return Object.values(CODECS).find((codec) => codec.contentType === name);
}

function unavailable(name: string): string {
  const known = Object.keys(CODECS).join(', ');
  const named = Object.hasOwn(UNAVAILABLE, name) || Object.values(UNAVAILABLE).includes(name);
  const text = JSON.stringify(String(name).slice(0, 100));
  const near = nearest(String(name).slice(0, 100), Object.keys(CODECS));
  return named
    ? `Compression ${text} is not available here. Available: ${known}`
    : `Unknown compression ${text}. ${near ? `Did you mean '${near}'? ` : ''}Known: ${known}`;
}
