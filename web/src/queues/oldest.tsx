// The age of a queue's oldest message.

import type { QueueRow } from '../../../shared/wire/queues.ts';
import { t } from '../language/text.ts';
import { Age } from '../ui/time.tsx';

/** Celery's messages carry no time of sending, and Redis keeps none. */
export function Oldest({ queue }: { queue: Pick<QueueRow, 'messages' | 'oldest'> }) {
  if (queue.oldest === null && queue.messages)
    return (
      <span className="faint" title={t('The messages do not say when they were sent')}>
        {t('unknown')}
      </span>
    );
  return <Age at={queue.oldest} />;
}
