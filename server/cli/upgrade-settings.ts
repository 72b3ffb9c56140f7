// `umbel upgrade settings`: names of settings from before Celery 4 in a file, written anew. Python, JavaScript, TypeScript and JSON alike:
// only whole names are touched, wherever they stand, but where a variable of the environment is read, whose name is somebody else's.
// Which names there are: app/settings.ts. Reading old names as they are: app/config.ts.
// Celery 5.6: bin/upgrade.py
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { SETTING_NAMES, SETTINGS } from '../app/settings.ts';
import { CliError, createOutput, EXIT, plural } from './output.ts';
import type { GlobalOptions } from './session.ts';

export interface UpgradeOptions extends GlobalOptions {
  /** CELERY_TASK_ACKS_LATE, as Django's settings have it. */
  readonly django?: boolean;
  /** The same. */
  readonly compat?: boolean;
  /** False: --no-backup. */
  readonly backup?: boolean;
}

/** Every old name and the one in its place. */
const NEW_NAME = new Map(SETTING_NAMES.flatMap((name) => SETTINGS[name].old.map((old) => [old, name] as const)));

export interface Renamed {
  readonly text: string;
  readonly changes: readonly { readonly line: number; readonly from: string; readonly to: string }[];
}

/** What stands before the name of a variable: os.environ['X'], os.environ.get('X', os.getenv('X', env('X', process.env.X. */
const BEFORE_VARIABLE = /env(?:iron)?(?:\.\w+)?\s*(?:\?\.)?[.[(]?\s*(?:['"`]|(?<=\.))$/i;

/** @param upper names as CELERY_..., else in small letters */
export function renameSettings(text: string, upper: boolean): Renamed {
  const changes: { line: number; from: string; to: string }[] = [];
  const lines = text.split('\n').map((line, at) =>
    line.replace(/(?<![\w$])[A-Z][A-Z\d_]+(?![\w$])/g, (word, start: number) => {
      const name = NEW_NAME.get(word);
      if (name === undefined || BEFORE_VARIABLE.test(line.slice(0, start))) return word;
      const to = upper ? prefixed(name) : name;
      if (to !== word) changes.push({ line: at + 1, from: word, to });
      return to;
    }),
  );
  return { text: lines.join('\n'), changes };
}

function prefixed(name: string): string {
  const upper = name.toUpperCase();
  return upper.startsWith('CELERY') ? upper : `CELERY_${upper}`;
}

export async function upgradeSettings(filename: string, options: UpgradeOptions): Promise<number> {
  const output = createOutput(options);
  const attempt = <T>(what: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw new CliError(`cannot ${what}: ${(error as Error).message}`, EXIT.usage);
    }
  };
  // Names are ASCII: in this encoding all else comes back byte for byte, whichever it is in.
  const before = attempt(`read ${filename}`, () => readFileSync(filename, 'latin1'));
  output.note(`processing ${filename}...`);
  const { text, changes } = renameSettings(before, Boolean(options.django || options.compat));
  if (changes.length === 0) {
    output.line('Does not seem to require any changes :-)');
    return EXIT.ok;
  }
  if (options.backup !== false) {
    output.note(`writing backup to ${filename}.orig...`);
    attempt(`write ${filename}.orig`, () => copyFileSync(filename, `${filename}.orig`));
  }
  attempt(`write ${filename}`, () => writeFileSync(filename, text, 'latin1'));
  for (const { line, from, to } of changes) output.note(`  line ${line}: ${from} -> ${to}`);
  output.line(`Changes to your setting have been made! (${plural(changes.length, 'name')})`);
  return EXIT.ok;
}
