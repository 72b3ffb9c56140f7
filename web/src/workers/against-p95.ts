// How long a running task has run beside the p95 of its name: one judgement, from which bar and words are both drawn. Pure.
// Drawing: active.tsx. Holds: a bar that is past its tick never says "within", and what is unknown is not compared.
import { t } from '../language/text.ts';

export interface AgainstP95 {
  /** Places on the bar, 0..1; null: there is no tick, it would lie beyond the end or p95 is unknown. */
  bar: { ran: number; p95: number | null };
  words: string;
  /** Worth a look: well past it, and for long enough to be more than the age of what the worker said. */
  isLong: boolean;
}

/** What workers say is a second or two old. @unit seconds */
const SURE_AFTER = 2;
const LONG = 1.2;

/** @param ran seconds; null: it did not say when it began  @param limit where the bar ends, seconds; null: it has none */
export function againstP95(ran: number | null, p95: number | null, limit: number | null): AgainstP95 {
  const end = limit ?? Math.max(ran ?? 0, (p95 ?? 0) * 2, 1);
  const bar = {
    ran: Math.min(1, (ran ?? 0) / end),
    p95: p95 !== null && p95 <= end ? p95 / end : null,
  };
  if (ran === null) return { bar, words: t('unknown'), isLong: false };
  if (p95 === null || p95 <= 0) return { bar, words: t('no p95 yet'), isLong: false };
  const times = ran / p95;
  if (times <= 1) return { bar, words: t('within'), isLong: false };
  const isLong = times > LONG && ran >= SURE_AFTER;
  return { bar, words: times < 1.05 ? t('just past') : t('{times} times', { times: shown(times) }), isLong };
}

const shown = (times: number): string => (times < 10 ? String(Number(times.toFixed(1))) : String(Math.round(times)));
