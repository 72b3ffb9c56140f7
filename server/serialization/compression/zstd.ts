// zstd: Node's own where it has one (22.15), else the package @bokuweb/zstd-wasm, whose memory is bounded by what the frame says.
// RFC 8878: Zstandard
import { type Engine, packageNamed, TooLarge } from './engine.ts';
import { nodeZstd } from './node-zlib.ts';

const MAGIC = 0xfd2fb528;
/** No block becomes larger. @unit bytes */
const BLOCK = 128 * 1024;
const CHECKSUM_BYTES = 4;

const READY: unique symbol = Symbol.for('umbel.zstd') as never;

interface Wasm {
  init(): Promise<void>;
  compress(body: Uint8Array): Uint8Array;
  decompress(body: Uint8Array, options: { defaultHeapSize: number }): Uint8Array;
}

export async function load(): Promise<Engine> {
  const own = nodeZstd();
  if (own) return ofWhole(own);
  const name = '@bokuweb/zstd-wasm';
  const found = await packageNamed<Wasm & { default?: Wasm }>(name, ', or run Node 22.15 or later');
  const wasm = found.default ?? found;
  await ready(wasm);
  return {
    compressSync: (body) => wasm.compress(body),
    decompressSync: (body, limit) => {
      const { size, atMost } = frameOf(body);
      if (size !== null && size > limit) throw new TooLarge();
      try {
        return wasm.decompress(body, { defaultHeapSize: Math.min(limit, atMost) });
      } catch (error) {
        // Its error 70: the room is too small.
        if (size === null && atMost > limit && /-70|4294967226/.test((error as Error).message)) throw new TooLarge();
        throw new Error('damaged');
      }
    },
  };
}

/** Node takes what is cut off for something shorter. */
function ofWhole({ compressSync, compress, decompressSync, decompress }: Required<Engine>): Engine {
  return {
    compressSync,
    compress,
    decompressSync: (body, limit) => {
      frameOf(body);
      return decompressSync(body, limit);
    },
    decompress: async (body, limit) => {
      frameOf(body);
      return decompress(body, limit);
    },
  };
}

/** Once in a process, also where this code is there twice: what it holds would be another one in the middle of the other's work. */
function ready(wasm: Wasm): Promise<void> {
  const process = globalThis as { [READY]?: Promise<void> };
  process[READY] ??= wasm.init();
  return process[READY];
}

/** What the header of the (first) frame says it becomes (null: nothing), and what its blocks could become. @throws when it is no frame */
export function frameOf(body: Uint8Array): { size: number | null; atMost: number } {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (body.byteLength < 6 || view.getUint32(0, true) !== MAGIC) throw new Error('no zstd frame');
  const descriptor = view.getUint8(4);
  const single = (descriptor & 0x20) !== 0;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  let at = 5 + (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  if (at + sizeBytes > body.byteLength) throw new Error('cut off');
  let size: number | null = null;
  if (sizeBytes === 1) size = view.getUint8(at);
  else if (sizeBytes === 2) size = view.getUint16(at, true) + 256;
  else if (sizeBytes === 4) size = view.getUint32(at, true);
  else if (sizeBytes === 8) size = Number(view.getBigUint64(at, true));
  at += sizeBytes;
  let atMost = 0;
  for (let last = false; !last; ) {
    if (at + 3 > body.byteLength) throw new Error('cut off');
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    last = (header & 1) === 1;
    const [kind, length] = [(header >> 1) & 3, header >> 3];
    if (kind === 3) throw new Error('damaged');
    atMost += kind === 2 ? BLOCK : length;
    at += 3 + (kind === 1 ? 1 : length);
  }
  if (at + ((descriptor & 4) === 0 ? 0 : CHECKSUM_BYTES) > body.byteLength) throw new Error('cut off');
  return { size, atMost };
}
