// What a call may not say: options that do not exist or are of the wrong kind, limits that contradict, arguments that are no list.
// Not here: times (call-times.ts); options in the place of keyword arguments (canvas/misplaced-options.ts); parameters (arguments.ts).
import { CALL_OPTION_ROWS, type CallOptionRow, type OptionName } from '../canvas/call-option-table.ts';
import type { ApplyOptions } from '../canvas/call-options.ts';
import type { Kwargs } from '../canvas/host.ts';
import { refuseNoSignature } from '../canvas/no-signature.ts';
import { refuseUnknownCallOptions } from '../canvas/unknown-options.ts';
import { refuseUnknownCompression } from '../serialization/compression/compression.ts';
import { EXCHANGE_TYPES, nameFault } from '../transport/entity.ts';
import { checkTimes } from './call-times.ts';
import { refuseUnknownOptions } from './option-names.ts';

/** For calls as users write them: what is misspelt or of the wrong kind would otherwise do nothing, or fail far away, in the worker. */
export function checkOptions(options: ApplyOptions, nowMs: number): void {
  if (typeof options !== 'object' || Array.isArray(options))
    throw new TypeError(`Call options must be an object, such as { countdown: 60 }, not ${shown(options)}`);
  refuseUnknownCallOptions(options);
  for (const name of Object.keys(options))
    checkValue(name, CALL_OPTION_ROWS.get(name)?.takes, options[name as OptionName]);
  checkTimes(options as Readonly<Record<string, unknown>>, nowMs);
  checkLimits(options);
  if (options.dedupe === true && !options.task_id)
    throw new TypeError(
      "dedupe: true means the same task_id, which this call does not say: give one, or a key: dedupe: 'report-7'.",
    );
}

/** Celery 5.6: app/task.py apply_async */
export function checkLimits({ time_limit: hard, soft_time_limit: soft }: ApplyOptions): void {
  if (!hard || !soft || soft <= hard) return;
  throw new RangeError(
    `soft_time_limit (${soft} s) must not be above time_limit (${hard} s): it would never be reached.`,
  );
}

function checkValue(name: string, takes: CallOptionRow['takes'], value: unknown): void {
  if (takes === undefined || value === undefined || value === null) return;
  const wrong = (wanted: string) => new TypeError(`${name} must be ${wanted}, not ${shown(value)}`);
  switch (takes) {
    case 'id':
      if (typeof value !== 'string' || value === '' || value.includes('\0')) throw wrong('a text that is not empty');
      return;
    case 'priority':
      if (!Number.isInteger(value) || Number(value) < 0 || Number(value) > 255)
        throw wrong('a whole number from 0 to 255');
      return;
    case 'count':
      if (!Number.isInteger(value) || Number(value) < 0) throw wrong('a whole number of at least 0');
      return;
    case 'mode':
      if (![1, 2, 'transient', 'persistent'].includes(value as never)) throw wrong('1 (transient) or 2 (persistent)');
      return;
    case 'signature':
      refuseNoSignature(value, name);
      return;
    case 'signatures':
      for (const one of Array.isArray(value) ? value : [value]) refuseNoSignature(one, name);
      return;
    case 'policy':
      if (typeof value !== 'object' || Array.isArray(value)) throw wrong('an object');
      refuseUnknownOptions('retry_policy', value, RETRY_POLICY);
      return;
    case 'dedupe':
      refuseNoDedupe(value, wrong);
      return;
    case 'seconds':
      if (typeof value !== 'number' || !(value >= 0) || !Number.isFinite(value)) throw wrong('a number of seconds');
      return;
    case 'name':
      if (name === 'exchange' && value === '') return;
      refuseName(name, value, wrong);
      return;
    case 'key':
      if (typeof value !== 'string') throw wrong('a text');
      if (value !== '') refuseName(name, value, wrong);
      return;
    case 'compression':
      if (typeof value !== 'string') throw wrong('a text');
      if (value !== '') refuseUnknownCompression(value, name);
      return;
    case 'exchange type':
      if (typeof value !== 'string' || !(EXCHANGE_TYPES.includes(value) || value.startsWith('x-')))
        throw wrong(`one of ${EXCHANGE_TYPES.join(', ')}`);
      return;
    case 'texts':
      if (!Array.isArray(value) || value.some((one) => typeof one !== 'string')) throw wrong('a list of texts');
      return;
    case 'text':
      if (typeof value !== 'string') throw wrong('a text');
      return;
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong('true or false');
      return;
    case 'object':
      if (typeof value !== 'object' || Array.isArray(value)) throw wrong('an object');
  }
}

const RETRY_POLICY = ['max_retries', 'interval_start', 'interval_step', 'interval_max', 'retry_errors'];

function refuseNoDedupe(value: unknown, wrong: (wanted: string) => TypeError): void {
  if (typeof value === 'boolean' || (typeof value === 'string' && value !== '')) return;
  const wanted = "true, a key, or an object such as { key: 'report-7', expires: 3600 }";
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(wanted);
  refuseUnknownOptions('dedupe', value, ['key', 'expires']);
  const { key, expires } = value as { key?: unknown; expires?: unknown };
  if (key !== undefined && (typeof key !== 'string' || key === '')) throw wrong(wanted);
  if (expires !== undefined && !(typeof expires === 'number' && expires > 0 && Number.isFinite(expires)))
    throw wrong(wanted);
}

/** A name, or a queue or exchange that has one. */
function refuseName(option: string, value: unknown, wrong: (wanted: string) => TypeError): void {
  const name = typeof value === 'object' && value !== null ? (value as { name?: unknown }).name : value;
  if (typeof name !== 'string' || name === '') throw wrong('a name');
  const fault = nameFault(name);
  if (fault !== null) throw new TypeError(`${option} ${fault}.`);
}

/** @throws TypeError */
export function refuseNoTaskName(name: unknown): void {
  if (typeof name === 'string' && name !== '') return;
  throw new TypeError(
    `app.sendTask takes the name of a task first: app.sendTask('math.add', [2, 3]), not ${name === '' ? 'an empty text' : shown(name)}.`,
  );
}

/** null is none, as in Celery. */
export function argumentsOf(args: unknown): readonly unknown[] {
  if (Array.isArray(args)) return args;
  if (args === null || args === undefined) return [];
  throw new TypeError(`The arguments must be a list, such as [2, 3], not ${shown(args)}`);
}

export function keywordsOf(kwargs: unknown): Kwargs {
  if (kwargs === null || kwargs === undefined) return {};
  if (typeof kwargs === 'object' && !Array.isArray(kwargs)) return kwargs as Kwargs;
  throw new TypeError(`Keyword arguments must be an object, such as { x: 2 }, not ${shown(kwargs)}`);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `the text '${value}'`;
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : String(value);
}
