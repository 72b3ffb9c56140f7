// One try of a task as points in time and the waits between them. Pure. Drawing: task-timeline.tsx.

import type { TaskDetail, TaskTry } from '../../../shared/wire/tasks.ts';
import { t } from '../language/text.ts';

export interface Point {
  label: string;
  at: number | null;
  /** State of the end, whose colour its dot wears. */
  state?: string;
  end?: boolean;
}

export interface Gap {
  seconds: number;
  kind: 'wait' | 'run';
  label: string;
  /** Place within the whole, 0..1. */
  from: number;
  to: number;
  /** Where p95 of this task would end, 0..1; null when it lies outside or is unknown. */
  tick: number | null;
  open: boolean;
}

export interface Timeline {
  points: Point[];
  /** gaps[i] lies between points[i] and points[i + 1]. */
  gaps: (Gap | null)[];
  total: number | null;
}

const ENDS: Record<string, string> = {
  SUCCESS: 'Succeeded',
  FAILURE: 'Failed',
  RETRY: 'To retry',
  REVOKED: 'Revoked',
  REJECTED: 'Rejected',
};

export type TimelineTask = Pick<
  TaskDetail,
  | 'state'
  | 'sent'
  | 'received'
  | 'started'
  | 'succeeded'
  | 'failed'
  | 'retried'
  | 'revoked'
  | 'rejected'
  | 'queue'
  | 'eta'
  | 'baseline_p95'
  | 'runtime'
> &
  Partial<Pick<TaskDetail, 'unknown_since'>>;

/** @param now server time, for what still runs or waits */
export function timelineOf(task: TimelineTask, now: number, tried?: TaskTry): Timeline {
  const state = tried?.state ?? task.state;
  const received = tried ? tried.received : task.received;
  const started = tried ? tried.started : task.started;
  const sent = tried ? null : task.sent;
  const end = tried
    ? tried.ended
    : state === 'SUCCESS'
      ? task.succeeded
      : state === 'FAILURE'
        ? task.failed
        : state === 'RETRY'
          ? task.retried
          : state === 'REVOKED'
            ? task.revoked
            : state === 'REJECTED'
              ? task.rejected
              : null;
  const points: Point[] = [];
  if (sent !== null) points.push({ label: 'Sent', at: sent });
  if (received !== null) points.push({ label: 'Received', at: received });
  // A retry is stamped received anew: a start before it belongs to the try before.
  if (started !== null && (received === null || started >= received - 1))
    points.push({ label: 'Started', at: started });
  const ended = ENDS[state];
  const unknown = tried ? undefined : task.unknown_since;
  if (ended) points.push({ label: ended, at: end, state, end: true });
  else if (unknown !== undefined) points.push({ label: 'Unknown', at: unknown, state: 'unknown', end: true });
  else points.push({ label: nowWord(points.at(-1)?.label), at: now, state, end: true });
  const times = points.map((p) => p.at).filter((at): at is number => at !== null);
  const first = Math.min(...times);
  const whole = Math.max(...times) - first;
  const place = (at: number) => (whole > 0 ? (at - first) / whole : 0);
  const gaps = points.slice(1).map((point, i): Gap | null => {
    const before = points[i]!;
    if (point.at === null || before.at === null) return null;
    const run = before.label === 'Started';
    const p95At = run && task.baseline_p95 !== null ? place(before.at + task.baseline_p95) : null;
    const inTrack = p95At !== null && p95At >= 0 && p95At <= 1;
    return {
      seconds: Math.max(0, point.at - before.at),
      kind: run ? 'run' : 'wait',
      label: gapLabel(before.label, task),
      from: place(before.at),
      to: place(point.at),
      tick: inTrack ? p95At : null,
      open: !ended && unknown === undefined && i === points.length - 2,
    };
  });
  return { points, gaps, total: times.length > 1 ? whole : null };
}

function nowWord(last: string | undefined): string {
  return last === 'Started' ? 'Running' : 'Waiting';
}

function gapLabel(from: string, task: TimelineTask): string {
  if (from === 'Sent') return task.queue ? t('in queue {queue}', { queue: task.queue }) : t('in the queue');
  if (from === 'Received') return task.eta ? t('reserved, until its ETA') : t('reserved');
  return '';
}

/** When the try after this one was to begin, where that is known. A retry waits with its ETA in the message of the next try. */
export function nextTry(
  task: Pick<TaskDetail, 'tries' | 'retries' | 'eta' | 'started' | 'received'>,
  number: number,
): { started: number | null; eta: string | null } {
  const next = task.tries.find((t) => t.number === number + 1);
  if (next?.started != null) return { started: next.started, eta: null };
  if (task.retries !== number + 1) return { started: null, eta: null };
  return { started: null, eta: task.eta };
}
