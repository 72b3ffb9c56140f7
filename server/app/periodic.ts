// Entries of `beat_schedule` said in code, beside the tasks they send.
// Not here: what an entry may be (beat/entry.ts), which is checked when beat starts.
// Celery 5.6: app/base.py add_periodic_task

import { Signature } from '../canvas/signature.ts';
import { ImproperlyConfigured } from '../errors.ts';
import type { Config } from './config.ts';
import type { BeatEntry } from './settings/general.ts';

/** What an entry of `beat_schedule` may hold beside its task and schedule. */
export interface PeriodicTaskOptions
  extends Pick<BeatEntry, 'relative' | 'enabled' | 'one_off' | 'timezone' | 'start_time'> {
  /** Default: the signature as text, its secrets masked. */
  readonly name?: string;
  /** Of the call, beside those of the signature: queue, expires, priority ... */
  readonly options?: Readonly<Record<string, unknown>>;
}

const NO_TASKS = new Set(['chain', 'group', 'chord']);

/** @returns the entry's name. @throws ImproperlyConfigured for what is no signature of one task, or a name that is taken */
export function addPeriodicTask(
  conf: Config,
  schedule: unknown,
  sig: unknown,
  { name, options, ...rest }: PeriodicTaskOptions,
): string {
  if (!(sig instanceof Signature))
    throw new ImproperlyConfigured(
      'addPeriodicTask takes a schedule and a signature: addPeriodicTask(30, add.s(2, 3)).',
    );
  if (NO_TASKS.has(sig.subtask_type ?? ''))
    throw new ImproperlyConfigured(
      `A ${sig.subtask_type} cannot be sent by beat, which knows tasks only: make a task that sends it, and name that.`,
    );
  const key = name ?? String(sig);
  const others = conf.beat_schedule;
  if (Object.hasOwn(others, key))
    throw new ImproperlyConfigured(
      `There is an entry '${key}' in beat_schedule already: give this one a \`name\` of its own.`,
    );
  const entry: BeatEntry = {
    task: sig.task,
    schedule,
    args: [...sig.args],
    kwargs: { ...sig.kwargs },
    options: { ...sig.options, ...options },
    ...rest,
  };
  conf.update({ beat_schedule: { ...others, [key]: entry } });
  return key;
}
