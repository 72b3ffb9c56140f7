// Runs an engine in a thread, which is started with the first large body and lives on, holding no process open.
// Holds: a thread that dies fails what it was asked, and the next call starts another.
import type { Worker } from 'node:worker_threads';
import { startInnerThread } from '../../own-thread.ts';
import { TooLarge } from './engine.ts';
import type { ThreadAnswer, ThreadCall } from './thread.ts';

interface Waiting {
  resolve(body: Uint8Array): void;
  reject(error: Error): void;
}

let thread: Worker | null = null;
let calls = 0;
const waiting = new Map<number, Waiting>();

/** @param limit null: compress */
export function inThread(engine: string, body: Uint8Array, limit: number | null): Promise<Uint8Array> {
  const id = ++calls;
  thread ??= start();
  const running = thread;
  running.ref();
  return new Promise<Uint8Array>((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    // A copy of its own: a view would take along all of the buffer that it lies in.
    const own = new Uint8Array(body);
    running.postMessage({ id, engine, body: own, limit } satisfies ThreadCall, [own.buffer]);
  }).finally(() => {
    if (waiting.size === 0) thread?.unref();
  });
}

function start(): Worker {
  const started = startInnerThread(new URL('./thread.ts', import.meta.url));
  started.on('message', (answer: ThreadAnswer) => {
    const one = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('body' in answer) one?.resolve(answer.body);
    else one?.reject(answer.tooLarge ? new TooLarge() : new Error(answer.error));
  });
  const gone = (error: Error) => {
    if (thread === started) thread = null;
    const lost = [...waiting.values()];
    waiting.clear();
    for (const one of lost) one.reject(error);
  };
  started.on('error', gone);
  started.on('exit', (code) => gone(new Error(`the thread ended with code ${code}`)));
  return started;
}
