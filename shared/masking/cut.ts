// Stretches of a text that are to be hidden, and where quotes and brackets end.
// Holds: whatever the text, an end is found: that of the text where nothing closes.

/** A stretch of text and what stands in its place. */
export interface Cut {
  readonly from: number;
  readonly to: number;
  readonly by: string;
}

/** Where the text in quotes that begins at `from` ends: at a quote behind as many backslashes as the opening one had. */
export function stringEnd(text: string, from: number, quote: string, slashes: number): number {
  const triple = text.startsWith(quote + quote, from) ? quote.repeat(3) : null;
  if (triple !== null && slashes === 0) {
    const end = text.indexOf(triple, from + 2);
    return end < 0 ? text.length : end;
  }
  let run = 0;
  for (let i = from; i < text.length; i++) {
    const char = text[i]!;
    if (char === '\\') run++;
    else {
      if (char === quote && (slashes === 0 ? run % 2 === 0 : run <= slashes)) return i - (slashes === 0 ? 0 : run);
      run = 0;
    }
  }
  return text.length;
}

/** Behind the bracket that closes the one at `at`; brackets within quotes do not count. */
export function closing(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const char = text[i]!;
    if (char === '[' || char === '{' || char === '(') depth++;
    else if (char === ']' || char === '}' || char === ')') {
      if (--depth === 0) return i + 1;
    } else if (char === '"' || char === "'") i = stringEnd(text, i + 1, char, 0);
  }
  return text.length;
}
