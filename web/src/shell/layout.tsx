// The frame of every page: rail, top bar, and what stands in it; the keys that act everywhere.
// The name in the top bar: pages give it with <Bar>. Holds: one <h1> a page.

import { Outlet, useNavigate, useRouter } from '@tanstack/react-router';
import { createContext, lazy, type ReactNode, Suspense, useContext, useEffect, useState } from 'react';
import { createPortal } from 'react-dom';
import { CLUSTER } from '../api/base.ts';
import { t } from '../language/text.ts';
import { useTogglePause } from '../live/hooks.ts';
import { useServerSilence } from '../live/knowledge.ts';
import { useLive } from '../live/provider.tsx';
import { Boundary } from '../ui/boundary.tsx';
import { count } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { Toaster } from '../ui/toaster.tsx';
import { LiveSwitch } from './live-switch.tsx';
import { nextTheme } from './preferences.ts';
import { Rail } from './rail.tsx';
import { onKeyDown, shown, useShortcuts } from './shortcuts.ts';
import { Unheard } from './unheard.tsx';

const Help = lazy(() => import('./help.tsx'));
const SourcesDialog = lazy(() => import('./sources-dialog.tsx'));
const ClusterSwitch = lazy(() => import('./cluster-switch.tsx'));
const CommandPalette = lazy(() => import('./command-palette.tsx'));
const BarSlot = createContext<HTMLElement | null>(null);

/** What the page puts at the left of the top bar, and the title of the window. */
export function Bar({ title, children }: { title: string; children?: ReactNode }) {
  const slot = useContext(BarSlot);
  useEffect(() => {
    document.title = CLUSTER === null ? `${title} - Umbel` : `${title} - ${CLUSTER} - Umbel`;
  }, [title]);
  return slot ? createPortal(children ?? <h1>{title}</h1>, slot) : null;
}

export function Layout() {
  const [open, setOpen] = useState<'palette' | 'help' | 'sources' | null>(null);
  const [slot, setSlot] = useState<HTMLElement | null>(null);
  const close = () => setOpen(null);
  const silent = useServerSilence();
  const togglePause = useTogglePause();
  const navigate = useNavigate();
  const router = useRouter();
  useEffect(() => {
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
  const go = (keys: string, to: string, label: string) => ({
    keys,
    label,
    group: 'Go' as const,
    run: () => void navigate({ to } as never),
  });
  useShortcuts([
    go('g o', '/', t('Overview')),
    go('g t', '/tasks', t('Tasks')),
    go('g w', '/workers', t('Workers')),
    go('g q', '/queues', t('Queues')),
    go('g b', '/broker', t('Broker')),
    go('g e', '/audit', t('Audit')),
    {
      keys: 'Mod+k',
      label: t('Search or jump to'),
      group: 'Go',
      run: () => setOpen(open === 'palette' ? null : 'palette'),
    },
    { keys: 'p', label: t('Pause or go on'), group: 'Page', run: togglePause },
    { keys: 't', label: t('Change theme'), group: 'View', run: nextTheme },
    { keys: '?', label: t('All keys'), group: 'View', run: () => setOpen('help') },
  ]);
  return (
    <>
      <a className="skip" href={`${router.basepath}#main`} onClick={skipToMain}>
        {t('Skip to content')}
      </a>
      <div className={silent === null ? 'shell' : 'shell is-stale'}>
        <Rail onHelp={() => setOpen('help')} onSources={() => setOpen('sources')} />
        <div className="main">
          <header className="topbar">
            {CLUSTER !== null && (
              <Boundary what={t('The clusters')} instead={nothing}>
                <Suspense>
                  <ClusterSwitch />
                </Suspense>
              </Boundary>
            )}
            <div className="bar" ref={setSlot} />
            <button
              type="button"
              className="jump"
              aria-label={t('Search or jump to')}
              onClick={() => setOpen('palette')}
            >
              <Icon name="search" />
              <span>{t('Search or jump to')}</span>
              <kbd>{shown('Mod+k')}</kbd>
            </button>
            <Boundary what={t('The live state')} instead={nothing}>
              <LiveSwitch />
            </Boundary>
          </header>
          <Boundary what={t('What was not heard')} instead={nothing}>
            <Unheard />
          </Boundary>
          <BarSlot value={slot}>
            <Outlet />
          </BarSlot>
        </div>
      </div>
      <Boundary what={t('The summary')} instead={nothing}>
        <Announcer />
      </Boundary>
      <Toaster />
      {open !== null && (
        <Suspense>
          {open === 'palette' && <CommandPalette onClose={close} />}
          {open === 'help' && <Help onClose={close} />}
          {open === 'sources' && <SourcesDialog onClose={close} />}
        </Suspense>
      )}
    </>
  );
}

/** The frame stays without it. */
const nothing = () => null;

function skipToMain(event: React.MouseEvent): void {
  event.preventDefault();
  const main = document.getElementById('main');
  main?.setAttribute('tabindex', '-1');
  main?.focus();
}

/** Screen readers hear one summary, at most every 10 s, and only of what went wrong. */
function Announcer() {
  const { store, screen } = useLive();
  const [text, setText] = useState('');
  useEffect(() => {
    let before: number | null = null;
    const timer = setInterval(() => {
      const figures = store.get().figures;
      if (!figures || !screen.visible.get()) return;
      const failed = Math.round(figures.failed_percent ?? 0);
      if (before !== null && failed !== before && Math.abs(failed - before) >= 2) {
        setText(
          t('{failed} percent of tasks fail now, waiting: {count}', { failed, count: count(figures.waiting ?? 0) }),
        );
      }
      before = failed;
    }, 10_000);
    return () => clearInterval(timer);
  }, [store, screen]);
  return (
    <p className="sr" aria-live="polite">
      {text}
    </p>
  );
}
