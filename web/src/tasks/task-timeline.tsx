// Sent > received > started > done: waits a thin line, running a bar, its p95 an upright tick. Which tries there were stands above.

import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { splitException } from '../../../shared/exception-repr.ts';
import { etaSeconds } from '../../../shared/query/match.ts';
import type { TaskDetail } from '../../../shared/wire/tasks.ts';
import { t } from '../language/text.ts';
import { useKnownNow } from '../live/hooks.ts';
import { CopyButton } from '../ui/button.tsx';
import { ForeignText } from '../ui/foreign-text.tsx';
import { age, approxDuration, clock, day, duration, exactTime, instant } from '../ui/format.ts';
import { isoLines } from './iso-lines.ts';
import { nextTry, type Timeline, timelineOf } from './timeline.ts';
import './task-timeline.css';

export function TaskTimeline({ task }: { task: TaskDetail }) {
  const now = useKnownNow();
  const [number, setNumber] = useState<number | null>(null);
  const tried = task.tries.length > 1 ? task.tries.find((t) => t.number === number) : undefined;
  const isLast = !tried || tried === task.tries.at(-1);
  const line = timelineOf(task, now, isLast ? undefined : tried);
  const first = line.points.find((p) => p.at !== null)?.at;
  return (
    <section>
      <h3>
        {t('Timeline')}{' '}
        {line.total !== null && (
          <span>
            {task.tries.length > 1 && `${t('try {number}', { number: (tried ?? task.tries.at(-1))!.number + 1 })} `}
            {line.points.at(-1)?.state === 'unknown'
              ? t('known for {time}', { time: duration(line.total) })
              : line.points.at(-1)?.end && line.points.at(-1)?.at === now
                ? t('so far {time}', { time: duration(line.total) })
                : t('took {time}', { time: duration(line.total) })}
          </span>
        )}
        {first !== null && first !== undefined && <span>{day(first)}</span>}
        {first !== null && first !== undefined && (
          <CopyButton what={t('times (ISO 8601)')} text={() => isoLines(line.points)} />
        )}
      </h3>
      {task.tries.length > 1 && (
        <ol className="tries" aria-label={t('Tries')}>
          {task.tries.map((t) => (
            <li key={t.number} data-state={t.state}>
              <button
                type="button"
                aria-current={t === (tried ?? task.tries.at(-1)) ? 'true' : undefined}
                onClick={() => setNumber(t.number)}
              >
                <b>{t.number + 1}</b>
                <span className="clip">
                  <ForeignText text={(t.exception && splitException(t.exception).type) || t.state} />
                </span>
                <span>{t.started !== null && t.ended !== null ? duration(t.ended - t.started) : '-'}</span>
              </button>
            </li>
          ))}
        </ol>
      )}
      <Life line={line} task={task} number={(tried ?? task.tries.at(-1))?.number ?? task.retries} now={now} />
    </section>
  );
}

/** The points of timeline.ts by their names there. */
const POINTS: Readonly<Record<string, string>> = {
  Sent: t('Sent'),
  Received: t('Received'),
  Started: t('Started'),
  Running: t('Running'),
  Waiting: t('Waiting'),
  Succeeded: t('Succeeded'),
  Failed: t('Failed'),
  'To retry': t('To retry'),
  Revoked: t('Revoked'),
  Rejected: t('Rejected'),
  Unknown: t('Unknown'),
};

function Life({ line, task, number, now }: { line: Timeline; task: TaskDetail; number: number; now: number }) {
  return (
    <ol className="life">
      {line.points.map((point, i) => {
        const gap = line.gaps[i];
        return [
          <li key={point.label} data-state={point.end ? point.state : undefined}>
            <i className={point.end ? (point.label === 'Running' ? 'dot ring' : 'dot end') : 'dot'} />
            <b>{POINTS[point.label] ?? point.label}</b>
            <time title={point.at === null ? undefined : exactTime(point.at)}>
              {point.at === null
                ? '-'
                : point.label === 'Running' || point.label === 'Waiting'
                  ? t('now')
                  : clock(point.at)}
            </time>
            <span>{beside(point.label, task, number, now)}</span>
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
              <span>
                {gap?.kind === 'run'
                  ? task.baseline_p95 !== null
                    ? t('its p95 is {runtime}', { runtime: approxDuration(task.baseline_p95) })
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
  return seconds < 0.001 ? t('under 1 ms') : duration(seconds);
}

function beside(label: string, task: TaskDetail, number: number, now: number) {
  switch (label) {
    case 'Received':
      return task.worker ? (
        <Link to="/workers/$name" params={{ name: task.worker }} className="link">
          <ForeignText text={task.worker} />
        </Link>
      ) : (
        ''
      );
    case 'Started':
      return task.pid !== null ? t('pid {pid}', { pid: String(task.pid) }) : '';
    case 'Failed':
      return task.retries > 0 ? t('no retry left') : '';
    case 'To retry': {
      const next = nextTry(task, number);
      if (next.started !== null) return t('again at {time}', { time: instant(next.started, now) });
      return next.eta ? t('again at {time}', { time: formatEta(next.eta, now) }) : t('will be tried again');
    }
    case 'Waiting':
      if (task.orphaned) return t('its worker is gone');
      if (task.end_unknown) return t('its worker does not have it any more');
      return task.eta ? t('due {time}', { time: formatEta(task.eta, now) }) : '';
    case 'Running':
      return task.orphaned
        ? t('its worker is gone')
        : task.end_unknown
          ? t('its worker does not have it any more')
          : '';
    case 'Unknown':
      return t('its worker fell silent');
    case 'Revoked':
      return task.started === null ? t('before it started') : '';
    default:
      return '';
  }
}

/** An ETA as its message has it, in the zone of the page. What cannot be read as an instant is shown as it is. */
function formatEta(eta: string, now: number): string {
  const seconds = etaSeconds(eta);
  return seconds === null ? eta : instant(seconds, now);
}
