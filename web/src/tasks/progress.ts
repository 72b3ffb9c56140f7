// How far a running task is and how fast it goes, out of the `current` and `total` of its stored state. Pure. Drawing: task-progress.tsx.
// Holds: an end is estimated as a range, and only while it moves; none of a total that is invalid.
import { jsonText } from '../../../shared/json-text.ts';
import { STATES } from '../../../shared/states.ts';
import type { ResultReply } from '../../../shared/wire/task-values.ts';
import type { Progress } from '../../../shared/wire/tasks.ts';

/** One thing seen: at `at` it stood at `current`. @unit seconds */
export interface Step {
  at: number;
  current: number;
}

/** Steps kept for the pace of late. */
const MAX_STEPS = 40;

/** With what was stored last added, when it is new. The same list when it is not. */
export function addStep(steps: readonly Step[], progress: Progress | null): readonly Step[] {
  if (!progress || progress.current === null) return steps;
  const last = steps.at(-1);
  if (last && last.current === progress.current) return steps;
  // It begins again: a new try, another phase.
  if (last && progress.current < last.current) return [{ at: progress.changed, current: progress.current }];
  return [...steps.slice(1 - MAX_STEPS), { at: progress.changed, current: progress.current }];
}

/** Points of the picture. */
const MAX_WAY = 120;

/** The way from its start on, as it was seen: longer than the steps, and thinner the longer it gets. The same list when nothing is new. */
export function addToWay(way: readonly Step[], progress: Progress | null, started: number | null): readonly Step[] {
  if (!progress || progress.current === null) return way;
  const { current, changed: at } = progress;
  const last = way.at(-1);
  if (last && last.current === current) return way;
  if (!last || current < last.current) {
    const isFirst = last === undefined && started !== null && started < at && current > 0;
    return isFirst
      ? [
          { at: started, current: 0 },
          { at, current },
        ]
      : [{ at, current }];
  }
  const all = [...way, { at, current }];
  return all.length <= MAX_WAY ? all : all.filter((_, i) => i % 2 === 0 || i === all.length - 1);
}

const KNOWN: ReadonlySet<string> = new Set(STATES);

/**
 * What the result store has of a task that has not ended: a state of its own, or none that says more than its events.
 * @param before what was made of the store's answer before: as long as nothing changes, so does `changed`
 */
export function ofStored(reply: ResultReply, now: number, before: Progress | null): Progress | null {
  if (!reply.found || reply.status === null || KNOWN.has(reply.status)) return null;
  const meta = reply.result;
  const figure = (key: string): number | null => {
    const value = meta !== null && typeof meta === 'object' ? (meta as Record<string, unknown>)[key] : null;
    return typeof value === 'number' && Number.isFinite(value) ? value : null;
  };
  const made = {
    task_id: reply.task_id,
    state: reply.status,
    current: figure('current'),
    total: figure('total'),
    meta,
  };
  const same = before !== null && jsonText([before.state, before.meta]) === jsonText([made.state, meta]);
  return { ...made, asked: now, changed: same ? before.changed : now, reason: null };
}

/** 0..1; null: no bar can be drawn. */
export function share(progress: Progress): number | null {
  const { current, total } = progress;
  if (current === null || total === null || !(total > 0) || !(current >= 0)) return null;
  return Math.min(1, current / total);
}

/**
 * In how many seconds it will be done, as a range between the pace since it started and that of late; null: unknown.
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

/** 'pages': what is counted, where the meta says it in a word or two. */
export function unitOf(meta: unknown): string | null {
  if (meta === null || typeof meta !== 'object') return null;
  const { unit } = meta as { unit?: unknown };
  return typeof unit === 'string' && unit !== '' && unit.length <= 40 ? unit : null;
}

/** What else it stored: all of a meta but what stands at the bar. */
export function otherMeta(meta: unknown): unknown {
  if (meta === null || typeof meta !== 'object' || Array.isArray(meta)) return meta ?? null;
  const said = new Set(['current', 'total', ...(unitOf(meta) === null ? [] : ['unit'])]);
  const rest = Object.fromEntries(Object.entries(meta).filter(([key]) => !said.has(key)));
  return Object.keys(rest).length === 0 ? null : rest;
}
