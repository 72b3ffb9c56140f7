// `umbel completion`: a script for the shell that completes commands, options and their values; printed from the commands themselves.
// Holds: nothing of this program runs when Tab is pressed.
import type { Command, Option } from 'commander';
import { LOG_LEVELS } from '../log.ts';
import { poolNames } from '../pool/registry.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

interface Word {
  readonly word: string;
  readonly says: string;
}
interface Entry {
  /** 'list bindings'; '' for the program itself. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly OptionWord[];
  /** Files are among what may follow. */
  readonly takesFiles: boolean;
}
interface OptionWord extends Word {
  readonly takesValue: boolean;
  /** None: any, such as a file. */
  readonly values: readonly string[];
}

/** What commander does not know to be one of few, by the option's attribute. */
const VALUES: Readonly<Record<string, readonly string[]>> = { loglevel: LOG_LEVELS, pool: poolNames() };

/** @param words of the first argument, such as `active` of inspect, by command */
export function completionScript(shell: Shell, program: Command, words: ReadonlyMap<string, readonly Word[]>): string {
  const entries = entriesOf(program, [], words);
  switch (shell) {
    case 'bash':
      return bash(entries);
    case 'zsh':
      return `#compdef umbel\nautoload -U +X bashcompinit && bashcompinit\n${bash(entries)}${ZSH_FIRST}`;
    case 'fish':
      return fish(entries);
  }
}

function entriesOf(command: Command, path: readonly string[], words: ReadonlyMap<string, readonly Word[]>): Entry[] {
  const subs = command.commands.filter((one) => !(one as unknown as { _hidden?: boolean })._hidden);
  const own: Entry = {
    path: path.join(' '),
    commands: [
      ...subs.map((one) => ({ word: one.name(), says: one.description() })),
      ...(words.get(path.join(' ')) ?? []),
      ...(command.registeredArguments[0]?.argChoices ?? []).map((word) => ({ word, says: '' })),
    ],
    options: command.options.filter((option) => !option.hidden).flatMap(optionWords),
    takesFiles: command.registeredArguments.some((argument) => /^file/.test(argument.name())),
  };
  return [own, ...subs.flatMap((one) => entriesOf(one, [...path, one.name()], words))];
}

function optionWords(option: Option): OptionWord[] {
  const takesValue = option.required || option.optional;
  const values = takesValue ? (option.argChoices ?? VALUES[option.attributeName()] ?? []) : [];
  return [option.long, option.short]
    .filter((word) => typeof word === 'string')
    .map((word) => ({ word, says: option.description, takesValue, values }));
}

/** From a folder of $fpath zsh reads the file at the first Tab, which is to be answered, too. */
const ZSH_FIRST = `if [[ "\${funcstack[1]-}" == _umbel ]]; then _bash_complete -o default -F _umbel; fi
`;

function bash(entries: readonly Entry[]): string {
  const paths = entries.map(({ path }) => path).filter((path) => path !== '');
  const cases = entries.map(
    ({ path, commands, options }) =>
      `    '${path}') words='${[...commands, ...options].map(({ word }) => word).join(' ')}' ;;`,
  );
  const values = entries.map(({ path, options }) => {
    const taking = options.filter(({ takesValue }) => takesValue).map(({ word }) => word);
    return `    '${path}') values=' ${taking.join(' ')} ' ;;`;
  });
  // One name has one meaning, whichever command it is of.
  const few = new Map(entries.flatMap(({ options }) => options).map(({ word, values }) => [word, values.join(' ')]));
  const ofFew = [...few].filter(([, all]) => all !== '').map(([word, all]) => `    ${word}) words='${all}' ;;`);
  return `# Completion of umbel. bash: source this. zsh: put it in a folder of $fpath as _umbel, or source it after compinit.
_umbel_values() {
  case "$1" in
${values.join('\n')}
  esac
}
_umbel() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' words='' values='' at=1 word
  local paths='|${paths.join('|')}|' before="\${COMP_WORDS[COMP_CWORD - 1]}"
  # --pool=pre is three words.
  if [ "$current" = '=' ]; then current=''; elif [ "$before" = '=' ]; then before="\${COMP_WORDS[COMP_CWORD - 2]}"; fi
  case "$before" in
${ofFew.join('\n')}
  esac
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    return
  fi
  while [ "$at" -lt "$COMP_CWORD" ]; do
    word="\${COMP_WORDS[at]}"
    _umbel_values "$path"
    case "$word" in
      -*) case "$values" in *" $word "*) at=$((at + 1)) ;; esac ;;
      *) case "$paths" in *"|\${path:+$path }$word|"*) path="\${path:+$path }$word" ;; esac ;;
    esac
    at=$((at + 1))
  done
  if [ "$at" -gt "$COMP_CWORD" ]; then
    COMPREPLY=($(compgen -f -- "$current"))
    return
  fi
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _umbel umbel
`;
}

function fish(entries: readonly Entry[]): string {
  const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines: string[] = [
    '# Completion of umbel: put it in ~/.config/fish/completions/umbel.fish',
    'complete -c umbel -f',
  ];
  for (const { path, commands, options, takesFiles } of entries) {
    const words = path.split(' ').filter((word) => word !== '');
    const own = commands.map(({ word }) => word).join(' ');
    const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
    const without = own === '' ? '' : `not __fish_seen_subcommand_from ${own}`;
    const here = [seen, without].filter(Boolean).join('; and ');
    const condition = here === '' ? '' : ` -n ${quote(here)}`;
    for (const { word, says } of commands) lines.push(`complete -c umbel${condition} -a ${word} -d ${quote(says)}`);
    if (takesFiles) lines.push(`complete -c umbel -n ${quote(seen)} -F`);
    for (const { word, says, takesValue, values } of options) {
      const name = word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`;
      const at = seen === '' ? '' : ` -n ${quote(seen)}`;
      const value = values.length > 0 ? ` -x -a ${quote(values.join(' '))}` : takesValue ? ' -r -F' : '';
      lines.push(`complete -c umbel${at} ${name}${value} -d ${quote(says)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
