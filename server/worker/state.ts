// What this worker holds and has done: its requests, totals by task name, revoked ids.
// Not here: what a request goes through (request.ts).
// Holds: a request is in `requests` from the moment it is accepted from the broker until it is settled or given back.
// Celery 5.6: worker/state.py, which is one per process; this is one per worker.
import type { Timer } from '../timer.ts';
import type { Request } from './request.ts';
import { RevokedSet } from './revoked.ts';

/** As events and `hello` name this software; py-celery is Python's. */
export const SOFTWARE = { sw_ident: 'umbel', sw_ver: '0.1.0', sw_sys: systemName(process.platform) } as const;

export class WorkerState {
  readonly revoked: RevokedSet;
  readonly requests = new Set<Request>();
  /** Requests started, by task name. */
  readonly total = new Map<string, number>();
  /** Requests started. */
  processed = 0;
  /** Requests running now. */
  active = 0;
  readonly #timer: Pick<Timer, 'now' | 'monotonic'>;
  readonly #startedMs: number;

  constructor(timer: Pick<Timer, 'now' | 'monotonic'>) {
    this.#timer = timer;
    this.revoked = new RevokedSet(timer);
    this.#startedMs = timer.monotonic();
  }

  get uptimeMs(): number {
    return this.#timer.monotonic() - this.#startedMs;
  }

  /** Called with each task that begins. */
  onBegin: ((name: string) => void) | null = null;

  /** Called when a task is given to the pool. */
  onReserved: (() => void) | null = null;

  accepted(request: Request): void {
    this.active++;
    this.onBegin?.(request.name);
    this.processed++;
    const { name } = request;
    this.total.set(name, (this.total.get(name) ?? 0) + 1);
  }

  /** Requests in one of these phases, in the order they came. */
  *inPhase(...phases: readonly Request['phase'][]): Generator<Request> {
    for (const request of this.requests) if (phases.includes(request.phase)) yield request;
  }

  /** Every request of that id: a retry may come while the first try still runs. */
  find(ids: ReadonlySet<string>): Request[] {
    return [...this.requests].filter((request) => ids.has(request.id));
  }
}

/** As Python's platform.system() says it. */
function systemName(platform: string): string {
  const names: Record<string, string> = { linux: 'Linux', darwin: 'Darwin', win32: 'Windows', freebsd: 'FreeBSD' };
  return names[platform] ?? platform;
}
