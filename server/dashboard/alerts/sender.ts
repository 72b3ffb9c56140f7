// Notices on their way: one queue a channel, one at a time, tried again a few times when that may help.
// Not here: what is told and when (alerts.ts), one attempt (webhook.ts, slack.ts, mail.ts).
// Holds: a channel that hangs holds up no other; a queue is bounded, and what finds no room is told as dropped; every notice has one
// outcome.
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

interface Line {
  readonly waiting: Notice[];
  isSending: boolean;
  last: Delivery | null;
}

export class Sender {
  readonly channels: readonly Channel[];
  readonly #lines = new Map<string, Line>();
  readonly #timer: Timer;
  readonly #done: (delivery: Delivery) => void;
  readonly #stop = new AbortController();

  /** @param done is told each outcome */
  constructor(channels: readonly Channel[], timer: Timer, done: (delivery: Delivery) => void) {
    this.channels = channels;
    this.#timer = timer;
    this.#done = done;
    for (const { name } of channels) this.#lines.set(name, { waiting: [], isSending: false, last: null });
  }

  send({ name }: Channel, notice: Notice): void {
    const line = this.#lines.get(name)!;
    if (this.#stop.signal.aborted) return;
    if (line.waiting.length >= MAX_WAITING) {
      this.#end(
        name,
        line,
        notice,
        { ok: false, detail: `${MAX_WAITING} others wait already`, again: false },
        0,
        'dropped',
      );
      return;
    }
    line.waiting.push(notice);
    if (!line.isSending) void this.#drain(name, line);
  }

  /** One attempt at once, past the queue. */
  async test(channel: Channel, notice: Notice): Promise<Delivery> {
    const attempt = await this.#attempt(channel, notice);
    return this.#end(channel.name, this.#lines.get(channel.name)!, notice, attempt, 1);
  }

  waiting(name: string): number {
    const line = this.#lines.get(name);
    return line ? line.waiting.length + Number(line.isSending) : 0;
  }

  last(name: string): Delivery | null {
    return this.#lines.get(name)?.last ?? null;
  }

  /** What became of notices before a restart. */
  restore(deliveries: readonly Delivery[]): void {
    for (const one of deliveries) {
      const line = this.#lines.get(one.channel);
      if (line && (line.last === null || line.last.at < one.at)) line.last = one;
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  async #drain(name: string, line: Line): Promise<void> {
    const channel = this.channels.find((one) => one.name === name)!;
    line.isSending = true;
    for (let notice = line.waiting.shift(); notice; notice = line.waiting.shift()) {
      let attempts = 1;
      let attempt = await this.#attempt(channel, notice);
      for (const pause of PAUSES_MS) {
        if (attempt.ok || !attempt.again || this.#stop.signal.aborted) break;
        await this.#pause(pause);
        if (this.#stop.signal.aborted) break;
        attempt = await this.#attempt(channel, notice);
        attempts++;
      }
      if (this.#stop.signal.aborted && !attempt.ok) return;
      this.#end(name, line, notice, attempt, attempts);
    }
    line.isSending = false;
  }

  async #attempt(channel: Channel, notice: Notice): Promise<Attempt> {
    try {
      return await channel.send(notice, this.#stop.signal);
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
    line: Line,
    { event, rule, text }: Notice,
    { ok, detail }: Attempt,
    attempts: number,
    outcome: Delivery['outcome'] = ok ? 'ok' : 'failed',
  ): Delivery {
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
    line.last = delivery;
    this.#done(delivery);
    return delivery;
  }
}
