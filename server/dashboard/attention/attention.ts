// What needs a person, kept up to date: looks at the facts once a second, asks the broker who waits while some worker seems not to eat,
// and asks the history now and then which failures are new.
// Not here: what is found (kinds.ts), when that is a need (watch.ts).
// Holds: the pages read what was concluded at the last look; a reader changes nothing.
import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Timer, TimerHandle } from '../../timer.ts';
import type { Baselines } from '../cluster/baselines.ts';
import type { ClusterView } from '../cluster/view.ts';
import type { Facts, FailureFact, RuntimeBaseline, WaitingLook, WorkerFact } from './facts.ts';
import { gather } from './gather.ts';
import { type Hung, hungOf, namesInQuestion } from './hung.ts';
import type { Finding, Kind } from './kind.ts';
import { type Stall, type Standstill, stalledFor, stallOf, standstillOf } from './stalled.ts';
import { type Needs, Watch } from './watch.ts';

const LOOK_MS = 1000;
const FAILURES_MS = 5000;
const BASELINE_MS = 2000;
/** A worker that did not eat for so long is worth a question to the broker, as a share of when it is named. */
const SUSPECT_AFTER = 0.25;
const LOOKS_KEPT = 30;
const DAY = 86_400;

export class Attention {
  readonly #cluster: ClusterView;
  readonly #timer: Timer;
  readonly #log: Logger;
  readonly #baselines: Baselines;
  readonly #watch = new Watch();
  readonly #timers: TimerHandle[] = [];
  #facts: Facts | null = null;
  #newFailures: readonly FailureFact[] = [];
  #waiting: readonly WaitingLook[] | null = null;
  #baselineOf: ReadonlyMap<string, RuntimeBaseline> = new Map();
  #isAsking = false;
  #isReading = false;
  #stopped = false;
  readonly #onLook: ((facts: Facts) => void)[] = [];

  constructor(cluster: ClusterView, timer: Timer, log: Logger, baselines: Baselines) {
    this.#cluster = cluster;
    this.#timer = timer;
    this.#log = log;
    this.#baselines = baselines;
  }

  start(): void {
    this.#timers.push(
      this.#timer.every(LOOK_MS, () => this.look()),
      this.#timer.every(FAILURES_MS, () => void this.#readFailures()),
      this.#timer.every(BASELINE_MS, () => void this.#readBaselines()),
      // As often as queues are measured, while somebody is suspected.
      this.#timer.every(this.#cluster.options.queue_interval * 1000, () => void this.#askWhoWaits()),
    );
    void this.#readFailures();
  }

  stop(): void {
    this.#stopped = true;
    for (const handle of this.#timers) handle.cancel();
  }

  /** Also done by itself, once a second. */
  look(): void {
    this.#facts = gather(this.#cluster, {
      newFailures: this.#newFailures,
      waiting: this.#waiting,
      baselines: this.#baselineOf,
    });
    this.#watch.observe(this.#facts, this.#timer.monotonic());
    for (const fn of this.#onLook) fn(this.#facts);
  }

  /** After each look. */
  onLook(fn: (facts: Facts) => void): void {
    this.#onLook.push(fn);
  }

  /** Every finding that is part of a need of this kind; null: nothing can be concluded of it now. */
  findings(kind: Kind['kind']): readonly Finding[] | null {
    return this.#watch.findings(kind);
  }

  needs(): Needs {
    return this.#watch.needs();
  }

  /** The picture is not whole yet: what is not listed may only not be known. */
  get isSettling(): boolean {
    return this.#cluster.settled === null;
  }

  /** Why a worker counts as alive but not eating; null: it does not. */
  stallOf(hostname: string): Stall | null {
    const fact = this.#facts?.workers.find((w) => w.hostname === hostname);
    return fact ? this.#stall(fact) : null;
  }

  /** Why a queue counts as standing still; null: it does not, or not for certain. */
  standstillOf(queue: string): Standstill | null {
    return this.#facts && standstillOf(queue, this.#facts, (w) => this.#stall(w));
  }

  /** Why all slots of a worker count as taken by tasks that hang; null: they do not. */
  hungOf(hostname: string): Hung | null {
    const fact = this.#facts?.workers.find((w) => w.hostname === hostname);
    return fact && this.#watch.has('pool-hung', hostname) ? hungOf(fact, this.#facts!) : null;
  }

  /** Only while it is a need: whoever asks gets what the overview shows. */
  #stall(w: WorkerFact): Stall | null {
    return this.#facts !== null && this.#watch.has('worker-stalled', w.hostname) ? stallOf(w, this.#facts) : null;
  }

  /** Failures that were not there before; the history says which, once it goes back far enough to know. */
  async #readFailures(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    const { history, now } = this.#cluster;
    try {
      const groups = await history.failures({ now, span: DAY, limit: 50, task: null, exception: null });
      this.#newFailures = groups.filter((group) => group.is_new === true);
    } catch (error) {
      if (!this.#stopped) this.#log.debug(`Failures could not be read: ${toError(error).message}`);
    } finally {
      this.#isReading = false;
    }
  }

  /** How long the tasks usually run that have all slots of a worker; nobody is asked while there are none. */
  async #readBaselines(): Promise<void> {
    if (this.#facts === null) return;
    const names = namesInQuestion(this.#facts);
    if (names.size === 0) {
      this.#baselineOf = new Map();
      return;
    }
    try {
      const week = await this.#baselines.lastWeek();
      this.#baselineOf = new Map(
        [...names].flatMap((name) => {
          const stats = week.get(name);
          return stats ? [[name, { p99: stats.p99, runs: stats.finished }] as const] : [];
        }),
      );
    } catch (error) {
      if (!this.#stopped) this.#log.debug(`Usual runtimes could not be read: ${toError(error).message}`);
    }
  }

  async #askWhoWaits(): Promise<void> {
    const facts = this.#facts;
    if (facts === null || this.#isAsking) return;
    const isSuspected = facts.workers.some(
      (w) => (stalledFor(w, facts)?.seconds ?? 0) >= SUSPECT_AFTER * facts.stalledAfter,
    );
    if (!isSuspected) {
      this.#waiting = null;
      return;
    }
    this.#isAsking = true;
    try {
      const waiting = await this.#cluster.waitingConsumers();
      const at = this.#cluster.now;
      this.#waiting =
        waiting === null ? null : [...(this.#waiting ?? []), { at, kombu: waiting.kombu }].slice(-LOOKS_KEPT);
    } catch (error) {
      this.#log.debug(`The broker could not be asked who waits: ${toError(error).message}`);
    } finally {
      this.#isAsking = false;
    }
  }
}
