// Compression of bodies by Celery's names and content types. zlib and brotli are Node's own; the others are loaded when they are named.
// Holds: what comes out is bounded, so that a small body cannot blow up the process; what may become large is opened and made off the
// event loop; every failure of reading is a DecodeError.
// kombu 5.6: compression.py
import { nearest } from '../../../shared/nearest.ts';
import { DecodeError, EncodeError, ImproperlyConfigured } from '../../errors.ts';
import { type Engine, type LoadEngine, TooLarge } from './engine.ts';
import { inThread } from './in-thread.ts';
import { BROTLI, ZLIB } from './node-zlib.ts';

const MIB = 1024 * 1024;
/** What a body may become when no limit is set: this, and so many times its size, which honest texts hardly reach. @unit bytes */
const ALWAYS = 8 * MIB;
const HONEST_RATIO = 20;
const MAX_BYTES = 256 * MIB;
/** A body that becomes no larger is opened at once: that takes less than a millisecond with zlib. @unit bytes */
const AT_ONCE = 256 * 1024;

/** How large a compressed body may become. @param setting `decompressed_size_limit` @unit bytes */
export function decompressedLimit(size: number, setting: number | null = null): number {
  return setting ?? Math.min(MAX_BYTES, ALWAYS + HONEST_RATIO * size);
}

interface Kind {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly contentType: string;
  engine: Engine | null;
  /** One at a time: what a package holds of its own is made once. */
  loading: Promise<Engine> | null;
  readonly load: LoadEngine;
}

const KINDS: readonly Kind[] = [
  kind('zlib', ['gzip'], 'application/x-gzip', ZLIB),
  kind('brotli', [], 'application/x-brotli', BROTLI),
  kind('bzip2', ['bzip'], 'application/x-bz2', () => import('./bzip2.ts').then(({ load }) => load())),
  kind('lzma', ['xz'], 'application/x-lzma', () => import('./lzma.ts').then(({ load }) => load())),
  kind('zstd', ['zstandard'], 'application/zstd', () => import('./zstd.ts').then(({ load }) => load())),
];

function kind(name: string, aliases: readonly string[], contentType: string, how: Engine | LoadEngine): Kind {
  const loaded = typeof how === 'function' ? null : how;
  return {
    name,
    aliases,
    contentType,
    engine: loaded,
    loading: null,
    load: typeof how === 'function' ? how : async () => how,
  };
}

/** @throws ImproperlyConfigured for a name, or content type, of no compression. @param owner begins the message */
export function refuseUnknownCompression(name: string, owner: string): void {
  if (!find(name)) throw new ImproperlyConfigured(`${owner}: ${unknown(name)}`);
}

export interface Compressed {
  readonly body: Uint8Array;
  readonly contentType: string;
}

/**
 * A small body at once where its kind is loaded, else by a promise.
 * @param name zlib, gzip, brotli, bzip2, bzip, lzma, xz, zstd or zstandard, or the content type of one
 * @throws ImproperlyConfigured, or rejects with it, for an unknown name or a package that is not installed
 */
export function compress(body: Uint8Array, name: string): Compressed | Promise<Compressed> {
  const found = find(name);
  if (!found) throw new ImproperlyConfigured(unknown(name));
  const { contentType } = found;
  if (!found.engine) return load(found, ImproperlyConfigured).then(() => compress(body, name));
  if (body.byteLength <= AT_ONCE) return { body: found.engine.compressSync(body), contentType };
  const making = found.engine.compress?.(body) ?? inThread(found.name, body, null);
  return making.then(
    (made) => ({ body: made, contentType }),
    (error: unknown) => {
      throw new EncodeError(`Cannot compress by ${found.name}: ${(error as Error).message}`, { cause: error });
    },
  );
}

/**
 * A small body at once where its kind is loaded, so that messages keep their order; one that becomes large by a promise.
 * @param contentType value of the message header `compression`
 * @param limit `decompressedLimit`: what becomes larger is refused @unit bytes
 * @throws DecodeError, or rejects with it
 */
export function decompress(
  body: Uint8Array,
  contentType: string,
  limit: number = decompressedLimit(body.byteLength),
): Uint8Array | Promise<Uint8Array> {
  const found = find(contentType);
  if (!found) throw new DecodeError(unknown(contentType));
  const { engine } = found;
  if (!engine) return load(found, DecodeError).then(() => decompress(body, contentType, limit));
  if (body.byteLength <= AT_ONCE) {
    try {
      return engine.decompressSync(body, Math.min(AT_ONCE, limit));
    } catch (error) {
      if (!(error instanceof TooLarge) || limit <= AT_ONCE) throw unread(error, contentType, limit);
    }
  }
  const opening = engine.decompress?.(body, limit) ?? inThread(found.name, body, limit);
  return opening.catch((error: unknown) => {
    throw unread(error, contentType, limit);
  });
}

async function load(found: Kind, ErrorClass: typeof ImproperlyConfigured | typeof DecodeError): Promise<void> {
  try {
    found.loading ??= found.load();
    found.engine = await found.loading;
  } catch (error) {
    found.loading = null;
    throw new ErrorClass(`Compression ${found.name} is not available here: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function unread(error: unknown, contentType: string, limit: number): DecodeError {
  const text =
    error instanceof TooLarge
      ? `The body becomes larger than ${limit} bytes when decompressed, and is refused. If that is right, raise decompressed_size_limit.`
      : `The body is not ${contentType}: ${(error as Error).message}`;
  return new DecodeError(text, { cause: error });
}

function find(name: string): Kind | undefined {
  return KINDS.find((one) => one.contentType === name || one.name === name || one.aliases.includes(name));
}

function unknown(name: string): string {
  const names = KINDS.flatMap((one) => [one.name, ...one.aliases]);
  const given = String(name).slice(0, 100);
  const near = nearest(given, names);
  return `Unknown compression ${JSON.stringify(given)}. ${near ? `Did you mean '${near}'? ` : ''}Known: ${names.join(', ')}`;
}
