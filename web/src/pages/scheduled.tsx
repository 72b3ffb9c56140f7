// Tasks that workers hold until their ETA, of all workers, the soonest first, each with how long it has to wait and a way to revoke it.
// What beat will send: schedules.tsx. What one worker holds: worker.tsx.
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { EtaTask } from '../../../shared/wire/schedules.ts';
import { useOperation } from '../api/actions.ts';
import { scheduledQuery } from '../api/queries.ts';
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
import { age, count, plural, shortNode } from '../ui/format.ts';
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
    label: 'In',
    width: 92,
    num: true,
    first: '',
    sort: (task) => task.eta,
    cell: (task) => <Countdown eta={task.eta} />,
  },
  {
    id: 'name',
    label: 'Task',
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
    label: 'Arguments',
    width: 160,
    grow: 2,
    rank: 2,
    className: 'code faint',
    cell: (task) => <ForeignText text={[task.args, task.kwargs].filter((one) => one && one !== '{}').join(' ')} />,
    brief: (task) => (task.args === null ? null : <ForeignText text={`${task.args} ${task.kwargs ?? ''}`} />),
  },
  {
    id: 'worker',
    label: 'Worker',
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
    label: 'Act',
    width: 96,
    num: true,
    cell: (task) => (
      <Button className="small" refused={refused} onClick={() => onRevoke(task)} aria-label={`Revoke ${task.uuid}`}>
        Revoke
      </Button>
    ),
  },
];

function Countdown({ eta }: { eta: number | null }) {
  const now = useKnownNow();
  if (eta === null) return <span className="faint">unknown</span>;
  return eta > now ? age(eta - now) : <span className="muted">now</span>;
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
  useShortcuts([{ keys: 'r', label: 'Refresh', group: 'Page', run: () => void query.refetch() }]);
  const unknown = data?.unknown ?? [];
  return (
    <>
      <Bar title="ETA tasks" />
      <Listing
        {...box}
        stale={silence !== null}
        head={
          data && (
            <>
              {unknown.length > 0 && (
                <p className="op-note" data-state="RETRY">
                  {plural(unknown.length, 'worker')} did not say what {unknown.length === 1 ? 'it holds' : 'they hold'}:{' '}
                  {unknown.slice(0, 5).join(', ')}
                  {unknown.length > 5 && ` and ${unknown.length - 5} more`}. Their tasks are not here.
                </p>
              )}
              <div className="filters">
                <FilterField
                  label="Filter ETA tasks"
                  placeholder="Task, id, worker or arguments"
                  value={q}
                  onChange={(next) => go({ q: next })}
                  matches={`${sorted.length} of ${items.length}`}
                  inputRef={input}
                />
                {q !== '' && sorted.length > 0 && (
                  <Button kind="danger" refused={refused} onClick={() => setRevoking(sorted)}>
                    Revoke {plural(sorted.length, 'task')}
                  </Button>
                )}
              </div>
              <OperationNote operation={operation} />
            </>
          )
        }
        foot={
          <>
            <span>As workers answer, asked every five seconds; what still waits in a queue is not theirs yet</span>
            <span>
              {plural(data?.total ?? 0, 'task')}
              {data && data.total > items.length && `, the soonest ${count(items.length)} of them listed`}
            </span>
          </>
        }
      >
        {items.length === 0 ? (
          <NoList what="ETA tasks" query={query}>
            <Empty icon="later" title="No worker holds a task until a time">
              <p className="muted">Tasks sent with an eta or a countdown are here once a worker has taken them.</p>
            </Empty>
          </NoList>
        ) : sorted.length === 0 ? (
          <Empty icon="search" title="No task matches">
            <Button onClick={() => go({ q: '' })}>Clear the filter</Button>
          </Empty>
        ) : (
          <VirtualTable
            caption="Tasks held until their ETA"
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
            <>
              Revoke{' '}
              {revoking.length === 1 ? <code>{shortId(revoking[0]!.uuid)}</code> : plural(revoking.length, 'task')}
            </>
          }
          verb={revoking.length === 1 ? 'Revoke the task' : `Revoke ${revoking.length} tasks`}
          onClose={() => setRevoking(null)}
          onConfirm={() => operation.mutate({ action: 'revoke', task_ids: revoking.map(({ uuid }) => uuid) })}
        >
          {revoking.length === 1 ? `${revoking[0]!.name ?? 'It'} will not run` : 'They will not run'}: workers drop what
          is revoked when its time comes.
        </Confirm>
      )}
    </>
  );
}
