// What workers hold until its ETA, of all workers: as they answer, and which of them did not.
import type { Masking } from '../../../shared/masking.ts';
import { reprOf } from '../../../shared/python-repr.ts';
import type { EtaReply, EtaTask } from '../../../shared/wire/schedules.ts';
import type { ClusterView } from '../cluster/view.ts';

/** A page lists no more. */
const LISTED = 1000;
/** Answers younger than this are taken. @unit seconds */
const MAX_AGE_S = 5;
const MAX_CHARS = 300;

export async function etaTasks(
  cluster: Pick<ClusterView, 'onlineWorkers' | 'inspectNow' | 'inspector' | 'inspected'>,
  masking: Masking,
): Promise<EtaReply> {
  const workers = cluster.onlineWorkers();
  await Promise.all(workers.map((worker) => cluster.inspectNow(worker, MAX_AGE_S).catch(() => {})));
  const unknown: string[] = [];
  const items: EtaTask[] = [];
  for (const worker of workers) {
    const answer = cluster.inspected.get(worker);
    if (!answer || cluster.inspector.unlistedReason(worker) !== null) unknown.push(worker);
    for (const { request, eta } of answer?.scheduled ?? []) {
      const at = eta === null || eta === undefined ? Number.NaN : Date.parse(eta);
      const shown = (value: unknown) => (value === undefined ? null : textOf(masking.value(value)));
      items.push({
        uuid: request.id,
        name: request.name,
        worker,
        eta: Number.isNaN(at) ? null : at / 1000,
        args: shown(request.args),
        kwargs: shown(request.kwargs),
      });
    }
  }
  items.sort((a, b) => (a.eta ?? 0) - (b.eta ?? 0) || (a.uuid < b.uuid ? -1 : 1));
  return { items: items.slice(0, LISTED), total: items.length, unknown: unknown.sort() };
}

function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : reprOf(value);
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}...` : text;
}
