// What is known of one task: its detail where it was read, what the live feed knows better, or its row alone. Pure.
// Reading it: use-task.ts. Holds: a text that a row carries cut never takes the place of the whole one.
import type { TaskDetail, TaskRow } from '../../../shared/wire/tasks.ts';

/** @param partial only its row is known: tries, related tasks and what may be done are not */
export type KnownTask = TaskDetail & { partial?: boolean };

/** The newer of both, field by field. */
export function withLive(detail: TaskDetail, live: TaskRow | undefined): TaskDetail {
  if (!live || live.timestamp <= detail.timestamp) return detail;
  const merged: TaskDetail = { ...detail, ...live, cut: detail.cut };
  // Absent in the newer row means that it does not hold any more.
  for (const field of ['unknown_since', 'revoke_asked'] as const) if (!(field in live)) delete merged[field];
  const cut: string[] = [];
  for (const field of live.cut ?? []) {
    const whole = detail[field as 'args'];
    const head = live[field as 'args'];
    if (typeof whole === 'string' && typeof head === 'string' && whole.startsWith(head.slice(0, 1000)))
      (merged as Record<string, unknown>)[field] = whole;
    else cut.push(field);
  }
  if (cut.length > 0) merged.cut = cut;
  return merged;
}

/** Its row as a detail of which the rest is not known yet. @param why what to say of the actions meanwhile */
export function ofRow(row: TaskRow, why: string): KnownTask {
  const wait = { allowed: false, reason: why };
  return {
    ...row,
    partial: true,
    traceback: null,
    exchange: null,
    routing_key: null,
    clock: 0,
    pid: null,
    args_truncated: row.cut?.includes('args') ?? false,
    kwargs_truncated: row.cut?.includes('kwargs') ?? false,
    tries: [],
    parent: null,
    root: null,
    children: [],
    children_total: 0,
    baseline_p95: null,
    same_failures: 0,
    actions: { revoke: wait, terminate: wait, retry: wait },
    orphaned: false,
    end_unknown: false,
  };
}
