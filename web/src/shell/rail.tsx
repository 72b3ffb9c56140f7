// The rail: where one can go, and at its foot the sources of everything shown. Under 720 px it is a bar at the bottom.
import { Link, useRouterState } from '@tanstack/react-router';
import type { ClusterInfo, SourceState } from '../../../shared/wire/cluster.ts';
import type { EventGap } from '../../../shared/wire/series.ts';
import { useCluster, useConnection, useNow } from '../live/hooks.ts';
import { useServerSilence } from '../live/knowledge.ts';
import { Boundary } from '../ui/boundary.tsx';
import { Fresh } from '../ui/fresh.tsx';
import { Icon, Mark } from '../ui/icon.tsx';
import { Menu } from '../ui/menu.tsx';
import { age, count, exactCount, exactTime } from '../ui/words.ts';
import { ENTRIES, type Entry } from './places.ts';
import { nextTheme, usePreferences } from './preferences.ts';

export function Rail({ onHelp, onSources }: { onHelp: () => void; onSources: () => void }) {
  const path = useRouterState({ select: (s) => s.location.pathname });
  const cluster = useCluster();
  const { theme } = usePreferences();
  const here = (to: string) => (to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`));
  const link = ({ to, label, icon, minor }: Entry) => (
    <li key={to} className={minor ? 'minor' : undefined}>
      <Link to={to} aria-current={here(to) ? 'page' : undefined} activeProps={{}}>
        <Icon name={icon} />
        <span>{label}</span>
      </Link>
    </li>
  );
  return (
    <nav className="rail" aria-label="Main">
      <div className="brand">
        <Mark />
        <strong>Umbel</strong>
        {cluster && (
          <span className="cluster clip" title={cluster.broker}>
            {cluster.name}
          </span>
        )}
      </div>
      <ul>
        {ENTRIES.map(link)}
        <li className="more">
          <MoreMenu onHelp={onHelp} onSources={onSources} />
        </li>
      </ul>
      <ul className="minor">{link({ to: '/audit', label: 'Audit', icon: 'audit', minor: true })}</ul>
      <Boundary what="The sources" instead={() => <dl className="sources" />}>
        <Sources />
      </Boundary>
      <p className="who">
        <span className="grow clip">
          <b>{cluster?.user ?? 'anonymous'}</b> {cluster?.read_only ? 'reads only' : ''}
        </span>
        <button
          type="button"
          className="btn bare only"
          aria-label={`Theme: ${theme}. Change (t)`}
          title={`Theme: ${theme} (t)`}
          onClick={nextTheme}
        >
          <Icon name={theme === 'dark' ? 'moon' : theme === 'light' ? 'sun' : 'settings'} />
        </button>
        <button type="button" className="key" aria-label="All keys" title="All keys" onClick={onHelp}>
          <kbd>?</kbd>
        </button>
      </p>
    </nav>
  );
}

function MoreMenu({ onHelp, onSources }: { onHelp: () => void; onSources: () => void }) {
  const { theme } = usePreferences();
  return (
    <Menu
      label="More"
      trigger={
        <button type="button" className="tab-button">
          <Icon name="more" />
          <span>More</span>
        </button>
      }
      items={[
        {
          label: 'Audit',
          icon: 'audit',
          onSelect: () => document.querySelector<HTMLAnchorElement>('.rail a[href$="/audit"]')?.click(),
        },
        { label: 'Sources', icon: 'events', onSelect: onSources },
        { label: `Theme: ${theme}`, icon: 'sun', onSelect: nextTheme },
        { label: 'Keys and looks', icon: 'settings', onSelect: onHelp },
      ]}
    />
  );
}

const NAMES: Record<string, string> = { broker: 'Broker', results: 'Results', store: 'History', events: 'Events' };

/** 'Broker sqlite': what it is and of which kind; the whole address is on hover. */
function sourceName(source: SourceState): string {
  const name = NAMES[source.name] ?? source.name;
  const kind = /^([a-z][\w+]*):\/\//.exec(source.label)?.[1] ?? '';
  return kind && source.name !== 'store' ? `${name} ${kind}` : name;
}

/** Where the figures come from, and whether each still answers. */
export function Sources() {
  const cluster = useCluster();
  const now = useNow();
  const silent = useServerSilence();
  const paused = useConnection().mode === 'paused';
  if (!cluster) return <dl className="sources" />;
  if (silent !== null && !paused) {
    // The last good word is no word about now.
    return (
      <dl className="sources" aria-label="Sources">
        <div data-state="FAILURE">
          <dt>Dashboard</dt>
          <dd>
            <Fresh text={`no answer ${age(now - silent)}`} />
          </dd>
        </div>
        {cluster.sources.map((source) => (
          <div key={source.name}>
            <dt className="clip">{sourceName(source)}</dt>
            <dd className="faint">unknown</dd>
          </div>
        ))}
      </dl>
    );
  }
  return (
    <dl className="sources" aria-label="Sources">
      {cluster.sources.map((source) => (
        <div
          key={source.name}
          data-state={source.ok ? undefined : 'FAILURE'}
          title={[source.label, source.detail].filter(Boolean).join(', ')}
        >
          <dt className="clip">{sourceName(source)}</dt>
          <dd>
            <Fresh text={sourceWord(source, now)} />
          </dd>
        </div>
      ))}
      <div data-state={cluster.events_lost === 0 ? undefined : 'FAILURE'} title={gapsTold(cluster.gaps)}>
        <dt>Events lost, 24 h</dt>
        <dd>
          <Fresh text={eventsLost(cluster)} />
        </dd>
      </div>
    </dl>
  );
}

function sourceWord(source: SourceState, now: number): string {
  if (!source.ok) return source.last_ok === null ? 'never heard' : `silent ${age(now - source.last_ok)}`;
  if (source.detail && source.detail.length <= 14) return source.detail;
  return source.latency_ms === null ? 'ok' : `${Math.max(1, Math.round(source.latency_ms))} ms`;
}

/** '0', '~3,400', 'over 3,400', 'unknown'. */
function eventsLost({ events_lost: lost, events_lost_is: is }: ClusterInfo): string {
  if (lost === null) return 'unknown';
  if (lost === 0) return '0';
  return `${is === 'at_least' ? 'over ' : is === 'exact' ? '' : '~'}${count(lost)}`;
}

/** Each on a line: '2026-11-18 14:31:07.214 UTC+1, for 40 s: about 3,400 events'. */
function gapsTold(gaps: readonly EventGap[]): string | undefined {
  const told = gaps.map(
    ({ since, until, events }) =>
      `${exactTime(since)}${until === null ? ', still' : `, for ${age(Math.max(1, until - since))}`}: ${events === null ? 'nobody knows how many events' : `about ${exactCount(events)} events`}`,
  );
  return told.length > 0 ? told.join('\n') : undefined;
}
