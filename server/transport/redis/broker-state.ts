// What this process knows of one Redis broker, whichever of its connections learnt it: declarations, exchange types, consumers here,
// and what is still to be settled there after a connection was lost. Redis itself keeps bindings and messages only.
// Holds: known as long as a connection to the broker is open, or something is owed to it.
// Kombu keeps the like per process too (transport/virtual/base.py BrokerState).
import type { Exchange, ExchangeType, Queue } from '../entity.ts';
import { checkExchangeType, lockedQueue, sameQueue } from '../virtual/declaration.ts';
import { RoutingTable } from '../virtual/exchange.ts';

export interface QueueBinding {
  readonly exchange: string;
  readonly routingKey: string;
}

export interface KnownQueue {
  readonly declaration: Queue;
  /** The connection that declared it. */
  readonly owner: object;
  readonly bindings: QueueBinding[];
  /** In this process. */
  consumers: number;
  /** By the monotonic clock of its connection, which all connections of a process share. */
  lastUsedMs: number;
}

/** A message to be given back: to the next place of its list, marked as redelivered. */
export interface DeferredRequeue {
  readonly tag: string;
  readonly list: string;
  readonly envelope: string;
}

/** A take whose answer was lost. */
export interface LostTake {
  /** In which the server writes the name of a reader's last take, and what it took. */
  readonly key: string;
  readonly name: string;
  /** By the monotonic clock. */
  readonly lostMs: number;
}

/** Somebody who holds recorded messages: a channel, until the last of them is settled, also when its connection is gone. */
export interface Holder {
  heldTags(): Iterable<string>;
  /** Those held at the last call already. */
  heldSinceLastRenewal(): string[];
}

export class BrokerState {
  readonly queues = new Map<string, KnownQueue>();
  readonly holders = new Set<Holder>();
  readonly #routing = new RoutingTable();
  /** Settled while no connection was there. */
  deferredAcks: string[] = [];
  deferredRequeues: DeferredRequeue[] = [];
  lostTakes: LostTake[] = [];
  connections = 0;

  declareExchange(e: Exchange): void {
    checkExchangeType(e, EXCHANGE_TYPES, 'redis');
    this.#routing.declare(e);
  }

  deleteExchange(name: string): void {
    this.#routing.delete(name);
  }

  typeOf(exchange: string): ExchangeType | null {
    return this.#routing.exchangeType(exchange);
  }

  declareQueue(q: Queue, owner: object, nowMs: number): KnownQueue {
    const known = this.queues.get(q.name);
    if (known) {
      this.checkAccess(known, owner);
      sameQueue(known.declaration, q);
      known.lastUsedMs = nowMs;
      return known;
    }
    const made = { declaration: q, owner, bindings: [], consumers: 0, lastUsedMs: nowMs };
    this.queues.set(q.name, made);
    return made;
  }

  checkAccess(known: KnownQueue | undefined, asking: object): void {
    if (known?.declaration.exclusive && known.owner !== asking) throw lockedQueue(known.declaration.name);
  }

  get hasDeferred(): boolean {
    return this.deferredAcks.length > 0 || this.deferredRequeues.length > 0 || this.lostTakes.length > 0;
  }
}

/** Kombu 5.6: transport/redis.py Transport.implements exchange_type */
export const EXCHANGE_TYPES: readonly ExchangeType[] = ['direct', 'topic', 'fanout'];

const states = new Map<string, BrokerState>();

export function stateOf(identity: string): BrokerState {
  let state = states.get(identity);
  if (!state) {
    state = new BrokerState();
    states.set(identity, state);
  }
  return state;
}

export function enterState(identity: string): BrokerState {
  const state = stateOf(identity);
  state.connections++;
  return state;
}

export function leaveState(identity: string, state: BrokerState): void {
  state.connections--;
  if (state.connections === 0 && !state.hasDeferred && state.holders.size === 0 && states.get(identity) === state)
    states.delete(identity);
}
