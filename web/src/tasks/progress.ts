// How far a running task is and how fast it goes, out of the `current` and `total` of its stored state. Pure. Drawing: task-progress.tsx.
// Holds: an end is told as a range, and only while it moves; nothing is told of a total that is none.
import type { Progress } from '../../../shared/wire/http.ts';

/** One thing seen: at `at` it stood at `current`. @unit seconds */
export interface Step {
  at: number;
  current: number;
}

/** Steps kept for the pace of late. */
const KEPT = 40;

/** With what was stored last added, when it is new. The same list when it is not. */
export function addStep(steps: readonly Step[], progress: Progress | null): readonly Step[] {
  if (!progress || progress.current === null) return steps;
  const last = steps.at(-1);
  if (last && last.current === progress.current) return steps;
  // It begins again: a new try, another phase.
  if (last && progress.current < last.current) return [{ at: progress.changed, current: progress.current }];
  return [...steps.slice(1 - KEPT), { at: progress.changed, current: progress.current }];
}

/** 0..1; null: no bar can be drawn. */
export function share(progress: Progress): number | null {
  const { current, total } = progress;
  if (current === null || total === null || !(total > 0) || !(current >= 0)) return null;
  return Math.min(1, current / total);
}

/**
 * In how many seconds it will be done, as a range between the pace since it started and that of late; null: it cannot be told.
 * @param started when this try began
 */
export function endsIn(
  progress: Progress,
  steps: readonly Step[],
  started: number | null,
  now: number,
): { from: number; to: number } | null {
  const { current, total } = progress;
  if (current === null || total === null || total <= current) return null;
  const paces: number[] = [];
  const first = steps[0];
  const last = steps.at(-1);
  // A step seen as late as now slows the pace of late: what stands still never ends soon.
  if (first && last && last !== first && now > first.at)
    paces.push((last.current - first.current) / (Math.max(now, last.at) - first.at));
  if (started !== null && now > started && current > 0) paces.push(current / (now - started));
  const moving = paces.filter((pace) => pace > 0 && Number.isFinite(pace));
  if (moving.length === 0) return null;
  const left = total - current;
  return { from: left / Math.max(...moving), to: left / Math.min(...moving) };
}

/** What else it stored: all of a meta but the figures of the bar. */
export function otherMeta(meta: unknown): unknown {
  if (meta === null || typeof meta !== 'object' || Array.isArray(meta)) return meta ?? null;
  const rest = Object.fromEntries(Object.entries(meta).filter(([key]) => key !== 'current' && key !== 'total'));
  return Object.keys(rest).length === 0 ? null : rest;
}
