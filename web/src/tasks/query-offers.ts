// What the query field offers at its caret, and what the text becomes when one is taken. Pure.
// Words of the language: shared/query/complete.ts. Values within the present result: the facets request (use-query-offers.ts).

import type { Completion } from '../../../shared/query/complete.ts';
import { type ParsedQuery, parseQuery } from '../../../shared/query/parser.ts';
import { quoted } from '../../../shared/query/quoted.ts';
import type { FacetReply } from '../../../shared/wire/tasks.ts';
import { t } from '../language/text.ts';

export interface Offer {
  group: string;
  insert: string;
  head: string;
  tail?: string;
  detail?: string;
  count?: number;
  /** What of the text it takes the place of, when that is not the word at the caret. */
  place?: { from: number; to: number };
}

const LIMIT = 14;
const WITH_VALUES = new Set(['name', 'worker', 'queue', 'exception', 'state']);
const GROUP = { field: t('Fields'), value: t('Values'), operator: t('Joining') } as const;

/** The field whose values of the present result can be offered here, and the query without the value that is being typed. */
export function facetsAt(text: string, at: Completion): { field: string; rest: string } | null {
  if (at.kind !== 'value' || !at.field || !WITH_VALUES.has(at.field)) return null;
  const before = text.slice(0, at.from).replace(new RegExp(`${at.field}:\\s*$`), '');
  const rest = `${before} ${text.slice(at.to)}`.trim();
  return { field: at.field, rest: parseQuery(rest).ok ? rest : '' };
}

export function offersOf(at: Completion, parsed: ParsedQuery, facets: FacetReply | undefined): Offer[] {
  const found: Offer[] = at.items.map(({ kind, insert, label, detail }) => ({
    group: GROUP[kind],
    insert,
    head: label,
    detail,
  }));
  if (facets) addValues(found, at.prefix.toLowerCase(), facets);
  if (at.kind === 'field' && at.prefix.length > 1)
    found.push({
      group: t('offer|Text'),
      insert: quoted(at.prefix),
      head: `"${at.prefix}"`,
      detail: t('in name, id, arguments, result or exception'),
    });
  // A slip is offered first: what is typed is searched as text, and seldom meant.
  for (const { suggestion, position, length } of parsed.ok ? [...parsed.hints].reverse() : [])
    found.unshift({
      group: t('offer|Did you mean'),
      insert: suggestion,
      head: suggestion,
      place: { from: position, to: position + length },
    });
  return found.slice(0, LIMIT);
}

function addValues(found: Offer[], typed: string, { field, values }: FacetReply): void {
  const known = new Map(found.map((offer) => [offer.insert, offer]));
  for (const { value, count } of values) {
    const insert = quoted(value);
    const same = known.get(insert);
    if (same) same.count = count;
    else if (value.toLowerCase().includes(typed))
      found.push({ group: t('offer|Values in this result'), insert, head: `${field}:`, tail: value, count });
  }
}

/** The text and its caret with this offer in it; `waits`: what was put in still wants its value. */
export function inserted(text: string, at: Completion, offer: Offer): { text: string; caret: number; waits: boolean } {
  // A field waits for its value, everything else is followed by a space.
  const waits = /[:<>=]$/.test(offer.insert);
  const { from, to } = offer.place ?? at;
  const after = text.slice(to);
  const put = offer.insert + (waits || /^[\s)]/.test(after) ? '' : ' ');
  return { text: text.slice(0, from) + put + after, caret: from + put.length, waits };
}
