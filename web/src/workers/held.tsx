// What a worker held when it fell silent or left: what may be sent again, what the broker delivers again by itself, and what that doubles.
// What it does while it is there: active.tsx. Who judges a retry: the server (operations/retry.ts), which refuses what may still run.
import { useState } from 'react';
import type { HeldTasks, WorkerDetail } from '../../../shared/wire/workers.ts';
import { useOperation } from '../api/actions.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { clock, plural } from '../ui/format.ts';
import type { Column } from '../ui/table/columns.ts';
import { DataTable } from '../ui/table/data-table.tsx';
import { Age } from '../ui/time.tsx';
import { idColumn, taskColumn } from './request-columns.tsx';

type HeldTask = HeldTasks['tasks'][number];

/** Tasks of one fate, with what may be done for them. */
export interface Fate {
  key: string;
  title: string;
  words: string;
  tasks: readonly HeldTask[];
  /** They will not come back, so they may be sent again. */
  again: boolean;
}

/** By what becomes of them: those that nobody will run come first. */
function fatesOf({ tasks }: HeldTasks): Fate[] {
  const gone = tasks.filter((t) => t.was === 'running' && t.acknowledged === true);
  const unsure = tasks.filter((t) => t.was === 'running' && t.acknowledged === null);
  const back = tasks.filter((t) => t.was === 'running' && t.acknowledged === false);
  const waiting = tasks.filter((t) => t.was !== 'running');
  const were = (n: number) => (n === 1 ? 'was' : 'were');
  return [
    {
      key: 'gone',
      title: `${gone.length} ${were(gone.length)} running and will not come back`,
      words:
        'Acknowledged early, so the broker has forgotten them. They may have finished: sending them again may do the work twice.',
      tasks: gone,
      again: true,
    },
    {
      key: 'unsure',
      title: `${unsure.length} ${were(unsure.length)} running`,
      words:
        'Whether the broker delivers them again is unknown: the worker did not say whether they were acknowledged. Sending them again may do the work twice.',
      tasks: unsure,
      again: true,
    },
    {
      key: 'back',
      title: `${back.length} ${were(back.length)} running and will be delivered again`,
      words: 'Not acknowledged: the broker gives them to another worker, on Redis after the visibility timeout.',
      tasks: back,
      again: false,
    },
    {
      key: 'waiting',
      title: `${waiting.length} ${were(waiting.length)} reserved and will be delivered again`,
      words: 'Not started: the broker gives them to another worker, on Redis after the visibility timeout.',
      tasks: waiting,
      again: false,
    },
  ].filter(({ tasks: of }) => of.length > 0);
}

const COLUMNS: readonly Column<HeldTask>[] = [
  taskColumn({ width: 150 }),
  idColumn((t) => t.uuid),
  { id: 'was', label: 'Was', width: 90, rank: 1, className: 'muted', cell: (t) => t.was },
  { id: 'at', label: 'Since', width: 90, num: true, className: 'muted', cell: (t) => <Age at={t.at} /> },
];
const FIRST = 8;

export function Held({ worker, held }: { worker: WorkerDetail; held: HeldTasks }) {
  const fates = fatesOf(held);
  return (
    <section className="card held" aria-label="What it held">
      <div className="head">
        <h2>What it held</h2>
        <p>
          {held.total === 0 ? 'nothing' : plural(held.total, 'task')}, as last heard at {clock(held.since).slice(0, 8)}
        </p>
      </div>
      {held.total === 0 && (
        <p className="idle muted">
          {held.as_of === null
            ? 'What it held is unknown: it never reported it, and its events name no task.'
            : 'It held no task.'}
        </p>
      )}
      {fates.map((fate) => (
        <Group key={fate.key} fate={fate} worker={worker} />
      ))}
      {held.total > held.tasks.length && (
        <p className="idle muted">{plural(held.total - held.tasks.length, 'more task')} not listed</p>
      )}
    </section>
  );
}

function Group({ fate, worker }: { fate: Fate; worker: WorkerDetail }) {
  const operation = useOperation();
  const refused = useRefusal(undefined, operation.isPending);
  const [asking, setAsking] = useState(false);
  const [whole, setWhole] = useState(false);
  const ids = fate.tasks.map((t) => t.uuid);
  const shown = whole ? fate.tasks : fate.tasks.slice(0, FIRST);
  const left = fate.tasks.length - shown.length;
  return (
    <div className="fate">
      <div className="fate-head">
        <b>{fate.title}</b>
        {fate.again && (
          <Button icon="refresh" refused={refused} onClick={() => setAsking(true)}>
            Send {ids.length === 1 ? 'it' : ids.length} again
          </Button>
        )}
      </div>
      <p className="muted">{fate.words}</p>
      <OperationNote operation={operation} />
      <DataTable
        caption={fate.title}
        columns={COLUMNS}
        lines={[
          ...shown.map((row) => ({ kind: 'row' as const, key: row.uuid, row, within: false })),
          ...(left > 0 ? [{ kind: 'more' as const, key: 'more', text: `${left} more`, group: '' }] : []),
        ]}
        onGroup={() => setWhole(true)}
      />
      {asking && (
        <Confirm
          title={<>Send {plural(ids.length, 'task')} again</>}
          verb={ids.length === 1 ? 'Send it again' : `Send ${ids.length} again`}
          onClose={() => setAsking(false)}
          onConfirm={() => operation.mutate({ action: 'retry', task_ids: ids, accept_double: true })}
        >
          They were running on {worker.hostname} when it was last heard and may have finished: then their work is done
          twice. Each is sent under a new id.
        </Confirm>
      )}
    </div>
  );
}
