// What a Redis broker keeps for a time beside its messages: keys that begin with `umbel.`, below the global prefix.
// Holds: of two who claim a key at once one is first; what is kept goes by itself.
import type { Notes } from '../contract.ts';
import type { Broker } from './broker.ts';

export class RedisNotes implements Notes {
  readonly #broker: Broker;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  async claim(key: string, value: string, ttlMs: number): Promise<string | null> {
    const at = this.#once(key);
    for (;;) {
      if ((await this.#command('SET', at, value, 'NX', 'PX', Math.ceil(ttlMs))) !== null) return null;
      const kept = await this.#command('GET', at);
      // Gone in between: it is free again.
      if (kept !== null) return String(kept);
    }
  }

  async extend(key: string, value: string, ttlMs: number): Promise<void> {
    const at = this.#once(key);
    if ((await this.#command('GET', at)) === value) await this.#command('PEXPIRE', at, Math.ceil(ttlMs));
  }

  async release(key: string, value: string): Promise<void> {
    await this.#broker.batch.script('release', [this.#once(key)], [value]);
  }

  async remember(set: string, members: readonly string[], ttlMs: number, limit: number): Promise<void> {
    const at = this.#set(set);
    const nowMs = Math.floor(this.#broker.clock.now());
    await this.#command('ZADD', at, ...members.flatMap((member) => [nowMs, member]));
    await this.#command('ZREMRANGEBYRANK', at, 0, -(limit + 1));
    await this.#command('PEXPIRE', at, Math.ceil(ttlMs));
  }

  async remembered(set: string, ttlMs: number): Promise<Map<string, number>> {
    const at = this.#set(set);
    const fromMs = Math.floor(this.#broker.clock.now() - ttlMs);
    const rows = (await this.#command('ZRANGEBYSCORE', at, fromMs, '+inf', 'WITHSCORES')) as string[];
    const known = new Map<string, number>();
    for (let i = 0; i < rows.length; i += 2) known.set(String(rows[i]), Number(rows[i + 1]));
    return known;
  }

  #command(...words: (string | number)[]): Promise<unknown> {
    return this.#broker.batch.command(...words);
  }
  #once(key: string): string {
    return this.#broker.keys.key(`umbel.once.${key}`);
  }
  #set(name: string): string {
    return this.#broker.keys.key(`umbel.${name}`);
  }
}
