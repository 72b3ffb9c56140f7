// The head of a queue in order of delivery: read without taking anything, or, on RabbitMQ, by who wants it although it takes messages.

import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { PeekedMessage } from '../../../shared/wire/queues.ts';
import { rich } from '../language/rich.tsx';
import { t } from '../language/text.ts';
import { argumentsOf } from '../tasks/call-arguments.ts';
import { TraceLink } from '../tasks/trace.tsx';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Empty } from '../ui/feedback.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { bytes, exactTime } from '../ui/format.ts';
import type { Column } from '../ui/table/columns.ts';
import { DataTable } from '../ui/table/data-table.tsx';
import { shortId, TaskName } from '../ui/task-name.tsx';
import { Age } from '../ui/time.tsx';

interface Picking {
  readonly picked: readonly string[];
  /** null: nothing can be done with them. */
  readonly onPick: ((ids: readonly string[]) => void) | null;
}

const pickColumn = (picked: readonly string[], onPick: (ids: readonly string[]) => void): Column<PeekedMessage> => ({
  id: 'pick',
  label: '',
  width: 40,
  cell: ({ uuid, position }) =>
    uuid !== null && (
      <label className="pick">
        <input
          className="check"
          type="checkbox"
          aria-label={t('Pick message {position}', { position })}
          checked={picked.includes(uuid)}
          onChange={(event) => onPick(event.target.checked ? [...picked, uuid] : picked.filter((id) => id !== uuid))}
        />
      </label>
    ),
});

const COLUMNS: readonly Column<PeekedMessage>[] = [
  { id: 'at', label: t('message|At'), width: 46, num: true, className: 'muted', cell: (m) => m.position },
  { id: 'priority', label: t('Priority'), width: 64, num: true, rank: 1, cell: (m) => m.priority ?? '-' },
  { id: 'task', label: t('Task'), width: 130, grow: 1, cell: (m) => <TaskName name={m.name} /> },
  {
    id: 'args',
    label: '',
    width: 200,
    grow: 1,
    rank: 2,
    className: 'code muted',
    cell: (m) => (
      <span className="clip" title={argumentsOf(m)}>
        <ForeignText text={argumentsOf(m)} />
      </span>
    ),
  },
  {
    id: 'id',
    label: t('column|id'),
    width: 96,
    rank: 3,
    className: 'code muted',
    cell: (m) =>
      m.uuid ? (
        <Link to="/tasks/$id" params={{ id: m.uuid }} className="row-link" title={m.uuid}>
          {shortId(m.uuid)}
        </Link>
      ) : (
        '-'
      ),
  },
  { id: 'note', label: '', width: 120, rank: 4, className: 'muted', cell: (m) => <Note message={m} /> },
  { id: 'size', label: '', width: 70, num: true, rank: 5, className: 'muted', cell: (m) => bytes(m.size) },
  {
    id: 'waiting',
    label: t('Waiting for'),
    width: 84,
    num: true,
    cell: (m) =>
      m.published === null ? (
        <span className="faint" title={t('The message does not say when it was sent')}>
          {t('unknown')}
        </span>
      ) : (
        <Age at={m.published} />
      ),
  },
];

export function Messages({ peek, picked, onPick }: { peek: readonly PeekedMessage[] | null } & Picking) {
  if (peek === null) {
    return (
      <Empty title={t('This broker cannot show messages without taking them')}>
        <p className="muted">{t('Depth and consumers are still known.')}</p>
      </Empty>
    );
  }
  if (peek.length === 0) return <Empty icon="queues" title={t('Nothing waits in it')} />;
  return (
    <>
      <p className="peeked muted">
        {t('The first {count} in order of delivery, read without taking them', { count: peek.length })}
      </p>
      <Head messages={peek} columns={onPick ? [pickColumn(picked, onPick), ...COLUMNS] : COLUMNS} />
    </>
  );
}

function Head({
  messages,
  columns = COLUMNS,
}: {
  messages: readonly PeekedMessage[];
  columns?: readonly Column<PeekedMessage>[];
}) {
  return (
    <DataTable
      caption={t('Messages at the head, in order of delivery')}
      columns={columns}
      lines={messages.map((row) => ({ kind: 'row', key: String(row.position), row, within: false }))}
    />
  );
}

export interface Look {
  /** null: nobody has looked. */
  readonly taken: { readonly messages: readonly PeekedMessage[]; readonly at: number } | null;
  readonly isEmpty: boolean;
  /** Why one cannot now; null: one can. */
  readonly refusal: string | null;
  readonly onLook: () => void;
}

/** On a broker that shows messages only to who takes them: nothing before somebody has read what that does, and said yes. */
export function TakenMessages({ name, readOnly, look }: { name: string; readOnly: boolean; look: Look }) {
  const { taken, isEmpty, refusal, onLook } = look;
  const [asking, setAsking] = useState(false);
  if (taken === null && isEmpty) return <Empty icon="queues" title={t('Nothing waits in it')} />;
  const button = !readOnly && (
    <div className="btns">
      <Button icon="search" refused={refusal} onClick={() => setAsking(true)}>
        {taken ? t('Look again...') : t('Look at the first messages...')}
      </Button>
    </div>
  );
  return (
    <>
      {taken === null ? (
        <Empty title={t('RabbitMQ shows messages only to who takes them')}>
          <p className="muted">{t('Depth and consumers are known without that.')}</p>
          {button}
        </Empty>
      ) : (
        <>
          <div className="peeked muted">
            <p>{asTaken(taken)}</p>
            {button}
          </div>
          {taken.messages.length > 0 && <Head messages={taken.messages} />}
        </>
      )}
      {asking && (
        <Confirm
          title={rich('Look into <code>{name}</code>?', { name })}
          verb={t('Take, look and give back')}
          onClose={() => setAsking(false)}
          onConfirm={onLook}
        >
          {t(
            'RabbitMQ shows messages only to who takes them. The first 20 are taken and given back at once. From then on they are marked as redelivered, and where workers read this queue they may come in another order. A quorum queue counts it as a delivery: one with a delivery limit drops a message, or sets it aside, that reaches it. The audit log has who looked.',
          )}
        </Confirm>
      )}
    </>
  );
}

function asTaken({ messages, at }: NonNullable<Look['taken']>): string {
  const time = exactTime(at).slice(11, 19);
  return messages.length === 0
    ? t('Nothing waited in it at {time}', { time })
    : t('The first {count} at {time}: taken, and given back marked as redelivered', { count: messages.length, time });
}

function Note({ message }: { message: PeekedMessage }) {
  const { trace_id } = message;
  return (
    <>
      {noteOf(message)} {trace_id !== undefined && <TraceLink id={trace_id} label={t('Trace')} />}
    </>
  );
}

function noteOf(m: PeekedMessage): string {
  const due = m.eta ? Date.parse(m.eta) / 1000 : Number.NaN;
  return [
    m.redelivered && t('redelivered'),
    m.retries ? t('retry {retries}', { retries: m.retries }) : '',
    m.eta && t('due {time}', { time: Number.isNaN(due) ? m.eta : exactTime(due).slice(11, 19) }),
  ]
    .filter(Boolean)
    .join(', ');
}
