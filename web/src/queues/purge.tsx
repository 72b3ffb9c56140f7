// Emptying a queue: what goes, what stays, what arrives meanwhile; its name typed before the button works.
import { useState } from 'react';
import type { PeekedMessage, QueueRow } from '../../../shared/wire/queues.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { count, exactCount, plural, rate } from '../ui/format.ts';

export function PurgeDialog({
  queue,
  peek,
  onPurge,
  onClose,
}: {
  queue: QueueRow;
  peek: readonly PeekedMessage[];
  onPurge: (confirm: string) => void;
  onClose: () => void;
}) {
  const [typed, setTyped] = useState('');
  const n = queue.messages ?? 0;
  const arrives = Math.max(0, (queue.per_min ?? 0) + (queue.out_per_min ?? 0));
  const names = new Map<string, number>();
  for (const message of peek) names.set(message.name ?? 'unknown', (names.get(message.name ?? 'unknown') ?? 0) + 1);
  const whole = peek.length >= n;
  const right = typed === queue.name;
  return (
    <Dialog
      title={
        <>
          Purge <code>{queue.name}</code>
        </>
      }
      onClose={onClose}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (right) onPurge(typed);
        }}
      >
        <p>
          <b>
            {exactCount(n)} waiting {n === 1 ? 'message' : 'messages'}
          </b>{' '}
          will be removed for good.
          {(queue.unacked ?? 0) > 0 && ` The ${exactCount(queue.unacked)} that workers have taken go on.`}
          {arrives >= 1 && ` About ${rate(arrives)} more arrive each minute, and those stay.`}
        </p>
        {names.size > 0 && (
          <dl className="facts">
            {[...names]
              .sort((a, b) => b[1] - a[1])
              .slice(0, 6)
              .map(([name, times]) => (
                <div key={name}>
                  <dt className="code">{name}</dt>
                  <dd>{times}</dd>
                </div>
              ))}
            {!whole && (
              <div>
                <dt className="muted">of the first {peek.length}</dt>
                <dd />
              </div>
            )}
          </dl>
        )}
        <label className="confirm" htmlFor="confirm-purge">
          Type <code>{queue.name}</code> to confirm
        </label>
        <input
          id="confirm-purge"
          className="input"
          autoFocus
          autoComplete="off"
          spellCheck={false}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind={right ? 'fatal' : undefined} refused={right ? null : 'Type its name first'}>
            Purge {plural(n, 'message')}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

export const waiting = (queue: QueueRow) => (queue.messages === null ? 'unknown' : count(queue.messages));
