// The option table of the worker: each row has a flag that arrives, a check that refuses, and a line on the page.
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { SETTING_NAMES } from '../../../server/app/settings.ts';
import { optionsMarkdown } from '../../../server/cli/options-docs.ts';
import { addWorkerFlags, COMMAND_ONLY, workerFlagsOf, workerOptionsOf } from '../../../server/cli/worker-flags.ts';
import { Celery } from '../../../server/index.ts';
import { silentLogger } from '../../../server/log.ts';
import { readWorkerOptions, WORKER_OPTIONS, type WorkerOptions } from '../../../server/worker/options.ts';
import { Worker } from '../../../server/worker/worker.ts';

/** What a person may type after the flag; true: nothing. And what a Worker gets of it. A new option needs a line here. */
const TYPED: {
  readonly [Name in keyof typeof WORKER_OPTIONS]: readonly [typed: string | true | null, value: unknown];
} = {
  hostname: ['w1@%h', 'w1@%h'],
  statedb: ['revoked.db', 'revoked.db'],
  loglevel: ['info', 'INFO'],
  log: [null, silentLogger],
  prefetchMultiplier: ['0', 0],
  disablePrefetch: [true, true],
  concurrency: ['3', 3],
  pool: ['solo', 'solo'],
  childConcurrency: ['4', 4],
  maxTasksPerChild: ['100', 100],
  maxMemoryPerChild: ['200000', 200_000],
  autoscale: ['10,3', { max: 10, min: 3 }],
  taskEvents: [true, true],
  timeLimit: ['1.5', 1.5],
  softTimeLimit: ['0.5', 0.5],
  purge: [true, true],
  queues: ['a, b', ['a', 'b']],
  excludeQueues: ['c', ['c']],
  withoutGossip: [true, true],
  withoutMingle: [true, true],
  withoutHeartbeat: [true, true],
  heartbeatInterval: ['0.1', 0.1],
};
const ROWS = Object.entries(WORKER_OPTIONS);
const loosely = (options: Record<string, unknown>) => options as WorkerOptions;

function typed(words: readonly string[]) {
  const command = new Command('worker').exitOverride().configureOutput({ writeErr: () => {} });
  addWorkerFlags(command);
  command.parse(words, { from: 'user' });
  return workerFlagsOf(command.opts());
}

describe.each(ROWS)('the option %s of a worker', (name, row) => {
  const [text, value] = TYPED[name as keyof typeof TYPED];

  it('arrives from each of its flags, long and short, or from code', () => {
    expect(readWorkerOptions({ [name]: value })).toEqual({ [name]: value });
    const names = [...(row.flags ?? '').matchAll(/--?[\w-]+/g), row.alias]
      .map((one) => String(one))
      .filter((one) => one.startsWith('-'));
    expect(names.length > 0).toBe(row.flags !== null);
    for (const flag of names) {
      const said = workerOptionsOf(typed(text === true ? [flag] : [flag, String(text)]));
      expect(said).toEqual({ [name]: value });
      expect(readWorkerOptions(said)).toEqual({ [name]: value });
    }
  });

  it('refuses by its name what it cannot be, and takes null as not given', () => {
    for (const wrong of [{}, Number.NaN, () => {}]) {
      expect(() => new Worker(new Celery('shop'), loosely({ [name]: wrong }))).toThrow(
        new RegExp(`option ${name} must be`),
      );
    }
    expect(readWorkerOptions({ [name]: null })).toEqual({});
  });

  it('stands on the page with its flag, unit, default and meaning', () => {
    const line = optionsMarkdown()
      .split('\n')
      .find((one) => one.startsWith(`| \`${name}\` |`));
    for (const part of [row.flags, row.alias, row.unit, row.setting, row.default, row.meaning]) {
      if (part) expect(line).toContain(part);
    }
    expect(row.meaning).toMatch(/^[^A-Z].{10,}[^.]$|^DEBUG/);
    if (row.setting) expect(SETTING_NAMES).toContain(row.setting);
  });
});

it('a worker is given one queue at least, or none is named: an empty list is no wish for the usual ones', () => {
  for (const none of ['', ' , ', []])
    expect(() => new Worker(new Celery('shop'), loosely({ queues: none }))).toThrow('option queues must be one name');
  expect(() => typed(['-Q', ''])).toThrow('It names none.');
  expect(workerOptionsOf(typed(['-X', '']))).toEqual({ excludeQueues: [] });
});

describe('what only the command has', () => {
  it.each(Object.entries(COMMAND_ONLY))('%s stands on the page, and is nothing a Worker is given', (name, row) => {
    expect(optionsMarkdown()).toContain(`| \`${row.flags}\``);
    expect(Object.keys(WORKER_OPTIONS)).not.toContain(name);
    if (row.setting) expect(SETTING_NAMES).toContain(row.setting);
  });

  it('arrives beside the options, whichever of two flags says it', () => {
    const said = typed(['-B', '--schedule-filename', 'beat.db', '-I', 'a.mjs,b.mjs', '-O', 'fair', '-c', '2']);
    expect(said).toEqual({
      beat: true,
      schedule: 'beat.db',
      include: ['a.mjs', 'b.mjs'],
      optimization: 'fair',
      concurrency: 2,
    });
    expect(workerOptionsOf(said)).toEqual({ concurrency: 2 });
  });

  it.each([
    [['-c', '-1'], /0 or more/],
    [['-c', 'many'], /whole number/],
    [['--time-limit', 'soon'], /a number/],
    [['-l', 'LOUD'], /DEBUG, INFO/],
    [['-O', 'best'], /Allowed choices are default, fair/],
  ])('%j is refused where it is typed', (words, message) => {
    expect(() => typed(words)).toThrow(message);
  });
});
