// `umbel migrate`: the messages of task queues from one broker to another, as they are.
// Moving within one broker: the dashboard, by Channel.move. What a message is: transport/message.ts.
// Holds: a message is acknowledged at the source, where that is asked for, only when the destination has it; without --ack-messages the
// source keeps every one, so that a second run copies them again; interrupted, too.
// Celery 5.6: bin/migrate.py, contrib/migrate.py
import type { Celery } from '../app/celery.ts';
import { decodeJson } from '../serialization/json.ts';
import type { Timer } from '../timer.ts';
import type { Channel } from '../transport/contract.ts';
import { type Queue, queue as queueNamed } from '../transport/entity.ts';
import type { Message, OutgoingMessage } from '../transport/message.ts';
import { safeUrl } from '../transport/url.ts';
import { CliError, EXIT, type Output, oneLine, plural } from './output.ts';
import { createProgress } from './progress.ts';
import { type GlobalOptions, withApp } from './session.ts';

export interface MigrateOptions extends GlobalOptions {
  readonly limit?: number;
  /** Without a message for so long it is over. @unit seconds @default 1 */
  readonly timeout?: number;
  readonly ackMessages?: boolean;
  /** Only tasks of these names. */
  readonly tasks?: readonly string[];
  /** 'mail' or 'mail:post', which renames. */
  readonly queues?: readonly string[];
  readonly forever?: boolean;
}

const DEFAULT_TIMEOUT = 1;
const LOOK_MS = 100;

export function migrate(source: string, destination: string, options: MigrateOptions): Promise<number> {
  // In order: what was taken goes back. Redis would hide it for an hour.
  const asked = { ...options, broker: source };
  return withApp(asked, (app, output, stop) => run(app, output, stop, { source, destination, options }), {
    inOrder: true,
  });
}

interface Wish {
  readonly source: string;
  readonly destination: string;
  readonly options: MigrateOptions;
}

async function run(app: Celery, output: Output, stop: AbortSignal, wish: Wish): Promise<number | undefined> {
  const { source, destination, options } = wish;
  const renamed = renames(options.queues ?? []);
  const queues = renamed.size > 0 ? [...renamed.keys()] : [...app.router.queues.keys()];
  // Not by the app's settings: a second app would be the same module, with one address for both.
  const [from, to] = [app.connection('read', [source]), app.connection('write', [destination])];
  const progress = createProgress('Migrating', output.quiet || output.json);
  let count = 0;
  try {
    const [taking, giving] = [await from.defaultChannel(), await to.defaultChannel()];
    const total = await declared(app.router.queues, queues, renamed, taking, giving);
    const move = async (message: Message) => {
      if (options.tasks && !options.tasks.includes(nameOf(message))) return false;
      count++;
      await giving.publish(outgoing(message, renamed, app.router.queues.get(message.queue)));
      progress.clear();
      if (!output.json && !output.quiet)
        output.line(`Migrating task ${count}/${total || '?'}: ${oneLine(`${nameOf(message)}[${idOf(message)}]`)}`);
      progress.at(count, total || null);
      return true;
    };
    await takeAll(taking, queues, options, move, app.timer, stop);
  } finally {
    progress.clear();
    await to.close();
    await from.close();
  }
  if (output.json) output.value({ migrated: count });
  else output.note(`${plural(count, 'task')} migrated from ${safeUrl(source)} to ${safeUrl(destination)}.`);
  // Who goes on for ever ends in no other way.
  return stop.aborted && !options.forever ? undefined : EXIT.ok;
}

/** 'mail', 'mail:post' */
function renames(words: readonly string[]): Map<string, string> {
  return new Map(
    words.map((word) => {
      const [from, to = from] = word.split(':');
      if (!from || !to) throw new CliError(`'${word}' names no queue: write name or name:new-name`, EXIT.usage);
      return [from, to];
    }),
  );
}

/** Makes the queues at the destination. @returns how many messages wait at the source */
async function declared(
  known: { get(name: string): Queue | undefined },
  names: readonly string[],
  renamed: ReadonlyMap<string, string>,
  taking: Channel,
  giving: Channel,
): Promise<number> {
  let total = 0;
  for (const name of names) {
    const own = known.get(name);
    const to = renamed.get(name) ?? name;
    await giving.declareQueue(own && to === name ? own : queueNamed(to));
    total += (await taking.queueStatus(name))?.messages ?? 0;
  }
  return total;
}

/**
 * As it is, under the exchange and key it had where the queue here is reached by them, else straight to the queue: one that no exchange
 * leads to would be lost.
 */
function outgoing(message: Message, renamed: ReadonlyMap<string, string>, known: Queue | undefined): OutgoingMessage {
  const { body, contentType, contentEncoding, headers, properties, deliveryInfo, queue } = message;
  const to = renamed.get(queue) ?? queue;
  const isBound =
    to === queue && known?.exchange?.name === deliveryInfo.exchange && known.routingKey === deliveryInfo.routing_key;
  return {
    exchange: isBound ? deliveryInfo.exchange : '',
    routingKey: isBound ? deliveryInfo.routing_key : to,
    ...{ body, contentType, contentEncoding, headers, properties },
  };
}

/** Every queue in turn, until nothing has come for the timeout, the limit is reached, or it is stopped. */
async function takeAll(
  taking: Channel,
  queues: readonly string[],
  options: MigrateOptions,
  move: (message: Message) => Promise<boolean>,
  timer: Timer,
  stop: AbortSignal,
): Promise<void> {
  const timeoutMs = (options.timeout ?? DEFAULT_TIMEOUT) * 1000;
  let moved = 0;
  let lastMs = timer.monotonic();
  for (;;) {
    let found = false;
    for (const name of queues) {
      if (stop.aborted || (options.limit !== undefined && moved >= options.limit)) return;
      const message = (await taking.queueStatus(name)) === null ? null : await taking.get(name);
      if (!message) continue;
      found = true;
      lastMs = timer.monotonic();
      if (!(await move(message))) continue;
      moved++;
      if (options.ackMessages) message.ack();
    }
    if (options.ackMessages) await taking.flush();
    if (found) continue;
    if (!options.forever && timer.monotonic() - lastMs >= timeoutMs) return;
    await new Promise<void>((resolve) =>
      timer.after(options.forever ? LOOK_MS : Math.min(LOOK_MS, timeoutMs), resolve),
    );
  }
}

/** Protocol 2 names it in the headers, protocol 1 in the body. */
function nameOf(message: Message): string {
  return fieldOf(message, 'task');
}

function idOf(message: Message): string {
  return fieldOf(message, 'id');
}

function fieldOf({ headers, body, contentType }: Message, field: 'task' | 'id'): string {
  if (typeof headers[field] === 'string') return headers[field];
  if (contentType !== 'application/json') return '?';
  try {
    const value = (decodeJson(Buffer.from(body).toString()) as Record<string, unknown> | null)?.[field];
    return typeof value === 'string' ? value : '?';
  } catch {
    return '?';
  }
}
