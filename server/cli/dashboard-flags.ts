// The dashboard's option table as flags, and flags and environment back into options.
// The table: dashboard/options.ts. Flower writes its flags with underscores; both spellings are taken (program.ts).
import type { Command } from 'commander';
import { Option } from 'commander';
import { DASHBOARD_OPTIONS, type DashboardOptions, type OptionRow } from '../dashboard/options.ts';
import { commaList, number, port } from './parse.ts';

/** Given by the global options, or not to be said on a command line. */
const ELSEWHERE: ReadonlySet<string> = new Set(['broker', 'result_backend', 'settings']);
const WORDS: Readonly<Record<string, string>> = {
  port: '<number>',
  address: '<address>',
  db: '<path>',
  basic_auth: '<user:password>',
  basic_auth_file: '<path>',
  url_prefix: '<path>',
};

const rows = (only?: readonly string[]) =>
  DASHBOARD_OPTIONS.filter((row) => !ELSEWHERE.has(row.name) && (!only || only.includes(row.name)));
const kebab = (name: string) => name.replaceAll('_', '-');
const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

export function addDashboardFlags(command: Command, only?: readonly string[]): void {
  command.optionsGroup('Dashboard options:');
  for (const row of rows(only)) {
    const meaning = `${row.meaning}${shownDefault(row)}`;
    const option = new Option(flagOf(row), row.default === true ? `not: ${meaning}` : meaning);
    if (row.name === 'port') option.argParser(port);
    // Once for each user; each text is taken as it is.
    else if (row.name === 'basic_auth')
      option.argParser((text: string, before: string | string[] | undefined) =>
        before === undefined ? text : [before, text].flat(),
      );
    else if (isNumber(row)) option.argParser(number);
    else if (isList(row)) option.argParser((text) => listOf(row, text));
    command.addOption(option);
  }
}

/** As the command takes it; null: it has no flag. */
export function dashboardFlag(row: OptionRow): string | null {
  return ELSEWHERE.has(row.name) ? null : flagOf(row);
}

function flagOf(row: OptionRow): string {
  if (typeof row.default === 'boolean') return `--${row.default ? 'no-' : ''}${kebab(row.name)}`;
  return `--${kebab(row.name)} ${placeholder(row)}`;
}

/** Only what was said, by flag or environment. */
export function dashboardOptionsOf(
  flags: Readonly<Record<string, unknown>>,
  env: NodeJS.ProcessEnv = process.env,
): DashboardOptions {
  const options: Record<string, unknown> = {};
  for (const row of rows()) {
    const flag = flags[camel(row.name)];
    // A switch that is on by default is `true` although nobody said so.
    const said = flag !== undefined && !(row.default === true && flag === true);
    const variable = env[`UMBEL_${row.name.toUpperCase()}`] ?? env[`FLOWER_${row.name.toUpperCase()}`];
    if (said) options[row.name] = flag;
    // A password that was meant to be there and is not must not open the door.
    else if (variable !== undefined && (variable !== '' || row.name === 'basic_auth'))
      options[row.name] = fromText(row, variable);
  }
  return options as DashboardOptions;
}

function fromText(row: OptionRow, text: string): unknown {
  if (typeof row.default === 'boolean') return /^(1|true|yes|on)$/i.test(text);
  if (isNumber(row)) return number(text);
  return isList(row) ? listOf(row, text) : text;
}

const isList = (row: OptionRow) => Array.isArray(row.default) || row.name === 'task_runtime_metric_buckets';
const isNumber = (row: OptionRow) => !isList(row) && (typeof row.default === 'number' || row.unit !== undefined);
const listOf = (row: OptionRow, text: string): unknown[] =>
  row.name === 'task_runtime_metric_buckets' ? commaList(text).map(number) : commaList(text);

function placeholder(row: OptionRow): string {
  return WORDS[row.name] ?? (isNumber(row) ? `<${row.unit ?? 'number'}>` : `<${kebab(row.name)}>`);
}

function shownDefault(row: OptionRow): string {
  const { default: value } = row;
  if (value === null || value === '' || typeof value === 'boolean' || Array.isArray(value)) return '';
  return ` (default ${String(value)})`;
}
