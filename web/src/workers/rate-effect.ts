// Rate limits as Celery writes them ('10/m', '5/s', '100/h', '3'), and what one will do, in words. Pure.

import { plainRate } from '../../../shared/rate.ts';
import { t } from '../language/text.ts';

export type Rate = { ok: true; text: string; perMin: number | null } | { ok: false; reason: string };

const UNIT: Record<string, number> = { s: 60, m: 1, h: 1 / 60 };

/** Nothing, 'none' or 0 lifts the limit: '0' on the wire. */
export function readRate(input: string): Rate {
  const text = input.trim().toLowerCase();
  if (text === '' || text === 'none' || text === '0') return { ok: true, text: '0', perMin: null };
  const plain = plainRate(text);
  if (plain === null) return { ok: false, reason: t('A rate is a number by s, m or h: 10/m') };
  const [count, unit = 's'] = plain.split('/');
  const n = Number(count);
  if (n === 0) return { ok: true, text: '0', perMin: null };
  return { ok: true, text: `${count}/${unit}`, perMin: n * UNIT[unit]! };
}

/** undefined: not readable. null: no limit. */
export function readSeconds(input: string): number | null | undefined {
  const text = input.trim().toLowerCase().replace(/\s*s$/, '');
  if (text === '' || text === 'none') return null;
  if (!/^\d+(\.\d+)?$/.test(text)) return undefined;
  return Number(text) || null;
}

const short = (n: number) => (n < 10 ? String(Number(n.toFixed(1))) : String(Math.round(n)));

/** 'At most 60/m on this worker. It runs 100/m here now, so about 40 a minute will wait.' @param runsPerMin here; null: not known yet */
export function limitEffect(rate: Extract<Rate, { ok: true }>, workers: number, runsPerMin: number | null): string {
  if (rate.perMin === null)
    return workers === 1
      ? t('No limit on this worker: it runs as fast as slots allow.')
      : t('No limit on {workers} workers: it runs as fast as slots allow.', { workers });
  const most =
    workers === 1
      ? t('At most {rate} on this worker.', { rate: rate.text })
      : t('At most {rate} on each of {workers} workers, {all}/m in all.', {
          rate: rate.text,
          workers,
          all: short(rate.perMin * workers),
        });
  if (runsPerMin === null) return t('{most} How fast it runs here is not known yet.', { most });
  const over = runsPerMin - rate.perMin;
  if (over <= 0.5)
    return t('{most} It runs {runs}/m here now, so nothing will wait.', { most, runs: short(runsPerMin) });
  return t('{most} It runs {runs}/m here now, so about {over} a minute will wait.', {
    most,
    runs: short(runsPerMin),
    over: short(over),
  });
}
