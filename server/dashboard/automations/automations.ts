// Automations at work: hears what happens, lets each decide, and does what they decide, one after another, as their makers may.
// Not here: deciding (decide.ts), what is kept (automation-book.ts, act-log.ts), operations (../operations/), a try before one is turned
// on (trial.ts).
// Holds: what is done is checked, recorded and read back as an operation of a person is; the rights of its maker are asked at each act, and
// one whose maker has lost them is off; of what happened long ago, or before this dashboard watched, nothing is done; read_only stops all.
// One process has the file of automations (../user-data/sqlite/), so that no two act on one fact.
import type { TryEnd } from '../../../shared/events/cluster-state.ts';
import type {
  Automation,
  AutomationAct,
  AutomationMode,
  AutomationRequest,
  AutomationsReply,
} from '../../../shared/wire/automations.ts';
import type { OperationRecord } from '../../../shared/wire/operations.ts';
import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Timer } from '../../timer.ts';
import { type Identity, identified } from '../access/identity.ts';
import { grantOfMaker, type Maker } from '../access/maker.ts';
import { Rules } from '../access/rules.ts';
import type { Tokens } from '../access/tokens.ts';
import type { Alerts } from '../alerts/alerts.ts';
import type { BookRule } from '../alerts/rule-book.ts';
import type { Attention } from '../attention/attention.ts';
import type { Facts, WorkerFact } from '../attention/facts.ts';
import type { ClusterView } from '../cluster/view.ts';
import { Forbidden, NothingToDo, type OperationDesk } from '../operations/contract.ts';
import { perform, rehearse } from '../operations/perform.ts';
import { operationOf } from '../operations/table.ts';
import type { Resolved } from '../options.ts';
import type { UserDataStore } from '../user-data/contract.ts';
import { ActLog } from './act-log.ts';
import { AutomationBook, type BookAutomation } from './automation-book.ts';
import { type Decided, decide, noted, Pace } from './decide.ts';
import { because, type Fact, ofAlert, ofFailure, ofOffline } from './fact.ts';
import { Lineage } from './lineage.ts';

/** What happened longer ago by its own word is history. @unit seconds */
const MAX_AGE = 300;
/** Acts that wait for those before them. */
const MAX_WAITING = 100;
/** On the page. */
const LISTED = 100;

export interface AutomationsParts {
  readonly options: Resolved;
  readonly cluster: Pick<ClusterView, 'onBatch' | 'now'>;
  readonly attention: Pick<Attention, 'onLook'>;
  readonly alerts: Pick<Alerts, 'onChange' | 'ready'>;
  readonly desk: OperationDesk;
  readonly tokens: Pick<Tokens, 'onConfirm'>;
  readonly userData: () => Promise<UserDataStore>;
  readonly timer: Timer;
  readonly log: Logger;
}

export class Automations {
  readonly book: AutomationBook;
  readonly #parts: AutomationsParts;
  readonly #rules: Rules;
  readonly #log: ActLog;
  readonly #paces = new Map<string, Pace>();
  readonly #left = new Map<string, { n: number; at: number; reason: string }>();
  readonly #lineage = new Lineage();
  #statuses: ReadonlyMap<string, WorkerFact['status']> | null = null;
  #beginning: Promise<void> | null = null;
  /** Why what is kept is not known; null: it is, or nobody has asked. */
  #reason: string | null = null;
  #waiting = 0;
  #acting: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: AutomationsParts) {
    this.#parts = parts;
    const { alerts, attention, cluster, options, tokens, userData } = parts;
    this.#rules = new Rules(options.access_rules, options.read_only);
    this.book = new AutomationBook(userData);
    this.#log = new ActLog(userData);
    cluster.onBatch(({ finishes }) => this.#hearEnds(finishes));
    attention.onLook((facts) => this.#look(facts));
    alerts.onChange((on, rule, subjects) => this.#hearAlert(on, rule, subjects));
    tokens.onConfirm((owner, place, may) => this.#confirm(owner, place, may));
  }

  /** From now on they act. Resolves when what is kept was read, or could not be. */
  ready(): Promise<void> {
    this.#beginning ??= this.#begin().catch((error: unknown) => {
      this.#reason = toError(error).message;
      this.#parts.log.warning(`Automations could not be read: ${this.#reason}`);
      // Whoever asks next tries again.
      this.#beginning = null;
    });
    return this.#beginning;
  }

  stop(): void {
    this.#stopped = true;
  }

  async list(): Promise<AutomationsReply> {
    await this.ready();
    return {
      items: this.book.all().map((one) => this.shown(one)),
      acts: this.#log.newest(LISTED),
      acts_total: this.#log.size,
      read_only: this.#parts.options.read_only,
      reason: this.#reason,
    };
  }

  shown({ id, spec, mode, maker, stopped, failures }: BookAutomation): Automation {
    const pace = this.#paces.get(id);
    return {
      ...{ id, spec, mode, owner: maker.owner, stopped, failures },
      ...{ acts: pace?.lastHour(this.#now) ?? 0, last: pace?.last ?? null, left: this.#left.get(id) ?? null },
    };
  }

  /** @param id null: a new one  @throws AutomationRefused */
  async save(id: string | null, spec: AutomationRequest, maker: Maker): Promise<BookAutomation> {
    return this.#begunAnew(await this.book.save(id, spec, maker, this.#now));
  }

  /** @throws AutomationRefused */
  async turn(id: string, mode: AutomationMode, maker: Maker): Promise<BookAutomation> {
    return this.#begunAnew(await this.book.turn(id, mode, maker, this.#now));
  }

  /** @throws AutomationRefused */
  async delete(id: string): Promise<void> {
    await this.book.delete(id);
    this.#paces.delete(id);
    this.#left.delete(id);
  }

  get #now(): number {
    return this.#parts.cluster.now;
  }

  async #begin(): Promise<void> {
    await this.book.load();
    for (const act of await this.#log.load()) {
      if (this.book.get(act.automation)?.mode === act.mode) this.#paceOf(act.automation).note(act.at, act.key);
      if (act.mode !== 'on') continue;
      for (const { id, origin } of act.retried) {
        if (id !== origin) this.#lineage.belongs(id, origin);
        this.#lineage.sentAgain(id, act.at);
      }
    }
    this.#reason = null;
    this.#needAlerts();
  }

  /** Somebody has looked at it: what was before bounds it no more, but for what was sent again. */
  #begunAnew(one: BookAutomation): BookAutomation {
    this.#left.delete(one.id);
    this.#paces.delete(one.id);
    this.#needAlerts();
    return one;
  }

  /** Rules are watched without a channel too, while an automation waits for one. */
  #needAlerts(): void {
    if (this.book.all().some(({ mode, spec }) => mode !== 'off' && spec.when.on.startsWith('alert-')))
      void this.#parts.alerts.ready();
  }

  #paceOf(id: string): Pace {
    const pace = this.#paces.get(id) ?? new Pace();
    this.#paces.set(id, pace);
    return pace;
  }

  #hearEnds(finishes: readonly TryEnd[]): void {
    if (!this.#isAwaited('task-failed')) return;
    const now = this.#now;
    for (const { task, state, at } of finishes)
      if (state === 'FAILURE' && Math.abs(now - at) < MAX_AGE) this.#hear(ofFailure(task, now));
  }

  /** A worker that was offline when this began does not go offline. */
  #look({ workers, now }: Facts): void {
    const before = this.#statuses;
    this.#statuses = new Map(workers.map(({ hostname, status }) => [hostname, status]));
    if (before === null || !this.#isAwaited('worker-offline')) return;
    for (const { hostname, status } of workers) {
      const was = before.get(hostname);
      if (status === 'offline' && was !== undefined && was !== 'offline') this.#hear(ofOffline(hostname, now));
    }
  }

  #hearAlert(on: 'alert-begins' | 'alert-ends', rule: BookRule, subjects: readonly string[]): void {
    if (this.#isAwaited(on)) for (const subject of subjects) this.#hear(ofAlert(on, rule, subject, this.#now));
  }

  #isAwaited(on: Fact['on']): boolean {
    return this.book.all().some(({ mode, spec }) => mode !== 'off' && spec.when.on === on);
  }

  #hear(fact: Fact): void {
    if (this.#stopped || this.#parts.options.read_only) return;
    for (const one of this.book.all()) {
      if (one.mode === 'off') continue;
      const pace = this.#paceOf(one.id);
      const decided = decide(one.spec, fact, pace, this.#lineage);
      if (decided === null) continue;
      if ('left' in decided) this.#leave(one.id, decided.left);
      else if (this.#waiting >= MAX_WAITING) this.#leave(one.id, 'Too many others waited to be done.');
      else {
        noted(decided, fact.at, pace, one.mode === 'on' ? this.#lineage : null);
        this.#left.delete(one.id);
        this.#waiting++;
        this.#acting = this.#acting.then(() => this.#act(one, fact, decided)).finally(() => this.#waiting--);
      }
    }
  }

  #leave(id: string, reason: string): void {
    this.#left.set(id, { n: (this.#left.get(id)?.n ?? 0) + 1, at: this.#now, reason });
  }

  /** Never rejects. */
  async #act({ id, spec, mode }: BookAutomation, fact: Fact, { request, key }: Decided): Promise<void> {
    const one = this.book.get(id);
    // Changed, turned off or deleted while it waited.
    if (this.#stopped || one === null || one.spec !== spec || one.mode !== mode) return;
    const identity = this.#identityOf(one);
    const done: Pick<AutomationAct, 'outcome' | 'summary' | 'operation'> & { isForbidden?: boolean } =
      identity === null
        ? {
            outcome: 'refused',
            summary: `${one.maker.owner} has no access any more.`,
            operation: null,
            isForbidden: true,
          }
        : await this.#try(one, request, identity);
    const { isForbidden = false, ...outcome } = done;
    const retried =
      request.action === 'retry' ? request.task_ids.map((of) => ({ id: of, origin: this.#lineage.of(of).origin })) : [];
    const act = {
      ...{ at: fact.at, automation: id, name: spec.name, mode, because: because(fact), action: request.action },
      ...{ subject: operationOf(request.action).subject(request as never), ...outcome, key, retried },
    };
    await this.#kept('What an automation did', this.#log.add(act));
    await this.#kept('The state of an automation', this.#judge(one, outcome, isForbidden));
  }

  async #try({ spec, mode, maker }: BookAutomation, request: Decided['request'], identity: Identity) {
    try {
      if (mode === 'dry-run') {
        await rehearse(this.#parts.desk, request, identity);
        return { outcome: 'would', summary: 'It would be done.', operation: null } as const;
      }
      const by = { who: `automation ${spec.name} (made by ${maker.owner})`, address: null, token: null };
      const record: OperationRecord = await perform(this.#parts.desk, request, by, identity);
      return { outcome: record.outcome, summary: record.summary, operation: record.id };
    } catch (error) {
      const isForbidden = error instanceof Forbidden;
      const outcome = error instanceof NothingToDo ? 'nothing' : isForbidden ? 'refused' : 'failed';
      return { outcome, summary: toError(error).message, operation: null, isForbidden } as const;
    }
  }

  async #judge(
    { id, spec, mode, failures }: BookAutomation,
    { outcome, summary }: Pick<AutomationAct, 'outcome' | 'summary'>,
    isForbidden: boolean,
  ): Promise<void> {
    // Another has taken its place while it acted.
    if (this.book.get(id)?.spec !== spec) return;
    if (isForbidden) return this.#turnOff(id, summary);
    if (mode !== 'on' || outcome === 'nothing') return;
    const inRow = outcome === 'ok' || outcome === 'partial' ? 0 : failures + 1;
    if (inRow === failures) return;
    await this.book.change(id, { failures: inRow });
    if (inRow >= spec.breaker) await this.#turnOff(id, `${inRow} in a row failed, the last: ${summary}`);
  }

  async #turnOff(id: string, reason: string): Promise<void> {
    this.#parts.log.warning(`The automation ${this.book.get(id)?.spec.name} is off: ${reason}`);
    await this.book.change(id, { mode: 'off', stopped: { at: this.#now, reason } });
  }

  /** As whom it acts now; null: its maker has no access any more. */
  #identityOf({ maker, confirmed }: BookAutomation): Identity | null {
    const { options } = this.#parts;
    const { token_recheck: lapseAfter } = options;
    if (maker.account && lapseAfter !== null && (confirmed === null || this.#now - confirmed > lapseAfter)) return null;
    const grant = grantOfMaker(maker, this.#rules, options);
    const { owner, via, groups, account = null } = maker;
    return grant && identified(owner === 'anonymous' ? null : owner, via, grant, { groups, account });
  }

  #confirm(owner: string, place: string, may: boolean): void {
    for (const { id, maker } of this.book.all())
      if (maker.owner === owner && maker.account?.place === place)
        void this.#kept('The maker of an automation', this.book.change(id, { confirmed: may ? this.#now : null }));
  }

  #kept(what: string, work: Promise<void>): Promise<void> {
    return work.catch((error: unknown) =>
      this.#parts.log.warning(`${what} could not be kept: ${toError(error).message}`),
    );
  }
}
