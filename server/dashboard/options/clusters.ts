// The option `clusters`: the entries of one dashboard that shows several, each with a name and options of its own.
// Not here: what each is once the common options are added (../clusters.ts).
// Holds: a name is a segment of a path and of a file's name; what is wrong is told with the entry's name, and no value of it is shown.
import { nearest } from '../../../shared/nearest.ts';
import { ImproperlyConfigured } from '../../errors.ts';
import type { DashboardOptions } from '../options.ts';
import { CLUSTER_OPTIONS } from './cluster.ts';
import { KEEPING_OPTIONS } from './keeping.ts';
import { SHOWING_OPTIONS } from './showing.ts';

/** What no entry can say: these are of the one server. */
type OfTheServer = 'clusters' | 'port' | 'address' | 'url_prefix' | 'basic_auth' | 'auth_provider' | 'standby';

/** One of several: its name, its broker, and whatever differs from the common options. */
export interface ClusterEntry extends Omit<DashboardOptions, OfTheServer> {
  /** `[a-z0-9-]`, 32 at most: its pages are at /c/NAME/. */
  readonly name: string;
  readonly broker: string | readonly string[];
}

/** What an entry may say. Everything else is of the one server, or of the people who sign in to it. */
const OF_A_CLUSTER: readonly string[] = [
  ...[...CLUSTER_OPTIONS, ...KEEPING_OPTIONS, ...SHOWING_OPTIONS]
    .map(({ name }) => name)
    .filter((name) => name !== 'standby'),
  'access_rules',
  'read_only',
];
/** Said of each, and never of all. */
export const ONLY_OF_ONE = ['broker', 'result_backend', 'broker_api', 'schedule', 'name'] as const;

/**
 * @param value entries, or texts like `orders=redis://host/0`; the list as JSON, or one such text
 * @returns null: there is one cluster, by the options themselves
 * @throws ImproperlyConfigured
 */
export function readClusters(value: unknown, option: string): readonly ClusterEntry[] | null {
  if (value === null || value === undefined) return null;
  const all = typeof value === 'string' ? ofText(value, option) : value;
  if (!Array.isArray(all) || all.length === 0)
    throw new ImproperlyConfigured(
      `The option ${option} must be a list of clusters, at least one, like [{"name": "orders", "broker": "redis://host/0"}].`,
    );
  const entries = all.map((one: unknown, i) => entryOf(one, `The option ${option}, cluster ${i + 1}`));
  for (const [i, { name }] of entries.entries())
    if (entries.findIndex((one) => one.name === name) < i)
      throw new ImproperlyConfigured(`The option ${option} has two clusters called ${name}.`);
  return entries;
}

/** What a variable says: JSON, or one cluster. */
function ofText(text: string, option: string): unknown {
  if (!/^\s*\[/.test(text)) return [text];
  try {
    return JSON.parse(text);
  } catch {
    throw new ImproperlyConfigured(`The option ${option} cannot be read as JSON.`);
  }
}

function entryOf(given: unknown, where: string): ClusterEntry {
  const entry = typeof given === 'string' ? fromText(given, where) : given;
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
    throw new ImproperlyConfigured(`${where}: it must be an object, or a text like orders=redis://host/0.`);
  const { name, broker } = entry as Record<string, unknown>;
  if (typeof name !== 'string' || !/^[a-z0-9-]{1,32}$/.test(name))
    throw new ImproperlyConfigured(
      `${where}: its 'name' stands in addresses and takes up to 32 of a-z, 0-9 and -${typeof name === 'string' ? `, so not ${JSON.stringify(name.slice(0, 100))}` : ''}.`,
    );
  for (const key of Object.keys(entry)) {
    if (OF_A_CLUSTER.includes(key)) continue;
    const near = nearest(key, OF_A_CLUSTER);
    throw new ImproperlyConfigured(
      `${where} (${name}): a cluster has no option '${key}' of its own. ${near ? `Did you mean '${near}'?` : `It takes ${OF_A_CLUSTER.join(', ')}; others stand beside clusters.`}`,
    );
  }
  if (broker === undefined || broker === null || broker === '')
    throw new ImproperlyConfigured(`${where} (${name}): its 'broker' is missing.`);
  return entry as ClusterEntry;
}

/** A URL may hold a password: it is not shown. */
function fromText(text: string, where: string): ClusterEntry {
  const at = text.indexOf('=');
  const name = text.slice(0, Math.max(at, 0)).trim();
  if (at < 1 || name.includes('://'))
    throw new ImproperlyConfigured(`${where}: write name=url, like orders=redis://host/0.`);
  return { name, broker: text.slice(at + 1).trim() };
}
