// Text as it stands in the file. SQLite's drivers end a bound text at its first NUL (Node 20), and UTF-8 has no lone surrogates:
// both are written as an escape, and read back as they were.
// Holds: decodeText(encodeText(s)) === s for every string; text without such characters is stored as it is.

/** A character of the private use area begins an escape: four hexadecimal digits follow. */
const ESCAPE = '\uf8ff';
const EVERY = /[\0\uf8ff\p{Surrogate}]/gu;

export function encodeText(text: string): string {
  // Node 20 has isWellFormed; the library of types that goes with it comes with a later target.
  const isWellFormed = (text as unknown as { isWellFormed(): boolean }).isWellFormed();
  if (isWellFormed && !text.includes('\0') && !text.includes(ESCAPE)) return text;
  return text.replace(EVERY, (c) => ESCAPE + c.charCodeAt(0).toString(16).padStart(4, '0'));
}

export function decodeText(text: string): string {
  if (!text.includes(ESCAPE)) return text;
  return text.replace(/\uf8ff([0-9a-f]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Every text of a row as it was. Changes the row. */
export function decodeRow<T>(row: T): T {
  const values = row as Record<string, unknown>;
  for (const key in values) {
    const value = values[key];
    if (typeof value === 'string' && value.includes(ESCAPE)) values[key] = decodeText(value);
  }
  return row;
}
