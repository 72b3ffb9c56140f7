// Slots of a worker or a deployment as a picture and as words: busy in ink, free in line, those of the silent hollow and in no total.
import { Slots } from '../charts/spark.tsx';
import { count } from '../ui/format.ts';
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
    if (totals.slots === 0) return 'unknown';
    return `${count(totals.busy)} of ${count(totals.slots)}`;
  }
  if (worker.status !== 'online') return 'unknown';
  if (worker.concurrency === null) return worker.active === null ? 'unknown' : `${count(worker.active)} busy`;
  if (worker.active === null) return `unknown of ${count(worker.concurrency)}`;
  return `${count(worker.active)} of ${count(worker.concurrency)}`;
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
