// Emptying a queue: what goes, what stays, what arrives meanwhile; its name typed before the button works.

import { useState } from 'react';
import type { PeekedMessage, QueueRow } from '../../../shared/wire/queues.ts';
import { rich } from '../language/rich.tsx';
import { t, tn } from '../language/text.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { count, exactCount, rate } from '../ui/format.ts';

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
    <Dialog title={rich('Purge <code>{name}</code>', { name: queue.name })} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (right) onPurge(typed);
        }}
      >
        <p>
          {n === 1
            ? rich('<b>{n} waiting message</b> will be removed for good.', { n: exactCount(n) })
            : rich('<b>{n} waiting messages</b> will be removed for good.', { n: exactCount(n) })}
          {(queue.unacked ?? 0) > 0 &&
            ` ${tn(queue.unacked ?? 0, 'The one that a worker has taken goes on.', 'The {count} that workers have taken go on.', { count: exactCount(queue.unacked) })}`}
          {arrives >= 1 && ` ${t('Arriving now: about {count} a minute, and those stay.', { count: rate(arrives) })}`}
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
                <dt className="muted">{t('of the first {count}', { count: peek.length })}</dt>
                <dd />
              </div>
            )}
          </dl>
        )}
        <label className="confirm" htmlFor="confirm-purge">
          {rich('Type <code>{name}</code> to confirm', { name: queue.name })}
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
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button type="submit" kind={right ? 'fatal' : undefined} refused={right ? null : t('Type its name first')}>
            {tn(n, 'Purge # message', 'Purge # messages')}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

export const waiting = (queue: QueueRow) => (queue.messages === null ? 'unknown' : count(queue.messages));
