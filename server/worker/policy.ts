// What holds for every request of one task name: when to acknowledge, limits, events, its bucket. Settled once, not per message.
// Not here: what is done with it (strategy.ts, request.ts).
// Holds: for time limits message over task over worker over setting, where zero and nothing leave it to the next.
// Celery 5.6: worker/strategy.py, worker/request.py create_request_cls; billiard/pool.py Pool.apply_async
import type { Celery } from '../app/celery.ts';
import type { RegisteredTask } from '../app/host.ts';
import { parseRate, TokenBucket } from './rate-limit.ts';
import type { Request } from './request.ts';

export interface TaskPolicy {
  readonly task: RegisteredTask;
  readonly acksLate: boolean;
  /** Late tasks that failed or ran out of time are acknowledged (true) or rejected. */
  readonly acksOnFailure: boolean;
  readonly rejectOnWorkerLost: boolean;
  readonly sendEvents: boolean;
  readonly deduplicate: boolean;
  /** @unit milliseconds; null = none */
  readonly timeLimitMs: number | null;
  readonly softTimeLimitMs: number | null;
  readonly bucket: TokenBucket<Request> | null;
}

export interface PolicyContext {
  readonly app: Celery;
  /** For the buckets: a clock that nobody sets. @unit milliseconds */
  readonly monotonic: () => number;
  /** The worker's own defaults, over the settings. @unit seconds */
  readonly timeLimit: number | null;
  readonly softTimeLimit: number | null;
}

export function policyOf(task: RegisteredTask, context: PolicyContext): TaskPolicy {
  const { conf } = context.app;
  const { options } = task;
  const hard = options.time_limit || context.timeLimit || conf.get('task_time_limit');
  const soft = options.soft_time_limit || context.softTimeLimit || conf.get('task_soft_time_limit');
  const acksLate = options.acks_late ?? conf.get('task_acks_late');
  return {
    task,
    acksLate,
    acksOnFailure: options.acks_on_failure_or_timeout ?? conf.get('task_acks_on_failure_or_timeout'),
    rejectOnWorkerLost: options.reject_on_worker_lost ?? conf.get('task_reject_on_worker_lost') ?? false,
    sendEvents: options.send_events ?? true,
    deduplicate: acksLate && conf.get('worker_deduplicate_successful_tasks'),
    timeLimitMs: milliseconds(hard),
    softTimeLimitMs: milliseconds(soft),
    bucket: bucketOf(task, context),
  };
}

function bucketOf(task: RegisteredTask, { app, monotonic }: PolicyContext): TokenBucket<Request> | null {
  if (app.conf.get('worker_disable_rate_limits')) return null;
  const { rate_limit } = task.options;
  const rate = parseRate(rate_limit === undefined ? app.conf.get('task_default_rate_limit') : rate_limit);
  return rate > 0 ? new TokenBucket<Request>(rate, monotonic) : null;
}

function milliseconds(seconds: number | null | undefined): number | null {
  return seconds ? seconds * 1000 : null;
}
