// What the query field offers: words of the language, and values of the present result once the server has told them.
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { type Completion, complete } from '../../../shared/query/complete.ts';
import { type ParsedQuery, parseQuery } from '../../../shared/query/parser.ts';
import { facetQuery } from '../api/queries.ts';
import { facetsAt, type Offer, offersOf } from './query-offers.ts';

export interface QueryOffers {
  parsed: ParsedQuery;
  /** The word at the caret. */
  at: Completion;
  offers: readonly Offer[];
  /** Counts are of the newest tasks only: there are at least so many. */
  atLeast: boolean;
}

/** @param asked somebody looks at them */
export function useQueryOffers(text: string, caret: number, asked: boolean): QueryOffers {
  const parsed = useMemo(() => parseQuery(text), [text]);
  const at = useMemo(() => complete(text, caret), [text, caret]);
  const wanted = asked ? facetsAt(text, at) : null;
  const facets = useQuery({ ...facetQuery(wanted?.field ?? 'name', wanted?.rest ?? ''), enabled: wanted !== null });
  const values = wanted ? facets.data : undefined;
  const offers = useMemo(() => offersOf(at, parsed, values), [at, parsed, values]);
  return { parsed, at, offers, atLeast: values?.of_newest !== undefined };
}
