// Tasks that belong together: all of one workflow, and which workflows there are of late.
// Not here: what a workflow is made of (shared/workflow/), the questions themselves (../contract.ts).
// Holds: what is looked at is bounded, and by an index: the tasks of a root, of a group, of a parent, the newest of a state, the newest
// of all. A group that a client sent has no root in common (Celery gives each member its own): its id in the events keeps it together.

import { ENDED_STATES } from '../../../../shared/states.ts';
import type { TaskRow, TaskTry } from '../../../../shared/wire/tasks.ts';
import type { EmbeddedDb } from '../../../embedded-db.ts';
import type { WorkflowAsk, WorkflowCounts, WorkflowRows, WorkflowsAsk, WorkflowsReply } from '../contract.ts';
import { cutRow } from '../rows.ts';
import type { Condition } from './plan.ts';
import { FAMILY, HAS_FAMILY, ROW_SELECT } from './schema.ts';
import { decodeRow, decodeText, encodeText } from './text.ts';

/** Tasks whose earlier tries are read. */
const MAX_TRIED = 500;
/** Groups and roots that are followed, beginning with those of the task. */
const MAX_FOLLOWED = 5000;
/** Tasks of one workflow that are counted for the list. Those that have more are counted again as far as that, as long as there is room. */
const COUNTED = 5000;
const COUNTED_OF_LARGE = 50_000;
const COUNTED_AGAIN = 100_000;
/** Tasks beyond the limit that have not succeeded. */
const MAX_TROUBLE = 500;
/** Newest tasks, and newest of each state that has not ended, whose workflows are listed. */
const RECENT = 10_000;
const UNFINISHED = 2000;

/** A workflow by its root, or a group without a common one; of one task alone where that carries more. */
interface Key {
  readonly root: string | null;
  readonly family: string | null;
  readonly leads: boolean;
}

type Stored = TaskRow & { extra: string | null };

export function readWorkflow(db: EmbeddedDb, { uuid, limit }: WorkflowAsk): WorkflowRows {
  const found = new Map<string, Stored>();
  const roots = new Set<string>();
  const families = new Set<string>();
  const newRoots: string[] = [];
  const newFamilies: string[] = [];
  let isCut = false;
  const root = (id: string | null): void => {
    if (id === null || roots.has(id)) return;
    if (roots.size >= MAX_FOLLOWED) isCut = true;
    else newRoots.push(id);
    roots.add(id);
  };
  const take = (rows: readonly Stored[], most = limit): void => {
    for (const task of rows.map(decodeRow)) {
      if (found.has(task.uuid)) continue;
      if (found.size >= most) {
        isCut = true;
        return;
      }
      found.set(task.uuid, task);
      root(task.root_id ?? task.uuid);
      // A root that left the history while its tasks are there, or whose own event was not heard.
      const family = familyIn(task.extra);
      if (family !== null && !families.has(family) && families.size < MAX_FOLLOWED) {
        families.add(family);
        newFamilies.push(family);
      }
    }
  };
  // A long extra is an outline of its canvas: it is wanted. Texts are not: a panel has them.
  const select = `SELECT ${ROW_SELECT}, extra FROM tasks`;
  const ask = (where: string, ...params: string[]): void =>
    take(db.all(`${select} WHERE ${where} ORDER BY first_seen LIMIT ${limit + 1}`, ...params));
  ask('uuid = ?', encodeText(uuid));
  if (found.size === 0) root(uuid);
  while (newRoots.length + newFamilies.length > 0) {
    const ids = newRoots.splice(0).map(encodeText);
    const missing = ids.filter((id) => !found.has(decodeText(id)));
    if (missing.length > 0) ask('uuid IN (SELECT value FROM json_each(?))', JSON.stringify(missing));
    if (ids.length > 0) ask('root_id IN (SELECT value FROM json_each(?)) AND root_id <> uuid', JSON.stringify(ids));
    const family = newFamilies.pop();
    if (family !== undefined) {
      // Most are found by their root: those are not read again.
      const parts = `SELECT uuid FROM tasks WHERE ${HAS_FAMILY} AND ${FAMILY} = ? ORDER BY first_seen LIMIT ${limit + 1}`;
      const others = db
        .all<{ uuid: string }>(parts, encodeText(family))
        .filter((part) => !found.has(decodeText(part.uuid)));
      const these = JSON.stringify(others.map((part) => part.uuid));
      if (others.length > 0) ask('uuid IN (SELECT value FROM json_each(?))', these);
    }
  }
  let all: WorkflowRows['all'] = null;
  if (isCut) {
    const ids = JSON.stringify([...roots].map(encodeText));
    const groups = JSON.stringify([...families].map(encodeText));
    const counts = countAll(db, ids, groups, COUNTED_OF_LARGE);
    // Where there are several roots, those of parts that were left out were not read, nor what they called.
    const isAll = counts.tasks < COUNTED_OF_LARGE && roots.size === 1;
    all = { states: counts.states, last: counts.last, are: isAll ? 'exact' : 'at_least' };
    const trouble = `${select} WHERE id IN (SELECT id FROM (${ALL} LIMIT ${COUNTED_OF_LARGE}) WHERE state <> 'SUCCESS') LIMIT ?`;
    take(db.all(trouble, ids, ids, groups, found.size + MAX_TROUBLE), found.size + MAX_TROUBLE);
  }
  const rows = [...found.values()].map(({ extra, ...row }) => ({ row: cutRow(row), extra }));
  const tried = rows.filter(({ row }) => row.retries > 0).slice(0, MAX_TRIED);
  return {
    rows,
    isCut,
    all,
    tries: triesOf(
      db,
      tried.map(({ row }) => row.uuid),
    ),
    again: sentAgain(
      db,
      rows.filter(({ row }) => row.state === 'FAILURE' || row.state === 'REVOKED').map(({ row }) => row.uuid),
    ),
  };
}

/** As FAMILY has it, which would read the text three times for each row. */
function familyIn(extra: string | null): string | null {
  if (!extra?.includes('group')) return null;
  try {
    const { group_id, canvas } = JSON.parse(extra) as { group_id?: unknown; canvas?: { group?: unknown } | null };
    const family = group_id ?? canvas?.group;
    return typeof family === 'string' ? family : null;
  } catch {
    return null;
  }
}

/** Every task of these roots, and of these groups. */
const ALL = `SELECT id, state, timestamp FROM tasks WHERE uuid IN (SELECT value FROM json_each(?))
  UNION SELECT id, state, timestamp FROM tasks INDEXED BY tasks_root WHERE root_id IN (SELECT value FROM json_each(?)) AND root_id <> uuid
  UNION SELECT id, state, timestamp FROM tasks WHERE ${HAS_FAMILY} AND ${FAMILY} IN (SELECT value FROM json_each(?))`;

function countAll(db: EmbeddedDb, ids: string, groups: string, most: number) {
  const rows = db.all<{ state: string; n: number; last: number | null }>(
    `SELECT state, count(*) AS n, max(timestamp) AS last FROM (${ALL} LIMIT ${most}) GROUP BY state`,
    ids,
    ids,
    groups,
  );
  return {
    states: Object.fromEntries(rows.map(({ state, n }) => [decodeText(state), n])),
    tasks: rows.reduce((sum, { n }) => sum + n, 0),
    last: Math.max(0, ...rows.map(({ last }) => last ?? 0)),
  };
}

function triesOf(db: EmbeddedDb, uuids: readonly string[]): Record<string, TaskTry[]> {
  if (uuids.length === 0) return {};
  const tries: Record<string, TaskTry[]> = Object.create(null) as Record<string, TaskTry[]>;
  const rows = db.all<TaskTry & { uuid: string }>(
    `SELECT uuid, number, state, worker, received, started, ended, NULL AS exception, NULL AS traceback FROM tries
      WHERE uuid IN (SELECT value FROM json_each(?)) ORDER BY number LIMIT 10000`,
    JSON.stringify(uuids.map(encodeText)),
  );
  for (const { uuid, ...one } of rows.map(decodeRow)) {
    tries[uuid] ??= [];
    tries[uuid].push(one);
  }
  return tries;
}

/** Sent again from the dashboard, a task has a root of its own and the old one as its parent. */
function sentAgain(db: EmbeddedDb, uuids: readonly string[]): Record<string, { uuid: string; state: string }> {
  if (uuids.length === 0) return {};
  const again: Record<string, { uuid: string; state: string }> = Object.create(null);
  const rows = db.all<{ uuid: string; parent: string; state: string }>(
    `SELECT uuid, parent_id AS parent, state FROM tasks
      WHERE parent_id IN (SELECT value FROM json_each(?)) AND root_id = uuid ORDER BY first_seen LIMIT 1000`,
    JSON.stringify(uuids.slice(0, 1000).map(encodeText)),
  );
  for (const { uuid, parent, state } of rows.map(decodeRow)) again[parent] = { uuid, state };
  return again;
}

/** @param condition of each task that is counted @param states those there are */
export function readWorkflows(
  db: EmbeddedDb,
  { limit }: WorkflowsAsk,
  condition: Condition,
  states: readonly string[],
): WorkflowsReply {
  const columns = `uuid, root_id AS root, first_seen, ${FAMILY} AS family,
    (instr(extra, '"chain":[') > 0 OR instr(extra, '"chord":{') > 0) AS leads`;
  interface Seen {
    uuid: string;
    root: string | null;
    first_seen: number | null;
    family: string | null;
    /** It carries more: steps of a chain, or a body. */
    leads: number | null;
  }
  const unfinished = states
    .filter((state) => !ENDED_STATES.has(state))
    .flatMap((state) =>
      db.all<Seen>(
        `SELECT ${columns} FROM tasks INDEXED BY tasks_state WHERE state = ? ORDER BY first_seen DESC LIMIT ${UNFINISHED}`,
        state,
      ),
    )
    .sort((a, b) => (b.first_seen ?? 0) - (a.first_seen ?? 0));
  const recent = db.all<Seen>(
    `SELECT ${columns} FROM tasks INDEXED BY tasks_seen WHERE first_seen IS NOT NULL ORDER BY first_seen DESC LIMIT ${RECENT}`,
  );
  const keys = new Map<string, Key>();
  const familyOf = new Map<string, string | null>();
  /** A group without a common root goes by its id; a task of another root by what that root belongs to. */
  const familyAt = (root: string): string | null => {
    let family = familyOf.get(root);
    if (family === undefined) {
      family =
        db.get<{ family: string | null }>(`SELECT ${FAMILY} AS family FROM tasks WHERE uuid = ?`, root)?.family ?? null;
      familyOf.set(root, family);
    }
    return family;
  };
  for (const { uuid, root, family, leads } of [...unfinished, ...recent]) {
    if (keys.size >= limit) break;
    const isOwn = root === null || root === uuid;
    const together = isOwn ? family : familyAt(root);
    if (together !== null) keys.set(`group ${together}`, { root: null, family: together, leads: leads === 1 });
    else if (!isOwn || (!keys.has(`root ${uuid}`) && (leads === 1 || hasOthers(db, uuid)))) {
      const id = isOwn ? uuid : root;
      keys.set(`root ${id}`, { root: id, family: null, leads: isOwn && leads === 1 });
    }
  }
  let room = COUNTED_AGAIN;
  const items = [...keys.values()].flatMap((key) => {
    const first = counted(db, key, condition, COUNTED);
    if (!first?.[0]?.isCut || room <= 0) return first ?? [];
    room -= COUNTED_OF_LARGE;
    return counted(db, key, condition, COUNTED_OF_LARGE) ?? [];
  });
  const oldest = recent.length === RECENT ? (recent.at(-1)!.first_seen ?? null) : null;
  return { items, lookedBackTo: oldest };
}

const hasOthers = (db: EmbeddedDb, root: string): boolean =>
  db.get('SELECT 1 FROM tasks WHERE root_id = ? AND root_id <> uuid LIMIT 1', root) !== undefined;

function counted(
  db: EmbeddedDb,
  { root, family, leads }: Key,
  condition: Condition,
  most: number,
): WorkflowCounts[] | null {
  const roots =
    root !== null
      ? [root]
      : db
          .all<{ id: string }>(
            `SELECT COALESCE(root_id, uuid) AS id FROM tasks WHERE ${HAS_FAMILY} AND ${FAMILY} = ? LIMIT ${most}`,
            family,
          )
          .map(({ id }) => id);
  const ids = JSON.stringify([...new Set(roots)]);
  const rows = db.all<{ state: string; n: number; began: number | null; last: number | null }>(
    `SELECT state, count(*) AS n, min(first_seen) AS began, max(timestamp) AS last FROM (
      SELECT * FROM (
        SELECT * FROM tasks WHERE uuid IN (SELECT value FROM json_each(?))
        UNION ALL SELECT * FROM tasks INDEXED BY tasks_root WHERE root_id IN (SELECT value FROM json_each(?)) AND root_id <> uuid
      ) LIMIT ${most}) WHERE ${condition.text} GROUP BY state`,
    ids,
    ids,
    ...condition.params,
  );
  const states = Object.fromEntries(rows.map(({ state, n }) => [state, n]));
  const tasks = rows.reduce((sum, { n }) => sum + n, 0);
  if (tasks < (leads ? 1 : 2)) return null;
  const first = db.get<{ uuid: string; name: string | null; queue: string | null }>(
    `SELECT uuid, name, queue FROM tasks WHERE uuid IN (SELECT value FROM json_each(?)) ORDER BY first_seen LIMIT 1`,
    ids,
  );
  return [
    {
      uuid: decodeText(first?.uuid ?? roots[0]!),
      name: first?.name == null ? null : decodeText(first.name),
      queue: first?.queue == null ? null : decodeText(first.queue),
      isGroup: family !== null,
      states,
      tasks,
      isCut: tasks >= most,
      began: Math.min(...rows.map(({ began }) => began ?? Number.POSITIVE_INFINITY)),
      last: Math.max(...rows.map(({ last }) => last ?? 0)),
    },
  ];
}
