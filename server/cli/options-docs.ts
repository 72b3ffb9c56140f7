// docs/options.md, printed from the option tables of the worker and the dashboard, so that the page cannot fall behind.
// The tables: worker/options.ts with worker-flags.ts, dashboard/options.ts. Settings: app/settings-docs.ts.
import { IMPOSSIBLE_OPTIONS, REPLACED_OPTIONS } from '../dashboard/options/flower.ts';
import type { OptionRow } from '../dashboard/options/row.ts';
import { OPTION_GROUPS } from '../dashboard/options.ts';
import { WORKER_OPTIONS, type WorkerOptionRow } from '../worker/options.ts';
import { CONFIG_FILES } from './config-file.ts';
import { dashboardFlag } from './dashboard-flags.ts';
import { COMMAND_ONLY, type CommandOnlyRow } from './worker-flags.ts';

export function optionsMarkdown(): string {
  return `${[
    '# Options',
    '',
    'Of `umbel worker` and `new Worker(app, options)`, and of `umbel dashboard` and `createDashboard(options)`. An unknown option is',
    'refused, and the nearest right one is named; a value that an option cannot have is refused by its name. Flags that every command',
    'has, and those of a daemon (`--pidfile`, `--logfile`, `--uid`, `--gid`, `--umask`): `umbel worker --help`.',
    '',
    'This page is printed (`npm run docs`) from the tables in `server/worker/options.ts`, `server/cli/worker-flags.ts` and',
    '`server/dashboard/options/`; change it there.',
    '',
    '## Worker',
    '',
    'A [setting](settings.md) named as default holds when the option is not given.',
    '',
    ...table(['Option', 'Flag', 'Unit', 'Default', 'Meaning'], Object.entries(WORKER_OPTIONS).map(workerRow)),
    '',
    'The command alone has:',
    '',
    ...table(
      ['Flag', 'Unit', 'Default', 'Meaning'],
      Object.values<CommandOnlyRow<unknown>>(COMMAND_ONLY).map(commandRow),
    ),
    '',
    '## Dashboard',
    '',
    'Each is said by its flag (Flower’s underscores and `--read_only=True` are taken as well), in a config file, or in the environment as',
    '`UMBEL_<NAME>` or Flower’s `FLOWER_<NAME>`; what comes first in this list holds. The config file is the one that `--conf` (or',
    '`UMBEL_CONF`, `FLOWER_CONF`) names, else the first of these in the current folder:',
    `${CONFIG_FILES.map(code).join(', ')}.`,
    'Its keys are the names below. A `.ts` or `.js` file has an object as its default export. Of a `flowerconfig.py` lines of the form',
    '`name = literal` are read, and nothing is run: what is no literal is refused with its line. `umbel up` reads no config file.',
    '',
    ...OPTION_GROUPS.flatMap(([title, rows]) => [
      `### ${title}`,
      '',
      ...table(['Option', 'Flag', 'Unit', 'Default', 'Meaning'], rows.map(dashboardRow)),
      '',
    ]),
    '### Of Flower alone',
    '',
    'Taken on the command line, in a config file and in the environment, without effect; what is in their place is said at the start:',
    '',
    ...table(
      ['Option', 'In its place'],
      REPLACED_OPTIONS.map(({ name, instead }) => [code(name), instead]),
    ),
    '',
    'Refused, since what they ask for would not happen:',
    '',
    ...table(
      ['Option', 'Why, and what to do'],
      IMPOSSIBLE_OPTIONS.map(({ name, why }) => [code(name), why]),
    ),
  ].join('\n')}\n`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)];
}

const code = (text: string) => `\`${text}\``;

function workerRow([name, row]: [string, WorkerOptionRow<unknown>]): string[] {
  return [code(name), flagsOf(row), row.unit ?? '', defaultOf(row), row.meaning];
}

function commandRow(row: CommandOnlyRow<unknown>): string[] {
  return [flagsOf(row), row.unit ?? '', defaultOf(row), row.meaning];
}

function dashboardRow(row: OptionRow): string[] {
  const flag = dashboardFlag(row);
  const { default: value } = row;
  const isNone = value === null || value === '' || (Array.isArray(value) && value.length === 0);
  const shown = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const source = row.source === 'Umbel' ? '' : ` (${row.source})`;
  return [
    code(row.name),
    flag === null ? '' : code(flag),
    row.unit ?? '',
    isNone ? 'none' : code(shown),
    row.meaning + source,
  ];
}

function flagsOf({ flags, alias }: { readonly flags: string | null; readonly alias?: string }): string {
  return [flags, alias].flatMap((flag) => (flag ? [code(flag)] : [])).join(' or ');
}

function defaultOf(row: Omit<CommandOnlyRow<unknown>, 'flags'>): string {
  const { setting } = row;
  return [setting && code(setting), row.default].filter(Boolean).join(', else ') || 'none';
}
