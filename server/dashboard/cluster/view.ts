// What routes, feed and conclusions ask of a cluster: what memory has now, what its sources last said, what can be asked of it anew.
// Not here: how it comes to be known (cluster.ts and what it holds), rows for pages (rows.ts), acting (actions.ts).
// Holds: read-only; what was never told is undefined or null, never zero; what asks anew asks no more than it must, and shares answers.
import type { Batch } from '../../../shared/events/cluster-state.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import type { WorkerRecord } from '../../../shared/events/worker-record.ts';
import type { Precision } from '../../../shared/wire/count.ts';
import type { Backend } from '../../backends/contract.ts';
import type { AsyncResult } from '../../results/async-result.ts';
import type { Timer } from '../../timer.ts';
import type { BrokerAbout, FoundMessages, WaitingConsumers } from '../../transport/contract.ts';
import type { Message } from '../../transport/message.ts';
import type { HistoryQuestions, HistoryStore } from '../history/contract.ts';
import type { Resolved } from '../options.ts';
import type { Gap } from './gaps.ts';
import type { Inspected, Inspector } from './inspector.ts';
import type { ManagementApi } from './management-api.ts';
import type { Pauses } from './pauses.ts';
import type { ProbedQueue } from './queue-probe.ts';
import type { Trends } from './trends.ts';
import type { Liveness, WorkerWatch } from './worker-watch.ts';

/** The history, without its writes. */
export type HistoryView = HistoryQuestions & Pick<HistoryStore, 'failure' | 'health' | 'lastWriteMs'>;

/** Whether events are heard, and what was missed. */
export interface EventsView {
  /** The line is open. */
  readonly connected: boolean;
  readonly neverHeard: boolean;
  /** @unit seconds since the epoch */
  readonly lastEvent: number | null;
  /** @unit seconds */
  readonly quiet: number;
  readonly perSecond: number;
  readonly malformed: number;
  readonly leftOut: number;
  /** In the last 24 hours; `n` null: nobody can tell how much. */
  readonly lost: { readonly n: number | null; readonly is: Precision };
  readonly gaps: {
    readonly current: Gap | null;
    readonly total: {
      readonly events: number;
      readonly tasks: number;
      readonly gaps: number;
      readonly seconds: number;
    };
    /** Newest first. */
    list(): readonly Gap[];
  };
}

/** How a source answers. Instants in seconds since the epoch. */
export interface SourceView {
  readonly failure: string | null;
  readonly lastOk: number | null;
  readonly latencyMs: number | null;
}

export interface ClusterView {
  readonly options: Resolved;
  readonly timer: Timer;
  /** @unit seconds since the epoch */
  readonly now: number;
  readonly startedAt: number;
  /** Since when this process runs without having stood still. */
  readonly ranSince: number;
  /** Since when the picture is whole; null: not yet. */
  readonly settled: number | null;

  readonly tasks: ReadonlyMap<string, TaskRecord>;
  childrenOf(uuid: string): TaskRecord[];
  readonly taskTypes: ReadonlySet<string>;
  /** Events merged since the start. */
  readonly eventCount: number;

  readonly workers: ReadonlyMap<string, WorkerRecord>;
  /** Events of workers for which there was no place. */
  readonly workerEventsLeftOut: number;
  statusOf(worker: WorkerRecord): Liveness;
  onlineWorkers(): string[];
  readonly watch: Pick<WorkerWatch, 'rest' | 'shared' | 'silence' | 'unheard'>;
  /** Whether it sends task events; null: not known. */
  sendsEvents(hostname: string): boolean | null;

  /** What workers answered last. */
  readonly inspected: ReadonlyMap<string, Inspected>;
  readonly inspector: Pick<Inspector, 'answeredAt' | 'lastAnswer' | 'unlistedReason' | 'askAbout' | 'askOldest'>;
  /** Ask one worker, unless its answer is young. @param maxAge seconds */
  inspectNow(hostname: string, maxAge?: number): Promise<void>;

  readonly queues: ReadonlyMap<string, ProbedQueue>;
  readonly pauses: Pick<Pauses, 'of'>;
  /** The one that calls go to which name none. */
  readonly defaultQueue: string;
  /** Queues that workers say they consume, and the default one. */
  consumedQueues(): Set<string>;
  /** Measures every queue, or shares the round that is on its way. Never rejects. */
  probeQueues(): Promise<void>;
  /** Measures a queue that the broker did not list the last time. */
  probeQueue(queue: string): Promise<void>;
  peek(queue: string, limit: number): Promise<Message[] | null>;
  /** This broker shows messages only to who takes them. */
  readonly peeksByTaking: boolean;
  /** The messages that name a task, among the first of these queues. */
  find(uuid: string, queues: readonly string[], limit?: number): Promise<FoundMessages>;
  waitingConsumers(): Promise<WaitingConsumers | null>;
  /** What the broker says of itself. null: it says nothing. @throws OperationalError */
  aboutBroker(): Promise<BrokerAbout | null>;

  readonly trends: Trends;
  readonly history: HistoryView;
  /** What memory has is in the history: what that is asked next is no older. Gives up when it cannot be written, or not within a second. */
  caughtUp(): Promise<void>;
  /** When the history was last known to be written. @unit seconds since the epoch */
  readonly historyOk: number | null;
  readonly events: EventsView;
  /** Commands and questions reach the broker. */
  readonly connected: boolean;
  readonly brokerUrl: string;
  /** `blocked`: why it takes no messages for now; null: it does, as far as it has said. */
  readonly broker: SourceView & { readonly blocked: string | null };
  /** RabbitMQ's, if its address was given. */
  readonly management: ManagementApi | null;
  /** Queues of the broker that are not among `queues`. */
  readonly queuesLeftOut: number;
  readonly results: SourceView;
  /** Ask the result store. null: none is configured. */
  askBackend<T>(question: (backend: Backend) => Promise<T>): Promise<{ value: T } | null>;
  /** The result of a task, to be waited for. null: no store that can be read is configured. */
  resultOf(uuid: string): AsyncResult | null;
  /** Its end may have been missed: the result store is asked, and its record brought up to date. Never rejects. */
  lookUpEnd(task: TaskRecord): Promise<void>;

  onBatch(fn: (batch: Batch) => void): () => void;
  onEvents(fn: (events: CeleryEvent[]) => void): () => void;
  onAnswers(fn: (hostnames: string[]) => void): void;
}
