// The dashboard's config file: of this folder by one of the usual names, the one that --conf names, or Flower's flowerconfig.py.
// Not here: what goes before what (dashboard-options.ts), settings of an app (--config: app/load.ts).
// Holds: a file that was named and is not there is an error; one that nobody named and is not there is not.
import { existsSync, readFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { importModule } from '../app/load.ts';
import { IMPOSSIBLE_OPTIONS } from '../dashboard/options/flower.ts';
import { ImproperlyConfigured, toError } from '../errors.ts';
import { NotLiteral, parseFlowerConfig } from './flowerconfig.ts';
import { CliError, EXIT } from './output.ts';

/** The first that is there. */
export const CONFIG_FILES = [
  ...['.ts', '.mts', '.js', '.mjs', '.cjs', '.json'].map((ending) => `umbel.config${ending}`),
  'flowerconfig.py',
];

export interface ConfigFile {
  /** As it is shown. */
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Where each option stands, for those whose place is known: 'flowerconfig.py, line 3'. */
  readonly places: Readonly<Record<string, string>>;
}

/** @param name what --conf or the environment says; null: look for one of the usual names. @throws CliError */
export async function readConfigFile(name: string | null, workdir = process.cwd()): Promise<ConfigFile | null> {
  const found = name ?? CONFIG_FILES.find((one) => existsSync(resolve(workdir, one)));
  if (found === undefined) return null;
  const path = resolve(workdir, found);
  if (!existsSync(path))
    throw new CliError(
      `there is no config file ${found}`,
      EXIT.usage,
      `--conf takes a .ts, .js or .json file, or Flower's flowerconfig.py; without it one of ${CONFIG_FILES.join(', ')} is read`,
    );
  if (extname(path) === '.py') return readPython(found, path);
  const options = await readOwn(found, path, workdir);
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new CliError(`${found} must give an object of options (export default { ... })`, EXIT.usage);
  return { name: found, options: options as Readonly<Record<string, unknown>>, places: {} };
}

async function readOwn(name: string, path: string, workdir: string): Promise<unknown> {
  try {
    if (extname(path) === '.json') return JSON.parse(readFileSync(path, 'utf8').replace(/^\ufeff/, ''));
    const module = await importModule(pathToFileURL(path).href, workdir);
    const main = module['default'];
    // What was compiled to CommonJS has its default export one deeper.
    return (main as { default?: unknown } | undefined)?.default ?? main ?? { ...module };
  } catch (error) {
    if (error instanceof ImproperlyConfigured) throw new CliError(error.message, EXIT.usage);
    throw new CliError(`cannot read the config file ${name}: ${toError(error).message}`, EXIT.usage);
  }
}

function readPython(name: string, path: string): ConfigFile {
  try {
    const lines = parseFlowerConfig(readFileSync(path, 'utf8'));
    return {
      name,
      options: Object.fromEntries(lines.map(({ name: option, value }) => [option, value])),
      places: Object.fromEntries(lines.map(({ name: option, line }) => [option, `${name}, line ${line}`])),
    };
  } catch (error) {
    if (!(error instanceof NotLiteral))
      throw new CliError(`cannot read the config file ${name}: ${toError(error).message}`, EXIT.usage);
    const impossible = IMPOSSIBLE_OPTIONS.find((row) => row.name === error.option);
    throw new CliError(
      `${name}, line ${error.line}: ${impossible ? `${impossible.name} cannot be taken: ${impossible.why}` : error.message}`,
      EXIT.usage,
      impossible
        ? null
        : 'give it by flag or by FLOWER_<NAME> in the environment, or write umbel.config.js, which may be code',
    );
  }
}
