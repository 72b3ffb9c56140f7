// Ctrl+K: go anywhere, find a task by id, do what the keys of this page do. What it offers: palette-items.ts.

import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useId, useState } from 'react';
import { toSegment } from '../../../shared/path-segment.ts';
import { taskTypesQuery } from '../api/queries.ts';
import { useQueues, useWorkers } from '../live/hooks.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Icon, type IconName } from '../ui/icon.tsx';
import { rank } from './palette-items.ts';
import { shown, useRegistered } from './shortcuts.ts';

interface PaletteItem {
  label: string;
  kind: 'Page' | 'Worker' | 'Queue' | 'Task' | 'Do' | 'Id' | 'Search';
  icon: IconName;
  keys?: string;
  run: () => void;
}

export default function CommandPalette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const listId = useId();
  const navigate = useNavigate();
  const workers = useWorkers();
  const queues = useQueues();
  const keys = useRegistered();
  const types = useQuery(taskTypesQuery());

  const go =
    (to: string, search: Record<string, unknown> = {}) =>
    () =>
      void navigate({ to, search } as never);
  const items: PaletteItem[] = [
    { label: 'Overview', kind: 'Page', icon: 'overview', run: go('/') },
    { label: 'Tasks', kind: 'Page', icon: 'tasks', run: go('/tasks') },
    { label: 'Failed tasks', kind: 'Page', icon: 'failures', run: go('/tasks', { state: 'FAILURE' }) },
    { label: 'Workers', kind: 'Page', icon: 'workers', run: go('/workers') },
    { label: 'Queues', kind: 'Page', icon: 'queues', run: go('/queues') },
    { label: 'Audit', kind: 'Page', icon: 'audit', run: go('/audit') },
    ...[...workers.keys()].map(
      (hostname): PaletteItem => ({
        label: hostname,
        kind: 'Worker',
        icon: 'workers',
        run: go(`/workers/${encodeURIComponent(toSegment(hostname))}`),
      }),
    ),
    ...queues.map(
      (queue): PaletteItem => ({
        label: queue.name,
        kind: 'Queue',
        icon: 'queues',
        run: go(`/queues/${encodeURIComponent(toSegment(queue.name))}`),
      }),
    ),
    ...(types.data ?? []).map(
      (type): PaletteItem => ({
        label: type.name,
        kind: 'Task',
        icon: 'tasks',
        run: go('/tasks', { q: `name:${type.name}` }),
      }),
    ),
    ...keys
      .filter((s, i) => !s.alias && s.group !== 'Go' && keys.findIndex((o) => o.keys === s.keys) === i)
      .map(
        (s): PaletteItem => ({
          label: s.label,
          kind: 'Do',
          icon: 'right',
          keys: shown(s.keys).join(' '),
          run: () => s.run(new KeyboardEvent('keydown')),
        }),
      ),
  ];
  const typed = text.trim();
  const found = rank(items, typed).slice(0, 40);
  if (/^[0-9a-f-]{8,36}$/i.test(typed)) {
    const whole = typed.length === 36;
    found.unshift({
      label: `Task ${typed}`,
      kind: 'Id',
      icon: 'tasks',
      run: whole ? go(`/tasks/${encodeURIComponent(toSegment(typed))}`) : go('/tasks', { q: `uuid:${typed}*` }),
    });
  }
  if (typed) {
    found.push({
      label: `Search tasks for \u201c${typed}\u201d`,
      kind: 'Search',
      icon: 'search',
      run: go('/tasks', { q: typed }),
    });
  }
  const at = Math.min(active, found.length - 1);
  const take = (item: PaletteItem | undefined) => {
    if (!item) return;
    onClose();
    // After the dialog has closed and focus is back in the page.
    setTimeout(item.run, 0);
  };

  return (
    <Dialog label="Search or jump to" onClose={onClose} className="palette">
      <div className="palette-field">
        <Icon name="search" />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={found[at] ? `${listId}-${at}` : undefined}
          aria-label="Search or jump to"
          placeholder="A page, worker, queue, task name or id"
          value={text}
          spellCheck={false}
          onChange={(event) => {
            setText(event.target.value);
            setActive(0);
          }}
          onKeyDown={(event) => {
            const move = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
            if (move) {
              event.preventDefault();
              const next = (at + move + found.length) % found.length;
              setActive(next);
              document.getElementById(`${listId}-${next}`)?.scrollIntoView({ block: 'nearest' });
            } else if (event.key === 'Enter') {
              event.preventDefault();
              take(found[at]);
            }
          }}
        />
        <kbd>Esc</kbd>
      </div>
      <div className="palette-list" id={listId} role="listbox" aria-label="Results" tabIndex={-1}>
        {found.map((item, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above owns the keys
          <div
            key={`${item.kind} ${item.label}`}
            id={`${listId}-${i}`}
            role="option"
            tabIndex={-1}
            aria-selected={i === at}
            onPointerMove={() => setActive(i)}
            onClick={() => take(item)}
          >
            <Icon name={item.icon} />
            <span className="grow clip">{item.label}</span>
            {item.keys && <kbd>{item.keys}</kbd>}
            <em>{item.kind}</em>
          </div>
        ))}
      </div>
    </Dialog>
  );
}
