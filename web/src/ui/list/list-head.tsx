// Round a list that is all here: what to keep of it, a filter, how it is grouped; and why there is none. Of workers and of queues alike.
// The rows: ui/table. What is kept and how it is grouped: use-list.ts. The field of the tasks, which has a language: tasks/task-filter.tsx.

import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode, RefObject } from 'react';
import { t } from '../../language/text.ts';
import { Segmented } from '../button.tsx';
import { ErrorNote, Skeleton } from '../feedback.tsx';
import type { FacetItem, ListChoice } from './facets.ts';
import { Facets, FilterField } from './listing.tsx';

/** What a list is of. */
type Listed = 'workers' | 'queues' | 'schedules' | 'ETA tasks';
const WORDS: Readonly<Record<Listed, { show: string; filter: string; failed: string }>> = {
  workers: { show: t('Workers to show'), filter: t('Filter workers'), failed: t('The workers could not be read') },
  schedules: {
    show: t('Entries to show'),
    filter: t('Filter entries'),
    failed: t('The schedule could not be read'),
  },
  'ETA tasks': { show: t('Tasks'), filter: t('Filter ETA tasks'), failed: t('The ETA tasks could not be read') },
  queues: { show: t('Queues to show'), filter: t('Filter queues'), failed: t('The queues could not be read') },
};

export function ListHead<By extends string>({
  what,
  total,
  list: { kept, by },
  facets,
  placeholder,
  groupings,
  q,
  show,
  inputRef,
  onChange,
  children,
}: Omit<ListChoice<By>, 'by'> & {
  what: Listed;
  total: number;
  /** Those that match, and how they are grouped. */
  list: { kept: readonly unknown[]; by: By };
  facets: readonly FacetItem[];
  placeholder: string;
  groupings: readonly (readonly [By, string])[];
  inputRef: RefObject<HTMLInputElement | null>;
  onChange: (next: Partial<ListChoice<By>>) => void;
  /** Buttons at the end of the line. */
  children?: ReactNode;
}) {
  const words = WORDS[what];
  return (
    <>
      <Facets
        label={words.show}
        total={total}
        value={show}
        onChange={(next) => onChange({ show: next } as Partial<ListChoice<By>>)}
        items={facets}
      />
      <div className="filters">
        <FilterField
          label={words.filter}
          placeholder={placeholder}
          value={q}
          onChange={(next) => onChange({ q: next } as Partial<ListChoice<By>>)}
          matches={t('{count} of {total}', { count: kept.length, total })}
          inputRef={inputRef}
        />
        <Segmented
          label={t('Grouping')}
          value={by}
          onChange={(next) => onChange({ by: next } as Partial<ListChoice<By>>)}
          options={groupings}
        />
        {children}
      </div>
    </>
  );
}

/** There is no list: it could not be read, it is being read, or there is nothing. */
export function NoList({
  what,
  query,
  children,
}: {
  what: Listed;
  query: Pick<UseQueryResult, 'isError' | 'isPending' | 'error' | 'refetch'>;
  /** Of nothing. */
  children: ReactNode;
}) {
  if (query.isError)
    return <ErrorNote what={WORDS[what].failed} error={query.error} onRetry={() => void query.refetch()} />;
  return query.isPending ? <Skeleton rows={8} /> : children;
}
