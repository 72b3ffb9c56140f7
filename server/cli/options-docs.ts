// docs/options.md, printed from the option tables of the worker and the dashboard, so that the page cannot fall behind.
// The tables: worker/options.ts with worker-flags.ts, dashboard/options.ts. Settings: app/settings-docs.ts.
import { DASHBOARD_OPTIONS, type OptionRow } from '../dashboard/options.ts';
import { WORKER_OPTIONS, type WorkerOptionRow } from '../worker/options.ts';
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
    '`server/dashboard/options.ts`; change it there.',
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
    'Each is also read from the environment: `UMBEL_PORT`, or Flower’s `FLOWER_PORT`.',
    '',
    ...table(['Option', 'Flag', 'Unit', 'Default', 'Meaning'], DASHBOARD_OPTIONS.map(dashboardRow)),
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
  const setting = row.setting ?? row.sets;
  return [setting && code(setting), row.default].filter(Boolean).join(', else ') || 'none';
}
