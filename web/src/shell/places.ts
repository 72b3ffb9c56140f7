// The places of the rail, for the rail and for the page that stands in when the frame fails.
import { t } from '../language/text.ts';
import type { IconName } from '../ui/icon.tsx';

export interface Entry {
  to: string;
  label: string;
  icon: IconName;
  minor?: boolean;
}

export const ENTRIES: readonly Entry[] = [
  { to: '/', label: t('Overview'), icon: 'overview' },
  { to: '/tasks', label: t('Tasks'), icon: 'tasks' },
  { to: '/workers', label: t('Workers'), icon: 'workers' },
  { to: '/queues', label: t('Queues'), icon: 'queues' },
];

/** Below them; on a phone in the menu "More". */
export const MINOR: readonly Entry[] = [
  { to: '/workflows', label: t('Workflows'), icon: 'workflows', minor: true },
  { to: '/schedules', label: t('Schedules'), icon: 'schedules', minor: true },
  { to: '/scheduled', label: t('ETA tasks'), icon: 'later', minor: true },
  { to: '/alerts', label: t('Alerts'), icon: 'alerts', minor: true },
  { to: '/broker', label: t('Broker'), icon: 'broker', minor: true },
  { to: '/audit', label: t('Audit'), icon: 'audit', minor: true },
  { to: '/access', label: t('Access'), icon: 'key', minor: true },
];
