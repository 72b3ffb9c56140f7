// Which queues a message goes to, where there is no broker to decide: exchanges and bindings, direct, topic and fanout.
// Knows names only; the queues themselves live in memory/ and sqlite/.
// Holds: an exchange declared again with another type, durability or auto-delete is refused, and nothing is changed then.
// Kombu: transport/virtual/exchange.py
import { ImproperlyConfigured } from '../../errors.ts';
import type { Exchange, ExchangeType } from '../entity.ts';

/** Topic patterns: words between dots, `*` is one word, `#` any number of words, none too. */
export function topicMatches(pattern: string, key: string): boolean {
  if (pattern === '#' || pattern === key) return true;
  return matchWords(pattern.split('.'), 0, key.split('.'), 0);
}

function matchWords(pattern: readonly string[], p: number, words: readonly string[], w: number): boolean {
  let i = p;
  let j = w;
  for (; i < pattern.length; i++, j++) {
    const part = pattern[i];
    if (part === '#') {
      if (i === pattern.length - 1) return true;
      for (let skip = j; skip <= words.length; skip++) if (matchWords(pattern, i + 1, words, skip)) return true;
      return false;
    }
    if (j >= words.length || (part !== '*' && part !== words[j])) return false;
  }
  return j === words.length;
}

interface Known {
  readonly exchange: Exchange;
  /** key or pattern -> queues, in the order of binding */
  readonly bindings: Map<string, Set<string>>;
}

const CACHE_LIMIT = 20_000;

export class RoutingTable {
  readonly #exchanges = new Map<string, Known>();
  #routes = new Map<string, Map<string, readonly string[]>>();

  /** true: it was new. */
  declare(e: Exchange): boolean {
    if (e.name === '') return false;
    const known = this.#exchanges.get(e.name);
    if (known) {
      sameExchange(known.exchange, e);
      return false;
    }
    this.#exchanges.set(e.name, { exchange: e, bindings: new Map() });
    this.#routes.delete(e.name);
    return true;
  }

  has(exchange: string): boolean {
    return this.#exchanges.has(exchange);
  }

  exchangeType(exchange: string): ExchangeType | null {
    return this.#exchanges.get(exchange)?.exchange.type ?? null;
  }

  delete(exchange: string): boolean {
    this.#routes.delete(exchange);
    return this.#exchanges.delete(exchange);
  }

  /** true: it was new. */
  bind(queue: string, exchange: string, key: string): boolean {
    if (exchange === '') return false;
    const known = this.#exchanges.get(exchange);
    if (!known) {
      throw new ImproperlyConfigured(`NOT_FOUND - no exchange '${exchange}' to bind the queue '${queue}' to`);
    }
    let queues = known.bindings.get(key);
    if (!queues) {
      queues = new Set();
      known.bindings.set(key, queues);
    }
    if (queues.has(queue)) return false;
    queues.add(queue);
    this.#routes.delete(exchange);
    return true;
  }

  /** The name of the exchange when it was an auto-delete one and this was its last binding: it is gone then. */
  unbind(queue: string, exchange: string, key: string): string | null {
    const known = this.#exchanges.get(exchange);
    const queues = known?.bindings.get(key);
    if (!known || !queues?.delete(queue)) return null;
    if (queues.size === 0) known.bindings.delete(key);
    this.#routes.delete(exchange);
    if (!known.exchange.autoDelete || known.bindings.size > 0) return null;
    this.#exchanges.delete(exchange);
    return exchange;
  }

  /** Forget a deleted queue. Returns the auto-delete exchanges that went with it. */
  unbindQueue(queue: string): string[] {
    const gone: string[] = [];
    for (const [name, known] of [...this.#exchanges]) {
      for (const [key, queues] of [...known.bindings]) {
        if (queues.has(queue) && this.unbind(queue, name, key)) gone.push(name);
      }
    }
    return gone;
  }

  /** The queues a message goes to, each once. The default exchange is the caller's: it names the queue itself. */
  route(exchange: string, key: string): readonly string[] {
    let keys = this.#routes.get(exchange);
    const cached = keys?.get(key);
    if (cached) return cached;
    const found = this.#find(exchange, key);
    if (!keys || keys.size >= CACHE_LIMIT) {
      keys = new Map();
      this.#routes.set(exchange, keys);
    }
    keys.set(key, found);
    return found;
  }

  clear(): void {
    this.#exchanges.clear();
    this.#routes = new Map();
  }

  #find(exchange: string, key: string): readonly string[] {
    const known = this.#exchanges.get(exchange);
    if (!known) return [];
    const { type } = known.exchange;
    if (type === 'direct') return [...(known.bindings.get(key) ?? [])];
    const found = new Set<string>();
    for (const [pattern, queues] of known.bindings) {
      if (type === 'fanout' || topicMatches(pattern, key)) for (const queue of queues) found.add(queue);
    }
    return [...found];
  }
}

function sameExchange(known: Exchange, asked: Exchange): void {
  const differing = (['type', 'durable', 'autoDelete'] as const).find((field) => known[field] !== asked[field]);
  if (!differing) return;
  throw new ImproperlyConfigured(
    `PRECONDITION_FAILED - the exchange '${known.name}' exists with ${differing} ${known[differing]}, ` +
      `and was declared again with ${differing} ${asked[differing]}. Use the same values, another name, or delete it first.`,
  );
}
