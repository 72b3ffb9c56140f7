// The foot of the list of queues: how much waits in those that are shown, and of how many that is unknown.

import type { QueueRow } from '../../../shared/wire/queues.ts';
import { t, tn } from '../language/text.ts';
import { useCluster } from '../live/hooks.ts';
import { AsOf } from '../ui/as-of.tsx';
import type { ListState } from '../ui/list/use-list.ts';

export function QueueListFoot({
  list,
  any,
  away,
}: {
  list: Pick<ListState<QueueRow>, 'kept' | 'groups'>;
  /** There are queues, whether they match or not. */
  any: boolean;
  away: number | null;
}) {
  const leftOut = useCluster()?.queues_left_out ?? 0;
  const waiting = list.kept.reduce((n, queue) => n + (queue.messages ?? 0), 0);
  const unknown = list.kept.filter((queue) => queue.messages === null).length;
  return (
    <>
      <span>
        {any && t('{count} waiting', { count: waiting })}
        {unknown > 0 && tn(unknown, ', # queue of unknown depth', ', # queues of unknown depth')}
        <AsOf since={away} />
      </span>
      <span>
        {list.groups > 0 && tn(list.groups, '# stem, ', '# stems, ')}
        {tn(list.kept.length, '# queue', '# queues')}
        {leftOut > 0 && tn(leftOut, '; # more on the broker is not listed', '; # more on the broker are not listed')}
      </span>
    </>
  );
}
