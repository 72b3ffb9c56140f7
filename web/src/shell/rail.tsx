// The rail: where one can go, and at its foot the sources of everything shown. Under 720 px it is a bar at the bottom.

import { Link, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { choose, otherLanguage } from '../language/language.ts';
import { t } from '../language/text.ts';
import { useCluster, usePhone } from '../live/hooks.ts';
import { Boundary } from '../ui/boundary.tsx';
import { Icon, Mark } from '../ui/icon.tsx';
import { ENTRIES, type Entry, MINOR } from './places.ts';
import { nextTheme, THEME_WORDS, usePreferences } from './preferences.ts';
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
    <nav className="rail" aria-label={t('Main')}>
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
      <Boundary what={t('The sources')} instead={() => <dl className="sources" />}>
        <Sources />
      </Boundary>
      <p className="who">
        <span className="grow clip">
          <b>{cluster?.user ?? t('anonymous')}</b> {cluster?.read_only ? t('reads only') : ''}
        </span>
        {cluster?.via === 'session' && (
          <button
            type="button"
            className="btn bare only"
            aria-label={t('Sign out')}
            title={t('Sign out')}
            onClick={() => void signOut()}
          >
            <Icon name="power" />
          </button>
        )}
        <LanguageButton />
        <button
          type="button"
          className="btn bare only"
          aria-label={t('Theme: {theme}. Change (t)', { theme: THEME_WORDS[theme] })}
          title={t('Theme: {theme} (t)', { theme: THEME_WORDS[theme] })}
          onClick={nextTheme}
        >
          <Icon name={theme === 'dark' ? 'moon' : theme === 'light' ? 'sun' : 'settings'} />
        </button>
        <button type="button" className="key" aria-label={t('All keys')} title={t('All keys')} onClick={onHelp}>
          <kbd>?</kbd>
        </button>
      </p>
    </nav>
  );
}

/** To the language that is not this one, by its own name. */
function LanguageButton() {
  const { language, name } = otherLanguage();
  return (
    <button
      type="button"
      className="btn bare only"
      aria-label={t('Language: change to {name}', { name })}
      title={t('Language: change to {name}', { name })}
      onClick={() => choose(language)}
    >
      <Icon name="language" />
    </button>
  );
}

/** Pressed before its menu has come, it opens once it is there. */
function More(props: { onHelp: () => void; onSources: () => void }) {
  const [open, setOpen] = useState(false);
  const trigger = (onClick?: () => void) => (
    <button type="button" className="tab-button" onClick={onClick}>
      <Icon name="more" />
      <span>{t('More')}</span>
    </button>
  );
  return (
    <Boundary what={t('The menu')} instead={() => trigger()}>
      <Suspense fallback={trigger(() => setOpen(true))}>
        <MoreMenu trigger={trigger()} open={open} onOpenChange={setOpen} {...props} />
      </Suspense>
    </Boundary>
  );
}
