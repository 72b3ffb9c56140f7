// '10/m' as tokens per second, and the bucket that hands them out.
// Not here: which tasks wait for a token (strategy.ts).
// Holds: a full bucket's time does not move, so after an idle time two pass at once, then one per interval: Celery's way,
// vector rate_limited.
// Celery 5.6: utils/time.py rate; kombu/utils/limits.py

/** A rate that cannot be read. `name` is Python's: ValueError for no number, KeyError for no such unit. */
export class RateError extends Error {
  constructor(kind: 'ValueError' | 'KeyError', message: string) {
    super(message);
    this.name = kind;
  }
}

const PER_SECOND: Readonly<Record<string, number>> = { s: 1, m: 60, h: 60 * 60 };
const PYTHON_FLOAT = /^\s*[+-]?(?:(?:\d[\d_]*)?\.?\d*(?:e[+-]?\d+)?|inf(?:inity)?|nan)\s*$/i;

/** @returns tokens per second; 0: no limit */
export function parseRate(rate: string | number | boolean | null | undefined): number {
  if (!rate) return 0;
  if (typeof rate !== 'string') return Number(rate);
  const slash = rate.indexOf('/');
  const count = slash === -1 ? rate : rate.slice(0, slash);
  const unit = slash === -1 ? 's' : rate.slice(slash + 1) || 's';
  const seconds = Object.hasOwn(PER_SECOND, unit) ? PER_SECOND[unit]! : null;
  if (seconds === null) throw new RateError('KeyError', unit);
  return pythonFloat(count) / seconds;
}

function pythonFloat(text: string): number {
  const word = text.trim().toLowerCase().replaceAll('_', '');
  const value = /^[+-]?inf(inity)?$/.test(word) ? Number(word.startsWith('-') ? -Infinity : Infinity) : Number(word);
  if (word === '' || !PYTHON_FLOAT.test(text) || (Number.isNaN(value) && word !== 'nan')) {
    throw new RateError('ValueError', `could not convert string to float: '${text}'`);
  }
  return value;
}

export class TokenBucket<T = unknown> {
  /** Tokens per second. */
  readonly fillRate: number;
  readonly capacity: number;
  /** What waits for a token, in order. */
  readonly waiting: T[] = [];
  readonly #nowMs: () => number;
  #tokens: number;
  #sinceS: number;

  constructor(fillRate: number, nowMs: () => number, capacity = 1) {
    this.fillRate = fillRate;
    this.capacity = capacity;
    this.#nowMs = nowMs;
    this.#tokens = capacity;
    this.#sinceS = nowMs() / 1000;
  }

  get tokens(): number {
    if (this.#tokens < this.capacity) {
      // In seconds, as Python counts: the same roundings.
      const nowS = this.#nowMs() / 1000;
      this.#tokens = Math.min(this.capacity, this.#tokens + this.fillRate * (nowS - this.#sinceS));
      this.#sinceS = nowS;
    }
    return this.#tokens;
  }

  /** Takes so many tokens if they are there. */
  consume(tokens = 1): boolean {
    if (tokens > this.tokens) return false;
    this.#tokens -= tokens;
    return true;
  }

  /** How long until so many are there. @unit milliseconds */
  expectedMs(tokens = 1): number {
    const present = this.tokens;
    return ((Math.max(tokens, present) - present) / this.fillRate) * 1000;
  }
}
