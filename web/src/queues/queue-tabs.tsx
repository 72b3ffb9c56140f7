// Who consumes a queue, and its depth over time.

import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { QueueRow } from '../../../shared/wire/queues.ts';
import type { Range } from '../../../shared/wire/series.ts';
import { ChartBody, RangePicker, TableToggle } from '../charts/chart-card.tsx';
import { lastValue } from '../charts/series-data.ts';
import { useSeries } from '../charts/use-series.ts';
import { rich } from '../language/rich.tsx';
import { t } from '../language/text.ts';
import { useWorkers } from '../live/hooks.ts';
import { Empty } from '../ui/feedback.tsx';
import { count } from '../ui/format.ts';
import { Middle } from '../ui/middle.tsx';
import { Alive } from '../ui/state-badge.tsx';
import { SlotsCell } from '../workers/slots-cell.tsx';

export function Consumers({ queue }: { queue: QueueRow }) {
  const workers = useWorkers();
  if (queue.workers.length === 0) {
    return (
      <Empty icon="workers" title={t('No worker says that it consumes it')}>
        <p className="muted">
          {rich("Add it on a worker's page under Queues, or start one with <code>-Q {name}</code>.", {
            name: queue.name,
          })}
        </p>
      </Empty>
    );
  }
  return (
    <ul className="consumer-list">
      {queue.workers.map((hostname) => {
        const worker = workers.get(hostname);
        return (
          <li key={hostname}>
            <Link to="/workers/$name" params={{ name: hostname }}>
              <Alive status={worker?.status ?? 'offline'}>
                <code>
                  <Middle text={hostname} />
                </code>
              </Alive>
              {worker && <SlotsCell worker={worker} />}
            </Link>
          </li>
        );
      })}
    </ul>
  );
}

export function History({ name, range, onRange }: { name: string; range: Range; onRange: (range: Range) => void }) {
  const [asTable, setAsTable] = useState(false);
  const series = useSeries({ metric: 'depth', queue: name, range });
  return (
    <div className="history">
      <div className="tools">
        <TableToggle on={asTable} onChange={setAsTable} />
        <RangePicker value={range} onChange={onRange} />
      </div>
      <ChartBody
        kind="depth"
        query={series}
        asTable={asTable}
        height={180}
        summary={(s) =>
          t('Depth of {name} over the last {range}: {depth} now', {
            name,
            range: s.range,
            depth: count(lastValue(s.lines.depth)),
          })
        }
      />
    </div>
  );
}
