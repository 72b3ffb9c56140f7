// What an operation was done to, as pieces that link: tasks, task names, queues, workers, and the words between. Pure.
// Drawing: audit-row.tsx. Holds: what a request of another version says is shown as the server's one line.

import type { OperationRecord, OperationRequest } from '../../../shared/wire/operations.ts';
import { fromServer, t } from '../language/text.ts';

export type Piece =
  | { readonly kind: 'words'; readonly text: string }
  | { readonly kind: 'task' | 'name' | 'queue' | 'worker'; readonly text: string };

const words = (text: string): Piece => ({ kind: 'words', text });

/** Stands in a text where pieces are set in: their order differs between languages. */
const place = (name: string): string => `\ue000${name}\ue000`;
const [TASK, QUEUE, TO, WORKERS] = [place('task'), place('queue'), place('to'), place('workers')];

/** @param text with places @param pieces by place */
function about(text: string, pieces: Readonly<Record<string, readonly Piece[]>>): Piece[] {
  return text
    .split(/(\ue000\w+\ue000)/)
    .filter((part) => part !== '')
    .flatMap((part) => pieces[part] ?? [words(part)]);
}

/** Workers named before the rest is counted. */
const NAMED = 3;

function workers(request: { destination?: readonly string[] }): Piece[] {
  const { destination } = request;
  if (destination === undefined) return [words(t('every worker'))];
  if (destination.length === 0) return [words(t('no worker'))];
  const named = destination
    .slice(0, NAMED)
    .flatMap((text, i): Piece[] => [...(i > 0 ? [words(', ')] : []), { kind: 'worker', text }]);
  const more = destination.length - NAMED;
  return more > 0 ? about(t('{workers} and {more} more', { workers: WORKERS, more }), { [WORKERS]: named }) : named;
}

export function onWhat(record: Pick<OperationRecord, 'request' | 'subject' | 'task_name'>): Piece[] {
  const request = record.request as OperationRequest | { action: 'login' | 'logout' } | null;
  switch (request?.action) {
    case 'revoke':
    case 'terminate':
    case 'retry':
    case 'abort': {
      const ids = request.task_ids;
      if (!Array.isArray(ids)) break;
      const one = ids.length === 1;
      const name = record.task_name;
      if (!name) return one ? [{ kind: 'task', text: ids[0]! }] : [words(t('{count} tasks', { count: ids.length }))];
      const text = one
        ? t('{task} of {name}', { task: TASK, name: TO })
        : t('{count} tasks of {name}', { count: ids.length, name: TO });
      return about(text, { [TASK]: [{ kind: 'task', text: ids[0]! }], [TO]: [{ kind: 'name', text: name }] });
    }
    case 'login':
    case 'logout':
      return [words(fromServer(record.subject))];
    case 'send_task':
      return [{ kind: 'name', text: request.task_name }];
    case 'rate_limit': {
      const { rate_limit: limit } = request;
      const places = { task: TASK, workers: WORKERS };
      return about(
        limit === '0'
          ? t('{task} at no limit on {workers}', places)
          : t('{task} at {limit} on {workers}', { ...places, limit }),
        { [TASK]: [{ kind: 'name', text: request.task_name }], [WORKERS]: workers(request) },
      );
    }
    case 'time_limit':
      return about(
        t('{task}: soft {soft}, hard {hard} on {workers}', {
          task: TASK,
          soft: seconds(request.soft),
          hard: seconds(request.hard),
          workers: WORKERS,
        }),
        { [TASK]: [{ kind: 'name', text: request.task_name }], [WORKERS]: workers(request) },
      );
    case 'pool_grow':
      return about(t('{n} more on {workers}', { n: request.n, workers: WORKERS }), { [WORKERS]: workers(request) });
    case 'pool_shrink':
      return about(t('{n} fewer on {workers}', { n: request.n, workers: WORKERS }), { [WORKERS]: workers(request) });
    case 'autoscale':
      return about(t('{min} to {max} on {workers}', { min: request.min, max: request.max, workers: WORKERS }), {
        [WORKERS]: workers(request),
      });
    case 'add_consumer':
    case 'cancel_consumer':
      return about(t('{queue} on {workers}', { queue: QUEUE, workers: WORKERS }), {
        [QUEUE]: [{ kind: 'queue', text: request.queue }],
        [WORKERS]: workers(request),
      });
    case 'move': {
      const ids = request.task_ids;
      const places = { queue: QUEUE, to: TO };
      const text = !Array.isArray(ids)
        ? t('{queue} to {to}', places)
        : ids.length === 1
          ? t('{task} from {queue} to {to}', { ...places, task: TASK })
          : t('{count} tasks from {queue} to {to}', { ...places, count: ids.length });
      return about(text, {
        [TASK]: [{ kind: 'task', text: ids?.[0] ?? '' }],
        [QUEUE]: [{ kind: 'queue', text: request.queue }],
        [TO]: [{ kind: 'queue', text: request.to }],
      });
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
  return limit === null || limit === undefined ? t('limit|none') : `${limit} s`;
}

/** The tasks it was about, with what each was sent again as. */
export function tasksOf(record: Pick<OperationRecord, 'request' | 'new_ids'>): { id: string; again: string | null }[] {
  const ids = (record.request as { task_ids?: unknown } | null)?.task_ids;
  if (!Array.isArray(ids)) return [];
  return ids.map((id) => ({ id: String(id), again: record.new_ids?.[String(id)] ?? null }));
}
