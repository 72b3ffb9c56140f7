// Waiting in tests: for a condition, never for a time. The deadline says what it waited for.

/** Only a failing test waits so long: the machine may be slow, and busy with other tests. @unit milliseconds */
const PATIENCE_MS = 120_000;

/** Resolves with the first truthy value of `condition`. What it throws counts as "not yet" and is told at the deadline. */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  { timeoutMs = PATIENCE_MS, everyMs = 5 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<Exclude<T, false | null | undefined | 0 | ''>> {
  const deadline = Date.now() + timeoutMs;
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
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
