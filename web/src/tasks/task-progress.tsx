// How far a running task is: what its body stored last with update_state, as a bar and a tree. Figures: progress.ts.

import { useEffect, useState } from 'react';
import { rich } from '../language/rich.tsx';
import { fromServer, t } from '../language/text.ts';
import { useKnownNow } from '../live/hooks.ts';
import { ForeignText } from '../ui/foreign-text.tsx';
import { approxDuration, exactCount } from '../ui/format.ts';
import { StateBadge } from '../ui/state-badge.tsx';
import { Age } from '../ui/time.tsx';
import { ShownValue } from '../ui/value-tree.tsx';
import type { KnownTask } from './known-task.ts';
import { addStep, addToWay, endsIn, otherMeta, type Step, share, unitOf } from './progress.ts';
import { ProgressChart } from './progress-chart.tsx';
import { useProgress } from './use-task.ts';
import './why-waits.css';

export function TaskProgress({ task }: { task: KnownTask }) {
  const progress = useProgress(task);
  const now = useKnownNow();
  const [steps, setSteps] = useState<readonly Step[]>([]);
  const [way, setWay] = useState<readonly Step[]>([]);
  const { started } = task;
  useEffect(() => {
    setSteps((before) => addStep(before, progress));
    setWay((before) => addToWay(before, progress, started));
  }, [progress, started]);
  if (!progress) return null;
  const plain = progress.state === 'STARTED' && progress.current === null && isNothing(progress.meta);
  if (plain && !progress.reason) return null;
  if (plain || progress.reason) {
    return (
      <section className="progress">
        <h3>{t('Progress')}</h3>
        <p className="muted">{fromServer(progress.reason)}</p>
      </section>
    );
  }
  const part = share(progress);
  const end = task.unknown_since === undefined ? endsIn(progress, steps, task.started, now) : null;
  const rest = otherMeta(progress.meta);
  const unit = unitOf(progress.meta);
  return (
    <section className="progress" data-state={progress.state}>
      <h3>
        {t('Progress')} <StateBadge state={progress.state} />
        <span>{rich('stored {age}', { age: <Age at={progress.changed} ago /> })}</span>
      </h3>
      {progress.current !== null && (
        <p className="how-far">
          <b>{exactCount(progress.current)}</b>
          {progress.total !== null && t('of {total}', { total: exactCount(progress.total) })}
          {unit !== null && (
            <span className="muted">
              <ForeignText text={unit} />
            </span>
          )}
          {part !== null && <b className="percent">{Math.floor(part * 100)} %</b>}
        </p>
      )}
      {part !== null && (
        <progress
          className="bar"
          max={1}
          value={part}
          aria-label={t('{part} percent done', { part: Math.floor(part * 100) })}
        />
      )}
      {end && (
        <p className="muted">
          {approxDuration(end.from) === approxDuration(end.to)
            ? t('At its pace it ends in about {to}.', { to: approxDuration(end.to) })
            : t('At its pace it ends in {from} to {to}.', {
                from: approxDuration(end.from),
                to: approxDuration(end.to),
              })}
        </p>
      )}
      {way.length > 2 && part !== null && (
        <ProgressChart way={way} total={progress.total!} now={now} end={end && now + (end.from + end.to) / 2} />
      )}
      {rest !== null &&
        (typeof rest === 'object' ? (
          <ShownValue value={rest} label={t('Stored state')} />
        ) : (
          <pre className="plain-text code">
            <ForeignText text={String(rest)} />
          </pre>
        ))}
    </section>
  );
}

function isNothing(meta: unknown): boolean {
  if (meta === null || meta === undefined) return true;
  // What Celery stores itself when track_started is set.
  return typeof meta === 'object' && Object.keys(meta).every((key) => key === 'pid' || key === 'hostname');
}
