// How a rate limit is written: '10/m', '5/s', '100/h', '3', '0' for none. One syntax for page, dashboard and worker.
// Not here: handing out tokens (server/worker/rate-limit.ts), what a limit will do in words (web/src/workers/rate-effect.ts).
// Celery 5.6: utils/time.py rate

const SYNTAX = /^\s*(\d+(?:\.\d+)?)\s*(?:\/\s*([smh]))?\s*$/;

/** As workers read it, without the blanks that Python's choke on ('5 / s' -> '5/s'); null: it is no rate. */
export function plainRate(text: string): string | null {
  const [, count, unit] = SYNTAX.exec(text) ?? [];
  if (count === undefined) return null;
  return unit === undefined ? count : `${count}/${unit}`;
}
