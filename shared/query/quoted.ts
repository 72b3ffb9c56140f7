// A value in a query, as it is typed. Not here: reading it (lexer.ts, parser.ts).

/** A value as it is typed: bare where nothing in it could be taken for something else, else in quotes. */
export function quoted(text: string): string {
  if (/^[\p{L}\p{N}_][\p{L}\p{N}_.@%+#$!?-]*$/u.test(text) && !/^(?:AND|OR|NOT)$/.test(text)) return text;
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
