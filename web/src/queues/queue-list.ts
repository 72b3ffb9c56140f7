// The list of queues as data: stems, sums, what is filtered by. Pure. Drawing: queue-table.tsx.

import type { QueueRow } from '../../../shared/wire/queues.ts';
import { t, tn } from '../language/text.ts';
import type { FacetItem } from '../ui/list/facets.ts';
import type { FilterFields } from '../ui/list-filter.ts';
import { queueParts, stemsOf } from '../ui/table/stems.ts';
import { isPaused, isStranded } from './stranded.ts';

/** Queue to the beginning that it shares with others: 'orders.'; '' for those that stand alone. */
export function queueStems(queues: readonly QueueRow[]): Map<string, string> {
  return stemsOf(
    queues.map(({ name }) => String(name)),
    queueParts,
  );
}

/** Enqueued per minute: what leaves and what it grows by. */
export const arrives = (q: QueueRow): number | null =>
  q.per_min === null || q.out_per_min === null ? null : Math.max(0, q.per_min + q.out_per_min);

/** What stands above the list. */
export const HEAD = {
  what: 'queues',
  placeholder: t('Name, waiting>100, oldest>5m, consumers:0'),
  groupings: [
    ['stem', t('By stem')],
    ['flat', t('Flat')],
  ],
} as const;

export const FACETS = ['stranded', 'grows', 'paused', 'waiting', 'empty'] as const;
type Facet = (typeof FACETS)[number];

export const FACET: Record<Facet, { label: string; has: (queue: QueueRow) => boolean }> = {
  stranded: { label: t('no consumer'), has: isStranded },
  grows: { label: t('queue|growing'), has: (q) => q.growing },
  paused: { label: t('queue|paused'), has: isPaused },
  waiting: { label: t('queue|waiting'), has: (q) => (q.messages ?? 0) > 0 },
  empty: { label: t('queue|empty'), has: (q) => q.messages === 0 },
};

const LOOK: Record<Facet, Pick<FacetItem, 'icon' | 'state'>> = {
  stranded: { icon: 'FAILURE', state: 'FAILURE' },
  grows: { icon: 'rising' },
  paused: { icon: 'pause' },
  waiting: {},
  empty: {},
};

/** What one can keep of the list, each with how many there are. */
export const facetsOf = (queues: readonly QueueRow[]): FacetItem[] =>
  FACETS.map((id) => ({ id, label: FACET[id].label, n: queues.filter(FACET[id].has).length, ...LOOK[id] }));

/** @param now for the age of the oldest, seconds */
export function filterFields(now: () => number): FilterFields<QueueRow> {
  return {
    text: (q) => q.name,
    fields: {
      name: (q) => q.name,
      waiting: (q) => q.messages,
      consumers: (q) => q.consumers ?? q.workers.length,
      worker: (q) => q.workers,
      net: (q) => q.per_min,
      in: arrives,
      out: (q) => q.out_per_min,
      oldest: (q) => (q.oldest === null ? null : now() - q.oldest),
      unacked: (q) => q.unacked,
    },
  };
}

/** Those of one stem as one row. */
export function sumQueues(stem: string, queues: readonly QueueRow[]): QueueRow {
  const sum = (pick: (q: QueueRow) => number | null): number | null =>
    queues.every((q) => pick(q) === null) ? null : queues.reduce((n, q) => n + (pick(q) ?? 0), 0);
  const messages = sum((q) => q.messages);
  const perMin = sum((q) => q.per_min);
  const oldest = queues.map((q) => q.oldest).filter((at) => at !== null);
  const workers = [...new Set(queues.flatMap((q) => q.workers))].sort();
  const byPriority: Record<string, number> = {};
  for (const q of queues)
    for (const [step, n] of Object.entries(q.by_priority)) byPriority[step] = (byPriority[step] ?? 0) + n;
  const length = Math.max(0, ...queues.map((q) => q.depth.length));
  return {
    name: stem,
    messages,
    by_priority: byPriority,
    unacked: sum((q) => q.unacked),
    workers,
    // The same worker consumes several of them: counted once, where workers say it.
    consumers: workers.length > 0 ? workers.length : sum((q) => q.consumers),
    oldest: oldest.length > 0 ? Math.min(...oldest) : null,
    per_min: perMin,
    out_per_min: sum((q) => q.out_per_min),
    drain: messages && perMin !== null && perMin < 0 ? (messages / -perMin) * 60 : null,
    growing: queues.some((q) => q.growing),
    depth: Array.from({ length }, (_, i) => {
      const at = queues.map((q) => q.depth[q.depth.length - length + i]).filter((n) => n !== null && n !== undefined);
      return at.length > 0 ? at.reduce((a, b) => a + b, 0) : null;
    }),
    probed: queues[0]?.probed ?? null,
  };
}

/** '128, 4 grow' */
export function stemNote(queues: readonly QueueRow[]): string {
  const stranded = queues.filter(isStranded).length;
  const growing = queues.filter((q) => q.growing).length;
  const empty = queues.every((q) => q.messages === 0);
  return [
    String(queues.length),
    stranded === queues.length
      ? t('all without a consumer')
      : stranded > 0 && t('{count} without a consumer', { count: stranded }),
    growing > 0 && tn(growing, '# grows', '# grow'),
    empty && t('queue|empty'),
  ]
    .filter(Boolean)
    .join(', ');
}

/** ', none growing, 0 to 88 waiting' */
export function restOfQueues(queues: readonly QueueRow[]): string {
  if (queues.every(isStranded)) return t(' without a consumer');
  const depths = queues.map((q) => q.messages).filter((n) => n !== null);
  const grows = queues.some((q) => q.growing) ? '' : t(', none growing');
  if (depths.length === 0) return grows;
  const [low, high] = [Math.min(...depths), Math.max(...depths)];
  const waiting = low === high ? t(', {count} waiting', { count: low }) : t(', {low} to {high} waiting', { low, high });
  return grows + waiting;
}
