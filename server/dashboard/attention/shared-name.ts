// Two workers under one name: what is asked of one may come to the other, and their counts are taken for one worker's.
// Celery 5.6: app/control.py DuplicateNodenameWarning
import { plural } from '../../../shared/format/text.ts';
import { encodeSegment } from '../../../shared/path-segment.ts';
import type { Finding, Kind } from './kind.ts';

export const NAME_SHARED: Kind = {
  kind: 'name-shared',
  severity: 'warning',
  restsOn: ['events'],
  grace: 5,
  holds: 4,
  ends: 4,
  find(facts) {
    return facts.workers.flatMap((w): Finding[] => {
      if (w.shared === null || w.status === 'offline') return [];
      const [one, other] = w.shared;
      return [
        {
          key: w.hostname,
          name: w.hostname,
          detail: `is the name of two workers (pid ${one} and ${other})`,
          evidence: [
            { text: 'Both speak by turns: what is asked of one may come to the other', at: w.lastHeard },
            { text: 'Start one of them under a name of its own (-n)', at: null },
          ],
          href: `/workers/${encodeSegment(w.hostname)}`,
          weight: 1,
        },
      ];
    });
  },
  several: (count) => ({ subject: plural(count, 'name'), detail: 'are used by two workers each', href: '/workers' }),
};
