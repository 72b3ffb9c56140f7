// Remote commands as this worker answers them: name -> handler, checked arguments, and the narrow handle a handler may touch.
// The handlers: inspect.ts, manage.ts. Their names and arguments: control/commands.ts. The wire: messaging/mailbox.ts.
// Holds: a handler gets every argument of the table, defaults filled in; what it throws is answered as Python would write it.
// Celery 5.6: worker/control.py Panel
import { jsonText } from '../../../shared/json-text.ts';
import type { Celery } from '../../app/celery.ts';
import { argumentValue } from '../../control/argument-values.ts';
import { findCommand, type RemoteCommand } from '../../control/commands.ts';
import { toError } from '../../errors.ts';
import type { EventDispatcher } from '../../events/dispatcher.ts';
import type { Logger } from '../../log.ts';
import type { Pool } from '../../pool/contract.ts';
import { exceptionRepr } from '../../protocol/failure.ts';
import type { Queue } from '../../transport/entity.ts';
import type { Autoscaler } from '../autoscaler.ts';
import type { Prefetch } from '../prefetch.ts';
import type { WorkerState } from '../state.ts';

export interface QueueOptions {
  readonly exchange: string | null;
  readonly exchangeType: string | null;
  readonly routingKey: string | null;
  readonly options: Readonly<Record<string, unknown>>;
}

/** What a command may touch of its worker. */
export interface PanelHandle {
  readonly app: Celery;
  readonly hostname: string;
  readonly log: Logger;
  readonly state: WorkerState;
  readonly pool: Pool;
  readonly prefetch: Prefetch;
  readonly autoscaler: Autoscaler | null;
  readonly events: EventDispatcher;
  now(): number;
  /** As `inspect stats` shows it. */
  stats(): Record<string, unknown>;
  /** Limits of a task changed. */
  resetLimits(): void;
  queues(): readonly Queue[];
  addQueue(name: string, options: QueueOptions): Promise<void>;
  cancelQueue(name: string): Promise<void>;
  stop(how: 'warm'): void;
  readonly consumer: {
    /** undefined with --without-gossip. */
    readonly gossip: { election(id: string, topic: string, action: unknown): void } | undefined;
  };
}

export type CommandArguments = Readonly<Record<string, unknown>>;
export type CommandHandler = (handle: PanelHandle, args: CommandArguments) => unknown;

/** Python's KeyError, ValueError, by name. */
export class PythonError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** Answers nothing at all, as Celery's shutdown does. */
export const NO_REPLY: Promise<never> = new Promise<never>(() => {});

export class Panel {
  readonly #handle: PanelHandle;
  readonly #handlers: Map<string, CommandHandler>;

  constructor(handle: PanelHandle, handlers: Readonly<Record<string, CommandHandler>>) {
    this.#handle = handle;
    this.#handlers = new Map(Object.entries(handlers));
  }

  /** A command of one's own; it gets whatever arguments are sent. */
  register(name: string, handler: CommandHandler): void {
    this.#handlers.set(name, handler);
  }

  /** Never rejects: an error is an answer. */
  async dispatch(method: string, given: CommandArguments): Promise<unknown> {
    try {
      const own = this.#handle.app.commands.get(method);
      const command = findCommand(method);
      const handler = own?.handler ?? this.#handlers.get(command?.name ?? method);
      if (!handler) throw new PythonError('KeyError', method);
      this.#handle.log.debug(`pidbox received method ${method}`);
      if (own) return await handler(this.#handle, converted(own.command, bind(own.command, given)));
      return await handler(this.#handle, command ? bind(command, given) : given);
    } catch (thrown) {
      const error = toError(thrown);
      this.#handle.log.error(`pidbox command error: ${exceptionRepr(error)}`);
      return { error: exceptionRepr(error) };
    }
  }
}

/** Keyword arguments put in their places as Python does, with its words when they do not fit. */
export function bind(command: RemoteCommand, given: CommandArguments): CommandArguments {
  const bound: Record<string, unknown> = {};
  const missing: string[] = [];
  for (const argument of command.args) {
    if (Object.hasOwn(given, argument.name)) bound[argument.name] = given[argument.name];
    else if (argument.required) missing.push(`'${argument.name}'`);
    else bound[argument.name] = argument.default;
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(bound, name)) continue;
    if (!command.extra) throw new TypeError(`${command.name}() got an unexpected keyword argument '${name}'`);
    bound[name] = given[name];
  }
  if (missing.length > 0) {
    const noun = missing.length === 1 ? 'argument' : 'arguments';
    throw new TypeError(
      `${command.name}() missing ${missing.length} required positional ${noun}: ${enumerate(missing)}`,
    );
  }
  return bound;
}

/** A handler of one's own may count on the types it declared; Celery's commands look at their arguments themselves. */
function converted(command: RemoteCommand, bound: CommandArguments): CommandArguments {
  try {
    return Object.fromEntries(command.args.map((arg) => [arg.name, argumentValue(arg, bound[arg.name])]));
  } catch (error) {
    throw new PythonError('ValueError', `${command.name} ${toError(error).message}`);
  }
}

/** 'a', 'b', and 'c' */
function enumerate(names: readonly string[]): string {
  if (names.length < 3) return names.join(' and ');
  return `${names.slice(0, -1).join(', ')}, and ${names.at(-1)}`;
}

/** A text, a list of texts, or nothing. */
export function texts(value: unknown): string[] {
  if (value === null || value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map((one: unknown) => {
    if (typeof one === 'string' || typeof one === 'number' || typeof one === 'bigint') return String(one);
    throw new PythonError('ValueError', `expected texts, found ${one === null ? 'null' : typeof one}`);
  });
}

/** A name that is one: a queue, a task. */
export function named(value: unknown, name: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  const found = typeof value === 'string' ? 'an empty one' : value === null ? 'null' : typeof value;
  throw new PythonError('ValueError', `${name} must be a name, not ${found}`);
}

/** How many a command may ask for at a time. */
const MAX_COUNT = 10_000;

/** A number of things to add or take away. */
export function count(value: unknown, name: string): number {
  const n = integer(value, name);
  if (n < 1 || n > MAX_COUNT) throw new PythonError('ValueError', `${name} must be from 1 to ${MAX_COUNT}, not ${n}`);
  return n;
}

/** A whole number, also as text. */
export function integer(value: unknown, name: string): number {
  const n = typeof value === 'string' ? Number(value) : value;
  if (typeof n !== 'number' || !Number.isInteger(n)) {
    throw new PythonError('ValueError', `${name} must be a whole number, not ${jsonText(value)}`);
  }
  return n;
}
