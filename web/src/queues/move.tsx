// Moving messages to another queue: which, where to, and what can become of them on the way.

import { useState } from 'react';
import type { QueueRow } from '../../../shared/wire/queues.ts';
import { rich } from '../language/rich.tsx';
import { t, tn } from '../language/text.ts';
import { useQueues } from '../live/hooks.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { isUnconsumed } from './stranded.ts';

/** What one move takes at most: server/dashboard/cluster/moving.ts. */
const MAX_MOVED = 10_000;

export function MoveDialog({
  queue,
  picked,
  once,
  onMove,
  onClose,
}: {
  queue: QueueRow;
  /** null: all that wait. */
  picked: readonly string[] | null;
  /** Its messages can be seen without taking them: then the broker moves each in one step. */
  once: boolean;
  onMove: (to: string) => void;
  onClose: () => void;
}) {
  const others = useQueues()
    .filter(({ name }) => name !== queue.name)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const [to, setTo] = useState('');
  const target = others.find(({ name }) => name === to);
  const waiting = queue.messages ?? 0;
  const n = picked === null ? Math.min(waiting, MAX_MOVED) : picked.length;
  return (
    <Dialog
      title={rich('Move {n} from <code>{name}</code>', { n: tn(n, '# message', '# messages'), name: queue.name })}
      onClose={onClose}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (target) onMove(target.name);
        }}
      >
        <p>
          {once
            ? t(
                'Each leaves this queue and enters the other in one step, so that none is lost and none is there twice.',
              )
            : t(
                'Each is sent anew before it is taken away, so that none is lost; should the line break meanwhile, some run twice.',
              )}{' '}
          {t('They go behind what waits there already. What workers have taken stays with them.')}
          {picked === null &&
            waiting > MAX_MOVED &&
            ` ${t('The first {moved} of {waiting} go at once.', { moved: MAX_MOVED, waiting })}`}
        </p>
        <label className="confirm" htmlFor="move-to">
          {t('move|To')}
        </label>
        <select id="move-to" className="input" value={to} onChange={(event) => setTo(event.target.value)}>
          <option value="">{t('Choose a queue')}</option>
          {others.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        {target && (isUnconsumed(target) || target.paused) && (
          <p className="muted">
            {target.paused
              ? t('That queue is paused: they will wait there.')
              : t('No worker consumes that queue: they will wait there.')}
          </p>
        )}
        <footer>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button
            type="submit"
            kind={target ? 'primary' : undefined}
            refused={target ? null : t('Choose a queue first')}
          >
            {tn(n, 'Move # message', 'Move # messages')}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
