// Which word of a command line is the command: global options, and their values, may stand before it.
// Not here: reading the options (program.ts).
import { GLOBAL } from './command-parts.ts';

const WITH_VALUE = new Set(
  [...GLOBAL.map(([flags]) => flags), '--loader <name>']
    .filter((flags) => flags.includes('<'))
    .flatMap((flags) => flags.replace(/ <.*/, '').split(', ')),
);

/** null: there is none. */
function verbAt(argv: readonly string[]): number | null {
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    if (word === '--') return null;
    if (!word.startsWith('-')) return at;
    if (WITH_VALUE.has(word)) at++;
  }
  return null;
}

/** The words before and after `verb`, when that is the command. */
export function wordsAround(verb: string, argv: readonly string[]): { before: string[]; after: string[] } | null {
  const at = verbAt(argv);
  return at !== null && argv[at] === verb ? { before: argv.slice(0, at), after: argv.slice(at + 1) } : null;
}
