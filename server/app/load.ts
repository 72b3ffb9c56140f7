// Find the app that -A names, and the modules it wants imported; and how it was loaded, for a process that has to load it again.
// Not here: what is done with it (cli/, pool/).
// Holds: the error says what was tried and what to do; an app is recognised by its mark, so that one made with another copy of this
// package (the user's, beside ours) is one too.
// Celery 5.6: app/utils.py find_app
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ImproperlyConfigured, toError } from '../errors.ts';
import { parseJsonExactly } from '../serialization/json-reader.ts';
import { Celery, isCelery } from './celery.ts';
import type { SettingsInput } from './config.ts';

export interface LoadOptions {
  /** Where relative names start. Default: the current folder. */
  readonly workdir?: string;
}

/**
 * How an app was loaded: all that another process, which inherits environment and folder, needs to load the same one. Plain data.
 * What is said of a worker beside it (its name, its log level) goes with its jobs and its pool.
 */
export interface AppSource {
  /** -A; null: a bare app, which knows its broker alone. */
  readonly spec: string | null;
  readonly workdir: string;
  /** --config: a JSON file or a module, whose settings may hold functions. */
  readonly config: string | null;
  /** -I: further modules with tasks. */
  readonly include: readonly string[];
  /** Given beside the app's own, as on the command line; each goes before those it follows. */
  readonly settings: readonly SettingsInput[];
}

/** Load it, and let it know how it was. The same source gives the same app in any process. */
export async function loadSource(source: AppSource): Promise<Celery> {
  const { spec, workdir, config, include, settings } = source;
  const read = config === null ? {} : await loadSettings(config, workdir);
  const app = spec === null ? new Celery('default', read) : await loadApp(spec, { workdir });
  if (spec !== null && config !== null) app.conf.update(read);
  for (const path of include) await importModule(locate(path, workdir), workdir);
  for (const given of settings) app.conf.update(given);
  app.source = source;
  return app;
}

/**
 * Further modules with tasks for an app that runs already, as -I names them; whoever loads it from now on has them, too.
 * @throws ImproperlyConfigured for what is not below the folder in which the app was found, nor a package
 */
export async function includeModules(app: Celery, modules: readonly string[]): Promise<void> {
  const { source } = app;
  for (const path of modules) {
    if (!source || isAbsolute(path) || /^\w+:|(^|[\\/])\.\.([\\/]|$)/.test(path))
      throw new ImproperlyConfigured(`The module '${path}' is none of the project's: name it as -I does.`);
    await importModule(locate(path, source.workdir), source.workdir);
  }
  if (source && modules.length > 0) app.source = { ...source, include: [...new Set([...source.include, ...modules])] };
}

/** --config: a JSON file, or a module, named as -A names one, whose default export (or exports) are settings. */
async function loadSettings(name: string, workdir: string): Promise<Record<string, unknown>> {
  try {
    if (extname(name) === '.json')
      return parseJsonExactly(await readFile(resolve(workdir, name), 'utf8')) as Record<string, unknown>;
    const module = await importModule(locate(name, workdir), workdir);
    const main = module['default'] as { readonly default?: unknown } | undefined;
    // What was compiled to CommonJS has its default export one deeper.
    return (main?.default ?? main ?? { ...module }) as Record<string, unknown>;
  } catch (error) {
    throw new SettingsUnreadable(`cannot read the settings of --config ${name}: ${toError(error).message}`);
  }
}

/** The file of --config is not there, or is none. */
export class SettingsUnreadable extends ImproperlyConfigured {}

/** Neither a file nor a package has the name. */
export class ModuleNotFound extends ImproperlyConfigured {}

const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs', '.cjs', '.tsx', '.cts'];
/** Names under which the app is looked for in a module, in this order. */
const NAMES = ['app', 'celery', 'default'];

/** @param spec './app.ts', 'proj/app', 'proj.app', 'package', each with ':name' for an export of that name */
export async function loadApp(spec: string, options: LoadOptions = {}): Promise<Celery> {
  const workdir = resolve(options.workdir ?? process.cwd());
  const [path, name] = splitSpec(spec);
  const url = locate(path, workdir);
  const module = await importModule(url, workdir);
  const app = name ? exported(module, name, spec) : findApp(module, path);
  await importAll(app, workdir);
  return app;
}

/** Import what the settings `imports` and `include` name. */
async function importAll(app: Celery, workdir: string): Promise<void> {
  for (const path of [app.conf.imports, app.conf.include].flat()) {
    await importModule(locate(path, workdir), workdir);
  }
}

function splitSpec(spec: string): [path: string, name: string | null] {
  const colon = spec.lastIndexOf(':');
  // 'C:\app.ts' and 'file:///app.ts' have colons of another meaning.
  if (colon <= 1 || spec.slice(colon + 1).includes('/') || spec.slice(colon + 1).includes('\\')) return [spec, null];
  return [spec.slice(0, colon), spec.slice(colon + 1)];
}

/** The file URL, or the name of an installed package. @throws ModuleNotFound */
export function locate(path: string, workdir: string): string {
  if (path.startsWith('file:')) return path;
  const tried: string[] = [];
  const bases = [path];
  if (!/[\\/]/.test(path) && !EXTENSIONS.includes(extname(path)) && path.includes('.')) {
    bases.push(path.replaceAll('.', '/'));
  }
  for (const base of bases) {
    const absolute = resolve(workdir, base);
    const candidates = [
      absolute,
      ...EXTENSIONS.map((extension) => absolute + extension),
      ...EXTENSIONS.map((extension) => join(absolute, `index${extension}`)),
      ...EXTENSIONS.map((extension) => join(absolute, `app${extension}`)),
    ];
    for (const candidate of candidates) {
      if (existsSync(candidate) && statSync(candidate).isFile()) return pathToFileURL(candidate).href;
    }
    tried.push(absolute);
  }
  if (/^[@a-z]/i.test(path)) {
    try {
      return pathToFileURL(createRequire(join(workdir, 'package.json')).resolve(path)).href;
    } catch {
      tried.push(`the package '${path}'`);
    }
  }
  throw new ModuleNotFound(
    `No module '${path}' found: looked for ${tried.join(', ')} (with ${EXTENSIONS.slice(0, 4).join(', ')}). ` +
      'Give a path such as -A ./app.ts, seen from the current folder.',
  );
}

type Module = Readonly<Record<string, unknown>>;

/** Under a loader (as our own sources are), or in Node 22.18 and later. */
const READS_TYPESCRIPT =
  import.meta.url.endsWith('.ts') || Boolean((process.features as { typescript?: unknown }).typescript);

/** @throws ImproperlyConfigured naming the module, with the user's own frames */
export async function importModule(url: string, workdir: string): Promise<Module> {
  const shown = url.startsWith('file:') ? fileURLToPath(url) : url;
  // Before the first try: Node remembers that a file could not be loaded, and would not look again.
  if (/\.[mc]?tsx?$/.test(url) && !READS_TYPESCRIPT) await registerTsx(shown, url, workdir);
  // Nothing is left to do but to wait for the module: Node ends then, with its code 13 and without a word.
  const never = (): void => {
    process.stderr.write(
      `umbel: The module ${shown} was never loaded: what it awaits at its top level does not come.\n`,
    );
  };
  process.once('beforeExit', never);
  try {
    return (await import(url)) as Module;
  } catch (error) {
    throw new ImproperlyConfigured(`The module ${shown} could not be loaded: ${reasonOf(error, url)}`, {
      cause: error,
    });
  } finally {
    process.removeListener('beforeExit', never);
  }
}

const MAX_FRAMES = 10;

/** The error as Node would print it, with the user's frames alone. */
function reasonOf(thrown: unknown, url: string): string {
  const error = toError(thrown);
  if (error instanceof SyntaxError) return placeOfSyntaxError(url) ?? `${error.name}: ${error.message}`;
  const hint = (error as { code?: unknown }).code === 'ERR_UNKNOWN_FILE_EXTENSION' ? '. Name a .ts file with -A' : '';
  const frames = (error.stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line));
  const own = fileURLToPath(import.meta.url);
  const end = frames.findIndex((frame) => frame.includes(own));
  const users = frames
    .slice(0, end < 0 ? frames.length : end)
    .filter((frame) => !/\(?node:|\/node_modules\/tsx\//.test(frame));
  return [`${error.name}: ${error.message}${hint}`, ...users.slice(0, MAX_FRAMES)].join('\n');
}

/** Only Node's own last words tell the file and the line; nothing of the module runs, since it cannot be read. */
function placeOfSyntaxError(url: string): string | null {
  const again = `import(${JSON.stringify(url)}).catch((error) => setImmediate(() => { throw error; }))`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', again], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  const [place] = (stderr ?? '').split(/\n {4}at |\n\nNode\.js/);
  return place?.includes('SyntaxError') ? place.trim() : null;
}

let registered = false;

async function registerTsx(shown: string, url: string, workdir: string): Promise<void> {
  if (registered) return;
  const tsx = await findTsx(workdir, url);
  if (!tsx) {
    throw new ImproperlyConfigured(
      `${shown} is TypeScript, which Node ${process.versions.node} does not read by itself. ` +
        'Install tsx in your project (npm install --save-dev tsx), use Node 22.18 or later, or give the compiled .js file.',
    );
  }
  for (const api of tsx) api.register();
  registered = true;
}

interface TsxApi {
  register(): unknown;
}

/** The user's tsx, seen from the module or the current folder, else one beside this package. */
async function findTsx(workdir: string, url: string): Promise<TsxApi[] | null> {
  for (const from of [url, pathToFileURL(join(workdir, 'package.json')).href, import.meta.url]) {
    try {
      // The ESM build of both: what `require` finds registers nothing when it is imported. A project without "type": "module"
      // has its .ts files read as CommonJS, for which the second is.
      const root = dirname(createRequire(from).resolve('tsx/package.json'));
      const load = (kind: string) => import(pathToFileURL(join(root, `dist/${kind}/api/index.mjs`)).href);
      return (await Promise.all([load('esm'), load('cjs')])) as TsxApi[];
    } catch {
      // Not there: try the next.
    }
  }
  return null;
}

function exported(module: Module, name: string, spec: string): Celery {
  const value = module[name] ?? (module.default as Module | undefined)?.[name];
  if (isCelery(value)) return value;
  const what = value === undefined ? 'it exports nothing of that name' : 'that is no Celery app';
  throw new ImproperlyConfigured(`No app '${name}' in '${spec}': ${what}. ${exportsOf(module)}`);
}

function findApp(module: Module, path: string): Celery {
  const inner = (module.default ?? {}) as Module;
  for (const name of NAMES) {
    for (const value of [module[name], typeof inner === 'object' ? inner[name] : undefined]) {
      if (isCelery(value)) return value;
    }
  }
  const found = Object.values(module).filter(isCelery);
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    throw new ImproperlyConfigured(`The module '${path}' exports ${found.length} apps. Say which: -A ${path}:name`);
  }
  const [promised] = Object.entries(module).find(([, value]) => value instanceof Promise) ?? [];
  if (promised !== undefined)
    throw new ImproperlyConfigured(
      `The module '${path}' exports a promise as '${promised}', and no Celery app. Await it there, at the top level.`,
    );
  throw new ImproperlyConfigured(
    `The module '${path}' exports no Celery app. Write: export const app = new Celery('name', { ... }). ${exportsOf(module)}`,
  );
}

function exportsOf(module: Module): string {
  const names = Object.keys(module);
  return names.length === 0 ? 'It exports nothing.' : `It exports ${names.join(', ')}.`;
}
