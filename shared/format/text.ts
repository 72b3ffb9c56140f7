// Counts, shares, sizes, plurals and cut names as the pages, the command line and the logs show them.
// Not here: times and durations (time.ts).
// Holds: the exact value is always recoverable by the caller; nothing here depends on the reader's locale.

/** Exact below 10,000 ("9,999"), then "12.4k", "3.1M", "2.0G"; never rounded up into the next unit. Null is "". */
export function formatCount(count: number | null | undefined): string {
  if (count === null || count === undefined || !Number.isFinite(count)) return '';
  if (count < 0) return `-${formatCount(-count)}`;
  if (count < 10_000) return formatExact(Math.round(count));
  for (const [size, unit] of COUNT_UNITS) {
    if (count >= size) {
      const scaled = count / size;
      return scaled < 100 ? `${floorTo(scaled, 1)}${unit}` : `${Math.floor(scaled)}${unit}`;
    }
  }
  return formatExact(count);
}
const COUNT_UNITS = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** Every digit, in groups of three: "1,284,090". What stands on hover. */
export function formatExact(count: number): string {
  const [whole, fraction] = String(Math.abs(count)).split('.') as [string, string?];
  const grouped = whole.includes('e') ? whole : whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${count < 0 ? '-' : ''}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** Per minute or second: one place below ten, "0.4", "7.5", else as a count. */
export function formatRate(rate: number | null | undefined): string {
  if (rate === null || rate === undefined || !Number.isFinite(rate)) return '';
  if (Math.abs(rate) >= 9.95) return formatCount(Math.round(rate));
  return rate.toFixed(1).replace(/\.0$/, '');
}

/** "512 B", "1.3 kB", "42 kB", "412 MB": thousands, as disks and networks count. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return '';
  if (bytes < 0) return `-${formatBytes(-bytes)}`;
  let value = bytes;
  let unit = 0;
  while (unit < BYTE_UNITS.length - 1 && value >= (unit === 0 ? 1000 : 999.5)) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** "1 task", "3 tasks", "12.4k tasks"; irregular words give their plural. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** "a", "a and b", "a, b and c". */
export function listing(items: readonly string[], conjunction = 'and'): string {
  if (items.length < 2) return items[0] ?? '';
  return `${items.slice(0, -1).join(', ')} ${conjunction} ${items.at(-1)}`;
}

/** A task name as its module, which may be faint, and its function, which never shortens: ["shop.orders.", "charge_card"]. */
export function splitTaskName(name: string): { module: string; function: string } {
  const dot = name.lastIndexOf('.');
  return { module: name.slice(0, dot + 1), function: name.slice(dot + 1) };
}

/** The end cut, never within a character: "a long sent...". */
export function truncate(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const kept = text.slice(0, Math.max(0, maxLength - 3));
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}...`;
}

/** The middle cut, for what differs at its end as much as at its beginning: "celery@payments-wo...7f9c-x2k4". */
export function shortenMiddle(name: string, maxLength: number): string {
  const letters = [...name];
  if (letters.length <= maxLength) return name;
  const kept = Math.max(2, maxLength - 3);
  const head = Math.ceil(kept * 0.6);
  return `${letters.slice(0, head).join('')}...${letters.slice(letters.length - (kept - head)).join('')}`;
}

/** The eight characters of an id that lists show. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

function floorTo(value: number, places: number): string {
  const scale = 10 ** places;
  return (Math.floor(value * scale + 1e-9) / scale).toFixed(places);
}
