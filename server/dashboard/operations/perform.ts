// Does an operation: judged, recorded, done, read back, and followed until its effect is seen.
// Not here: what each one is (table.ts), the record (access/audit.ts), how effects are followed (follow.ts).
// Holds: success is what workers answered, never assumed; whatever a page has judged is judged again here.

import type { OperationRecord, OperationRequest } from '../../../shared/wire/operations.ts';
import { within } from '../../timer.ts';
import { audited } from '../access/audit.ts';
import { type OperationDesk, type Reach, Refused, type Watch } from './contract.ts';
import { NO_ANSWER } from './outcome.ts';
import { operationOf } from './table.ts';

/** How long a reply waits for what workers say after the action. */
const READ_BACK_MS = 1000;

export async function perform(desk: OperationDesk, request: OperationRequest, who: string): Promise<OperationRecord> {
  const { actions, cluster, feed, interventions, follower, masking, records } = desk;
  const row = operationOf(request.action);
  const reach = reachOf(desk, request);
  row.check?.(desk, request);
  const watch: { current: Watch | null } = { current: null };
  const kept = row.recorded?.(request, masking) ?? request;
  const asked = { at: cluster.now, who, subject: row.subject(request), request: kept };
  let record = await audited(records, asked, async () => {
    await actions.connect();
    watch.current = (await row.watch?.(desk, request, reach).catch(() => null)) ?? null;
    return row.run(desk, request, reach, who);
  });
  interventions.note(record);
  // Their rows say now that they are revoked.
  if ('task_ids' in request) for (const id of request.task_ids) actions.touchTask(id);
  // Read back what the workers now say, so that pages show facts and not the wish. Who did answer does so at once.
  const answered = record.answers.filter((a) => a.text !== NO_ANSWER).map((a) => a.worker);
  if (row.readsBack && answered.length > 0) {
    await within(cluster.timer, READ_BACK_MS, actions.inspect(answered)).catch(() => {});
  }
  if (watch.current && record.outcome !== 'failed') record = await follower.follow(record, watch.current);
  feed.operation(record);
  return record;
}

/** @throws Refused for a worker nobody has heard of, and for nobody at all */
function reachOf({ cluster }: OperationDesk, request: OperationRequest): Reach {
  const given = 'destination' in request ? request.destination : undefined;
  if (given?.length === 0)
    throw new Refused("'destination' is empty: that is nobody. Leave it out to reach every worker.");
  const destination = given ? [...given] : null;
  for (const hostname of destination ?? [])
    if (!cluster.workers.has(hostname) && !cluster.inspected.has(hostname))
      throw new Refused(`No worker named ${hostname} is known.`);
  const expected = destination ?? cluster.onlineWorkers();
  return {
    destination,
    expected,
    control: {
      reply: true,
      timeout: cluster.options.inspect_timeout / 1000,
      destination,
      ...(expected.length > 0 ? { limit: expected.length } : {}),
    },
  };
}
