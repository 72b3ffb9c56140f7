// Where a task goes: the queues there are (task_queues), the routes (task_routes), and what a call's own options do to them.
// Not here: declaring and publishing (messaging/producer.ts).
// Holds: a call's options win over a route, a route over the default; a queue nobody configured is made, or refused as QueueNotFound.
// Celery 5.6: app/routes.py, app/amqp.py Queues
import { fnmatchToRegExp } from '../../shared/fnmatch.ts';
import type { ApplyOptions, DeliveryMode } from '../canvas/call-options.ts';
import { refuseUnknownCallOptions } from '../canvas/unknown-options.ts';
import { ImproperlyConfigured, QueueNotFound } from '../errors.ts';
import { type Exchange, type ExchangeType, exchange, type Queue, queue } from '../transport/entity.ts';
import type { Config } from './config.ts';
import type { QueueSpec, Route, Router as RouterFunction, RouteTable } from './settings/task.ts';
import { directQueueNamed } from './worker-direct.ts';

/** The queues of an app by name. Reading an unknown name with `named` makes it when that is allowed. */
export class Queues implements Iterable<[string, Queue]> {
  readonly #conf: Config;
  readonly #queues = new Map<string, Queue>();
  /** Those of the configuration, which a worker consumes from when it is not told otherwise. */
  readonly configured: readonly string[];

  constructor(conf: Config) {
    this.#conf = conf;
    for (const made of configuredQueues(conf)) this.#queues.set(made.name, made);
    this.configured = [...this.#queues.keys()];
  }

  get(name: string): Queue | undefined {
    return this.#queues.get(name);
  }
  has(name: string): boolean {
    return this.#queues.has(name);
  }
  keys(): IterableIterator<string> {
    return this.#queues.keys();
  }
  values(): IterableIterator<Queue> {
    return this.#queues.values();
  }
  [Symbol.iterator](): IterableIterator<[string, Queue]> {
    return this.#queues[Symbol.iterator]();
  }
  get size(): number {
    return this.#queues.size;
  }

  /** @throws QueueNotFound when it is not configured and `task_create_missing_queues` is off */
  named(name: string): Queue {
    const known = this.#queues.get(name) ?? directQueueNamed(name);
    if (known) return known;
    if (!this.#conf.task_create_missing_queues) {
      throw new QueueNotFound(
        `The queue '${name}' is not in task_queues (${[...this.#queues.keys()].join(', ')}), and task_create_missing_queues is off.`,
      );
    }
    const made = missingQueue(this.#conf, name);
    this.#queues.set(name, made);
    return made;
  }

  add(added: Queue): Queue {
    this.#queues.set(added.name, added);
    return added;
  }
}

/** Where one message goes. */
export interface Destination {
  readonly exchange: Exchange;
  readonly routingKey: string;
  /** Declared before it is sent. */
  readonly declare: readonly Queue[];
  /** Its name in the task-sent event. */
  readonly queueName: string | null;
  readonly deliveryMode: 1 | 2;
}

export class Router {
  readonly queues: Queues;
  readonly #conf: Config;
  readonly #routes: readonly RouterFunction[];
  readonly #direct = new Map<string, Destination>();

  constructor(conf: Config) {
    this.#conf = conf;
    this.queues = new Queues(conf);
    this.#routes = compileRoutes(conf.task_routes);
  }

  /** The call's options over those of the route that fits. */
  route(
    options: ApplyOptions,
    name: string,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    task?: unknown,
  ): ApplyOptions {
    for (const router of this.#routes) {
      const found = router(name, args, kwargs, options as Record<string, unknown>, task);
      if (found) return lpmerge(typeof found === 'string' ? { queue: found } : found, options);
    }
    return options;
  }

  destination(options: ApplyOptions): Destination {
    const { queue: wanted, exchange: exchangeOption, routing_key: key } = options;
    const plain = (wanted === undefined || typeof wanted === 'string') && exchangeOption === undefined;
    const name = typeof wanted === 'string' ? wanted : this.#conf.task_default_queue;
    if (plain && key === undefined && options.delivery_mode === undefined && options.exchange_type === undefined) {
      let known = this.#direct.get(name);
      if (!known) {
        known = this.#destination(this.queues.named(name), options);
        this.#direct.set(name, known);
      }
      return known;
    }
    const chosen = typeof wanted === 'object' ? wanted : this.queues.named(name);
    return this.#destination(chosen, options);
  }

  #destination(chosen: Queue, options: ApplyOptions): Destination {
    const given = options.exchange;
    const givenName = typeof given === 'object' ? given.name : given;
    const type =
      options.exchange_type ??
      (typeof given === 'object' ? given.type : undefined) ??
      chosen.exchange?.type ??
      'direct';
    const deliveryMode = modeOf(
      options.delivery_mode ?? chosen.exchange?.deliveryMode ?? this.#conf.task_default_delivery_mode,
    );
    const shared = { declare: [chosen], queueName: chosen.name, deliveryMode };
    // Celery 5.6, app/amqp.py: direct and not fully addressed -> the default exchange, straight into the queue.
    if (type === 'direct' && (!givenName || !options.routing_key)) {
      return { ...shared, exchange: DIRECT, routingKey: chosen.name };
    }
    if (givenName) {
      return {
        ...shared,
        exchange: this.#exchange(options, type as ExchangeType),
        routingKey: options.routing_key ?? '',
      };
    }
    return {
      ...shared,
      exchange: chosen.exchange ?? exchange(this.#conf.task_default_exchange ?? chosen.name, type as ExchangeType),
      routingKey: options.routing_key ?? chosen.routingKey ?? this.#conf.task_default_routing_key ?? '',
    };
  }

  /** One named only is that of the queues bound to it: a retry of what came through a topic exchange goes there again. */
  #exchange({ exchange: given, exchange_type: asked }: ApplyOptions, type: ExchangeType): Exchange {
    if (typeof given === 'object') return given;
    if (!asked) for (const { exchange: known } of this.queues.values()) if (known?.name === given) return known!;
    return exchange(given!, type);
  }
}

const DIRECT: Exchange = { name: '', type: 'direct', durable: true, autoDelete: false };

function modeOf(mode: DeliveryMode): 1 | 2 {
  return mode === 1 || mode === 'transient' ? 1 : 2;
}

/** Left is the base; right wins where it says something. Celery: kombu.utils.functional lpmerge */
function lpmerge<T extends object>(left: object, right: T): T {
  const merged: Record<string, unknown> = { ...left };
  for (const [key, value] of Object.entries(right)) if (value !== null && value !== undefined) merged[key] = value;
  return merged as T;
}

function configuredQueues(conf: Config): Queue[] {
  const { task_queues: given } = conf;
  if (!given) return [defaultQueue(conf)];
  if (Array.isArray(given)) {
    return given.map((one: Queue | string) => {
      if (typeof one === 'string' && one !== '') return missingQueue(conf, one);
      if (isQueue(one)) return one;
      throw new ImproperlyConfigured(
        `task_queues: a list has names of queues and what queue('mail', { ... }) makes, not ${shownQueue(one)}.`,
      );
    });
  }
  if (typeof given !== 'object')
    throw new ImproperlyConfigured(
      `task_queues: a list of queues or an object of them by name, not ${shownQueue(given)}.`,
    );
  return Object.entries(given as Record<string, QueueSpec | Queue>).map(([name, spec]) => queueOf(conf, name, spec));
}

function defaultQueue(conf: Config): Queue {
  return queue(conf.task_default_queue, {
    exchange: defaultExchange(conf),
    routingKey: defaultRoutingKey(conf),
    ...extras(conf, conf.task_default_queue_type),
  });
}

const defaultExchange = (conf: Config): Exchange =>
  exchange(conf.task_default_exchange ?? conf.task_default_queue, conf.task_default_exchange_type as ExchangeType);
const defaultRoutingKey = (conf: Config): string => conf.task_default_routing_key ?? conf.task_default_queue;

function missingQueue(conf: Config, name: string): Queue {
  if (name === conf.task_default_queue) return defaultQueue(conf);
  return queue(name, {
    exchange: exchange(name, (conf.task_create_missing_queue_exchange_type ?? 'direct') as ExchangeType),
    ...extras(conf, conf.task_create_missing_queue_type),
  });
}

function extras(conf: Config, type: string): Partial<Queue> {
  return {
    ...(conf.task_queue_max_priority === null ? {} : { maxPriority: conf.task_queue_max_priority }),
    ...(type === 'classic' ? {} : { arguments: { 'x-queue-type': type } }),
  };
}

function queueOf(conf: Config, name: string, spec: QueueSpec | Queue): Queue {
  if (isQueue(spec)) return spec;
  if (typeof spec !== 'object' || spec === null || name === '')
    throw new ImproperlyConfigured(
      `task_queues: the queue '${name}' must be an object such as { routing_key: 'mail' }, not ${shownQueue(spec)}.`,
    );
  const known = new Set([
    'exchange',
    'exchange_type',
    'routing_key',
    'binding_key',
    'durable',
    'auto_delete',
    'exclusive',
    'max_priority',
    'expires',
    'message_ttl',
    'queue_arguments',
    'delivery_mode',
  ]);
  for (const key of Object.keys(spec)) {
    if (!known.has(key)) throw new ImproperlyConfigured(`task_queues: the queue '${name}' has no option '${key}'.`);
  }
  const deliveryMode = spec.delivery_mode === undefined ? {} : { deliveryMode: modeOf(spec.delivery_mode) };
  // Celery 5.6, app/amqp.py Queues.add_compat: without an exchange the default one, without a key its own name.
  const own = spec.exchange ?? (spec.exchange_type ? name : undefined);
  return queue(name, {
    exchange: own
      ? exchange(own, (spec.exchange_type ?? 'direct') as ExchangeType, deliveryMode)
      : { ...defaultExchange(conf), ...deliveryMode },
    routingKey: (spec.routing_key ?? spec.binding_key ?? name) || defaultRoutingKey(conf),
    durable: spec.durable ?? true,
    autoDelete: spec.auto_delete ?? false,
    exclusive: spec.exclusive ?? false,
    ...extras(conf, 'classic'),
    ...(spec.max_priority === undefined ? {} : { maxPriority: spec.max_priority }),
    ...(spec.expires === undefined ? {} : { expiresMs: spec.expires * 1000 }),
    ...(spec.message_ttl === undefined ? {} : { messageTtlMs: spec.message_ttl * 1000 }),
    ...(spec.queue_arguments === undefined ? {} : { arguments: spec.queue_arguments }),
  });
}

function isQueue(spec: unknown): spec is Queue {
  return (
    typeof spec === 'object' &&
    spec !== null &&
    'routingKey' in spec &&
    typeof (spec as { readonly name?: unknown }).name === 'string' &&
    (spec as { readonly name?: unknown }).name !== ''
  );
}

const shownQueue = (value: unknown): string =>
  value === ''
    ? 'an empty text'
    : typeof value === 'object' && value !== null
      ? `an object of ${Object.keys(value).join(', ') || 'nothing'}`
      : String(value);

function compileRoutes(routes: Config['task_routes']): RouterFunction[] {
  if (!routes) return [];
  if (typeof routes !== 'object' && typeof routes !== 'function')
    throw new ImproperlyConfigured(`task_routes: ${ROUTES_ARE}, not ${String(routes)}.`);
  if (typeof routes === 'function') return [routes];
  if (!Array.isArray(routes)) return [tableRouter(Object.entries(routes as Record<string, Route | string>))];
  if (routes.length > 0 && routes.every(isPair)) return [tableRouter(routes as unknown as Pair[])];
  for (const one of routes as readonly unknown[])
    if (typeof one !== 'function' && (typeof one !== 'object' || one === null))
      throw new ImproperlyConfigured(
        `task_routes: ${ROUTES_ARE}; a list has tables and functions, not ${String(one)}.`,
      );
  return (routes as readonly (RouteTable | RouterFunction)[]).map((one) =>
    typeof one === 'function' ? one : tableRouter(isTable(one) ? (one as Pair[]) : Object.entries(one as object)),
  );
}

const ROUTES_ARE = "a table such as { 'mail.*': { queue: 'mail' } }, or a function of a task's name";

/** A misspelt option would send the task to the default queue. */
function checkedRoute(pattern: string | RegExp, route: unknown): Route | string {
  const where = `task_routes: the route of '${String(pattern)}'`;
  if (typeof route === 'string' && route !== '') return route;
  if (typeof route !== 'object' || route === null)
    throw new ImproperlyConfigured(
      `${where} must be a queue's name or an object such as { queue: 'mail' }, not ${typeof route === 'string' ? 'an empty text' : String(route)}.`,
    );
  if ((route as Route).queue === '') throw new ImproperlyConfigured(`${where} has an empty queue.`);
  try {
    refuseUnknownCallOptions(route as ApplyOptions);
  } catch (error) {
    throw new ImproperlyConfigured(
      `${where}: ${(error as Error).message.replace(/^There is no call option/, 'there is no option')}`,
    );
  }
  return route as Route;
}

type Pair = readonly [pattern: string | RegExp, route: Route | string];

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && (typeof value[0] === 'string' || value[0] instanceof RegExp);
}

function isTable(value: unknown): boolean {
  return Array.isArray(value) && value.every(isPair);
}

/** Exact names first, then globs and regular expressions in the order written. */
function tableRouter(pairs: readonly Pair[]): RouterFunction {
  const exact = new Map<string, Route | string>();
  const patterns: [RegExp, Route | string][] = [];
  for (const [pattern, given] of pairs) {
    const route = checkedRoute(pattern, given);
    if (typeof pattern !== 'string') patterns.push([pattern, route]);
    else if (/[*?[]/.test(pattern)) patterns.push([fnmatchToRegExp(pattern), route]);
    else exact.set(pattern, route);
  }
  return (name) => exact.get(name) ?? patterns.find(([pattern]) => matches(pattern, name))?.[1] ?? null;
}

/** Python's `match`: from the start of the name. */
function matches(pattern: RegExp, name: string): boolean {
  return name.search(pattern) === 0;
}
