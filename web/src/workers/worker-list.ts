// The list of workers as data: deployments by what host names share, their sums, what is filtered by. Pure. Totals: fleet.ts.
// Drawing: worker-table.tsx. Holds: what is unknown is never 0.

import type { WorkerRow } from '../../../shared/wire/workers.ts';
import { t, tn } from '../language/text.ts';
import type { FacetItem } from '../ui/list/facets.ts';
import type { FilterFields } from '../ui/list-filter.ts';
import { hostParts, stemsOf } from '../ui/table/stems.ts';
import { type FleetTotals, fleetTotals } from './fleet.ts';

/** 'celery@web-3.prod.internal': host 'web-3'; 'mail@app-1': 'mail', since who names workers names them by what they do. */
function deploymentName(hostname: string): string {
  const at = hostname.indexOf('@');
  const name = at < 0 ? '' : hostname.slice(0, at);
  const host = hostname.slice(at + 1).split('.')[0]!;
  return name === '' || name === 'celery' ? host : name;
}

/** Worker to what its deployment's names share; '' for those that stand alone. */
export function deploymentsOf(workers: readonly WorkerRow[]): Map<string, string> {
  const byName = stemsOf(
    workers.map(({ hostname }) => String(hostname)),
    (hostname) => hostParts(deploymentName(hostname)),
  );
  return byName;
}

/** Worker to the node it runs on: the host of its name. */
export function nodesOf(workers: readonly Pick<WorkerRow, 'hostname'>[]): Map<string, string> {
  return new Map(workers.map(({ hostname }) => [hostname, hostname.slice(hostname.indexOf('@') + 1)]));
}

/** What stands above the list. */
export const HEAD = {
  what: 'workers',
  placeholder: t('Name, queue:images, busy>4, status:late'),
  groupings: [
    ['stem', t('By deployment')],
    ['node', t('By node')],
    ['flat', t('Flat')],
  ],
} as const;
export type WorkerGrouping = (typeof HEAD)['groupings'][number][0];

export const FACETS = ['offline', 'late', 'online', 'full', 'quiet'] as const;
type Facet = (typeof FACETS)[number];

export const FACET: Record<Facet, { label: string; has: (worker: WorkerRow) => boolean }> = {
  offline: { label: t('worker|offline'), has: (w) => w.status === 'offline' },
  late: { label: t('worker|late'), has: (w) => w.status === 'late' },
  online: { label: t('worker|online'), has: (w) => w.status === 'online' },
  full: {
    label: t('all slots busy'),
    has: (w) => w.status === 'online' && w.concurrency !== null && (w.active ?? 0) >= w.concurrency,
  },
  quiet: { label: t('no task events'), has: (w) => w.status === 'online' && w.task_events === false },
};

const ICON: Partial<Record<Facet, FacetItem['icon']>> = { offline: 'offline', late: 'late', online: 'online' };

/** What one can keep of the list, each with how many there are. */
export const facetsOf = (workers: readonly WorkerRow[]): FacetItem[] =>
  FACETS.map((id) => ({
    id,
    label: FACET[id].label,
    n: workers.filter(FACET[id].has).length,
    icon: ICON[id],
    state: ICON[id],
  }));

export const FILTER: FilterFields<WorkerRow> = {
  text: (w) => `${w.hostname} ${w.queues.join(' ')}`,
  fields: {
    name: (w) => w.hostname,
    queue: (w) => w.queues,
    status: (w) => w.status,
    pool: (w) => w.pool,
    busy: (w) => w.active,
    slots: (w) => w.concurrency,
    failed: (w) => w.failed_last_hour,
    processed: (w) => w.processed,
    load: (w) => w.loadavg?.[0] ?? null,
    version: (w) => w.sw_ver,
  },
};

/** A deployment as one row: its sums, with `totals` for its slots. */
export interface WorkerLine extends WorkerRow {
  totals?: FleetTotals;
}

export function sumWorkers(stem: string, workers: readonly WorkerRow[]): WorkerLine {
  const totals = fleetTotals(workers);
  const heard = workers.map((w) => w.last_heard).filter((at) => at !== null);
  const pools = new Set(workers.map((w) => w.pool));
  const loads = workers.flatMap((w) => (w.status === 'online' && w.loadavg?.[0] !== undefined ? [w.loadavg[0]] : []));
  const sum = (pick: (w: WorkerRow) => number | null) => workers.reduce((n, w) => n + (pick(w) ?? 0), 0);
  return {
    ...workers[0]!,
    hostname: stem,
    status: totals.offline > 0 ? 'offline' : totals.late > 0 ? 'late' : 'online',
    last_heard: heard.length > 0 ? Math.min(...heard) : null,
    active: totals.busy,
    concurrency: totals.slots,
    processed: total(workers.map((w) => w.processed)),
    pool: pools.size === 1 ? workers[0]!.pool : t('pools|several'),
    loadavg: loads.length > 0 ? [Math.max(...loads)] : null,
    queues: [...new Set(workers.flatMap((w) => w.queues))].sort(),
    finished_per_min: addUp(workers.map((w) => w.finished_per_min)),
    per_min: total(workers.map((w) => (w.status === 'online' ? w.per_min : null))),
    failed_last_hour: sum((w) => w.failed_last_hour),
    totals,
  };
}

/** By place from the end, for a shorter list began later; null where nobody listened. */
function addUp(lists: readonly (readonly (number | null)[])[]): (number | null)[] {
  const length = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length }, (_, i) => total(lists.map((list) => list[list.length - length + i] ?? null)));
}

/** null: none of them is known. */
function total(values: readonly (number | null)[]): number | null {
  return values.every((n) => n === null) ? null : values.reduce<number>((sum, n) => sum + (n ?? 0), 0);
}

/** '48, 2 offline, 1 late' */
export function deploymentNote(workers: readonly WorkerRow[]): string {
  const { offline, late } = fleetTotals(workers);
  const full = workers.every(FACET.full.has);
  const quiet = workers.filter(FACET.quiet.has).length;
  return [
    String(workers.length),
    offline > 0 && t('{count} offline', { count: offline }),
    late > 0 && t('{count} late', { count: late }),
    full && t('all slots busy'),
    quiet > 0 && t('{count} without task events', { count: quiet }),
  ]
    .filter(Boolean)
    .join(', ');
}

/** ' online, 5 to 8 slots busy' */
export function restOfWorkers(workers: readonly WorkerRow[]): string {
  const busy = workers.map((w) => w.active).filter((n) => n !== null);
  const online = workers.every((w) => w.status === 'online');
  if (busy.length === 0) return online ? t(' online') : '';
  const [low, high] = [Math.min(...busy), Math.max(...busy)];
  const slots =
    low === high
      ? tn(high, '# slot busy', '# slots busy')
      : tn(high, '{low} to # slot busy', '{low} to # slots busy', { low });
  return online ? t(' online, {slots}', { slots }) : t(', {slots}', { slots });
}
