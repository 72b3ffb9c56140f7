// Texts of others made safe for a log or a terminal: what would move the cursor, begin a line, colour or reverse what stands beside it
// is written as an escape ('\n', '\x1b', '\u202e'), as Python's repr does.
// Not here: how pages draw them (web/src/ui/invisible.ts).
// Holds: what comes out has no control character and no control of direction; `escapeLines` keeps line feeds and tabs, `escapeJson` what lays JSON
// out, and those alone.

// C0 and C1 controls, line and paragraph separators, marks and overrides of direction (Unicode TR9), tags and the zero width no-break space.
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to go
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** On one line. */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, escapeOf);
}

/** Line by line: for what is meant to have lines, such as a traceback. Tabs stay, since sources have them. */
export function escapeLines(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .replace(UNSAFE, (char) => (char === '\n' || char === '\t' ? char : escapeOf(char)));
}

/** JSON that means the same: it escapes the controls below a space itself, and the others stand in its texts as they are. */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (char) =>
    char < ' ' ? char : `\\u${char.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}

function escapeOf(char: string): string {
  const named = NAMED[char];
  if (named) return named;
  const code = char.codePointAt(0)!;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
