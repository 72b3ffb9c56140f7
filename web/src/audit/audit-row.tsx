// One operation as a row that reads as a sentence, with links to what it was about; open, what workers answered and what became of it.
import { Link } from '@tanstack/react-router';
import type { OperationRecord } from '../../../shared/wire/operations.ts';
import { ForeignText, LongText } from '../ui/foreign-text.tsx';
import { Icon } from '../ui/icon.tsx';
import { shortId } from '../ui/task-name.tsx';
import { Age } from '../ui/time.tsx';
import { show } from '../ui/value.ts';
import { count } from '../ui/words.ts';
import { EffectDetail, EffectWord } from './effect.tsx';
import { onWhat, type Piece, tasksOf } from './on-what.ts';
import { ACTIONS, OUTCOME } from './recorded.ts';

const STATE: Record<OperationRecord['outcome'], string> = {
  ok: 'SUCCESS',
  partial: 'RETRY',
  failed: 'FAILURE',
  'no-answer': 'RETRY',
};
/** Ids listed before one asks for the rest elsewhere. */
const IDS = 50;

export function AuditRow({
  record,
  open,
  cursor,
  onToggle,
}: {
  record: OperationRecord;
  open: boolean;
  cursor: boolean;
  onToggle: () => void;
}) {
  const state = STATE[record.outcome];
  return (
    <>
      <tr className={open ? 'opened-row' : undefined} aria-selected={cursor || undefined}>
        <td className="c-when num muted">
          <Age at={record.at} />
        </td>
        <td className="c-who">
          <Link to="/audit" search={(before) => ({ ...before, who: record.who })} className="link quiet">
            <ForeignText text={record.who} />
          </Link>
        </td>
        <td className="c-action code">
          <Link
            to="/audit"
            search={(before) => ({ ...before, action: ACTIONS.find((name) => name === record.action) })}
            className="link quiet"
          >
            <b>{record.action}</b>
          </Link>
        </td>
        <td className="c-subject" title={record.subject}>
          {onWhat(record).map((piece, i) => (
            <OnePiece key={`${i} ${piece.text}`} piece={piece} />
          ))}
        </td>
        <td className="c-outcome">
          <span className="state" data-state={state}>
            <Icon name={state === 'RETRY' ? 'late' : (state as 'SUCCESS')} />
            {OUTCOME[record.outcome]}
          </span>
        </td>
        <td className="c-summary">
          <button
            type="button"
            className="fold-button clip"
            aria-expanded={open}
            data-record={record.id}
            onClick={onToggle}
          >
            <Icon name={open ? 'down' : 'right'} />
            <span className="clip">
              <ForeignText text={record.summary} />
            </span>
          </button>
        </td>
        <td className="c-effect">
          <EffectWord effect={record.effect} />
        </td>
      </tr>
      {open && (
        <tr className="effect opened-row">
          <td colSpan={7}>
            <Opened record={record} />
          </td>
        </tr>
      )}
    </>
  );
}

function OnePiece({ piece }: { piece: Piece }) {
  const text = <ForeignText text={piece.text} />;
  switch (piece.kind) {
    case 'words':
      return <span className="muted">{text}</span>;
    case 'task':
      return (
        <Link to="/tasks" search={{ task: piece.text }} className="link code">
          {text}
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

function Opened({ record }: { record: OperationRecord }) {
  const tasks = tasksOf(record);
  return (
    <div className="record">
      <div>
        {record.effect && <EffectDetail effect={record.effect} />}
        <p className="summary">
          <ForeignText text={record.summary} />
        </p>
        <ul className="answers">
          {record.answers.map((answer) => (
            <li key={answer.worker} data-state={answer.ok ? 'SUCCESS' : 'FAILURE'}>
              <Icon name={answer.ok ? 'SUCCESS' : 'FAILURE'} />
              <Link to="/workers/$name" params={{ name: answer.worker }} className="link code">
                <ForeignText text={answer.worker} />
              </Link>{' '}
              <span className="muted">
                <LongText text={answer.text} max={500} />
              </span>
            </li>
          ))}
          {record.answers.length === 0 && <li className="muted">No worker's answer is part of it.</li>}
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
                    sent again as{' '}
                    <Link to="/tasks" search={{ task: again }} className="link code">
                      {shortId(again)}
                    </Link>
                  </>
                )}
              </li>
            ))}
            {tasks.length > IDS && <li className="muted">and {count(tasks.length - IDS)} more</li>}
          </ul>
        )}
        <pre className="plain-text code">
          <LongText text={show(record.request)} max={2000} />
        </pre>
      </div>
    </div>
  );
}
