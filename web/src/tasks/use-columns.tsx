// Which columns of the task list this person hides: the URL's choice before the kept one, and the menu that changes it.

import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { t } from '../language/text.ts';
import { setPreferences, usePreferences } from '../shell/preferences.ts';
import { Icon } from '../ui/icon.tsx';
import { Menu } from '../ui/menu.tsx';
import { HIDEABLE } from './columns.tsx';

const route = getRouteApi('/tasks');

export function useHiddenColumns(): { hidden: ReadonlySet<string>; toggle: (id: string) => void } {
  const { hide } = route.useSearch();
  const navigate = useNavigate({ from: '/tasks' });
  const kept = usePreferences().hidden;
  const hidden = useMemo(() => new Set(hide === undefined ? kept : hide.split(',').filter(Boolean)), [hide, kept]);
  const toggle = (id: string) => {
    const next = new Set(hidden);
    if (!next.delete(id)) next.add(id);
    setPreferences({ hidden: [...next] });
    if (hide !== undefined)
      void navigate({ search: (before) => ({ ...before, hide: [...next].join(',') }), replace: true });
  };
  return { hidden, toggle };
}

export function ColumnMenu({ hidden, onToggle }: { hidden: ReadonlySet<string>; onToggle: (id: string) => void }) {
  return (
    <Menu
      label={t('Columns')}
      trigger={
        <button type="button" className="btn only" aria-label={t('Columns')} title={t('Columns')}>
          <Icon name="columns" />
        </button>
      }
      items={HIDEABLE.map(({ id, label }) => ({
        label,
        checked: !hidden.has(id),
        onSelect: () => onToggle(id),
      }))}
    />
  );
}
