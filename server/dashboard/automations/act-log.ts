// What automations did, the last 500 of it: kept over a restart, and with it what they may not do again yet.
// Not here: the audit log, which has each operation in full (../access/audit.ts).
import { randomBytes } from 'node:crypto';
import type { AutomationAct } from '../../../shared/wire/automations.ts';
import type { UserDataStore } from '../user-data/contract.ts';

/** @param key under which the cooldown knows it  @param retried tasks that were sent again */
export type KeptAct = AutomationAct & {
  readonly key: string;
  readonly retried: readonly { id: string; origin: string }[];
};

const MAX_ACTS = 500;

export class ActLog {
  #acts: { readonly id: string; readonly act: KeptAct }[] = [];
  readonly #store: () => Promise<UserDataStore>;

  constructor(store: () => Promise<UserDataStore>) {
    this.#store = store;
  }

  /** @returns oldest first */
  async load(): Promise<readonly KeptAct[]> {
    const kept = await (await this.#store()).records('automation-act');
    this.#acts = kept.map(({ id, value }) => ({ id, act: value as KeptAct })).slice(-MAX_ACTS);
    return this.#acts.map(({ act }) => act);
  }

  /** Newest first. */
  newest(limit: number): AutomationAct[] {
    return this.#acts
      .slice(-limit)
      .reverse()
      .map(({ act: { key: _, retried: __, ...shown } }) => shown);
  }

  get size(): number {
    return this.#acts.length;
  }

  async add(act: KeptAct): Promise<void> {
    // By its id it comes after those before it.
    const id = `${Math.round(act.at * 1000)
      .toString()
      .padStart(15, '0')}-${randomBytes(4).toString('hex')}`;
    this.#acts.push({ id, act });
    const gone = this.#acts.splice(0, Math.max(0, this.#acts.length - MAX_ACTS));
    const store = await this.#store();
    await store.putRecord('automation-act', { id, value: act });
    for (const one of gone) await store.deleteRecord('automation-act', one.id);
  }
}
