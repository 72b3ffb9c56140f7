// Ctrl+K: go anywhere, find a task by id, do what the keys of this page do. What it offers: palette-items.ts. The list: ui/combobox.

import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { CLUSTER, clusterPlace } from '../api/base.ts';
import { clustersQuery, taskTypesQuery } from '../api/queries.ts';
import { t } from '../language/text.ts';
import { useQueues, useWorkers } from '../live/hooks.ts';
import { ComboboxList } from '../ui/combobox/combobox-list.tsx';
import { useCombobox } from '../ui/combobox/use-combobox.ts';
import { Dialog } from '../ui/dialog.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { Icon } from '../ui/icon.tsx';
import { found, type Go, type PaletteItem, paletteItems } from './palette-items.ts';
import { type Shortcut, shown, useRegistered } from './shortcuts.ts';

export default function CommandPalette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const navigate = useNavigate();
  const workers = useWorkers();
  const queues = useQueues();
  const shortcuts = useRegistered();
  const types = useQuery(taskTypesQuery());
  const all = useQuery({ ...clustersQuery(), enabled: CLUSTER !== null });
  const others = all.data?.filter(({ current }) => !current) ?? [];
  const clusters = others.map(({ name, path }) => ({ name, run: () => location.assign(clusterPlace(path)) }));

  const go: Go =
    (to, search = {}) =>
    () =>
      void navigate({ to, search } as never);
  const items = found(
    paletteItems(
      { workers: workers.keys(), queues, types: types.data ?? [], actions: actionsOf(shortcuts), clusters },
      go,
    ),
    text,
    go,
  );
  const combobox = useCombobox({
    size: items.length,
    resting: 0,
    pinned: true,
    onTake: (i) => {
      const { run } = items[i]!;
      onClose();
      // After the dialog has closed and focus is back in the page.
      setTimeout(run, 0);
    },
  });

  return (
    <Dialog label={t('Search or jump to')} onClose={onClose} className="palette">
      <div className="palette-field">
        <Icon name="search" />
        <input
          {...combobox.field}
          aria-label={t('Search or jump to')}
          placeholder={t('A page, worker, queue, task name or id')}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            combobox.open();
          }}
        />
        <kbd>Esc</kbd>
      </div>
      <ComboboxList
        combobox={combobox}
        label={t('Results')}
        className="palette-list"
        follows
        options={items.map(({ label, kind, icon, keys }) => ({
          key: `${kind} ${label}`,
          body: (
            <>
              <Icon name={icon} />
              <span className="grow clip">
                <ForeignText text={label} />
              </span>
              {keys && <kbd>{keys}</kbd>}
              <em>{KINDS[kind]}</em>
            </>
          ),
        }))}
      />
    </Dialog>
  );
}

const KINDS: Readonly<Record<PaletteItem['kind'], string>> = {
  Page: t('kind|Page'),
  Cluster: t('kind|Cluster'),
  Worker: t('kind|Worker'),
  Queue: t('kind|Queue'),
  Task: t('kind|Task'),
  Do: t('kind|Do'),
  Id: t('kind|Id'),
  Search: t('kind|Search'),
};

/** What the keys of this page do, without going anywhere. */
const actionsOf = (shortcuts: readonly Shortcut[]): PaletteItem[] =>
  shortcuts
    .filter((s, i) => !s.alias && s.group !== 'Go' && shortcuts.findIndex((o) => o.keys === s.keys) === i)
    .map((s) => ({
      label: s.label,
      kind: 'Do',
      icon: 'right',
      keys: shown(s.keys).join(' '),
      run: () => s.run(new KeyboardEvent('keydown')),
    }));
