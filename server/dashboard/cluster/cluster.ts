// One live picture of a cluster: events in, periodic inspect and queue probes beside them, changes out and into the history.
// Not here: merging (shared/events/), rows as pages show them (rows.ts), what reaches browsers (../live/feed.ts).
// Holds: memory is bounded, what is older is in the history; the pages are served while the broker is away; everything handed to
// the history is handed to the feed, in the same batches, of which there are at most ten a second but for floods.
import { type Batch, ClusterState } from '../../../shared/events/cluster-state.ts';
import { EventEdge } from '../../../shared/events/edge.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import { createWorkerRecord, type WorkerRecord } from '../../../shared/events/worker-record.ts';
import type { Masking } from '../../../shared/masking.ts';
import { toError } from '../../errors.ts';
import type { EventReceiver } from '../../events/receiver.ts';
import type { Logger } from '../../log.ts';
import type { Timer, TimerHandle } from '../../timer.ts';
import type { HistoryStore } from '../history/contract.ts';
import type { Resolved } from '../options.ts';
import { Inspector } from './inspector.ts';
import { type ClusterLink, eventReceiver } from './link.ts';
import { Listening } from './listening.ts';
import { internalQueues, QueueProbe } from './queue-probe.ts';
import { EMPTY, Repairs } from './repair.ts';
import { restore } from './restore.ts';
import { Retention } from './retention.ts';
import { heldIds, isPrefetchFull, slotsOf } from './room.ts';
import { TaskEvents } from './task-events.ts';
import { NO_TRENDS, readTrends, type Trends, Usual } from './trends.ts';
import { type Liveness, WorkerWatch } from './worker-watch.ts';

/** The one wait between an event and who looks on: history and feed get the same batch, at once. */
const FLUSH_MS = 100;
/** A tick of a second that comes so late says that this process did not run. @unit milliseconds */
const STOOD_STILL_MS = 5000;
/** @unit milliseconds */
const ASKED_AT_MOST = 4;
const ANNOUNCE_AGAIN_MS = 5000;
/** How often the result store is asked whether it is there. @unit milliseconds */
const RESULTS_EVERY_MS = 10_000;
/** A batch this large is cut before its time. */
const BATCH_TASKS = 4000;
/** Queues whose depth is kept over time. */
const MAX_DEPTHS = 1000;

export class Cluster {
  readonly state: ClusterState;
  readonly history: HistoryStore;
  readonly link: ClusterLink;
  readonly inspector: Inspector;
  readonly probe: QueueProbe;
  readonly receiver: EventReceiver;
  readonly listening: Listening;
  readonly retention: Retention;
  readonly watch: WorkerWatch;
  readonly taskEvents: TaskEvents;
  readonly options: Resolved;
  readonly startedAt: number;
  readonly #timer: Timer;
  readonly #log: Logger;
  readonly #listeners = new Set<(batch: Batch) => void>();
  readonly #eventListeners = new Set<(events: CeleryEvent[]) => void>();
  readonly #timers: TimerHandle[] = [];
  readonly #status = new Map<string, Liveness>();
  readonly #usual = new Usual();
  /** Workers asked for all since we connected, and how often in vain: a worker that has just said hello may not listen yet. */
  readonly #asked = new Map<string, number>();
  #newcomers = new Map<string, number>();
  #newcomersDue = false;
  trends: Trends = NO_TRENDS;
  #rate = { atMs: 0, count: 0, perSecond: 0 };
  lastEvent: number | null = null;
  #lastEventMs: number;
  /** Since when the picture is whole: the first round of questions after we began to hear has ended. null: not yet. @unit seconds */
  settled: number | null = null;
  /** Nothing was listened to yet, since this process began. */
  neverHeard = true;
  /** When the history was last known to be written. @unit seconds */
  historyOk: number | null = null;
  #lastSecondMs: number | null = null;
  #announcing: Promise<void> | null = null;
  #announcedMs = Number.NEGATIVE_INFINITY;
  stopped = false;
  #refreshing = false;
  brokerFailure: string | null = null;

  /** @param masking takes secrets out of what workers tell, before anything here sees it */
  constructor(
    options: Resolved,
    link: ClusterLink,
    history: HistoryStore,
    timer: Timer,
    log: Logger,
    masking: Masking,
  ) {
    const { conf } = link.app;
    this.options = options;
    this.link = link;
    this.history = history;
    this.#timer = timer;
    this.#log = log;
    this.startedAt = timer.now() / 1000;
    this.#lastEventMs = timer.monotonic();
    this.state = new ClusterState({ maxTasks: options.max_tasks, maxWorkers: options.max_workers });
    this.inspector = new Inspector(link.control, timer, log.child('inspect'), options.inspect_timeout / 1000, masking);
    this.inspector.onAnswers((hostnames) => this.#answered(hostnames));
    const { inspect_interval: every, inspect_timeout: timeoutMs } = options;
    this.watch = new WorkerWatch(timer, { answersCountFor: 2 * every + timeoutMs / 1000 });
    this.watch.deaf();
    this.taskEvents = new TaskEvents(link.control, timer, this.state, this.watch, timeoutMs / 1000);
    this.probe = new QueueProbe({
      connection: link.asking,
      timer,
      log: log.child('queues'),
      wanted: () => this.consumedQueues(),
      isInternal: internalQueues(conf.event_queue_prefix, conf.control_exchange),
    });
    this.listening = new Listening(this, log);
    this.retention = new Retention(this, log);
    this.receiver = eventReceiver(
      link,
      log.child('events'),
      new EventEdge({ mask: masking.text, maskValue: masking.value }),
    );
  }

  get now(): number {
    return this.#timer.now() / 1000;
  }
  /** By a clock that nobody sets. */
  get monotonicMs(): number {
    return this.#timer.monotonic();
  }
  /** For how long not a single event was heard. @unit seconds */
  get quiet(): number {
    return (this.#timer.monotonic() - this.#lastEventMs) / 1000;
  }
  get eventsPerSecond(): number {
    return this.#rate.perSecond;
  }

  onBatch(fn: (batch: Batch) => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }
  onEvents(fn: (events: CeleryEvent[]) => void): () => void {
    this.#eventListeners.add(fn);
    return () => this.#eventListeners.delete(fn);
  }

  /** Bring back what was unfinished, then begin. Resolves before the broker answers. */
  async start(): Promise<void> {
    const repairs = new Repairs(this, this.#log);
    this.history.onRecovered((what) => repairs.recovered(what));
    await restore(this);
    await this.listening.start();
    this.receiver.onEvents((events) => this.#take(events));
    this.receiver.onLost(() => {
      this.settled = null;
      this.watch.deaf();
    });
    this.receiver.onGap(() => this.#hears());
    const { inspect_interval: inspectEvery, queue_interval: queuesEvery } = this.options;
    this.#timers.push(
      this.#timer.onJump((byMs) => this.listening.clockSet(byMs)),
      this.#timer.every(FLUSH_MS, () => this.flush()),
      this.#timer.every(1000, () => this.#second()),
      this.#timer.every(RESULTS_EVERY_MS, () => void this.link.checkBackend()),
      this.#timer.every(queuesEvery * 1000, () => void this.#probeQueues()),
      this.#timer.every(inspectEvery * 1000, () => void this.#inspect(false)),
      this.#timer.every(60_000, () => void this.#inspect(true)),
      this.#timer.every(30_000, () => void this.retention.expire()),
    );
    void this.refreshTrends();
    void this.link.checkBackend();
    void this.#connect();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const handle of this.#timers) handle.cancel();
    await this.receiver.stop();
    await this.#probeDone();
    this.flush();
    await this.history.written();
  }

  /** Hand what changed to the history and the feed. */
  flush(): void {
    const batch = this.state.cut();
    if (batch.tasks.length > 0 || batch.workers.length > 0 || batch.workersGone.length > 0)
      this.history.write(batch, this.now, this.listening.heard());
    for (const fn of this.#listeners) fn(batch);
  }

  statusOf(w: WorkerRecord): Liveness {
    return this.watch.statusOf(w);
  }

  async #enableEvents(destination: readonly string[] | null): Promise<void> {
    if (this.options.enable_events) await this.taskEvents.enable(destination);
  }

  onlineWorkers(): string[] {
    return [...this.state.workers.values()].filter((w) => this.statusOf(w) === 'online').map((w) => w.hostname);
  }

  /** Queues that workers say they consume, and the default one. */
  consumedQueues(): Set<string> {
    const names = new Set<string>([this.link.app.conf.task_default_queue]);
    for (const inspected of this.inspector.workers.values())
      for (const q of inspected.active_queues) if (typeof q?.name === 'string') names.add(q.name);
    return names;
  }

  /** Ask one worker, unless its answer is young. @param maxAge seconds */
  async inspectNow(hostname: string, maxAge = 2): Promise<void> {
    const known = this.inspector.workers.get(hostname);
    const age = known ? this.now - known.at : Number.POSITIVE_INFINITY;
    // An answer of the future: the clock was set back since.
    if (age >= 0 && age < maxAge) return;
    const record = this.state.workers.get(hostname);
    // A name that nobody has is no reason to ask the whole cluster.
    if (!known && !record) return;
    if (record && this.statusOf(record) === 'offline') return;
    await this.inspector.ask([hostname]);
  }

  async refreshTrends(): Promise<void> {
    if (this.#refreshing) return;
    this.#refreshing = true;
    try {
      this.trends = await readTrends(this.history, this.#timer, this.startedAt, this.#usual);
    } catch (error) {
      if (!this.stopped) this.#log.warning(`The history does not answer: ${toError(error).message}`);
    } finally {
      this.#refreshing = false;
    }
  }

  async #connect(): Promise<void> {
    await this.receiver.start().catch((error: unknown) => {
      this.brokerFailure = toError(error).message;
    });
    if (this.stopped) return;
    if (this.receiver.connected) this.#hears();
    await this.announce();
    // What ended while this dashboard was not there.
    await this.listening.backfill(this.startedAt);
  }

  /** Workers that do not know us yet: make them show themselves, send events, and tell what they have. Never rejects. */
  announce(): Promise<void> {
    this.#announcing ??= this.#announce().finally(() => {
      this.#announcing = null;
    });
    return this.#announcing;
  }

  async #announce(): Promise<void> {
    this.#announcedMs = this.#timer.monotonic();
    try {
      this.#asked.clear();
      await this.link.asking.tryConnect();
      await this.link.control.broadcast('heartbeat', {});
      await Promise.all([this.#enableEvents(null), this.inspector.ask(null)]);
      await this.#probeQueues();
      if (this.receiver.connected) this.settled = this.now;
    } catch (error) {
      this.#log.debug(`The cluster could not be asked: ${toError(error).message}`);
    }
  }

  #take(events: CeleryEvent[]): void {
    const { state, listening } = this;
    for (const event of events) {
      state.apply(event);
      if (event.type === 'worker-online' || (event.type === 'worker-heartbeat' && this.#mayAsk(event.hostname)))
        this.#newcomer(event.hostname, event.type === 'worker-online');
      this.#watched(event);
      listening.gaps.take(event);
    }
    this.lastEvent = events[0]?.local_received ?? this.lastEvent;
    this.#lastEventMs = this.#timer.monotonic();
    this.#rate.count += events.length;
    for (const fn of this.#eventListeners) fn(events);
    if (state.dirty >= BATCH_TASKS) this.flush();
  }

  #hears(): void {
    this.neverHeard = false;
    this.watch.hears();
  }

  #watched(event: CeleryEvent): void {
    const record = event.hostname === undefined ? undefined : this.state.workers.get(event.hostname);
    if (!record) return;
    this.watch.take(event);
    const slots = slotsOf(this.inspector.workers.get(record.hostname));
    if (slots !== null && typeof event.active === 'number' && event.active >= slots) this.watch.isBusy(record.hostname);
  }

  #answered(hostnames: readonly string[]): void {
    for (const hostname of hostnames) {
      let record = this.state.workers.get(hostname);
      if (!record) {
        this.state.restoreWorker(createWorkerRecord(hostname));
        record = this.state.workers.get(hostname);
      }
      // No place for it.
      if (!record) continue;
      const wasThere = this.statusOf(record) === 'online';
      this.watch.answered(hostname);
      const inspected = this.inspector.workers.get(hostname);
      const toldAt = this.inspector.answeredAt(hostname, 'stats');
      if (toldAt !== null && typeof inspected?.stats?.uptime === 'number')
        this.listening.gaps.startedAt(hostname, toldAt - inspected.stats.uptime, toldAt);
      if (inspected && inspected.complete > 0)
        this.watch.holds(hostname, heldIds(inspected), isPrefetchFull(inspected) ?? false);
      if (wasThere) continue;
      record.last_heard = this.now;
      this.state.touchWorker(record);
    }
  }

  /** Not asked yet, or in vain, and not just being asked. Later the ordinary rounds ask it. */
  #mayAsk(hostname: string | undefined): boolean {
    if (hostname === undefined) return false;
    const inVain = this.#asked.get(hostname);
    return inVain === undefined || (inVain > 0 && inVain < ASKED_AT_MOST && !this.#newcomers.has(hostname));
  }

  #newcomer(hostname: string | undefined, isStart: boolean): void {
    // Names for which there is no place are not asked, however many somebody invents.
    if (hostname === undefined || !this.state.workers.has(hostname)) return;
    // It has forgotten what the one before it was told.
    if (isStart) this.taskEvents.forget(hostname);
    if (isStart) this.inspector.restarted(hostname);
    const inVain = isStart ? 0 : (this.#asked.get(hostname) ?? 0);
    this.#asked.set(hostname, 0);
    this.#newcomers.set(hostname, inVain);
    if (this.#newcomersDue) return;
    this.#newcomersDue = true;
    this.#timer.after(150, () => {
      const newcomers = this.#newcomers;
      const hostnames = [...newcomers.keys()];
      this.#newcomers = new Map();
      this.#newcomersDue = false;
      if (this.stopped) return;
      const since = this.now;
      void Promise.all([this.#enableEvents(hostnames), this.inspector.ask(hostnames)])
        .catch((error: unknown) => this.#log.debug(`New workers could not be asked: ${toError(error).message}`))
        .finally(() => {
          for (const [hostname, inVain] of newcomers)
            if (this.#asked.has(hostname) && (this.inspector.answeredAt(hostname, 'stats') ?? 0) < since)
              this.#asked.set(hostname, inVain + 1);
        });
    });
  }

  #second(): void {
    const now = this.now;
    this.#noteStandstill();
    // It was away when this began, or went away while workers were being asked.
    if (this.receiver.connected && this.watch.isDeaf) this.#hears();
    if (
      this.receiver.connected &&
      this.settled === null &&
      this.#timer.monotonic() - this.#announcedMs > ANNOUNCE_AGAIN_MS
    )
      void this.announce();
    if (this.history.failure === null) this.historyOk = now;
    const ran = this.listening.tick(now);
    const nowMs = this.monotonicMs;
    if (ran && this.#rate.atMs > 0) {
      const perSecond = this.#rate.count / Math.max(0.2, (nowMs - this.#rate.atMs) / 1000);
      this.#rate.perSecond = Math.round((this.#rate.perSecond * 0.5 + perSecond * 0.5) * 10) / 10;
    }
    this.#rate.atMs = nowMs;
    this.#rate.count = 0;
    const purge = this.options.purge_offline_workers ?? 86_400;
    const eventsDisabled = new Set<string>();
    for (const w of this.state.workers.values()) {
      if (this.watch.unheard(w.hostname) !== null) eventsDisabled.add(w.hostname);
      const status = this.statusOf(w);
      if (this.#status.get(w.hostname) !== status) {
        const before = this.#status.get(w.hostname);
        this.#status.set(w.hostname, status);
        // What it holds is not known from then on, or is again.
        if (before !== undefined && (status === 'offline' || before === 'offline')) this.state.touchTasksOf(w.hostname);
        this.state.touchWorker(w);
      }
      if (status === 'offline' && (w.last_heard ?? 0) < now - purge) {
        this.state.forgetWorker(w.hostname);
        this.inspector.forget(w.hostname);
        this.#status.delete(w.hostname);
        this.watch.forget(w.hostname);
        this.taskEvents.forget(w.hostname);
        this.#asked.delete(w.hostname);
      }
    }
    if (ran && !this.listening.gaps.isMeasuring) this.listening.eventsDisabled = eventsDisabled;
    this.listening.finalizeGap(now);
    void this.refreshTrends();
  }

  /** This process did not run (a suspended machine, a stopped container): what workers did meanwhile is read only now. */
  #noteStandstill(): void {
    const nowMs = this.#timer.monotonic();
    const lateMs = this.#lastSecondMs === null ? 0 : nowMs - this.#lastSecondMs - 1000;
    this.#lastSecondMs = nowMs;
    if (lateMs < STOOD_STILL_MS || this.watch.isDeaf) return;
    this.watch.deaf(lateMs);
    this.watch.hears();
  }

  async #probeQueues(): Promise<void> {
    if (this.stopped) return;
    await this.probe.probe();
    if (this.stopped) return;
    this.brokerFailure = this.probe.failure;
    const values: Record<string, number> = {};
    if (this.receiver.connected) values.up = 1;
    if (this.probe.failure === null) {
      let waiting = 0;
      let depths = 0;
      for (const q of this.probe.queues.values()) {
        if (q.status === null) continue;
        if (depths++ < MAX_DEPTHS) values[`depth:${q.name}`] = q.status.messages;
        waiting += q.status.messages;
      }
      values.waiting = waiting;
    }
    let busy = 0;
    for (const w of this.state.workers.values()) if (this.statusOf(w) === 'online') busy += w.active ?? 0;
    values.busy = busy;
    this.history.saveGauges(values, Math.floor(this.now / 60) * 60);
    // That nothing happened is heard, too.
    const heard = this.listening.heard();
    if (heard) this.history.write(EMPTY, this.now, heard);
  }

  async #probeDone(): Promise<void> {
    if (this.link.asking.connected) await this.probe.probe().catch(() => {});
  }

  async #inspect(seldom: boolean): Promise<void> {
    if (this.stopped || !this.link.asking.connected) return;
    // Now and then everybody: who sends no heartbeats is found by its answer.
    const heard = [...this.state.workers.values()].filter((w) => this.statusOf(w) !== 'offline');
    const asked = seldom ? null : heard.map((w) => w.hostname);
    if (asked === null || asked.length > 0) await this.inspector.ask(asked, seldom).catch(() => {});
  }
}
