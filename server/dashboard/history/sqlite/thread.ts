// The body of the two history threads: one writes, one reads. Each owns one connection to the file.
// Not here: starting and stopping them (history.ts).
// Holds: it ends by itself after 'close', with the file closed; it is never terminated (the driver would take the process along).
import { parentPort, workerData } from 'node:worker_threads';
import { HistoryReader } from './read.ts';
import { HistoryWriter, type WriterOptions } from './write.ts';

export interface ThreadData extends WriterOptions {
  role: 'write' | 'read';
  path: string;
  /** Ids of calls that nobody waits for any more, each in its place by `givenUpAt`. */
  givenUp: Int32Array;
}
/** Calls that may be given up at a time. */
export const GIVEN_UP_PLACES = 1024;
export const givenUpAt = (id: number): number => id % GIVEN_UP_PLACES;

export interface Call {
  id: number;
  method: string;
  args: unknown[];
}
export type Answer = { id: number; value: unknown } | { id: number; error: { name: string; message: string } };

const port = parentPort;
if (port) {
  const data = workerData as ThreadData;
  let target: HistoryReader | HistoryWriter;
  try {
    target =
      data.role === 'write'
        ? new HistoryWriter(data.path, data)
        : new HistoryReader(data.path, () => performance.now());
    port.postMessage({ id: 0, value: null } satisfies Answer);
    port.on('message', (call: Call) => {
      if (call.method === 'close') {
        target.close();
        port.postMessage({ id: call.id, value: null } satisfies Answer);
        port.close();
        return;
      }
      try {
        if (target instanceof HistoryReader)
          target.budget.begin(() => Atomics.load(data.givenUp, givenUpAt(call.id)) === call.id);
        const method = (target as unknown as Record<string, (...args: unknown[]) => unknown>)[call.method]!;
        port.postMessage({ id: call.id, value: method.apply(target, call.args) } satisfies Answer);
      } catch (error) {
        const spent = target instanceof HistoryReader ? target.budget.spent : null;
        port.postMessage({ id: call.id, error: named(spent ?? error) } satisfies Answer);
      }
    });
  } catch (error) {
    port.postMessage({ id: 0, error: named(error) } satisfies Answer);
    port.close();
  }
}

function named(error: unknown): { name: string; message: string } {
  if (error instanceof Error) return { name: error.constructor.name, message: error.message };
  return { name: 'Error', message: String(error) };
}
