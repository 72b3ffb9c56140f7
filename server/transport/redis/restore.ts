// Giving messages back to their lists: what nobody acknowledged within the visibility timeout, what a closing channel held, and what
// could not be settled while the server was away. And saying of what is held here for long that it is still held.
// Holds: a message is given back by the one who removes its record, hence once; to the list of its priority, next in line, marked
// as redelivered; what no binding takes any more stays recorded. Between processes the mutex lets one look at a time. What a living
// process holds is not given to another, unless it stood still for the whole visibility timeout.
// Kombu 5.6: transport/redis.py QoS.restore_visible, restore_by_tag, Channel._do_restore_message (which forgets the priority)
import { randomUUID } from 'node:crypto';
import { decodeJson, encodeJsonFast } from '../../serialization/json.ts';
import type { Broker } from './broker.ts';
import type { Owed } from './broker-state.ts';
import { markRedelivered, priorityOf } from './envelope.ts';

/** Every 10 s, as kombu's timer; the work is one look at a sorted set. */
const EVERY_MS = 10_000;
/** Messages given back by one script. */
const STEP = 100;

export class Restore {
  readonly #broker: Broker;
  #started = false;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Called by the first consumer. Not at once: who connects again when the server is back shall first say what it still holds. */
  start(): void {
    if (this.#started || !this.#broker.options.ackEmulation) return;
    this.#started = true;
    const { visibilityTimeoutMs } = this.#broker.options;
    const everyMs = Math.max(100, Math.min(EVERY_MS, visibilityTimeoutMs / 2));
    this.#broker.link.timer.every(everyMs, () => void this.visible().catch(() => {}));
  }

  /**
   * Called when connected: what this process still holds of before, and from then on all it holds for long, is recorded as taken now.
   * Kombu has no such thing: there a task that runs, or waits for its ETA, beyond the visibility timeout is delivered again.
   */
  async startKeeping(): Promise<void> {
    const { options, link, state } = this.#broker;
    if (!options.ackEmulation) return;
    // A message is left alone for two periods at most: one more is there for a slow server.
    link.timer.every(Math.max(100, options.visibilityTimeoutMs / 3), () => {
      void this.#keep([...state.holders].flatMap((holder) => holder.heldSince())).catch(() => {});
    });
    await this.#keep(this.#heldHere());
  }

  async #keep(tags: readonly string[]): Promise<void> {
    const { batch, keys, link } = this.#broker;
    const now = link.timer.now() / 1000;
    for (let at = 0; at < tags.length; at += STEP) {
      const marks = tags.slice(at, at + STEP).flatMap((tag) => [now, tag]);
      // Only what is still recorded: it may have been settled meanwhile.
      await batch.command('ZADD', keys.unackedIndex, 'XX', ...marks);
    }
  }

  /** How many were given back. */
  async visible(): Promise<number> {
    const { batch, keys, options, link } = this.#broker;
    await this.payDebts();
    const token = randomUUID();
    const locked = await batch.command('SET', keys.unackedMutex, token, 'PX', options.unackedMutexExpireMs, 'NX');
    if (locked !== 'OK') return 0;
    try {
      const oldest = (link.timer.now() - options.visibilityTimeoutMs) / 1000;
      const limit = options.unackedRestoreLimit === null ? [] : ['LIMIT', 0, options.unackedRestoreLimit];
      const tags = await batch.command('ZREVRANGEBYSCORE', keys.unackedIndex, oldest, 0, ...limit);
      return await this.tags(this.#notHeldHere(tags as string[]));
    } finally {
      await batch.script('release', [keys.unackedMutex], [token]).catch(() => {});
    }
  }

  /** Give back what is recorded under these tags, the last of them to be taken first. */
  async tags(tags: readonly string[]): Promise<number> {
    const { batch, keys } = this.#broker;
    let count = 0;
    for (let at = 0; at < tags.length; at += STEP) {
      const some = tags.slice(at, at + STEP);
      const records = (await batch.command('HMGET', keys.unacked, ...some)) as (string | null)[];
      const owed: Owed[] = [];
      for (const [i, record] of records.entries()) {
        if (record === null) await batch.command('ZREM', keys.unackedIndex, some[i]!);
        else owed.push(...(await this.#read(some[i]!, record)));
      }
      count += await this.give(owed, 'next');
    }
    return count;
  }

  /** `next`: the last of them will be taken first. `back`: behind those that wait. */
  async give(owed: readonly Owed[], place: 'next' | 'back'): Promise<number> {
    const { batch, keys } = this.#broker;
    let count = 0;
    for (let at = 0; at < owed.length; at += STEP) {
      const some = owed.slice(at, at + STEP);
      const args = some.flatMap((one) => [place === 'back' ? 'L' : 'R', one.tag, one.envelope]);
      const lists = some.map((one) => one.list);
      count += Number(await batch.script('restore', [keys.unacked, keys.unackedIndex, ...lists], args));
      this.#broker.told(lists);
    }
    return count;
  }

  /** After connecting anew: settle what was settled meanwhile, and give back what was taken without our seeing it. */
  async payDebts(): Promise<void> {
    const { state, batch } = this.#broker;
    if (!state.owes) return;
    const { lateAcks, lateRequeues, lostTakes } = state;
    state.lateAcks = [];
    state.lateRequeues = [];
    state.lostTakes = [];
    for (const tag of lateAcks) batch.ack(tag);
    try {
      await batch.flush();
      await this.give(lateRequeues, 'next');
      for (const [key, name] of lostTakes) {
        const [taken, ...tags] = String((await batch.command('GET', key)) ?? '').split('\n');
        if (taken === name) await this.tags(tags.reverse());
        await batch.command('DEL', key);
      }
    } catch (error) {
      state.lateRequeues.push(...lateRequeues);
      state.lostTakes.push(...lostTakes);
      throw error;
    }
  }

  #heldHere(): string[] {
    return [...this.#broker.state.holders].flatMap((holder) => [...holder.heldTags()]);
  }

  /** A process that stood still may find what it holds itself. */
  #notHeldHere(tags: readonly string[]): readonly string[] {
    if (tags.length === 0) return tags;
    const held = new Set(this.#heldHere());
    return tags.filter((tag) => !held.has(tag));
  }

  async #read(tag: string, record: string): Promise<Owed[]> {
    try {
      const [envelope, exchange, routingKey] = decodeJson(record) as [Record<string, unknown>, string, string];
      const text = markRedelivered(encodeJsonFast(envelope));
      const priority = priorityOf((envelope.properties ?? {}) as Record<string, unknown>);
      const queues = await this.#broker.route(exchange, routingKey);
      // One list a record: a second queue of the exchange had its own copy, with a record of its own, under the same tag.
      return queues
        .slice(0, 1)
        .map((queue) => ({ tag, list: this.#broker.keys.list(queue, priority), envelope: text }));
    } catch {
      return [];
    }
  }
}
