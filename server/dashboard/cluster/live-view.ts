// The view of a running cluster (view.ts), answered by what it is made of.
import type { Batch, ClusterState } from '../../../shared/events/cluster-state.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import type { WorkerRecord } from '../../../shared/events/worker-record.ts';
import type { Backend } from '../../backends/contract.ts';
import type { AsyncResult } from '../../results/async-result.ts';
import type { Timer, TimerHandle } from '../../timer.ts';
import type { BrokerAbout, FoundMessages, WaitingConsumers } from '../../transport/contract.ts';
import type { Message } from '../../transport/message.ts';
import type { HistoryStore } from '../history/contract.ts';
import type { Resolved } from '../options.ts';
import type { Discovery } from './discovery.ts';
import type { EventStream } from './event-stream.ts';
import type { Inspector } from './inspector.ts';
import type { ClusterLink } from './link.ts';
import type { ManagementApi } from './management-api.ts';
import type { MissedEnds } from './missed-ends.ts';
import type { Pauses } from './pauses.ts';
import type { QueueProbe } from './queue-probe.ts';
import { readableStore } from './result-store.ts';
import type { TaskEvents } from './task-events.ts';
import type { LastHour, Trends } from './trends.ts';
import type { ClusterView, EventsView, HistoryView, SourceView } from './view.ts';
import type { Liveness, WorkerWatch } from './worker-watch.ts';

/** @unit milliseconds */
const CATCH_UP_MS = 1000;

/** What a view is answered by. */
export interface ViewParts {
  readonly options: Resolved;
  readonly timer: Timer;
  readonly startedAt: number;
  readonly ranSince: number;
  readonly historyOk: number | null;
  readonly state: ClusterState;
  readonly history: HistoryStore;
  readonly link: ClusterLink;
  readonly inspector: Inspector;
  readonly pauses: Pauses;
  readonly probe: QueueProbe;
  readonly events: EventStream;
  readonly discovery: Discovery;
  readonly watch: WorkerWatch;
  readonly taskEvents: TaskEvents;
  readonly lastHour: LastHour;
  readonly missedEnds: MissedEnds;
  consumedQueues(): Set<string>;
  flush(): void;
  onBatch(fn: (batch: Batch) => void): () => void;
  onEvents(fn: (events: CeleryEvent[]) => void): () => void;
}

export class LiveView implements ClusterView {
  readonly options: Resolved;
  readonly timer: Timer;
  readonly tasks: ClusterView['tasks'];
  readonly taskTypes: ClusterView['taskTypes'];
  readonly workers: ClusterView['workers'];
  readonly watch: ClusterView['watch'];
  readonly inspected: ClusterView['inspected'];
  readonly inspector: ClusterView['inspector'];
  readonly pauses: ClusterView['pauses'];
  readonly queues: ClusterView['queues'];
  readonly history: HistoryView;
  readonly events: EventsView;
  readonly broker: ClusterView['broker'];
  readonly defaultQueue: string;
  readonly #of: ViewParts;

  constructor(of: ViewParts) {
    this.#of = of;
    this.options = of.options;
    this.timer = of.timer;
    this.tasks = of.state.tasks;
    this.taskTypes = of.state.taskTypes;
    this.workers = of.state.workers;
    this.watch = of.watch;
    this.inspected = of.inspector.workers;
    this.inspector = of.inspector;
    this.pauses = of.pauses;
    this.queues = of.probe.queues;
    this.history = of.history;
    this.events = of.events;
    this.broker = of.probe;
    this.defaultQueue = of.link.app.conf.task_default_queue;
  }

  get now(): number {
    return this.timer.now() / 1000;
  }
  get startedAt(): number {
    return this.#of.startedAt;
  }
  get ranSince(): number {
    return this.#of.ranSince;
  }
  get settled(): number | null {
    return this.#of.discovery.settled;
  }
  get eventCount(): number {
    return this.#of.state.eventCount;
  }
  get workerEventsLeftOut(): number {
    return this.#of.state.workerEventsLeftOut;
  }
  get trends(): Trends {
    return this.#of.lastHour.trends;
  }
  get historyOk(): number | null {
    return this.#of.historyOk;
  }
  get connected(): boolean {
    return this.#of.link.asking.connected;
  }
  get brokerUrl(): string {
    return this.#of.link.asking.url;
  }
  get queuesLeftOut(): number {
    return this.#of.probe.leftOut;
  }

  get management(): ManagementApi | null {
    return this.#of.probe.management;
  }
  get results(): SourceView {
    const { backendFailure, backendLastOk, backendLatencyMs } = this.#of.link;
    return { failure: backendFailure, lastOk: backendLastOk, latencyMs: backendLatencyMs };
  }

  async caughtUp(): Promise<void> {
    const { history, state } = this.#of;
    if (state.dirty > 0) this.#of.flush();
    if (history.pending === 0 || history.failure !== null) return;
    let late: TimerHandle | undefined;
    const given = new Promise<void>((resolve) => {
      late = this.timer.after(CATCH_UP_MS, resolve);
    });
    await Promise.race([history.written(), given]);
    late!.cancel();
  }

  childrenOf(uuid: string): TaskRecord[] {
    return this.#of.state.childrenOf(uuid);
  }
  statusOf(worker: WorkerRecord): Liveness {
    return this.#of.watch.statusOf(worker);
  }
  onlineWorkers(): string[] {
    return [...this.workers.values()].filter((w) => this.statusOf(w) === 'online').map((w) => w.hostname);
  }
  sendsEvents(hostname: string): boolean | null {
    return this.#of.taskEvents.sends(hostname);
  }

  async inspectNow(hostname: string, maxAge = 2): Promise<void> {
    const known = this.inspected.get(hostname);
    const age = known ? this.now - known.at : Number.POSITIVE_INFINITY;
    // An answer of the future: the clock was set back since.
    if (age >= 0 && age < maxAge) return;
    const record = this.workers.get(hostname);
    // A name that nobody has is no reason to ask the whole cluster.
    if (!known && !record) return;
    if (record && this.statusOf(record) === 'offline') return;
    await this.#of.inspector.askNow(hostname);
  }

  consumedQueues(): Set<string> {
    return this.#of.consumedQueues();
  }
  probeQueues(): Promise<void> {
    return this.#of.probe.probe();
  }
  probeQueue(queue: string): Promise<void> {
    return this.#of.probe.probeQueue(queue);
  }
  get peeksByTaking(): boolean {
    const { asking } = this.#of.link;
    return asking.connected && asking.transport.flags.peeksByTaking === true;
  }

  peek(queue: string, limit: number): Promise<Message[] | null> {
    return this.#of.probe.peek(queue, limit);
  }
  find(uuid: string, queues: readonly string[], limit?: number): Promise<FoundMessages> {
    return this.#of.probe.find(uuid, queues, limit);
  }
  waitingConsumers(): Promise<WaitingConsumers | null> {
    return this.#of.probe.waitingConsumers();
  }
  aboutBroker(): Promise<BrokerAbout | null> {
    return this.#of.probe.about(true);
  }
  askBackend<T>(question: (backend: Backend) => Promise<T>): Promise<{ value: T } | null> {
    return this.#of.link.askBackend(question);
  }
  resultOf(uuid: string): AsyncResult | null {
    return readableStore(this.options) === null ? null : this.#of.link.app.AsyncResult(uuid);
  }
  lookUpEnd(task: TaskRecord): Promise<void> {
    return this.#of.missedEnds.lookUpOne(task);
  }

  onBatch(fn: (batch: Batch) => void): () => void {
    return this.#of.onBatch(fn);
  }
  onEvents(fn: (events: CeleryEvent[]) => void): () => void {
    return this.#of.onEvents(fn);
  }
  onAnswers(fn: (hostnames: string[]) => void): void {
    this.#of.inspector.onAnswers(fn);
  }
}
