// Sent > received > started > done: waits a thin line, running a bar, its p95 an upright tick. Which tries there were stands above.
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { TaskDetail } from '../../../shared/wire/http.ts';
import { useNow } from '../live/hooks.ts';
import { age, clock, day, duration, exactTime, exceptionParts, roughly } from '../ui/words.ts';
import { type Timeline, timelineOf } from './timeline.ts';

export function TaskTimeline({ task }: { task: TaskDetail }) {
  const now = useNow();
  const [number, setNumber] = useState<number | null>(null);
  const tried = task.tries.length > 1 ? task.tries.find((t) => t.number === number) : undefined;
  const isLast = !tried || tried === task.tries.at(-1);
  const line = timelineOf(task, now, isLast ? undefined : tried);
  const first = line.points.find((p) => p.at !== null)?.at;
  return (
    <section>
      <h3>
        Timeline{' '}
        {line.total !== null && (
          <span>
            {task.tries.length > 1 ? `try ${(tried ?? task.tries.at(-1))!.number + 1} ` : ''}
            {line.points.at(-1)?.end && line.points.at(-1)?.at === now ? 'so far ' : 'took '}
            {duration(line.total)}
          </span>
        )}
        {first !== null && first !== undefined && <span>{day(first)}</span>}
      </h3>
      {task.tries.length > 1 && (
        <ol className="tries" aria-label="Tries">
          {task.tries.map((t) => (
            <li key={t.number} data-state={t.state}>
              <button
                type="button"
                aria-current={t === (tried ?? task.tries.at(-1)) ? 'true' : undefined}
                onClick={() => setNumber(t.number)}
              >
                <b>{t.number + 1}</b>
                <span className="clip">{t.exception ? exceptionParts(t.exception).type || t.state : t.state}</span>
                <span>{t.started !== null && t.ended !== null ? duration(t.ended - t.started) : '-'}</span>
              </button>
            </li>
          ))}
        </ol>
      )}
      <Life line={line} task={task} />
    </section>
  );
}

function Life({ line, task }: { line: Timeline; task: TaskDetail }) {
  return (
    <ol className="life">
      {line.points.map((point, i) => {
        const gap = line.gaps[i];
        return [
          <li key={point.label} data-state={point.end ? point.state : undefined}>
            <i className={point.end ? (point.label === 'Running' ? 'dot ring' : 'dot end') : 'dot'} />
            <b>{point.label}</b>
            <time title={point.at === null ? undefined : exactTime(point.at)}>
              {point.at === null
                ? '-'
                : point.label === 'Running' || point.label === 'Waiting'
                  ? 'now'
                  : clock(point.at)}
            </time>
            <span className="clip">{beside(point.label, task)}</span>
          </li>,
          i < line.points.length - 1 && (
            <li
              key={`${point.label} gap`}
              className="gap"
              data-state={gap?.kind === 'run' ? (line.points[i + 1]?.state ?? 'STARTED') : undefined}
            >
              <span className="took">{gap ? (gap.open ? age(gap.seconds) : took(gap.seconds)) : ''}</span>
              <span className="track" aria-hidden="true">
                {gap && (
                  <i
                    className={gap.kind === 'run' ? 'run' : undefined}
                    style={{ left: `${gap.from * 100}%`, width: `${Math.max(0, gap.to - gap.from) * 100}%` }}
                  />
                )}
                {gap?.tick !== null && gap?.tick !== undefined && (
                  <i className="tick" style={{ left: `${gap.tick * 100}%` }} />
                )}
              </span>
              <span className="clip">
                {gap?.kind === 'run'
                  ? task.usual_p95 !== null
                    ? `its p95 is ${roughly(task.usual_p95)}`
                    : ''
                  : gap?.label}
              </span>
            </li>
          ),
        ];
      })}
    </ol>
  );
}

/** Below a millisecond, and where the clocks of sender and worker disagree, more is not known. */
function took(seconds: number): string {
  return seconds < 0.001 ? 'under 1 ms' : duration(seconds);
}

function beside(label: string, task: TaskDetail) {
  switch (label) {
    case 'Received':
      return task.worker ? (
        <Link to="/workers/$name" params={{ name: task.worker }} className="link">
          {task.worker}
        </Link>
      ) : (
        ''
      );
    case 'Started':
      return task.pid !== null ? `pid ${task.pid}` : '';
    case 'Failed':
      return task.retries > 0 ? 'no retry left' : '';
    case 'To retry':
      return task.eta ? `again at ${task.eta.slice(11, 19)}` : 'will be tried again';
    case 'Waiting':
      return task.orphaned
        ? 'its worker is gone'
        : task.untold
          ? 'its worker has it no more'
          : task.eta
            ? `due ${task.eta.slice(0, 19).replace('T', ' ')}`
            : '';
    case 'Running':
      return task.orphaned ? 'its worker is gone' : task.untold ? 'its worker has it no more' : '';
    case 'Revoked':
      return task.started === null ? 'before it started' : '';
    default:
      return '';
  }
}
