// What the audit log holds: the actions, and what came of them.

import type { Outcome, RecordedAction } from '../../../shared/wire/operations.ts';
import { t } from '../language/text.ts';

/** In the order in which they are offered; the compiler misses one that is forgotten. */
const IS_RECORDED: Readonly<Record<RecordedAction, true>> = {
  revoke: true,
  terminate: true,
  retry: true,
  abort: true,
  send_task: true,
  rate_limit: true,
  time_limit: true,
  pool_grow: true,
  pool_shrink: true,
  autoscale: true,
  pool_restart: true,
  add_consumer: true,
  cancel_consumer: true,
  enable_events: true,
  disable_events: true,
  heartbeat: true,
  shutdown: true,
  pause_queue: true,
  resume_queue: true,
  move: true,
  purge: true,
  peek: true,
  login: true,
  logout: true,
  end_sessions: true,
  save_view: true,
  delete_view: true,
  make_token: true,
  revoke_token: true,
  save_schedule: true,
  delete_schedule: true,
  run_schedule: true,
  save_alert: true,
  delete_alert: true,
  silence_alert: true,
  test_channel: true,
  save_automation: true,
  delete_automation: true,
};
export const ACTIONS = Object.keys(IS_RECORDED) as RecordedAction[];

export const OUTCOME: Readonly<Record<Outcome, string>> = {
  ok: t('outcome|done'),
  partial: t('outcome|in part'),
  failed: t('outcome|failed'),
  'no-answer': t('outcome|no answer'),
  refused: t('outcome|refused'),
};
export const OUTCOMES = Object.keys(OUTCOME) as Outcome[];
