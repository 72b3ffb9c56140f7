// One queue, open below the list: its head as it will be delivered, who consumes it, its depth over time, and purge.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { PeekedMessage, QueueRow, Range } from '../../../shared/wire/http.ts';
import { useOperation } from '../api/actions.ts';
import { queueQuery } from '../api/queries.ts';
import { lastValue } from '../charts/axis.ts';
import { ChartBody, RangePicker, TableToggle, useSeries } from '../charts/chart-card.tsx';
import { useReadOnly, useWorkers } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { argumentsOf } from '../tasks/task-table.tsx';
import { Button } from '../ui/button.tsx';
import { Empty, ErrorNote, Skeleton } from '../ui/feedback.tsx';
import { Alive } from '../ui/state-badge.tsx';
import { shortId, TaskName } from '../ui/task-name.tsx';
import { Age } from '../ui/time.tsx';
import { bytes, count, exactCount, plural } from '../ui/words.ts';
import { PurgeDialog } from './purge.tsx';

export type QueueTab = 'messages' | 'consumers' | 'history';
const TABS: readonly (readonly [QueueTab, string])[] = [
  ['messages', 'Messages'],
  ['consumers', 'Consumers'],
  ['history', 'History'],
];

export function OpenedQueue({
  name,
  live,
  tab,
  range,
  onTab,
  onRange,
}: {
  name: string;
  live: QueueRow | undefined;
  tab: QueueTab;
  range: Range;
  onTab: (tab: QueueTab) => void;
  onRange: (range: Range) => void;
}) {
  const query = useQuery(queueQuery(name, range));
  const readOnly = useReadOnly();
  const operation = useOperation();
  const [purging, setPurging] = useState(false);
  const queue = live ?? query.data;
  if (!queue) {
    return (
      <section className="card opened">
        {query.isError ? (
          <ErrorNote
            what={`The queue ${name} could not be read`}
            error={query.error}
            onRetry={() => void query.refetch()}
          />
        ) : (
          <Skeleton rows={6} />
        )}
      </section>
    );
  }
  const peek = query.data?.peek ?? null;
  return (
    <section className="card opened" aria-label={`Queue ${name}`}>
      <div className="head">
        <h2 className="code">{name}</h2>
        <p>
          <b>{queue.messages === null ? 'unknown' : exactCount(queue.messages)}</b> waiting
          {queue.unacked !== null && (
            <>
              , <b>{exactCount(queue.unacked)}</b> taken and not yet acknowledged
            </>
          )}
          <ByPriority queue={queue} />
        </p>
        {!readOnly && (
          <div className="btns">
            <Button
              icon="drain"
              kind={queue.messages ? 'danger' : undefined}
              refused={
                queue.messages === 0 ? 'Nothing waits in it' : operation.isPending ? 'Waiting for the broker' : null
              }
              onClick={() => setPurging(true)}
            >
              Purge queue
            </Button>
          </div>
        )}
      </div>
      <OperationNote
        operation={operation}
        proof={
          operation.data && queue.messages !== null
            ? `The broker counts ${plural(queue.messages, 'message')} now.`
            : undefined
        }
      />
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
        {tab === 'messages' && peek && peek.length > 0 && (
          <p>the first {peek.length} in order of delivery, read without taking them</p>
        )}
      </div>
      <div id="queue-tab" role="tabpanel">
        {tab === 'messages' &&
          (query.isPending ? (
            <Skeleton rows={6} />
          ) : query.isError && !query.data ? (
            <ErrorNote what="The messages could not be read" error={query.error} onRetry={() => void query.refetch()} />
          ) : (
            <Messages peek={peek} />
          ))}
        {tab === 'consumers' && <Consumers queue={queue} />}
        {tab === 'history' && <History name={name} range={range} onRange={onRange} />}
      </div>
      {purging && (
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
    </section>
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

function Messages({ peek }: { peek: readonly PeekedMessage[] | null }) {
  if (peek === null) {
    return (
      <Empty title="This broker cannot show messages without taking them">
        <p className="muted">Depth and consumers are still known.</p>
      </Empty>
    );
  }
  if (peek.length === 0) return <Empty icon="queues" title="Nothing waits in it" />;
  return (
    <div className="scroll-x">
      <table className="table">
        <caption className="sr">Messages at the head, in order of delivery</caption>
        <thead>
          <tr>
            <th className="c-at num">At</th>
            <th className="c-prio num">Priority</th>
            <th className="c-task">Task</th>
            <th className="c-id">Id</th>
            <th className="c-args">Arguments</th>
            <th className="c-from">Note</th>
            <th className="c-size num">Size</th>
            <th className="c-age num">Waiting for</th>
          </tr>
        </thead>
        <tbody>
          {peek.map((m) => (
            <tr key={m.position}>
              <td className="c-at num muted">{m.position}</td>
              <td className="c-prio num">{m.priority ?? '-'}</td>
              <td className="c-task">
                <TaskName name={m.name} />
              </td>
              <td className="c-id code muted">
                {m.uuid ? (
                  <Link to="/tasks/$id" params={{ id: m.uuid }} className="row-link" title={m.uuid}>
                    {shortId(m.uuid)}
                  </Link>
                ) : (
                  '-'
                )}
              </td>
              <td className="c-args code faint">{argumentsOf(m)}</td>
              <td className="c-from muted clip">{noteOf(m)}</td>
              <td className="c-size num muted">{bytes(m.size)}</td>
              <td className="c-age num">
                {m.published === null ? (
                  <span className="faint" title="The message does not say when it was sent">
                    not told
                  </span>
                ) : (
                  <Age at={m.published} />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function noteOf(m: PeekedMessage): string {
  return [m.redelivered && 'redelivered', m.retries ? `retry ${m.retries}` : '', m.eta && `due ${m.eta.slice(11, 19)}`]
    .filter(Boolean)
    .join(', ');
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
                <code>{hostname}</code>
              </Alive>
              <span className="muted">
                {worker ? `${count(worker.active)} of ${count(worker.concurrency)} busy` : ''}
              </span>
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
