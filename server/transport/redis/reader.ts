// Takes messages out of the lists a channel consumes, in batches as large as its free prefetch, and hands them over.
//
// Modes: idle (nothing wanted, or nothing there) -> taking (one script under way) -> idle. It is `wantsMore` from the start, after word of
// a changed list, after a take that filled all room, and when the clock says so; a reader that wants more and has room takes.
// Word of a changed list comes from the server itself (CLIENT TRACKING, Redis 6): nobody polls but once a second, to be sure, and kombu's
// LPUSH is enough to wake us. Without tracking it looks every `polling_interval`.
// Holds: what was taken is recorded as unacked in the same step; never more than the free prefetch is handed over; queues take turns.
// Kombu 5.6: transport/redis.py Channel._brpop_start, _brpop_read
import { randomUUID } from 'node:crypto';
import type { TimerHandle } from '../../timer.ts';
import type { Broker, Listener } from './broker.ts';

/** Messages of one take. */
const MAX_TAKE = 500;
const FALLBACK_POLL_MS = 1000;
/** After an error the server answered (out of memory, read-only) the connection is given up, but not at once: no spinning. */
const ERROR_BACKOFF_MS = 1000;

export interface ClaimedMessage {
  readonly queue: string;
  readonly raw: string;
  readonly tag: string;
}

export interface ReaderHost {
  /** How many more messages it may hold. */
  free(): number;
  receive(taken: readonly ClaimedMessage[]): void;
}

interface Consumed {
  /** Of no-ack consumers only. */
  noAck: boolean;
  consumers: number;
}

export class Reader implements Listener {
  readonly #broker: Broker;
  readonly #host: ReaderHost;
  readonly #id = randomUUID();
  readonly #queues = new Map<string, Consumed>();
  /** Queue names, in the order of service. */
  #order: string[] = [];
  #wantsMore = false;
  #taking: Promise<void> | null = null;
  #takes = 0;
  #clock: TimerHandle | null = null;
  #closed = false;

  constructor(broker: Broker, host: ReaderHost) {
    this.#broker = broker;
    this.#host = host;
  }

  async add(queue: string, noAck: boolean): Promise<void> {
    await this.#broker.listen();
    const known = this.#queues.get(queue);
    if (known) {
      known.consumers++;
      known.noAck &&= noAck;
    } else {
      this.#queues.set(queue, { noAck, consumers: 1 });
      this.#order.push(queue);
      if (this.#broker.options.queueOrder === 'sorted') this.#order.sort();
      this.#broker.watch(this.#broker.keys.lists(queue), this);
    }
    const { link, options } = this.#broker;
    this.#clock ??= link.timer.every(
      link.tracksKeys ? Math.max(FALLBACK_POLL_MS, options.pollingMs) : options.pollingMs,
      () => this.wake(),
    );
    this.wake();
  }

  /** Nothing of this queue is taken once this resolves. */
  async remove(queue: string): Promise<void> {
    const known = this.#queues.get(queue);
    if (!known || --known.consumers > 0) return;
    this.#queues.delete(queue);
    this.#order = this.#order.filter((one) => one !== queue);
    this.#broker.unwatch(this.#broker.keys.lists(queue), this);
    if (this.#queues.size === 0) {
      this.#clock?.cancel();
      this.#clock = null;
    }
    await this.#taking;
  }

  wake(): void {
    this.#wantsMore = true;
    this.pump();
  }

  /** Room may have become free. */
  pump(): void {
    if (this.#taking || !this.#wantsMore || this.#closed || this.#queues.size === 0) return;
    const free = Math.min(MAX_TAKE, this.#host.free());
    const queues = this.#order.filter((name) => free > 0 || this.#queues.get(name)!.noAck);
    if (queues.length === 0) return;
    this.#wantsMore = false;
    this.#taking = this.#take(queues, free).finally(() => {
      this.#taking = null;
      this.pump();
    });
  }

  /** One message now, past any prefetch. */
  async takeOne(queue: string, noAck: boolean): Promise<ClaimedMessage | null> {
    const [taken] = await this.#ask([queue], [noAck], noAck ? 0 : 1, noAck ? 1 : 0, false);
    return taken ?? null;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#clock?.cancel();
    for (const queue of this.#queues.keys()) this.#broker.unwatch(this.#broker.keys.lists(queue), this);
    this.#queues.clear();
    await this.#taking;
    if (this.#takes > 0 && this.#broker.link.alive) {
      await this.#broker.batch.command('DEL', this.#broker.keys.taken(this.#id)).catch(() => {});
    }
  }

  async #take(queues: readonly string[], free: number): Promise<void> {
    const { link } = this.#broker;
    const noAck = queues.map((name) => this.#queues.get(name)!.noAck);
    const open = noAck.includes(true) ? MAX_TAKE : 0;
    let taken: ClaimedMessage[];
    try {
      taken = await this.#ask(queues, noAck, noAck.includes(false) ? free : 0, open, true);
    } catch (error) {
      if (link.alive) link.timer.after(ERROR_BACKOFF_MS, () => link.lose(error));
      return;
    }
    if (taken.length === 0) return;
    const acked = taken.filter((one) => !noAck[queues.indexOf(one.queue)]).length;
    // A full batch: there may be more, and nothing will tell us of it.
    if ((free > 0 && acked >= free) || (open > 0 && taken.length - acked >= open)) this.#wantsMore = true;
    this.#turn(taken);
    this.#host.receive(taken);
  }

  async #ask(
    queues: readonly string[],
    noAck: readonly boolean[],
    room: number,
    open: number,
    watchAnew: boolean,
  ): Promise<ClaimedMessage[]> {
    const { batch, keys, options, link, clock } = this.#broker;
    const takenKey = keys.taken(this.#id);
    const name = `${this.#id}.${++this.#takes}`;
    const lists = options.prioritySteps.flatMap((step) => queues.map((queue) => keys.listOfStep(queue, step)));
    const args = [
      clock.now() / 1000,
      room,
      open,
      queues.length,
      options.queueOrder === 'round_robin' ? 1 : 0,
      options.ackEmulation ? 1 : 0,
      watchAnew ? 1 : 0,
      Math.max(60, Math.ceil(options.visibilityTimeoutMs / 1000)),
      name,
      ...noAck.map(Number),
    ];
    let answer: string[];
    try {
      answer = (await batch.script('take', [keys.unacked, keys.unackedIndex, takenKey, ...lists], args)) as string[];
    } catch (error) {
      if (!link.alive && options.ackEmulation) {
        this.#broker.state.lostTakes.push({ key: takenKey, name, lostMs: link.timer.monotonic() });
      }
      throw error;
    }
    if (answer.length === 0) return [];
    const served = answer.pop()!.split('\n');
    const tags = answer.pop()!.split('\n');
    return answer.map((raw, i) => ({ queue: queues[Number(served[i]) - 1]!, raw, tag: tags[i]! }));
  }

  /** Kombu's cycle: a queue that was served goes to the end. */
  #turn(taken: readonly ClaimedMessage[]): void {
    if (this.#broker.options.queueOrder !== 'round_robin' || this.#order.length < 2) return;
    const served = [...new Set(taken.map((one) => one.queue).reverse())]
      .reverse()
      .filter((one) => this.#queues.has(one));
    this.#order = [...this.#order.filter((one) => !served.includes(one)), ...served];
  }
}
