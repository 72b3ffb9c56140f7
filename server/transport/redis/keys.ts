// The names of things on the server: lists of a queue, binding sets and their members, pub/sub channels of fanout exchanges.
// Holds: every key passes through `key`, which puts the global prefix before it; the envelopes stay without it. Keys in which brokers
// keep their own things are no queues (`isReserved`).
// Kombu 5.6: transport/redis.py Channel._q_for_pri, _queue_bind, _get_publish_topic; virtual/exchange.py
import { topicMatches } from '../virtual/exchange.ts';
import type { RedisBrokerOptions } from './options.ts';

export interface BindingMember {
  readonly routingKey: string;
  /** A regular expression of Python's when bound to a topic exchange, else ''. */
  readonly pattern: string;
  readonly queue: string;
}

const BINDINGS = '_kombu.binding.';

export class Keys {
  readonly #prefix: string;
  readonly #options: RedisBrokerOptions;
  readonly unacked: string;
  readonly unackedIndex: string;
  readonly unackedMutex: string;

  constructor(options: RedisBrokerOptions) {
    this.#options = options;
    this.#prefix = options.globalKeyprefix;
    this.unacked = this.key(options.unackedKey);
    this.unackedIndex = this.key(options.unackedIndexKey);
    this.unackedMutex = this.key(options.unackedMutexKey);
  }

  key(name: string): string {
    return this.#prefix + name;
  }

  /** The largest step not above the priority. */
  step(priority: number): number {
    const steps = this.#options.prioritySteps;
    let found = steps.at(-1)!; // Python's steps[-1] when below the first
    for (const step of steps) if (step <= priority) found = step;
    return priority < steps[0]! ? steps.at(-1)! : found;
  }

  list(queue: string, priority: number): string {
    return this.listOfStep(queue, this.step(priority));
  }

  listOfStep(queue: string, step: number): string {
    return this.key(step === 0 ? queue : `${queue}${this.#options.sep}${step}`);
  }

  /** All lists of a queue, the most urgent first. */
  lists(queue: string): string[] {
    return this.#options.prioritySteps.map((step) => this.listOfStep(queue, step));
  }

  /** What a worker of ours took last: see take-script.ts. */
  taken(reader: string): string {
    return this.key(`${this.#options.unackedKey}_taken.${reader}`);
  }

  /** The key is one in which brokers keep their own things: a queue of that name stops every worker of this server. */
  isReserved(queue: string): boolean {
    const { unackedKey, unackedIndexKey, unackedMutexKey } = this.#options;
    return (
      queue === unackedKey ||
      queue === unackedIndexKey ||
      queue === unackedMutexKey ||
      queue.startsWith(BINDINGS) ||
      queue.startsWith(`${unackedKey}_taken.`)
    );
  }

  bindings(exchange: string): string {
    return this.key(BINDINGS + exchange);
  }

  get bindingsPattern(): string {
    return `${this.key(BINDINGS).replace(/[\\*?[\]]/g, '\\$&')}*`;
  }

  /** The exchange of a binding set. */
  exchangeOf(key: string): string {
    return key.slice(this.#prefix.length + BINDINGS.length);
  }

  member(routingKey: string, isTopic: boolean, queue: string): string {
    const { sep } = this.#options;
    return `${routingKey}${sep}${isTopic ? pythonPattern(routingKey) : ''}${sep}${queue}`;
  }

  readMember(member: string): BindingMember {
    const [routingKey = '', pattern = '', ...queue] = member.split(this.#options.sep);
    return { routingKey, pattern, queue: queue.join(this.#options.sep) };
  }

  publishTopic(exchange: string, routingKey: string): string {
    const { fanoutPrefix, fanoutPatterns } = this.#options;
    const topic = `${fanoutPrefix}${exchange}`;
    return this.key(routingKey !== '' && fanoutPatterns ? `${topic}/${routingKey}` : topic);
  }

  subscribePattern(exchange: string, bindingKey: string): string {
    return this.publishTopic(exchange, bindingKey.replaceAll('#', '*'));
  }
}

/** Does a message with that key go through this binding? A pattern tells a topic binding, also one made by another program. */
export function bindingTakes(binding: BindingMember, routingKey: string): boolean {
  return binding.pattern === '' ? binding.routingKey === routingKey : topicMatches(binding.routingKey, routingKey);
}

/** The text kombu stores beside a topic binding: a queue is unbound by the very same text. */
function pythonPattern(routingKey: string): string {
  const escaped = [...routingKey]
    .map((c) => (/[\p{L}\p{N}]/u.test(c) || '.#*'.includes(c) ? c : c === '\0' ? '\\000' : `\\${c}`))
    .join('');
  const words = escaped.split('.').map((word) => (word === '*' ? '.*?[^\\.]' : word === '#' ? '.*?' : word));
  return `^${words.join('\\.')}$`;
}
