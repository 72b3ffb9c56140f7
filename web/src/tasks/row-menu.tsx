// What can be done with one row of the list, at its end on hover and focus, and under `.` for the row with the cursor.
// Doing it: bulk-actions.tsx listens through the list's page. Judging whether it applies: applies.ts.

import { useNavigate } from '@tanstack/react-router';
import { createContext, useContext } from 'react';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { t } from '../language/text.ts';
import { useReadOnly } from '../live/hooks.ts';
import { useRefusal } from '../operations/refusal.ts';
import { copyText } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Menu } from '../ui/menu.tsx';
import { refusal, type TaskVerb } from './applies.ts';

/** The page hands down what to do with rows, and which row's menu is open; a row only says which it is. */
export const TaskVerbs = createContext<(verb: TaskVerb, rows: readonly TaskRow[]) => void>(() => {});
export const MenuFor = createContext<{ uuid: string | null; onChange: (uuid: string | null) => void }>({
  uuid: null,
  onChange: () => {},
});

export function RowMenu({ row }: { row: TaskRow }) {
  const { uuid, onChange } = useContext(MenuFor);
  const trigger = (
    <button
      type="button"
      className="btn bare only row-menu"
      aria-label={t('Actions on {uuid}', { uuid: row.uuid.slice(0, 8) })}
      tabIndex={-1}
      onClick={() => onChange(row.uuid)}
    >
      <Icon name="more" />
    </button>
  );
  const change = (next: boolean) => {
    onChange(next ? row.uuid : null);
    // The button that opened it is drawn anew, so the focus goes to the row, unless what was chosen has taken it.
    if (!next)
      requestAnimationFrame(() => {
        if (document.activeElement === document.body)
          document.querySelector<HTMLElement>(`a[data-row="${row.uuid}"]`)?.focus();
      });
  };
  return uuid === row.uuid ? <OpenMenu row={row} trigger={trigger} onOpenChange={change} /> : trigger;
}

function OpenMenu({
  row,
  trigger,
  onOpenChange,
}: {
  row: TaskRow;
  trigger: React.ReactElement;
  onOpenChange: (open: boolean) => void;
}) {
  const act = useContext(TaskVerbs);
  const navigate = useNavigate();
  const readOnly = useReadOnly();
  const away = useRefusal();
  const verb = (name: TaskVerb, label: string, icon: 'refresh' | 'stop' | 'power', danger = false) => ({
    label,
    icon,
    danger,
    refused: readOnly ? t('The dashboard only reads') : (refusal(name, row) ?? away),
    onSelect: () => act(name, [row]),
  });
  const filter = (q: string) => void navigate({ to: '/tasks', search: { q } });
  return (
    <Menu
      open
      onOpenChange={onOpenChange}
      label={t('Task actions')}
      trigger={trigger}
      items={[
        {
          label: t('Open as a page'),
          icon: 'external',
          onSelect: () => void navigate({ to: '/tasks/$id', params: { id: row.uuid } }),
        },
        { label: t('Copy id'), icon: 'copy', keys: 'c', onSelect: () => void copyText(row.uuid, t('id')) },
        { label: t('Only this task name'), icon: 'search', onSelect: () => filter(`name:${row.name}`) },
        ...(row.worker
          ? [{ label: t('Only this worker'), icon: 'search' as const, onSelect: () => filter(`worker:${row.worker}`) }]
          : []),
        null,
        verb('retry', t('Retry'), 'refresh'),
        verb('revoke', t('Revoke'), 'stop'),
        verb('terminate', t('Terminate...'), 'power', true),
      ]}
    />
  );
}
