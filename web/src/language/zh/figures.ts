// Numbers and lengths of time in Chinese, by Intl, with the precision that shared/format gives them: '1.2万', '2分21秒', '198毫秒'.
// Holds: nothing here or beside it imports anything from outside of this folder: what the pages load first waits for these files.

const EXACT = new Intl.NumberFormat('zh-CN', { maximumFractionDigits: 0 });
const COMPACT = new Intl.NumberFormat('zh-CN', {
  notation: 'compact',
  maximumFractionDigits: 1,
  roundingMode: 'trunc',
} as Intl.NumberFormatOptions);

/** Exact below 10,000, then '1.2万', never rounded up. */
export function count(value: number): string {
  return Math.abs(value) < 10_000 ? EXACT.format(value) : COMPACT.format(value);
}

const UNITS: Readonly<Record<string, string>> = { ms: 'millisecond', s: 'second', m: 'minute', h: 'hour', d: 'day' };
const SIZES: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** Every '2 m 21 s' and '12.4k' of a text. */
export function figures(text: string): string {
  return text
    .replace(
      /([\d,]*\d(?:\.\d+)?) (ms|[smhd])(?![\w/])(?: (\d+) ([smh])(?![\w/]))?/g,
      (_, first: string, unit: string, second?: string, lower?: string) =>
        second === undefined
          ? length(first, unit)
          : `${length(first, unit).replace('分钟', '分')}${length(second, lower!)}`,
    )
    .replace(/\b(\d+(?:\.\d+)?)([kMGT])(?!\w)/g, (_, digits: string, size: string) =>
      COMPACT.format(Number(digits) * SIZES[size]!),
    );
}

function length(digits: string, unit: string): string {
  return new Intl.NumberFormat('zh-CN', {
    style: 'unit',
    unit: UNITS[unit]!,
    unitDisplay: unit === 'ms' ? 'short' : 'narrow',
    minimumFractionDigits: digits.split('.')[1]?.length ?? 0,
  }).format(Number(digits.replaceAll(',', '')));
}
