// Workers that do not know us yet: they are asked to show themselves, to send task events, and for all that they have.
// Not here: the rounds in which every worker is asked again and again (cluster.ts), the questions (inspector.ts).
// Holds: a worker that has just said hello may not listen yet: it is asked again a few times. Names for which there is no place are not
// asked, however many somebody invents.
import type { ClusterState } from '../../../shared/events/cluster-state.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Timer } from '../../timer.ts';
import type { Inspector } from './inspector.ts';
import { LastTime } from './last-time.ts';
import type { ClusterLink } from './link.ts';
import type { TaskEvents } from './task-events.ts';

/** How often one is asked in vain. */
const MAX_VAIN = 4;
/** @unit milliseconds */
const ANNOUNCE_AGAIN_MS = 5000;
/** Workers that say hello within this are asked together. @unit milliseconds */
const TOGETHER_MS = 150;

export interface DiscoveryParts {
  readonly state: ClusterState;
  readonly link: ClusterLink;
  readonly inspector: Inspector;
  readonly taskEvents: TaskEvents;
  readonly timer: Timer;
  readonly log: Logger;
  /** Whether workers are asked to send task events. */
  readonly enablesEvents: boolean;
  readonly isListening: () => boolean;
  readonly probeQueues: () => Promise<void>;
}

export class Discovery {
  readonly #settled: LastTime;
  readonly #parts: DiscoveryParts;
  /** Workers asked for all since we connected, and how often in vain. */
  readonly #asked = new Map<string, number>();
  #newcomers = new Map<string, number>();
  #due = false;
  #announcing: Promise<void> | null = null;
  #announcedMs = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
    this.#settled = new LastTime(parts.timer);
  }

  /** Since when the picture is whole: the first round of questions after we began to hear has ended. null: not yet. @unit seconds */
  get settled(): number | null {
    return this.#settled.at;
  }

  /** Nobody is heard any more. */
  unsettle(): void {
    this.#settled.forget();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Ask everybody. Never rejects; callers meanwhile share it. */
  announce(): Promise<void> {
    this.#announcing ??= this.#announce().finally(() => {
      this.#announcing = null;
    });
    return this.#announcing;
  }

  /** Every second: nobody could be asked the last time. */
  tick(): void {
    const { isListening, timer } = this.#parts;
    if (isListening() && this.settled === null && timer.monotonic() - this.#announcedMs > ANNOUNCE_AGAIN_MS)
      void this.announce();
  }

  /** An event that is merged already. */
  take({ hostname, type }: CeleryEvent): void {
    if (type === 'worker-online' || (type === 'worker-heartbeat' && this.#mayAsk(hostname)))
      this.#newcomer(hostname, type === 'worker-online');
  }

  forget(hostname: string): void {
    this.#asked.delete(hostname);
  }

  async #announce(): Promise<void> {
    const { inspector, isListening, link, log, probeQueues, timer } = this.#parts;
    this.#announcedMs = timer.monotonic();
    try {
      this.#asked.clear();
      await link.asking.tryConnect();
      await link.control.broadcast('heartbeat', {});
      await Promise.all([this.#enableEvents(null), inspector.ask(null)]);
      await probeQueues();
      if (isListening()) this.#settled.mark();
    } catch (error) {
      log.debug(`The cluster could not be asked: ${toError(error).message}`);
    }
  }

  async #enableEvents(destination: readonly string[] | null): Promise<void> {
    if (this.#parts.enablesEvents) await this.#parts.taskEvents.enable(destination);
  }

  /** Not asked yet, or in vain, and not just being asked. Later the ordinary rounds ask it. */
  #mayAsk(hostname: string | undefined): boolean {
    if (hostname === undefined) return false;
    const inVain = this.#asked.get(hostname);
    return inVain === undefined || (inVain > 0 && inVain < MAX_VAIN && !this.#newcomers.has(hostname));
  }

  #newcomer(hostname: string | undefined, isStart: boolean): void {
    const { inspector, state, taskEvents, timer } = this.#parts;
    if (hostname === undefined || !state.workers.has(hostname)) return;
    // It has forgotten what the one before it was told.
    if (isStart) taskEvents.forget(hostname);
    if (isStart) inspector.restarted(hostname);
    this.#newcomers.set(hostname, isStart ? 0 : (this.#asked.get(hostname) ?? 0));
    this.#asked.set(hostname, 0);
    if (this.#due) return;
    this.#due = true;
    timer.after(TOGETHER_MS, () => this.#askNewcomers());
  }

  #askNewcomers(): void {
    const { inspector, log, timer } = this.#parts;
    const newcomers = this.#newcomers;
    const hostnames = [...newcomers.keys()];
    this.#newcomers = new Map();
    this.#due = false;
    if (this.#stopped) return;
    const since = timer.now() / 1000;
    void Promise.all([this.#enableEvents(hostnames), inspector.ask(hostnames)])
      .catch((error: unknown) => log.debug(`New workers could not be asked: ${toError(error).message}`))
      .finally(() => {
        for (const [hostname, inVain] of newcomers)
          if (this.#asked.has(hostname) && (inspector.answeredAt(hostname, 'stats') ?? 0) < since)
            this.#asked.set(hostname, inVain + 1);
      });
  }
}
