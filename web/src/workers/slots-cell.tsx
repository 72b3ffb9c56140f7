// Slots of a worker or a deployment as a picture and as words: busy in ink, free in line, those of the silent hollow and in no total.

import { Slots } from '../charts/spark.tsx';
import { t } from '../language/text.ts';
import type { WorkerLine } from './worker-list.ts';

export function SlotsCell({ worker }: { worker: WorkerLine }) {
  return (
    <span className="slots-cell">
      <SlotsBar worker={worker} />
      <span className="muted">{slotsWord(worker)}</span>
    </span>
  );
}

export function slotsWord(worker: WorkerLine): string {
  const { totals } = worker;
  if (totals) {
    if (totals.slots === 0) return t('unknown');
    return t('{busy} of {slots}', { busy: totals.busy, slots: totals.slots });
  }
  if (worker.status !== 'online') return t('unknown');
  if (worker.concurrency === null)
    return worker.active === null ? t('unknown') : t('{count} busy', { count: worker.active });
  if (worker.active === null) return t('unknown of {slots}', { slots: worker.concurrency });
  return t('{busy} of {slots}', { busy: worker.active, slots: worker.concurrency });
}

export function SlotsBar({ worker }: { worker: WorkerLine }) {
  const { totals } = worker;
  if (totals) {
    const all = totals.slots + totals.silentSlots;
    if (all === 0) return <Slots active={0} total={1} unknown />;
    return (
      <span className="meter parts" aria-hidden="true">
        <span style={{ flexGrow: totals.slots }}>
          <i style={{ width: `${totals.slots > 0 ? Math.min(100, (totals.busy / totals.slots) * 100) : 0}%` }} />
        </span>
        {totals.silentSlots > 0 && <span className="hollow" style={{ flexGrow: totals.silentSlots }} />}
      </span>
    );
  }
  const unknown = worker.status !== 'online' || worker.active === null || worker.concurrency === null;
  return <Slots active={unknown ? 0 : worker.active!} total={worker.concurrency ?? 1} unknown={unknown} />;
}
