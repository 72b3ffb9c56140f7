// The thread that opens and makes large bodies by code that has no thread of its own.
import { parentPort } from 'node:worker_threads';
import { load as bzip2 } from './bzip2.ts';
import { type Engine, TooLarge } from './engine.ts';
import { load as zstd } from './zstd.ts';

/** @param limit null: make it smaller */
export interface ThreadCall {
  readonly id: number;
  readonly engine: string;
  readonly body: Uint8Array;
  readonly limit: number | null;
}

export type ThreadAnswer =
  | { readonly id: number; readonly body: Uint8Array }
  | { readonly id: number; readonly error: string; readonly tooLarge: boolean };

const LOADS: Readonly<Record<string, () => Promise<Engine>>> = { bzip2, zstd };
const engines = new Map<string, Promise<Engine>>();

function engineOf(name: string): Promise<Engine> {
  const known = engines.get(name) ?? LOADS[name]!();
  engines.set(name, known);
  return known;
}

parentPort?.on('message', async ({ id, engine, body, limit }: ThreadCall) => {
  try {
    const loaded = await engineOf(engine);
    const done = new Uint8Array(limit === null ? loaded.compressSync(body) : loaded.decompressSync(body, limit));
    parentPort?.postMessage({ id, body: done } satisfies ThreadAnswer, [done.buffer]);
  } catch (error) {
    const tooLarge = error instanceof TooLarge;
    parentPort?.postMessage({ id, error: (error as Error).message, tooLarge } satisfies ThreadAnswer);
  }
});
