// Tasks that workers hold until their ETA, of all workers, the soonest first, each with how long it has to wait and a way to revoke it.
// What beat will send: schedules.tsx. What one worker holds: worker.tsx.
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { EtaTask } from '../../../shared/wire/schedules.ts';
import { useOperation } from '../api/actions.ts';
import { scheduledQuery } from '../api/queries.ts';
import { rich } from '../language/rich.tsx';
import { t, tn } from '../language/text.ts';
import { useKnownNow } from '../live/hooks.ts';
import { useServerSilence } from '../live/knowledge.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Bar } from '../shell/layout.tsx';
import { useListKeys } from '../shell/list-keys.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Empty } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { age, shortNode } from '../ui/format.ts';
import { withoutEmpty } from '../ui/list/facets.ts';
import { NoList } from '../ui/list/list-head.tsx';
import { FilterField, Listing } from '../ui/list/listing.tsx';
import { useListView } from '../ui/list/use-list-view.ts';
import { type Column, readSort, sortRows } from '../ui/table/columns.ts';
import { VirtualTable } from '../ui/table/virtual-table.tsx';
import { shortId, TaskName } from '../ui/task-name.tsx';
import { At } from '../ui/time.tsx';
import '../schedules/schedules.css';

const keyOf = ({ uuid, worker }: EtaTask): string => `${uuid} ${worker}`;

const columns = (onRevoke: (task: EtaTask) => void, refused: string | null): readonly Column<EtaTask>[] => [
  {
    id: 'eta',
    label: t('eta|In'),
    width: 92,
    num: true,
    first: '',
    sort: (task) => task.eta,
    cell: (task) => <Countdown eta={task.eta} />,
  },
  {
    id: 'name',
    label: t('Task'),
    width: 170,
    grow: 2,
    sort: (task) => task.name,
    cell: (task) => (
      <Link to="/tasks/$id" params={{ id: task.uuid }} className="row-link" title={task.uuid}>
        <TaskName name={task.name} /> <code className="faint">{shortId(task.uuid)}</code>
      </Link>
    ),
  },
  {
    id: 'args',
    label: t('Arguments'),
    width: 160,
    grow: 2,
    rank: 2,
    className: 'code faint',
    cell: (task) => <ForeignText text={[task.args, task.kwargs].filter((one) => one && one !== '{}').join(' ')} />,
    brief: (task) => (task.args === null ? null : <ForeignText text={`${task.args} ${task.kwargs ?? ''}`} />),
  },
  {
    id: 'worker',
    label: t('Worker'),
    width: 120,
    grow: 1,
    rank: 1,
    className: 'code',
    sort: (task) => task.worker,
    cell: (task) => (
      <Link to="/workers/$name" params={{ name: task.worker }} search={{ tab: 'scheduled' }} className="link clip">
        {shortNode(task.worker)}
      </Link>
    ),
  },
  {
    id: 'at',
    label: 'ETA',
    width: 150,
    num: true,
    rank: 3,
    className: 'muted',
    cell: (task) => (task.eta === null ? '-' : <At at={task.eta} />),
  },
  {
    id: 'revoke',
    label: t('column|Act'),
    width: 96,
    num: true,
    cell: (task) => (
      <Button
        className="small"
        refused={refused}
        onClick={() => onRevoke(task)}
        aria-label={t('Revoke {id}', { id: task.uuid })}
      >
        {t('Revoke')}
      </Button>
    ),
  },
];

function Countdown({ eta }: { eta: number | null }) {
  const now = useKnownNow();
  if (eta === null) return <span className="faint">{t('unknown')}</span>;
  return eta > now ? age(eta - now) : <span className="muted">{t('now')}</span>;
}

export default function ScheduledPage() {
  const search = useSearch({ strict: false }) as { q?: string; sort?: string };
  const { q = '', sort = 'eta' } = search;
  const navigate = useNavigate();
  const query = useQuery(scheduledQuery());
  const { cursor, setCursor, input, box } = useListView();
  const silence = useServerSilence();
  const operation = useOperation(() => void query.refetch());
  const refused = useRefusal(undefined, operation.isPending);
  const [revoking, setRevoking] = useState<readonly EtaTask[] | null>(null);
  const { data } = query;
  const items = data?.items ?? [];
  const shown = useMemo(() => {
    const wanted = q.trim().toLowerCase();
    return items.filter((task) =>
      [task.name, task.uuid, task.worker, task.args, task.kwargs].some((text) => text?.toLowerCase().includes(wanted)),
    );
  }, [items, q]);
  const table = useMemo(() => columns((task) => setRevoking([task]), refused), [refused]);
  const chosen = readSort(table, sort);
  const by = chosen?.column.sort;
  const sorted = typeof by === 'function' ? sortRows(shown, by, chosen!.descending, keyOf) : shown;
  const go = (change: { q?: string; sort?: string }) =>
    void navigate({ to: '/scheduled', search: withoutEmpty({ ...search, ...change }) as never, replace: true });
  const openTask = (key: string) => void navigate({ to: '/tasks/$id', params: { id: key.split(' ')[0]! } });
  useListKeys({
    keys: sorted.map(keyOf),
    cursor,
    onCursor: setCursor,
    onOpen: openTask,
    onFilter: () => input.current?.focus(),
  });
  useShortcuts([{ keys: 'r', label: t('Refresh'), group: 'Page', run: () => void query.refetch() }]);
  const unknown = data?.unknown ?? [];
  const workers = unknown.slice(0, 5).join(t('list|, '));
  const total = data?.total ?? 0;
  return (
    <>
      <Bar title={t('ETA tasks')} />
      <Listing
        {...box}
        stale={silence !== null}
        head={
          data && (
            <>
              {unknown.length > 0 && (
                <p className="op-note" data-state="RETRY">
                  {tn(
                    unknown.length,
                    '# worker did not say what it holds: {names}. Their tasks are not here.',
                    '# workers did not say what they hold: {names}. Their tasks are not here.',
                    {
                      names:
                        unknown.length > 5
                          ? t('{workers} and {more} more', { workers, more: unknown.length - 5 })
                          : workers,
                    },
                  )}
                </p>
              )}
              <div className="filters">
                <FilterField
                  label={t('Filter ETA tasks')}
                  placeholder={t('Task, id, worker or arguments')}
                  value={q}
                  onChange={(next) => go({ q: next })}
                  matches={t('{count} of {total}', { count: String(sorted.length), total: String(items.length) })}
                  inputRef={input}
                />
                {q !== '' && sorted.length > 0 && (
                  <Button kind="danger" refused={refused} onClick={() => setRevoking(sorted)}>
                    {tn(sorted.length, 'Revoke # task', 'Revoke # tasks')}
                  </Button>
                )}
              </div>
              <OperationNote operation={operation} />
            </>
          )
        }
        foot={
          <>
            <span>
              {t('As workers answer, asked every five seconds; what still waits in a queue is not theirs yet')}
            </span>
            <span>
              {total > items.length
                ? tn(
                    total,
                    '# task, the soonest {count} of them listed',
                    '# tasks, the soonest {count} of them listed',
                    { count: items.length },
                  )
                : tn(total, '# task', '# tasks')}
            </span>
          </>
        }
      >
        {items.length === 0 ? (
          <NoList what="ETA tasks" query={query}>
            <Empty icon="later" title={t('No worker holds a task until a time')}>
              <p className="muted">
                {t('Tasks sent with an eta or a countdown are here once a worker has taken them.')}
              </p>
            </Empty>
          </NoList>
        ) : sorted.length === 0 ? (
          <Empty icon="search" title={t('No task matches')}>
            <Button onClick={() => go({ q: '' })}>{t('Clear the filter')}</Button>
          </Empty>
        ) : (
          <VirtualTable
            caption={t('Tasks held until their ETA')}
            className="eta-tasks"
            columns={table}
            lines={sorted.map((row) => ({ kind: 'row', key: keyOf(row), row, within: false }))}
            sort={sort}
            onSort={(next) => go({ sort: next })}
            cursor={cursor}
            onCursor={setCursor}
            onOpen={openTask}
            scroller={box.scroller}
          />
        )}
      </Listing>
      {revoking && (
        <Confirm
          title={
            revoking.length === 1
              ? rich('Revoke <code>{id}</code>', { id: shortId(revoking[0]!.uuid) })
              : tn(revoking.length, 'Revoke # task', 'Revoke # tasks')
          }
          verb={revoking.length === 1 ? t('Revoke the task') : tn(revoking.length, 'Revoke # task', 'Revoke # tasks')}
          onClose={() => setRevoking(null)}
          onConfirm={() => operation.mutate({ action: 'revoke', task_ids: revoking.map(({ uuid }) => uuid) })}
        >
          {t('{tasks} will not run: workers drop what is revoked when its time comes.', {
            tasks: revoking.length > 1 ? t('revoke|They') : (revoking[0]!.name ?? t('revoke|It')),
          })}
        </Confirm>
      )}
    </>
  );
}
