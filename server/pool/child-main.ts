// What a child of a pool does, be it a process or a thread: gets ready, takes jobs, runs them, leaves.
// Not here: the app it loads and how that runs a job (child-app.ts), its end of the line (child-port.ts), what it says (child-messages.ts), who decides about it (child.ts).
// Holds: a job is told as accepted before its body begins, and its end once; what the parent has settled from outside is told no more.
// A promise nobody awaited is logged and no more; after a throw that nobody could catch nothing is certain, and the child ends.
// Celery 5.6: concurrency/prefork.py process_initializer; billiard/pool.py Worker.workloop
import { toFrame } from '../app/outcome.ts';
import { Stop } from '../app/stop.ts';
import { SoftTimeLimitExceeded, Terminated, TimeLimitExceeded, toError } from '../errors.ts';
import { LOG_LEVELS, type Logger, type LogLevel } from '../log.ts';
import type { TaskLabel } from '../log-format.ts';
import { signals } from '../signals.ts';
import type { ChildBoot, FromChild, ToChild } from './child-messages.ts';
import type { Execute } from './contract.ts';
import type { JobFrame } from './job.ts';

/** The child's end of the line, and what differs between a process and a thread. */
export interface ChildPort {
  readonly pid: number;
  /** Now, after what was said before. @throws DataCloneError for what cannot be sent */
  send(message: FromChild): void;
  /** With the rest of what is said in this turn of the event loop. */
  say(message: FromChild): void;
  onMessage(handler: (message: ToChild) => void): void;
  /** What a limit on memory is compared with. @unit KiB */
  memoryKiB(): number;
  /** When all that was said is on its way. */
  end(exitCode: number): void;
  die(signal: NodeJS.Signals): void;
}

/** What a child runs: the app's tasks, or in a test something that stands in for them. */
export interface ChildWork {
  readonly execute: Execute;
  /** Parts of chords counted so far. */
  readonly chordParts: () => number;
  close(): Promise<void>;
}

export type LoadWork = (boot: ChildBoot, log: Logger) => Promise<ChildWork>;

export function serveChild(port: ChildPort, load: LoadWork): void {
  let child: Child | null = null;
  port.onMessage((message) => {
    if (message.type === 'boot') {
      child ??= new Child(port, message);
      void child.start(load);
    } else child?.hear(message);
  });
}

class Child {
  readonly #port: ChildPort;
  readonly #boot: ChildBoot;
  readonly #log: Logger;
  readonly #running = new Map<number, Stop>();
  #work: ChildWork | null = null;
  #chordParts = 0;

  constructor(port: ChildPort, boot: ChildBoot) {
    this.#port = port;
    this.#boot = boot;
    this.#log = portLogger(port, boot.loglevel, boot.name);
  }

  async start(load: LoadWork): Promise<void> {
    process.on('unhandledRejection', (error: unknown) =>
      this.#log.error('A promise was rejected and nobody awaited it; going on', { error }),
    );
    process.on('uncaughtException', (error: unknown) => {
      this.#log.critical('An error was thrown outside of any task, in a timer or an event handler; this child ends', {
        error,
      });
      this.#port.end(1);
    });
    try {
      this.#work = await load(this.#boot, this.#log);
    } catch (error) {
      this.#port.send({ type: 'unable', reason: toError(error).message });
      this.#port.end(1);
      return;
    }
    signals.worker_process_init.send({ sender: null });
    this.#port.send({ type: 'ready', memoryKiB: this.#port.memoryKiB() });
  }

  hear(message: Exclude<ToChild, ChildBoot>): void {
    switch (message.type) {
      case 'job':
        void this.#run(message.key, message.job);
        break;
      case 'soft':
        this.#running.get(message.key)?.notify(new SoftTimeLimitExceeded(message.limitMs / 1000));
        break;
      case 'abandon': {
        const { key, signal, limitMs } = message;
        this.#abandon(key, signal === null ? new TimeLimitExceeded(limitMs / 1000) : new Terminated(signal));
        this.#port.send({ type: 'abandoned', key });
        break;
      }
      case 'die':
        this.#port.send({ type: 'dying' });
        this.#port.die(message.signal);
        break;
      case 'leave':
        void this.#leave();
        break;
    }
  }

  async #run(key: number, frame: JobFrame): Promise<void> {
    const stop = new Stop();
    const { softTimeLimitMs, timeLimitMs } = frame;
    this.#running.set(key, stop);
    this.#port.send({ type: 'accepted', key, atMs: Date.now() });
    const begunMs = performance.now();
    const outcome = await this.#work!.execute({ ...frame, message: null }, stop, (settled) => {
      if (this.#running.get(key) !== stop) return;
      if (!settled && timeLimitMs !== null && performance.now() - begunMs >= timeLimitMs) {
        this.#abandon(key, new TimeLimitExceeded(timeLimitMs / 1000));
        this.#port.send({ type: 'overdue', key });
      } else if (timeLimitMs === null && softTimeLimitMs === null) this.#port.say({ type: 'ended', key });
      // Its limits count until it is told, and another body may block.
      else this.#port.send({ type: 'ended', key });
    });
    if (!this.#running.delete(key)) return;
    const counted = this.#work!.chordParts();
    const memoryKiB = this.#boot.measureMemory ? this.#port.memoryKiB() : null;
    const chordParts = counted - this.#chordParts;
    this.#chordParts = counted;
    this.#port.say({ type: 'done', key, outcome: toFrame(outcome), memoryKiB, chordParts });
  }

  /** Its body hears of it and may go on; nobody listens any more. */
  #abandon(key: number, reason: Error): void {
    const stop = this.#running.get(key);
    this.#running.delete(key);
    stop?.notify(reason);
  }

  async #leave(): Promise<void> {
    signals.worker_process_shutdown.send({ sender: null, pid: this.#port.pid, exitcode: 0 });
    try {
      await this.#work?.close();
    } catch (error) {
      this.#log.warning(`This child could not close its app: ${toError(error).message}`);
    }
    this.#port.end(0);
  }
}

/** Lines go to the parent, which has the log: one writer, one file. Below the level nothing is sent. */
function portLogger(port: ChildPort, level: LogLevel, name: string, task?: TaskLabel): Logger {
  const threshold = LOG_LEVELS.indexOf(level);
  const at = (of: LogLevel) => {
    if (LOG_LEVELS.indexOf(of) < threshold) return () => {};
    return (text: string, fields?: Record<string, unknown>) => {
      const line = { type: 'log', level: of, name, text: String(text), ...(task && { task }) } as const;
      try {
        port.send(fields ? { ...line, fields } : line);
      } catch {
        const shown = Object.entries(fields ?? {}).map(([key, value]) => [key, sendable(value)]);
        port.send({ ...line, fields: Object.fromEntries(shown) });
      }
    };
  };
  return {
    debug: at('DEBUG'),
    info: at('INFO'),
    warning: at('WARNING'),
    error: at('ERROR'),
    critical: at('CRITICAL'),
    child: (childName, label) => portLogger(port, level, label ? name : childName, label ?? undefined),
  };
}

/** What cannot be copied, such as a function, as its text. */
function sendable(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return value instanceof Error ? String(value.stack ?? value) : String(value);
  }
}
