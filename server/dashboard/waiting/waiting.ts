// Why a task of this cluster does not run: gathers what is known, asking a little for the task in view, and concludes.
// Not here: what follows from the facts (reason.ts), asking workers (cluster/inspector.ts), looking into queues (cluster/queue-probe.ts).
// Holds: all viewers share one answer for SHARED; a worker gets no more than one question in two seconds for it; a task that the
// result store knows to have ended is brought up to date instead of explained.

import { BoundedMap } from '../../../shared/bounded-map.ts';
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import { readIsoTime } from '../../../shared/python-values.ts';
import { ENDED_STATES } from '../../../shared/states.ts';
import type { Count } from '../../../shared/wire/count.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import type { WaitReason } from '../../../shared/wire/wait.ts';
import type { PrefetchUse } from '../../../shared/wire/workers.ts';
import type { InspectedRequest, ScheduledInfo } from '../../control/inspect.ts';
import { toError } from '../../errors.ts';
import type { TaskMessage } from '../../protocol/task-message.ts';
import { within } from '../../timer.ts';
import type { Baselines, Runtimes } from '../cluster/baselines.ts';
import { type Inspected, parseRegistered } from '../cluster/inspector.ts';
import { poolName } from '../cluster/pool-kind.ts';
import { processSince } from '../cluster/process.ts';
import { waitingSince } from '../cluster/queue-probe.ts';
import { queueRates } from '../cluster/queue-rate.ts';
import { slotsOf } from '../cluster/room.ts';
import { isSingleActive } from '../cluster/single-active.ts';
import { perMinuteSince } from '../cluster/trends.ts';
import type { ClusterView } from '../cluster/view.ts';
import type { Interventions } from '../operations/interventions.ts';
import { readMessage } from '../operations/known-call.ts';
import { SeenOptions } from '../operations/send-options.ts';
import { MAX_ANSWER_AGE } from './answer.ts';
import type { MessageFacts, QueueFacts, WaitFacts, WorkerFacts } from './facts.ts';
import { prefetchUse } from './prefetch.ts';
import { reasonOf } from './reason.ts';

/** At most; no longer than workers are asked anyway. @unit milliseconds */
const SHARED_MS = 2000;
/** Messages of its own queue, and of each other one, among which a task is looked for. */
const SEARCHED = 10_000;
const SEARCHED_ELSEWHERE = 1000;
const MAX_QUEUES = 50;
/** A page is not kept waiting longer for a broker that does not answer. @unit milliseconds */
const BROKER_PATIENCE_MS = 1500;
/** Workers of one queue that are asked. */
const MAX_ASKED = 20;
const MAX_SHARED = 500;

/** Which queues stand still and which pools hang: concluded in one place, for whoever wants to know (attention/stalled.ts, hung.ts). */
export interface Stalls {
  standstillOf(queue: string): { readonly since: number; readonly workers: readonly string[] } | null;
  hungOf(hostname: string): { readonly since: number } | null;
}

interface Search {
  readonly facts: MessageFacts;
  readonly message: TaskMessage | null;
}

export class Waiting {
  /** What calls carried beside their arguments, of the messages looked at here. */
  readonly seen = new SeenOptions();
  readonly #cluster: ClusterView;
  readonly #interventions: Interventions;
  readonly #stalls: Stalls;
  readonly #baselines: Baselines;
  readonly #sharedMs: number;
  readonly #shared = new BoundedMap<string, { atMs: number; patient: boolean; reason: Promise<WaitReason | null> }>(
    MAX_SHARED,
  );
  /** As of so many events. */
  #held: { events: number; byWorker: Map<string, TaskRecord[]> } = { events: -1, byWorker: new Map() };

  constructor(cluster: ClusterView, interventions: Interventions, stalls: Stalls, baselines: Baselines) {
    this.#cluster = cluster;
    this.#interventions = interventions;
    this.#stalls = stalls;
    this.#baselines = baselines;
    cluster.onAnswers((hostnames) => this.seen.noteAnswers(cluster, hostnames));
    this.#sharedMs = Math.min(SHARED_MS, cluster.options.inspect_interval * 1000);
  }

  /**
   * null: it has ended. Never rejects: what cannot be looked at is part of the answer.
   * @param patient wait for what workers answer now; else they are asked too, for the next who wants to know
   */
  reason(row: TaskRow, { patient = true }: { patient?: boolean } = {}): Promise<WaitReason | null> {
    if (ENDED_STATES.has(row.state) || row.state === 'IGNORED') return Promise.resolve(null);
    const nowMs = this.#cluster.timer.monotonic();
    const key = `${row.uuid} ${row.state} ${row.timestamp}`;
    const known = this.#shared.get(key);
    if (known && nowMs - known.atMs < this.#sharedMs && (known.patient || !patient)) return known.reason;
    const reason = this.#reason(row, patient);
    this.#shared.set(key, { atMs: nowMs, patient, reason });
    return reason;
  }

  async #reason(row: TaskRow, patient: boolean): Promise<WaitReason | null> {
    const search = await this.#search(row);
    if (search.facts.found === 'nowhere' && (await this.#hasEnded(row))) return null;
    const queue = search.facts.queue ?? row.queue;
    const holder = this.#holderOf(row);
    const asked = this.#concerned(queue, holder).filter((hostname) => this.#isOnline(hostname));
    const asking = this.#cluster.inspector
      .askOldest(holder === null ? asked.slice(0, MAX_ASKED) : asked.filter((hostname) => hostname === holder))
      .catch(() => {});
    if (patient) await asking;
    // Without a history there is no baseline; why it waits is known all the same.
    const baselines = await this.#baselines.lastHour().catch((): Runtimes => new Map());
    return reasonOf(this.#facts(row, search, queue, baselines));
  }

  #isOnline(hostname: string): boolean {
    const record = this.#cluster.workers.get(hostname);
    return record !== undefined && this.#cluster.statusOf(record) === 'online';
  }

  /** What fills a worker's prefetch window; null: it has not said. */
  prefetch(hostname: string): PrefetchUse | null {
    const inspected = this.#cluster.inspected.get(hostname);
    if (!inspected) return null;
    return prefetchUse({ inspected, unlisted_limited: this.#unlistedLimited(hostname, inspected) });
  }

  /** How many tasks of a name a worker holds for its rate limit, by its events and lists; null: it has not said what it holds. */
  heldByLimit(hostname: string, name: string): number | null {
    const inspected = this.#cluster.inspected.get(hostname);
    if (!inspected || inspected.complete === 0) return null;
    let n = 0;
    for (const t of this.#heldBy(hostname)) {
      if (t.name !== name || t.state !== 'RECEIVED') continue;
      const where = whereIn(inspected, t.uuid);
      if (where === 'limited' || (where === null && (limitOf(inspected, name) ?? null) !== null)) n++;
    }
    return n;
  }

  #facts(row: TaskRow, search: Search, queue: string | null, baselines: Runtimes): WaitFacts {
    const cluster = this.#cluster;
    const { now } = cluster;
    const holder = this.#holderOf(row);
    const hostnames = this.#concerned(queue, holder);
    const workers = hostnames.map((hostname) => this.#worker(hostname, row, queue, baselines));
    const purge = queue === null ? null : this.#interventions.purgeOf(queue);
    const { message } = search;
    const at = (text: string | null | undefined): number | null => {
      const time = typeof text === 'string' ? readIsoTime(text) : undefined;
      return time ? time.ms / 1000 : null;
    };
    return {
      now,
      task: {
        uuid: row.uuid,
        name: row.name,
        state: row.state,
        eta: message ? at(message.eta) : at(row.eta),
        expires: message ? at(message.expires) : at(row.expires),
        retries: row.retries,
        first_seen: row.first_seen,
        received: row.received,
        started: row.started,
        last_event: row.timestamp,
      },
      message: search.facts,
      queue: queue === null ? null : this.#queue(queue, workers),
      workers,
      holder,
      all_asked: this.#allAsked(),
      revoke: this.#interventions.revokeOf(row.uuid),
      purge: purge !== null && purge.at > row.first_seen ? purge : null,
      ...this.#ahead(row, holder),
    };
  }

  /** The worker that has it: by its events, or by its own lists when its events are not heard. */
  #holderOf(row: TaskRow): string | null {
    if ((row.state === 'RECEIVED' || row.state === 'STARTED') && row.worker !== null) return row.worker;
    for (const [hostname, inspected] of this.#cluster.inspected)
      if (whereIn(inspected, row.uuid) !== null && inspected.complete >= row.timestamp) return hostname;
    return null;
  }

  /** Workers whose word counts: of its queue, and its own; all of them when its queue is not known. */
  #concerned(queue: string | null, holder: string | null): string[] {
    const found = new Set<string>(holder === null ? [] : [holder]);
    for (const [hostname, inspected] of this.#cluster.inspected)
      if (queue === null || inspected.active_queues.some((q) => q.name === queue)) found.add(hostname);
    return [...found];
  }

  #allAsked(): boolean {
    const { inspector, workers } = this.#cluster;
    let online = 0;
    for (const w of workers.values()) {
      if (this.#cluster.statusOf(w) !== 'online') continue;
      online++;
      if (inspector.answeredAt(w.hostname, 'active_queues') === null) return false;
    }
    // Nobody online: known to be so only once everybody was asked.
    return online > 0 || this.#cluster.now - this.#cluster.startedAt > 2 * this.#cluster.options.inspect_interval;
  }

  #worker(hostname: string, row: TaskRow, queue: string | null, baselines: Runtimes): WorkerFacts {
    const cluster = this.#cluster;
    const record = cluster.workers.get(hostname);
    const inspected = cluster.inspected.get(hostname);
    const isFresh = inspected !== undefined && inspected.complete > cluster.now - MAX_ANSWER_AGE;
    const where = inspected ? whereIn(inspected, row.uuid) : null;
    const use = inspected ? this.prefetch(hostname) : null;
    return {
      hostname,
      status: record ? cluster.statusOf(record) : 'offline',
      last_heard: record?.last_heard ?? null,
      asked: inspected && inspected.complete > 0 ? inspected.complete : null,
      answered: inspected?.at ?? null,
      consumes: queue !== null && (inspected?.active_queues.some((q) => q.name === queue) ?? false),
      process_since: processSince(cluster, hostname),
      is_solo: poolName(inspected?.stats?.pool) === 'solo',
      slots: slotsOf(inspected),
      // What it does is not heard while it sends no events.
      out_per_min:
        cluster.sendsEvents(hostname) === false
          ? null
          : perMinuteSince(
              cluster.trends,
              cluster.trends.byWorker.get(hostname),
              cluster.now,
              row.received ?? row.first_seen,
            ),
      active: (inspected?.active ?? []).map((r) => ({
        uuid: r.id,
        name: r.name ?? null,
        started: r.time_start ?? null,
        baseline_p95: baselines.get(r.name ?? '')?.p95 ?? null,
      })),
      hung_since: this.#stalls.hungOf(hostname)?.since ?? null,
      holds: where ?? (isFresh ? 'none' : 'unknown'),
      limit: limitOf(inspected, row.name),
      window: use?.window ?? null,
      taken: use?.window === null || use === null ? null : use.taken,
      taken_by: use === null ? null : takenBy(use),
      revoked: inspected?.revoked.includes(row.uuid) ?? false,
      sends_events: record ? cluster.sendsEvents(hostname) : null,
    };
  }

  #queue(name: string, workers: readonly WorkerFacts[]): QueueFacts {
    const probed = this.#cluster.queues.get(name);
    const status = probed?.status ?? null;
    return {
      name,
      depth: status?.messages ?? null,
      single: isSingleActive(this.#cluster, name),
      paused: this.#cluster.pauses.of(name),
      out_per_min: queueRates(this.#cluster)(
        name,
        workers.filter((w) => w.consumes && w.status !== 'offline').map((w) => w.hostname),
        (probed && waitingSince(probed)) ?? undefined,
      ),
      consumers: status?.consumers ?? null,
      at: status === null ? null : (probed?.at ?? null),
      standstill: this.#stalls.standstillOf(name),
    };
  }

  async #search(row: TaskRow): Promise<Search> {
    const cluster = this.#cluster;
    const unknown = (why: string): Search => ({
      facts: { found: 'unknown', queue: row.queue, ahead: null, at: null, why },
      message: null,
    });
    if (!cluster.connected && cluster.broker.failure !== null)
      return unknown(`the broker does not answer (${cluster.broker.failure})`);
    const filled = [...cluster.queues.values()].filter((q) => (q.status?.messages ?? 0) > 0).map((q) => q.name);
    const others = filled.filter((name) => name !== row.queue);
    const look = async (): Promise<Search> => {
      const at = cluster.now;
      const own = await cluster.find(row.uuid, row.queue === null ? [] : [row.queue], SEARCHED);
      let { messages, complete } = own;
      if (messages.length === 0 && others.length > 0) {
        const more = await cluster.find(row.uuid, others.slice(0, MAX_QUEUES), SEARCHED_ELSEWHERE);
        messages = more.messages;
        complete &&= more.complete && others.length <= MAX_QUEUES;
      }
      const hit = messages.find((one) => !one.unacked) ?? messages[0];
      if (!hit) {
        const depth = row.queue === null ? null : (cluster.queues.get(row.queue)?.status?.messages ?? null);
        if (complete)
          return { facts: { found: 'nowhere', queue: row.queue, ahead: null, at, why: null }, message: null };
        const deep = depth !== null && depth > SEARCHED;
        const why = deep
          ? `it is not among the first ${SEARCHED} messages of ${row.queue}, which has ${depth}`
          : 'this broker does not say which messages are taken';
        return { facts: { found: 'unknown', queue: row.queue, ahead: null, at, why }, message: null };
      }
      const message = await readMessage(hit.message);
      if (message) this.seen.note(message);
      const ahead: Count | null = hit.position === null ? null : { n: hit.position - 1, is: 'exact' };
      return {
        facts: {
          found: hit.unacked ? 'unacked' : 'ready',
          queue: hit.unacked ? row.queue : hit.message.queue,
          ahead,
          at,
          why: null,
        },
        message,
      };
    };
    const looking = look().catch((error: unknown) => unknown(`the broker does not answer (${toError(error).message})`));
    return (await within(cluster.timer, BROKER_PATIENCE_MS, looking)) ?? unknown('the broker did not answer in time');
  }

  /** The result store knows its end: then its record is given the event that was missed. */
  async #hasEnded(row: TaskRow): Promise<boolean> {
    const record = this.#cluster.tasks.get(row.uuid);
    if (!record) return false;
    await this.#cluster.lookUpEnd(record);
    return ENDED_STATES.has(record.state);
  }

  /** Tasks that a worker took and that have not started, by their events, in the order in which they were taken. */
  #heldBy(hostname: string): TaskRecord[] {
    const { eventCount, tasks } = this.#cluster;
    if (this.#held.events !== eventCount) {
      const byWorker = new Map<string, TaskRecord[]>();
      for (const t of tasks.values()) {
        if (t.state !== 'RECEIVED' || t.worker === null) continue;
        const list = byWorker.get(t.worker);
        if (list) list.push(t);
        else byWorker.set(t.worker, [t]);
      }
      for (const list of byWorker.values()) list.sort((a, b) => (a.received ?? 0) - (b.received ?? 0));
      this.#held = { events: eventCount, byWorker };
    }
    return this.#held.byWorker.get(hostname) ?? [];
  }

  /** Of a rate-limited name and in none of its worker's lists: what waits for a token in a Python worker. null: its limits are not known. */
  #unlistedLimited(hostname: string, inspected: Inspected): number | null {
    if (inspected.registered.length === 0) return null;
    const limits = limitsOf(inspected);
    if (![...limits.values()].some((limit) => limit !== null)) return 0;
    let n = 0;
    for (const t of this.#heldBy(hostname))
      if (t.state === 'RECEIVED' && (limits.get(t.name ?? '') ?? null) !== null && whereIn(inspected, t.uuid) === null)
        n++;
    return n;
  }

  /** How many its worker took before it: of those that have no slot yet, and of those that its rate limit holds. */
  #ahead(row: TaskRow, holder: string | null): Pick<WaitFacts, 'limited_ahead' | 'reserved_ahead'> {
    if (holder === null || row.received === null) return { limited_ahead: null, reserved_ahead: null };
    const cluster = this.#cluster;
    const inspected = cluster.inspected.get(holder);
    const record = cluster.workers.get(holder);
    const isSeen =
      record !== undefined &&
      cluster.sendsEvents(holder) !== false &&
      cluster.events.gaps.list().every((g) => (g.until ?? 0) < row.received!);
    // Its lists are from before it took this one: where the others are may have changed since.
    const isYoung = inspected === undefined || inspected.complete < row.received;
    const is = isYoung ? 'about' : isSeen ? 'exact' : 'at_least';
    let limited = 0;
    let reserved = 0;
    for (const t of this.#heldBy(holder)) {
      if (t.uuid === row.uuid || t.state !== 'RECEIVED' || (t.received ?? 0) >= row.received) continue;
      const where = inspected ? whereIn(inspected, t.uuid) : null;
      if (t.name === row.name && (where === null || where === 'limited')) limited++;
      if (where === 'reserved') reserved++;
    }
    return { limited_ahead: { n: limited, is }, reserved_ahead: { n: reserved, is } };
  }
}

/** Which list names it. */
function whereIn(inspected: Inspected, uuid: string): 'active' | 'reserved' | 'limited' | 'scheduled' | null {
  if (idsIn(inspected.active).has(uuid)) return 'active';
  const reserved = idsIn(inspected.reserved).get(uuid);
  if (reserved !== undefined) return reserved ? 'limited' : 'reserved';
  return idsIn(inspected.scheduled).has(uuid) ? 'scheduled' : null;
}

const ids = new WeakMap<readonly object[], ReadonlyMap<string, boolean>>();
/** Ids of one answer, each with whether its worker marked it as waiting for its rate limit. */
function idsIn(list: readonly (InspectedRequest | ScheduledInfo)[]): ReadonlyMap<string, boolean> {
  let known = ids.get(list);
  if (!known) {
    known = new Map(
      list.map((one) => {
        const request = 'request' in one ? one.request : one;
        return [request.id, request.rate_limited === true];
      }),
    );
    ids.set(list, known);
  }
  return known;
}

const limitsCache = new WeakMap<readonly string[], ReadonlyMap<string, string | null>>();
function limitsOf(inspected: Inspected): ReadonlyMap<string, string | null> {
  let limits = limitsCache.get(inspected.registered);
  if (!limits) {
    limits = new Map(
      inspected.registered.map((text) => [parseRegistered(text).name, parseRegistered(text).rate_limit]),
    );
    limitsCache.set(inspected.registered, limits);
  }
  return limits;
}

/** null: none. undefined: not known. */
function limitOf(inspected: Inspected | undefined, name: string | null): string | null | undefined {
  if (!inspected || inspected.registered.length === 0 || name === null) return undefined;
  const limit = limitsOf(inspected).get(name);
  return limit === '0' || limit === '' ? null : limit;
}

function takenBy(use: PrefetchUse): string | null {
  const [, by] = /taken, (.*)\.$/.exec(use.sentence) ?? [];
  return by ?? null;
}
