// Workers taken together: totals that add up, who stands first, what tells each from the others. Pure. As a list: worker-list.ts.
// Holds: slots of a silent worker are in no total.

import type { WorkerRow } from '../../../shared/wire/workers.ts';
import { t, tn } from '../language/text.ts';

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
    totals.slots > 0 && t('{busy} of {slots} slots busy', { busy: totals.busy, slots: totals.slots }),
    totals.unsized > 0 &&
      tn(
        totals.unsized,
        '{busy} busy on # worker of unknown pool size',
        '{busy} busy on # workers of unknown pool size',
        {
          busy: totals.unsizedBusy,
        },
      ),
    totals.silentSlots > 0 &&
      tn(silent, '{slots} more unknown on # silent worker', '{slots} more unknown on # silent workers', {
        slots: totals.silentSlots,
      }),
  ];
  return parts.filter(Boolean).join(', ');
}

const RANK = { offline: 0, late: 1, online: 2 } as const;

/** 0 for who needs a person most. */
export const troubleRank = ({ status }: WorkerRow): number => RANK[status] ?? 0;

const UNNAMED = 'celery@';

/**
 * What tells each worker from the others: its name without the host's domain, and without the 'celery@' that all have when nobody
 * named them, as long as no two look alike.
 * The whole name is on hover and on its page.
 */
export function workerLabels(hostnames: readonly string[]): Map<string, string> {
  const unnamed = hostnames.length > 1 && hostnames.every((name) => name.startsWith(UNNAMED));
  const short = (name: string) => name.replace(/(?<=@[^.]+)\..*$/, '').slice(unnamed ? UNNAMED.length : 0);
  const times = new Map<string, number>();
  for (const name of hostnames) times.set(short(name), (times.get(short(name)) ?? 0) + 1);
  return new Map(hostnames.map((name) => [name, times.get(short(name)) === 1 ? short(name) : name]));
}
