// Exchange, Queue and Binding as plain values. What a broker does with them: contract.ts and the transports.
// Holds: two declarations of one name with unequal `declarationKey` are refused by a broker (PRECONDITION_FAILED).
// Kombu: entity.py

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

export function exchange(name: string, type: ExchangeType = 'direct', options: Partial<Exchange> = {}): Exchange {
  return { name, type, durable: true, autoDelete: false, ...options };
}

/** A durable queue bound to a direct exchange of the same name with its name as key: what `queue='x'` means in Celery. */
export function queue(name: string, options: Partial<Queue> = {}): Queue {
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

/** Equal keys: the two declarations are the same to a broker. */
export function declarationKey(q: Queue): string {
  return JSON.stringify([q.name, q.durable, q.exclusive, q.autoDelete, q.expiresMs, q.messageTtlMs, q.maxPriority]);
}
