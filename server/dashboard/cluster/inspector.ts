// Ask workers and remember: stats, conf, queues, active, reserved, scheduled, registered, revoked.
// Not here: what they tell by themselves (shared/events/), how they are asked (control/inspect.ts).
// Holds: what a worker once said stays until it says something newer, with the time it said it; a question not answered changes nothing.
// No question stops a worker: Celery answers in JSON, and one whose answer cannot be JSON opens its control channel anew and may take
// no message afterwards (seen with 5.2.6 on Redis). Lists that carry arguments as they are go to workers that take nothing but JSON.
import type { Masking } from '../../../shared/masking.ts';
import { bySetClock } from '../../../shared/set-clock.ts';
import { type Answers, readAnswer } from '../../control/answers.ts';
import type { Control } from '../../control/control.ts';
import { toError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { type Timer, within } from '../../timer.ts';
import { isJsonOnly } from './json-only.ts';
import { LastTime } from './last-time.ts';

/** What it answered last; of `registered` names with what was asked of them: 'shop.add [rate_limit=10/m]'. */
export interface Inspected extends Answers {
  /** @unit seconds since the epoch */
  at: number;
  /** When the last round began in which it answered of all that it has. @unit seconds since the epoch */
  complete: number;
}
type Question = keyof Answers;
const FREQUENT: readonly Question[] = ['stats', 'active_queues', 'active', 'reserved', 'scheduled', 'revoked'];
const RARE: readonly Question[] = ['registered', 'conf'];
/** Names that answers may make us keep; events of workers have a bound of their own. */
const MAX_WORKERS = 10_000;
const MAX_HOSTNAME = 512;
/** What says where a task is in a worker, in the order of its way there. */
const WHEREABOUTS: readonly Question[] = ['active', 'reserved', 'scheduled', 'revoked', 'active_queues', 'stats'];
/** Questions about a task in view: one to a worker in so long. @unit seconds */
const ONE_QUESTION_PER = 2;
const TASK_LISTS: ReadonlySet<Question> = new Set<Question>(['active', 'reserved', 'scheduled']);
const TASK_INFO = ['rate_limit', 'time_limit', 'soft_time_limit', 'max_retries'] as const;

export class Inspector {
  readonly workers = new Map<string, Inspected>();
  readonly #control: Control;
  readonly #masking: Masking;
  readonly #timer: Timer;
  readonly #log: Logger;
  readonly #timeout: number;
  readonly #running = new Map<string, Promise<void>>();
  readonly #listeners = new Set<(hostnames: string[]) => void>();
  /** When each worker last answered each question. */
  readonly #answeredAt = new Map<string, Partial<Record<Question, number>>>();
  /** The last question of `askOldest` to each worker. */
  readonly #single = new Map<string, { at: number; done: Promise<void> }>();
  /** Of anybody. */
  readonly #lastAnswer: LastTime;

  /** @param timeout seconds @param masking takes secrets out of what workers tell */
  constructor(control: Control, timer: Timer, log: Logger, timeout: number, masking: Masking) {
    this.#masking = masking;
    this.#control = control;
    this.#timer = timer;
    this.#lastAnswer = new LastTime(timer);
    this.#log = log;
    this.#timeout = timeout;
  }

  /** The last answer of anybody. @unit seconds since the epoch */
  get lastAnswer(): number | null {
    return this.#lastAnswer.at;
  }

  onAnswers(fn: (hostnames: string[]) => void): void {
    this.#listeners.add(fn);
  }

  /** Ask all questions of these workers, or of everybody when null. Callers asking the same share one round. */
  ask(hostnames: readonly string[] | null, full = true): Promise<void> {
    const key = `${full}|${hostnames === null ? '*' : [...hostnames].sort().join('|')}`;
    let running = this.#running.get(key);
    if (!running) {
      running = this.#round(hostnames, full ? [...FREQUENT, ...RARE] : FREQUENT).finally(() =>
        this.#running.delete(key),
      );
      this.#running.set(key, running);
    }
    return running;
  }

  /**
   * Ask these workers where their tasks are, cheaply: one question, that whose answer is oldest, and none to a worker that got one
   * within the last two seconds. Whoever calls meanwhile waits for that answer.
   */
  async askOldest(hostnames: readonly string[]): Promise<void> {
    const now = this.#timer.now() / 1000;
    const due = hostnames.filter(
      (hostname) => Math.abs(now - (this.#single.get(hostname)?.at ?? 0)) >= ONE_QUESTION_PER,
    );
    if (due.length > 0) {
      const age = (question: Question) =>
        Math.min(
          ...due
            .filter((hostname) => question === 'active' || !TASK_LISTS.has(question) || this.#isJsonOnly(hostname))
            .map((hostname) => this.#answeredAt.get(hostname)?.[question] ?? 0),
        );
      const question = WHEREABOUTS.reduce((oldest, one) => (age(one) < age(oldest) ? one : oldest));
      const done = this.#round(due, [question]);
      for (const hostname of due) this.#single.set(hostname, { at: now, done });
    }
    await this.#patiently(Promise.all(hostnames.map((hostname) => this.#single.get(hostname)?.done)));
  }

  /** Ask all questions of one worker for who looks at it: with a silent broker there is what it said last. */
  askNow(hostname: string): Promise<unknown> {
    return this.#patiently(this.ask([hostname]));
  }

  /** A round has two turns, and each ends by itself while the broker answers. */
  #patiently(round: Promise<unknown>): Promise<unknown> {
    return within(this.#timer, 2000 * this.#timeout, round);
  }

  /** Ask these workers, or everybody when null, these questions alone. Never rejects. */
  async askAbout(hostnames: readonly string[] | null, questions: readonly Question[]): Promise<void> {
    if (hostnames?.length !== 0) await this.#round(hostnames, questions).catch(() => {});
  }

  /** When it last answered this question; null: never. */
  answeredAt(hostname: string, question: Question): number | null {
    return this.#answeredAt.get(hostname)?.[question] ?? null;
  }

  /** It may have come back with other settings: what it takes is asked first. */
  restarted(hostname: string): void {
    delete this.#answeredAt.get(hostname)?.conf;
    // What the process before had is not in the one that answers now.
    const known = this.workers.get(hostname);
    if (known) Object.assign(known, { active: [], reserved: [], scheduled: [], revoked: [], complete: 0 });
  }

  /** The wall clock was set: answers are as old as before. @param by seconds */
  clockSet(by: number): void {
    const now = this.#timer.now() / 1000;
    for (const known of this.workers.values()) {
      known.at = bySetClock(known.at, by, now);
      if (known.complete > 0) known.complete = bySetClock(known.complete, by, now);
    }
    for (const times of this.#answeredAt.values())
      for (const question of Object.keys(times) as Question[]) times[question] = bySetClock(times[question]!, by, now);
  }

  forget(hostname: string): void {
    this.workers.delete(hostname);
    this.#answeredAt.delete(hostname);
    this.#single.delete(hostname);
  }

  async #round(hostnames: readonly string[] | null, questions: readonly Question[]): Promise<void> {
    const heard = new Set<string>();
    const begun = this.#timer.now() / 1000;
    const answered = new Map<string, number>();
    const put = async (destination: readonly string[] | null, question: Question, asText = false): Promise<void> => {
      if (destination?.length === 0) return;
      try {
        const replies = await ask(this.#control.inspect({ destination, timeout: this.#timeout }), question, asText);
        for (const hostname in replies) {
          const value = replies[hostname];
          if (isError(value)) continue;
          this.#keep(hostname, question, value);
          heard.add(hostname);
          if (TASK_LISTS.has(question)) answered.set(hostname, (answered.get(hostname) ?? 0) + 1);
        }
      } catch (error) {
        this.#log.debug(`Workers could not be asked for ${question}: ${toError(error).message}`);
      }
    };
    const lists = questions.filter((question) => TASK_LISTS.has(question));
    const others = Promise.all(
      questions.filter((question) => !TASK_LISTS.has(question)).map((question) => put(hostnames, question)),
    );
    // Who takes what is known from the answers of this round.
    if (questions.includes('conf')) await others;
    const jsonOnly: string[] = [];
    const rest: string[] = [];
    for (const hostname of hostnames ?? heard) (this.#isJsonOnly(hostname) ? jsonOnly : rest).push(hostname);
    await Promise.all([
      others,
      ...lists.map((question) => put(jsonOnly, question)),
      lists.includes('active') && put(rest, 'active', true),
    ]);
    for (const [hostname, answers] of answered) {
      const known = this.workers.get(hostname);
      if (known && answers === TASK_LISTS.size) known.complete = begun;
    }
    if (heard.size > 0) for (const fn of this.#listeners) fn([...heard]);
  }

  /** Why nobody asks this worker what it has reserved and scheduled; null: it is asked, or has not answered yet. */
  unlistedReason(hostname: string): string | null {
    if (this.answeredAt(hostname, 'conf') === null || this.#isJsonOnly(hostname)) return null;
    return (
      'Unknown: this worker accepts more than JSON, and Celery may stop taking messages when it is asked to list arguments ' +
      'that are not JSON. What it runs, and what its events say, is known.'
    );
  }

  #isJsonOnly(hostname: string): boolean {
    const conf = this.answeredAt(hostname, 'conf') === null ? null : this.workers.get(hostname)?.conf;
    return conf !== null && conf !== undefined && isJsonOnly(conf);
  }

  #keep(hostname: string, question: Question, value: unknown): void {
    let known = this.workers.get(hostname);
    if (!known) {
      if (hostname === '' || hostname.length > MAX_HOSTNAME || this.workers.size >= MAX_WORKERS) return;
      known = {
        at: 0,
        complete: 0,
        stats: null,
        conf: null,
        active_queues: [],
        active: [],
        reserved: [],
        scheduled: [],
        revoked: [],
        registered: [],
      };
      this.workers.set(hostname, known);
    }
    known.at = this.#timer.now() / 1000;
    this.#lastAnswer.mark();
    const times = this.#answeredAt.get(hostname) ?? {};
    times[question] = known.at;
    this.#answeredAt.set(hostname, times);
    (known as unknown as Record<string, unknown>)[question] = readAnswer(question, value, this.#masking);
  }
}

/** @param asText with arguments as the sender printed them */
async function ask(
  inspect: ReturnType<Control['inspect']>,
  question: Question,
  asText: boolean,
): Promise<Record<string, unknown>> {
  const answer = await (() => {
    switch (question) {
      case 'stats':
        return inspect.stats();
      case 'conf':
        return inspect.conf();
      case 'active_queues':
        return inspect.activeQueues();
      case 'active':
        return inspect.active({ safe: asText });
      case 'reserved':
        return inspect.reserved();
      case 'scheduled':
        return inspect.scheduled();
      case 'revoked':
        return inspect.revoked();
      case 'registered':
        return inspect.registered(...TASK_INFO);
    }
  })();
  return (answer as Record<string, unknown> | null) ?? {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function isError(value: unknown): boolean {
  return isRecord(value) && 'error' in value && Object.keys(value).length === 1;
}

export interface RegisteredInfo {
  name: string;
  rate_limit: string | null;
  time_limit: number | null;
  soft_time_limit: number | null;
  max_retries: number | null;
}

/** 'shop.add [rate_limit=10/m time_limit=30]' */
export function parseRegistered(text: string): RegisteredInfo {
  const match = /^(\S+)(?: \[(.*)\])?$/.exec(text);
  const info = new Map((match?.[2] ?? '').split(' ').map((pair) => pair.split('=', 2) as [string, string]));
  const number = (name: string): number | null => {
    const value = Number(info.get(name));
    return info.has(name) && Number.isFinite(value) ? value : null;
  };
  const rate = info.get('rate_limit');
  return {
    name: match?.[1] ?? text,
    rate_limit: rate === undefined || rate === 'None' ? null : rate,
    time_limit: number('time_limit'),
    soft_time_limit: number('soft_time_limit'),
    max_retries: number('max_retries'),
  };
}
