// Every operator action: who, what, on what, what workers answered and what became of it, newest first. The filter stands in the URL.
// Parts: audit/. Recording: the server's access/audit.ts.

import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useCallback, useRef, useState } from 'react';
import { urlOf } from '../api/client.ts';
import { AuditCategories, AuditFilter, isFiltered } from '../audit/audit-filter.tsx';
import { AuditTable, NoOperations } from '../audit/audit-table.tsx';
import { useOperations } from '../audit/use-operations.ts';
import { t, tn } from '../language/text.ts';
import { Bar } from '../shell/layout.tsx';
import { useListKeys } from '../shell/list-keys.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Button } from '../ui/button.tsx';
import { ErrorNote, LoadingBar, Skeleton } from '../ui/feedback.tsx';

const route = getRouteApi('/audit');

export default function AuditPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/audit' });
  const { open, ...filter } = search;
  const { query, records } = useOperations(filter, open);
  const change = (next: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const [cursor, setCursor] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const latest = useRef(open);
  latest.current = open;
  const toggle = useCallback(
    (id: string) => {
      setCursor(id);
      const next = latest.current === id ? undefined : id;
      void navigate({ search: (before) => ({ ...before, open: next }), replace: true });
    },
    [navigate],
  );
  useListKeys({
    keys: records.map((record) => String(record.id)),
    // From the row that a link opened, until a key has moved.
    cursor: cursor ?? open ?? null,
    onCursor: setCursor,
    onOpen: toggle,
    onBack: () => (open === undefined ? setCursor(null) : change({ open: undefined })),
    onFilter: () => field.current?.focus(),
  });
  useShortcuts([{ keys: 'r', label: t('Refresh'), group: 'Page', run: () => void query.refetch() }]);

  return (
    <>
      <Bar title={t('Audit')} />
      <LoadingBar on={query.isFetching} />
      <main className="content audit-page" id="main">
        <section className="card audit">
          <div className="head">
            <h2>{t('Operations')}</h2>
            <p>{t('what was done from this dashboard, by whom, and the outcome')}</p>
          </div>
          <AuditCategories filter={filter} onChange={change} />
          <AuditFilter filter={filter} inputRef={field} onChange={change} />
          {query.isPending ? (
            <Skeleton rows={8} />
          ) : query.isError && records.length === 0 ? (
            <ErrorNote
              what={t('The operations could not be read')}
              error={query.error}
              onRetry={() => void query.refetch()}
            />
          ) : records.length === 0 ? (
            <NoOperations filtered={isFiltered(filter)} />
          ) : (
            <AuditTable records={records} open={open} cursor={cursor} onCursor={setCursor} onToggle={toggle} />
          )}
          {records.length > 0 && (
            <p className="more-rows">
              <span className="muted">
                {query.hasNextPage
                  ? tn(records.length, 'the newest # operation', 'the newest # operations')
                  : tn(records.length, '# operation', '# operations')}
              </span>
              <a className="btn" href={urlOf('/operations/export', { query: filter })} download>
                {t('All as CSV')}
              </a>
              {query.hasNextPage && (
                <Button
                  onClick={() => void query.fetchNextPage()}
                  refused={query.isFetchingNextPage ? t('The next page is loading') : null}
                >
                  {t('Older')}
                </Button>
              )}
            </p>
          )}
        </section>
      </main>
    </>
  );
}
