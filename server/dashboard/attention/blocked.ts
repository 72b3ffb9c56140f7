// A worker whose event loop was blocked, or which stood still: by its own measure (worker/loop-delay.ts), in `stats`.
// Not here: the other kinds (kinds.ts).
import { listing, plural, shortenMiddle } from '../../../shared/format/text.ts';
import { formatAge, formatDuration } from '../../../shared/format/time.ts';
import { encodeSegment } from '../../../shared/path-segment.ts';
import type { Finding, Kind } from './kind.ts';

/** A shorter block may be a busy machine. @unit seconds */
const BLOCKED_MIN = 5;
/** It is shown for so long. @unit seconds */
const BLOCKED_FOR = 120;

export const LOOP_BLOCKED: Kind = {
  kind: 'loop-blocked',
  severity: 'warning',
  restsOn: ['events'],
  grace: null,
  holds: 0,
  ends: 0,
  find(facts) {
    return facts.workers.flatMap((w): Finding[] => {
      if (w.status === 'offline' || w.blocked === null) return [];
      if (w.blocked.seconds < BLOCKED_MIN || facts.now - w.blocked.at > BLOCKED_FOR) return [];
      // Hardly any processor time: a process that was stopped, or not let run, is as late as one whose task computes.
      const stoodStill = w.blocked.cpu !== null && w.blocked.cpu < w.blocked.seconds / 4;
      const tasks =
        w.blocked.tasks.length === 0
          ? ''
          : `. Running then: ${listing(w.blocked.tasks.slice(0, 3).map((name) => shortenMiddle(name, 40)))}`;
      return [
        {
          key: w.hostname,
          name: w.hostname,
          detail: `${stoodStill ? 'stood still' : 'had its event loop blocked'} for ${formatAge(w.blocked.seconds)}`,
          since: w.blocked.at,
          evidence: [
            {
              text: `By its own measure; no task, heartbeat or answer got on meanwhile${tasks}`,
              at: w.blocked.at,
            },
            ...(stoodStill
              ? [
                  {
                    text: `It had ${formatDuration(w.blocked.cpu!)} of processor time: it was stopped or not let run, or a task waited without giving way`,
                    at: w.blocked.at,
                  },
                ]
              : []),
          ],
          href: `/workers/${encodeSegment(w.hostname)}`,
          weight: w.blocked.seconds,
        },
      ];
    });
  },
  several: (count) => ({
    subject: plural(count, 'worker'),
    detail: 'stood still, or had a blocked event loop',
    href: '/workers',
  }),
};
