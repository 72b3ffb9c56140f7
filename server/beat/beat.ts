// Beat: sends what is due, when it is due, alone (`umbel beat`) or inside a worker (-B).
// Not here: what is due (scheduler.ts), the lease and what is written (persistence.ts), OS signals and the banner (cli/beat.ts).
// Holds: a run is written down within a second of its sending, or before it (`beat_at_most_once`); one failing entry stops no other;
// nothing is sent without the lease of the schedule: a second beat stands by; after `stop` nothing is sent and nothing keeps the process alive. A run that the broker could not take is tried again,
// others are not.
// Celery 5.6: beat.py Service, Scheduler.apply_async
import { inspect } from 'node:util';
import type { Config } from '../app/config.ts';
import { refuseUnknownOptions } from '../app/option-names.ts';
import { backendFlags } from '../backends/registry.ts';
import type { Kwargs } from '../canvas/host.ts';
import { ImproperlyConfigured, OperationalError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { adoptLogger, type GivenLogger } from '../log-adopt.ts';
import type { ScheduleStore, StoredEntry } from '../schedules/contract.ts';
import { crontab } from '../schedules/crontab.ts';
import { brokerLine } from '../schedules/registry.ts';
import { resolveZone } from '../schedules/zone.ts';
import type { Codec } from '../serialization/codec.ts';
import { signals } from '../signals.ts';
import { type Timer, type TimerHandle, within } from '../timer.ts';
import { checkCall, checkEntry, definitionOf, optionsOf, readSchedule } from './entry.ts';
import { BeatLazyFunc } from './lazy.ts';
import { Persistence } from './persistence.ts';
import { placeOf } from './place.ts';
import {
  type DueEntry,
  type EntryOptions,
  type Remembered,
  type ScheduleEntry,
  Scheduler,
  type SchedulerOptions,
} from './scheduler.ts';

export type {
  EntryDefinition,
  EntryRuns,
  ScheduleForm,
  ScheduleLease,
  ScheduleStore,
  StoredEntry,
} from '../schedules/contract.ts';
export { FileScheduleStore } from '../schedules/file-store.ts';
export { MemoryScheduleStore } from '../schedules/memory-store.ts';
export { openScheduleStore, registerScheduleStore } from '../schedules/registry.ts';
export { BeatLazyFunc } from './lazy.ts';
export type { EntryOptions, ScheduleEntry } from './scheduler.ts';

/** What beat asks of an app; `Celery` has it. */
export interface BeatHost {
  readonly conf: Config;
  readonly codec: Codec;
  readonly timer: Timer;
  readonly log: Logger;
  readonly tasks: ReadonlyMap<
    string,
    {
      readonly options?: { readonly typing?: boolean | undefined };
      applyAsync(args?: readonly unknown[], kwargs?: Kwargs, options?: object): Promise<{ readonly id: string }>;
      /** @throws TypeError when they do not fit */
      bind?(args: readonly unknown[], kwargs: Kwargs): unknown;
    }
  >;
  sendTask(
    name: string,
    args?: readonly unknown[],
    kwargs?: Kwargs,
    options?: object,
  ): Promise<{ readonly id: string }>;
  /** What sends its messages. Left out: nothing can be made ready before the first is due. */
  producer?(): { ready(): Promise<void> };
}

export interface BeatOptions {
  /** Where it is remembered: a path, or a URL (file://, memory://, what registerScheduleStore added). Default `beat_schedule_filename`. */
  readonly schedule?: string;
  /** In place of that; who opened it closes it. */
  readonly store?: ScheduleStore;
  /** 'celery.beat:PersistentScheduler' (a file) or 'celery.beat:Scheduler' (nothing is kept). Default `beat_scheduler`. */
  readonly scheduler?: string;
  /** Longest sleep. Default `beat_max_loop_interval`, else 300. @unit seconds */
  readonly maxInterval?: number;
  /** Runs inside a worker. */
  readonly embedded?: boolean;
  readonly log?: GivenLogger;
}

/** What each must be, when it is given. */
const OPTIONS: Readonly<Record<keyof BeatOptions, readonly [fits: (value: unknown) => boolean, words: string]>> = {
  schedule: [
    (value) => typeof value === 'string',
    'a path or a URL (entries of a schedule are the setting beat_schedule)',
  ],
  store: [(value) => typeof (value as Partial<ScheduleStore>).claim === 'function', 'a schedule store'],
  scheduler: [(value) => typeof value === 'string', "the name of a scheduler, such as 'celery.beat:Scheduler'"],
  maxInterval: [(value) => typeof value === 'number', 'a number of seconds'],
  embedded: [(value) => typeof value === 'boolean', 'true or false'],
  log: [() => true, 'a logger'],
};

const DEFAULT_MAX_INTERVAL_S = 300;
const ALWAYS = Promise.resolve(true);
/** A log line is read by people. */
const MOST_NAMED = 10;
const LONGEST_RETRY_MS = 30_000;
/** Nothing is sent before the lease is known to be held; it is looked again after so long. */
const UNSURE_MS = 250;
/** How long `stop` waits for what is being sent. */
const STOP_WITHIN_MS = 5000;
const CLEANUP = 'celery.backend_cleanup';

/**
 * idle -start-> running -stop-> stopping -> idle. A start that fails ends in idle with the lease given back. While the lease is lost it
 * is running and sends nothing.
 */
export class Beat {
  readonly app: BeatHost;
  readonly scheduler: Scheduler;
  /** @unit seconds */
  readonly maxInterval: number;
  /** Tasks sent since start. */
  sent = 0;
  readonly #log: Logger;
  readonly #timer: Timer;
  readonly #embedded: boolean;
  readonly #scheduling: SchedulerOptions;
  readonly #persistence: Persistence;
  readonly #sending = new Set<Promise<void>>();
  readonly #failures = new Map<string, number>();
  #mode: 'idle' | 'running' | 'stopping' = 'idle';
  #wake: TimerHandle | null = null;
  #jumps: TimerHandle | null = null;
  #unsynced = 0;
  /** What the store had when it was last read. */
  #found: ReadonlyMap<string, StoredEntry> = new Map();
  /** What is wrong with entries of the store, told once. */
  readonly #refused = new Map<string, string>();
  #lastTickMs = 0;

  constructor(app: BeatHost, options: BeatOptions = {}) {
    if (typeof (app as BeatHost | null)?.sendTask !== 'function')
      throw new ImproperlyConfigured('Beat takes its app first: new Beat(app, { ... }).');
    refuseUnknownOptions('Beat', options, Object.keys(OPTIONS));
    for (const [name, [fits, words]] of Object.entries(OPTIONS)) {
      const value = options[name as keyof BeatOptions] ?? null;
      if (value !== null && !fits(value))
        throw new ImproperlyConfigured(
          `Beat: ${name} must be ${words}, not ${typeof value === 'object' ? 'an object' : JSON.stringify(value)}.`,
        );
    }
    const { conf } = app;
    this.app = app;
    this.#timer = app.timer;
    this.#log = options.log ? adoptLogger(options.log) : app.log.child('Beat');
    this.#embedded = options.embedded ?? false;
    this.maxInterval = options.maxInterval ?? (conf.beat_max_loop_interval || DEFAULT_MAX_INTERVAL_S);
    if (!(this.maxInterval > 0))
      throw new ImproperlyConfigured(`Beat's longest sleep must be more than 0 s, not ${this.maxInterval}.`);
    this.#scheduling = {
      zone: resolveZone(conf.timezone ?? (conf.enable_utc ? 'UTC' : 'local')),
      startingDeadline: conf.beat_cron_starting_deadline,
    };
    this.scheduler = new Scheduler({ ...this.#scheduling, dirty: (names) => this.#persistence.changed(names) });
    this.#persistence = new Persistence({
      place: options.store ?? placeOf(options, conf),
      timer: this.#timer,
      log: this.#log,
      broker: brokerLine(conf),
      entries: () => this.#stored(),
      runs: (names) => this.scheduler.runs(names),
      onClaimed: (entries) => this.#claimed(entries),
      onEdited: (entries) => this.#edited(entries),
      onLost: () => this.#wake?.cancel(),
      onRegained: () => {
        this.#connect();
        this.#schedule();
      },
    });
  }

  toString(): string {
    return `<Beat (${this.#mode})>`;
  }
  [inspect.custom](): string {
    return String(this);
  }
  toJSON(): string {
    return String(this);
  }

  /** Resolves when the first look at the schedule is arranged, or when it stands by for another beat. ImproperlyConfigured: a wrong entry. */
  async start(): Promise<void> {
    if (this.#mode !== 'idle') throw new ImproperlyConfigured(`This beat is ${this.#mode} already.`);
    this.#mode = 'running';
    try {
      await this.#loadSerializers();
      // What is wrong with an entry is said at the start, also by a beat that stands by.
      new Scheduler(this.#scheduling).merge(this.#configured(), new Map(), this.#timer.now());
      await this.#persistence.open();
    } catch (error) {
      this.#mode = 'idle';
      throw error;
    }
    (this.#embedded ? signals.beat_embedded_init : signals.beat_init).send({ sender: this });
    if (this.#persistence.isHeld) {
      this.#connect();
      const count = this.scheduler.entries.size;
      this.#log.info(
        `beat: Starting with ${count} ${count === 1 ? 'entry' : 'entries'}, remembered in ${this.#persistence.description}`,
      );
    }
    this.#jumps = this.#timer.onJump((byMs) => this.#clockSet(byMs));
    this.#schedule();
  }

  /** What is being sent is finished; what was sent is written down; the schedule is free for another beat. */
  async stop(): Promise<void> {
    if (this.#mode !== 'running') return;
    this.#mode = 'stopping';
    this.#wake?.cancel();
    this.#jumps?.cancel();
    this.#wake = this.#jumps = null;
    if (this.#sending.size > 0) await within(this.#timer, STOP_WITHIN_MS, Promise.all(this.#sending));
    await this.#persistence.close();
    this.#mode = 'idle';
    this.#log.info('beat: Shut down');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Read `beat_schedule` again: entries may have come, gone or changed. */
  reload(): void {
    this.#persistence.replaced();
    this.scheduler.merge(this.#all(), new Map(), this.#timer.now());
    this.#schedule();
  }

  /** Send what is due now. Called by the timer. */
  tick(): void {
    if (this.#mode !== 'running' || !this.#persistence.isHeld) return;
    if (!this.#persistence.isSure) {
      // It is renewed by then, or lost.
      this.#wake?.cancel();
      this.#wake = this.#timer.after(UNSURE_MS, () => this.tick());
      return;
    }
    const nowMs = this.#timer.now();
    // After the longest sleep no remembered due time is trusted.
    if (nowMs - this.#lastTickMs >= this.maxInterval * 1000) this.scheduler.review(nowMs);
    this.#lastTickMs = nowMs;
    this.#persistence.ticked();
    const due = this.scheduler.takeDue(nowMs);
    const mayGo = this.app.conf.beat_at_most_once && due.length > 0 ? this.#persistence.save() : ALWAYS;
    for (const taken of due) this.#start(taken, mayGo);
    this.#schedule();
  }

  /** So that the first run need not wait for it. A broker that is away is told of when a run is due. */
  #connect(): void {
    this.app
      .producer?.()
      .ready()
      .catch(() => {});
  }

  #clockSet(byMs: number): void {
    this.#log.warning(
      `beat: The clock of this machine was set ${byMs < 0 ? 'back' : 'forward'} by ${Math.abs(byMs) / 1000} s; going on by the new time`,
    );
    this.scheduler.clockSet(byMs, this.#timer.now());
    this.tick();
  }

  #schedule(): void {
    if (this.#mode !== 'running' || !this.#persistence.isHeld) return;
    this.#wake?.cancel();
    const waitMs = Math.min(this.scheduler.nextAt() - this.#timer.now(), this.maxInterval * 1000);
    this.#wake = this.#timer.after(Math.max(waitMs, 0), () => this.tick());
  }

  #start(taken: DueEntry, mayGo: Promise<boolean>): void {
    const { entry } = taken;
    entry.sending = true;
    const sending = this.#send(taken, mayGo).finally(() => {
      this.scheduler.release(entry);
      this.#sending.delete(sending);
      this.#schedule();
    });
    this.#sending.add(sending);
  }

  async #send(taken: DueEntry, mayGo: Promise<boolean>): Promise<void> {
    const { entry } = taken;
    try {
      if (!(await mayGo)) throw new OperationalError('The run could not be written down before it is sent.');
      this.#log.info(`Scheduler: Sending due task ${entry.name} (${entry.task})`);
      const { id } = await this.#apply(entry);
      this.#failures.delete(entry.name);
      this.sent++;
      this.#unsynced++;
      const every = this.app.conf.beat_sync_every;
      if (every > 0 && this.#unsynced >= every) {
        this.#unsynced = 0;
        await this.#persistence.save();
      }
      this.#log.debug(`${entry.task} sent. id->${id}`);
    } catch (error) {
      this.#failed(taken, error);
    }
  }

  async #apply(entry: ScheduleEntry): Promise<{ readonly id: string }> {
    const args = entry.args.map(evaluate);
    const kwargs = Object.fromEntries(Object.entries(entry.kwargs).map(([key, value]) => [key, evaluate(value)]));
    const task = this.app.tasks.get(entry.task);
    return task
      ? await task.applyAsync(args, kwargs, entry.options)
      : await this.app.sendTask(entry.task, args, kwargs, entry.options);
  }

  #failed(taken: DueEntry, error: unknown): void {
    const { entry } = taken;
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    if (!(error instanceof OperationalError)) {
      this.#log.error(`Couldn't apply scheduled task ${entry.name}: ${reason}`, { task: entry.task });
      return;
    }
    if (this.#mode !== 'running') {
      this.#log.error(`Couldn't apply scheduled task ${entry.name} before beat was stopped: ${reason}`, {
        task: entry.task,
      });
      return;
    }
    const failures = (this.#failures.get(entry.name) ?? 0) + 1;
    this.#failures.set(entry.name, failures);
    const waitMs = Math.min(1000 * 2 ** (failures - 1), LONGEST_RETRY_MS);
    this.scheduler.putBack(taken, this.#timer.now() + waitMs);
    this.#log.error(`Couldn't apply scheduled task ${entry.name}: ${reason} Trying again in ${waitMs / 1000} s`, {
      task: entry.task,
    });
  }

  #claimed(entries: ReadonlyMap<string, StoredEntry>): void {
    const nowMs = this.#timer.now();
    this.#lastTickMs = nowMs;
    this.#found = entries;
    this.scheduler.merge(this.#all(), remembered(entries), nowMs);
    const missed = [...this.scheduler.entries.values()].filter((entry) => entry.isOn && entry.dueAt <= nowMs);
    if (missed.length === 0) return;
    const names = missed.slice(0, MOST_NAMED).map(({ name }) => name);
    if (missed.length > MOST_NAMED) names.push(`${missed.length - MOST_NAMED} more`);
    this.#log.warning(
      `beat: Due while no beat ran, or sent and not written down, and sent once now: ${names.join(', ')}`,
    );
  }

  #edited(entries: ReadonlyMap<string, StoredEntry>): void {
    this.#log.info('beat: The schedule was changed by others and is read again');
    this.#found = entries;
    this.scheduler.merge(this.#all(), remembered(entries), this.#timer.now());
    this.#schedule();
  }

  #stored(): Map<string, StoredEntry> {
    const runs = this.scheduler.runs();
    const own = this.#configured();
    return new Map(
      [...this.scheduler.entries]
        .filter(([name]) => Object.hasOwn(own, name))
        .map(([name, entry]) => [name, { definition: definitionOf(entry, this.app.codec), runs: runs.get(name)! }]),
    );
  }

  /** What the app configures, and what others wrote into the store: they pause and resume the app's entries, too. */
  #all(): Record<string, EntryOptions> {
    const all = this.#configured();
    if (!this.#persistence.isShared) return all;
    for (const [name, { definition, owner }] of this.#found) {
      const configured = Object.hasOwn(all, name) ? all[name] : undefined;
      if (configured !== undefined) {
        if (configured.enabled === undefined && definition?.enabled === false)
          all[name] = { ...configured, enabled: false };
        continue;
      }
      if (owner !== 'store') continue;
      try {
        const entry = optionsOf(name, definition);
        this.#check(name, entry);
        readSchedule(name, entry, this.#timer.now());
        this.#refused.delete(name);
        all[name] = entry;
      } catch (error) {
        const { message } = error as Error;
        if (this.#refused.get(name) !== message)
          this.#log.error(`beat: The entry '${name}' in ${this.#persistence.description} is left out: ${message}`);
        this.#refused.set(name, message);
      }
    }
    return all;
  }

  /** Calls are written when they are checked, before anything connects. */
  #loadSerializers(): Promise<void> | null {
    const { conf, codec } = this.app;
    const own = Object.values(conf.beat_schedule ?? {}).map((entry) => (entry as EntryOptions).options?.serializer);
    return codec.load([conf.task_serializer, ...own] as string[]);
  }

  #configured(): Record<string, EntryOptions> {
    const { conf } = this.app;
    const entries: Record<string, EntryOptions> = { ...conf.beat_schedule };
    // Celery 5.6, beat.py: install_default_entries
    if (conf.result_expires && !(CLEANUP in entries) && !expiresItself(conf.resultBackendUrl())) {
      entries[CLEANUP] = {
        task: CLEANUP,
        schedule: crontab({ minute: '0', hour: '4' }),
        options: { expires: 12 * 3600 },
      };
    }
    for (const [name, entry] of Object.entries(entries)) this.#check(name, entry);
    return entries;
  }

  /** @throws ImproperlyConfigured */
  #check(name: string, entry: EntryOptions): void {
    const { conf } = this.app;
    checkEntry(name, entry, this.#timer.now());
    const task = this.app.tasks.get(entry.task);
    const bind = task?.bind && task.options?.typing !== false ? task.bind.bind(task) : null;
    checkCall(name, entry, { codec: this.app.codec, serializer: conf.task_serializer }, bind);
  }
}

function remembered(entries: ReadonlyMap<string, StoredEntry>): Map<string, Remembered> {
  return new Map(
    [...entries].map(([name, { definition, runs }]) => [name, { ...runs, enabled: definition?.enabled ?? true }]),
  );
}

function evaluate(value: unknown): unknown {
  return value instanceof BeatLazyFunc ? value.evaluate() : value;
}

/** A store that is not known here is one of a Python cluster; as in Celery it is taken to keep everything. */
function expiresItself(url: string): boolean {
  return backendFlags(url)?.expiresItself ?? false;
}
