// A query as chips, when it is a plain row of conditions; one with OR or brackets is shown as text. Pure.
import { lex } from '../../../shared/query/lexer.ts';

export interface Chip {
  /** Its part of the query text. */
  from: number;
  to: number;
  text: string;
  /** Field and relation, faint: 'name:'. */
  head: string;
  tail: string;
}

export function chipsOf(query: string): Chip[] {
  const { tokens, error } = lex(query);
  if (error) return [];
  const chips: Chip[] = [];
  let not: number | null = null;
  for (const token of tokens) {
    if (token.kind === 'not') {
      not = not === null ? token.from : not;
      continue;
    }
    if (token.kind === 'and') continue;
    if (token.kind !== 'term') return [];
    const from = not ?? token.from;
    const valueAt = token.field === null ? token.from : token.value.from;
    chips.push({
      from,
      to: token.to,
      text: query.slice(from, token.to),
      head: query.slice(from, valueAt),
      tail: query.slice(valueAt, token.to),
    });
    not = null;
  }
  return not === null ? chips : [];
}

/** The query without this chip; an AND that would be left over goes with it. */
export function without(query: string, chip: Chip): string {
  const before = query.slice(0, chip.from).replace(/\s*(\bAND\s*)?$/, '');
  const after = query.slice(chip.to).replace(/^\s*(AND\b)?\s*/, '');
  return [before, after].filter(Boolean).join(' ');
}
