// The queues a worker consumes: stop one, or consume from another. Both are read back from its own list.

import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { WorkerDetail } from '../../../shared/wire/workers.ts';
import { useOperation } from '../api/actions.ts';
import { t } from '../language/text.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/feedback.tsx';
import { Middle } from '../ui/middle.tsx';
import type { Column } from '../ui/table/columns.ts';
import { DataTable } from '../ui/table/data-table.tsx';

type ConsumedQueue = WorkerDetail['active_queues'][number];

export function WorkerQueues({ worker }: { worker: WorkerDetail }) {
  const [name, setName] = useState('');
  const operation = useOperation();
  const known = new Set(worker.active_queues.map((q) => q.name));
  const done = operation.data;
  const proof =
    done?.action === 'add_consumer' && done.outcome === 'ok'
      ? known.has(done.subject) || known.has(lastAsked(done.request))
        ? t('Its list of queues says so too.')
        : null
      : null;
  const refused = useRefusal(worker, operation.isPending);
  const { mutate } = operation;
  const columns = useMemo(
    (): readonly Column<ConsumedQueue>[] => [
      {
        id: 'name',
        label: t('Queue'),
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
        label: t('Exchange'),
        width: 120,
        grow: 1,
        rank: 2,
        className: 'code muted',
        cell: (queue) => exchangeName(queue.exchange) || '-',
      },
      {
        id: 'key',
        label: t('Routing key'),
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
            {t('Stop consuming')}
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
        caption={t('Queues this worker consumes')}
        columns={columns}
        lines={worker.active_queues.map((row) => ({ kind: 'row', key: row.name, row, within: false }))}
      />
      {worker.active_queues.length === 0 && <Empty title={t('It consumes no queue')} />}
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
          placeholder={t('Queue')}
          aria-label={t('Queue to consume too')}
          spellCheck={false}
          onChange={(event) => setName(event.target.value)}
        />
        <Button
          icon="plus"
          refused={
            refused ??
            (name.trim() === '' ? t('Which queue?') : known.has(name.trim()) ? t('It consumes that one') : null)
          }
          onClick={add}
        >
          {t('Consume from it')}
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
