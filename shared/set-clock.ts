// A time that was noted before this machine's wall clock was set, by that clock as it stands now: what began ten minutes ago began ten
// minutes ago.
// Not here: noticing that it was set (server/timer.ts).

/** Within so long it is noticed: times younger than that are by the new clock already. @unit seconds */
const NOTICED_WITHIN = 2;

/** @param by how far it was set, negative when back  @param now by the new clock  @unit seconds */
export function bySetClock(at: number, by: number, now: number): number {
  return at > now - NOTICED_WITHIN && at <= now ? at : at + by;
}
