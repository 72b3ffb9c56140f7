// A child's end of the line to its worker, in a process (prefork) and in a thread (threads).
// Not here: the worker's end (links.ts), what the child does (child-main.ts).
// Holds: signals of the terminal and of the system are the worker's business, so that a drain which tells every process does not end a
// task; a process ends with the worker, also when a body blocks it: a thread beside it looks whether the worker is still there.
// Celery 5.6: concurrency/prefork.py process_initializer (WORKER_SIGIGNORE, set_pdeathsig)
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import type { ChildPort } from './child-main.ts';
import type { FromChild, ToChild } from './child-messages.ts';
import { hearEach, Outbox } from './outbox.ts';

const IGNORED: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
const nothing = () => {};

/** Every half second; a blocked process would go on without anybody to hear it. */
const WATCH = `
const { workerData } = require('node:worker_threads');
setInterval(() => { if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL'); }, 500);
`;

function processPort(): ChildPort {
  for (const signal of IGNORED) process.on(signal, nothing);
  process.on('disconnect', () => process.exit(1));
  // The line is the worker's: what bodies and their libraries tell a parent that forked them ('ready', say) is for nobody here.
  const send = process.send!.bind(process);
  delete process.send;
  let unsent = 0;
  let exitCode: number | null = null;
  const leaveWhenSent = () => {
    if (exitCode !== null && unsent === 0) process.exit(exitCode);
  };
  const write = (said: FromChild | readonly FromChild[]) => {
    if (!process.connected) return;
    unsent++;
    send(said, () => {
      unsent--;
      leaveWhenSent();
    });
  };
  const outbox = new Outbox<FromChild>(write, (_, error) => {
    throw error;
  });
  process.on('exit', () => outbox.flush());
  return {
    pid: process.pid,
    send(message) {
      outbox.flush();
      write(message);
    },
    say: (message) => outbox.say(message),
    onMessage(handler) {
      process.on('message', (said) =>
        hearEach(said as ToChild, (message) => {
          if (message.type === 'boot') {
            process.title = `umbel worker: ${message.name} (${message.hostname})`;
            watchParent();
          }
          handler(message);
        }),
      );
    },
    memoryKiB: () => Math.round(process.memoryUsage.rss() / 1024),
    end(code) {
      outbox.flush();
      exitCode ??= code;
      leaveWhenSent();
    },
    die(signal) {
      process.off(signal, nothing);
      // Handlers of the user's own may clean up; a moment for what was said to leave.
      setImmediate(() => process.kill(process.pid, signal));
    },
  };
}

function watchParent(): void {
  const watch = new Worker(WATCH, {
    eval: true,
    workerData: process.ppid,
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
  });
  watch.on('error', nothing);
  watch.unref();
}

function threadPort(): ChildPort {
  const port = parentPort!;
  const send = (message: FromChild) => port.postMessage(message);
  return {
    pid: process.pid,
    send,
    say: send,
    onMessage: (handler) => void port.on('message', handler),
    // The process is everybody's; this thread's heap is its own.
    memoryKiB: () => {
      const { heapTotal, external } = process.memoryUsage();
      return Math.round((heapTotal + external) / 1024);
    },
    end: (code) => process.exit(code),
    // The pool ends threads itself.
    die: nothing,
  };
}

export function childPort(): ChildPort {
  return isMainThread ? processPort() : threadPort();
}
