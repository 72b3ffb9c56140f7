// Every automation as it is kept: what it says, its mode, in whose name it acts, and why it turned itself off.
// Not here: when it acts (decide.ts, automations.ts), where it is kept (../user-data/).
// Holds: what is changed is kept before it counts; a new one, and one that was changed, is tried before it acts; of one name there is one.
import { randomBytes } from 'node:crypto';
import { fnmatchSource } from '../../../shared/fnmatch.ts';
import { checkRegex } from '../../../shared/query/regex.ts';
import type { AutomationMode, AutomationRequest } from '../../../shared/wire/automations.ts';
import type { Maker } from '../access/maker.ts';
import type { UserDataStore } from '../user-data/contract.ts';
import { unknownPlace } from './decide.ts';

export interface KeptAutomation {
  readonly spec: AutomationRequest;
  readonly mode: AutomationMode;
  /** Who wrote it or turned it on last. */
  readonly maker: Maker;
  readonly stopped: { readonly at: number; readonly reason: string } | null;
  /** Acts that failed in a row. */
  readonly failures: number;
  /** When a provider last said that its maker may come in; null: it said that they may not. @unit seconds since the epoch */
  readonly confirmed: number | null;
}
export type BookAutomation = KeptAutomation & { readonly id: string };

const MAX_AUTOMATIONS = 50;

/** Why it cannot be written. */
export class AutomationRefused extends Error {
  readonly status: 400 | 404 | 409;
  readonly field: string | undefined;
  constructor(status: 400 | 404 | 409, message: string, field?: string) {
    super(message);
    this.status = status;
    this.field = field;
  }
}

export class AutomationBook {
  readonly #all = new Map<string, BookAutomation>();
  readonly #store: () => Promise<UserDataStore>;
  #isLoaded = false;

  constructor(store: () => Promise<UserDataStore>) {
    this.#store = store;
  }

  async load(): Promise<void> {
    if (this.#isLoaded) return;
    for (const { id, value } of await (await this.#store()).records('automation'))
      this.#all.set(id, { id, ...(value as KeptAutomation) });
    this.#isLoaded = true;
  }

  /** By name. */
  all(): BookAutomation[] {
    return [...this.#all.values()].sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  }

  get(id: string): BookAutomation | null {
    return this.#all.get(id) ?? null;
  }

  /** @param id null: a new one  @param now seconds since the epoch  @throws AutomationRefused */
  async save(id: string | null, spec: AutomationRequest, maker: Maker, now: number): Promise<BookAutomation> {
    if (id !== null) this.known(id);
    else if (this.#all.size >= MAX_AUTOMATIONS)
      throw new AutomationRefused(
        409,
        `There are ${MAX_AUTOMATIONS} automations, the most that are kept. Delete one first.`,
      );
    refuseWrong(spec);
    if (this.all().some((one) => one.spec.name === spec.name && one.id !== id))
      throw new AutomationRefused(
        409,
        `There is an automation ${JSON.stringify(spec.name)}: take another name.`,
        'name',
      );
    const key = id ?? `automation-${randomBytes(6).toString('hex')}`;
    return this.#put({ id: key, spec, mode: 'dry-run', maker, stopped: null, failures: 0, confirmed: now });
  }

  /** It acts in the name of who turns it on. @param now seconds since the epoch  @throws AutomationRefused */
  async turn(id: string, mode: AutomationMode, maker: Maker, now: number): Promise<BookAutomation> {
    return this.#put({ ...this.known(id), mode, maker, stopped: null, failures: 0, confirmed: now });
  }

  /** What its acts made of it. It is so at once; then on the disk. */
  async change(
    id: string,
    change: Partial<Pick<KeptAutomation, 'mode' | 'stopped' | 'failures' | 'confirmed'>>,
  ): Promise<void> {
    const one = this.#all.get(id);
    if (one === undefined) return;
    this.#all.set(id, { ...one, ...change });
    const store = await this.#store();
    const changed = this.#all.get(id);
    if (changed !== undefined) await store.putRecord('automation', { id, value: keptOf(changed) });
  }

  /** @throws AutomationRefused */
  async delete(id: string): Promise<void> {
    this.known(id);
    await (await this.#store()).deleteRecord('automation', id);
    this.#all.delete(id);
  }

  /** @throws AutomationRefused */
  known(id: string): BookAutomation {
    const one = this.#all.get(id);
    if (one !== undefined) return one;
    throw new AutomationRefused(404, `There is no automation ${id}. It may have been deleted.`);
  }

  async #put(one: BookAutomation): Promise<BookAutomation> {
    await (await this.#store()).putRecord('automation', { id: one.id, value: keptOf(one) });
    this.#all.set(one.id, one);
    return one;
  }
}

const keptOf = ({ id: _, ...value }: BookAutomation): KeptAutomation => value;

/** What the schema cannot tell. @throws AutomationRefused */
export function refuseWrong(spec: AutomationRequest): void {
  const place = unknownPlace(spec);
  if (place !== null)
    throw new AutomationRefused(400, `Of this kind of event no {${place}} is known, which the operation names.`, 'do');
  for (const [field, pattern] of Object.entries({ ...spec.when, ...spec.if })) {
    if (typeof pattern !== 'string' || ['on', 'rule', 'from', 'until'].includes(field)) continue;
    const unusable = checkRegex(fnmatchSource(pattern));
    if (unusable !== null)
      throw new AutomationRefused(400, `The pattern ${JSON.stringify(pattern)} cannot be used: ${unusable}`, field);
  }
}
