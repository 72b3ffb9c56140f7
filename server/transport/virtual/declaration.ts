// The rules of a broker for what is declared and published: equal redeclarations, exclusive queues, priorities, sizes, expiry.
// Shared by memory/, sqlite/ and redis/, so that all refuse alike.
// Celery: RabbitMQ's own rules, as its users know them
import { ChannelError, EncodeError, ImproperlyConfigured, NotImplementedError } from '../../errors.ts';
import { declarationKey, type Exchange, type ExchangeType, type Queue } from '../entity.ts';
import type { OutgoingMessage } from '../message.ts';

const FIELDS = ['durable', 'exclusive', 'autoDelete', 'expiresMs', 'messageTtlMs', 'maxPriority'] as const;

/** Refuse a second declaration that differs from the first. */
export function sameQueue(known: Queue, asked: Queue): void {
  if (declarationKey(known) === declarationKey(asked)) return;
  const differing = FIELDS.filter((field) => known[field] !== asked[field]);
  const describe = (q: Queue) => differing.map((field) => `${field}=${q[field] ?? 'none'}`).join(', ');
  throw new ChannelError(
    406,
    `the queue '${known.name}' exists with ${describe(known)}, and was declared again with ${describe(asked)}. ` +
      'Use the same values, another name, or delete it first.',
  );
}

/** Refuse an exchange of a type that this broker does not have. */
export function checkExchangeType(e: Exchange, types: readonly ExchangeType[], driver: string): void {
  if (types.includes(e.type)) return;
  throw new NotImplementedError(
    `The ${driver} broker has no exchanges of type ${e.type} ('${e.name}'), only ${types.join(', ')}.`,
  );
}

export function noExchangeBindings(driver: string): NotImplementedError {
  return new NotImplementedError(`The ${driver} broker cannot bind an exchange to another; bind the queue to both.`);
}

export function lockedQueue(name: string): ChannelError {
  return new ChannelError(405, `the queue '${name}' is exclusive to another connection; give this one another name.`);
}

export function noSuchQueue(name: string): ChannelError {
  return new ChannelError(404, `no queue '${name}'; declare it first.`);
}

export function noSuchExchange(name: string): ChannelError {
  return new ChannelError(404, `no exchange '${name}'; declare it first.`);
}

/** @param why what keeps it from being deleted: 'has consumers', 'is not empty' */
export function queueInUse(name: string, why: string): ChannelError {
  return new ChannelError(406, `the queue '${name}' ${why}, and was to be deleted only if not.`);
}

export function exchangeInUse(name: string): ChannelError {
  return new ChannelError(406, `the exchange '${name}' has bindings, and was to be deleted only if not.`);
}

export function consumerTagInUse(tag: string): ChannelError {
  return new ChannelError(530, `the consumer tag '${tag}' is in use.`);
}

/** What a consumer is told whose queue was deleted. */
export function queueDeleted(name: string): ChannelError {
  return new ChannelError(404, `the queue '${name}' was deleted while it was consumed.`);
}

/** 0..255, capped by the queue's `maxPriority`. Not given is 0. */
export function effectivePriority(priority: unknown, maxPriority: number | undefined): number {
  if (typeof priority !== 'number' || !(priority > 0)) return 0;
  const most = maxPriority === undefined ? 255 : Math.min(maxPriority, 255);
  return Math.min(Math.floor(priority), most);
}

/** When a message published now is to be dropped. @unit milliseconds since the epoch; 0 = never */
export function expiryOf(m: OutgoingMessage, messageTtlMs: number | undefined, nowMs: number): number {
  const { expiration } = m.properties;
  let life = messageTtlMs;
  if (expiration !== undefined && expiration !== null) {
    const own = Number(expiration);
    if (Number.isFinite(own) && own >= 0) life = life === undefined ? own : Math.min(life, own);
  }
  return life === undefined ? 0 : Math.max(1, Math.floor(nowMs + life));
}

const DEFAULT_LIMIT = 64 * 1024 * 1024;

/** The transport option `max_message_size`. @unit bytes */
export function messageSizeLimit(options: Readonly<Record<string, unknown>>): number {
  const given = options.max_message_size;
  if (given === undefined || given === null) return DEFAULT_LIMIT;
  if (typeof given !== 'number' || !(given > 0)) {
    throw new ImproperlyConfigured(`The transport option max_message_size is a number of bytes, not ${String(given)}.`);
  }
  return given;
}

export function checkSize(m: OutgoingMessage, limit: number): void {
  if (m.body.length <= limit) return;
  throw new EncodeError(
    `The message body of ${m.body.length} bytes is larger than this broker takes (max_message_size, ${limit} bytes). ` +
      'Store the data elsewhere and send a reference to it.',
  );
}
