// One connection's whole view of a Redis broker, shared by its channels: declarations, bindings, routing, looking into queues.
// Consuming: reader.ts, fanout.ts. Giving messages back: restore.ts. What only this process knows: broker-state.ts.
// Kombu 5.6: transport/redis.py Channel, transport/virtual/base.py Channel
import { ChannelError } from '../../errors.ts';
import type { QueueStatus } from '../contract.ts';
import type { Exchange, Queue } from '../entity.ts';
import type { OutgoingMessage } from '../message.ts';
import { Batch } from './batch.ts';
import { type BrokerState, enterState, type KnownQueue, leaveState, stateOf } from './broker-state.ts';
import { priorityOf, writeEnvelope } from './envelope.ts';
import { Fanout } from './fanout.ts';
import { type BindingMember, bindingTakes, Keys } from './keys.ts';
import { type Argument, Link } from './link.ts';
import type { RedisBrokerOptions } from './options.ts';
import { Restore } from './restore.ts';
import { ServerClock } from './server-clock.ts';

/** With more unacked messages than this, how many of them belong to a queue is not counted. */
const COUNTED = 5000;
const COUNT_FRESH_MS = 1000;
/** How often to look whether channels of lost connections settled something. */
const FLUSH_DEFERRED_MS = 500;
const LISTING_FRESH_MS = 10_000;

/** A reader that wants to know when one of its lists may have something. */
export interface Listener {
  wake(): void;
}

export class Broker {
  readonly options: RedisBrokerOptions;
  readonly link: Link;
  readonly keys: Keys;
  readonly batch: Batch;
  readonly fanout: Fanout;
  readonly restore: Restore;
  readonly clock: ServerClock;
  readonly #listeners = new Map<string, Set<Listener>>();
  #state: BrokerState | null = null;
  #left = false;
  #counted: { atMs: number; counts: Promise<Map<string, number> | null> } | null = null;
  #listed: { atMs: number; names: Promise<Map<string, string[]>> } | null = null;
  #tables = new Map<string, Promise<BindingMember[]>>();

  constructor(options: RedisBrokerOptions) {
    this.options = options;
    this.link = new Link(options);
    this.keys = new Keys(options);
    this.batch = new Batch(this.link, this.keys, (tags) => this.state.deferredAcks.push(...tags));
    this.clock = new ServerClock(this.link.timer, this.batch);
    this.fanout = new Fanout(this.link, this.keys);
    this.restore = new Restore(this);
  }

  /** Read when it is needed, and not kept over an await: after leaving it is that of the next connection, which settles what was settled late. */
  get state(): BrokerState {
    if (this.#left) return stateOf(this.options.identity);
    this.#state ??= enterState(this.options.identity);
    return this.#state;
  }

  async connect(): Promise<void> {
    await this.link.connect();
    await this.clock.refresh();
    await this.restore.flushDeferred();
    await this.restore.startLeaseRenewal();
    const pay = () => void this.restore.flushDeferred().catch(() => {}); // kept, and tried again
    this.link.timer.every(FLUSH_DEFERRED_MS, pay);
  }

  leave(): void {
    this.link.close();
    if (this.#state && !this.#left) leaveState(this.options.identity, this.#state);
    this.#left = true;
  }

  // --- what is declared

  declareExchange(e: Exchange): void {
    if (e.name !== '') this.state.declareExchange(this.#asHere(e));
  }

  async declareQueue(q: Queue, owner: object): Promise<number> {
    this.link.check();
    if (this.keys.isReserved(q.name)) throw reservedName(q.name);
    const { state } = this;
    const sources = [
      ...(q.exchange ? [{ exchange: q.exchange, routingKey: q.routingKey }] : []),
      ...(q.bindings ?? []),
    ];
    state.checkAccess(state.queues.get(q.name), owner);
    for (const { exchange } of sources) this.declareExchange(exchange);
    const known = state.declareQueue(q, owner, this.link.timer.monotonic());
    const lengths = this.keys.lists(q.name).map((list) => this.batch.command('LLEN', list));
    const bound = sources.map(({ exchange, routingKey }) => this.#bind(known, q.name, exchange.name, routingKey));
    const [answers] = await Promise.all([Promise.all(lengths), Promise.all(bound)]);
    if (q.expiresMs !== undefined) this.#watchExpiry(known, q.expiresMs);
    return sum(answers);
  }

  async bind(queue: string, exchange: string, routingKey: string): Promise<void> {
    if (this.state.typeOf(exchange) === null && exchange !== '') {
      throw new ChannelError(404, `no exchange '${exchange}' to bind the queue '${queue}' to`);
    }
    await this.#bind(this.state.queues.get(queue), queue, exchange, routingKey);
    this.#listed = null;
  }

  async unbind(queue: string, exchange: string, routingKey: string): Promise<void> {
    const bindings = this.state.queues.get(queue)?.bindings ?? [];
    const at = bindings.findIndex((one) => one.exchange === exchange && one.routingKey === routingKey);
    if (at >= 0) bindings.splice(at, 1);
    // Whatever type its maker took it for.
    const members = [true, false].map((isTopic) => this.keys.member(routingKey, isTopic, queue));
    await this.batch.command('SREM', this.keys.bindings(exchange), ...members);
    this.#listed = null;
  }

  /** How many messages went with it. */
  async deleteQueue(name: string): Promise<number> {
    const known = this.state.queues.get(name);
    this.state.queues.delete(name);
    const bound = known ? known.bindings.map((one) => one.exchange) : ((await this.#listing(true)).get(name) ?? []);
    for (const exchange of new Set(bound)) {
      const key = this.keys.bindings(exchange);
      const members = (await this.#readTable(exchange)).filter((one) => one.queue === name);
      const texts = members.flatMap(({ routingKey, pattern }) => this.keys.member(routingKey, pattern !== '', name));
      if (texts.length > 0) await this.batch.command('SREM', key, ...texts);
    }
    this.#listed = null;
    return this.purge(name, known !== undefined || bound.length > 0);
  }

  /** Consumers of this process only: the server does not know of others. */
  used(name: string, by: number): KnownQueue | undefined {
    const known = this.state.queues.get(name);
    if (known) {
      known.consumers += by;
      known.lastUsedMs = this.link.timer.monotonic();
    }
    return known;
  }

  // --- messages

  publish(m: OutgoingMessage): Promise<unknown> {
    const text = writeEnvelope(m);
    if (m.exchange === '') return this.#push(m.routingKey, m, text);
    if (this.state.typeOf(m.exchange) === 'fanout') {
      return this.batch.command('PUBLISH', this.keys.publishTopic(m.exchange, m.routingKey), text);
    }
    return this.route(m.exchange, m.routingKey).then((queues) =>
      Promise.all(queues.map((queue) => this.#push(queue, m, text))),
    );
  }

  /** The queues a message goes to, each once. Asks the server: other programs bind too. */
  async route(exchange: string, routingKey: string): Promise<string[]> {
    if (exchange === '') return [routingKey];
    const fanout = this.state.typeOf(exchange) === 'fanout';
    const table = await this.#table(exchange);
    return [...new Set(table.filter((one) => fanout || bindingTakes(one, routingKey)).map((one) => one.queue))];
  }

  /** Checked and done in one step: never of a key that is no queue's. */
  async purge(name: string, known = this.state.queues.has(name)): Promise<number> {
    const removed = await this.#asQueue('purge', name, [], known);
    if (removed === null) throw this.#noQueue(name);
    return Number(removed);
  }

  /** A script over the lists of a queue; null when they are no queue's. What nobody declared or bound must look like one. */
  async #asQueue(
    script: 'peek' | 'purge',
    name: string,
    args: Argument[],
    known = this.state.queues.has(name),
  ): Promise<unknown> {
    const lists = this.keys.lists(name);
    const answer = await this.batch.script(script, lists, [known ? '1' : '0', ...args]);
    if (answer !== null || known || !(await this.#isBound(name))) return answer;
    return this.batch.script(script, lists, ['1', ...args]);
  }

  async #isBound(name: string): Promise<boolean> {
    const own = await this.#readTable(name);
    return own.some((one) => one.queue === name) || (await this.#listing()).has(name);
  }

  #noQueue(name: string): ChannelError {
    return new ChannelError(404, `no queue '${name}': the key of that name holds something else`);
  }

  // --- looking

  /** Declared here, or bound or filled by anybody. */
  async exists(name: string): Promise<boolean> {
    if (this.state.queues.has(name)) return true;
    const lengths = (await this.#asQueue('peek', name, [0])) as number[] | null;
    return lengths !== null && (sum(lengths) > 0 || (await this.#isBound(name)));
  }

  async listQueues(): Promise<string[]> {
    return [...new Set([...this.state.queues.keys(), ...(await this.#listing()).keys()])].sort();
  }

  async status(name: string): Promise<QueueStatus | null> {
    const { prioritySteps } = this.options;
    const lengths = (await this.#asQueue('peek', name, [0])) as number[] | null;
    if (lengths === null) return null;
    const messages = sum(lengths);
    if (messages === 0 && !this.state.queues.has(name) && !(await this.#isBound(name))) return null;
    const byPriority = prioritySteps.flatMap((step, i) => (Number(lengths[i]) > 0 ? [[step, Number(lengths[i])]] : []));
    return {
      name,
      messages,
      byPriority: Object.fromEntries(byPriority),
      unacked: await this.#unacked(name),
      consumers: null,
      oldestMs: null,
    };
  }

  async peek(name: string, limit: number): Promise<string[]> {
    const found = (await this.#asQueue('peek', name, [limit])) as unknown[] | null;
    if (found === null) throw this.#noQueue(name);
    return found.slice(this.options.prioritySteps.length) as string[];
  }

  /** As `peek`, each envelope with which of the queue's lists it is in. */
  async peekByList(name: string, limit: number): Promise<[list: number, raw: string][]> {
    const found = (await this.#asQueue('peek', name, [limit])) as unknown[] | null;
    if (found === null) throw this.#noQueue(name);
    const steps = this.options.prioritySteps.length;
    const seen: [number, string][] = [];
    for (let list = 0; list < steps; list++) {
      const some = Math.min(Number(found[list]), limit - seen.length);
      for (let i = 0; i < some; i++) seen.push([list, String(found[steps + seen.length])]);
    }
    return seen;
  }

  /** @returns for each whether it was still there, and is moved now */
  async moveEnvelopes(
    some: readonly { raw: string; text: string; source: string; target: string }[],
    to: string,
  ): Promise<boolean[]> {
    const lists = this.keys.lists(to);
    const known = this.state.queues.has(to) || (await this.#isBound(to)) ? '1' : '0';
    const moved = (await this.batch.script(
      'move',
      [...lists, ...some.flatMap(({ source, target }) => [source, target])],
      [known, lists.length, ...some.flatMap(({ raw, text }) => [raw, text])],
    )) as number[] | null;
    if (moved === null) throw this.#noQueue(to);
    this.wakeListeners([...new Set(some.map(({ target }) => target))]);
    return moved.map((n) => n === 1);
  }

  // --- word of changed lists

  watch(lists: readonly string[], listener: Listener): void {
    for (const list of lists) {
      const those = this.#listeners.get(list) ?? new Set();
      this.#listeners.set(list, those.add(listener));
    }
  }

  unwatch(lists: readonly string[], listener: Listener): void {
    for (const list of lists) {
      const those = this.#listeners.get(list);
      those?.delete(listener);
      if (those?.size === 0) this.#listeners.delete(list);
    }
  }

  /** The server does not tell us of what we ourselves put there. */
  wakeListeners(lists: readonly string[]): void {
    for (const list of lists) for (const one of this.#listeners.get(list) ?? []) one.wake();
  }

  listen(): Promise<void> {
    return this.link.listen({
      onMessage: (pattern, text) => this.fanout.onMessage(pattern, text),
      onKeysChanged: (keys) => this.wakeListeners(keys ?? [...this.#listeners.keys()]),
    });
  }

  #push(queue: string, m: OutgoingMessage, text: string): Promise<unknown> {
    if (this.keys.isReserved(queue)) throw reservedName(queue);
    const list = this.keys.list(queue, priorityOf(m.properties));
    const pushed = this.batch.push(list, text);
    return this.#listeners.has(list) ? pushed.then(() => this.wakeListeners([list])) : pushed;
  }

  async #bind(known: KnownQueue | undefined, queue: string, exchange: string, routingKey: string): Promise<void> {
    if (exchange === '') return;
    const same = known?.bindings.some((one) => one.exchange === exchange && one.routingKey === routingKey);
    if (!same) known?.bindings.push({ exchange, routingKey });
    const isTopic = this.state.typeOf(exchange) === 'topic';
    await this.batch.script('bind', [this.keys.bindings(exchange)], [this.keys.member(routingKey, isTopic, queue)]);
  }

  /** Celery makes its event exchange a fanout one on Redis, so that events are kept for nobody (celery/events/event.py). */
  #asHere(e: Exchange): Exchange {
    return e.type === 'topic' && e.name === this.options.eventExchange ? { ...e, type: 'fanout' } : e;
  }

  /** Those who route on one turn share one look. */
  #table(exchange: string): Promise<BindingMember[]> {
    let table = this.#tables.get(exchange);
    if (!table) {
      table = this.#readTable(exchange);
      this.#tables.set(exchange, table);
      process.nextTick(() => this.#tables.delete(exchange));
    }
    return table;
  }

  async #readTable(exchange: string): Promise<BindingMember[]> {
    const members = (await this.batch.command('SMEMBERS', this.keys.bindings(exchange))) as string[];
    return members.map((member) => this.keys.readMember(member));
  }

  /** queue -> the exchanges it is bound to. */
  #listing(anew = false): Promise<Map<string, string[]>> {
    const nowMs = this.link.timer.monotonic();
    if (anew || !this.#listed || nowMs - this.#listed.atMs > LISTING_FRESH_MS) {
      const names = this.#list();
      this.#listed = { atMs: nowMs, names };
      names.catch(() => {
        this.#listed = null;
      });
    }
    return this.#listed.names;
  }

  async #list(): Promise<Map<string, string[]>> {
    const exchanges = new Set<string>();
    let cursor = '0';
    do {
      const scan = await this.batch.command('SCAN', cursor, 'MATCH', this.keys.bindingsPattern, 'COUNT', 5000);
      const [next, found] = scan as [string, string[]];
      for (const key of found) exchanges.add(this.keys.exchangeOf(key));
      cursor = String(next);
    } while (cursor !== '0');
    const queues = new Map<string, string[]>();
    await Promise.all(
      [...exchanges].map(async (exchange) => {
        for (const { queue } of await this.#readTable(exchange))
          queues.set(queue, [...(queues.get(queue) ?? []), exchange]);
      }),
    );
    return queues;
  }

  async #unacked(name: string): Promise<number | null> {
    const nowMs = this.link.timer.monotonic();
    if (!this.#counted || nowMs - this.#counted.atMs > COUNT_FRESH_MS) {
      const counts = this.#countUnacked();
      this.#counted = { atMs: nowMs, counts };
      counts.catch(() => {
        this.#counted = null;
      });
    }
    const counts = await this.#counted.counts;
    return counts ? (counts.get(name) ?? 0) : null;
  }

  async #countUnacked(): Promise<Map<string, number> | null> {
    const found = (await this.batch.script('countUnacked', [this.keys.unacked], [COUNTED])) as
      | (string | number)[]
      | null;
    if (!found) return null;
    const counts = new Map<string, number>();
    for (let i = 0; i < found.length; i += 2) {
      const [exchange, routingKey] = JSON.parse(`[${found[i]}]`) as [string, string];
      for (const queue of await this.route(exchange, routingKey)) {
        counts.set(queue, (counts.get(queue) ?? 0) + Number(found[i + 1]));
      }
    }
    return counts;
  }

  /**
   * The server knows nothing of a queue's `expires`: who declared it here deletes it after so long without a use in this process
   * and without a change of its length.
   */
  #watchExpiry(known: KnownQueue, expiresMs: number): void {
    const name = known.declaration.name;
    let before = 0;
    const deleteIfUnused = async () => {
      if (!this.link.alive || this.state.queues.get(name) !== known) return;
      const unusedMs = known.consumers > 0 ? 0 : this.link.timer.monotonic() - known.lastUsedMs;
      if (unusedMs < expiresMs) {
        this.link.timer.after(expiresMs - unusedMs, () => void deleteIfUnused());
        return;
      }
      const lengths = await Promise.all(this.keys.lists(name).map((list) => this.batch.command('LLEN', list)));
      const now = sum(lengths);
      if (now === before) await this.deleteQueue(name);
      else {
        before = now;
        this.link.timer.after(expiresMs, () => void deleteIfUnused().catch(() => {}));
      }
    };
    this.link.timer.after(expiresMs, () => void deleteIfUnused().catch(() => {}));
  }
}

function reservedName(queue: string): ChannelError {
  return new ChannelError(
    403,
    `'${queue}' is a key in which brokers on Redis keep their own things; give the queue another name.`,
  );
}

function sum(lengths: readonly unknown[]): number {
  return lengths.reduce((total: number, one) => total + (Number(one) || 0), 0);
}
