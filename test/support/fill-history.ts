// A history of many tasks without a broker: believable events, merged and written by the rooms the dashboard itself uses.
// For benches and tests of queries over much data. A million tasks take about a minute.

import { flatten } from '../../server/dashboard/history/sqlite/flat.ts';
import { HistoryWriter } from '../../server/dashboard/history/sqlite/write.ts';
import { EmbeddedDb } from '../../server/embedded-db.ts';
import { ClusterState } from '../../shared/events/cluster-state.ts';
import type { CeleryEvent } from '../../shared/events/event.ts';

const WORKERS = 8;
const NAMES = 20;
const BATCH = 2000;

/** Tasks of the last `hours`, evenly: 1 % failed, 0.5 % retried once, a few still running. */
export function fillHistory(path: string, tasks: number, hours = 24): void {
  const writer = new HistoryWriter(path);
  const state = new ClusterState();
  const end = Date.now() / 1000;
  let clock = 1;
  for (let i = 0; i < tasks; i++) {
    const uuid = `10000000-0000-4000-8000-${i.toString(16).padStart(12, '0')}`;
    const at = end - hours * 3600 * (1 - i / tasks);
    const common = { uuid, hostname: `celery@worker-${i % WORKERS}`, pid: 4000 + (i % WORKERS), utcoffset: 0 };
    const add = (type: string, after: number, fields: Record<string, unknown>) =>
      state.apply({
        ...common,
        ...fields,
        type,
        timestamp: at + after,
        local_received: at + after,
        clock: clock++,
      } as CeleryEvent);
    const runtime = 0.01 * (1 + ((i * 7919) % 1000) / 10);
    add('task-received', 0, {
      name: `shop.task_${(i * 13) % NAMES}`,
      args: `(${i}, 'EUR')`,
      kwargs: "{'customer': 4417029}",
      root_id: uuid,
      parent_id: null,
      retries: 0,
      eta: null,
      expires: null,
    });
    add('task-started', 0.002, {});
    // A multiplicative hash, so that outcomes do not go together with names or workers.
    const kind = (Math.imul(i, 2654435761) >>> 8) % 200;
    if (kind < 2) add('task-failed', runtime, { exception: `ValueError('order ${i}')`, traceback: 'Traceback ...' });
    else if (kind === 2) add('task-retried', runtime, { exception: "ConnectionError('no route')", traceback: null });
    else if (kind !== 3 || i < tasks - 1000) add('task-succeeded', runtime, { result: String(i), runtime });
    if (i % BATCH === BATCH - 1 || i === tasks - 1) writer.write(flatten(state.cut()), at);
  }
  writer.close();
  const db = new EmbeddedDb(path, { readOnly: true });
  const stored = Number(db.get<{ n: number }>('SELECT count(*) n FROM tasks')?.n ?? 0);
  db.close();
  if (stored !== tasks) throw new Error(`${stored} of ${tasks} tasks are in ${path}`);
}
