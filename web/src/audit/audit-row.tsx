// One operation as a row that reads as a sentence, with links to what it was about; open, what workers answered and what became of it.
// The table: audit-table.tsx.

import { Link } from '@tanstack/react-router';
import { RECORDED_ACTIONS } from '../../../shared/wire/operation-categories.ts';
import type { OperationRecord } from '../../../shared/wire/operations.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t } from '../language/text.ts';
import { ForeignText, LongText } from '../ui/foreign-text.tsx';
import { count } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { visible } from '../ui/invisible.ts';
import type { Column } from '../ui/table/columns.ts';
import { shortId } from '../ui/task-name.tsx';
import { Age } from '../ui/time.tsx';
import { show } from '../ui/value.ts';
import { EffectDetail, EffectWord } from './effect.tsx';
import { onWhat, type Piece, tasksOf } from './on-what.ts';
import { OUTCOME } from './recorded.ts';

const STATE: Record<OperationRecord['outcome'], string> = {
  ok: 'SUCCESS',
  partial: 'RETRY',
  failed: 'FAILURE',
  'no-answer': 'RETRY',
  refused: 'REVOKED',
};
/** Ids listed before one asks for the rest elsewhere. */
const IDS = 50;

/** @param onToggle opens an operation, or closes it */
export const auditColumns = (onToggle: (id: string) => void): readonly Column<OperationRecord>[] => [
  {
    id: 'when',
    label: t('When'),
    width: 84,
    className: 'c-when muted',
    cell: (record) => <Age at={record.at} />,
  },
  {
    id: 'who',
    label: t('Who'),
    width: 116,
    rank: 3,
    className: 'c-who',
    title: ({ who }) => who,
    cell: ({ who }) => (
      <Link to="/audit" search={(before) => ({ ...before, who })} className="link quiet">
        <ForeignText text={who} />
      </Link>
    ),
  },
  {
    id: 'from',
    label: t('From'),
    width: 110,
    rank: 5,
    className: 'c-from code muted',
    title: ({ address, token }) =>
      [address ?? t('unknown'), ...(token ? [t('token {token}', { token })] : [])].join(', '),
    cell: (record) => <From record={record} />,
  },
  {
    id: 'action',
    label: t('Action'),
    width: 126,
    className: 'c-action code',
    cell: ({ action }) => (
      <Link
        to="/audit"
        search={(before) => ({ ...before, action: RECORDED_ACTIONS.find((name) => name === action) })}
        className="link quiet"
      >
        <b>{action}</b>
      </Link>
    ),
  },
  {
    id: 'subject',
    label: t('On'),
    width: 120,
    grow: 1,
    className: 'c-subject',
    title: (record) => record.subject,
    cell: (record) => onWhat(record).map((piece, i) => <OnePiece key={`${i} ${piece.text}`} piece={piece} />),
  },
  {
    id: 'outcome',
    label: t('Outcome'),
    width: 96,
    rank: 1,
    className: 'c-outcome',
    cell: ({ outcome }) => <Outcome outcome={outcome} />,
    brief: ({ outcome }) => <Outcome outcome={outcome} />,
  },
  {
    id: 'summary',
    label: t('Answers'),
    width: 200,
    grow: 1,
    rank: 2,
    className: 'c-summary',
    cell: (record, open) => (
      <button
        type="button"
        className="fold-button clip"
        aria-expanded={open}
        data-opens=""
        data-record={record.id}
        onClick={() => onToggle(String(record.id))}
      >
        <Icon name={open ? 'down' : 'right'} />
        <span className="clip">
          <ForeignText text={fromServer(record.summary)} />
        </span>
      </button>
    ),
  },
  {
    id: 'effect',
    label: t('Effect'),
    width: 190,
    grow: 1,
    rank: 4,
    className: 'c-effect',
    cell: ({ effect }) => <EffectWord effect={effect} />,
    brief: ({ effect }) => effect && <EffectWord effect={effect} />,
  },
];

/** An IPv4 address as one writes it, also where a socket for both kinds gave it. */
const plainAddress = (address: string): string => address.replace(/^::ffff:(?=[\d.]+$)/i, '');

function From({ record: { address, token } }: { record: OperationRecord }) {
  if (!address && !token) return <span className="faint">-</span>;
  return (
    <>
      {address && <ForeignText text={plainAddress(address)} />}
      {token && (
        <>
          {address && ', '}
          {rich('token {token}', { token: <ForeignText text={token} /> })}
        </>
      )}
    </>
  );
}

function Outcome({ outcome }: { outcome: OperationRecord['outcome'] }) {
  const state = STATE[outcome];
  return (
    <span className="state" data-state={state}>
      <Icon name={state === 'RETRY' ? 'late' : (state as 'SUCCESS')} />
      {OUTCOME[outcome]}
    </span>
  );
}

function OnePiece({ piece }: { piece: Piece }) {
  const text = <ForeignText text={piece.text} />;
  switch (piece.kind) {
    case 'words':
      return <span className="muted">{text}</span>;
    case 'task':
      return (
        <Link to="/tasks" search={{ task: piece.text }} className="link code" title={visible(piece.text)}>
          <ForeignText text={shortId(piece.text)} />
        </Link>
      );
    case 'name':
      return (
        <Link to="/tasks" search={{ q: `name:${JSON.stringify(piece.text)}` }} className="link code">
          {text}
        </Link>
      );
    case 'queue':
      return (
        <Link to="/queues/$name" params={{ name: piece.text }} className="link code">
          {text}
        </Link>
      );
    case 'worker':
      return (
        <Link to="/workers/$name" params={{ name: piece.text }} className="link code">
          {text}
        </Link>
      );
  }
}

/** What an open operation adds: each worker's answer, what became of it, its tasks and the request. */
export function Opened({ record }: { record: OperationRecord }) {
  const tasks = tasksOf(record);
  return (
    <div className="record">
      <div>
        {record.effect && <EffectDetail effect={record.effect} />}
        <p className="summary">
          <ForeignText text={fromServer(record.summary)} />
        </p>
        {record.address && (
          <p className="muted">
            {record.token
              ? rich('Asked from {address} with the token {token}', {
                  address: plainAddress(record.address),
                  token: <ForeignText text={record.token} />,
                })
              : t('Asked from {address}', { address: plainAddress(record.address) })}
          </p>
        )}
        <ul className="answers">
          {record.answers.map((answer) => (
            <li key={answer.worker} data-state={answer.ok ? 'SUCCESS' : 'FAILURE'}>
              <Icon name={answer.ok ? 'SUCCESS' : 'FAILURE'} />
              <Link to="/workers/$name" params={{ name: answer.worker }} className="link code">
                <ForeignText text={answer.worker} />
              </Link>{' '}
              <span className="muted">
                <LongText text={fromServer(answer.text)} max={500} />
              </span>
            </li>
          ))}
          {record.answers.length === 0 && <li className="muted">{t("No worker's answer is part of it.")}</li>}
        </ul>
      </div>
      <div>
        {tasks.length > 0 && (
          <ul className="record-tasks">
            {tasks.slice(0, IDS).map(({ id, again }) => (
              <li key={id}>
                <Link to="/tasks" search={{ task: id }} className="link code">
                  {shortId(id)}
                </Link>
                {again && (
                  <>
                    {' '}
                    {rich('sent again as {link}', {
                      link: (
                        <Link to="/tasks" search={{ task: again }} className="link code">
                          {shortId(again)}
                        </Link>
                      ),
                    })}
                  </>
                )}
              </li>
            ))}
            {tasks.length > IDS && (
              <li className="muted">{t('and {count} more', { count: count(tasks.length - IDS) })}</li>
            )}
          </ul>
        )}
        <pre className="plain-text code">
          <LongText text={show(record.request)} max={2000} />
        </pre>
      </div>
    </div>
  );
}
