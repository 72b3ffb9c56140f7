// Alerts: with each look of the attention room every rule is asked what it finds, and channels are told what began and what is over.
// Not here: the rules (rule-book.ts), what each finds (evaluate.ts), for how long it must hold (rule-watch.ts), channels and their queues
// (sender.ts).
// Holds: told once when it begins and once when it is over, also over a restart, and what was not told before one is told after it; what is silenced or switched off begins for nobody, and
// what was told is told to be over; nothing is watched while there is no channel and nobody has asked.
import { randomUUID } from 'node:crypto';
import type {
  AlertChannel,
  AlertRule,
  AlertsReply,
  Delivery,
  FiringAlert,
  NoticeEvent,
  Severity,
} from '../../../shared/wire/alerts.ts';
import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { ScheduleStore } from '../../schedules/contract.ts';
import type { Timer } from '../../timer.ts';
import type { Attention } from '../attention/attention.ts';
import type { Facts } from '../attention/facts.ts';
import type { ClusterView } from '../cluster/view.ts';
import type { UserDataStore } from '../user-data/contract.ts';
import { type Channel, lineOf, type Notice } from './channel.ts';
import type { ResolvedAlerts } from './config.ts';
import { DueEntries } from './due-entries.ts';
import { EndRates } from './end-rates.ts';
import { evaluate } from './evaluate.ts';
import { openChannel } from './open-channel.ts';
import { type BookRule, RuleBook } from './rule-book.ts';
import { type KeptSubject, RuleWatch, type Subject } from './rule-watch.ts';
import { type KeptNotice, Sender } from './sender.ts';
import { ChordWatch } from './stuck-chords.ts';

const RANK: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, notice: 2 };
/** Subjects of a notice that are named. */
const NAMED = 20;
/** Of what fires, on the page. */
const LISTED = 200;
/** Outcomes of notices that are kept. */
const DELIVERIES = 100;

export interface AlertsParts {
  readonly config: ResolvedAlerts;
  readonly cluster: Pick<ClusterView, 'onBatch' | 'tasks' | 'workers'> & {
    readonly options: Pick<ClusterView['options'], 'name'>;
  };
  readonly attention: Pick<Attention, 'onLook' | 'findings'>;
  readonly schedules: ScheduleStore | null;
  readonly userData: () => Promise<UserDataStore>;
  readonly timer: Timer;
  readonly log: Logger;
}

export class Alerts {
  readonly book: RuleBook;
  readonly #parts: AlertsParts;
  readonly #sender: Sender;
  readonly #ends = new EndRates();
  readonly #due: DueEntries;
  readonly #chords: ChordWatch;
  readonly #watches = new Map<string, RuleWatch>();
  /** By rule and channel, when it was last told. @unit monotonic milliseconds */
  readonly #notifiedMs = new Map<string, number>();
  readonly #deliveries: Delivery[] = [];
  readonly #onChange: ((on: 'alert-begins' | 'alert-ends', rule: BookRule, subjects: readonly string[]) => void)[] = [];
  #beginning: Promise<void> | null = null;
  /** Why what is kept is not known; null: it is, or nobody has asked. */
  #reason: string | null = null;
  #isWatching = false;
  /** The last write; one after the other, so that what is over is not kept after it was forgotten. */
  #written: Promise<void> = Promise.resolve();

  constructor(parts: AlertsParts) {
    this.#parts = parts;
    const { cluster, config, schedules, timer, userData } = parts;
    this.book = new RuleBook(config, userData);
    this.#due = new DueEntries(schedules, timer);
    this.#chords = new ChordWatch(cluster);
    const channels = config.channels.map((one) => openChannel(one, () => timer.now() / 1000));
    this.#sender = new Sender(channels, timer, {
      keep: (kept) =>
        this.#write('A notice on its way', (store) =>
          store.putRecord('alert-waiting', { id: keptIdOf(kept.channel, kept.notice), value: kept }),
        ),
      done: (delivery, notice) => this.#delivered(delivery, notice),
    });
  }

  start(): void {
    if (this.#sender.channels.length > 0) void this.ready();
  }

  /** From now on rules are watched. Resolves when what is kept was read, or could not be. */
  ready(): Promise<void> {
    this.#beginning ??= this.#begin().catch((error: unknown) => {
      this.#reason = toError(error).message;
      this.#parts.log.warning(`Rules of alerts that were made on the page could not be read: ${this.#reason}`);
      // Whoever asks next tries again.
      this.#beginning = null;
    });
    return this.#beginning;
  }

  /** Nothing more is told. */
  stop(): void {
    this.#sender.stop();
  }

  /** After `stop`: what is on its way has an outcome or is kept, and all of it is written. */
  async ended(): Promise<void> {
    await this.#sender.ended();
    await this.#written;
  }

  async list(): Promise<AlertsReply> {
    await this.ready();
    const rules = this.book.all();
    const firing = rules.flatMap((one) => this.#firingOf(one));
    firing.sort((a, b) => RANK[a.severity] - RANK[b.severity] || b.since - a.since);
    return {
      rules: rules.map((one) => this.shown(one)),
      channels: this.#sender.channels.map((one) => this.#channelOf(one)),
      firing: firing.slice(0, LISTED),
      firing_total: firing.length,
      deliveries: [...this.#deliveries].reverse(),
      reason: this.#reason,
    };
  }

  shown({ id, origin, rule, enabled, silencedUntil, owner }: BookRule): AlertRule {
    const watch = this.#watches.get(id);
    const firing = watch?.firing().length ?? 0;
    const isUnknown = enabled && watch !== undefined && watch.unknown !== null;
    const state = firing > 0 ? 'firing' : isUnknown ? 'unknown' : watch?.isPending ? 'pending' : 'ok';
    const isSilenced = silencedUntil !== null && silencedUntil > this.#now;
    const known = this.#sender.channels;
    const hasNoChannel = enabled && rule.channels?.every((name) => known.every((one) => one.name !== name)) === true;
    const reason = isUnknown
      ? watch.unknown
      : hasNoChannel
        ? 'Nobody is told: its channels are configured no more.'
        : null;
    return {
      ...{ id, origin, rule, enabled, silenced_until: isSilenced ? silencedUntil : null, owner, firing },
      ...{ state: enabled ? state : 'off', reason },
    };
  }

  /** For automations: what begins and what is over of rules that are neither off nor silenced, with or without a channel; each once. */
  onChange(fn: (on: 'alert-begins' | 'alert-ends', rule: BookRule, subjects: readonly string[]) => void): void {
    this.#onChange.push(fn);
  }

  /** What fires now of the rule of this name. */
  async firesOf(name: string): Promise<[BookRule, string][]> {
    await this.ready();
    const rules = this.book.all().filter(({ rule }) => rule.name === name);
    return rules.flatMap((one) => this.#firingOf(one).map(({ subject }): [BookRule, string] => [one, subject]));
  }

  /** null: there is no such channel. */
  async test(name: string): Promise<Delivery | null> {
    const channel = this.#sender.channels.find((one) => one.name === name);
    if (channel === undefined) return null;
    const { name: cluster } = this.#parts.cluster.options;
    const subject = { name: cluster, detail: 'sends this to try a channel', href: '' };
    return this.#sender.test(channel, this.#notice('test', null, [{ ...subject, since: this.#now }]));
  }

  get #now(): number {
    return this.#parts.timer.now() / 1000;
  }

  async #begin(): Promise<void> {
    const { attention, cluster, timer, userData } = this.#parts;
    try {
      await this.book.load();
      const store = await userData();
      const [notified, deliveries, waiting] = await Promise.all([
        store.records('alert-told'),
        store.records('alert-delivery'),
        store.records('alert-waiting'),
      ]);
      if (!this.#isWatching)
        for (const { id, value } of notified) this.#watchOf(id).restore(value as KeptSubject[], timer.monotonic());
      const kept = deliveries.map(({ value }) => value as Delivery).sort((a, b) => a.at - b.at);
      this.#deliveries.unshift(...kept.slice(-DELIVERIES));
      this.#sender.restore(
        kept,
        waiting.map(({ value }) => value as KeptNotice),
      );
      this.#reason = null;
    } finally {
      if (!this.#isWatching) {
        this.#isWatching = true;
        cluster.onBatch(({ finishes }) => {
          this.#ends.add(finishes, this.#now);
          this.#chords.add(finishes);
        });
        attention.onLook((facts) => this.#look(facts));
      }
    }
  }

  #look(facts: Facts): void {
    const rules = this.book.all();
    const { attention } = this.#parts;
    const due = this.#due.read(rules.some(({ rule, enabled }) => enabled && rule.kind === 'schedule-missed'));
    const chords = this.#chords.read(this.#now);
    for (const one of rules) {
      const watch = this.#watchOf(one.id);
      if (!one.enabled) {
        this.#over(one, watch.forget());
        continue;
      }
      const found = evaluate(one.rule, {
        ...{ facts, due, chords, ends: this.#ends },
        needs: (kind) => attention.findings(kind),
        fires: (key) => watch.fires(key),
      });
      const over = watch.look(found, one.rule.for, one.rule.ends, facts.now, this.#parts.timer.monotonic());
      this.#over(
        one,
        over.filter(({ notified }) => notified !== null),
      );
      this.#changed(
        'alert-ends',
        one,
        watch,
        over.filter(({ heard }) => heard),
      );
      this.#notifyBegun(one, watch);
      const unheard = this.#isSilenced(one) ? [] : watch.firing().filter(({ heard }) => !heard);
      this.#changed('alert-begins', one, watch, unheard);
      this.#remind(one, watch);
    }
    // Of rules that were deleted.
    const known = new Set(rules.map(({ id }) => id));
    for (const [id, watch] of this.#watches) {
      if (known.has(id)) continue;
      watch.forget();
      this.#watches.delete(id);
      this.#keep(id, watch);
    }
  }

  /** A rule is gone: what was told of it is over. */
  forget(rule: BookRule): void {
    const watch = this.#watches.get(rule.id);
    if (watch) this.#over(rule, watch.forget());
  }

  #watchOf(id: string): RuleWatch {
    const watch = this.#watches.get(id) ?? new RuleWatch();
    this.#watches.set(id, watch);
    return watch;
  }

  #isSilenced({ silencedUntil }: BookRule): boolean {
    return silencedUntil !== null && silencedUntil > this.#now;
  }

  #notifyBegun(one: BookRule, watch: RuleWatch): void {
    if (this.#isSilenced(one)) return;
    const begun = watch.firing().filter(({ notified }) => notified === null);
    if (begun.length === 0 || !this.#notify('begun', one, begun)) return;
    for (const subject of begun) subject.notified = this.#now;
    this.#keep(one.id, watch);
  }

  #changed(on: 'alert-begins' | 'alert-ends', one: BookRule, watch: RuleWatch, subjects: readonly Subject[]): void {
    if (subjects.length === 0) return;
    for (const subject of subjects) subject.heard = true;
    this.#keep(one.id, watch);
    for (const fn of this.#onChange)
      fn(
        on,
        one,
        subjects.map(({ found }) => found.name),
      );
  }

  #over(one: BookRule, over: readonly Subject[]): void {
    if (over.length === 0) return;
    this.#notify('ended', one, over);
    this.#keep(one.id, this.#watchOf(one.id));
  }

  #remind(one: BookRule, watch: RuleWatch): void {
    if (this.#isSilenced(one)) return;
    const { timer } = this.#parts;
    for (const channel of this.#channelsOf(one)) {
      const key = `${one.id}\n${channel.name}`;
      if (channel.remind === null) continue;
      const notified = watch.firing().filter((subject) => subject.notified !== null);
      if (notified.length === 0) continue;
      const last = this.#notifiedMs.get(key);
      // Told before a restart: from now on.
      if (last === undefined) this.#notifiedMs.set(key, timer.monotonic());
      else if (timer.monotonic() - last >= channel.remind * 1000) this.#notify('reminder', one, notified, [channel]);
    }
  }

  #channelsOf({ rule }: BookRule): Channel[] {
    return this.#sender.channels.filter(({ name }) => rule.channels?.includes(name) ?? true);
  }

  /** @returns whether some channel is to tell it */
  #notify(event: NoticeEvent, one: BookRule, subjects: readonly Subject[], channels = this.#channelsOf(one)): boolean {
    let isNotified = false;
    for (const channel of channels) {
      const severe = subjects.filter(
        ({ found }) => RANK[found.severity ?? one.rule.severity] <= RANK[channel.severity],
      );
      if (severe.length === 0) continue;
      const shown = severe.map(({ found, since }) => ({ ...found, since }));
      this.#sender.send(channel, this.#notice(event, one, shown));
      this.#notifiedMs.set(`${one.id}\n${channel.name}`, this.#parts.timer.monotonic());
      isNotified = true;
    }
    return isNotified;
  }

  #notice(
    event: NoticeEvent,
    one: BookRule | null,
    subjects: readonly { name: string; detail: string; href: string; since: number; severity?: Severity }[],
  ): Notice {
    const { url } = this.#parts.config;
    const worst = subjects
      .map(({ severity }) => severity ?? one?.rule.severity ?? 'notice')
      .sort((a, b) => RANK[a] - RANK[b]);
    return {
      version: 1,
      event,
      id: randomUUID(),
      at: this.#now,
      cluster: this.#parts.cluster.options.name,
      url: url === null ? null : `${url}/alerts`,
      rule: one && { id: one.id, name: one.rule.name, kind: one.rule.kind, severity: worst[0]! },
      subjects: subjects.slice(0, NAMED).map(({ name, detail, href, since }) => ({
        ...{ name, detail, since },
        url: url === null || href === '' ? null : url + href,
      })),
      count: subjects.length,
      text: lineOf(event, one?.rule.name ?? null, subjects, subjects.length),
    };
  }

  #firingOf(one: BookRule): FiringAlert[] {
    const { id, rule, enabled } = one;
    if (!enabled) return [];
    return (this.#watches.get(id)?.firing() ?? []).map(({ found, since, notified }) => ({
      ...{ rule: id, rule_name: rule.name, severity: found.severity ?? rule.severity },
      ...{ subject: found.name, detail: found.detail, href: found.href, since, notified },
    }));
  }

  #channelOf({ name, type, to, severity, remind }: Channel): AlertChannel {
    return {
      ...{ name, type, to, severity, remind },
      ...{ waiting: this.#sender.waiting(name), last: this.#sender.last(name) },
    };
  }

  #delivered(delivery: Delivery, notice: Notice): void {
    const { channel, event, outcome, detail } = delivery;
    if (outcome !== 'ok')
      this.#parts.log.warning(`A notice (${event}) by the channel ${channel} was not delivered: ${detail}`);
    this.#deliveries.push(delivery);
    const gone = this.#deliveries.splice(0, Math.max(0, this.#deliveries.length - DELIVERIES));
    this.#write('The outcome of a notice', async (store) => {
      await store.deleteRecord('alert-waiting', keptIdOf(delivery.channel, notice));
      await store.putRecord('alert-delivery', { id: idOf(delivery), value: delivery });
      for (const one of gone) await store.deleteRecord('alert-delivery', idOf(one));
    });
  }

  /** Who was told of what, for after a restart. */
  #keep(id: string, watch: RuleWatch): void {
    const kept = watch.kept();
    this.#write('Who was told of an alert', async (store) => {
      if (kept.length === 0) await store.deleteRecord('alert-told', id);
      else await store.putRecord('alert-told', { id, value: kept });
    });
  }

  #write(what: string, work: (store: UserDataStore) => Promise<void>): void {
    const { log, userData } = this.#parts;
    this.#written = this.#written
      .then(userData)
      .then(work)
      .catch((error: unknown) => log.warning(`${what} could not be kept: ${toError(error).message}`));
  }
}

/** In the order of time, as the store lists them. */
const keptIdOf = (channel: string, { at, id }: Notice): string => `${at.toFixed(3)} ${id} ${channel}`;
const idOf = ({ at, channel, event }: Delivery): string => `${at.toFixed(3)} ${channel} ${event}`;
