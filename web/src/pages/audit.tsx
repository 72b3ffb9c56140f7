// Every operator action: who, what, to what, and what came of it, newest first.
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import type { OperationRecord } from '../../../shared/wire/http.ts';
import { fetchOperations } from '../api/queries.ts';
import { usePicture } from '../live/hooks.ts';
import { Bar } from '../shell/layout.tsx';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Button } from '../ui/button.tsx';
import { Empty, ErrorNote, LoadingBar, Skeleton } from '../ui/feedback.tsx';
import { Icon } from '../ui/icon.tsx';
import { Age } from '../ui/time.tsx';
import { show } from '../ui/value.ts';
import { count } from '../ui/words.ts';

const STATE: Record<OperationRecord['outcome'], string> = {
  ok: 'SUCCESS',
  partial: 'RETRY',
  failed: 'FAILURE',
  'no-answer': 'RETRY',
};
const WORD: Record<OperationRecord['outcome'], string> = {
  ok: 'done',
  partial: 'in part',
  failed: 'failed',
  'no-answer': 'no answer',
};

export default function AuditPage() {
  const query = useInfiniteQuery({
    queryKey: ['operations'],
    queryFn: ({ pageParam, signal }) => fetchOperations(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const live = usePicture((p) => p.operations);
  const { refetch } = query;
  const newest = live[0]?.id;
  useEffect(() => {
    if (newest !== undefined) void refetch();
  }, [newest, refetch]);
  useShortcuts([{ keys: 'r', label: 'Refresh', group: 'Page', run: () => void refetch() }]);
  const records = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const [open, setOpen] = useState<number | null>(null);
  return (
    <>
      <Bar title="Audit" />
      <LoadingBar on={query.isFetching} />
      <main className="content audit-page" id="main">
        <section className="card audit">
          <div className="head">
            <h2>Operations</h2>
            <p>what was done from this dashboard, by whom, and what came of it</p>
          </div>
          {query.isPending ? (
            <Skeleton rows={8} />
          ) : query.isError && records.length === 0 ? (
            <ErrorNote
              what="The operations could not be read"
              error={query.error}
              onRetry={() => void query.refetch()}
            />
          ) : records.length === 0 ? (
            <Empty icon="audit" title="Nothing was done from here yet">
              <p className="muted">
                Revokes, retries, limits and everything else an operator does are listed here, with the workers'
                replies.
              </p>
            </Empty>
          ) : (
            <table className="table">
              <caption className="sr">Operations, newest first</caption>
              <thead>
                <tr>
                  <th className="c-when num">When</th>
                  <th className="c-who">Who</th>
                  <th className="c-action">Action</th>
                  <th className="c-subject">On</th>
                  <th className="c-outcome">Outcome</th>
                  <th className="c-summary">Answers</th>
                </tr>
              </thead>
              <tbody>
                {records.map((record) => (
                  <Row
                    key={record.id}
                    record={record}
                    open={open === record.id}
                    onToggle={() => setOpen(open === record.id ? null : record.id)}
                  />
                ))}
              </tbody>
            </table>
          )}
          {query.hasNextPage && (
            <p className="more-rows">
              <Button
                onClick={() => void query.fetchNextPage()}
                refused={query.isFetchingNextPage ? 'They are being read' : null}
              >
                Older
              </Button>
            </p>
          )}
        </section>
      </main>
    </>
  );
}

function Row({ record, open, onToggle }: { record: OperationRecord; open: boolean; onToggle: () => void }) {
  return (
    <>
      <tr className={open ? 'opened-row' : undefined}>
        <td className="c-when num muted">
          <Age at={record.at} />
        </td>
        <td className="c-who">{record.who}</td>
        <td className="c-action code">
          <b>{record.action}</b>
        </td>
        <td className="c-subject code muted clip" title={record.subject}>
          {record.subject}
        </td>
        <td className="c-outcome">
          <span className="state" data-state={STATE[record.outcome]}>
            <Icon
              name={
                STATE[record.outcome] === 'SUCCESS'
                  ? 'SUCCESS'
                  : STATE[record.outcome] === 'FAILURE'
                    ? 'FAILURE'
                    : 'late'
              }
            />
            {WORD[record.outcome]}
          </span>
        </td>
        <td className="c-summary">
          <button type="button" className="fold-button clip" aria-expanded={open} onClick={onToggle}>
            <Icon name={open ? 'down' : 'right'} />
            {record.summary}
          </button>
        </td>
      </tr>
      {open && (
        <tr className="effect opened-row">
          <td colSpan={6}>
            <div className="record">
              <pre className="plain-text code">{show(record.request)}</pre>
              <ul className="answers">
                {record.answers.map((answer) => (
                  <li key={answer.worker} data-state={answer.ok ? 'SUCCESS' : 'FAILURE'}>
                    <Icon name={answer.ok ? 'SUCCESS' : 'FAILURE'} />
                    <code>{answer.worker}</code> <span className="muted">{answer.text}</span>
                  </li>
                ))}
                {record.answers.length === 0 && <li className="muted">{count(0)} workers answered</li>}
              </ul>
            </div>
          </td>
        </tr>
      )}
    </>
  );
}
