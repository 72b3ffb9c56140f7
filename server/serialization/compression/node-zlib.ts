// What Node's zlib has: zlib and brotli, and zstd from Node 22.15 on.
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { type Engine, TooLarge } from './engine.ts';

type Sync = (body: Uint8Array, options?: object) => Uint8Array;
type Async = (body: Uint8Array, options: object) => Promise<Uint8Array>;
interface Functions {
  readonly pack: readonly [Sync, Async];
  readonly unpack: (body: Uint8Array) => readonly [Sync, Async];
  readonly options?: (body: Uint8Array) => object;
}

function engine({ pack: [packSync, pack], unpack, options = () => ({}) }: Functions): Required<Engine> {
  return {
    compressSync: (body) => packSync(body, options(body)),
    compress: (body) => pack(body, options(body)),
    decompressSync: (body, maxOutputLength) => {
      try {
        return unpack(body)[0](body, { maxOutputLength });
      } catch (error) {
        throw bounded(error);
      }
    },
    decompress: (body, maxOutputLength) =>
      unpack(body)[1](body, { maxOutputLength }).catch((error: unknown) => {
        throw bounded(error);
      }),
  };
}

const bounded = (error: unknown): unknown =>
  (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? new TooLarge() : error;

const inflate = [zlib.inflateSync, promisify(zlib.inflate) as Async] as const;
const gunzip = [zlib.gunzipSync, promisify(zlib.gunzip) as Async] as const;
const unbrotli = [zlib.brotliDecompressSync, promisify(zlib.brotliDecompress) as Async] as const;

/** kombu's 'gzip', too, is a raw zlib stream. Who writes gzip's framing under its type is understood. */
export const ZLIB = engine({
  pack: [zlib.deflateSync, promisify(zlib.deflate) as Async],
  unpack: (body) => (body[0] === 0x1f && body[1] === 0x8b ? gunzip : inflate),
});
export const BROTLI = engine({
  pack: [zlib.brotliCompressSync, promisify(zlib.brotliCompress) as Async],
  unpack: () => unbrotli,
});

/** Absent from Node 20 and its types. */
interface Zstd {
  readonly zstdCompressSync?: Sync;
  readonly zstdCompress: (...args: never[]) => void;
  readonly zstdDecompressSync: Sync;
  readonly zstdDecompress: (...args: never[]) => void;
}

export function nodeZstd(): Required<Engine> | null {
  const { zstdCompressSync, zstdCompress, zstdDecompressSync, zstdDecompress } = zlib as unknown as Zstd;
  if (!zstdCompressSync) return null;
  const unzstd = [zstdDecompressSync, promisify(zstdDecompress) as unknown as Async] as const;
  return engine({
    pack: [zstdCompressSync, promisify(zstdCompress) as unknown as Async],
    unpack: () => unzstd,
    // Python reads no frame that does not say how large it becomes.
    options: (body) => ({ pledgedSrcSize: body.byteLength }),
  });
}
