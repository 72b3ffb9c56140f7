// The live state, always shown: live, catching up, paused by you, lost with the seconds until the next try. A click pauses.
// Holds: a screen reader hears a change of state, not each second of it.
import { fromServer, t } from '../language/text.ts';
import { useCluster, useConnection, usePageClock, useTogglePause } from '../live/hooks.ts';
import { useServerSilence } from '../live/knowledge.ts';
import { useLive } from '../live/provider.tsx';
import type { LiveState } from '../live/socket.ts';
import { age, rate } from '../ui/format.ts';
import { Fresh } from '../ui/fresh.tsx';
import { Icon, type IconName } from '../ui/icon.tsx';

const LOOK: Record<LiveState['mode'], { state: string; icon: IconName; word: string }> = {
  live: { state: 'online', icon: 'online', word: t('live') },
  connecting: { state: 'late', icon: 'late', word: t('connecting') },
  'catching-up': { state: 'late', icon: 'late', word: t('catching up') },
  paused: { state: 'PENDING', icon: 'pause', word: t('paused') },
  lost: { state: 'offline', icon: 'offline', word: t('lost') },
};

/** The line is open, and nothing comes: the socket finds out later. */
const SILENT = { state: 'late', icon: 'late', word: t('no answer') } as const;

export function LiveSwitch() {
  const { socket } = useLive();
  const togglePause = useTogglePause();
  const connection = useConnection();
  const perSecond = useCluster()?.events_per_s;
  const isSilent = useServerSilence() !== null && connection.mode === 'live';
  const look = isSilent ? SILENT : LOOK[connection.mode];
  const lost = connection.mode === 'lost';
  return (
    <>
      <button
        type="button"
        className="live"
        data-state={look.state}
        aria-label={
          lost
            ? t('Live updates lost. Try again now')
            : connection.mode === 'paused'
              ? t('Paused. Go on (p)')
              : t('Live. Pause (p)')
        }
        title={lost ? t('Try again now') : connection.mode === 'paused' ? t('Go on (p)') : t('Pause (p)')}
        onClick={() => (lost ? socket.retryNow() : togglePause())}
      >
        <Icon name={look.icon} />
        {look.word}{' '}
        {connection.mode === 'live' && !isSilent && perSecond !== undefined && (
          <Fresh text={t('{rate} events/s', { rate: rate(perSecond) })} />
        )}
        {connection.mode === 'lost' && <Countdown state={connection} />}
        {connection.mode === 'paused' && <span>{t('by you')}</span>}
      </button>
      <span className="sr" role="status">
        {connection.mode === 'live' && !isSilent ? '' : t('Updates: {word}', { word: look.word })}
      </span>
    </>
  );
}

function Countdown({ state }: { state: Extract<LiveState, { mode: 'lost' }> }) {
  const now = usePageClock();
  const silent = Math.max(0, Math.round((now - state.since) / 1000));
  const left = Math.max(0, Math.ceil((state.retryAt - now) / 1000));
  const why = state.refused === undefined ? t('no updates for {age}', { age: age(silent) }) : fromServer(state.refused);
  return (
    <span>
      {left > 0 ? t('{why}, trying again in {age}', { why, age: age(left) }) : t('{why}, trying again now', { why })}
    </span>
  );
}
