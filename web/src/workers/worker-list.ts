// The list of workers as data: totals that add up, deployments by what host names share, what is filtered by, who stands first. Pure.
// Drawing: worker-table.tsx. Holds: slots of a silent worker are in no total, and what is unknown is never 0.
import type { WorkerRow } from '../../../shared/wire/workers.ts';
import { count, plural } from '../ui/format.ts';
import type { FacetItem } from '../ui/list/facets.ts';
import type { FilterFields } from '../ui/list-filter.ts';
import { hostParts, stemsOf } from '../ui/table/stems.ts';

export interface FleetTotals {
  workers: number;
  online: number;
  late: number;
  offline: number;
  /** Of online workers whose pool size is known. */
  busy: number;
  slots: number;
  /** Online, its pool size not known yet. */
  unsized: number;
  /** Busy slots of these. */
  unsizedBusy: number;
  /** Slots of workers that are silent: nobody knows what they do. */
  silentSlots: number;
}

export function fleetTotals(workers: readonly WorkerRow[]): FleetTotals {
  const totals: FleetTotals = {
    workers: workers.length,
    online: 0,
    late: 0,
    offline: 0,
    busy: 0,
    slots: 0,
    unsized: 0,
    unsizedBusy: 0,
    silentSlots: 0,
  };
  for (const worker of workers) {
    totals[worker.status]++;
    if (worker.status !== 'online') totals.silentSlots += worker.concurrency ?? 0;
    else if (worker.concurrency === null) {
      totals.unsized++;
      totals.unsizedBusy += worker.active ?? 0;
    } else {
      totals.busy += worker.active ?? 0;
      totals.slots += worker.concurrency;
    }
  }
  return totals;
}

/** '66 of 88 slots busy, 8 more unknown on 1 silent worker' */
export function describeSlots(totals: FleetTotals): string {
  const silent = totals.late + totals.offline;
  const parts = [
    totals.slots > 0 && `${count(totals.busy)} of ${count(totals.slots)} slots busy`,
    totals.unsized > 0 &&
      `${count(totals.unsizedBusy)} busy on ${plural(totals.unsized, 'worker')} of unknown pool size`,
    totals.silentSlots > 0 && `${count(totals.silentSlots)} more unknown on ${plural(silent, 'silent worker')}`,
  ];
  return parts.filter(Boolean).join(', ');
}

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

const RANK = { offline: 0, late: 1, online: 2 } as const;

/** 0 for who needs a person most. */
export const troubleRank = ({ status }: WorkerRow): number => RANK[status] ?? 0;

/** What stands above the list. */
export const HEAD = {
  what: 'workers',
  placeholder: 'Name, queue:images, busy>4, status:late',
  groupings: [
    ['stem', 'By deployment'],
    ['node', 'By node'],
    ['flat', 'Flat'],
  ],
} as const;
export type WorkerGrouping = (typeof HEAD)['groupings'][number][0];

export const FACETS = ['offline', 'late', 'online', 'full', 'quiet'] as const;
export type Facet = (typeof FACETS)[number];

export const FACET: Record<Facet, { label: string; has: (worker: WorkerRow) => boolean }> = {
  offline: { label: 'offline', has: (w) => w.status === 'offline' },
  late: { label: 'late', has: (w) => w.status === 'late' },
  online: { label: 'online', has: (w) => w.status === 'online' },
  full: {
    label: 'all slots busy',
    has: (w) => w.status === 'online' && w.concurrency !== null && (w.active ?? 0) >= w.concurrency,
  },
  quiet: { label: 'no task events', has: (w) => w.status === 'online' && w.task_events === false },
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
    pool: pools.size === 1 ? workers[0]!.pool : 'several',
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
    offline > 0 && `${offline} offline`,
    late > 0 && `${late} late`,
    full && 'all slots busy',
    quiet > 0 && `${quiet} without task events`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** ' online, 5 to 8 slots busy' */
export function restOfWorkers(workers: readonly WorkerRow[]): string {
  const busy = workers.map((w) => w.active).filter((n) => n !== null);
  const words = workers.every((w) => w.status === 'online') ? ' online' : '';
  if (busy.length === 0) return words;
  const [low, high] = [Math.min(...busy), Math.max(...busy)];
  return `${words}, ${low === high ? low : `${low} to ${high}`} ${high === 1 ? 'slot' : 'slots'} busy`;
}

/**
 * What tells each worker from the others: its name without the host's domain, as long as no two look alike.
 * The whole name is on hover and on its page.
 */
export function workerLabels(hostnames: readonly string[]): Map<string, string> {
  const short = (name: string) => name.replace(/(?<=@[^.]+)\..*$/, '');
  const times = new Map<string, number>();
  for (const name of hostnames) times.set(short(name), (times.get(short(name)) ?? 0) + 1);
  return new Map(hostnames.map((name) => [name, times.get(short(name)) === 1 ? short(name) : name]));
}
