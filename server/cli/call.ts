// call and result: send one task by name, and look at what became of one.
// Celery 5.6: bin/call.py, bin/result.py

import { escapeLines } from '../../shared/format/escape.ts';
import { nearest } from '../../shared/nearest.ts';
import type { Celery } from '../app/celery.ts';
import { CALL_OPTION_ROWS, type OptionName } from '../canvas/call-option-table.ts';
import type { ApplyOptions } from '../canvas/call-options.ts';
import { TimeoutError } from '../errors.ts';
import { CliError, EXIT, type Output, oneLine, toJson } from './output.ts';
import { type GlobalOptions, withApp } from './session.ts';
import { print } from './stdio.ts';

type CamelCase<S extends string> = S extends `${infer A}_${infer B}` ? `${A}${Capitalize<CamelCase<B>>}` : S;

/** A flag with the name of a call option is that option. */
type OptionFlags = { readonly [K in OptionName as CamelCase<K>]?: ApplyOptions[K] };

export interface CallFlags extends GlobalOptions, OptionFlags {
  readonly args: unknown[];
  readonly kwargs: Record<string, unknown>;
  /** Wait for the result; a number is the longest wait in seconds. */
  readonly wait?: boolean | number;
  /** Send it although the app does not know it. */
  readonly unchecked?: boolean;
}

export function call(name: string, options: CallFlags): Promise<number> {
  return withApp(options, async (app, output) => {
    if (options.app && !options.unchecked)
      known(app, name, '--unchecked sends it all the same, for a task that another app runs');
    const given = optionsOf(options);
    const task = app.tasks.get(name);
    const sending = task
      ? task.applyAsync(options.args as never, options.kwargs, given)
      : app.sendTask(name, options.args, options.kwargs, given);
    const result = await sending.catch((error: unknown) => {
      // Arguments and options that do not fit are the caller's affair, not a fault of this program.
      throw error instanceof TypeError ? new CliError(error.message) : error;
    });
    if (options.wait === undefined || options.wait === false) {
      if (output.json) output.value({ id: result.id });
      else output.line(result.id);
      return EXIT.ok;
    }
    output.note(result.id);
    return await show(app, result.id, output, typeof options.wait === 'number' ? options.wait : undefined);
  });
}

function known(app: Celery, name: string, hint: string | null): void {
  if (app.tasks.has(name)) return;
  const near = nearest(name, app.tasks.keys());
  throw new CliError(
    `the app '${app.name}' has no task '${name}'${near ? `. Did you mean '${near}'?` : ''}`,
    EXIT.failure,
    hint,
  );
}

export interface ResultOptions extends GlobalOptions {
  readonly traceback?: boolean;
  readonly task?: string;
  /** Seconds. */
  readonly timeout?: number;
}

export function result(id: string, options: ResultOptions): Promise<number> {
  return withApp(options, async (app, output) => {
    if (options.task && options.app) known(app, options.task, null);
    if (options.traceback) {
      const traceback = await app.AsyncResult(id).traceback();
      if (output.json) output.value({ id, traceback });
      else output.line(escapeLines(traceback ?? 'None'));
      return EXIT.ok;
    }
    return await show(app, id, output, options.timeout);
  });
}

/** Waits until the task is done; prints its value, or why it has none (exit code 1). */
async function show(app: Celery, id: string, output: Output, timeout: number | undefined): Promise<number> {
  const asked = app.AsyncResult(id);
  try {
    await asked.get({ propagate: false, ...(timeout === undefined ? {} : { timeout }) });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    const state = await asked.state();
    throw new CliError(
      `${id} is ${state} after ${timeout} s`,
      EXIT.failure,
      state === 'PENDING' ? 'PENDING also means: nothing is known of this id' : null,
    );
  }
  const meta = await asked.meta();
  const status = meta?.status ?? 'PENDING';
  const value = await asked.result();
  if (output.json) {
    output.value({ id, status, result: value, traceback: meta?.traceback ?? null });
  } else if (status === 'SUCCESS') {
    output.line(typeof value === 'string' ? shown(value) : toJson(value, 2));
  } else {
    const trace = meta?.traceback ?? (value instanceof Error ? `${value.name}: ${value.message}` : toJson(value));
    print(process.stderr, `${output.paint(oneLine(status), 'red', 'bold')}\n${escapeLines(trace.trimEnd())}\n`);
  }
  return status === 'SUCCESS' ? EXIT.ok : EXIT.failure;
}

/** To a file or another program whole; on a terminal nothing of it is obeyed. */
function shown(text: string): string {
  return process.stdout.isTTY ? escapeLines(text) : text;
}

function optionsOf(flags: OptionFlags): ApplyOptions {
  const values = flags as Readonly<Record<string, unknown>>;
  const given = [...CALL_OPTION_ROWS.keys()].map((name) => [name, values[camelCase(name)]] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

function camelCase(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}
