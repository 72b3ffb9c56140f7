// What a dashboard is made of, once its history is open: built in the order in which each needs the one before, started, and stopped.
// Not here: the HTTP server and its gate (dashboard.ts, plugin.ts, server.ts).
import type { Masking } from '../../shared/masking.ts';
import { toError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { ScheduleStore } from '../schedules/contract.ts';
import type { Timer } from '../timer.ts';
import type { Tokens } from './access/tokens.ts';
import { Alerts } from './alerts/alerts.ts';
import { Attention } from './attention/attention.ts';
import { Automations } from './automations/automations.ts';
import { Baselines } from './cluster/baselines.ts';
import { Cluster } from './cluster/cluster.ts';
import { EventCounts } from './cluster/event-counts.ts';
import type { ClusterLink } from './cluster/link.ts';
import type { HistoryStore } from './history/contract.ts';
import { EventLog } from './live/event-log.ts';
import { Feed } from './live/feed.ts';
import { ProgressWatch } from './live/progress.ts';
import { EndTally } from './metrics/end-tally.ts';
import { EventLag } from './metrics/event-lag.ts';
import { EventTally } from './metrics/event-tally.ts';
import { Metrics, SHARES, type Tallies } from './metrics/metrics.ts';
import { OtlpPush } from './metrics/otlp-push.ts';
import type { OperationDesk } from './operations/contract.ts';
import { Follower } from './operations/follow.ts';
import { Interventions } from './operations/interventions.ts';
import { notePause } from './operations/on-pauses.ts';
import { StartRates } from './operations/start-rates.ts';
import type { Resolved } from './options.ts';
import type { RouteContext } from './routes/context.ts';
import type { UserDataStore } from './user-data/contract.ts';
import { mayHoldData } from './user-data/registry.ts';
import { TaskRows } from './views/task-rows.ts';
import { Waiting } from './waiting/waiting.ts';

/** Operations of the audit log whose traces tasks and limits may still bear. */
const REMEMBERED = 500;
/** @unit milliseconds */
const DRAIN_EVERY_MS = 10_000;

export interface RoomsOptions {
  readonly schedules: ScheduleStore | null;
  readonly userData: () => Promise<UserDataStore>;
  readonly tokens: Tokens;
  readonly options: Resolved;
  readonly link: ClusterLink;
  readonly timer: Timer;
  readonly log: Logger;
  readonly masking: Masking;
  readonly version: string;
}

export class Rooms {
  readonly cluster: Cluster;
  readonly context: RouteContext;
  readonly #timer: Timer;
  readonly #log: Logger;
  readonly #stop: () => void;
  readonly #metrics: Metrics;
  #push: OtlpPush | null = null;

  constructor(
    history: HistoryStore,
    { schedules, userData, tokens, options, link, timer, log, masking, version }: RoomsOptions,
  ) {
    this.#timer = timer;
    this.#log = log;
    this.cluster = new Cluster(options, link, history, timer, log, masking);
    const { actions, view } = this.cluster;
    const nameOf = (uuid: string): string | null => view.tasks.get(uuid)?.name ?? null;
    const baselines = new Baselines(history, timer);
    const attention = new Attention(view, timer, log.child('attention'), baselines);
    const alerts = new Alerts({
      ...{ config: options.alerts, cluster: view, attention, schedules, userData, timer },
      log: log.child('alerts'),
    });
    const interventions = new Interventions();
    const taskRows = new TaskRows(view, interventions);
    const feed = new Feed(view, taskRows, timer, version);
    const eventLog = new EventLog(view);
    const tallies: Tallies = {
      events: new EventTally(options.max_metrics_size * SHARES.events),
      ends: new EndTally(),
      lag: new EventLag(),
    };
    const eventCounts = new EventCounts();
    view.onEvents((events) => {
      tallies.events.add(events, nameOf);
      tallies.lag.take(events, view.now);
      eventCounts.add(events, (hostname) => view.workers.has(hostname));
    });
    view.onBatch((batch) => {
      eventCounts.forgetWorkers(batch.workersGone);
      tallies.ends.add(batch.finishes);
      tallies.events.forgetWorkers(batch.workersGone);
      this.#metrics.forgetWorkers(batch.workersGone);
    });
    const waiting = new Waiting(view, interventions, attention, baselines);
    const rates = new StartRates(() => timer.now() / 1000);
    view.onEvents((events) => rates.take(events, nameOf));
    timer.onJump((byMs) => rates.clockSet(byMs / 1000));
    const follower = new Follower(timer, feed, history);
    const desk: OperationDesk = {
      cluster: view,
      actions,
      records: history,
      feed,
      waiting,
      interventions,
      rates,
      follower,
      masking,
    };
    const automations = new Automations({
      ...{ options, cluster: view, attention, alerts, desk, tokens, userData, timer },
      log: log.child('automations'),
    });
    const progress = new ProgressWatch(view, feed, timer, masking);
    this.context = {
      cluster: view,
      eventCounts,
      attention,
      alerts,
      automations,
      feed,
      eventLog,
      baselines,
      waiting,
      desk,
      taskRows,
      progress,
      userData,
      tokens,
      schedules,
      options,
      masking,
      metrics: () => this.#metrics,
      version,
      timer,
    };
    this.#metrics = new Metrics(this.context, tallies);
    this.#stop = () => {
      for (const part of [feed, eventLog, attention, alerts, automations, follower, progress]) part.stop();
    };
  }

  /** Resolves before the broker answers. */
  async start(): Promise<void> {
    const { alerts, attention, automations, cluster, desk, options: given } = this.context;
    await this.cluster.start();
    attention.start();
    alerts.start();
    if (mayHoldData(given.user_data)) void automations.ready();
    // The newest come first.
    for (const record of (await cluster.history.operations(null, REMEMBERED)).reverse())
      desk.interventions.note(record);
    // A pause lasts until it is ended, whatever else was done since.
    const actions = ['pause_queue', 'resume_queue'] as const;
    for (const record of (await cluster.history.operations(null, 2 * REMEMBERED, { actions })).reverse())
      notePause(desk.actions, record);
    desk.rates.restore(desk.interventions.limits(), cluster.history).catch((error: unknown) => {
      this.#log.debug(`Rates since limits were changed could not be read: ${toError(error).message}`);
    });
    this.#timer.every(DRAIN_EVERY_MS, () => this.#metrics.drain());
    const { options, timer, version } = this.context;
    const { otlp_metrics: url } = options;
    if (url !== null)
      this.#push = new OtlpPush({ options, url, version, metrics: this.#metrics, timer, log: this.#log.child('otlp') });
  }

  /** Nothing is told to pages any more. */
  quiet(): void {
    this.#stop();
    this.#push?.stop();
  }

  /** Writes what is pending. */
  async stop(): Promise<void> {
    await Promise.all([this.context.alerts.ended(), this.cluster.stop()]);
  }
}
