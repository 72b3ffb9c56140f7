// The worker's end of the line to one child: a process (prefork) or a thread (threads). Opens it, hands over, ends it, tells how it ended.
// Not here: the child's end (child-port.ts), what is said (child-messages.ts), what it means (child.ts).
// Holds: writing never blocks and never throws; what a child said before it ended is told before its end,
// which is told once, whoever ended it and however.
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { toError } from '../errors.ts';
import { endOutside, nativeGate } from '../native-gate.ts';
import { startProcess, startThread } from '../own-thread.ts';
import type { Timer, TimerHandle } from '../timer.ts';
import type { FromChild, ToChild } from './child-messages.ts';
import { hearEach, Outbox } from './outbox.ts';

export interface LinkEvents {
  onMessage(message: FromChild): void;
  /** It cannot be copied. */
  onUnsent(message: ToChild, error: unknown): void;
  /** @param how as Celery's logs name it: 'signal 9 (SIGKILL)', 'exitcode 1'; or why it could not be started */
  onEnd(how: string): void;
}

export interface Link {
  readonly pid: number;
  /** It can be asked to end by a signal. */
  readonly takesSignals: boolean;
  /** In this turn of the event loop. */
  send(message: ToChild): void;
  /** At once, whatever it does; a thread that is inside the SQLite driver as soon as it has left it. */
  kill(): void;
}

export interface LinkOptions {
  readonly entry: URL;
  readonly timer: Timer;
  /** How long after its end what it has still said is waited for. @unit milliseconds */
  readonly lostWaitMs: number;
}

export type OpenLink = (events: LinkEvents, options: LinkOptions) => Link;

export const openProcess: OpenLink = (events, { entry, timer, lostWaitMs }) => {
  let child: ChildProcess;
  try {
    child = startProcess(entry, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  } catch (error) {
    return unopened(events, error);
  }
  let how: string | null = null;
  let isOver = false;
  let late: TimerHandle | null = null;
  const end = () => {
    if (isOver || how === null) return;
    isOver = true;
    late?.cancel();
    if (child.connected) child.disconnect();
    events.onEnd(how);
  };
  child.on('message', (said) =>
    hearEach(said as FromChild, (message) => {
      if (!isOver) events.onMessage(message);
    }),
  );
  const outbox = new Outbox<ToChild>(
    (said) => {
      // The callback takes the error of a line that is no more.
      if (child.connected) child.send(said as ToChild, () => {});
    },
    (message, error) => events.onUnsent(message, error),
  );
  // Its pipe ends when all of it has been read. A process that a task started may hold it open.
  child.on('disconnect', end);
  child.on('exit', (code, signal) => {
    how = signal ? `signal ${constants.signals[signal]} (${signal})` : `exitcode ${code}`;
    if (!child.connected) end();
    else late = timer.after(lostWaitMs, end);
  });
  child.on('error', (error) => {
    // A write to one that has just died is told by its end.
    if (child.pid !== undefined) return;
    how ??= error.message;
    end();
  });
  return {
    pid: child.pid ?? 0,
    takesSignals: true,
    send: (message) => outbox.say(message),
    kill() {
      child.kill('SIGKILL');
    },
  };
};

export const openThread: OpenLink = (events, { entry, timer }) => {
  const gate = nativeGate();
  let failure: string | null = null;
  let isOver = false;
  const end = (how: string) => {
    if (isOver) return;
    isOver = true;
    events.onEnd(how);
  };
  let thread: Worker;
  try {
    thread = startThread(entry, { workerData: { gate } });
  } catch (error) {
    return unopened(events, error);
  }
  thread.on('message', (message: FromChild | null) => {
    // A body may have posted something of its own.
    if (!isOver && typeof message?.type === 'string') events.onMessage(message);
  });
  thread.on('error', (error: unknown) => {
    failure = error instanceof Error ? error.message : String(error);
  });
  thread.on('exit', (code) => end(failure ?? `exitcode ${code}`));
  return {
    pid: process.pid,
    takesSignals: false,
    send(message) {
      try {
        thread.postMessage(ownBytes(message));
      } catch (error) {
        queueMicrotask(() => events.onUnsent(message, error));
      }
    },
    kill: () => endOutside(gate, timer, () => void thread.terminate()),
  };
};

/** The system has no room for another. */
function unopened(events: LinkEvents, error: unknown): Link {
  queueMicrotask(() => events.onEnd(toError(error).message));
  return { pid: process.pid, takesSignals: false, send() {}, kill() {} };
}

/** A body is often a small piece of a large buffer, all of which would be copied. */
function ownBytes(message: ToChild): ToChild {
  if (message.type !== 'job') return message;
  const { body } = message.job;
  if (body.buffer.byteLength === body.byteLength) return message;
  return { ...message, job: { ...message.job, body: new Uint8Array(body) } };
}
