// The threads of histories, in a process that runs test files: one whose history was closed takes the next. To start two of them costs more
// CPU than all else of a dashboard that starts and stops, which a run does some hundred times. hooks.mjs gives this to the history instead of
// server/own-thread.ts; what was built, and programs that a test starts, have a thread for each.
// Holds: the body is evaluated anew for each history (kept-thread.cjs); a thread in which an error was left uncaught is not taken again.
import { EventEmitter } from 'node:events';
import { MessageChannel, type MessagePort, type Worker, type WorkerOptions } from 'node:worker_threads';
import { startInnerThread as startAnother } from '../../../server/own-thread.ts';

/** Two for each history that a test has open at a time, nearly always. */
const MAX_IDLE = 6;
const idle: Worker[] = [];

export function startInnerThread(file: URL, { workerData }: WorkerOptions): KeptThread {
  return new KeptThread(idle.pop() ?? startAnother(new URL('./kept-thread.cjs', import.meta.url)), file, workerData);
}

/** As much of a `Worker` as a history asks for. */
class KeptThread extends EventEmitter {
  readonly #port: MessagePort;

  constructor(worker: Worker, file: URL, workerData: unknown) {
    super();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const failed = (error: unknown): void => void this.emit('error', error);
    worker.once('error', failed);
    worker.once('message', () => {
      worker.off('error', failed);
      if (idle.length < MAX_IDLE) idle.push(worker);
      else worker.postMessage(null);
    });
    worker.postMessage({ path: file.pathname, workerData, port: port2 }, [port2]);
    worker.unref();
    port1.on('message', (message) => this.emit('message', message));
    // After all that came through it.
    port1.on('close', () => this.emit('exit', 0));
  }

  ref(): void {
    this.#port.ref();
  }
  unref(): void {
    this.#port.unref();
  }
  postMessage(message: unknown): void {
    this.#port.postMessage(message);
  }
}
