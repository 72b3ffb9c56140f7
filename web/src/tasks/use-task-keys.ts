// The keys of the task list, beyond those of every list: select, a range, actions, copy, and the tasks before and after the open one.

import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { t } from '../language/text.ts';
import { useListKeys } from '../shell/list-keys.ts';
import { useShortcuts } from '../shell/shortcuts.ts';
import { copyText } from '../ui/button.tsx';

export interface TaskKeys {
  rows: readonly TaskRow[];
  cursor: string | null;
  openId: string | undefined;
  onCursor: (uuid: string | null) => void;
  onOpen: (uuid: string) => void;
  onBack: () => void;
  onFilter: () => void;
  onPick: (uuid: string, range: boolean) => void;
  onMenu: (uuid: string) => void;
  onRefresh: () => void;
}

/** @returns moves the cursor, and with it what is open */
export function useTaskKeys(keys: TaskKeys): (by: number) => void {
  const { rows, cursor, openId, onPick, onMenu, onRefresh } = keys;
  const current = rows.find((row) => row.uuid === (cursor ?? openId))?.uuid;
  const move = useListKeys({ ...keys, keys: rows.map((row) => row.uuid), openKey: openId });
  const here = (act: (uuid: string) => void) => () => current !== undefined && act(current);
  useShortcuts([
    { keys: 'x', label: t('Select'), group: 'List', run: here((uuid) => onPick(uuid, false)) },
    { keys: 'Shift+x', label: t('Select up to here'), group: 'List', run: here((uuid) => onPick(uuid, true)) },
    { keys: '.', label: t('Actions'), group: 'List', run: here(onMenu) },
    { keys: 'c', label: t('Copy id'), group: 'List', run: here((uuid) => void copyText(uuid, 'id')) },
    { keys: '[', label: t('Task before'), group: 'Task', run: () => openId && move(-1) },
    { keys: ']', label: t('Next task'), group: 'Task', run: () => openId && move(1) },
    { keys: 'r', label: t('Refresh'), group: 'Page', run: onRefresh },
  ]);
  return move;
}
