// A call that is sent once: a second one with the same key within a time is the first one's task, and is not sent.
// Not here: what the broker keeps (transport/contract.ts, Notes). Running once: `worker_deduplicate_successful_tasks`.
// Holds: while a call is on its way its key is kept for a minute only, so that a client that dies then blocks nobody for long; what
// could not be sent is not taken for sent.
import { NotImplementedError } from '../errors.ts';
import type { Notes } from '../transport/contract.ts';
import type { AppHost } from './host.ts';

/** The option `dedupe` of a call. */
export interface Dedupe {
  /** What makes two calls of a task the same. Default: `task_id`. */
  readonly key?: string;
  /** For how long, from the first on. @unit seconds  @default 86400 */
  readonly expires?: number;
}

const A_DAY = 86_400;
const ON_ITS_WAY_MS = 60_000;

export class Once {
  readonly #notes: Notes;
  readonly #key: string;
  readonly #ttlMs: number;
  readonly #id: string;

  private constructor(notes: Notes, key: string, ttlMs: number, id: string) {
    this.#notes = notes;
    this.#key = key;
    this.#ttlMs = ttlMs;
    this.#id = id;
  }

  /** @throws NotImplementedError where the broker keeps nothing */
  static async of(app: AppHost, task: string, given: true | string | Dedupe, id: string): Promise<Once> {
    const { key = id, expires = A_DAY } = given === true ? {} : typeof given === 'string' ? { key: given } : given;
    const notes = await app.producer().notes();
    if (!notes)
      throw new NotImplementedError(
        `The call of ${task} asks for dedupe, which this broker cannot do: RabbitMQ keeps nothing but messages. ` +
          'SQLite, Redis and memory can. Elsewhere let the task itself ask whether it is done.',
      );
    return new Once(notes, `${task} ${key}`, expires * 1000, id);
  }

  /** The id of the task that was sent before; null: this one is the first. */
  first(): Promise<string | null> {
    return this.#notes.claim(this.#key, this.#id, Math.min(this.#ttlMs, ON_ITS_WAY_MS));
  }

  sent(): Promise<void> {
    return this.#notes.extend(this.#key, this.#id, this.#ttlMs);
  }

  async failed(): Promise<void> {
    await this.#notes.release(this.#key, this.#id).catch(() => {});
  }
}
