// What the audit log holds: the actions, and what came of them.
import type { Outcome, RecordedAction } from '../../../shared/wire/operations.ts';

export const ACTIONS = [
  'revoke',
  'terminate',
  'retry',
  'rate_limit',
  'time_limit',
  'pool_grow',
  'pool_shrink',
  'autoscale',
  'pool_restart',
  'add_consumer',
  'cancel_consumer',
  'enable_events',
  'disable_events',
  'heartbeat',
  'shutdown',
  'purge',
  'login',
  'save_view',
  'delete_view',
] as const satisfies readonly RecordedAction[];

export const OUTCOME: Readonly<Record<Outcome, string>> = {
  ok: 'done',
  partial: 'in part',
  failed: 'failed',
  'no-answer': 'no answer',
};
export const OUTCOMES = Object.keys(OUTCOME) as Outcome[];
