// Where the figures come from, and whether each source still answers: the foot of the rail, and a dialog on a phone.

import type { ClusterInfo, SourceState } from '../../../shared/wire/cluster.ts';
import type { EventGap } from '../../../shared/wire/series.ts';
import { fromServer, t } from '../language/text.ts';
import { useCluster, useConnection, useNow } from '../live/hooks.ts';
import { useServerSilence } from '../live/knowledge.ts';
import { age, count, duration, exactCount, exactTime } from '../ui/format.ts';
import { Fresh } from '../ui/fresh.tsx';

const NAMES: Record<string, string> = {
  broker: t('Broker'),
  broker_api: t('Broker API'),
  results: t('Results'),
  store: t('History'),
  events: t('Events'),
};

/** 'Broker sqlite': what it is and of which kind; the whole address is on hover. */
function sourceName(source: SourceState): string {
  const name = NAMES[source.name] ?? source.name;
  const kind = /^([a-z][\w+]*):\/\//.exec(source.label)?.[1] ?? '';
  const isWithoutKind = source.name === 'store' || source.name === 'broker_api';
  return kind && !isWithoutKind ? `${name} ${kind}` : name;
}

export function Sources() {
  const cluster = useCluster();
  const now = useNow();
  const silent = useServerSilence();
  const paused = useConnection().mode === 'paused';
  if (!cluster) return <dl className="sources" />;
  if (silent !== null && !paused) {
    // The last good word is no word about now.
    return (
      <dl className="sources" aria-label={t('Sources')}>
        <div data-state="FAILURE">
          <dt>{t('Dashboard')}</dt>
          <dd>
            <Fresh text={t('no answer {age}', { age: age(now - silent) })} />
          </dd>
        </div>
        {cluster.sources.map((source) => (
          <div key={source.name}>
            <dt className="clip">{sourceName(source)}</dt>
            <dd className="faint">{t('unknown')}</dd>
          </div>
        ))}
      </dl>
    );
  }
  return (
    <dl className="sources" aria-label={t('Sources')}>
      {cluster.sources.map((source) => (
        <div
          key={source.name}
          data-state={source.state === 'down' ? 'FAILURE' : undefined}
          title={[source.label, fromServer(source.detail)].filter(Boolean).join(', ')}
        >
          <dt className="clip">{sourceName(source)}</dt>
          <dd className={source.state === 'ok' || source.state === 'down' ? undefined : 'faint'}>
            <Fresh text={sourceWord(source, now)} />
          </dd>
        </div>
      ))}
      <div data-state={cluster.events_lost === 0 ? undefined : 'FAILURE'} title={describeGaps(cluster.gaps)}>
        <dt>{t('Events lost, 24 h')}</dt>
        <dd>
          <Fresh text={eventsLost(cluster)} />
        </dd>
      </div>
    </dl>
  );
}

function sourceWord(source: SourceState, now: number): string {
  // What is not configured, or was not asked yet, has not failed.
  if (source.state === 'none') return t('not configured');
  if (source.state === 'unknown') return t('not asked yet');
  if (!source.ok)
    return source.last_ok === null ? t('never heard') : t('silent {age}', { age: age(now - source.last_ok) });
  if (source.detail && source.detail.length <= 14) return fromServer(source.detail);
  return source.latency_ms === null ? t('ok') : duration(Math.max(1, Math.round(source.latency_ms)) / 1000);
}

/** '0', '~3,400', 'over 3,400', 'unknown'. */
function eventsLost({ events_lost: lost, events_lost_is: is }: ClusterInfo): string {
  if (lost === null) return t('unknown');
  if (lost === 0) return '0';
  if (is === 'at_least') return t('over {count}', { count: lost });
  return `${is === 'exact' ? '' : '~'}${count(lost)}`;
}

/** Each on a line: '2026-11-18 14:31:07.214 UTC+1, for 40 s: about 3,400 events'. */
function describeGaps(gaps: readonly EventGap[]): string | undefined {
  const lines = gaps.map(({ since, until, events }) =>
    t('{time}, {span}: {events}', {
      time: exactTime(since),
      span: until === null ? t('still') : t('for {age}', { age: age(Math.max(1, until - since)) }),
      events:
        events === null ? t('nobody knows how many events') : t('about {count} events', { count: exactCount(events) }),
    }),
  );
  return lines.length > 0 ? lines.join('\n') : undefined;
}
