// The rail: where one can go, and at its foot the sources of everything shown. Under 720 px it is a bar at the bottom.
import { Link, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useCluster, usePhone } from '../live/hooks.ts';
import { Boundary } from '../ui/boundary.tsx';
import { Icon, Mark } from '../ui/icon.tsx';
import { ENTRIES, type Entry, MINOR } from './places.ts';
import { nextTheme, usePreferences } from './preferences.ts';
import { signOut } from './sign-out.ts';
import { Sources } from './sources.tsx';

const MoreMenu = lazy(() => import('./more-menu.tsx'));

export function Rail({ onHelp, onSources }: { onHelp: () => void; onSources: () => void }) {
  const path = useRouterState({ select: (s) => s.location.pathname });
  const cluster = useCluster();
  const { theme } = usePreferences();
  const phone = usePhone();
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
        <li className="more">{phone && <More onHelp={onHelp} onSources={onSources} />}</li>
      </ul>
      <ul className="minor">{MINOR.map(link)}</ul>
      <Boundary what="The sources" instead={() => <dl className="sources" />}>
        <Sources />
      </Boundary>
      <p className="who">
        <span className="grow clip">
          <b>{cluster?.user ?? 'anonymous'}</b> {cluster?.read_only ? 'reads only' : ''}
        </span>
        {cluster?.via === 'session' && (
          <button
            type="button"
            className="btn bare only"
            aria-label="Sign out"
            title="Sign out"
            onClick={() => void signOut()}
          >
            <Icon name="power" />
          </button>
        )}
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

/** A button that does nothing until its menu is there. */
function More(props: { onHelp: () => void; onSources: () => void }) {
  const trigger = (
    <button type="button" className="tab-button">
      <Icon name="more" />
      <span>More</span>
    </button>
  );
  return (
    <Boundary what="The menu" instead={() => trigger}>
      <Suspense fallback={trigger}>
        <MoreMenu trigger={trigger} {...props} />
      </Suspense>
    </Boundary>
  );
}
