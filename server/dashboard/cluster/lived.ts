// Which stretches of the wall clock this process has lived through, where somebody sets it: what was skipped was never lived, what came
// again was lived twice. A count over a stretch is a rate over the time that was lived.
// Not here: noticing that it was set (server/timer.ts); times that move along with it (last-time.ts).

/** From the start, or from the moment the clock was set, until it was set again. @unit seconds since the epoch, by the clock of then */
export interface Stretch {
  readonly from: number;
  readonly until: number;
}

/** Stretches further away than this are forgotten. @unit seconds */
const MAX_AGE = 2 * 3600;

/**
 * @param stretches those of before; none: the clock was not set yet
 * @param by how far it was set, negative when back  @param now by the new clock
 * @param startedAt when this process began to listen, by the new clock  @unit seconds
 */
export function afterClockSet(stretches: readonly Stretch[], by: number, now: number, startedAt: number): Stretch[] {
  const past = stretches.length > 0 ? stretches : [{ from: startedAt - by, until: Number.POSITIVE_INFINITY }];
  const ended = past.map(({ from, until }) => ({ from, until: Math.min(until, Math.max(from, now - by)) }));
  const near = ended.filter(({ from, until }) => until > now - MAX_AGE && from < now + MAX_AGE);
  return [...near, { from: now, until: Number.POSITIVE_INFINITY }];
}

/** How much of a span was lived through by now. Set back, what lies ahead may have been already. @unit seconds */
export function lived(stretches: readonly Stretch[], from: number, until: number, now: number): number {
  let sum = 0;
  for (const one of stretches) {
    const end = one.until === Number.POSITIVE_INFINITY ? now : one.until;
    sum += Math.max(0, Math.min(until, end) - Math.max(from, one.from));
  }
  return sum;
}
