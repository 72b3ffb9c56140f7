// What was said of the dashboard's options, by whom it was said last: flag, then config file, then UMBEL_<NAME>, then Flower's
// FLOWER_<NAME> in the environment, as in Flower. Names that are none are told; what cannot be taken is refused.
// The table: dashboard/options.ts. The flags: dashboard-flags.ts. The file: config-file.ts.
// Holds: a message names the place that said it (--port, FLOWER_PORT, flowerconfig.py line 3), and shows no value of a text.
// Flower 2.0: command.py
import { nearest } from '../../shared/nearest.ts';
import { IMPOSSIBLE_OPTIONS, REPLACED_OPTIONS } from '../dashboard/options/flower.ts';
import { type Kind, valueOfText } from '../dashboard/options/row.ts';
import { DASHBOARD_OPTIONS, type DashboardOptions } from '../dashboard/options.ts';
import { ImproperlyConfigured } from '../errors.ts';
import type { ConfigFile } from './config-file.ts';
import { camel, kebab } from './dashboard-flags.ts';
import { CliError, EXIT } from './output.ts';

export interface Said {
  /** Only what was said. */
  readonly options: DashboardOptions;
  /** One line each: what has no effect and why, and what is in its place. */
  readonly notes: readonly string[];
}

export interface Sources {
  /** By the names that commander gives them. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env?: NodeJS.ProcessEnv;
  readonly config?: ConfigFile | null;
}

interface Value {
  readonly value: unknown;
  /** '--port', 'FLOWER_PORT', 'port in umbel.config.json' */
  readonly place: string;
}

/** @throws CliError for what cannot be taken, and for a name in the config file that is none */
export function dashboardOptionsOf({ flags, env = process.env, config = null }: Sources): Said {
  const notes = unknownVariables(env);
  if (config) refuseUnknownNames(config);
  const find = (row: { readonly name: string; readonly kind: Kind }): Value | null =>
    ofFlag(row, flags) ?? ofConfig(row, config) ?? ofEnvironment(row, env, notes);

  for (const row of IMPOSSIBLE_OPTIONS) {
    const said = find(row);
    if (said && said.value !== '' && said.value !== null)
      throw new CliError(`${said.place} cannot be taken: ${row.why}`, EXIT.usage);
  }
  for (const row of REPLACED_OPTIONS) {
    const said = find(row);
    if (said) notes.push(`${said.place} has no effect here: ${row.instead}`);
  }
  const options: Record<string, unknown> = {};
  for (const row of DASHBOARD_OPTIONS) {
    const said = find(row);
    if (said) options[row.name] = said.value;
  }
  return { options: options as DashboardOptions, notes: [...new Set(notes)] };
}

interface Named {
  readonly name: string;
  readonly kind: Kind;
}

function ofFlag({ name }: Named, flags: Readonly<Record<string, unknown>>): Value | null {
  // Said once for each.
  const flag = name === 'clusters' ? 'cluster' : name;
  const value = flags[camel(flag)];
  // Those of every command are found by their own reader (dashboard.ts).
  if (value === undefined || name === 'broker' || name === 'result_backend' || name === 'settings') return null;
  return { value, place: `--${kebab(flag)}` };
}

function ofConfig({ name, kind }: Named, config: ConfigFile | null): Value | null {
  const value = config?.options[name];
  if (value === undefined) return null;
  const place = config!.places[name] ? `${name} (${config!.places[name]})` : `${name} in ${config!.name}`;
  // None is Flower's "not given", whatever is the default here.
  if (value === null && config!.places[name]) return null;
  return { value: typeof value === 'string' ? read(kind, value, place) : value, place };
}

function ofEnvironment({ name, kind }: Named, env: NodeJS.ProcessEnv, notes: string[]): Value | null {
  for (const start of ['UMBEL_', 'FLOWER_']) {
    const place = start + name.toUpperCase();
    const text = env[place];
    // A password that was meant to be there and is not must not open the door.
    if (text === undefined || (text === '' && name !== 'basic_auth')) continue;
    if (name === 'port' && /^(tcp|udp|sctp):\/\//.test(text)) {
      notes.push(
        `${place} is ${text}: Kubernetes sets it for a service of that name, and it is not taken for the port (enableServiceLinks: false keeps it away)`,
      );
      continue;
    }
    return { value: read(kind, text, place), place };
  }
  return null;
}

function read(kind: Kind, text: string, place: string): unknown {
  try {
    return valueOfText(kind, text);
  } catch (error) {
    if (error instanceof ImproperlyConfigured) throw new CliError(`${place} ${error.message}`, EXIT.usage);
    throw error;
  }
}

/** Every name that is taken, or refused with a word of its own. */
const NAMES: readonly string[] = [
  ...[...DASHBOARD_OPTIONS, ...REPLACED_OPTIONS, ...IMPOSSIBLE_OPTIONS].map((row) => row.name as string),
  'conf',
];

function refuseUnknownNames({ name: file, options, places }: ConfigFile): void {
  for (const name of Object.keys(options)) {
    if (NAMES.includes(name) && name !== 'conf') continue;
    const near = nearest(name, NAMES);
    throw new CliError(
      `${places[name] ?? file}: the dashboard has no option '${name}'`,
      EXIT.usage,
      near ? `did you mean '${near}'?` : 'docs/options.md has them all',
    );
  }
}

/** Kubernetes gives every pod such variables of each service: FLOWER_SERVICE_HOST, FLOWER_PORT_5555_TCP_ADDR. */
const OF_A_SERVICE =
  /^(FLOWER|UMBEL)_(.*_)?(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/** Flower passes them over in silence; so did the misspelt password. Of ours there are others, which are no options. */
function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env).flatMap((variable) => {
    const [, owner, rest] = /^(FLOWER|UMBEL)_([A-Z\d_]+)$/.exec(variable) ?? [];
    if (rest === undefined || NAMES.includes(rest.toLowerCase()) || OF_A_SERVICE.test(variable)) return [];
    const near = nearest(rest.toLowerCase(), NAMES);
    if (near === null && owner === 'UMBEL') return [];
    const meant = near === null ? '' : `; did you mean ${owner}_${near.toUpperCase()}?`;
    return [`${variable} names no option and has no effect${meant}`];
  });
}
