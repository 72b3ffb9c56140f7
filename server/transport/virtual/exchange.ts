// Which queues a message goes to, where there is no broker to decide: exchanges of the four types, bound to queues and to one another.
// Knows names only; the queues themselves live in memory/ and sqlite/.
// Holds: an exchange declared again with another type, durability or auto-delete is refused, and nothing is changed then.
// Kombu: transport/virtual/exchange.py
import { ChannelError } from '../../errors.ts';
import type { Arguments, Exchange, ExchangeType } from '../entity.ts';
import { noSuchExchange } from './declaration.ts';
import { HeadersBindings } from './headers.ts';

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
  /** key or pattern -> exchanges that get it, too */
  readonly exchanges: Map<string, Set<string>>;
  /** Of an exchange of type headers, which compares these and no keys: to queues and to exchanges. */
  readonly headers: HeadersBindings;
  readonly exchangesByHeaders: HeadersBindings;
}

const CACHE_LIMIT = 20_000;

export class RoutingTable {
  readonly #exchanges = new Map<string, Known>();
  #routes = new Map<string, Map<string, readonly string[]>>();

  /** true: it was new. */
  declare(e: Exchange): boolean {
    if (e.name === '') return false;
    const before = this.#exchanges.get(e.name);
    if (before) {
      sameExchange(before.exchange, e);
      return false;
    }
    const known: Known = {
      exchange: e,
      bindings: new Map(),
      exchanges: new Map(),
      headers: new HeadersBindings(),
      exchangesByHeaders: new HeadersBindings(),
    };
    this.#exchanges.set(e.name, known);
    this.#routes.delete(e.name);
    return true;
  }

  has(exchange: string): boolean {
    return this.#exchanges.has(exchange);
  }

  exchangeType(exchange: string): ExchangeType | null {
    return this.#exchanges.get(exchange)?.exchange.type ?? null;
  }

  /** Whether it hands messages on: to a queue or to another exchange. */
  isBound(exchange: string): boolean {
    const known = this.#exchanges.get(exchange);
    return known !== undefined && hasBindings(known);
  }

  delete(exchange: string): boolean {
    for (const { exchanges, exchangesByHeaders } of this.#exchanges.values()) {
      for (const bound of exchanges.values()) bound.delete(exchange);
      exchangesByHeaders.removeTarget(exchange);
    }
    this.#routes = new Map();
    return this.#exchanges.delete(exchange);
  }

  /** true: it was new. */
  bind(queue: string, exchange: string, key: string, args?: Arguments): boolean {
    if (exchange === '') return false;
    const known = this.#exchanges.get(exchange);
    if (!known) {
      throw new ChannelError(404, `no exchange '${exchange}' to bind the queue '${queue}' to`);
    }
    if (known.exchange.type === 'headers') return known.headers.add(queue, args ?? {});
    if (!addTo(known.bindings, key, queue)) return false;
    this.#forget(exchange);
    return true;
  }

  /** What `source` takes with such a key goes to the exchange `destination`, too. */
  bindExchange(destination: string, source: string, key: string, args: Arguments = {}): void {
    for (const name of [source, destination]) if (!this.#exchanges.has(name)) throw noSuchExchange(name);
    const { exchange, exchanges, exchangesByHeaders } = this.#exchanges.get(source)!;
    if (exchange.type === 'headers') exchangesByHeaders.add(destination, args);
    else addTo(exchanges, key, destination);
    this.#routes = new Map();
  }

  unbindExchange(destination: string, source: string, key: string, args: Arguments = {}): void {
    const known = this.#exchanges.get(source);
    known?.exchanges.get(key)?.delete(destination);
    known?.exchangesByHeaders.remove(destination, args);
    this.#routes = new Map();
  }

  /** The name of the exchange when it was an auto-delete one and this was its last binding: it is gone then. */
  unbind(queue: string, exchange: string, key: string, args?: Arguments): string | null {
    const known = this.#exchanges.get(exchange);
    if (!known) return null;
    if (known.exchange.type === 'headers') {
      if (!known.headers.remove(queue, args ?? {})) return null;
      return this.#unused(known);
    }
    const queues = known.bindings.get(key);
    if (!queues?.delete(queue)) return null;
    if (queues.size === 0) known.bindings.delete(key);
    this.#forget(exchange);
    return this.#unused(known);
  }

  /** Forget a deleted queue. Returns the auto-delete exchanges that went with it. */
  unbindQueue(queue: string): string[] {
    const gone: string[] = [];
    for (const [name, known] of [...this.#exchanges]) {
      if (known.headers.removeTarget(queue) && this.#unused(known)) gone.push(name);
      for (const [key, queues] of [...known.bindings]) {
        if (queues.has(queue) && this.unbind(queue, name, key)) gone.push(name);
      }
    }
    return gone;
  }

  /** The queues a message goes to, each once. The default exchange is the caller's: it names the queue itself. */
  route(exchange: string, key: string, headers: Arguments = {}): readonly string[] {
    let keys = this.#routes.get(exchange);
    const cached = keys?.get(key);
    if (cached) return cached;
    const found = new Set<string>();
    const seen = new Set<string>();
    this.#find(exchange, key, headers, found, seen);
    const queues = [...found];
    // A route by headers differs from message to message.
    for (const name of seen) if (this.exchangeType(name) === 'headers') return queues;
    if (!keys || keys.size >= CACHE_LIMIT) {
      keys = new Map();
      this.#routes.set(exchange, keys);
    }
    keys.set(key, queues);
    return queues;
  }

  clear(): void {
    this.#exchanges.clear();
    this.#routes = new Map();
  }

  /** @param seen exchanges gone through: a ring of bindings ends, as on RabbitMQ */
  #find(exchange: string, key: string, headers: Arguments, found: Set<string>, seen: Set<string>): void {
    const known = this.#exchanges.get(exchange);
    if (!known || seen.has(exchange)) return;
    seen.add(exchange);
    const { type } = known.exchange;
    const next = new Set<string>();
    if (type === 'headers') {
      known.headers.match(headers, found);
      known.exchangesByHeaders.match(headers, next);
    } else {
      for (const queue of boundTo(known.bindings, type, key)) found.add(queue);
      for (const name of boundTo(known.exchanges, type, key)) next.add(name);
    }
    for (const name of next) this.#find(name, key, headers, found, seen);
  }

  /** Routes from `exchange` have changed, and those of exchanges bound to it. */
  #forget(exchange: string): void {
    this.#routes.delete(exchange);
    for (const { exchanges } of this.#exchanges.values()) if (exchanges.size > 0) this.#routes = new Map();
  }

  /** An auto-delete exchange goes with its last binding; its name then. */
  #unused(known: Known): string | null {
    const { name, autoDelete } = known.exchange;
    if (!autoDelete || hasBindings(known)) return null;
    this.#exchanges.delete(name);
    return name;
  }
}

function hasBindings({ bindings, exchanges, headers, exchangesByHeaders }: Known): boolean {
  if (bindings.size + headers.size + exchangesByHeaders.size > 0) return true;
  for (const bound of exchanges.values()) if (bound.size > 0) return true;
  return false;
}

/** true: it was new. */
function addTo(bindings: Map<string, Set<string>>, key: string, target: string): boolean {
  let targets = bindings.get(key);
  if (!targets) {
    targets = new Set();
    bindings.set(key, targets);
  }
  if (targets.has(target)) return false;
  targets.add(target);
  return true;
}

function* boundTo(bindings: ReadonlyMap<string, Set<string>>, type: ExchangeType, key: string): Generator<string> {
  if (type === 'direct') yield* bindings.get(key) ?? [];
  else for (const [pattern, targets] of bindings) if (type === 'fanout' || topicMatches(pattern, key)) yield* targets;
}

function sameExchange(known: Exchange, asked: Exchange): void {
  const differing = (['type', 'durable', 'autoDelete'] as const).find((field) => known[field] !== asked[field]);
  if (!differing) return;
  throw new ChannelError(
    406,
    `the exchange '${known.name}' exists with ${differing} ${known[differing]}, ` +
      `and was declared again with ${differing} ${asked[differing]}. Use the same values, another name, or delete it first.`,
  );
}
