// The head of a worker's page: its name, whether it is there, what it is, and what can be done to all of it.
// Holds: each button keeps its place; one that does not apply now is off and says why.

import { useState } from 'react';
import type { WorkerDetail } from '../../../shared/wire/workers.ts';
import { useOperation } from '../api/actions.ts';
import { t, tn } from '../language/text.ts';
import { useNow, useReadOnly } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { age } from '../ui/format.ts';
import { Alive } from '../ui/state-badge.tsx';
import { Age } from '../ui/time.tsx';

export function WorkerTitle({ worker }: { worker: WorkerDetail }) {
  const operation = useOperation();
  const readOnly = useReadOnly();
  const now = useNow();
  const [asking, setAsking] = useState(false);
  const silent = worker.status !== 'online';
  const refused = useRefusal(worker, operation.isPending);
  const destination = [worker.hostname];
  return (
    <header className="title">
      <div>
        <h1 className="code">
          <ForeignText text={worker.hostname} />
        </h1>
        <Alive status={worker.status} />
        <dl className="inline">
          <Fact term={t('fact|heard')} ticks>
            <Age at={worker.last_heard} ago />
          </Fact>
          {worker.uptime !== null && !silent && (
            <Fact term={t('fact|up')} ticks>
              {age(worker.uptime + (worker.inspected ? now - worker.inspected : 0))}
            </Fact>
          )}
          {worker.sw_ident && (
            <Fact term={worker.sw_ident}>
              {worker.sw_ver} {worker.sw_sys}
            </Fact>
          )}
          {worker.pid !== null && <Fact term="pid">{worker.pid}</Fact>}
          {worker.loadavg && <Fact term={t('fact|load')}>{worker.loadavg.map((n) => n.toFixed(2)).join(' ')}</Fact>}
          {worker.drift ? (
            <Fact term={t('fact|clock')}>
              {worker.drift > 0
                ? t('{age} ahead', { age: age(worker.drift) })
                : t('{age} behind', { age: age(-worker.drift) })}
            </Fact>
          ) : null}
        </dl>
      </div>
      {!readOnly && (
        <div className="btns">
          <Button
            icon="events"
            hint={worker.task_events === null ? t('Whether it sends them is seen with its next task') : undefined}
            refused={refused ?? (worker.task_events === true ? t('It sends them') : null)}
            onClick={() => operation.mutate({ action: 'enable_events', destination })}
          >
            {t('Enable task events')}
          </Button>
          <Button
            icon="pause"
            hint={t('Its tasks will no longer be seen here')}
            refused={refused ?? (worker.task_events === false ? t('It sends none') : null)}
            onClick={() => operation.mutate({ action: 'disable_events', destination })}
          >
            {t('Disable task events')}
          </Button>
          <Button icon="power" kind={refused ? undefined : 'danger'} refused={refused} onClick={() => setAsking(true)}>
            {t('Shut down')}
          </Button>
        </div>
      )}
      <OperationNote
        operation={operation}
        proof={
          operation.data?.action === 'shutdown' &&
          (silent ? (
            t('The event came: it is offline.')
          ) : (
            <span className="waiting-dots">{t('It finishes what it holds; waiting for its last event')}</span>
          ))
        }
      />
      {asking && (
        <Confirm
          title={t('Shut down {hostname}', { hostname: worker.hostname })}
          verb={t('Shut down worker')}
          onClose={() => setAsking(false)}
          onConfirm={() => operation.mutate({ action: 'shutdown', destination })}
        >
          {tn(
            worker.active_tasks.length,
            'It finishes the # task it runs, gives back what it holds and ends. It is not started again from here.',
            'It finishes the # tasks it runs, gives back what it holds and ends. It is not started again from here.',
          )}
        </Confirm>
      )}
    </header>
  );
}

/** @param ticks it has room for all that it will say, so that what stands beside it does not move */
function Fact({ term, ticks = false, children }: { term: string; ticks?: boolean; children: React.ReactNode }) {
  return (
    <div className={ticks ? 'ticks' : undefined}>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}
