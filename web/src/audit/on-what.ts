// What an operation was done to, as pieces that link: tasks, task names, queues, workers, and the words between. Pure.
// Drawing: audit-row.tsx. Holds: what a request of another version says is shown as the server's one line.
import type { OperationRecord, OperationRequest } from '../../../shared/wire/operations.ts';

export type Piece =
  | { readonly kind: 'words'; readonly text: string }
  | { readonly kind: 'task' | 'name' | 'queue' | 'worker'; readonly text: string };

const words = (text: string): Piece => ({ kind: 'words', text });

/** Workers named before the rest is counted. */
const NAMED = 3;

function workers(request: { destination?: readonly string[] }): Piece[] {
  const { destination } = request;
  if (destination === undefined) return [words('every worker')];
  if (destination.length === 0) return [words('no worker')];
  const named = destination
    .slice(0, NAMED)
    .flatMap((text, i): Piece[] => [...(i > 0 ? [words(', ')] : []), { kind: 'worker', text }]);
  const more = destination.length - NAMED;
  return more > 0 ? [...named, words(` and ${more} more`)] : named;
}

export function onWhat(record: Pick<OperationRecord, 'request' | 'subject' | 'task_name'>): Piece[] {
  const request = record.request as OperationRequest | null;
  switch (request?.action) {
    case 'revoke':
    case 'terminate':
    case 'retry':
    case 'abort': {
      const ids = request.task_ids;
      if (!Array.isArray(ids)) break;
      const which: Piece = ids.length === 1 ? { kind: 'task', text: ids[0]! } : words(`${ids.length} tasks`);
      return record.task_name ? [which, words(' of '), { kind: 'name', text: record.task_name }] : [which];
    }
    case 'send_task':
      return [{ kind: 'name', text: request.task_name }];
    case 'rate_limit':
      return [
        { kind: 'name', text: request.task_name },
        words(` at ${request.rate_limit === '0' ? 'no limit' : request.rate_limit} on `),
        ...workers(request),
      ];
    case 'time_limit':
      return [
        { kind: 'name', text: request.task_name },
        words(`: soft ${seconds(request.soft)}, hard ${seconds(request.hard)} on `),
        ...workers(request),
      ];
    case 'pool_grow':
      return [words(`${request.n} more on `), ...workers(request)];
    case 'pool_shrink':
      return [words(`${request.n} fewer on `), ...workers(request)];
    case 'autoscale':
      return [words(`${request.min} to ${request.max} on `), ...workers(request)];
    case 'add_consumer':
    case 'cancel_consumer':
      return [{ kind: 'queue', text: request.queue }, words(' on '), ...workers(request)];
    case 'move': {
      const ids = request.task_ids;
      const what: Piece[] = !Array.isArray(ids)
        ? []
        : ids.length === 1
          ? [{ kind: 'task', text: ids[0]! }, words(' from ')]
          : [words(`${ids.length} tasks from `)];
      return [...what, { kind: 'queue', text: request.queue }, words(' to '), { kind: 'queue', text: request.to }];
    }
    case 'pause_queue':
    case 'resume_queue':
    case 'purge':
    case 'peek':
      return [{ kind: 'queue', text: request.queue }];
    case 'pool_restart':
    case 'enable_events':
    case 'disable_events':
    case 'heartbeat':
    case 'shutdown':
      return workers(request);
  }
  return [words(record.subject)];
}

function seconds(limit: number | null | undefined): string {
  return limit === null || limit === undefined ? 'none' : `${limit} s`;
}

/** The tasks it was about, with what each was sent again as. */
export function tasksOf(record: Pick<OperationRecord, 'request' | 'new_ids'>): { id: string; again: string | null }[] {
  const ids = (record.request as { task_ids?: unknown } | null)?.task_ids;
  if (!Array.isArray(ids)) return [];
  return ids.map((id) => ({ id: String(id), again: record.new_ids?.[String(id)] ?? null }));
}
