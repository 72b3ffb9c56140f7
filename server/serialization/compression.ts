// Compression of bodies by Celery's names and content types. zlib and brotli are at hand; the others are refused by name.
// Holds: what comes out is bounded (`maxOutputLength`), so that a small body cannot blow up the process; every failure of reading
// is a DecodeError.
// kombu 5.6: compression.py ('gzip' is a raw zlib stream there, too, not gzip's framing)
import { brotliCompressSync, brotliDecompressSync, deflateSync, gunzipSync, inflateSync } from 'node:zlib';
import { DecodeError, ImproperlyConfigured } from '../errors.ts';

/** A body larger than this is refused. @unit bytes */
const MAX_OUTPUT = 512 * 1024 * 1024;

interface Codec {
  readonly contentType: string;
  compress(body: Uint8Array): Uint8Array;
  decompress(body: Uint8Array): Uint8Array;
}

const limit = { maxOutputLength: MAX_OUTPUT };
const zlib: Codec = {
  contentType: 'application/x-gzip',
  compress: (body) => deflateSync(body),
  // Who writes gzip's framing under this type is understood, too.
  decompress: (body) => (body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body, limit) : inflateSync(body, limit)),
};
const brotli: Codec = {
  contentType: 'application/x-brotli',
  compress: (body) => brotliCompressSync(body),
  decompress: (body) => brotliDecompressSync(body, limit),
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

/** @param name zlib, gzip or brotli, or the content type of one */
export function compress(body: Uint8Array, name: string): { body: Uint8Array; contentType: string } {
  const codec = find(name);
  if (!codec) throw new ImproperlyConfigured(unavailable(name));
  return { body: codec.compress(body), contentType: codec.contentType };
}

/** @param contentType value of the message header `compression` */
export function decompress(body: Uint8Array, contentType: string): Uint8Array {
  const codec = find(contentType);
  if (!codec) throw new DecodeError(unavailable(contentType));
  try {
    return codec.decompress(body);
  } catch (error) {
    throw new DecodeError(`The body is not ${contentType}: ${(error as Error).message}`, { cause: error });
  }
}

function find(name: string): Codec | undefined {
  if (Object.hasOwn(CODECS, name)) return CODECS[name];
  return Object.values(CODECS).find((codec) => codec.contentType === name);
}

function unavailable(name: string): string {
  const known = Object.keys(CODECS).join(', ');
  const named = Object.hasOwn(UNAVAILABLE, name) || Object.values(UNAVAILABLE).includes(name);
  const text = JSON.stringify(String(name).slice(0, 100));
  return named
    ? `Compression ${text} is not available here. Available: ${known}`
    : `Unknown compression ${text}. Known: ${known}`;
}
