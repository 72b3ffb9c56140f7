// What a task was called with and what it returned, whole, from where it can be had: its message, its result record.
// Holds: broker and result backend are asked only when somebody looks; secrets are masked; a page gets no more of a value than it can
// draw; what cannot be had says why.
import type { Masking } from '../../../shared/masking.ts';
import { ENDED_STATES } from '../../../shared/states.ts';
import type { CallReply, ResultReply } from '../../../shared/wire/task-values.ts';
import { SerializationError, toError } from '../../errors.ts';
import type { ResultMeta } from '../../protocol/result-meta.ts';
import { CALLER_ONLY, isCallerOnly } from '../cluster/result-store.ts';
import type { ClusterView } from '../cluster/view.ts';
import { wholeCall } from '../operations/known-call.ts';
import { findRow } from '../operations/retry.ts';
import { bounded } from './bounded.ts';

/** null: no such task is known. */
export async function callOf(cluster: ClusterView, masking: Masking, uuid: string): Promise<CallReply | null> {
  const row = await findRow(cluster, uuid);
  if (!row) return null;
  const call = await wholeCall(cluster, row);
  if (call) {
    const args = bounded(masking.value(call.args));
    const kwargs = bounded(masking.value(call.kwargs));
    return {
      task_id: uuid,
      source: call.source,
      reason: null,
      args: args.value,
      kwargs: kwargs.value,
      size: args.size + kwargs.size,
      cut: args.cut || kwargs.cut,
    };
  }
  const reason = ENDED_STATES.has(row.state)
    ? 'Its message is gone, and its result record keeps no arguments: it would with result_extended=True in the workers.'
    : 'Its message is with the worker already, and no result record keeps its arguments yet.';
  return { task_id: uuid, source: null, reason, args: null, kwargs: null, size: null, cut: false };
}

/** @param whole all of a long result, not only its beginning */
export async function resultOf(
  cluster: ClusterView,
  masking: Masking,
  uuid: string,
  whole: boolean,
): Promise<ResultReply> {
  const none = (reason: string): ResultReply => ({
    task_id: uuid,
    found: false,
    reason,
    status: null,
    result: null,
    size: null,
    cut: false,
    traceback: null,
    date_done: null,
  });
  let asked: { value: ResultMeta | null } | null;
  try {
    asked = await cluster.askBackend((backend) => backend.get(uuid));
  } catch (error) {
    const isUnread = error instanceof SerializationError;
    return none(
      `${isUnread ? 'Its record cannot be read here' : 'The result backend does not answer'}: ${masking.text(toError(error).message)}`,
    );
  }
  const row = await findRow(cluster, uuid);
  if (asked === null) return none(noStore(cluster));
  const meta = asked.value;
  if (meta === null) {
    if (row && !ENDED_STATES.has(row.state)) return none('It has not finished.');
    return none(
      'The result backend has no such record: it expired (result_expires), was ignored, or was never stored.',
    );
  }
  const result = bounded(masking.value(meta.result), whole ? Number.POSITIVE_INFINITY : undefined);
  return {
    task_id: uuid,
    found: true,
    reason: null,
    status: meta.status,
    result: result.value,
    size: result.size,
    cut: result.cut,
    traceback: meta.traceback === null ? null : masking.text(meta.traceback),
    date_done: meta.date_done === null || meta.date_done === undefined ? null : String(meta.date_done),
  };
}

/** And where the workers keep theirs, when they say so: they mask passwords themselves. */
function noStore(cluster: ClusterView): string {
  const nothing = `There is nothing to read: ${CALLER_ONLY}.`;
  if (isCallerOnly(cluster.options.result_backend)) return nothing;
  const none = 'No result backend is configured for this dashboard.';
  for (const { conf } of cluster.inspected.values()) {
    const url = conf?.result_backend;
    if (typeof url !== 'string' || url === '') continue;
    return isCallerOnly(url) ? nothing : `${none} Its workers use ${url}: start it with --result-backend.`;
  }
  return `${none} Start it with --result-backend.`;
}
