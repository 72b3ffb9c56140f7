// The dashboard's option table as flags. Flower writes its flags with underscores and switches as --read_only=True: both are taken
// (program.ts, and here). What Flower has and this has not is taken too, unseen in the help, so that it can be answered by name.
// The table: dashboard/options.ts. What was said by flags and otherwise: dashboard-options.ts.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { IMPOSSIBLE_OPTIONS, REPLACED_OPTIONS } from '../dashboard/options/flower.ts';
import { type Kind, type OptionRow, valueOfText } from '../dashboard/options/row.ts';
import { DASHBOARD_OPTIONS, OPTION_GROUPS } from '../dashboard/options.ts';
import { ImproperlyConfigured } from '../errors.ts';

export const kebab = (name: string) => name.replaceAll('_', '-');
/** As commander names what it read. */
export const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** @param only these, under one heading, and nothing of Flower's alone; all of them otherwise */
export function addDashboardFlags(command: Command, only?: readonly string[]): void {
  if (only) {
    command.optionsGroup('Dashboard options:');
    for (const row of DASHBOARD_OPTIONS) if (only.includes(row.name)) addFlag(command, row);
    return;
  }
  for (const [title, rows] of OPTION_GROUPS) {
    command.optionsGroup(`${title}:`);
    for (const row of rows) if (!row.flagless) addFlag(command, row);
    if (rows.some(({ name }) => name === 'clusters'))
      addOption(
        command,
        new Option(
          '--cluster <name=url>',
          'One of several clusters, by the name of its pages and its broker; once for each',
        ),
        'texts',
      );
  }
  for (const { name, kind } of [...REPLACED_OPTIONS, ...IMPOSSIBLE_OPTIONS])
    addOption(command, new Option(`--${kebab(name)} [value]`, 'of Flower').hideHelp(), kind);
}

function addFlag(command: Command, row: OptionRow): void {
  const meaning = `${row.meaning}${shownDefault(row)}`;
  if (row.kind !== 'switch') {
    addOption(command, new Option(`--${kebab(row.name)} ${placeholder(row)}`, meaning), row.kind);
    return;
  }
  const yes = new Option(`--${kebab(row.name)} [yes|no]`, meaning).hideHelp(row.default === true);
  const no = new Option(`--no-${kebab(row.name)}`, `not: ${meaning}`).hideHelp(row.default !== true);
  addOption(command, yes, row.kind);
  command.addOption(no);
}

function addOption(command: Command, option: Option, kind: Kind): void {
  option.argParser((text: string, before: unknown) => {
    const value = parsed(kind, text);
    // Once for each user, once for each name: the flag may be given again.
    if (before === undefined || (kind !== 'texts' && kind !== 'list')) return value;
    return [before, value].flat();
  });
  command.addOption(option);
}

function parsed(kind: Kind, text: string): unknown {
  try {
    return valueOfText(kind, text);
  } catch (error) {
    if (error instanceof ImproperlyConfigured) throw new InvalidArgumentError(`It ${error.message}.`);
    throw error;
  }
}

/** As the command takes it; null: it has no flag. */
export function dashboardFlag(row: OptionRow): string | null {
  if (row.flagless) return null;
  if (row.kind === 'switch') return `--${row.default === true ? 'no-' : ''}${kebab(row.name)}`;
  return `--${kebab(row.name)} ${placeholder(row)}`;
}

function placeholder(row: OptionRow): string {
  return `<${row.word ?? row.unit ?? (row.kind === 'number' ? 'number' : kebab(row.name))}>`;
}

function shownDefault(row: OptionRow): string {
  const { default: value } = row;
  if (value === null || value === '' || typeof value === 'boolean' || typeof value === 'object') return '';
  return ` (default ${String(value)})`;
}
