// Whether workers send task events: asking them to, what they answered, and what their heartbeats show.
// Not here: comparing heartbeats with events (worker-watch.ts); the page's own button (../operations/).
// Holds: `false` is only said of a worker that answered so itself, or that began tasks over several heartbeats of which no event told.
import type { ClusterState } from '../../../shared/events/cluster-state.ts';
import type { Control, Replies } from '../../control/control.ts';
import type { Timer } from '../../timer.ts';
import type { WorkerWatch } from './worker-watch.ts';

/** What a worker sends on its way while it is asked to stop, still arrives. @unit seconds */
const ON_ITS_WAY = 10;

export class TaskEvents {
  readonly #control: Control;
  readonly #timer: Timer;
  readonly #state: ClusterState;
  readonly #watch: WorkerWatch;
  /** @unit seconds */
  readonly #timeout: number;
  readonly #answers = new Map<string, { at: number; on: boolean }>();

  /** @param timeout seconds to wait for answers */
  constructor(control: Control, timer: Timer, state: ClusterState, watch: WorkerWatch, timeout: number) {
    this.#control = control;
    this.#timer = timer;
    this.#state = state;
    this.#watch = watch;
    this.#timeout = timeout;
  }

  /** Ask these workers to send task events, or everybody when null. */
  async enable(destination: readonly string[] | null): Promise<void> {
    const limit = destination === null ? {} : { limit: destination.length };
    this.note(await this.#control.enableEvents({ destination, reply: true, timeout: this.#timeout, ...limit }), true);
  }

  /** Workers were asked to send task events (`on`), or to stop; these did answer that they do. */
  note(replies: Replies, on: boolean): void {
    for (const reply of replies)
      for (const [hostname, value] of Object.entries(reply)) {
        const record = this.#state.workers.get(hostname);
        const ok = (value as { ok?: unknown } | null)?.ok;
        if (!record || ok === undefined) continue;
        // So answers one with -E, which sends everything and goes on doing so (Celery 5.6: worker/control.py disable_events).
        if (!on && record.last_task_event !== null && typeof ok === 'string' && ok.includes('already')) continue;
        this.#answers.set(hostname, { at: this.#timer.now() / 1000, on });
        if (on) this.#watch.eventsEnabled(hostname);
        this.#state.touchWorker(record);
      }
  }

  /** It was started anew, and has forgotten what the one before it was told. */
  forget(hostname: string): void {
    this.#answers.delete(hostname);
  }

  /** true: it does. false: it does not. null: not known. */
  sends(hostname: string): boolean | null {
    if (this.#watch.unheard(hostname) !== null) return false;
    const last = this.#state.workers.get(hostname)?.last_task_event ?? null;
    const answer = this.#answers.get(hostname);
    if (answer === undefined) return last === null ? null : true;
    // Somebody else has asked it since.
    if (!answer.on && last !== null && last > answer.at + ON_ITS_WAY) return true;
    return answer.on;
  }
}
