// What is done with the selected tasks: the bar that takes the filter's place, the way to select all that match, and the dialog
// that says the consequence first.

import { useState } from 'react';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import type { Operation } from '../api/actions.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t, tn } from '../language/text.ts';
import { useReadOnly } from '../live/hooks.ts';
import { OperationNote } from '../operations/operation-note.tsx';
import { useRefusal } from '../operations/refusal.ts';
import { Button, copyText } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { count, exactCount } from '../ui/format.ts';
import { consequence, refusal, type TaskVerb, VERB } from './applies.ts';
import { IDS_A_REQUEST } from './use-bulk.ts';
import type { SelectAll } from './use-select-all.ts';

export function SelectionBar({
  rows,
  operation,
  busy,
  everything,
  onVerb,
  onClear,
  children,
}: {
  rows: readonly TaskRow[];
  operation: Operation;
  /** An action on many is under way. */
  busy: boolean;
  /** More match than are loaded: how many, as words; null: all that match are here. */
  everything: { words: string; select: SelectAll } | null;
  onVerb: (verb: TaskVerb, rows: readonly TaskRow[]) => void;
  onClear: () => void;
  children?: React.ReactNode;
}) {
  const readOnly = useReadOnly();
  const away = useRefusal(undefined, operation.isPending || busy);
  const button = (verb: TaskVerb, icon: 'refresh' | 'stop' | 'power') => {
    const fit = rows.filter((row) => refusal(verb, row) === null);
    const reason = readOnly
      ? t('The dashboard only reads')
      : fit.length === 0
        ? rows.length === 1
          ? refusal(verb, rows[0]!)
          : t('It applies to none of them')
        : away;
    return (
      <Button
        icon={icon}
        kind={verb === 'terminate' ? 'danger' : undefined}
        refused={reason}
        onClick={() => onVerb(verb, fit)}
      >
        {VERB[verb]} {fit.length > 0 && count(fit.length)}
      </Button>
    );
  };
  return (
    <div className="selection" role="toolbar" aria-label={t('Selected tasks')}>
      <b>{tn(rows.length, '# task selected', '# tasks selected')}</b>
      {everything && <Everything {...everything} />}
      {button('retry', 'refresh')}
      {button('revoke', 'stop')}
      {button('terminate', 'power')}
      <i className="rule" />
      <Button icon="copy" onClick={() => void copyText(rows.map((r) => r.uuid).join('\n'), t('ids'))}>
        {t('Copy ids')}
      </Button>
      <Button kind="bare" icon="close" hint={t('Clear the selection')} keys="Esc" onClick={onClear} />
      <OperationNote operation={operation} />
      {children}
    </div>
  );
}

/** All that match, beyond what is loaded. */
function Everything({ words, select }: { words: string; select: SelectAll }) {
  if (select.reading !== null)
    return (
      <span role="status">
        {rich('Selecting, {count} so far <button>Stop</button>', {
          count: exactCount(select.reading),
          button: (inside) => (
            <button type="button" className="link plain" onClick={select.stop}>
              {inside}
            </button>
          ),
        })}
      </span>
    );
  return (
    <>
      <Button onClick={select.start}>{t('Select all {words} that match', { words })}</Button>
      {select.error !== null && (
        <span role="alert" className="muted">
          {t('They could not be read: {why}', {
            why: fromServer(select.error instanceof Error ? select.error.message : String(select.error)),
          })}
        </span>
      )}
    </>
  );
}

/** Says what will happen to how many; the verb is on the button. */
export function ConfirmVerb({
  verb,
  rows,
  onDo,
  onClose,
}: {
  verb: TaskVerb;
  rows: readonly TaskRow[];
  onDo: (signal: string) => void;
  onClose: () => void;
}) {
  const [signal, setSignal] = useState('SIGTERM');
  const title =
    rows.length === 1
      ? t('{verb} task', { verb: VERB[verb] })
      : t('{verb} {count} tasks', { verb: VERB[verb], count: rows.length });
  const names = [...new Set(rows.map((row) => row.name ?? t('unknown')))];
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onDo(signal);
        }}
      >
        <p>{consequence(verb, rows.length)}</p>
        {rows.length > IDS_A_REQUEST && (
          <p className="muted">
            {t('In {count} requests of {most} at most, one after another. It can be stopped between them.', {
              count: count(Math.ceil(rows.length / IDS_A_REQUEST)),
              most: IDS_A_REQUEST,
            })}
          </p>
        )}
        <dl className="facts">
          {names.slice(0, 5).map((name) => (
            <div key={name}>
              <dt className="code">
                <ForeignText text={name} />
              </dt>
              <dd>{rows.filter((row) => (row.name ?? t('unknown')) === name).length}</dd>
            </div>
          ))}
        </dl>
        {verb === 'terminate' && (
          <label className="keep">
            {t('Signal')}
            <select className="input" value={signal} onChange={(event) => setSignal(event.target.value)}>
              <option>SIGTERM</option>
              <option>SIGKILL</option>
              <option>SIGINT</option>
              <option>SIGUSR1</option>
            </select>
          </label>
        )}
        <footer>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <button type="submit" className={verb === 'retry' ? 'btn primary' : 'btn fatal'}>
            {title}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
