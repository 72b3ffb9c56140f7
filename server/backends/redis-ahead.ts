// Ids whose results are heard already when their tasks are sent: who waits for such a task has nothing to subscribe to and nothing to ask.
// Subscribing: redis-wake.ts. Who takes such an id: app/publisher.ts.
// Holds: an id is given once, after the server has confirmed its subscription; what came for it is kept until it is waited for, within
// bounds. They are made when somebody waits again, so that who never does costs no subscription; after a lost connection none counts any more.
// Celery 5.6: backends/redis.py on_task_call, which subscribes with every call
import { newTaskId } from '../protocol/task-id.ts';

/** Subscribed to at once, when fewer than a quarter are left. */
const IDS = 32;
/** Given and not waited for yet; the oldest beyond are like any other id. */
const MAX_GIVEN = 64;
/** A larger record is asked for. */
const MAX_BYTES = 64 * 1024;

export interface Hearing {
  /** Listen for results of this id. */
  add(id: string): void;
  /** Resolves when the server has confirmed what was added so far. */
  settled(): Promise<void>;
  /** It is none of these any more. */
  released(id: string): void;
}

export class HeardAhead {
  readonly #hearing: Hearing;
  readonly #free: string[] = [];
  /** What came last; null: nothing yet. */
  readonly #given = new Map<string, Buffer | null>();
  #hasWaited = false;
  #filling = false;

  constructor(hearing: Hearing) {
    this.#hearing = hearing;
  }

  take(): string | undefined {
    const id = this.#free.pop();
    if (id === undefined) return undefined;
    if (this.#given.size === MAX_GIVEN) this.drop(this.#given.keys().next().value!);
    this.#given.set(id, null);
    return id;
  }

  /** Given, and everything that came for it is kept. */
  has(id: string): boolean {
    return this.#given.has(id);
  }

  keep(id: string, row: Buffer): void {
    if (!this.#given.has(id)) return;
    if (row.length > MAX_BYTES) this.drop(id);
    else this.#given.set(id, row);
  }

  kept(id: string): Buffer | null {
    return this.#given.get(id) ?? null;
  }

  /** It was waited for, or is to be asked for like any other. */
  drop(id: string): void {
    if (this.#given.delete(id)) this.#hearing.released(id);
  }

  /** Somebody waits. Who has done so before is taken to do so again. */
  fill(): void {
    const isFirst = !this.#hasWaited;
    this.#hasWaited = true;
    if (isFirst || this.#filling || this.#free.length >= IDS / 4) return;
    this.#filling = true;
    const ids = Array.from({ length: IDS }, newTaskId);
    for (const id of ids) this.#hearing.add(id);
    this.#hearing.settled().then(
      () => {
        this.#filling = false;
        this.#free.push(...ids);
      },
      () => {
        this.#filling = false;
        for (const id of ids) this.#hearing.released(id);
      },
    );
  }

  /** The connection was away. */
  clear(): void {
    for (const id of this.#free.splice(0)) this.#hearing.released(id);
    for (const id of [...this.#given.keys()]) this.drop(id);
  }
}
