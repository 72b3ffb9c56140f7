// Workers on the overview, trouble first, as many as two lines hold. All of them: pages/workers.tsx.

import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { WorkerRow } from '../../../shared/wire/workers.ts';
import { t, tn } from '../language/text.ts';
import { useNow } from '../live/hooks.ts';
import { usePart } from '../live/part.ts';
import { AskWorkers } from '../operations/ask-workers.tsx';
import { AsOf } from '../ui/as-of.tsx';
import { Boundary } from '../ui/boundary.tsx';
import { age } from '../ui/format.ts';
import { Middle } from '../ui/middle.tsx';
import { Alive } from '../ui/state-badge.tsx';
import { sortRows } from '../ui/table/columns.ts';
import { describeSlots, type FleetTotals, troubleRank, workerLabels } from '../workers/fleet.ts';
import { SlotsBar, slotsWord } from '../workers/slots-cell.tsx';

const MAX_WORKERS = 12;

export function FleetCard({
  workers,
  fleet,
  total,
}: {
  workers: readonly WorkerRow[];
  fleet: FleetTotals;
  /** Some may not be here. */
  total: number;
}) {
  const part = usePart('events');
  const shown = useMemo(
    () => sortRows(workers, troubleRank, false, (w) => w.hostname).slice(0, MAX_WORKERS),
    [workers],
  );
  const labels = useMemo(() => workerLabels(shown.map((w) => String(w.hostname))), [shown]);
  const left = total - shown.length;
  return (
    <section className={`card fleet${part.stale}`}>
      <div className="head">
        <h2>{t('Workers')}</h2>
        <AsOf since={part.since} />
        <p className="clip">
          {workers.length > 0 &&
            t('{online} of {total} online, {fleet}', { online: fleet.online, total, fleet: describeSlots(fleet) })}
        </p>
        <Link className="more-link" to="/workers">
          {left > 0 ? tn(left, '# more worker', '# more workers') : t('All workers')}
        </Link>
      </div>
      {workers.length === 0 ? (
        <AskWorkers />
      ) : (
        <ul>
          {shown.map((worker, i) => (
            <li key={i}>
              <Boundary
                what={t('This worker')}
                of={worker}
                instead={() => (
                  <span className="muted">{t('{what} could not be shown', { what: String(worker.hostname) })}</span>
                )}
              >
                <Place worker={worker} label={labels.get(worker.hostname) ?? worker.hostname} />
              </Boundary>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Place({ worker, label }: { worker: WorkerRow; label: string }) {
  const now = useNow();
  const silent = worker.status !== 'online';
  const words = !silent
    ? slotsWord(worker)
    : worker.last_heard === null
      ? t('never heard')
      : t('silent {age}', { age: age(now - worker.last_heard) });
  return (
    <Link
      to="/workers/$name"
      params={{ name: worker.hostname }}
      className={silent ? 'trouble' : undefined}
      title={worker.hostname}
    >
      <Alive status={worker.status}>
        <code className="clip">
          <Middle text={label} tail={5} />
        </code>
      </Alive>
      {/* By its words: other words are another element, so that nothing counts as moved. */}
      <span className="busy" key={words}>
        {silent ? <em data-state={worker.status}>{words}</em> : words}
      </span>
      <SlotsBar worker={worker} />
    </Link>
  );
}
