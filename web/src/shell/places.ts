// The places of the rail, for the rail and for the page that stands in when the frame fails.
import type { IconName } from '../ui/icon.tsx';

export interface Entry {
  to: string;
  label: string;
  icon: IconName;
  minor?: boolean;
}

export const ENTRIES: readonly Entry[] = [
  { to: '/', label: 'Overview', icon: 'overview' },
  { to: '/tasks', label: 'Tasks', icon: 'tasks' },
  { to: '/workers', label: 'Workers', icon: 'workers' },
  { to: '/queues', label: 'Queues', icon: 'queues' },
];

/** Below them; on a phone in the menu "More". */
export const MINOR: readonly Entry[] = [
  { to: '/workflows', label: 'Workflows', icon: 'workflows', minor: true },
  { to: '/broker', label: 'Broker', icon: 'broker', minor: true },
  { to: '/audit', label: 'Audit', icon: 'audit', minor: true },
  { to: '/access', label: 'Access', icon: 'key', minor: true },
];
