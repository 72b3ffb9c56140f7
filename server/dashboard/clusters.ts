// The clusters of a dashboard as options of one each: the common ones, and over them those of the entry (option `clusters`).
// Not here: reading the entries (options/clusters.ts), mounting them (several.ts).
// Holds: each keeps its history in a file of its own; what is wrong in an entry is told with its name.
import { ImproperlyConfigured } from '../errors.ts';
import { isUrl, parseUrl } from '../transport/url.ts';
import { ONLY_OF_ONE } from './options/clusters.ts';
import { type DashboardOptions, type Resolved, resolveOptions } from './options.ts';

/**
 * @param given as createDashboard was  @param common the same, resolved
 * @returns one for each cluster; the first answers at the root, too
 * @throws ImproperlyConfigured
 */
export function clustersOf(given: DashboardOptions, common: Resolved): Resolved[] {
  if (common.clusters === null) return [common];
  for (const name of ONLY_OF_ONE)
    if (given[name] !== undefined && given[name] !== null)
      throw new ImproperlyConfigured(`The option ${name} is said of each cluster in clusters, not beside it.`);
  const { clusters: _, user_data: __, ...shared } = given;
  const all = common.clusters.map((entry) => {
    const settings = { ...common.settings, ...entry.settings };
    try {
      const own = resolveOptions({ ...shared, db: namedAfter(common.db, entry.name), ...entry, settings });
      return Object.assign(own, { clusters: common.clusters });
    } catch (error) {
      if (!(error instanceof ImproperlyConfigured)) throw error;
      throw new ImproperlyConfigured(`Cluster ${entry.name}: ${error.message}`);
    }
  });
  for (const [i, { db, name }] of all.entries()) {
    const other = all.findIndex((one) => one.db === db && db !== ':memory:');
    if (other < i)
      throw new ImproperlyConfigured(
        `The clusters ${all[other]!.name} and ${name} have one history file: give each a db of its own.`,
      );
  }
  return all;
}

/** umbel-history.db: umbel-history.orders.db. */
function namedAfter(db: string, name: string): string {
  const path = isUrl(db) ? parseUrl(db).path : db;
  if (path === '' || path === ':memory:') return ':memory:';
  return db.replace(/(\.[a-z0-9]+)?$/i, (ending) => `.${name}${ending}`);
}
