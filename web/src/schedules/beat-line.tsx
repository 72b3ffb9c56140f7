// Which beat has the schedule and when it last looked at it, whether it can be written, and what is wrong: two beats, or none.
import { useState } from 'react';
import type { ScheduleRecentReply, SchedulesReply } from '../../../shared/wire/schedules.ts';
import { rich } from '../language/rich.tsx';
import { fromServer, t, tn } from '../language/text.ts';
import { useKnownNow } from '../live/hooks.ts';
import { exactCount } from '../ui/format.ts';
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
            {rich('<b>No beat sends them.</b> {overdue}: start one with <code>umbel beat</code>.', {
              overdue: tn(overdue, '# entry is overdue', '# entries are overdue'),
            })}
          </span>
        </p>
      )}
      <dl className="beat-facts">
        <div>
          <dt>{t('beat')}</dt>
          <dd>
            <Holder lease={lease} />
          </dd>
        </div>
        {lease.state === 'held' && lease.last_tick !== null && (
          <div>
            <dt>{t('last tick')}</dt>
            <dd>
              <Age at={lease.last_tick} ago />
            </dd>
          </div>
        )}
        {lease.state === 'held' && lease.since !== null && (
          <div>
            <dt>{t('beat|since')}</dt>
            <dd>
              <At at={lease.since} />
            </dd>
          </div>
        )}
        {store !== null && (
          <div>
            <dt>{t('kept in')}</dt>
            <dd className="code">{store}</dd>
          </div>
        )}
      </dl>
      {readOnly !== null && <p className="muted">{fromServer(readOnly)}</p>}
    </div>
  );
}

function Holder({ lease }: { lease: SchedulesReply['lease'] }) {
  const { state, host, pid, reason } = lease;
  if (state === 'unknown') return <span className="muted">{fromServer(reason) ?? t('unknown')}</span>;
  if (state === 'free')
    return (
      <span>
        {t('none has the lease.')} {reason && <span className="muted">{fromServer(reason)}</span>}
      </span>
    );
  const process = pid === null ? t('one has the lease') : t('process {pid}', { pid: String(pid) });
  return (
    <span className="holder" data-state="SUCCESS">
      <Icon name="online" />
      <span>{host === null ? process : rich('{process} on <code>{host}</code>', { process, host })}</span>
    </span>
  );
}

/** What came twice in the last hour, at the times of the schedule. */
function TwoBeats({ twice }: { twice: NonNullable<ScheduleRecentReply['twice']> }) {
  const now = useKnownNow();
  const [open, setOpen] = useState(false);
  const { runs, entries, since } = twice;
  const said = { runs: exactCount(runs), entries: tn(entries.length, '# entry', '# entries') };
  return (
    <div className="beat-warning" role="alert" data-state="RETRY">
      <Icon name="late" />
      <div>
        <p>
          {now - since < 3600
            ? rich(
                '<b>Two beats send.</b> {runs} runs of {entries} came twice since {since}: more was sent than meant.',
                {
                  ...said,
                  since: <At at={since} />,
                },
              )
            : rich('<b>Two beats send.</b> {runs} runs of {entries} came twice: more was sent than meant.', said)}{' '}
          {t('Stop one of the beats: only those that share this store and its lease stand by.')}{' '}
          <button type="button" className="link plain" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? t('hide them') : t('which')}
          </button>
        </p>
        {open && <p className="code">{entries.slice(0, 50).join(', ')}</p>}
      </div>
    </div>
  );
}
