// Notices on their way: one queue a channel, one at a time, tried again a few times when that may help.
// Not here: what is told and when (alerts.ts), one attempt (webhook.ts, slack.ts, mail.ts).
// Holds: a channel that hangs holds up no other; a queue is bounded, and what finds no room is told as dropped; every notice has one
// outcome, if need be after the next start: it is kept until then, and never sent again after it.
import { truncate } from '../../../shared/format/text.ts';
import type { Delivery } from '../../../shared/wire/alerts.ts';
import { toError } from '../../errors.ts';
import type { Timer } from '../../timer.ts';
import type { Channel, Notice } from './channel.ts';
import type { Attempt } from './post.ts';

/** Notices that wait for one channel. */
const MAX_WAITING = 100;
/** Between attempts. @unit milliseconds */
const PAUSES_MS = [5000, 30_000, 120_000] as const;
/** Of an answer's words. @unit characters */
const DETAIL = 300;
/** What is on its way when the dashboard stops may take so long. @unit milliseconds */
const STOP_MS = 2000;
/** What is older tells nobody anything. @unit seconds */
const TOO_OLD = 86_400;

interface Line {
  /** The first is on its way. */
  readonly waiting: Notice[];
  /** null: nothing is on its way. */
  sending: Promise<void> | null;
  last: Delivery | null;
}

/** A notice that has no outcome yet. */
export interface KeptNotice {
  readonly channel: string;
  readonly notice: Notice;
}

export interface Outcomes {
  /** To be kept until it is `done`. */
  keep(kept: KeptNotice): void;
  done(delivery: Delivery, notice: Notice): void;
}

export class Sender {
  readonly channels: readonly Channel[];
  readonly #lines = new Map<string, Line>();
  readonly #timer: Timer;
  readonly #outcomes: Outcomes;
  /** Nothing more is begun. */
  readonly #stop = new AbortController();
  /** What is on its way is given up. */
  readonly #cut = new AbortController();

  constructor(channels: readonly Channel[], timer: Timer, outcomes: Outcomes) {
    this.channels = channels;
    this.#timer = timer;
    this.#outcomes = outcomes;
    for (const { name } of channels) this.#lines.set(name, { waiting: [], sending: null, last: null });
  }

  send({ name }: Channel, notice: Notice): void {
    const line = this.#lines.get(name)!;
    if (line.waiting.length > MAX_WAITING) this.#drop(name, notice, `${MAX_WAITING} others wait already`);
    else {
      this.#outcomes.keep({ channel: name, notice });
      this.#add(name, line, notice);
    }
  }

  #add(name: string, line: Line, notice: Notice): void {
    line.waiting.push(notice);
    if (!this.#stop.signal.aborted) line.sending ??= this.#drain(name, line);
  }

  #drop(channel: string, notice: Notice, detail: string): void {
    this.#end(channel, notice, { ok: false, detail, again: false }, 0, 'dropped');
  }

  /** One attempt at once, past the queue. */
  async test(channel: Channel, notice: Notice): Promise<Delivery> {
    const attempt = await this.#attempt(channel, notice);
    return this.#end(channel.name, notice, attempt, 1);
  }

  waiting(name: string): number {
    return this.#lines.get(name)?.waiting.length ?? 0;
  }

  last(name: string): Delivery | null {
    return this.#lines.get(name)?.last ?? null;
  }

  /**
   * What became of notices before a restart, and those that had no outcome yet.
   * @param kept the oldest first
   */
  restore(deliveries: readonly Delivery[], kept: readonly KeptNotice[]): void {
    for (const one of deliveries) {
      const line = this.#lines.get(one.channel);
      if (line && (line.last === null || line.last.at < one.at)) line.last = one;
    }
    for (const { channel, notice } of kept) {
      const line = this.#lines.get(channel);
      if (!line) this.#drop(channel, notice, 'its channel is configured no more');
      else if (this.#timer.now() / 1000 - notice.at > TOO_OLD)
        this.#drop(channel, notice, 'it waited for more than a day');
      else if (line.waiting.every(({ id }) => id !== notice.id)) this.#add(channel, line, notice);
    }
  }

  /** Nothing more is begun: what waits is left for the next start. */
  stop(): void {
    this.#stop.abort();
  }

  /** After `stop`: what was on its way has its outcome, or had its time. */
  async ended(): Promise<void> {
    const handle = this.#timer.after(STOP_MS, () => this.#cut.abort());
    const cut = new Promise<void>((resolve) => this.#cut.signal.addEventListener('abort', () => resolve()));
    await Promise.race([cut, Promise.all([...this.#lines.values()].map(({ sending }) => sending))]);
    handle.cancel();
  }

  async #drain(name: string, line: Line): Promise<void> {
    const channel = this.channels.find((one) => one.name === name)!;
    const { signal } = this.#stop;
    for (let [notice] = line.waiting; notice && !signal.aborted; [notice] = line.waiting) {
      let attempts = 1;
      let attempt = await this.#attempt(channel, notice);
      for (const pause of PAUSES_MS) {
        if (attempt.ok || !attempt.again || signal.aborted) break;
        await this.#pause(pause);
        if (signal.aborted) break;
        attempt = await this.#attempt(channel, notice);
        attempts++;
      }
      // The next start tries it anew.
      if (signal.aborted && !attempt.ok && attempt.again) break;
      line.waiting.shift();
      this.#end(name, notice, attempt, attempts);
    }
    line.sending = null;
  }

  async #attempt(channel: Channel, notice: Notice): Promise<Attempt> {
    try {
      return await channel.send(notice, this.#cut.signal);
    } catch (error) {
      return { ok: false, detail: toError(error).message, again: true };
    }
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      const end = (): void => {
        handle.cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const handle = this.#timer.after(ms, end);
      signal.addEventListener('abort', end);
    });
  }

  #end(
    channel: string,
    notice: Notice,
    { ok, detail }: Attempt,
    attempts: number,
    outcome: Delivery['outcome'] = ok ? 'ok' : 'failed',
  ): Delivery {
    const { event, rule, text } = notice;
    const line = this.#lines.get(channel);
    const at = this.#timer.now() / 1000;
    const delivery = {
      at,
      channel,
      event,
      rule_name: rule?.name ?? '',
      summary: text,
      outcome,
      detail: truncate(detail, DETAIL),
      attempts,
    };
    if (line) line.last = delivery;
    this.#outcomes.done(delivery, notice);
    return delivery;
  }
}
