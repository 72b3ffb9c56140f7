// What is known of one unfinished task when somebody asks why it does not run: the task, its message, its queue, the workers concerned.
// Not here: where these come from (gather.ts), what follows from them (reason.ts).
// Holds: plain values, each with the time it is from; what is not known is null or 'unknown', never a guess. Instants: seconds since
// the epoch.
import type { Count } from '../../../shared/wire/count.ts';
import type { Liveness } from '../cluster/worker-watch.ts';

export interface TaskFacts {
  readonly uuid: string;
  readonly name: string | null;
  readonly state: string;
  readonly eta: number | null;
  readonly expires: number | null;
  readonly retries: number;
  readonly first_seen: number;
  readonly received: number | null;
  readonly started: number | null;
  /** Of its newest event. */
  readonly last_event: number;
}

export interface MessageFacts {
  /** nowhere: every list of the broker was looked at to its end. unknown: `why` says why not. */
  readonly found: 'ready' | 'unacked' | 'nowhere' | 'unknown';
  readonly queue: string | null;
  /** Ready: how many are delivered before it. */
  readonly ahead: Count | null;
  readonly at: number | null;
  readonly why: string | null;
}

export interface QueueFacts {
  readonly name: string;
  readonly depth: number | null;
  /** Its broker gives it to one of its consumers at a time. */
  readonly single: boolean;
  /** Tasks that ended a minute while something waited in it, of those that came from it; null: unknown. */
  readonly out_per_min: number | null;
  /** Somebody paused it here; null: nobody did. */
  readonly paused: { readonly at: number; readonly who: string } | null;
  /** By the broker's own count. */
  readonly consumers: number | null;
  readonly at: number | null;
  /** Since when nothing is taken from it although these of its workers have room; null: it moves, or it is too early to say. */
  readonly standstill: { readonly since: number; readonly workers: readonly string[] } | null;
}

export interface RunningFacts {
  readonly uuid: string;
  readonly name: string | null;
  readonly started: number | null;
  readonly baseline_p95: number | null;
}

export interface WorkerFacts {
  readonly hostname: string;
  readonly status: Liveness;
  readonly last_heard: number | null;
  /** When it was last asked for all that it holds, and answered; null: never. */
  readonly asked: number | null;
  /** When it last answered anything. */
  readonly answered: number | null;
  readonly consumes: boolean;
  /** Since when the process that answers under its name runs; null: not known, or two have the name. */
  readonly process_since: number | null;
  /** Its pool runs tasks in the process that speaks: it is silent while one runs. */
  readonly is_solo: boolean;
  readonly slots: number | null;
  /** Tasks that ended there a minute since it has this one; null: unknown. */
  readonly out_per_min: number | null;
  readonly active: readonly RunningFacts[];
  /** Since when all its slots are taken by tasks that run far longer than usual; null: that is not so, or not known. */
  readonly hung_since: number | null;
  /**
   * Which of its lists names the task; none: it answered in full and none does; unknown: it has not answered lately. limited: it says
   * that the task waits for its rate limit, as Umbel's worker does; Python's names such a task in no list.
   */
  readonly holds: 'active' | 'reserved' | 'limited' | 'scheduled' | 'none' | 'unknown';
  /** Rate limit of the task's name there; null: none; undefined: not known. */
  readonly limit: string | null | undefined;
  /** Prefetch window and how much of it is taken; null: unknown, or no limit. */
  readonly window: number | null;
  readonly taken: number | null;
  /** What the window is taken by, in words: '7 wait for their rate limit'. */
  readonly taken_by: string | null;
  /** Its list of revoked ids has this one. */
  readonly revoked: boolean;
  /** false: it sends no task events. null: unknown. */
  readonly sends_events: boolean | null;
}

export interface WaitFacts {
  readonly now: number;
  readonly task: TaskFacts;
  readonly message: MessageFacts;
  /** null: it is not known which queue it went to. */
  readonly queue: QueueFacts | null;
  /** Those that consume the queue, and the one that has the task. */
  readonly workers: readonly WorkerFacts[];
  /** The worker that has it, by its events or by its own lists. */
  readonly holder: string | null;
  /** Every worker heard of has been asked at least once. */
  readonly all_asked: boolean;
  /** Revoked from this dashboard, when and by whom. */
  readonly revoke: { readonly at: number; readonly who: string } | null;
  /** Its queue was emptied from this dashboard after it was first seen. */
  readonly purge: { readonly at: number; readonly who: string } | null;
  /** Tasks of the same name that its worker took before it and that are in none of its lists. */
  readonly limited_ahead: Count | null;
  /** Tasks that its worker took before it and that have not started. */
  readonly reserved_ahead: Count | null;
}
