// The newest tasks as one table that is filtered, put in any order and read by offset; and tasks whole, many at once.
// Not here: pages by cursor over all that is stored (list.ts), the meaning of a condition (query-sql.ts).
// Holds: what is looked at is bounded by `newest`, so that any order is cheap enough without an index of its own; a condition that is
// looked at row by row ends when its budget does.
import type { EmbeddedDb } from '../../../embedded-db.ts';
import { type StoredTask, WINDOW_SORTS, type WindowAsk, type WindowReply } from '../contract.ts';
import { all, type Condition, perRow } from './plan.ts';
import { type Dictionary, toSql } from './query-sql.ts';
import { TASK_COLUMNS } from './schema.ts';
import { decodeRow, decodeText, encodeText } from './text.ts';

const CHILDREN = 1000;
const NUMBERS: ReadonlySet<string> = new Set(
  'retries runtime sent received started succeeded failed retried revoked rejected timestamp clock'.split(' '),
);

export function readWindow(db: EmbeddedDb, ask: WindowAsk, dictionary: Dictionary): WindowReply {
  const { newest, sort, descending, offset, limit } = ask;
  if (!WINDOW_SORTS.includes(sort)) throw new Error(`Tasks cannot be sorted by ${sort}`);
  const condition = all(
    same('name', ask.name),
    same('worker', ask.worker),
    same('state', ask.state),
    bound('>=', ask.receivedFrom),
    bound('<=', ask.receivedTo),
    ask.tree === null ? null : perRow(toSql(ask.tree, dictionary)),
  );
  const within = `(SELECT * FROM tasks INDEXED BY tasks_seen WHERE first_seen IS NOT NULL ORDER BY first_seen DESC, id DESC LIMIT ?)`;
  // One snapshot: a writer may commit between the counts and the rows.
  db.exec('BEGIN');
  try {
    const count = (where: string, params: Condition['params']) =>
      db.get<{ n: number }>(`SELECT count(*) AS n FROM ${within} WHERE ${where}`, newest, ...params)!.n;
    const total = count('1', []);
    const matching = condition.text === '1' ? total : count(condition.text, condition.params);
    const key = `COALESCE(${sort}, ${NUMBERS.has(sort) ? '0' : "''"})`;
    const rows = db.all<{ uuid: string }>(
      `SELECT uuid FROM ${within} WHERE ${condition.text}
        ORDER BY ${key} ${descending ? 'DESC' : 'ASC'}, timestamp DESC, id DESC LIMIT ? OFFSET ?`,
      newest,
      ...condition.params,
      limit ?? -1,
      offset,
    );
    return { uuids: rows.map(({ uuid }) => decodeText(uuid)), matching, total };
  } finally {
    db.exec('COMMIT');
  }
}

export function readWhole(db: EmbeddedDb, uuids: readonly string[]): { task: StoredTask; children: string[] }[] {
  const ids = JSON.stringify(uuids.map(encodeText));
  const found = new Map<string, { task: StoredTask; children: string[] }>();
  for (const row of db.all<StoredTask>(
    `SELECT ${TASK_COLUMNS.join(', ')} FROM tasks WHERE uuid IN (SELECT value FROM json_each(?))`,
    ids,
  )) {
    const task = decodeRow(row);
    found.set(String(task.uuid), { task, children: [] });
  }
  for (const { parent, uuid } of db.all<{ parent: string; uuid: string }>(
    `SELECT parent_id AS parent, uuid FROM tasks WHERE parent_id IN (SELECT value FROM json_each(?)) ORDER BY first_seen, id`,
    ids,
  )) {
    const children = found.get(decodeText(parent))?.children;
    if (children && children.length < CHILDREN) children.push(decodeText(uuid));
  }
  return uuids.flatMap((uuid) => found.get(uuid) ?? []);
}

function same(column: string, value: string | null): Condition | null {
  return value === null ? null : { text: `${column} = ? COLLATE NOCASE`, params: [encodeText(value)] };
}

function bound(relation: string, at: number | null): Condition | null {
  return at === null ? null : { text: `(received IS NULL OR received ${relation} ?)`, params: [at] };
}
