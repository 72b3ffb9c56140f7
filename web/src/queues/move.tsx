// Moving messages to another queue: which, where to, and what can become of them on the way.
import { useState } from 'react';
import type { QueueRow } from '../../../shared/wire/queues.ts';
import { useQueues } from '../live/hooks.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { count, plural } from '../ui/format.ts';
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
      title={
        <>
          Move {plural(n, 'message')} from <code>{queue.name}</code>
        </>
      }
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
            ? 'Each leaves this queue and enters the other in one step, so that none is lost and none is there twice.'
            : 'Each is sent anew before it is taken away, so that none is lost; should the line break meanwhile, some run twice.'}{' '}
          They go behind what waits there already. What workers have taken stays with them.
          {picked === null && waiting > MAX_MOVED && ` The first ${count(MAX_MOVED)} of ${count(waiting)} go at once.`}
        </p>
        <label className="confirm" htmlFor="move-to">
          To
        </label>
        <select id="move-to" className="input" value={to} onChange={(event) => setTo(event.target.value)}>
          <option value="">Choose a queue</option>
          {others.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        {target && (isUnconsumed(target) || target.paused) && (
          <p className="muted">
            {target.paused ? 'That queue is paused' : 'No worker consumes that queue'}: they will wait there.
          </p>
        )}
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind={target ? 'primary' : undefined} refused={target ? null : 'Choose a queue first'}>
            Move {plural(n, 'message')}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
