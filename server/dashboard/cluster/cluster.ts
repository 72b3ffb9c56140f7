// One live picture of a cluster: events in, periodic inspect and queue probes beside them, changes out and into the history.
// Not here: merging (shared/events/), what is missed (event-stream.ts), who is new (discovery.ts), what others ask of it (view.ts),
// rows as pages show them (rows.ts), what reaches browsers (../live/feed.ts).
// Holds: memory is bounded, what is older is in the history; the pages are served while the broker is away; everything handed to
// the history is handed to the feed, in the same batches, of which there are at most ten a second but for floods.
import type { Batch } from '../../../shared/events/cluster-state.ts';
import { ClusterState } from '../../../shared/events/cluster-state.ts';
import { EventEdge } from '../../../shared/events/edge.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import { createWorkerRecord } from '../../../shared/events/worker-record.ts';
import type { Masking } from '../../../shared/masking.ts';
import { toError } from '../../errors.ts';
import type { EventReceiver } from '../../events/receiver.ts';
import type { Logger } from '../../log.ts';
import type { Timer, TimerHandle } from '../../timer.ts';
import type { BrokerAbout } from '../../transport/contract.ts';
import type { HistoryStore } from '../history/contract.ts';
import type { Resolved } from '../options.ts';
import type { ClusterActions } from './actions.ts';
import { Discovery } from './discovery.ts';
import { EventStream } from './event-stream.ts';
import { Inspector } from './inspector.ts';
import { LastTime } from './last-time.ts';
import { type ClusterLink, eventReceiver } from './link.ts';
import { LiveView } from './live-view.ts';
import { managementOf } from './management-api.ts';
import { MissedEnds } from './missed-ends.ts';
import { Pauses } from './pauses.ts';
import { internalQueues, QueueProbe } from './queue-probe.ts';
import { EMPTY, Repairs } from './repair.ts';
import { restore } from './restore.ts';
import { Retention } from './retention.ts';
import { heldIds, isPrefetchFull, slotsOf } from './room.ts';
import { SentTo } from './sent-to.ts';
import { TaskEvents } from './task-events.ts';
import { LastHour } from './trends.ts';
import type { ClusterView } from './view.ts';
import { type Liveness, WorkerWatch } from './worker-watch.ts';

/** The one wait between an event and who looks on: history and feed get the same batch, at once. */
const FLUSH_MS = 100;
/** A tick of a second that comes so late says that this process did not run. @unit milliseconds */
const STOOD_STILL_MS = 5000;
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
  readonly pauses = new Pauses();
  readonly probe: QueueProbe;
  readonly receiver: EventReceiver;
  readonly events: EventStream;
  readonly discovery: Discovery;
  readonly retention: Retention;
  readonly watch: WorkerWatch;
  readonly taskEvents: TaskEvents;
  readonly lastHour: LastHour;
  readonly missedEnds: MissedEnds;
  readonly options: Resolved;
  readonly #startedAt: LastTime;
  readonly timer: Timer;
  readonly view: ClusterView;
  readonly actions: ClusterActions;
  readonly #log: Logger;
  readonly #listeners = new Set<(batch: Batch) => void>();
  readonly #eventListeners = new Set<(events: CeleryEvent[]) => void>();
  readonly #timers: TimerHandle[] = [];
  readonly #status = new Map<string, Liveness>();
  /** When the history was last known to be written. @unit seconds */
  historyOk: number | null = null;
  #lastSecondMs: number | null = null;
  readonly #ranSince: LastTime;
  /** What the broker said of itself last, and the minute in which it was asked. */
  #aboutBroker: BrokerAbout | null = null;
  #askedBroker = 0;
  stopped = false;

  /** @param masking takes secrets out of what workers, messages and results tell, before anything here sees it */
  constructor(
    options: Resolved,
    link: ClusterLink,
    history: HistoryStore,
    timer: Timer,
    log: Logger,
    masking: Masking,
  ) {
    const { conf } = link.app;
    const { inspect_interval: every, inspect_timeout: timeoutMs } = options;
    this.options = options;
    this.link = link;
    this.history = history;
    this.timer = timer;
    this.#log = log;
    this.#startedAt = new LastTime(timer);
    this.#ranSince = new LastTime(timer);
    this.#startedAt.mark();
    this.state = new ClusterState({ maxTasks: options.max_tasks, maxWorkers: options.max_workers });
    this.inspector = new Inspector(link.control, timer, log.child('inspect'), timeoutMs / 1000, masking);
    this.inspector.onAnswers((hostnames) => this.#answered(hostnames));
    this.watch = new WorkerWatch(timer, { answersCountFor: 2 * every + timeoutMs / 1000 });
    this.watch.pause();
    this.taskEvents = new TaskEvents(link.control, timer, this.state, this.watch, timeoutMs / 1000);
    this.lastHour = new LastHour(history, timer, () => this.startedAt, log);
    const edge = new EventEdge({ mask: masking.text, maskValue: masking.value });
    this.missedEnds = new MissedEnds(this.state, edge, link, timer, log);
    const sentTo = new SentTo(() => this.now);
    this.onEvents((events) => sentTo.take(events));
    this.probe = new QueueProbe({
      connection: link.asking,
      timer,
      log: log.child('queues'),
      wanted: () => this.consumedQueues(),
      named: () => sentTo.names(),
      isInternal: internalQueues(conf.event_queue_prefix, conf.control_exchange),
      management: managementOf(options, timer, log),
    });
    this.receiver = eventReceiver(link, log.child('events'), edge);
    this.events = new EventStream({
      receiver: this.receiver,
      history,
      timer,
      log,
      // At once, and again when what was missed is counted.
      resumed: (now) => void this.discovery.announce().then(() => this.missedEnds.lookUp(now)),
      counted: (gap) => void this.missedEnds.lookUp(gap.until!),
    });
    this.discovery = new Discovery({
      state: this.state,
      link,
      inspector: this.inspector,
      taskEvents: this.taskEvents,
      timer,
      log,
      enablesEvents: options.enable_events,
      isListening: () => this.receiver.connected,
      probeQueues: () => this.#probeQueues(),
    });
    this.retention = new Retention(this, log);
    this.view = new LiveView(this);
    this.actions = {
      control: link.control,
      app: link.app,
      connect: async () => void (await link.asking.tryConnect()),
      inspect: (hostnames) => this.inspector.ask(hostnames),
      purge: (queue) => this.probe.purge(queue),
      move: (from, to, ids) => this.probe.move(from, to, ids),
      pause: (queue, pause) => this.pauses.set(queue, pause),
      peekByTaking: (queue, limit) => this.probe.peekByTaking(queue, limit),
      probeAnew: () => this.probe.probeAnew(),
      apply: (event) => {
        const isTaken = edge.ours(event);
        if (isTaken) this.state.apply(event);
        return isTaken;
      },
      touchTask: (uuid) => this.state.touchTask(uuid),
      noteTaskEvents: (replies, on) => this.taskEvents.note(replies, on),
    };
  }

  get now(): number {
    return this.timer.now() / 1000;
  }
  get startedAt(): number {
    return this.#startedAt.at!;
  }
  /** Since when this process runs without having stood still. While it did it heard nobody, which says nothing of them. @unit seconds */
  get ranSince(): number {
    // Asked before the second that would have told of it.
    return this.#lateMs >= STOOD_STILL_MS ? this.now : (this.#ranSince.at ?? this.startedAt);
  }

  /** By a clock that nobody sets. */
  get monotonicMs(): number {
    return this.timer.monotonic();
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
    this.retention.begin(await restore(this));
    await this.events.start();
    this.receiver.onEvents((events) => this.#take(events));
    this.receiver.onLost(() => {
      this.discovery.unsettle();
      this.watch.pause();
    });
    this.receiver.onGap(() => this.#hears());
    const { inspect_interval: inspectEvery, queue_interval: queuesEvery } = this.options;
    this.#timers.push(
      this.timer.onJump((byMs) => {
        this.retention.clockSet(byMs);
        this.events.clockSet(byMs);
        this.state.clockSet(byMs / 1000, this.now);
        this.probe.clockSet(byMs / 1000);
        this.inspector.clockSet(byMs / 1000);
        this.lastHour.clockSet(byMs / 1000);
      }),
      this.timer.every(FLUSH_MS, () => this.flush()),
      this.timer.every(1000, () => this.#tick()),
      this.timer.every(RESULTS_EVERY_MS, () => void this.link.checkBackend()),
      this.timer.every(queuesEvery * 1000, () => void this.#probeQueues()),
      this.timer.every(inspectEvery * 1000, () => void this.#inspect(false)),
      this.timer.every(60_000, () => void this.#inspect(true)),
      this.timer.every(30_000, () => void this.retention.expire()),
    );
    void this.lastHour.refresh();
    void this.link.checkBackend();
    void this.#connect();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const part of [this.discovery, this.lastHour, this.missedEnds]) part.stop();
    for (const handle of this.#timers) handle.cancel();
    this.link.ending();
    await this.receiver.stop();
    if (this.link.asking.connected) await this.probe.probe().catch(() => {});
    this.flush();
    await this.history.written();
  }

  /** Hand what changed to the history and the feed. */
  flush(): void {
    const batch = this.state.cut();
    // Gone for good, or for want of a place. One that came back at once has begun anew.
    for (const hostname of batch.workersGone) if (!this.state.workers.has(hostname)) this.#forget(hostname);
    if (batch.tasks.length > 0 || batch.workers.length > 0 || batch.workersGone.length > 0)
      this.history.write(batch, this.now, this.events.heard());
    for (const fn of this.#listeners) fn(batch);
  }

  /** Queues that workers say they consume, and the default one. */
  consumedQueues(): Set<string> {
    const names = new Set<string>([this.link.app.conf.task_default_queue]);
    for (const inspected of this.inspector.workers.values())
      for (const q of inspected.active_queues) if (typeof q?.name === 'string') names.add(q.name);
    return names;
  }

  async #connect(): Promise<void> {
    await this.receiver.start().catch((error: unknown) => {
      this.#log.debug(`Events cannot be heard yet: ${toError(error).message}`);
    });
    if (this.stopped) return;
    if (this.receiver.connected) this.#hears();
    await this.discovery.announce();
    // What ended while this dashboard was not there.
    await this.missedEnds.lookUp(this.startedAt);
  }

  #take(events: CeleryEvent[]): void {
    for (const event of events) {
      this.state.apply(event);
      this.discovery.take(event);
      this.#watched(event);
      this.events.gaps.take(event);
    }
    this.events.take(events);
    for (const fn of this.#eventListeners) fn(events);
    if (this.state.dirty >= BATCH_TASKS) this.flush();
  }

  #hears(): void {
    this.events.neverHeard = false;
    this.watch.resume();
  }

  #watched(event: CeleryEvent): void {
    const record = event.hostname === undefined ? undefined : this.state.workers.get(event.hostname);
    if (!record) return;
    this.watch.take(event);
    if (typeof event.active !== 'number') return;
    const slots = slotsOf(this.inspector.workers.get(record.hostname));
    if (slots !== null && event.active >= slots) this.watch.isBusy(record.hostname);
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
      const wasThere = this.watch.statusOf(record) === 'online';
      this.watch.answered(hostname);
      const inspected = this.inspector.workers.get(hostname);
      const answeredAt = this.inspector.answeredAt(hostname, 'stats');
      if (answeredAt !== null && typeof inspected?.stats?.uptime === 'number')
        this.events.gaps.startedAt(hostname, answeredAt - inspected.stats.uptime, answeredAt);
      if (inspected && inspected.complete > 0)
        this.watch.holds(hostname, heldIds(inspected), isPrefetchFull(inspected) ?? false);
      if (wasThere) continue;
      record.last_heard = this.now;
      this.state.touchWorker(record);
    }
  }

  #tick(): void {
    const now = this.now;
    this.#noteStandstill();
    // It was away when this began, or went away while workers were being asked.
    if (this.receiver.connected && this.watch.isPaused) this.#hears();
    this.discovery.tick();
    if (this.history.failure === null) this.historyOk = now;
    const ran = this.events.tick(now);
    const eventsDisabled = this.#reviewWorkers(now);
    if (ran && !this.events.gaps.isMeasuring) this.events.eventsDisabled = eventsDisabled;
    this.events.finalizeGap(now);
    void this.lastHour.refresh();
  }

  /** Who went away or came back, and who is gone for so long that it is forgotten. @returns those that send no task events */
  #reviewWorkers(now: number): Set<string> {
    const purge = this.options.purge_offline_workers ?? 86_400;
    const eventsDisabled = new Set<string>();
    for (const w of this.state.workers.values()) {
      const { hostname } = w;
      if (this.watch.unheard(hostname) !== null) eventsDisabled.add(hostname);
      const status = this.watch.statusOf(w);
      if (this.#status.get(hostname) !== status) {
        const before = this.#status.get(hostname);
        this.#status.set(hostname, status);
        // What it holds is not known from then on, or is again.
        if (before !== undefined && (status === 'offline' || before === 'offline')) this.state.touchTasksOf(hostname);
        this.state.touchWorker(w);
      }
      if (status !== 'offline' || (w.last_heard ?? 0) >= now - purge) continue;
      this.state.forgetWorker(hostname);
    }
    return eventsDisabled;
  }

  #forget(hostname: string): void {
    this.#status.delete(hostname);
    for (const part of [this.inspector, this.watch, this.taskEvents, this.discovery]) part.forget(hostname);
  }

  get #lateMs(): number {
    return this.#lastSecondMs === null ? 0 : this.monotonicMs - this.#lastSecondMs - 1000;
  }

  /** This process did not run (a suspended machine, a stopped container): what workers did meanwhile is read only now. */
  #noteStandstill(): void {
    const lateMs = this.#lateMs;
    this.#lastSecondMs = this.monotonicMs;
    if (lateMs < STOOD_STILL_MS) return;
    this.#ranSince.mark();
    if (this.watch.isPaused) return;
    this.watch.pause(lateMs);
    this.watch.resume();
  }

  async #probeQueues(): Promise<void> {
    if (this.stopped) return;
    await this.probe.probe();
    if (this.stopped) return;
    const minute = Math.floor(this.now / 60) * 60;
    if (minute !== this.#askedBroker) {
      this.#askedBroker = minute;
      // The next round of this minute has what it says.
      void this.probe.about(false).then(
        (about) => {
          this.#aboutBroker = about;
        },
        () => {
          this.#aboutBroker = null;
        },
      );
    }
    this.history.saveGauges(this.#gauges(), minute);
    // That nothing happened is heard, too.
    const heard = this.events.heard();
    if (heard) this.history.write(EMPTY, this.now, heard);
  }

  #gauges(): Record<string, number> {
    const values: Record<string, number> = {};
    if (this.receiver.connected) values.up = 1;
    if (this.probe.failure === null) {
      let waiting = 0;
      let unacked: number | null = null;
      let depths = 0;
      for (const q of this.probe.queues.values()) {
        if (q.status === null) continue;
        if (depths++ < MAX_DEPTHS) values[`depth:${q.name}`] = q.status.messages;
        waiting += q.status.messages;
        const taken = q.status.unacked ?? q.managed?.unacked ?? null;
        if (taken !== null) unacked = (unacked ?? 0) + taken;
      }
      values.waiting = waiting;
      if (unacked !== null) values.unacked = unacked;
      const { memory, clients, traffic } = this.#aboutBroker ?? {};
      if (typeof memory?.used === 'number') values['broker-memory'] = memory.used;
      if (typeof clients?.connected === 'number') values['broker-clients'] = clients.connected;
      if (traffic) values['broker-traffic'] = traffic.perSecond;
    }
    let busy = 0;
    for (const w of this.state.workers.values()) if (this.watch.statusOf(w) === 'online') busy += w.active ?? 0;
    values.busy = busy;
    return values;
  }

  /** @param full everybody and everything: who sends no heartbeats is found by its answer */
  async #inspect(full: boolean): Promise<void> {
    if (this.stopped || !this.link.asking.connected) return;
    const heard = [...this.state.workers.values()].filter((w) => this.watch.statusOf(w) !== 'offline');
    const asked = full ? null : heard.map((w) => w.hostname);
    if (asked === null || asked.length > 0) await this.inspector.ask(asked, full).catch(() => {});
  }
}
