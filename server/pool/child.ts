// One child of a pool as the worker sees it: started, given jobs, asked to leave, killed.
// Not here: what becomes of a job (child-run.ts), how many children there are and why (child-pool.ts), the line to it (links.ts).
// Holds: it is told to its pool as ready at most once and as ended once; a job is in it from being handed over until the child has no
// more to do with it; one that does not end when it is asked to is killed.
//
// starting > ready > leaving > gone. From any state to gone when it dies or is killed.
import type { Logger } from '../log.ts';
import type { TimerHandle } from '../timer.ts';
import type { ChildBoot, FromChild, ToChild } from './child-messages.ts';
import type { ChildRun } from './child-run.ts';
import { jobFrame } from './job.ts';
import type { Link, LinkEvents, LinkOptions, OpenLink } from './links.ts';

/** How long one that was asked to leave may take to close its connections. @unit milliseconds */
const LEAVE_MS = 5000;
/** How soon one must answer that it heard its signal, or it is blocked. @unit milliseconds */
const ANSWER_MS = 1000;
/** How long handlers of the user's own may take, once it has answered. @unit milliseconds */
const DYING_MS = 10_000;

export interface ChildOptions extends LinkOptions {
  readonly open: OpenLink;
  /** What it loads now. */
  readonly boot: () => Omit<ChildBoot, 'type' | 'name'>;
  /** Jobs at a time. */
  readonly capacity: number;
  readonly aliveTimeoutMs: number;
  readonly log: Logger;
}

/** What its pool hears. */
export interface ChildOwner {
  onReady(child: Child, memoryKiB: number): void;
  /** A job has left it. @param memoryKiB null: not measured */
  onFree(child: Child, memoryKiB: number | null): void;
  onChordParts(count: number): void;
  /** @param lost jobs that were in it */
  onEnd(child: Child, how: string, lost: readonly ChildRun[]): void;
}

export class Child {
  readonly name: string;
  /** Its place in the pool, which who takes its place has after it. From 1. */
  readonly index: number;
  state: 'starting' | 'ready' | 'leaving' | 'gone' = 'starting';
  /** It takes no more jobs, and another takes its place. */
  retiring = false;
  /** Its end was asked for. */
  doomed = false;
  /** Jobs it was given so far. */
  taken = 0;
  /** Jobs it has done. */
  finished = 0;
  /** null: it never was. */
  readyMs: number | null = null;
  /** Why it could not load the app. */
  unable: string | null = null;
  readonly #runs = new Map<number, ChildRun>();
  readonly #owner: ChildOwner;
  readonly #options: ChildOptions;
  readonly #link: Link;
  #deadline: TimerHandle | null = null;

  constructor(name: string, index: number, owner: ChildOwner, options: ChildOptions) {
    this.name = name;
    this.index = index;
    this.#owner = owner;
    this.#options = options;
    const { open, boot, timer, aliveTimeoutMs } = options;
    const events: LinkEvents = {
      onMessage: (message) => this.#hear(message),
      onUnsent: (message, error) => this.#unsent(message, error),
      onEnd: (how) => this.#ended(how),
    };
    this.#link = open(events, options);
    this.#link.send({ type: 'boot', name, ...boot() });
    this.#deadline = timer.after(aliveTimeoutMs, () => {
      this.unable = `it was not ready after ${aliveTimeoutMs / 1000} s (worker_proc_alive_timeout)`;
      this.kill();
    });
  }

  get pid(): number {
    return this.#link.pid;
  }

  /** Jobs in it. */
  get load(): number {
    return this.#runs.size;
  }

  get isFree(): boolean {
    return this.state === 'ready' && !this.retiring && this.#runs.size < this.#options.capacity;
  }

  /** To end a job is not to end this child. */
  get runsOthers(): boolean {
    return this.#options.capacity > 1;
  }

  give(run: ChildRun, key: number): void {
    run.handedTo(this, key);
    this.#runs.set(key, run);
    this.taken++;
    this.#link.send({ type: 'job', key, job: jobFrame(run.job) });
  }

  /** Tell a body that its soft limit has passed. */
  soften(key: number, limitMs: number): void {
    this.#link.send({ type: 'soft', key, limitMs });
  }

  /** Tell a body that it was given up; `abandoned` follows. */
  abandon(key: number, signal: string | null, limitMs: number): void {
    this.#link.send({ type: 'abandon', key, signal, limitMs });
  }

  /** When nothing runs in it. */
  leave(): void {
    if (this.state !== 'ready') return;
    this.state = 'leaving';
    this.retiring = true;
    this.#link.send({ type: 'leave' });
    this.#within(LEAVE_MS);
  }

  /** By a signal. SIGKILL at once; another as soon as the child hears it, else SIGKILL. */
  die(signal: NodeJS.Signals): void {
    if (signal === 'SIGKILL' || !this.#link.takesSignals) this.kill();
    else if (!this.doomed) {
      this.doomed = true;
      this.retiring = true;
      this.#link.send({ type: 'die', signal });
      this.#within(ANSWER_MS);
    }
  }

  kill(): void {
    this.doomed = true;
    this.retiring = true;
    if (this.state !== 'gone') this.#link.kill();
  }

  #within(ms: number): void {
    this.#deadline?.cancel();
    this.#deadline = this.#options.timer.after(ms, () => this.kill());
  }

  #hear(message: FromChild): void {
    switch (message.type) {
      case 'ready':
        this.#deadline?.cancel();
        if (this.state !== 'starting') return;
        this.state = 'ready';
        this.readyMs = this.#options.timer.monotonic();
        this.#owner.onReady(this, message.memoryKiB);
        break;
      case 'unable':
        this.unable = message.reason;
        break;
      case 'accepted':
        this.#runs.get(message.key)?.accepted(message.atMs);
        break;
      case 'ended':
        this.#runs.get(message.key)?.ended();
        break;
      case 'overdue':
        this.#take(message.key, null, (run) => run.overdue());
        break;
      case 'abandoned':
        this.#take(message.key, null, (run) => run.abandoned());
        break;
      case 'done':
        this.finished++;
        if (message.chordParts > 0) this.#owner.onChordParts(message.chordParts);
        this.#take(message.key, message.memoryKiB, (run) => run.done(message.outcome));
        break;
      case 'dying':
        this.#within(DYING_MS);
        break;
      case 'log': {
        const { level, name, task, text, fields } = message;
        const log = this.#options.log.child(name, null, this.index);
        const own = task ? log.child(`${task.name}[${task.id}]`, task) : log;
        own[level.toLowerCase() as Lowercase<typeof level>](text, fields);
        break;
      }
    }
  }

  #unsent(message: ToChild, error: unknown): void {
    if (message.type === 'job') this.#take(message.key, null, (run) => run.unsendable(error));
  }

  /** The job leaves this child; only then it is told, so that its place is free for what follows. */
  #take(key: number, memoryKiB: number | null, settle: (run: ChildRun) => void): void {
    const run = this.#runs.get(key);
    if (!run) return;
    this.#runs.delete(key);
    settle(run);
    this.#owner.onFree(this, memoryKiB);
  }

  #ended(how: string): void {
    this.state = 'gone';
    this.#deadline?.cancel();
    const lost = [...this.#runs.values()];
    this.#runs.clear();
    this.#owner.onEnd(this, how, lost);
  }
}
