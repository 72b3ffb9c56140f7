// How the rows of Redis are written: as this app encodes results, since a row does not say how it was.
// Which row has which key: key-value.ts.
import type { ResultMeta } from '../protocol/result-meta.ts';
import { readResultMeta } from '../protocol/result-meta.ts';
import { encodeJson } from '../serialization/json.ts';
import type { BackendContext, ChordPart } from './contract.ts';
import { chordPartValue } from './key-value.ts';

export class RedisRows {
  readonly #context: BackendContext;
  #format: { readonly type: string; readonly encoding: string } | null = null;

  constructor(context: BackendContext) {
    this.#context = context;
  }

  /** Many texts go in one write; of many buffers the client makes one, piece by piece. Measured: 1 us a result. */
  encodeResult(meta: ResultMeta): string | Buffer {
    const { body, contentEncoding } = this.#context.encode(meta);
    return contentEncoding === 'utf-8' ? bufferOf(body).toString() : bufferOf(body);
  }

  /** Kombu's own text where it is JSON: a part that a Python worker has told of, and one of ours tells of again, is one. */
  encodePart(part: ChordPart): Buffer {
    const value = chordPartValue(part);
    if (this.#stored().type === 'application/json') return Buffer.from(encodeJson(value));
    return bufferOf(this.#context.encode(value).body);
  }

  encodeGroup(result: unknown): Buffer {
    return bufferOf(this.#context.encode({ result }).body);
  }

  group(row: Buffer): unknown {
    return (this.value(row) as { result?: unknown } | null)?.result ?? null;
  }

  result(taskId: string, row: Buffer): ResultMeta {
    return readResultMeta(this.value(row), taskId);
  }

  value(row: Buffer): unknown {
    const { type, encoding } = this.#stored();
    return this.#context.decode(row, type, encoding);
  }

  #stored(): { readonly type: string; readonly encoding: string } {
    if (!this.#format) {
      const { contentType, contentEncoding } = this.#context.encode({});
      this.#format = { type: contentType, encoding: contentEncoding };
    }
    return this.#format;
  }
}

export function bufferOf(body: Uint8Array): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}
