// docs/commands.md: every command, its arguments and options, as the commands themselves declare them.
// Not here: worker and dashboard options with their units and defaults (options-docs.ts).
import type { Command } from 'commander';
import { GLOBAL } from './command-parts.ts';

/** @param program all commands */
export function commandsMarkdown(program: Command): string {
  const all = program.commands.filter((one) => !isHidden(one)).flatMap((one) => [one, ...one.commands]);
  const sections = all.filter(({ commands }) => commands.length === 0).flatMap(sectionOf);
  return `${[
    '# Commands',
    '',
    'Of `umbel`, as each prints them with `--help`. Printed (`npm run docs`) from `server/cli/program.ts` and',
    '`server/cli/operating-commands.ts`; change it there. How they are used: [the guide](guides/command-line.md); what `worker` and',
    '`dashboard` options mean, with unit and default: [options](options.md).',
    '',
    '## Of every command',
    '',
    'Before or after the command’s name.',
    '',
    ...table(
      ['Option', 'Meaning', 'In the environment'],
      GLOBAL.map(([flags, says, variable]) => [code(flags), says, variable ? code(variable) : '']),
    ),
    '',
    ...sections,
  ].join('\n')}`;
}

function sectionOf(command: Command): string[] {
  const path: string[] = [];
  for (let one: Command | null = command; one; one = one.parent) path.unshift(one.name());
  const words = command.registeredArguments.map((arg) => {
    const name = arg.variadic ? `${arg.name()}...` : arg.name();
    return [arg.required ? `<${name}>` : `[${name}]`, arg.description] as const;
  });
  const globals = new Set(GLOBAL.map(([flags]) => flags));
  const options = command.options.filter((option) => !option.hidden && !globals.has(option.flags));
  const rows = [...words, ...options.map((option) => [option.flags, option.description] as const)];
  return [
    `## ${path.slice(1).join(' ')}`,
    '',
    command.description(),
    '',
    '```',
    [...path, ...words.map(([word]) => word), '[options]'].join(' '),
    '```',
    '',
    ...(rows.length === 0
      ? []
      : [
          ...table(
            ['', 'Meaning'],
            rows.map(([word, says]) => [code(word), says]),
          ),
          '',
        ]),
  ];
}

function isHidden(command: Command): boolean {
  return (command as unknown as { _hidden?: boolean })._hidden === true;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)];
}

const code = (text: string) => `\`${text}\``;
