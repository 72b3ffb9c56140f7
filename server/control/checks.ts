// What a remote command may not be called with: workers would refuse it far away, wait for ever, or do something else than was meant.
// Not here: a list of destinations (messaging/mailbox.ts); what workers make of arguments (worker/panel). `broadcast` itself sends any
// command with any arguments, since workers may have commands of their own.
import { nearest } from '../../shared/nearest.ts';
import { plainRate } from '../../shared/rate.ts';
import { nameFault } from '../transport/entity.ts';
import { COMMANDS, findCommand } from './commands.ts';
import type { BroadcastOptions } from './control.ts';

/** The longest a timer waits. @unit seconds */
const MAX_TIMEOUT = 2_147_483;

/** @throws TypeError, RangeError */
export function checkBroadcast(command: unknown, options: BroadcastOptions): void {
  if (typeof command !== 'string' || !/^[\w.-]{1,128}$/.test(command))
    throw new TypeError(`A remote command is a name, such as 'ping', not ${shown(command)}.`);
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TypeError(`${command} takes its options as an object, such as { timeout: 2 }, not ${shown(options)}.`);
  for (const name of Object.keys(options)) refuseUnknown(command, name);
  const { timeout, limit, pattern, matcher, reply } = options;
  if (
    timeout !== undefined &&
    timeout !== null &&
    !(typeof timeout === 'number' && timeout >= 0 && timeout <= MAX_TIMEOUT)
  )
    throw new TypeError(`timeout must be a number of seconds from 0 to ${MAX_TIMEOUT}, not ${shown(timeout)}.`);
  if (limit !== undefined && limit !== null && !(Number.isSafeInteger(limit) && limit >= 1))
    throw new TypeError(`limit is how many replies are enough, a whole number of at least 1, not ${shown(limit)}.`);
  if (reply !== undefined && typeof reply !== 'boolean')
    throw new TypeError(`reply must be true or false, not ${shown(reply)}.`);
  if (pattern !== undefined && pattern !== null && typeof pattern !== 'string')
    throw new TypeError(`pattern must be a text, such as 'mail@*', not ${shown(pattern)}.`);
  if (matcher !== undefined && matcher !== null && matcher !== 'glob' && matcher !== 'pcre')
    throw new TypeError(`matcher must be 'glob' or 'pcre', not ${shown(matcher)}.`);
}

const OPTIONS = ['destination', 'pattern', 'matcher', 'timeout', 'limit', 'reply', 'arguments', 'onReply', 'onLate'];

/** A misspelt `destination` would be everybody; so would a name that stands where the options belong, which comes here letter by letter. */
function refuseUnknown(command: string, name: string): void {
  if (OPTIONS.includes(name)) return;
  if (/^\d+$/.test(name))
    throw new TypeError(`${command} takes its options as an object, such as { destination: ['celery@host'] }.`);
  const near = nearest(name, OPTIONS);
  throw new TypeError(
    `${command} has no option '${name}'. ${near ? `Did you mean '${near}'?` : `It knows: ${OPTIONS.join(', ')}.`}`,
  );
}

/** Limits not named would be none: also those of a misspelt name. @throws TypeError */
export function limitsOf(limits: unknown): { soft?: unknown; hard?: unknown } {
  const wrong =
    typeof limits !== 'object' ||
    limits === null ||
    Object.keys(limits).find((one) => one !== 'soft' && one !== 'hard');
  if (wrong)
    throw new TypeError(
      `timeLimit takes its limits as { soft, hard }, in seconds${wrong === true ? '' : `, not '${wrong}'`}.`,
    );
  return limits as { soft?: unknown; hard?: unknown };
}

/** An inspect command that this package has, or one that is not near to any: then a worker may have it. @throws TypeError */
export function refuseMisspelt(command: string): void {
  if (findCommand(command)) return;
  const near = nearest(
    command,
    COMMANDS.map((one) => one.name),
  );
  if (near !== null && near.length > 3)
    throw new TypeError(
      `There is no remote command '${command}'. Did you mean '${near}'? One of your own is sent by app.control.broadcast.`,
    );
}

export function idsOf(ids: unknown): string[] {
  const all = Array.isArray(ids) ? [...(ids as unknown[])] : [ids];
  const wrong = all.find((one) => typeof one !== 'string' || one === '');
  if (all.includes(wrong))
    throw new TypeError(`Tasks are named by their ids, a text or a list of texts, not ${shown(wrong)}.`);
  return all as string[];
}

export function signalOf(signal: unknown): string {
  if (signal === undefined || signal === null) return 'SIGTERM';
  if (typeof signal === 'string' && /^(?:SIG)?[A-Z\d]{2,12}$/i.test(signal)) return signal;
  throw new TypeError(`signal must be the name of one, such as 'SIGKILL', not ${shown(signal)}.`);
}

export function taskNameOf(name: unknown): string {
  if (typeof name === 'string' && name !== '') return name;
  throw new TypeError(`The name of a task comes first, such as 'math.add', not ${shown(name)}.`);
}

export function rateOf(rate: unknown): string | number | null {
  if (rate === null || (typeof rate === 'number' && rate >= 0 && Number.isFinite(rate))) return rate as number | null;
  if (typeof rate === 'string' && plainRate(rate) !== null) return rate;
  throw new TypeError(
    `A rate limit is '5/s', '10/m', '100/h', a number per second, or 0 for none, not ${shown(rate)}.`,
  );
}

export function secondsOf(name: string, seconds: unknown): number | null {
  if (seconds === undefined || seconds === null) return null;
  if (typeof seconds === 'number' && seconds >= 0 && Number.isFinite(seconds)) return seconds;
  throw new TypeError(`${name} must be a number of seconds, or null for none, not ${shown(seconds)}.`);
}

export function countOf(name: string, count: unknown): number {
  if (Number.isSafeInteger(count) && Number(count) >= 0) return count as number;
  throw new TypeError(`${name} must be a whole number of at least 0, not ${shown(count)}.`);
}

export function queueOf(queue: unknown): string {
  const fault = typeof queue === 'string' ? nameFault(queue) : `must be a text, not ${shown(queue)}`;
  if (fault !== null) throw new TypeError(`The name of a queue ${fault}.`);
  return queue as string;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'an empty text' : `the text '${value.slice(0, 100)}'`;
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
