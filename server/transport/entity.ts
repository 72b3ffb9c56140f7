// Exchange, Queue and Binding as plain values. What a broker does with them: contract.ts and the transports.
// Holds: two declarations of one name with unequal `declarationKey` are refused by a broker (PRECONDITION_FAILED).
// Kombu: entity.py

import { nearest } from '../../shared/nearest.ts';

export type ExchangeType = 'direct' | 'topic' | 'fanout' | 'headers';

/** x-arguments of AMQP: what they mean is the broker's. */
export type Arguments = Readonly<Record<string, unknown>>;

export interface Exchange {
  /** '' is the default exchange: it delivers to the queue named by the routing key. */
  readonly name: string;
  readonly type: ExchangeType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  /** 1 transient, 2 persistent: what messages published here get by default. */
  readonly deliveryMode?: 1 | 2;
  /** Further x-arguments (`alternate-exchange`), passed to brokers that know them. */
  readonly arguments?: Arguments;
  /** It is somebody else's to declare: a queue is bound to it as it is. Default false. Kombu: Exchange.no_declare */
  readonly noDeclare?: boolean;
}

export interface Queue {
  readonly name: string;
  /** null: reached by the default exchange only. */
  readonly exchange: Exchange | null;
  readonly routingKey: string;
  readonly durable: boolean;
  readonly exclusive: boolean;
  /** Deleted when its last consumer goes. */
  readonly autoDelete: boolean;
  /** Deleted after being unused for so long. @unit milliseconds */
  readonly expiresMs?: number;
  /** Messages older than this are dropped. @unit milliseconds */
  readonly messageTtlMs?: number;
  /** Highest priority the queue tells apart (`x-max-priority`). */
  readonly maxPriority?: number;
  /** Further x-arguments, passed to brokers that know them. */
  readonly arguments?: Arguments;
  /** Of the binding to `exchange`: what a headers exchange compares. */
  readonly bindingArguments?: Arguments;
  /** x-arguments of whoever consumes it (`x-priority`). */
  readonly consumerArguments?: Arguments;
  /** It is somebody else's to declare: whoever sends to it or consumes it does not. Default false. Kombu: Queue.no_declare */
  readonly noDeclare?: boolean;
  /** Further bindings beside `exchange`/`routingKey`. */
  readonly bindings?: readonly Binding[];
}

export interface Binding {
  readonly exchange: Exchange;
  readonly routingKey: string;
  readonly arguments?: Arguments;
}

export const DEFAULT_EXCHANGE: Exchange = { name: '', type: 'direct', durable: true, autoDelete: false };

/**
 * Why a text cannot be the name of a queue or exchange, or a routing key: "must not be ..."; null: it can. AMQP has 255 bytes for it,
 * and what nobody can see or type is a slip.
 */
export function nameFault(name: string): string | null {
  if (name.trim() === '') return 'must not be empty or blank';
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name))
    return `must not hold control characters or line breaks: ${JSON.stringify(name)}`;
  if (name.length > 255 || (name.length > 63 && new TextEncoder().encode(name).length > 255))
    return 'must not be longer than 255 bytes, which is as long as names are in AMQP';
  return null;
}

export const EXCHANGE_TYPES: readonly string[] = ['direct', 'topic', 'fanout', 'headers'];

/** @throws TypeError */
export function exchange(name: string, type: ExchangeType = 'direct', options: Partial<Exchange> = {}): Exchange {
  if (typeof name !== 'string')
    throw new TypeError(`An exchange takes its name first: exchange('mail', 'topic'), not ${shown(name)}.`);
  // Brokers have types of their own behind 'x-'.
  if (!EXCHANGE_TYPES.includes(type) && !(typeof type === 'string' && type.startsWith('x-')))
    throw new TypeError(
      `An exchange is ${EXCHANGE_TYPES.join(', ')}: exchange('${name}', 'topic', { ... }), not ${shown(type)}.`,
    );
  return { name, type, durable: true, autoDelete: false, ...options };
}

/** A durable queue bound to a direct exchange of the same name with its name as key: what `queue='x'` means in Celery. */
export function queue(name: string, options: Partial<Queue> = {}): Queue {
  if (typeof name !== 'string')
    throw new TypeError(`A queue takes its name first: queue('mail', { ... }), not ${shown(name)}.`);
  if (typeof options !== 'object' || options === null)
    throw new TypeError(
      `A queue takes its options as an object: queue('${name}', { durable: false }), not ${shown(options)}.`,
    );
  for (const option of Object.keys(options)) {
    if (QUEUE_OPTIONS.includes(option)) continue;
    const near = nearest(option, QUEUE_OPTIONS);
    throw new TypeError(
      `The queue '${name}' has no option '${option}'. ${near ? `Did you mean '${near}'?` : `There are: ${QUEUE_OPTIONS.join(', ')}.`}`,
    );
  }
  return {
    name,
    exchange: options.exchange === undefined ? exchange(name) : options.exchange,
    routingKey: name,
    durable: true,
    exclusive: false,
    autoDelete: false,
    ...options,
  };
}

const QUEUE_OPTIONS: readonly string[] = Object.keys({
  name: true,
  exchange: true,
  routingKey: true,
  durable: true,
  exclusive: true,
  autoDelete: true,
  expiresMs: true,
  messageTtlMs: true,
  maxPriority: true,
  arguments: true,
  bindingArguments: true,
  consumerArguments: true,
  noDeclare: true,
  bindings: true,
} satisfies Record<keyof Queue, true>);

function shown(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? `an object of ${Object.keys(value).join(', ') || 'nothing'}`
    : String(value);
}

/** Equal keys: the two declarations are the same to a broker. */
export function declarationKey(q: Queue): string {
  return JSON.stringify([q.name, q.durable, q.exclusive, q.autoDelete, q.expiresMs, q.messageTtlMs, q.maxPriority]);
}
