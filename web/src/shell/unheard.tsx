// What the pages cannot know, said under the top bar of every page: the server that does not answer, the broker that does not, the
// history that cannot be written, and what was missed while nobody listened. How each source is: rail.tsx. Where a gap lies in time: charts/missed.tsx.
// Holds: a gap is said until it is hidden, ten minutes at most; what is away is said until it is back.

import { useState } from 'react';
import type { EventGap } from '../../../shared/wire/series.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t, tn } from '../language/text.ts';
import { useCluster, useConnection, useNow } from '../live/hooks.ts';
import { useServerSilence } from '../live/knowledge.ts';
import { useLive } from '../live/provider.tsx';
import { Button } from '../ui/button.tsx';
import { useSlow } from '../ui/feedback.tsx';
import { age, clock } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';

/** How long a gap that is over is said. @unit seconds */
const SAID_FOR = 600;

const at = (seconds: number): string => clock(seconds).slice(0, 8);

export function Unheard() {
  const cluster = useCluster();
  const now = useNow();
  const silent = useServerSilence();
  const paused = useConnection().mode === 'paused';
  const [hidden, setHidden] = useState(0);
  const broker = cluster?.sources.find(({ name, ok }) => name === 'broker' && !ok);
  // One that was not asked yet is not away.
  const away = useSlow(broker !== undefined, 2500);
  const gap = cluster?.gaps[0];
  if (silent !== null && !paused) return <ServerSilent since={silent} />;
  if (broker && away) {
    return (
      <div className="notice strip" role="status" data-state="FAILURE">
        <Icon name="offline" />
        <p title={fromServer(broker.detail)}>
          {broker.last_ok === null ? (
            <b>{t('The broker cannot be reached.')}</b>
          ) : (
            rich('<b>The broker has not answered since {time}</b>, for {age}.', {
              time: at(broker.last_ok),
              age: age(now - broker.last_ok),
            })
          )}{' '}
          {t('What is shown is from before. Nothing new is heard, and actions are refused until it is back.')}
        </p>
      </div>
    );
  }
  if (cluster?.history?.ok === false) {
    const { reason, since } = cluster.history;
    return (
      <div className="notice strip" role="status" data-state="FAILURE">
        <Icon name="offline" />
        <p>
          <b>
            {since === null
              ? t('The history is not being written.')
              : t('The history is not being written since {time}.', { time: at(since) })}
          </b>{' '}
          {fromServer(reason)}
        </p>
      </div>
    );
  }
  if (!gap || gap.since <= hidden || (gap.until !== null && now - gap.until > SAID_FOR)) return null;
  return (
    <div className="notice strip" role="status" data-state="RETRY">
      <Icon name="events" />
      <p>
        {gap.until === null ? (
          t('No events are heard since {time}.', { time: at(gap.since) })
        ) : (
          <Missed gap={gap} until={gap.until} />
        )}
      </p>
      {gap.until !== null && (
        <Button kind="bare" onClick={() => setHidden(gap.since)}>
          {t('Hide')}
        </Button>
      )}
    </div>
  );
}

function ServerSilent({ since }: { since: number }) {
  const { socket } = useLive();
  const now = useNow();
  return (
    <div className="notice strip" data-state="FAILURE">
      <Icon name="offline" />
      <p>
        {rich(
          "<b>No answer from the dashboard's server since {time}</b>, for {age}. Everything in grey is as it was then. Workers and the broker are not affected by this; what you filtered and opened is kept, and actions wait until the server answers.",
          { time: at(since), b: (inside) => <b role="status">{inside}</b>, age: age(now - since) },
        )}
      </p>
      <Button icon="refresh" onClick={() => socket.retryNow()}>
        {t('Try now')}
      </Button>
    </div>
  );
}

function Missed({ gap, until }: { gap: EventGap; until: number }) {
  return rich('<b>{what}</b>: {why} for {age}, until {time}. {estimate}', {
    what: whatIsMissed(gap),
    why: WHY[gap.cause ?? 'broker-away'],
    age: age(Math.max(1, until - gap.since)),
    time: at(until),
    estimate:
      gap.events === null
        ? t('How many is unknown: no worker reported its count.')
        : gap.tasks === null
          ? t('That is an estimate from the rate before: no worker reported its count.')
          : tn(
              gap.tasks,
              "By the workers' own counts, # task started unseen.",
              "By the workers' own counts, # tasks started unseen.",
            ),
  });
}

function whatIsMissed({ events, events_is: is }: EventGap): string {
  if (events === null) return t('Events were missed');
  if (is === 'at_least') return tn(events, 'At least # event missed', 'At least # events missed');
  if (is === 'exact') return tn(events, '# event missed', '# events missed');
  return tn(events, 'About # event missed', 'About # events missed');
}

const WHY: Record<NonNullable<EventGap['cause']>, string> = {
  'broker-away': t('this dashboard was not connected'),
  'not-running': t('no dashboard was running'),
  'stood-still': t('this dashboard was suspended'),
  'not-written': t('the history could not be written'),
};
