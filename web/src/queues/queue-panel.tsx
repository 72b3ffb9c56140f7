// One queue, open beside the list: whether it drains and why not, its figures, its head as it will be delivered, who consumes it, its
// depth over time, and purge. What waits in it: queue-messages.tsx. All queues: queue-table.tsx.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { QueueRow } from '../../../shared/wire/queues.ts';
import type { Range } from '../../../shared/wire/series.ts';
import { useOperation } from '../api/actions.ts';
import { queueQuery } from '../api/queries.ts';
import { lastValue } from '../charts/axis.ts';
import { ChartBody, RangePicker, TableToggle } from '../charts/chart-card.tsx';
import { useSeries } from '../charts/use-series.ts';
import { useReadOnly, useWorkers } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Button } from '../ui/button.tsx';
import { Empty, ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { count, exactCount, plural, rate } from '../ui/format.ts';
import { Middle } from '../ui/middle.tsx';
import { Alive } from '../ui/state-badge.tsx';
import { SlotsCell } from '../workers/slots-cell.tsx';
import { PurgeDialog } from './purge.tsx';
import { arrives, isUnconsumed } from './queue-list.ts';
import { Messages } from './queue-messages.tsx';

export type QueueTab = 'messages' | 'consumers' | 'history';
const TABS: readonly (readonly [QueueTab, string])[] = [
  ['messages', 'Messages'],
  ['consumers', 'Consumers'],
  ['history', 'History'],
];

export interface QueuePanelProps {
  name: string;
  live: QueueRow | undefined;
  tab: QueueTab;
  range: Range;
  onTab: (tab: QueueTab) => void;
  onRange: (range: Range) => void;
  onClose: () => void;
  onMove: (by: number) => void;
}

export function QueuePanel({ name, live, tab, range, onTab, onRange, onClose, onMove }: QueuePanelProps) {
  const query = useQuery(queueQuery(name, range));
  const readOnly = useReadOnly();
  const operation = useOperation();
  const refusal = useRefusal(undefined, operation.isPending);
  const [purging, setPurging] = useState(false);
  const queue = live ?? query.data;
  const peek = query.data?.peek ?? null;
  return (
    <aside className="side opened">
      <section aria-label={`Queue ${name}`}>
        <header>
          <div className="line">
            <span className="muted">{queue?.growing ? 'Queue, growing' : 'Queue'}</span>
            <span className="grow" />
            <Button kind="bare" icon="up" hint="Queue before" keys="k" onClick={() => onMove(-1)} />
            <Button kind="bare" icon="down" hint="Next queue" keys="j" onClick={() => onMove(1)} />
            <Button kind="bare" icon="close" hint="Close" keys="Esc" onClick={onClose} />
          </div>
          <h2 className="code">
            <ForeignText text={name} />
          </h2>
          {queue && <Sentence queue={queue} />}
          {queue && !readOnly && (
            <div className="btns">
              <Button
                icon="drain"
                kind={queue.messages ? 'danger' : undefined}
                refused={queue.messages === 0 ? 'Nothing waits in it' : refusal}
                onClick={() => setPurging(true)}
              >
                Purge queue
              </Button>
            </div>
          )}
          <OperationNote
            operation={operation}
            proof={
              operation.data && queue && queue.messages !== null
                ? `The broker counts ${plural(queue.messages, 'message')} now.`
                : undefined
            }
          />
        </header>
        {!queue &&
          (query.isError ? (
            <ErrorNote
              what={`The queue ${name} could not be read`}
              error={query.error}
              onRetry={() => void query.refetch()}
            />
          ) : (
            <Skeleton rows={6} />
          ))}
        {queue && <Figures queue={queue} />}
        {queue && (
          <>
            <div className="tabs" role="tablist" aria-label={name}>
              {TABS.map(([id, label]) => (
                <button
                  key={id}
                  type="button"
                  role="tab"
                  aria-selected={tab === id}
                  aria-controls="queue-tab"
                  onClick={() => onTab(id)}
                >
                  {label}
                  {id === 'messages' && queue.messages !== null && <span>{count(queue.messages)}</span>}
                  {id === 'consumers' && <span>{queue.workers.length}</span>}
                </button>
              ))}
            </div>
            <div id="queue-tab" role="tabpanel">
              {tab === 'messages' &&
                (query.isPending ? (
                  <Skeleton rows={6} />
                ) : query.isError && !query.data ? (
                  <ErrorNote
                    what="The messages could not be read"
                    error={query.error}
                    onRetry={() => void query.refetch()}
                  />
                ) : (
                  <Messages peek={peek} />
                ))}
              {tab === 'consumers' && <Consumers queue={queue} />}
              {tab === 'history' && <History name={name} range={range} onRange={onRange} />}
            </div>
          </>
        )}
      </section>
      {purging && queue && (
        <PurgeDialog
          queue={queue}
          peek={peek ?? []}
          onClose={() => setPurging(false)}
          onPurge={(confirm) => {
            operation.mutate({ action: 'purge', queue: name, confirm });
            setPurging(false);
          }}
        />
      )}
    </aside>
  );
}

/** What one would ask first: does it drain, and if not, why. */
function Sentence({ queue }: { queue: QueueRow }) {
  const net = queue.per_min;
  const words =
    queue.messages === null
      ? 'This broker could not be asked how much waits.'
      : queue.messages > 0 && isUnconsumed(queue)
        ? 'No worker consumes it: what waits stays until one does.'
        : net !== null && net >= 0.5
          ? `${rate(net)} a minute more arrive than leave.`
          : queue.messages > 0 && net !== null && net <= -0.5
            ? `${rate(-net)} a minute more leave than arrive.`
            : null;
  return words && <p className="sentence">{words}</p>;
}

function Figures({ queue }: { queue: QueueRow }) {
  return (
    <div className="queue-figures">
      <p>
        <b>{queue.messages === null ? 'unknown' : exactCount(queue.messages)}</b> waiting
        {queue.unacked !== null && (
          <>
            , <b>{exactCount(queue.unacked)}</b> taken and not yet acknowledged
          </>
        )}
        <ByPriority queue={queue} />
      </p>
      <p className="muted">
        In <b>{rate(arrives(queue))}</b>, out <b>{rate(queue.out_per_min)}</b> a minute
      </p>
    </div>
  );
}

/** One list a step on Redis, the smallest number first; elsewhere the largest. */
function ByPriority({ queue }: { queue: QueueRow }) {
  const steps = Object.entries(queue.by_priority).sort((a, b) => Number(a[0]) - Number(b[0]));
  if (steps.length === 0 || (steps.length === 1 && steps[0]![0] === '0')) return null;
  return (
    <>
      {'; by priority: '}
      {steps.map(([step, n], i) => (
        <span key={step}>
          {i > 0 && ', '}
          <b>{exactCount(n)}</b> at {step}
        </span>
      ))}
    </>
  );
}

function Consumers({ queue }: { queue: QueueRow }) {
  const workers = useWorkers();
  if (queue.workers.length === 0) {
    return (
      <Empty icon="workers" title="No worker says that it consumes it">
        <p className="muted">
          Add it on a worker's page under Queues, or start one with <code>-Q {queue.name}</code>.
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

function History({ name, range, onRange }: { name: string; range: Range; onRange: (range: Range) => void }) {
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
        summary={(s) => `Depth of ${name} over the last ${s.range}: ${count(lastValue(s.lines.depth))} now`}
      />
    </div>
  );
}
