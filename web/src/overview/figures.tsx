// Four figures of now against their baseline: finished, failed, waiting, busy slots. Each says when it is old.

import type { Figures } from '../../../shared/wire/overview.ts';
import { Spark } from '../charts/spark.tsx';
import { rich } from '../language/rich.tsx';
import { t, tn } from '../language/text.ts';
import { useNow } from '../live/hooks.ts';
import { type Part, usePart } from '../live/part.ts';
import { Old } from '../ui/as-of.tsx';
import { age, count, exactCount, rate } from '../ui/format.ts';
import type { FleetTotals } from '../workers/fleet.ts';

export function FiguresCard({ figures, fleet }: { figures: Figures; fleet: FleetTotals | null }) {
  const events = usePart('events', 'history');
  const broker = usePart('broker');
  const control = usePart('events', 'control');
  const baselineRate = figures.baseline_finished_per_min;
  const around = (v: number | null, part = 0.15) => (v === null ? null : { from: v * (1 - part), to: v * (1 + part) });
  return (
    <section className="card figures" aria-label={t('Now')}>
      <Figure
        title={t('Finished')}
        part={events}
        value={figures.finished_per_min === null ? UNKNOWN : count(Math.round(figures.finished_per_min))}
        unit={figures.finished_per_min === null ? undefined : t('/min')}
      >
        <p className="note">{comparedRate(figures.finished_per_min, baselineRate)}</p>
        <Spark
          values={figures.spark.finished}
          height={32}
          baseline={around(baselineRate)}
          label={t('Finished per minute, last hour')}
          fromZero
        />
      </Figure>
      <Failed figures={figures} part={events} />
      <Figure
        title={t('Waiting')}
        part={broker}
        value={figures.waiting === null ? UNKNOWN : count(figures.waiting)}
        exact={figures.waiting}
      >
        <Waiting figures={figures} />
        <Spark values={figures.spark.waiting} height={32} label={t('Waiting messages, last hour')} fromZero />
      </Figure>
      <Busy figures={figures} fleet={fleet} part={control} />
    </section>
  );
}

const UNKNOWN = t('unknown');

function Figure({
  title,
  part,
  value,
  unit,
  exact,
  state,
  children,
}: {
  title: string;
  part: Part;
  value: string;
  unit?: string;
  exact?: number | null;
  state?: string;
  children: React.ReactNode;
}) {
  return (
    <div data-state={state} className={part.stale.trim() || undefined}>
      <h3>
        {title} <Old since={part.since} />
      </h3>
      <p
        className={value === UNKNOWN ? 'value unknown' : 'value'}
        title={exact === undefined ? undefined : exactCount(exact)}
      >
        {value}
        {/* Another width is another element, so that nothing counts as moved. */}
        {unit && <small key={value.length}>{unit}</small>}
      </p>
      {children}
    </div>
  );
}

function Failed({ figures, part }: { figures: Figures; part: Part }) {
  const { failed_percent: failed, baseline_failed_percent: baseline } = figures;
  const times = failed && baseline ? failed / baseline : null;
  // With nothing to compare with, only what is much by any measure is red.
  const bad = baseline === null ? (failed ?? 0) >= 10 : (failed ?? 0) >= 1 && (times === null || times >= 2);
  const around = baseline === null ? null : { from: baseline * 0.5, to: baseline * 1.5 };
  return (
    <Figure
      title={t('Failed')}
      part={part}
      state={bad ? 'FAILURE' : undefined}
      value={failed === null ? UNKNOWN : rate(failed)}
      unit={failed === null ? undefined : '%'}
    >
      <p className="note">
        {failed === null
          ? t('nothing finished lately')
          : baseline === null
            ? t('no baseline yet')
            : bad && times !== null
              ? rich('<b>{times} times</b> its baseline {baseline} %', { times: rate(times), baseline: rate(baseline) })
              : t('baseline {baseline} %', { baseline: rate(baseline) })}
      </p>
      <Spark
        values={figures.spark.failed_percent}
        height={32}
        baseline={around}
        label={t('Failures in percent, last hour')}
        fromZero
      />
    </Figure>
  );
}

function Waiting({ figures }: { figures: Figures }) {
  const now = useNow();
  const { oldest_waiting: oldest, oldest_queue: queue, waiting } = figures;
  return (
    <p className="note clip" title={queue ?? undefined}>
      {oldest !== null
        ? queue
          ? t('oldest {age}, in {queue}', { age: age(now - oldest), queue })
          : t('oldest {age}', { age: age(now - oldest) })
        : waiting === null
          ? t('this broker could not be asked')
          : waiting > 0
            ? t('age unknown')
            : t('nothing waits')}
    </p>
  );
}

function Busy({ figures, fleet, part }: { figures: Figures; fleet: FleetTotals | null; part: Part }) {
  const busy = fleet ? fleet.busy : figures.busy;
  const slots = fleet ? fleet.slots : figures.slots;
  const known = busy !== null && slots !== null && slots > 0;
  const silent = fleet ? fleet.silentSlots : figures.unknown_slots;
  const unsized = fleet ? fleet.unsized : (figures.uncounted_workers ?? 0);
  const online = fleet ? fleet.online : figures.workers_online;
  return (
    <Figure
      title={t('Busy slots')}
      part={part}
      value={known ? count(busy) : online === 0 ? '0' : UNKNOWN}
      unit={known ? t('of {slots}', { slots: count(slots) }) : undefined}
    >
      <p className="note clip">
        {[
          silent > 0 && tn(silent, '# more slot unknown', '# more slots unknown'),
          unsized > 0 && tn(unsized, '# worker of unknown pool size', '# workers of unknown pool size'),
        ]
          .filter(Boolean)
          .join(', ') || tn(online, '# worker online', '# workers online')}
      </p>
      <Spark values={figures.spark.busy} height={32} label={t('Busy slots, last hour')} fromZero />
    </Figure>
  );
}

function comparedRate(now: number | null, baseline: number | null): string {
  if (now === null) return t('too early to say');
  if (baseline === null || baseline === 0) return t('no baseline yet');
  const times = now / baseline;
  if (times > 0.8 && times < 1.25) return t('as usual');
  return times < 1
    ? t('below the baseline {baseline}', { baseline: rate(baseline) })
    : t('above the baseline {baseline}', { baseline: rate(baseline) });
}
