// One task with all that is known of it: what memory and history have, its tries and relations, what holds it up, what may be done.
// Not here: its row (task-rows.ts), its whole call and its result (stored-values.ts).
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import { parsePythonLiteral } from '../../../shared/python-repr.ts';
import type { TaskDetail, TaskRow } from '../../../shared/wire/tasks.ts';
import { parseJsonExactly } from '../../serialization/json-reader.ts';
import type { Baselines } from '../cluster/baselines.ts';
import { takenFrom } from '../cluster/taken-from.ts';
import type { ClusterView } from '../cluster/view.ts';
import { failureOf } from '../history/exception.ts';
import { mergeStored, toRow, toWholeRow } from '../history/rows.ts';
import type { ProgressWatch } from '../live/progress.ts';
import { becameOf } from '../operations/became.ts';
import type { Interventions } from '../operations/interventions.ts';
import type { Waiting } from '../waiting/waiting.ts';
import { taskActions } from './task-actions.ts';
import type { TaskRows } from './task-rows.ts';
import { mergeTries } from './task-tries.ts';

/** Children that are listed; `children_total` says how many there are. */
const CHILDREN = 100;

export interface TaskDetailSources {
  readonly cluster: ClusterView;
  readonly baselines: Baselines;
  readonly waiting: Waiting;
  readonly interventions: Interventions;
  readonly progress: ProgressWatch;
  readonly taskRows: TaskRows;
}

/** null: no such task is known. */
export async function taskDetail(
  { baselines, cluster, interventions, progress, taskRows, waiting }: TaskDetailSources,
  uuid: string,
): Promise<TaskDetail | null> {
  const { history } = cluster;
  const record = cluster.tasks.get(uuid);
  const stored = await history.task(uuid);
  if (!record && !stored) return null;
  const base: Record<string, unknown> = record ? mergeStored(stored, record) : { ...stored };
  const row: TaskRow = toWholeRow(
    record && !record.partial && record.longer === null ? record : (base as unknown as TaskRecord),
  );
  const now = cluster.now;
  const [children, related, tries, baselineOf, failures] = await Promise.all([
    history.children(uuid, CHILDREN),
    history.rows([row.parent_id, row.root_id].filter((id): id is string => id !== null && id !== uuid)),
    history.tries(uuid),
    baselines.lastHour(),
    row.exception === null || row.name === null
      ? []
      : history.failures({
          now,
          span: 86_400,
          limit: 1,
          task: row.name,
          exception: failureOf(row.exception).cls,
        }),
  ]);
  const known = new Map(related.map((r) => [r.uuid, r]));
  const fresh = (id: string | null): TaskRow | null => {
    if (id === null || id === uuid) return null;
    const live = cluster.tasks.get(id);
    return live ? toRow(live) : (known.get(id) ?? null);
  };
  const allChildren = new Map(children.rows.map((r) => [r.uuid, r]));
  for (const child of cluster.childrenOf(uuid)) allChildren.set(child.uuid, toRow(child));
  const wait = await waiting.reason(row, { patient: false });
  const text = (key: string): string | null =>
    base[key] === null || base[key] === undefined ? null : String(base[key]);
  const holder = row.queue === null && row.worker !== null ? cluster.inspected.get(row.worker) : undefined;
  const detail: TaskDetail = {
    ...taskRows.shown(row),
    queue: row.queue ?? (holder ? takenFrom(holder, uuid) : null),
    traceback: text('traceback'),
    exchange: text('exchange'),
    routing_key: text('routing_key'),
    clock: Number(base.clock ?? 0),
    pid: base.pid === null || base.pid === undefined ? null : Number(base.pid),
    args_truncated: isCut(row.args),
    kwargs_truncated: isCut(row.kwargs),
    tries: mergeTries(tries, record?.tries ?? [], row, text('traceback')),
    parent: fresh(row.parent_id),
    root: fresh(row.root_id),
    children: [...allChildren.values()].sort((a, b) => a.first_seen - b.first_seen).slice(0, CHILDREN),
    children_total: Math.max(children.total, allChildren.size),
    baseline_p95: baselineOf.get(row.name ?? '')?.p95 ?? null,
    same_failures: row.state === 'FAILURE' ? (failures[0]?.trend.reduce((sum, n) => sum + n, 0) ?? 0) : 0,
    actions: taskActions(cluster, row, wait),
    orphaned: wait?.cause === 'worker_gone',
    end_unknown: wait?.cause === 'lost' && wait.worker !== null,
    wait,
    progress: progress.of(uuid),
    became: becameOf(row, extraOf(base.extra), interventions),
  };
  const extra = extraOf(base.extra);
  return extra ? { ...detail, extra } : detail;
}

function isCut(repr: string | null): boolean {
  if (repr === null || repr === '') return false;
  const read = parsePythonLiteral(repr);
  return !read.ok && read.truncated;
}

/** Event fields without a place of their own: a table in memory, JSON text in the history. */
function extraOf(extra: unknown): Record<string, unknown> | null {
  if (typeof extra === 'string') {
    try {
      return extraOf(parseJsonExactly(extra));
    } catch {
      return null;
    }
  }
  return typeof extra === 'object' && extra !== null ? (extra as Record<string, unknown>) : null;
}
