// What the pages cannot know, said under the top bar of every page: the server that does not answer, the broker that does not, the
// history that cannot be written, and what was missed while nobody listened. How each source is: rail.tsx. Where a gap lies in time: charts/missed.tsx.
// Holds: a gap is said until it is hidden, ten minutes at most; what is away is said until it is back.
import { useState } from 'react';
import type { EventGap } from '../../../shared/wire/series.ts';
import { useCluster, useConnection, useNow } from '../live/hooks.ts';
import { useServerSilence } from '../live/knowledge.ts';
import { useLive } from '../live/provider.tsx';
import { Button } from '../ui/button.tsx';
import { useSlow } from '../ui/feedback.tsx';
import { age, clock, count, plural } from '../ui/format.ts';
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
        <p title={broker.detail ?? undefined}>
          {broker.last_ok === null ? (
            <b>The broker cannot be reached.</b>
          ) : (
            <>
              <b>The broker has not answered since {at(broker.last_ok)}</b>, for {age(now - broker.last_ok)}.
            </>
          )}{' '}
          What is shown is from before. Nothing new is heard, and actions are refused until it is back.
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
          <b>The history is not being written{since === null ? '' : ` since ${at(since)}`}.</b> {reason}
        </p>
      </div>
    );
  }
  if (!gap || gap.since <= hidden || (gap.until !== null && now - gap.until > SAID_FOR)) return null;
  return (
    <div className="notice strip" role="status" data-state="RETRY">
      <Icon name="events" />
      <p>
        {gap.until === null ? `No events are heard since ${at(gap.since)}.` : <Missed gap={gap} until={gap.until} />}
      </p>
      {gap.until !== null && (
        <Button kind="bare" onClick={() => setHidden(gap.since)}>
          Hide
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
        <b role="status">No answer from the dashboard's server since {at(since)}</b>, for {age(now - since)}. Everything
        in grey is as it was then. Workers and the broker are not affected by this; what you filtered and opened is
        kept, and actions wait until the server answers.
      </p>
      <Button icon="refresh" onClick={() => socket.retryNow()}>
        Try now
      </Button>
    </div>
  );
}

function Missed({ gap, until }: { gap: EventGap; until: number }) {
  const least = gap.events_is === 'at_least' ? 'At least' : gap.events_is === 'exact' ? '' : 'About';
  return (
    <>
      <b>{gap.events === null ? 'Events were missed' : `${least} ${plural(gap.events, 'event')} missed`.trim()}</b>:{' '}
      {WHY[gap.cause ?? 'broker-away']} for {age(Math.max(1, until - gap.since))}, until {at(until)}.{' '}
      {gap.events === null
        ? 'How many is unknown: no worker reported its count.'
        : gap.tasks === null
          ? 'That is an estimate from the rate before: no worker reported its count.'
          : `By the workers' own counts, ${count(gap.tasks)} ${gap.tasks === 1 ? 'task' : 'tasks'} started unseen.`}
    </>
  );
}

const WHY: Record<NonNullable<EventGap['cause']>, string> = {
  'broker-away': 'this dashboard was not connected',
  'not-running': 'no dashboard was running',
  'stood-still': 'this dashboard was suspended',
  'not-written': 'the history could not be written',
};
