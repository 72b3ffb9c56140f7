// What each entry of the audit log is about. Apart from operations.ts, so that a page which offers categories loads no schemas.
import type { RecordedAction } from './operations.ts';

/** What an entry of the audit log is about. access: sessions and API tokens. settings: views, alerts and automations. */
export const OPERATION_CATEGORIES = [
  'tasks',
  'workers',
  'queues',
  'schedules',
  'settings',
  'sign-ins',
  'access',
] as const;
export type OperationCategory = (typeof OPERATION_CATEGORIES)[number];
/** In the order in which they are offered; the compiler misses one that is forgotten. */
export const CATEGORY_OF: Readonly<Record<RecordedAction, OperationCategory>> = {
  revoke: 'tasks',
  terminate: 'tasks',
  retry: 'tasks',
  abort: 'tasks',
  send_task: 'tasks',
  rate_limit: 'workers',
  time_limit: 'workers',
  pool_grow: 'workers',
  pool_shrink: 'workers',
  autoscale: 'workers',
  pool_restart: 'workers',
  add_consumer: 'workers',
  cancel_consumer: 'workers',
  enable_events: 'workers',
  disable_events: 'workers',
  heartbeat: 'workers',
  shutdown: 'workers',
  pause_queue: 'queues',
  resume_queue: 'queues',
  move: 'queues',
  purge: 'queues',
  peek: 'queues',
  login: 'sign-ins',
  logout: 'sign-ins',
  end_sessions: 'access',
  save_view: 'settings',
  delete_view: 'settings',
  make_token: 'access',
  revoke_token: 'access',
  save_schedule: 'schedules',
  delete_schedule: 'schedules',
  run_schedule: 'schedules',
  save_alert: 'settings',
  delete_alert: 'settings',
  silence_alert: 'settings',
  test_channel: 'settings',
  save_automation: 'settings',
  delete_automation: 'settings',
};
export const RECORDED_ACTIONS = Object.keys(CATEGORY_OF) as RecordedAction[];
/** What rules and tokens may name: what is done to the cluster and to its schedule. */
export const RULED_ACTIONS: readonly RecordedAction[] = RECORDED_ACTIONS.filter((one) =>
  ['tasks', 'workers', 'queues', 'schedules'].includes(CATEGORY_OF[one]),
);
