// bzip2: read by the package seek-bzip, written by bzip2-writer.ts.
import Bunzip from 'seek-bzip';
import { writeBzip2 } from './bzip2-writer.ts';
import { type Engine, TooLarge } from './engine.ts';

export async function load(): Promise<Engine> {
  return {
    compressSync: writeBzip2,
    decompressSync: (body, limit) => {
      const out = new BoundedOutput(limit);
      Bunzip.decode(Buffer.from(body.buffer, body.byteOffset, body.byteLength), out, true);
      return out.bytes();
    },
  };
}

/** What seek-bzip writes to, byte by byte. */
class BoundedOutput {
  readonly #limit: number;
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  writeByte(byte: number): void {
    if (this.#length >= this.#limit) throw new TooLarge();
    if (this.#length === this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * this.#bytes.length);
      this.#bytes.copy(larger);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = byte;
  }

  flush(): void {}

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
