// What people own, for the life of this process: beside a history that lives no longer.
import type { SavedView, ViewRequest } from '../../../shared/wire/views.ts';
import type { KeptRecord, RecordKind, UserDataStore } from './contract.ts';

export class MemoryUserData implements UserDataStore {
  readonly description = 'memory';
  readonly #views = new Map<number, SavedView>();
  readonly #records = new Map<string, KeptRecord>();
  #lastId = 0;

  async views(): Promise<SavedView[]> {
    return [...this.#views.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async saveView({ name, search }: Required<ViewRequest>, who: string, now: number): Promise<SavedView> {
    const known = [...this.#views.values()].find((view) => view.name === name);
    const id = known?.id ?? ++this.#lastId;
    const view = { id, name, search, owner: known?.owner ?? who, created: known?.created ?? now, changed: now };
    this.#views.set(id, view);
    return view;
  }

  async deleteView(id: number): Promise<boolean> {
    return this.#views.delete(id);
  }

  async records(kind: RecordKind): Promise<KeptRecord[]> {
    const all = [...this.#records].filter(([key]) => key.startsWith(`${kind} `)).map(([, record]) => record);
    return all.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async putRecord(kind: RecordKind, { id, value }: KeptRecord): Promise<void> {
    this.#records.set(`${kind} ${id}`, { id, value: structuredClone(value) });
  }

  async deleteRecord(kind: RecordKind, id: string): Promise<boolean> {
    return this.#records.delete(`${kind} ${id}`);
  }

  async close(): Promise<void> {}
}
