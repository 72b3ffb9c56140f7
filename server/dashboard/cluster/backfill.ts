// After a gap: tasks whose end was missed are not left running for ever. The result store is asked for all that are not known to have
// ended; what it knows becomes the event that was missed.
// Not here: how much was missed (gaps.ts); tasks without a result that are nowhere any more (../waiting/).
// Holds: a bounded number of questions; an event that comes later has the last word; what a record says is masked and cut as an event is.
import type { EventEdge } from '../../../shared/events/edge.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import { saferepr } from '../../../shared/python-repr.ts';
import { readIsoTime } from '../../../shared/python-values.ts';
import { READY_STATES } from '../../../shared/states.ts';
import { exceptionRepr } from '../../protocol/failure.ts';
import { type ResultMeta, resultOf } from '../../protocol/result-meta.ts';

export interface BackfillOptions {
  readonly tasks: Iterable<TaskRecord>;
  /** Only those heard of last before. @unit seconds */
  readonly before: number;
  readonly now: number;
  readonly edge: EventEdge;
  readonly ask: (ids: readonly string[]) => Promise<ReadonlyMap<string, ResultMeta>>;
}

const MAX_TASKS = 20_000;
/** Ids asked for at a time. */
const MAX_IDS = 200;
/** Tasks that were running are asked for first. */
const RANK: Readonly<Record<string, number>> = { STARTED: 0, RECEIVED: 1, RETRY: 2, PENDING: 3 };

/** The events of their ends. */
export async function backfill({ tasks, before, now, edge, ask }: BackfillOptions): Promise<CeleryEvent[]> {
  const open: TaskRecord[] = [];
  for (const t of tasks) if (RANK[t.state] !== undefined && t.timestamp < before) open.push(t);
  open.sort((a, b) => RANK[a.state]! - RANK[b.state]!);
  open.length = Math.min(open.length, MAX_TASKS);
  const found: CeleryEvent[] = [];
  for (let at = 0; at < open.length; at += MAX_IDS) {
    const some = open.slice(at, at + MAX_IDS);
    const metas = await ask(some.map((t) => t.uuid));
    for (const t of some) {
      const meta = metas.get(t.uuid);
      if (!meta || !READY_STATES.has(meta.status)) continue;
      const event = missedEvent(t, meta, now);
      if (edge.ours(event)) found.push(event);
    }
  }
  return found;
}

/** The event its worker sent when it ended, as far as the record tells. Without hostname: it is no sign of life. */
function missedEvent(t: TaskRecord, meta: ResultMeta, now: number): CeleryEvent {
  const done = meta.date_done ? readIsoTime(meta.date_done) : null;
  const e: CeleryEvent = {
    type: meta.status === 'SUCCESS' ? 'task-succeeded' : meta.status === 'REVOKED' ? 'task-revoked' : 'task-failed',
    uuid: t.uuid,
    timestamp: done ? done.ms / 1000 : now,
    local_received: now,
    clock: t.clock,
  };
  if (meta.name !== undefined && t.name === null) e.name = meta.name;
  if (meta.status === 'SUCCESS') e.result = saferepr(meta.result, 1024);
  else if (meta.status === 'FAILURE') {
    const error = resultOf(meta);
    e.exception = error instanceof Error ? exceptionRepr(error) : String(error);
    e.traceback = meta.traceback;
  }
  return e;
}
