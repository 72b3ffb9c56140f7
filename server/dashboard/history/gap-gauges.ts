// Gaps in the events as they stand in the history: gauges named 'gap:...', in the bucket of the second in which a gap began.
// Not here: finding and counting them (cluster/gaps.ts).
// Holds: what is unknown is stored as such, never as 0; what an older version stored is read.
import type { Precision } from '../../../shared/wire/count.ts';
import type { EventGap } from '../../../shared/wire/series.ts';

export type KnownGap = Required<EventGap>;

const CAUSES: readonly KnownGap['cause'][] = ['broker-away', 'not-running', 'stood-still', 'not-written'];
const PRECISIONS: readonly Precision[] = ['about', 'exact', 'at_least'];
const UNKNOWN = -1;

/** One that has ended. */
export function gapGauges(gap: KnownGap): { values: Record<string, number>; bucket: number } {
  const values = {
    'gap:until': gap.until ?? gap.since,
    'gap:events': gap.events ?? UNKNOWN,
    'gap:tasks': gap.tasks ?? UNKNOWN,
    'gap:cause': CAUSES.indexOf(gap.cause),
    'gap:events_is': PRECISIONS.indexOf(gap.events_is),
    'gap:tasks_is': PRECISIONS.indexOf(gap.tasks_is),
  };
  return { values, bucket: Math.floor(gap.since) };
}

/** Oldest first. */
export function readGaps(gauges: readonly { name: string; bucket: number; value: number }[]): KnownGap[] {
  const gaps = new Map<number, KnownGap>();
  for (const { name, bucket, value } of gauges) {
    const gap: KnownGap = gaps.get(bucket) ?? {
      since: bucket,
      until: bucket,
      tasks: null,
      tasks_is: 'exact',
      events: 0,
      events_is: 'about',
      cause: 'broker-away',
    };
    gaps.set(bucket, gap);
    const known = value === UNKNOWN ? null : value;
    if (name === 'gap:until') gap.until = value;
    else if (name === 'gap:events') gap.events = known;
    else if (name === 'gap:tasks') gap.tasks = known;
    else if (name === 'gap:cause') gap.cause = CAUSES[value] ?? 'broker-away';
    else if (name === 'gap:events_is') gap.events_is = PRECISIONS[value] ?? 'about';
    else if (name === 'gap:tasks_is') gap.tasks_is = PRECISIONS[value] ?? 'exact';
  }
  return [...gaps.values()].sort((a, b) => a.since - b.since);
}
