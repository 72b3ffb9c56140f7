// Every operator action: who, what, on what, what workers answered and what became of it, newest first. The filter stands in the URL.
// A row: audit/audit-row.tsx. Recording: the server's access/audit.ts.
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { OperationRecord } from '../../../shared/wire/http.ts';
import { fetchOperations } from '../api/queries.ts';
import { AuditRow, OUTCOME } from '../audit/audit-row.tsx';
import { usePicture } from '../live/hooks.ts';
import { Bar } from '../shell/layout.tsx';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Boundary } from '../ui/boundary.tsx';
import { Button } from '../ui/button.tsx';
import { Empty, ErrorNote, LoadingBar, Skeleton } from '../ui/feedback.tsx';
import { Icon } from '../ui/icon.tsx';
import { plural } from '../ui/words.ts';
import './audit.css';

const route = getRouteApi('/audit');
const ACTIONS =
  'revoke terminate retry rate_limit time_limit pool_grow pool_shrink autoscale pool_restart add_consumer cancel_consumer enable_events disable_events heartbeat shutdown purge';

export default function AuditPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/audit' });
  const { who, action, outcome, on, open } = search;
  const filtered = Boolean(who || action || outcome || on);
  const query = useInfiniteQuery({
    queryKey: ['operations', { who, action, outcome, on }],
    queryFn: ({ pageParam, signal }) => fetchOperations({ who, action, outcome, on, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const live = usePicture((p) => p.operations);
  const { refetch } = query;
  const newest = live[0]?.id;
  useEffect(() => {
    if (newest !== undefined) void refetch();
  }, [newest, refetch]);
  // A link names one that may be further down than what is listed: it stands on top then.
  const wanted = open !== undefined && /^\d+$/.test(open) ? Number(open) : null;
  const { data: asked } = useQuery({
    queryKey: ['operations', 'one', wanted],
    queryFn: async ({ signal }) => (await fetchOperations({ from_id: wanted!, limit: 1 }, signal)).items[0] ?? null,
    enabled: wanted !== null,
    select: (record) => (record?.id === wanted ? record : null),
  });
  // What is followed comes again by the live feed, with what is seen of it since.
  const records = useMemo(() => {
    const fresh = new Map(live.map((record) => [record.id, record]));
    const listed = query.data?.pages.flatMap((page) => page.items) ?? [];
    const all = asked && !listed.some((record) => record.id === asked.id) ? [asked, ...listed] : listed;
    return all.map((record) => fresh.get(record.id) ?? record);
  }, [query.data, live, asked]);
  const change = (next: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const toggle = (record: OperationRecord) =>
    change({ open: open === String(record.id) ? undefined : String(record.id) });

  const [cursor, setCursor] = useState<number | null>(null);
  const table = useRef<HTMLTableElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const move = (by: number) => {
    if (records.length === 0) return;
    const from = cursor ?? (open === undefined ? null : Number(open));
    const at = records.findIndex((record) => record.id === from);
    const next = records[at < 0 ? 0 : Math.max(0, Math.min(records.length - 1, at + by))]!;
    setCursor(next.id);
    const button = table.current?.querySelector<HTMLElement>(`button[data-record="${next.id}"]`);
    button?.focus({ preventScroll: true });
    button?.scrollIntoView({ block: 'nearest' });
  };
  const current = records.find((record) => record.id === cursor);
  useShortcuts([
    { keys: 'j', label: 'Next row', group: 'List', run: () => move(1) },
    { keys: 'k', label: 'Row before', group: 'List', run: () => move(-1) },
    { keys: 'ArrowDown', label: 'Next row', group: 'List', alias: true, run: () => move(1) },
    { keys: 'ArrowUp', label: 'Row before', group: 'List', alias: true, run: () => move(-1) },
    { keys: 'Enter', label: 'Open', group: 'List', run: () => current && toggle(current) },
    {
      keys: 'Escape',
      label: 'Back',
      group: 'List',
      run: () => (open === undefined ? setCursor(null) : change({ open: undefined })),
    },
    { keys: '/', label: 'Filter', group: 'List', run: () => field.current?.focus() },
    { keys: 'r', label: 'Refresh', group: 'Page', run: () => void refetch() },
  ]);

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
          <div className="audit-filter" role="search" aria-label="Filter operations">
            <TextField label="On" value={on ?? ''} inputRef={field} onChange={(next) => change({ on: next })} />
            <Choice
              label="Action"
              value={action}
              options={ACTIONS.split(' ').map((name) => [name, name])}
              onChange={(next) => change({ action: next })}
            />
            <Choice
              label="Outcome"
              value={outcome}
              options={Object.entries(OUTCOME)}
              onChange={(next) => change({ outcome: next })}
            />
            {who && (
              <button type="button" className="btn" onClick={() => change({ who: undefined })}>
                by {who}
                <Icon name="close" />
                <span className="sr">: by anybody again</span>
              </button>
            )}
            {filtered && (
              <Button
                kind="bare"
                onClick={() => change({ who: undefined, action: undefined, outcome: undefined, on: undefined })}
              >
                Clear the filter
              </Button>
            )}
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
            filtered ? (
              <Empty icon="search" title="No operation matches">
                <p className="muted">Nothing that was done from here fits this filter.</p>
              </Empty>
            ) : (
              <Empty icon="audit" title="Nothing was done from here yet">
                <p className="muted">
                  Revokes, retries, limits and everything else an operator does are listed here, with the workers'
                  replies.
                </p>
              </Empty>
            )
          ) : (
            <table className="table" ref={table}>
              <caption className="sr">Operations, newest first</caption>
              <thead>
                <tr>
                  <th className="c-when num">When</th>
                  <th className="c-who">Who</th>
                  <th className="c-action">Action</th>
                  <th className="c-subject">On</th>
                  <th className="c-outcome">Outcome</th>
                  <th className="c-summary">Answers</th>
                  <th className="c-effect">Effect</th>
                </tr>
              </thead>
              <tbody>
                {records.map((record) => (
                  <Boundary
                    key={record.id}
                    what="This operation"
                    of={record}
                    instead={() => (
                      <tr>
                        <td colSpan={7}>Operation {record.id} cannot be shown</td>
                      </tr>
                    )}
                  >
                    <AuditRow
                      record={record}
                      open={open === String(record.id)}
                      cursor={cursor === record.id}
                      onToggle={() => {
                        setCursor(record.id);
                        toggle(record);
                      }}
                    />
                  </Boundary>
                ))}
              </tbody>
            </table>
          )}
          {records.length > 0 && (
            <p className="more-rows">
              <span className="muted">
                {query.hasNextPage
                  ? `the newest ${plural(records.length, 'operation')}`
                  : plural(records.length, 'operation')}
              </span>
              {query.hasNextPage && (
                <Button
                  onClick={() => void query.fetchNextPage()}
                  refused={query.isFetchingNextPage ? 'They are being read' : null}
                >
                  Older
                </Button>
              )}
            </p>
          )}
        </section>
      </main>
    </>
  );
}

function TextField({
  label,
  value,
  inputRef,
  onChange,
}: {
  label: string;
  value: string;
  inputRef: React.RefObject<HTMLInputElement | null>;
  onChange: (value: string | undefined) => void;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const submit = () => text.trim() !== value && onChange(text.trim() || undefined);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <input
        ref={inputRef}
        className="input"
        type="search"
        aria-label={label}
        placeholder="On: a task, worker or queue"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={submit}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
    </form>
  );
}

function Choice({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string | undefined;
  options: readonly (readonly [string, string])[];
  onChange: (value: string | undefined) => void;
}) {
  return (
    <select
      className="input"
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value || undefined)}
    >
      <option value="">any {label.toLowerCase()}</option>
      {options.map(([name, word]) => (
        <option key={name} value={name}>
          {word}
        </option>
      ))}
    </select>
  );
}
