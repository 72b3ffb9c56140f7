// What one question may cost: steps of patterns, time, and the patience of who asked. SQLite cannot be interrupted from outside by
// either driver, so the functions it calls for its rows do it: they throw, and the statement ends.
// Not here: the functions (query-sql.ts), how a page comes back short before that (list.ts), the thread (thread.ts).
// Holds: a statement that looks at rows one by one ends within LOOK_EVERY rows of the budget's end.
import { type Steps, StepsSpent } from '../../../../shared/query/regex.ts';
import { QueryTooCostly } from '../contract.ts';

/** About a second of work. */
const STEPS = 20_000_000;
/** Pages come back short long before; this ends what cannot. */
const TIME_MS = 5000;
const STEPS_BETWEEN = 100_000;
/** Rows between two looks, a power of two: it is asked of the row's id. */
const LOOK_EVERY = 64;

/** As a condition of any row that has an `id`; always true, or it throws. */
export const GOES_ON = `((id & ${LOOK_EVERY - 1}) <> 0 OR umbel_goes_on())`;

export class QueryBudget implements Steps {
  left = STEPS;
  readonly #nowMs: () => number;
  #isGivenUp: () => boolean = () => false;
  #endsMs = Number.POSITIVE_INFINITY;
  #lookedAt = STEPS;
  /** Why the last question was ended: what SQLite throws for it is not the error that a function of ours threw. */
  spent: QueryTooCostly | null = null;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** A new question. @param isGivenUp nobody waits any more */
  begin(isGivenUp: () => boolean = () => false): void {
    this.left = STEPS;
    this.#lookedAt = STEPS;
    this.#isGivenUp = isGivenUp;
    this.#endsMs = this.#nowMs() + TIME_MS;
    this.spent = null;
    this.look();
  }

  /** @throws QueryTooCostly */
  look(): void {
    this.#lookedAt = this.left;
    if (this.#isGivenUp()) this.#end('Nobody waits for this answer any more.');
    if (this.#nowMs() > this.#endsMs)
      this.#end('The query takes too long: narrow it by time, name, worker or state, or make its pattern simpler.');
  }

  /** A pattern on one text, within the budget. @throws QueryTooCostly */
  try(test: (value: string, steps: Steps) => boolean, value: string): boolean {
    if (this.#lookedAt - this.left > STEPS_BETWEEN) this.look();
    try {
      return test(value, this);
    } catch (error) {
      if (error instanceof StepsSpent) this.#end(error.message);
      throw error;
    }
  }

  #end(reason: string): never {
    this.spent = new QueryTooCostly(reason);
    throw this.spent;
  }
}
