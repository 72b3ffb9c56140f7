// What conclusions are drawn from: facts of one moment, each with the time it was known. Data only, so that every conclusion can be tried
// without a broker.
// Not here: gathering them (gather.ts), concluding (kinds.ts).
import type { KnowledgeBySource } from '../../../shared/wire/cluster.ts';

export interface WorkerFact {
  readonly hostname: string;
  readonly status: 'online' | 'late' | 'offline';
  /** It said goodbye. */
  readonly left: boolean;
  /** Its pool runs tasks in the process that speaks: it is silent while one runs. */
  readonly isSolo: boolean;
  /** pids of two processes that speak under this name by turns; null: one does. */
  readonly shared: readonly [number, number] | null;
  /** @unit seconds since the epoch */
  readonly lastHeard: number | null;
  /** For how long, by our monotonic clock. @unit seconds */
  readonly silence: number | null;
  /** How long it may be silent. @unit seconds */
  readonly expectedWithin: number;
  /** What it held when it fell silent; null: not counted. */
  readonly held: { readonly running: number; readonly waiting: number } | null;
  /** Its clock minus ours; 0: right, or not known. @unit seconds */
  readonly drift: number;
  /** Tasks it began, by its heartbeats, while no event of a task was heard of it. @unit seconds */
  readonly unheard: { readonly tasks: number; readonly beats: number; readonly seconds: number } | null;
  /** It was asked to send no task events, and answered that it does not. */
  readonly eventsDisabled: boolean;
  readonly consumption: Consumption | null;
  /** What has its slots while all are taken, by its own answer; null: one is free, or it is not known. */
  readonly full: FullPool | null;
  /**
   * The last time its event loop was blocked, what ran then, and the processor time it had meanwhile; null: never, or it does not measure.
   * @unit seconds
   */
  readonly blocked: {
    readonly seconds: number;
    readonly at: number;
    readonly cpu: number | null;
    readonly tasks: readonly string[];
  } | null;
}

export interface FullPool {
  readonly slots: number;
  readonly tasks: readonly {
    readonly uuid: string;
    readonly name: string /** By our clock; null: unknown. */;
    readonly started: number | null;
  }[];
  /** Tasks it has taken that wait for a slot. */
  readonly reserved: number;
  /** @unit seconds since the epoch */
  readonly asOf: number;
}

/** How long tasks of a name run, by those that ended within seven days. @unit seconds */
export interface RuntimeBaseline {
  readonly p99: number | null;
  readonly runs: number;
}

/** Whether it takes what waits for it. null where a fact is not known. @unit seconds, each for how long until now */
export interface Consumption {
  /** Queues it says it consumes. */
  readonly queues: readonly string[];
  readonly queuesAsOf: number;
  readonly slots: number | null;
  readonly busy: number | null;
  readonly processed: number | null;
  /** For how long this process of it has been there. */
  readonly alive: number;
  /** For how long it has had room: a free slot, and its prefetch window not full. */
  readonly room: number;
  /** For how long nothing was begun, received or ended by it. */
  readonly still: number;
  /** Its prefetch window is full; null: unknown. */
  readonly prefetchFull: boolean | null;
  /** It waits for messages as kombu does: such a one the broker can count. */
  readonly isKombu: boolean;
}

export interface QueueFact {
  readonly name: string;
  readonly messages: number | null;
  /** Workers that consume it by their own word. */
  readonly workers: readonly string[];
  /** By the broker's word; null: it cannot tell. */
  readonly consumers: number | null;
  readonly growing: boolean;
  /** Its broker gives it to one of its consumers at a time. */
  readonly single: boolean;
  /** Somebody paused it here. */
  readonly paused: boolean;
  readonly perMinute: number | null;
  /** Since when something has waited in it at every look; null: nothing waits. @unit seconds since the epoch */
  readonly waitingSince: number | null;
  /** When less waited in it than at the look before: somebody takes from it. null: not seen. @unit seconds since the epoch */
  readonly fallenAt: number | null;
  readonly probedAt: number | null;
  /** When the message was sent that waits longest; null: nothing waits, or the broker does not tell. @unit seconds since the epoch */
  readonly oldest: number | null;
}

export interface FailureFact {
  readonly exception: string;
  readonly task: string;
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

export interface GapFact {
  readonly since: number;
  readonly until: number;
  readonly events: number | null;
  readonly tasks: number | null;
}

/** How many clients wait for messages as kombu's do, by the broker's word, look by look. */
export interface WaitingLook {
  readonly at: number;
  readonly kombu: number;
}

export interface Facts {
  /** @unit seconds since the epoch */
  readonly now: number;
  /** For how long the picture has been whole; null: workers are still being asked for the first time. @unit seconds */
  readonly settledFor: number | null;
  readonly knowledge: KnowledgeBySource;
  /** For how long not a single event was heard. @unit seconds */
  readonly quiet: number;
  readonly workers: readonly WorkerFact[];
  /** Online workers that have not said yet what they consume. */
  readonly unknownQueues: number;
  readonly queues: readonly QueueFact[];
  /** Kinds of failure that were not there before, as far as the history goes back far enough to know. */
  readonly newFailures: readonly FailureFact[];
  readonly gap: GapFact | null;
  /** null: this broker cannot tell. */
  readonly waiting: readonly WaitingLook[] | null;
  /** Of task names that somebody wanted to know of (hung.ts). */
  readonly baselines: ReadonlyMap<string, RuntimeBaseline>;
  /** How long a worker must not have eaten to be named: the option stalled_after. @unit seconds */
  readonly stalledAfter: number;
}
