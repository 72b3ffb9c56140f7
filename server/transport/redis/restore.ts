// Giving messages back to their lists: what nobody acknowledged within the visibility timeout, what a closing channel held, and what
// could not be settled while the server was away. And saying of what is held here for long that it is still held.
// Holds: a message is given back by the one who removes its record, hence once, whoever else does the same; to the list of its priority,
// next in line, marked as redelivered; what no binding takes any more stays recorded. The mutex, kombu's own, only spares work done
// twice: it is held for seconds, and whoever finds it longer in one hand goes on without it, since that hand may be dead. What a living
// process holds is not given to another, unless it stood still for the whole visibility timeout, nor when a clock is set: dates are the
// server's (server-clock.ts), and when that is set they are written anew before anybody acts on them.
// Kombu 5.6: transport/redis.py QoS.restore_visible, restore_by_tag, Channel._do_restore_message (which forgets the priority)
import { randomUUID } from 'node:crypto';
import { decodeJson, encodeJsonFast } from '../../serialization/json.ts';
import type { TimerHandle } from '../../timer.ts';
import type { Broker } from './broker.ts';
import type { DeferredRequeue, LostTake } from './broker-state.ts';
import { markRedelivered, priorityOf } from './envelope.ts';
import { isOutOfMemory } from './failure.ts';

/** Every 10 s, as kombu's timer; the work is one look at a sorted set. */
const EVERY_MS = 10_000;
/** A process that has just begun looks sooner: where workers end within seconds, nobody else would. Kombu looks at once. */
const FIRST_MS = 1000;
/** Messages given back by one script. */
const MESSAGES_PER_SCRIPT = 100;
/** How long the mutex is held at most, and believed in. */
const MUTEX_MS = 5000;
/** A command that was sent over a line cut since may still reach the server, through a proxy that held it up. */
const ON_ITS_WAY_MS = 30_000;
/** A date that lies so far ahead was written before the clock was set back. */
const AHEAD_MS = 60_000;

/** By the monotonic clock: when this process is to look next, and when it heard from the broker last. */
interface Pace {
  nextMs: number;
  heardMs: number;
}
/** By broker, for a line that is cut again and again shall put off no look. */
const paces = new Map<string, Pace>();

export class Restore {
  readonly #broker: Broker;
  #started = false;
  #sweeping = false;
  #closest: TimerHandle | null = null;
  #holder = { token: '', sinceMs: 0 };
  /** By the monotonic clock: dates are not to be trusted before. */
  #trustedFromMs = 0;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Called by the first consumer. */
  start(): void {
    if (this.#started || !this.#broker.options.ackEmulation) return;
    this.#started = true;
    const { timer } = this.#broker.link;
    const pace = this.#pace;
    // After a silence that others may have shared, for so long that what they hold looks forgotten, they get the time to date it anew,
    // which is done with every third of the time-out.
    const isLong = timer.monotonic() - pace.heardMs > this.#broker.options.visibilityTimeoutMs / 3;
    if (isLong) pace.nextMs = timer.monotonic() + this.#everyMs;
    this.#heard();
    const look = () => {
      void this.visible().catch(() => {});
      timer.after(this.#everyMs, look);
    };
    timer.after(Math.max(0, pace.nextMs - timer.monotonic()), look);
  }

  get #pace(): Pace {
    const { options, link } = this.#broker;
    const nowMs = link.timer.monotonic();
    let pace = paces.get(options.identity);
    if (pace === undefined) {
      pace = { nextMs: nowMs + Math.min(FIRST_MS, this.#everyMs), heardMs: nowMs };
      paces.set(options.identity, pace);
    }
    return pace;
  }

  #heard(): void {
    this.#pace.heardMs = this.#broker.link.timer.monotonic();
  }

  get #everyMs(): number {
    return Math.max(100, Math.min(EVERY_MS, this.#broker.options.visibilityTimeoutMs / 2));
  }

  /**
   * Called when connected: what this process still holds of before, and from then on all it holds for long, is recorded as taken now.
   * Kombu has no such thing: there a task that runs, or waits for its ETA, beyond the visibility timeout is delivered again.
   */
  async startLeaseRenewal(): Promise<void> {
    const { options, link, state } = this.#broker;
    if (!options.ackEmulation) return;
    // A message is left alone for two periods at most: one more is there for a slow server.
    link.timer.every(Math.max(100, options.visibilityTimeoutMs / 3), () => {
      void this.#keep([...state.holders].flatMap((holder) => holder.heldSinceLastRenewal())).catch(() => {});
    });
    link.timer.every(this.#everyMs, () => void this.checkClock().catch(() => {}));
    await this.#keep(this.#heldHere());
  }

  /** When the server's clock was set, what is held here is dated anew, and everybody gets the time to do so before anything is given back. */
  async checkClock(): Promise<void> {
    const { clock, link } = this.#broker;
    const wasSet = (await clock.refresh()) !== 0;
    if (link.alive) this.#heard();
    if (!wasSet) return;
    this.#trustedFromMs = link.timer.monotonic() + 3 * this.#everyMs;
    await this.#keep(this.#heldHere());
  }

  async #keep(tags: readonly string[]): Promise<void> {
    const { batch, keys, clock } = this.#broker;
    for (let at = 0; at < tags.length; at += MESSAGES_PER_SCRIPT) {
      await batch.script(
        'renew',
        [keys.unackedIndex],
        [clock.now() / 1000, ...tags.slice(at, at + MESSAGES_PER_SCRIPT)],
      );
    }
  }

  /** How many were given back. */
  async visible(): Promise<number> {
    const { batch, keys, link } = this.#broker;
    if (this.#sweeping) return 0;
    this.#sweeping = true;
    const token = randomUUID();
    try {
      await this.flushDeferred();
      let count = 0;
      if (await this.#maySweep(token)) {
        await this.checkClock();
        if (link.timer.monotonic() < this.#trustedFromMs) return 0;
        await this.#bringBack();
        count = await this.tags(this.#notHeldHere(await this.#overdue()), true);
      }
      this.#pace.nextMs = link.timer.monotonic() + this.#everyMs;
      return count;
    } finally {
      this.#sweeping = false;
      await batch.script('release', [keys.unackedMutex], [token]).catch(() => {});
    }
  }

  /** The mutex is free, or has been in one hand for too long. Looks again soon when somebody else is at it. */
  async #maySweep(token: string): Promise<boolean> {
    const { batch, keys, options, link } = this.#broker;
    const forMs = Math.max(1, Math.min(MUTEX_MS, options.unackedMutexExpireMs));
    try {
      if ((await batch.command('SET', keys.unackedMutex, token, 'PX', forMs, 'NX')) === 'OK') return true;
    } catch (error) {
      // At maxmemory it cannot be had, and is not needed.
      if (link.alive && isOutOfMemory(error)) return true;
      throw error;
    }
    // Something else under its name holds nobody up for ever.
    const holder = await batch.command('GET', keys.unackedMutex).then(
      (token) => String(token ?? ''),
      (error: unknown) => {
        if (!link.alive) throw error;
        return 'no mutex';
      },
    );
    if (holder !== this.#holder.token) this.#holder = { token: holder, sinceMs: link.timer.monotonic() };
    if (link.timer.monotonic() - this.#holder.sinceMs >= forMs) return true;
    this.#closest?.cancel();
    this.#closest = link.timer.after(forMs, () => void this.visible().catch(() => {}));
    return false;
  }

  async #overdue(): Promise<string[]> {
    const { batch, keys, options, clock } = this.#broker;
    const oldest = (clock.now() - options.visibilityTimeoutMs) / 1000;
    const limit = options.unackedRestoreLimit === null ? [] : ['LIMIT', 0, options.unackedRestoreLimit];
    return (await batch.command('ZREVRANGEBYSCORE', keys.unackedIndex, oldest, 0, ...limit)) as string[];
  }

  /** What was dated before the clock was set back would wait for that time to come again: it counts from now. */
  async #bringBack(): Promise<void> {
    const { batch, keys, clock } = this.#broker;
    const after = `(${(clock.now() + AHEAD_MS) / 1000}`;
    const tags = (await batch.command(
      'ZRANGEBYSCORE',
      keys.unackedIndex,
      after,
      '+inf',
      'LIMIT',
      0,
      10 * MESSAGES_PER_SCRIPT,
    )) as string[];
    await this.#keep(tags);
  }

  /**
   * Give back what is recorded under these tags, the last of them to be taken first.
   * @param lost their holder died: counted
   */
  async tags(tags: readonly string[], lost = false): Promise<number> {
    const { batch, keys } = this.#broker;
    let count = 0;
    for (let at = 0; at < tags.length; at += MESSAGES_PER_SCRIPT) {
      const some = tags.slice(at, at + MESSAGES_PER_SCRIPT);
      const records = (await batch.command('HMGET', keys.unacked, ...some)) as (string | null)[];
      const requeues: DeferredRequeue[] = [];
      for (const [i, record] of records.entries()) {
        if (record === null) await batch.command('ZREM', keys.unackedIndex, some[i]!);
        else requeues.push(...(await this.#read(some[i]!, record, lost)));
      }
      count += await this.requeue(requeues, 'next');
    }
    return count;
  }

  /** `next`: the last of them will be taken first. `back`: behind those that wait. */
  async requeue(requeues: readonly DeferredRequeue[], place: 'next' | 'back'): Promise<number> {
    const { batch, keys } = this.#broker;
    let count = 0;
    for (let at = 0; at < requeues.length; at += MESSAGES_PER_SCRIPT) {
      const some = requeues.slice(at, at + MESSAGES_PER_SCRIPT);
      const args = some.flatMap((one) => [place === 'back' ? 'L' : 'R', one.tag, one.envelope]);
      const lists = some.map((one) => one.list);
      count += Number(await batch.script('restore', [keys.unacked, keys.unackedIndex, ...lists], args));
      this.#broker.wakeListeners(lists);
    }
    return count;
  }

  /** After connecting anew: settle what was settled meanwhile, and give back what was taken without our seeing it. */
  async flushDeferred(): Promise<void> {
    const { batch, link, state } = this.#broker;
    if (!state.hasDeferred) return;
    const { deferredAcks, deferredRequeues, lostTakes } = state;
    state.deferredAcks = [];
    state.deferredRequeues = [];
    state.lostTakes = [];
    const later: LostTake[] = [];
    for (const tag of deferredAcks) batch.ack(tag);
    try {
      await batch.flush();
      await this.requeue(deferredRequeues, 'next');
      for (const take of lostTakes) {
        const [taken, ...tags] = String((await batch.command('GET', take.key)) ?? '').split('\n');
        if (taken === take.name) await this.tags(tags.reverse());
        else if (link.timer.monotonic() - take.lostMs < ON_ITS_WAY_MS) {
          later.push(take);
          continue;
        }
        await batch.command('DEL', take.key);
      }
      this.#broker.state.lostTakes.push(...later);
    } catch (error) {
      // Read anew: with the last connection gone, and nothing deferred while this was under way, the state above was forgotten.
      const { state } = this.#broker;
      state.deferredRequeues.push(...deferredRequeues);
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

  async #read(tag: string, record: string, lost: boolean): Promise<DeferredRequeue[]> {
    try {
      const [envelope, exchange, routingKey] = decodeJson(record) as [Record<string, unknown>, string, string];
      const text = markRedelivered(encodeJsonFast(envelope), lost);
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
