// What a worker held when it fell silent or left: what may be sent again, what the broker delivers again by itself, and what that doubles.
// What it does while it is there: active.tsx. Who judges a retry: the server (operations/retry.ts), which refuses what may still run.

import { useState } from 'react';
import type { HeldTasks, WorkerDetail } from '../../../shared/wire/workers.ts';
import { useOperation } from '../api/actions.ts';
import { t, tn } from '../language/text.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { clock } from '../ui/format.ts';
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
  return [
    {
      key: 'gone',
      title: tn(gone.length, '# was running and will not come back', '# were running and will not come back'),
      words: t(
        'Acknowledged early, so the broker has forgotten them. They may have finished: sending them again may do the work twice.',
      ),
      tasks: gone,
      again: true,
    },
    {
      key: 'unsure',
      title: tn(unsure.length, '# was running', '# were running'),
      words: t(
        'Whether the broker delivers them again is unknown: the worker did not say whether they were acknowledged. Sending them again may do the work twice.',
      ),
      tasks: unsure,
      again: true,
    },
    {
      key: 'back',
      title: tn(back.length, '# was running and will be delivered again', '# were running and will be delivered again'),
      words: t('Not acknowledged: the broker gives them to another worker, on Redis after the visibility timeout.'),
      tasks: back,
      again: false,
    },
    {
      key: 'waiting',
      title: tn(
        waiting.length,
        '# was reserved and will be delivered again',
        '# were reserved and will be delivered again',
      ),
      words: t('Not started: the broker gives them to another worker, on Redis after the visibility timeout.'),
      tasks: waiting,
      again: false,
    },
  ].filter(({ tasks: of }) => of.length > 0);
}

const WAS: Readonly<Record<HeldTask['was'], string>> = {
  running: t('was|running'),
  reserved: t('was|reserved'),
  scheduled: t('was|scheduled'),
};

const COLUMNS: readonly Column<HeldTask>[] = [
  taskColumn({ width: 150 }),
  idColumn(({ uuid }) => uuid),
  { id: 'was', label: t('held|Was'), width: 90, rank: 1, className: 'muted', cell: ({ was }) => WAS[was] },
  { id: 'at', label: t('held|Since'), width: 90, num: true, className: 'muted', cell: ({ at }) => <Age at={at} /> },
];
const FIRST = 8;

export function Held({ worker, held }: { worker: WorkerDetail; held: HeldTasks }) {
  const fates = fatesOf(held);
  return (
    <section className="card held" aria-label={t('What it held')}>
      <div className="head">
        <h2>{t('What it held')}</h2>
        <p>{asHeard(held)}</p>
      </div>
      {held.total === 0 && (
        <p className="idle muted">
          {held.as_of === null
            ? t('What it held is unknown: it never reported it, and its events name no task.')
            : t('It held no task.')}
        </p>
      )}
      {fates.map((fate) => (
        <Group key={fate.key} fate={fate} worker={worker} />
      ))}
      {held.total > held.tasks.length && (
        <p className="idle muted">
          {tn(held.total - held.tasks.length, '# more task not listed', '# more tasks not listed')}
        </p>
      )}
    </section>
  );
}

function asHeard({ total, since }: HeldTasks): string {
  const time = clock(since).slice(0, 8);
  return total === 0
    ? t('nothing, as last heard at {time}', { time })
    : tn(total, '# task, as last heard at {time}', '# tasks, as last heard at {time}', { time });
}

function Group({ fate, worker }: { fate: Fate; worker: WorkerDetail }) {
  const operation = useOperation();
  const refused = useRefusal(undefined, operation.isPending);
  const [asking, setAsking] = useState(false);
  const [whole, setWhole] = useState(false);
  const ids = fate.tasks.map(({ uuid }) => uuid);
  const shown = whole ? fate.tasks : fate.tasks.slice(0, FIRST);
  const left = fate.tasks.length - shown.length;
  return (
    <div className="fate">
      <div className="fate-head">
        <b>{fate.title}</b>
        {fate.again && (
          <Button icon="refresh" refused={refused} onClick={() => setAsking(true)}>
            {ids.length === 1 ? t('Send it again') : t('Send {count} again', { count: ids.length })}
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
          ...(left > 0 ? [{ kind: 'more' as const, key: 'more', text: t('{left} more', { left }), group: '' }] : []),
        ]}
        onGroup={() => setWhole(true)}
      />
      {asking && (
        <Confirm
          title={tn(ids.length, 'Send # task again', 'Send # tasks again')}
          verb={ids.length === 1 ? t('Send it again') : t('Send {count} again', { count: ids.length })}
          onClose={() => setAsking(false)}
          onConfirm={() => operation.mutate({ action: 'retry', task_ids: ids, accept_double: true })}
        >
          {t(
            'They were running on {hostname} when it was last heard and may have finished: then their work is done twice. Each is sent under a new id.',
            { hostname: worker.hostname },
          )}
        </Confirm>
      )}
    </div>
  );
}
