// Tree to query text, as short as it can be while parsing back to the same tree: what the tests of the parser hold against it.
import { ESCAPABLE } from '../../shared/query/lexer.ts';
import { quoted } from '../../shared/query/quoted.ts';
import type { QueryLeaf, QueryTree } from '../../shared/query/tree.ts';

/** Null, everything, prints as the empty text. */
export function printQuery(tree: QueryTree | null): string {
  return tree === null ? '' : print(tree, 0);
}

/** Rank: 0 may hold OR, 1 may hold AND, 2 must be one condition. */
function print(tree: QueryTree, rank: 0 | 1 | 2): string {
  switch (tree.op) {
    case 'or':
      return grouped(tree.items.map((item) => print(item, 1)).join(' OR '), rank > 0);
    case 'and':
      return grouped(tree.items.map((item) => print(item, 2)).join(' '), rank > 1);
    case 'not':
      return `-${print(tree.item, 2)}`;
    default:
      return printLeaf(tree);
  }
}

function printLeaf(leaf: QueryLeaf): string {
  switch (leaf.op) {
    case 'text':
      return quoted(leaf.text);
    case 'text-glob':
      return glob(leaf.parts);
    case 'contains':
      return `${leaf.field}:${quoted(leaf.text)}`;
    case 'is':
      return `${leaf.field}:${leaf.values.length === 1 ? quoted(leaf.values[0] as string) : leaf.values.map(escapeBare).join(',')}`;
    case 'glob':
      return `${leaf.field}:${glob(leaf.parts)}`;
    case 'regex':
      return `${leaf.field}:/${leaf.source}/`;
    case 'pair':
      return `${leaf.field}:${leaf.key}=${quoted(leaf.value)}`;
    case 'present':
      return `${leaf.field}:*`;
    case 'compare':
      return `${leaf.field}${leaf.relation}${measure(leaf.text)}`;
    case 'range':
      return `${leaf.field}:${measure(leaf.text)}`;
  }
}

function measure(text: string): string {
  return /^[\w.:+-]+$/.test(text) ? text : `"${text}"`;
}

function glob(parts: readonly string[]): string {
  return parts.map(escapeBare).join('*');
}

function escapeBare(text: string): string {
  return Array.from(text, (char) => (ESCAPABLE.test(char) ? `\\${char}` : char)).join('');
}

function grouped(text: string, needed: boolean): string {
  return needed ? `(${text})` : text;
}
