// Every rule: one for each kind of need, those of the configuration, those people made on the page; and what was said of each there: that
// it is off, that it is silenced.
// Not here: what a rule finds (evaluate.ts), where it is kept (../user-data/).
// Holds: what is changed is kept before it counts; of one name there is one rule; a rule of the configuration is changed there, but for
// switching and silencing it.
import { randomBytes } from 'node:crypto';
import type { AlertRuleRequest, NeedRule, RuleSpec } from '../../../shared/wire/alerts.ts';
import type { NeedKind } from '../../../shared/wire/attention.ts';
import { KINDS } from '../attention/kinds.ts';
import type { UserDataStore } from '../user-data/contract.ts';
import type { ResolvedAlerts } from './config.ts';

export interface BookRule {
  readonly id: string;
  readonly origin: 'built-in' | 'config' | 'page';
  readonly rule: RuleSpec;
  readonly enabled: boolean;
  /** @unit seconds since the epoch */
  readonly silencedUntil: number | null;
  readonly owner: string | null;
}

/** What people said of a rule. */
interface Setting {
  readonly enabled?: boolean;
  readonly silencedUntil?: number | null;
  readonly by: string;
}

/** Rules made on the page. */
const MAX_RULES = 200;

/** Why a rule cannot be written. */
export class RuleRefused extends Error {
  readonly status: 404 | 409;
  constructor(status: 404 | 409, message: string) {
    super(message);
    this.status = status;
  }
}

const NEED_NAMES: Readonly<Record<NeedKind, string>> = {
  'source-down': 'A source does not answer',
  'no-workers': 'No worker is online',
  'worker-silent': 'A worker fell silent',
  'worker-stalled': 'A worker takes no messages',
  'pool-hung': 'A pool hangs',
  'queue-unconsumed': 'A queue with messages has no consumer',
  failure: 'A new kind of failure',
  'queue-growing': 'A queue grows',
  'loop-blocked': 'An event loop was blocked',
  'clock-drift': 'A clock is wrong',
  'name-shared': 'Two workers have one name',
  'events-off': 'Workers send no task events',
  'events-lost': 'Events were lost',
};
/** So that what comes and goes is told of once. @unit seconds */
const NEED_FOR = 30;
const NEED_ENDS = 120;

const builtIn = (): BookRule[] =>
  KINDS.map(({ kind: need, severity }) => {
    const rule: NeedRule = { kind: 'need', need, name: NEED_NAMES[need], severity, for: NEED_FOR, ends: NEED_ENDS };
    return { id: `need.${need}`, origin: 'built-in', rule, enabled: true, silencedUntil: null, owner: null };
  });

export class RuleBook {
  readonly #given = new Map<string, BookRule>();
  readonly #made = new Map<string, BookRule>();
  readonly #settings = new Map<string, Setting>();
  readonly #channels: ReadonlySet<string>;
  readonly #store: () => Promise<UserDataStore>;
  #isLoaded = false;

  constructor({ rules, channels }: ResolvedAlerts, store: () => Promise<UserDataStore>) {
    this.#store = store;
    this.#channels = new Set(channels.map(({ name }) => name));
    for (const one of builtIn()) this.#given.set(one.id, one);
    for (const { rule, enabled } of rules) {
      const id = rule.kind === 'need' ? `need.${rule.need}` : `config.${rule.name}`;
      const named = rule.kind === 'need' && rule.name === rule.need ? { ...rule, name: NEED_NAMES[rule.need] } : rule;
      this.#given.set(id, { id, origin: 'config', rule: named, enabled, silencedUntil: null, owner: null });
    }
  }

  /** What is kept. Rejects when it cannot be read; then the rules that are given count. */
  async load(): Promise<void> {
    if (this.#isLoaded) return;
    const store = await this.#store();
    const [rules, settings] = await Promise.all([store.records('alert-rule'), store.records('alert-setting')]);
    for (const { id, value } of rules)
      this.#made.set(id, madeOf(id, value as { rule: AlertRuleRequest; owner: string }));
    for (const { id, value } of settings) this.#settings.set(id, value as Setting);
    this.#isLoaded = true;
  }

  all(): BookRule[] {
    return [...this.#given.values(), ...this.#made.values()].map((one) => this.#settled(one));
  }

  get(id: string): BookRule | null {
    const one = this.#given.get(id) ?? this.#made.get(id);
    return one === undefined ? null : this.#settled(one);
  }

  /** @param id null: a new one  @throws RuleRefused */
  async save(id: string | null, rule: AlertRuleRequest, owner: string): Promise<BookRule> {
    if (id !== null && !this.#made.has(id)) throw this.#notMade(id);
    if (id === null && this.#made.size >= MAX_RULES)
      throw new RuleRefused(409, `There are ${MAX_RULES} rules, the most that are kept. Delete one first.`);
    if (this.all().some((one) => one.rule.name === rule.name && one.id !== id))
      throw new RuleRefused(409, `There is a rule ${JSON.stringify(rule.name)}: take another name.`);
    const unknown = rule.channels?.find((name) => !this.#channels.has(name));
    if (unknown !== undefined) throw new RuleRefused(409, `There is no channel ${JSON.stringify(unknown)}.`);
    const key = id ?? `rule-${randomBytes(6).toString('hex')}`;
    await (await this.#store()).putRecord('alert-rule', { id: key, value: { rule, owner } });
    this.#made.set(key, madeOf(key, { rule, owner }));
    return this.get(key)!;
  }

  /** @throws RuleRefused */
  async delete(id: string): Promise<void> {
    if (!this.#made.has(id)) throw this.#notMade(id);
    const store = await this.#store();
    await store.deleteRecord('alert-rule', id);
    await store.deleteRecord('alert-setting', id);
    this.#made.delete(id);
    this.#settings.delete(id);
  }

  /** @throws RuleRefused */
  async set(id: string, change: Omit<Setting, 'by'>, by: string): Promise<BookRule> {
    if (this.get(id) === null) throw this.#notMade(id);
    const value = { ...this.#settings.get(id), ...change, by };
    await (await this.#store()).putRecord('alert-setting', { id, value });
    this.#settings.set(id, value);
    return this.get(id)!;
  }

  #settled(one: BookRule): BookRule {
    const said = this.#settings.get(one.id);
    if (said === undefined) return one;
    return {
      ...one,
      enabled: said.enabled ?? one.enabled,
      silencedUntil: said.silencedUntil ?? null,
      owner: one.owner ?? said.by,
    };
  }

  #notMade(id: string): RuleRefused {
    return this.#given.has(id)
      ? new RuleRefused(409, 'This rule was not written here: it can be switched off and silenced, not changed.')
      : new RuleRefused(404, `There is no rule ${id}. It may have been deleted.`);
  }
}

function madeOf(id: string, { rule, owner }: { rule: AlertRuleRequest; owner: string }): BookRule {
  return { id, origin: 'page', rule, enabled: true, silencedUntil: null, owner };
}
