// What fills a worker's prefetch window: running, reserved, waiting for an ETA or for a rate limit.
// Not here: how large the window is to be (worker/prefetch.ts).
// Holds: the parts add up to what is taken; what the worker did not say is null, never 0.
// Celery 5.6: worker/consumer/consumer.py (qos.increment_eventually for each ETA), worker/control.py (stats, reserved, scheduled)
import { listing } from '../../../shared/format/text.ts';
import type { PrefetchUse } from '../../../shared/wire/workers.ts';
import type { Inspected } from '../cluster/inspector.ts';

export interface PrefetchFacts {
  readonly inspected: Pick<Inspected, 'stats' | 'active' | 'reserved' | 'scheduled' | 'complete'>;
  /** Of the tasks it holds by its events and names in no list, those of a rate-limited name; null: its limits are not known. */
  readonly unlisted_limited: number | null;
}

export function prefetchUse({ inspected, unlisted_limited }: PrefetchFacts): PrefetchUse | null {
  const { stats, active, reserved, scheduled, complete } = inspected;
  if (complete === 0) return null;
  const size = typeof stats?.prefetch_count === 'number' ? stats.prefetch_count : null;
  // A task acknowledged at its start has left the window.
  const running = active.filter((r) => r.acknowledged !== true).length;
  const isLimited = (r: { rate_limited?: boolean }) => r.rate_limited === true;
  const listed_limited = reserved.filter(isLimited).length;
  const held = { running, reserved: reserved.length - listed_limited, eta: scheduled.length };
  const rate_limited = unlisted_limited === null ? null : unlisted_limited + listed_limited;
  const taken = held.running + held.reserved + held.eta + (rate_limited ?? 0);
  const parts = [
    part(held.running, taken, 'running'),
    part(held.reserved, taken, 'waiting for a slot'),
    part(held.eta, taken, 'waiting for their ETA', 'waiting for its ETA'),
    part(rate_limited ?? 0, taken, 'held by a rate limit'),
  ].filter((text) => text !== null);
  const of =
    size === null
      ? `${taken} taken, of how many is unknown`
      : size === 0
        ? `${taken} taken, no limit`
        : `${taken} of ${size} taken`;
  const doubt = rate_limited === null ? ' How many a rate limit holds is unknown.' : '';
  return {
    window: size === 0 ? null : size,
    unlimited: size === 0,
    taken,
    ...held,
    rate_limited,
    sentence: `${of}${parts.length > 0 ? `, ${listing(parts)}` : ''}.${doubt}`,
    known_at: complete,
  };
}

/** "all waiting for their ETA", "3 running"; null: none. */
function part(n: number, all: number, words: string, one = words): string | null {
  if (n === 0) return null;
  if (n === all) return n === 1 ? one : `all ${words}`;
  return `${n} ${n === 1 ? one : words}`;
}
