// A value in quotes that the text writes as escapes: HTML's &quot; and &#39; (a page of errors within an exception), an address's %22.
// Not here: letters written so (escapes.ts), quotes behind backslashes (texts.ts).
// Holds: what is looked for is bounded, but for the end of the value.
import { MASK } from '../secret-names.ts';
import type { Cut } from './cut.ts';

const QUOTE = '(&(?:quot|apos|#0?3[49]|#x2[27]);|%2[27])';
/** The quote that closes the name, what stands between, and the quote that opens the value. */
const BETWEEN = new RegExp(`^${QUOTE}(?:\\s|%20|\\+){0,4}(?::|=|,|%3a|%3d|%2c)(?:\\s|%20|\\+){0,4}[bru]?${QUOTE}`, 'i');

/** The value of the name that ends at `to`; null: no such quote closes it, or none opens a value. */
export function writtenQuoteCut(text: string, to: number): Cut | null {
  const found = BETWEEN.exec(text.slice(to, to + 48));
  if (found === null) return null;
  const from = to + found[0].length;
  const quote = found[2]!;
  // Both ways to write one quote are of one text: the value ends as it begins.
  const end = text.indexOf(quote, from);
  return { from, to: end < 0 ? text.length : end, by: MASK };
}
