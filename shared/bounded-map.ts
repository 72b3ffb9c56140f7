// A map that forgets: so many entries, and the one that was set longest ago leaves for a new one.
// Not here: names that keep their place while they are in use (server/dashboard/history/sqlite/known-names.ts).

export class BoundedMap<K, V> extends Map<K, V> {
  readonly max: number;

  /** @param max entries */
  constructor(max: number) {
    super();
    this.max = max;
  }

  override set(key: K, value: V): this {
    super.delete(key);
    super.set(key, value);
    if (this.size > this.max) super.delete(this.keys().next().value as K);
    return this;
  }
}
