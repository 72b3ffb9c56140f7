// More of a worker, by tab: limits, queues, reserved, scheduled, revoked, stats, configuration. Limits: limits.tsx.
import { Link } from '@tanstack/react-router';
import { type KeyboardEvent, useMemo, useState } from 'react';
import type { RequestInfo, WorkerDetail } from '../../../shared/wire/workers.ts';
import { useOperation } from '../api/actions.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Button } from '../ui/button.tsx';
import { Empty, Stale } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { Middle } from '../ui/middle.tsx';
import type { Column } from '../ui/table/columns.ts';
import { DataTable } from '../ui/table/data-table.tsx';
import { shortId, TaskName } from '../ui/task-name.tsx';
import { At } from '../ui/time.tsx';
import { partsOf } from '../ui/value.ts';
import { ValueTree } from '../ui/value-tree.tsx';
import { argumentsShown } from './active.tsx';
import { Limits } from './limits.tsx';
import { PoolTab } from './pool-tab.tsx';

export const TABS = ['tasks', 'queues', 'reserved', 'scheduled', 'revoked', 'pool', 'stats', 'conf'] as const;
export type Tab = (typeof TABS)[number];
const WORD: Record<Tab, string> = {
  tasks: 'Registered',
  queues: 'Queues',
  reserved: 'Reserved',
  scheduled: 'Scheduled',
  revoked: 'Revoked',
  pool: 'Pool',
  stats: 'Statistics',
  conf: 'Configuration',
};

export function WorkerTabs({ worker, tab, onTab }: { worker: WorkerDetail; tab: Tab; onTab: (tab: Tab) => void }) {
  const counts: Partial<Record<Tab, number>> = {
    tasks: worker.registered.length,
    queues: worker.active_queues.length,
    ...(worker.unlisted_reason === null && { reserved: worker.reserved.length, scheduled: worker.scheduled.length }),
    revoked: worker.revoked.length,
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const next = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length]!;
    onTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <section className="card limits">
      <div className="tabs" role="tablist" aria-label="More of this worker" onKeyDown={onKeyDown}>
        {TABS.map((name) => (
          <button
            key={name}
            id={`tab-${name}`}
            type="button"
            role="tab"
            aria-selected={name === tab}
            aria-controls="worker-tab"
            tabIndex={name === tab ? 0 : -1}
            onClick={() => onTab(name)}
          >
            {WORD[name]}
            {counts[name] !== undefined && <span>{counts[name]}</span>}
          </button>
        ))}
        <p>
          <Stale at={worker.inspected}>{worker.inspected === null ? 'it has not answered yet' : ''}</Stale>
        </p>
      </div>
      <div id="worker-tab" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === 'tasks' && <Limits worker={worker} />}
        {tab === 'queues' && <WorkerQueues worker={worker} />}
        {tab === 'reserved' && (
          <Requests
            requests={worker.reserved}
            what="reserved"
            none={worker.unlisted_reason ?? 'It holds no task beyond those that run.'}
          />
        )}
        {tab === 'scheduled' && (
          <Requests
            requests={worker.scheduled}
            what="scheduled"
            none={worker.unlisted_reason ?? 'No task waits here for its ETA.'}
            eta
          />
        )}
        {tab === 'revoked' && <Revoked ids={worker.revoked} />}
        {tab === 'pool' && <PoolTab worker={worker} />}
        {tab === 'stats' && <Facts value={worker.stats} label="Statistics" />}
        {tab === 'conf' && <Facts value={worker.conf} label="Configuration" note="Secrets are masked." />}
      </div>
    </section>
  );
}

function Requests({
  requests,
  what,
  none,
  eta,
}: {
  requests: readonly RequestInfo[];
  what: string;
  none: string;
  eta?: boolean;
}) {
  if (requests.length === 0) return <Empty title={none} />;
  return (
    <DataTable
      caption={`Tasks ${what}`}
      columns={eta ? SCHEDULED : RESERVED}
      lines={requests.map((row) => ({ kind: 'row', key: row.id, row, within: false }))}
    />
  );
}

const RESERVED: readonly Column<RequestInfo>[] = [
  { id: 'task', label: 'Task', width: 170, grow: 1, cell: (task) => <TaskName name={task.name} /> },
  {
    id: 'id',
    label: 'Id',
    width: 100,
    className: 'code muted',
    cell: (task) => (
      <Link to="/tasks/$id" params={{ id: task.id }} className="row-link" title={task.id}>
        {shortId(task.id)}
      </Link>
    ),
  },
  {
    id: 'args',
    label: 'Arguments',
    width: 200,
    grow: 2,
    rank: 2,
    className: 'code faint',
    cell: (task) => <ForeignText text={argumentsShown(task)} />,
  },
];
const SCHEDULED: readonly Column<RequestInfo>[] = [
  ...RESERVED,
  {
    id: 'eta',
    label: 'ETA',
    width: 150,
    num: true,
    rank: 1,
    className: 'muted',
    cell: (task) => <Eta eta={task.eta} />,
  },
];

/** In the person's own zone, as every other time here. */
function Eta({ eta }: { eta: string | null }) {
  const at = eta === null ? Number.NaN : Date.parse(eta) / 1000;
  return Number.isNaN(at) ? (eta ?? '-') : <At at={at} />;
}

function Revoked({ ids }: { ids: readonly string[] }) {
  if (ids.length === 0) return <Empty title="It remembers no revoked task" />;
  return (
    <ul className="id-list code">
      {ids.slice(0, 500).map((id) => (
        <li key={id}>
          <Link to="/tasks/$id" params={{ id }} className="link">
            {id}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Facts({ value, label, note }: { value: Record<string, unknown> | null; label: string; note?: string }) {
  const [search, setSearch] = useState('');
  const inside = value ? partsOf(value) : null;
  if (!inside) return <Empty title="It has not answered yet" />;
  const parts = inside.parts
    .filter((part) => part.key.toLowerCase().includes(search.toLowerCase()))
    .sort((a, b) => a.key.localeCompare(b.key));
  return (
    <div className="facts-tab">
      <div className="facts-search">
        <input
          className="input"
          type="search"
          placeholder="Find a name"
          aria-label={`Find in ${label}`}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        {note && <span className="muted">{note}</span>}
      </div>
      {parts.length === 0 ? <Empty title="No name fits" /> : <ValueTree parts={parts} label={label} named={false} />}
    </div>
  );
}

type ConsumedQueue = WorkerDetail['active_queues'][number];

function WorkerQueues({ worker }: { worker: WorkerDetail }) {
  const [name, setName] = useState('');
  const operation = useOperation();
  const known = new Set(worker.active_queues.map((q) => q.name));
  const done = operation.data;
  const proof =
    done?.action === 'add_consumer' && done.outcome === 'ok'
      ? known.has(done.subject) || known.has(lastAsked(done.request))
        ? 'Its list of queues says so too.'
        : null
      : null;
  const refused = useRefusal(worker, operation.isPending);
  const { mutate } = operation;
  const columns = useMemo(
    (): readonly Column<ConsumedQueue>[] => [
      {
        id: 'name',
        label: 'Queue',
        width: 150,
        grow: 2,
        className: 'code',
        cell: (queue) => (
          <Link to="/queues/$name" params={{ name: queue.name }} className="row-link">
            <b>
              <Middle text={queue.name} />
            </b>
          </Link>
        ),
      },
      {
        id: 'exchange',
        label: 'Exchange',
        width: 120,
        grow: 1,
        rank: 2,
        className: 'code muted',
        cell: (queue) => exchangeName(queue.exchange) || '-',
      },
      {
        id: 'key',
        label: 'Routing key',
        width: 120,
        grow: 1,
        rank: 1,
        className: 'code muted',
        cell: (queue) => queue.routing_key ?? '-',
      },
      {
        id: 'stop',
        label: '',
        width: 144,
        num: true,
        cell: (queue) => (
          <Button
            kind="bare danger"
            refused={refused}
            onClick={() => mutate({ action: 'cancel_consumer', queue: queue.name, destination: [worker.hostname] })}
          >
            Stop consuming
          </Button>
        ),
      },
    ],
    [refused, mutate, worker.hostname],
  );
  const add = () => {
    const queue = name.trim();
    if (!queue || known.has(queue) || refused) return;
    operation.mutate({ action: 'add_consumer', queue, destination: [worker.hostname] });
    setName('');
  };
  return (
    <>
      <DataTable
        caption="Queues this worker consumes"
        columns={columns}
        lines={worker.active_queues.map((row) => ({ kind: 'row', key: row.name, row, within: false }))}
      />
      {worker.active_queues.length === 0 && <Empty title="It consumes no queue" />}
      <form
        className="add-queue"
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <input
          className="input"
          value={name}
          placeholder="Queue"
          aria-label="Queue to consume too"
          spellCheck={false}
          onChange={(event) => setName(event.target.value)}
        />
        <Button
          icon="plus"
          refused={
            refused ?? (name.trim() === '' ? 'Which queue?' : known.has(name.trim()) ? 'It consumes that one' : null)
          }
          onClick={add}
        >
          Consume from it
        </Button>
        <OperationNote operation={operation} proof={proof} />
      </form>
    </>
  );
}

function lastAsked(request: unknown): string {
  return (request as { queue?: string } | null)?.queue ?? '';
}

function exchangeName(exchange: unknown): string {
  if (typeof exchange === 'string') return exchange;
  return (exchange as { name?: string } | null)?.name ?? '';
}
