// What has no place in the bar at the bottom of a phone: broker, audit, access, sources, theme and keys. In a chunk of its own, as only phones need it.
import type { ReactElement } from 'react';
import { useCluster } from '../live/hooks.ts';
import { Menu } from '../ui/menu.tsx';
import { MINOR } from './places.ts';
import { nextTheme, usePreferences } from './preferences.ts';
import { signOut } from './sign-out.ts';

export default function MoreMenu({
  trigger,
  onHelp,
  onSources,
}: {
  trigger: ReactElement;
  onHelp: () => void;
  onSources: () => void;
}) {
  const { theme } = usePreferences();
  const session = useCluster()?.via === 'session';
  return (
    <Menu
      label="More"
      trigger={trigger}
      items={[
        ...MINOR.map(({ to, label, icon }) => ({
          label,
          icon,
          onSelect: () => document.querySelector<HTMLAnchorElement>(`.rail a[href$="${to}"]`)?.click(),
        })),
        { label: 'Sources', icon: 'events', onSelect: onSources },
        { label: `Theme: ${theme}`, icon: 'sun', onSelect: nextTheme },
        ...(session ? [{ label: 'Sign out', icon: 'power' as const, onSelect: () => void signOut() }] : []),
        { label: 'Keys and looks', icon: 'settings', onSelect: onHelp },
      ]}
    />
  );
}
