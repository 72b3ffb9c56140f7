// The worker's option table as flags, and flags back into options; and the rows that only the command has (COMMAND_ONLY).
// The table: worker/options.ts. What is done with them: worker.ts. Flags that worker and beat share, such as --pidfile: program.ts.
// Celery 5.6: bin/worker.py
import { type Command, Option } from 'commander';
import { count, list, names, number, type Read, wholeNumber } from '../app/option-values.ts';
import {
  bounds,
  type GivenOptions,
  logLevel,
  type OptionGroup,
  WORKER_OPTIONS,
  type WorkerOptionRow,
} from '../worker/options.ts';
import * as parse from './parse.ts';

export interface CommandOnlyRow<T> extends Omit<WorkerOptionRow<T>, 'read' | 'flags'> {
  readonly flags: string;
  /** Of the text after the flag; none where that text is the value, and for a switch. */
  readonly parse?: (text: string) => T;
  readonly choices?: readonly string[];
}

const row = <T>(of: CommandOnlyRow<T>): CommandOnlyRow<T> => of;

/** What a process does before and beside its Worker: worker.ts. */
export const COMMAND_ONLY = {
  detach: row<boolean>({ flags: '-D, --detach', group: '', meaning: 'run in the background' }),
  optimization: row<string>({
    flags: '-O, --optimization <profile>',
    group: '',
    meaning: 'taken for compatibility',
    choices: ['default', 'fair'],
  }),
  include: row<readonly string[]>({
    flags: '-I, --include <modules>',
    group: 'Queue',
    meaning: 'further modules with tasks, by commas',
    parse: parse.commaList,
  }),
  beat: row<boolean>({
    flags: '-B, --beat',
    group: 'Embedded beat',
    meaning: 'send scheduled tasks too; only one process may',
  }),
  schedule: row<string>({
    flags: '-s, --schedule <path>',
    alias: '--schedule-filename <path>',
    group: 'Embedded beat',
    setting: 'beat_schedule_filename',
    meaning: 'where the schedule is kept: a file, or a URL',
  }),
  scheduler: row<string>({
    flags: '--scheduler <name>',
    group: 'Embedded beat',
    setting: 'beat_scheduler',
    meaning: 'scheduler to use',
  }),
};

type Values<Table> = { readonly [Name in keyof Table]?: Table[Name] extends CommandOnlyRow<infer T> ? T : never };
export type CommandOnlyOptions = Values<typeof COMMAND_ONLY>;

type Row = WorkerOptionRow<unknown> | CommandOnlyRow<unknown>;
const ROWS: readonly (readonly [name: string, row: Row])[] = Object.entries<Row>({
  ...WORKER_OPTIONS,
  ...COMMAND_ONLY,
});

/** A text as the option's check takes it; an option without one here takes the text itself. */
const PARSERS = new Map<Read<unknown>, (text: string) => unknown>([
  [count, parse.positiveInteger],
  [wholeNumber, parse.wholeNumber],
  [number, parse.number],
  [list, parse.commaList],
  [names, parse.names],
  [logLevel, parse.logLevel],
  [bounds, parse.autoscale],
]);

const GROUPS: readonly OptionGroup[] = ['', 'Pool', 'Queue', 'Features', 'Embedded beat'];

/** @param only these, under one heading; all of them otherwise, under the headings of their groups */
export function addWorkerFlags(command: Command, only?: readonly (keyof typeof WORKER_OPTIONS)[]): void {
  if (only) command.optionsGroup('Worker options:');
  for (const group of GROUPS) {
    const rows = ROWS.filter(([name, row]) => row.group === group && (!only || only.some((one) => one === name)));
    if (!only && group !== '') command.optionsGroup(group === 'Features' ? 'Features:' : `${group} options:`);
    for (const [, row] of rows) if (row.flags !== null) addFlag(command, row, row.flags);
  }
}

function addFlag(command: Command, row: Row, flags: string): void {
  const isDefaultShown = row.default !== undefined && row.setting === undefined;
  const option = new Option(flags, isDefaultShown ? `${row.meaning} (default ${row.default})` : row.meaning);
  const parser = 'read' in row ? PARSERS.get(row.read as Read<unknown>) : row.parse;
  if (parser) option.argParser(parser);
  if ('choices' in row && row.choices) option.choices(row.choices);
  command.addOption(option);
  if (row.alias) command.addOption(new Option(row.alias, 'the same').hideHelp());
}

/** What was said, under the names of the tables, whichever of two flags said it. */
export function workerFlagsOf(flags: object): GivenOptions & CommandOnlyOptions {
  const given = flags as Readonly<Record<string, unknown>>;
  const said: Record<string, unknown> = {};
  for (const [name, { alias }] of ROWS) {
    const value = given[name] ?? (alias && given[new Option(alias).attributeName()]);
    if (value !== undefined && value !== false && value !== '') said[name] = value;
  }
  return said;
}

/** Of these, what a Worker takes. */
export function workerOptionsOf(said: GivenOptions & CommandOnlyOptions): GivenOptions {
  return Object.fromEntries(Object.entries(said).filter(([name]) => Object.hasOwn(WORKER_OPTIONS, name)));
}
