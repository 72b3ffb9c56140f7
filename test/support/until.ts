// Waiting in tests: for a condition, never for a time. The deadline says what it waited for.

/** Only a failing test waits so long: the machine may be slow, and busy with other tests. @unit milliseconds */
const PATIENCE_MS = 120_000;
/** At first it is looked every few milliseconds, then less often the longer it takes: what looks may cost those it waits for their time. */
const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;
/** Of the time waited so far. */
const PAUSE_SHARE = 1 / 20;

/** Resolves with the first truthy value of `condition`. What it throws counts as "not yet" and is told at the deadline. */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  { timeoutMs = PATIENCE_MS, everyMs }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<Exclude<T, false | null | undefined | 0 | ''>> {
  const begun = Date.now();
  const deadline = begun + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as Exclude<T, false | null | undefined | 0 | ''>;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms for ${what}`, last === undefined ? undefined : { cause: last });
    }
    const longer = Math.min((Date.now() - begun) * PAUSE_SHARE, LONGEST_PAUSE_MS);
    const pause = everyMs ?? Math.max(longer, SHORTEST_PAUSE_MS);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
