// The sentences that a source of the server holds, for the test that each has its Chinese: whole ones, those put together of parts too.
// Not here: texts of the pages (house-texts.ts).
import { parseSync } from 'vite';

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** What is said to a log or to whoever starts the program. */
const NOT_FOR_PAGES = /\b(?:log|#log)\??\.\w+$|^(?:ImproperlyConfigured|Error|SyntaxError|TypeError)$/;

/** Each with its parts: what stands between the places where something is set in. A text without places is one part. */
export function sentencesIn(path: string, code: string): string[][] {
  const found: string[][] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) {
      for (const one of node) visit(one);
      return;
    }
    if (typeof node !== 'object' || node === null) return;
    const { type } = node as Node;
    if (type === 'ImportDeclaration') return;
    if (type === 'CallExpression' || type === 'NewExpression') {
      const { start, end } = (node as Node)['callee'] as { start: number; end: number };
      if (NOT_FOR_PAGES.test(code.slice(start, end))) return;
    }
    const parts = partsOf(node as Node);
    if (parts !== null && isSentence(parts)) found.push(parts);
    for (const value of Object.values(node)) visit(value);
  };
  visit(parseSync(path, code).program.body);
  return found;
}

function partsOf(node: Node): string[] | null {
  if (node.type === 'Literal') return typeof node['value'] === 'string' ? [node['value']] : null;
  if (node.type !== 'TemplateLiteral') return null;
  return (node['quasis'] as { value: { cooked: string } }[]).map(({ value }) => value.cooked);
}

/** Begins as one or with a place, ends as one, and has words of its own. */
function isSentence(parts: readonly string[]): boolean {
  const text = parts.join('\0');
  return /^[A-Z\0]/.test(text) && /[.?]$/.test(text) && /[a-z]{2,} [a-z]{2,}/.test(text);
}

/** Whether it is read in Chinese with something in its places: a figure, a word, or nothing. */
export function isRead(parts: readonly string[], translate: (text: string) => string): boolean {
  let texts = [parts[0]!];
  for (const part of parts.slice(1))
    texts = texts.flatMap((text) => ['3', 'x', ''].map((place) => text + place + part));
  return texts.some((text) => translate(text.trim()) !== text.trim());
}
