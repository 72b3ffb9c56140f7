// Which beat has the schedule and when it last looked at it, whether it can be written, and what is wrong: two beats, or none.
import { useState } from 'react';
import type { ScheduleRecentReply, SchedulesReply } from '../../../shared/wire/schedules.ts';
import { useKnownNow } from '../live/hooks.ts';
import { exactCount, plural } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { Age, At } from '../ui/time.tsx';

export function BeatLine({
  reply,
  recent,
  overdue,
}: {
  reply: SchedulesReply;
  recent: ScheduleRecentReply | undefined;
  overdue: number;
}) {
  const { lease, read_only: readOnly, store } = reply;
  const twice = recent?.twice ?? null;
  return (
    <div className="beat">
      {twice && <TwoBeats twice={twice} />}
      {lease.state === 'free' && overdue > 0 && (
        <p className="beat-warning" role="alert" data-state="RETRY">
          <Icon name="late" />
          <span>
            <b>No beat sends them.</b> {plural(overdue, 'entry', 'entries')} {overdue === 1 ? 'is' : 'are'} overdue:
            start one with <code>umbel beat</code>.
          </span>
        </p>
      )}
      <dl className="beat-facts">
        <div>
          <dt>beat</dt>
          <dd>
            <Holder lease={lease} />
          </dd>
        </div>
        {lease.state === 'held' && lease.last_tick !== null && (
          <div>
            <dt>last tick</dt>
            <dd>
              <Age at={lease.last_tick} ago />
            </dd>
          </div>
        )}
        {lease.state === 'held' && lease.since !== null && (
          <div>
            <dt>since</dt>
            <dd>
              <At at={lease.since} />
            </dd>
          </div>
        )}
        {store !== null && (
          <div>
            <dt>kept in</dt>
            <dd className="code">{store}</dd>
          </div>
        )}
      </dl>
      {readOnly !== null && <p className="muted">{readOnly}</p>}
    </div>
  );
}

function Holder({ lease }: { lease: SchedulesReply['lease'] }) {
  const { state, host, pid, reason } = lease;
  if (state === 'unknown') return <span className="muted">{reason ?? 'unknown'}</span>;
  if (state === 'free') return <span>none has the lease. {reason && <span className="muted">{reason}</span>}</span>;
  return (
    <span className="holder" data-state="SUCCESS">
      <Icon name="online" />
      <span>
        {pid === null ? 'one has the lease' : `process ${pid}`}
        {host !== null && (
          <>
            {' '}
            on <code>{host}</code>
          </>
        )}
      </span>
    </span>
  );
}

/** What came twice in the last hour, at the times of the schedule. */
function TwoBeats({ twice }: { twice: NonNullable<ScheduleRecentReply['twice']> }) {
  const now = useKnownNow();
  const [open, setOpen] = useState(false);
  const { runs, entries, since } = twice;
  return (
    <div className="beat-warning" role="alert" data-state="RETRY">
      <Icon name="late" />
      <div>
        <p>
          <b>Two beats send.</b> {exactCount(runs)} runs of {plural(entries.length, 'entry', 'entries')} came twice{' '}
          {now - since < 3600 && (
            <>
              since <At at={since} />
            </>
          )}
          : more was sent than meant. Stop one of the beats: only those that share this store and its lease stand by.{' '}
          <button type="button" className="link plain" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? 'hide them' : 'which'}
          </button>
        </p>
        {open && <p className="code">{entries.slice(0, 50).join(', ')}</p>}
      </div>
    </div>
  );
}
