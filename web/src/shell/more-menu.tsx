// What has no place in the bar at the bottom of a phone: broker, audit, access, sources, theme and keys. In a chunk of its own, as only phones need it.

import type { ReactElement } from 'react';
import { choose, otherLanguage } from '../language/language.ts';
import { t } from '../language/text.ts';
import { useCluster } from '../live/hooks.ts';
import { Menu } from '../ui/menu.tsx';
import { MINOR } from './places.ts';
import { nextTheme, THEME_WORDS, usePreferences } from './preferences.ts';
import { signOut } from './sign-out.ts';

export default function MoreMenu({
  trigger,
  open,
  onOpenChange,
  onHelp,
  onSources,
}: {
  trigger: ReactElement;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onHelp: () => void;
  onSources: () => void;
}) {
  const { theme } = usePreferences();
  const session = useCluster()?.via === 'session';
  return (
    <Menu
      label={t('More')}
      trigger={trigger}
      open={open}
      onOpenChange={onOpenChange}
      items={[
        ...MINOR.map(({ to, label, icon }) => ({
          label,
          icon,
          onSelect: () => document.querySelector<HTMLAnchorElement>(`.rail a[href$="${to}"]`)?.click(),
        })),
        { label: t('Sources'), icon: 'events', onSelect: onSources },
        { label: t('Theme: {theme}', { theme: THEME_WORDS[theme] }), icon: 'sun', onSelect: nextTheme },
        { label: otherLanguage().name, icon: 'language', onSelect: () => choose(otherLanguage().language) },
        ...(session ? [{ label: t('Sign out'), icon: 'power' as const, onSelect: () => void signOut() }] : []),
        { label: t('Keys and looks'), icon: 'settings', onSelect: onHelp },
      ]}
    />
  );
}
