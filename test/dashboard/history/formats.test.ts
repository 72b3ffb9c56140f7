// History files of earlier formats, as they were made then: nothing of them is lost, and they are written on.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { HistoryStore } from '../../../server/dashboard/history/contract.ts';
import { openHistory } from '../../../server/dashboard/history/registry.ts';
import { EmbeddedDb } from '../../../server/embedded-db.ts';
import { ClusterState } from '../../../shared/events/cluster-state.ts';
import { parseQuery } from '../../../shared/query/parser.ts';

const NOW = 1_790_000_000;
const HOUR = Math.floor(NOW / 3600) * 3600;
let folder: string;
let history: HistoryStore | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'umbel-formats-'));
});
afterEach(async () => {
  await history?.close();
  history = null;
  rmSync(folder, { recursive: true, force: true });
});
const path = () => join(folder, 'h.db');

/** What both had. */
const COMMON = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE tasks (id INTEGER PRIMARY KEY, uuid TEXT, name TEXT, state TEXT, worker TEXT, queue TEXT, args TEXT, kwargs TEXT,
  result TEXT, exception TEXT, retries REAL, runtime REAL, eta TEXT, expires TEXT, sent REAL, received REAL, started REAL,
  succeeded REAL, failed REAL, retried REAL, revoked REAL, rejected REAL, timestamp REAL, first_seen REAL, root_id TEXT,
  parent_id TEXT, traceback TEXT, exchange TEXT, routing_key TEXT, clock REAL, pid REAL, client TEXT, extra TEXT);
CREATE UNIQUE INDEX tasks_uuid ON tasks (uuid);
CREATE INDEX tasks_seen ON tasks (first_seen);
CREATE INDEX tasks_state ON tasks (state, first_seen);
CREATE INDEX tasks_name ON tasks (name, state, first_seen);
CREATE INDEX tasks_worker ON tasks (worker, state, first_seen);
CREATE INDEX tasks_retries ON tasks (retries) WHERE retries > 0;
CREATE INDEX tasks_parent ON tasks (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX tasks_root ON tasks (root_id) WHERE root_id <> uuid;
CREATE TABLE tries (uuid TEXT, number INTEGER, state TEXT, worker TEXT, received REAL, started REAL, ended REAL,
  exception TEXT, traceback TEXT, PRIMARY KEY (uuid, number)) WITHOUT ROWID;
CREATE TABLE workers (hostname TEXT PRIMARY KEY, record TEXT, last_heard REAL) WITHOUT ROWID;
CREATE TABLE rollup (step INTEGER, dim TEXT, key TEXT, bucket INTEGER, success INTEGER, failure INTEGER,
  retry INTEGER, revoked INTEGER, rejected INTEGER, runtime BLOB, wait BLOB, PRIMARY KEY (step, dim, key, bucket)) WITHOUT ROWID;
CREATE INDEX rollup_age ON rollup (step, bucket);
CREATE TABLE failures (task TEXT, exception TEXT, hour INTEGER, count INTEGER, first REAL, last REAL, message TEXT,
  example TEXT, PRIMARY KEY (task, exception, hour)) WITHOUT ROWID;
CREATE INDEX failures_hour ON failures (hour);
CREATE TABLE gauges (name TEXT, bucket INTEGER, value REAL, PRIMARY KEY (name, bucket)) WITHOUT ROWID;
CREATE TABLE operations (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL, who TEXT, action TEXT, subject TEXT,
  request TEXT, outcome TEXT, summary TEXT, answers TEXT, new_ids TEXT);

INSERT INTO meta VALUES ('cluster', '["redis://a/0"]');
INSERT INTO tasks (uuid, name, state, worker, queue, args, exception, retries, runtime, received, started, succeeded, failed,
    timestamp, first_seen, root_id) VALUES
  ('done', 'shop.add', 'SUCCESS', 'w1@h', 'q', '(1,)', NULL, NULL, 0.5, ${NOW - 60}, ${NOW - 59}, ${NOW - 58}, NULL, ${NOW - 58}, ${NOW - 60}, 'done'),
  ('broken', 'shop.mail', 'FAILURE', 'w1@h', 'q', '()', 'ValueError(1)', 2, NULL, ${NOW - 50}, ${NOW - 49}, NULL, ${NOW - 48}, ${NOW - 48}, ${NOW - 50}, 'broken'),
  ('open', 'shop.add', 'STARTED', 'w1@h', 'q', '(2,)', NULL, NULL, NULL, ${NOW - 40}, ${NOW - 39}, NULL, NULL, ${NOW - 39}, ${NOW - 40}, 'done');
INSERT INTO tries VALUES ('broken', 0, 'RETRY', 'w1@h', ${NOW - 50}, ${NOW - 49}, ${NOW - 48}, 'ValueError(0)', NULL);
INSERT INTO workers VALUES ('w1@h', '{"hostname":"w1@h"}', ${NOW});
INSERT INTO rollup VALUES (60, 'all', '', ${HOUR}, 1, 1, 1, 0, 0, NULL, NULL);
INSERT INTO failures VALUES ('shop.mail', 'ValueError', ${HOUR}, 1, ${NOW - 48}, ${NOW - 48}, '1', 'broken');
INSERT INTO gauges VALUES ('up', ${HOUR - 90_000}, 1);
INSERT INTO operations (at, who, action, subject, request, outcome, summary, answers, new_ids)
  VALUES (${NOW - 30}, 'ada', 'revoke', 'open', '{"action":"revoke"}', 'ok', 'done', '[]', NULL);
`;

/** What each kept in its own way. The first index of runtimes knew no states. */
const FORMATS: Record<number, string> = {
  1: `
CREATE INDEX tasks_runtime ON tasks (runtime) WHERE runtime IS NOT NULL;
CREATE TABLE dict (field TEXT, value TEXT, PRIMARY KEY (field, value)) WITHOUT ROWID;
INSERT INTO dict VALUES ('name', 'shop.add'), ('name', 'shop.mail'), ('worker', 'w1@h'), ('queue', 'q'),
  ('state', 'SUCCESS'), ('state', 'FAILURE'), ('state', 'STARTED');
PRAGMA user_version = 1;`,
  2: `
CREATE INDEX tasks_runtime ON tasks (state, runtime) WHERE runtime IS NOT NULL;
CREATE TABLE dict (field TEXT, value TEXT, last REAL, PRIMARY KEY (field, value)) WITHOUT ROWID;
INSERT INTO dict VALUES ('name', 'shop.add', ${NOW}), ('name', 'shop.mail', ${NOW}), ('worker', 'w1@h', ${NOW}), ('queue', 'q', ${NOW}),
  ('state', 'SUCCESS', ${NOW}), ('state', 'FAILURE', ${NOW}), ('state', 'STARTED', ${NOW});
CREATE TABLE heard (hostname TEXT PRIMARY KEY, pid INTEGER, begun INTEGER) WITHOUT ROWID;
INSERT INTO heard VALUES ('w1@h', 7, 3), ('w2@h', 8, NULL);
INSERT INTO meta VALUES ('heard', '{"at":${NOW},"rate":1.5}');
PRAGMA user_version = 2;`,
};

function make(format: number): void {
  const db = new EmbeddedDb(path());
  db.exec(COMMON + FORMATS[format]!);
  db.close();
}
const open = async (): Promise<HistoryStore> => {
  await history?.close();
  history = await openHistory(path(), { cluster: ['redis://a/0'] });
  return history;
};
/** Its format, the columns of its tables in any order, and its indexes as they were made. */
function shapeOf(file = path()): Record<string, unknown> {
  const db = new EmbeddedDb(file);
  try {
    const parts = db.all<{ type: string; name: string; sql: string | null }>(
      'SELECT type, name, sql FROM sqlite_master',
    );
    const shape = parts.map(({ type, name, sql }) => [
      name,
      type === 'table' ? db.all(`SELECT name, type, pk FROM pragma_table_info('${name}') ORDER BY name`) : sql,
    ]);
    return { format: db.get('PRAGMA user_version')?.user_version, ...Object.fromEntries(shape) };
  } finally {
    db.close();
  }
}
const EVERYTHING = { tree: null, states: null, from: null, to: null, descending: true, cursor: null, limit: 100 };

it.each([1, 2])('a file of format %i keeps all that is in it', async (old) => {
  make(old);
  const h = await open();
  for (const sort of ['first_seen', 'runtime', 'name', 'state', 'worker', 'retries'] as const) {
    const page = await h.tasks({ ...EVERYTHING, sort });
    expect([sort, page.total, page.items.length]).toEqual([sort, 3, 3]);
  }
  const parsed = parseQuery('name:shop.add worker:w1 queue:q -state:SUCCESS', { nowS: NOW });
  expect(parsed.ok).toBe(true);
  const found = await h.tasks({ ...EVERYTHING, sort: 'first_seen', tree: parsed.ok ? parsed.tree : null });
  expect(found.items.map(({ uuid }) => uuid)).toEqual(['open']);
  expect((await h.unfinished(10)).map(({ uuid }) => uuid)).toEqual(['open']);
  expect(await h.task('broken')).toMatchObject({ name: 'shop.mail', retries: 2, exception: 'ValueError(1)' });
  expect(await h.tries('broken')).toMatchObject([{ number: 0, exception: 'ValueError(0)' }]);
  expect(await h.taskNames()).toEqual(['shop.add', 'shop.mail']);
  expect((await h.workers()).map(({ hostname }) => hostname)).toEqual(['w1@h']);
  expect(await h.sums(60, HOUR, HOUR + 60)).toMatchObject({ finished: 2, failed: 1 });
  expect(await h.failures({ now: NOW, span: 3600, limit: 10, task: null, exception: null })).toMatchObject([
    { task: 'shop.mail', exception: 'ValueError', count: 1, message: '1' },
  ]);
  expect(await h.gauge('up', 0, NOW)).toEqual([{ bucket: HOUR - 90_000, value: 1 }]);
  // Effects came later: there is none.
  expect(await h.operations(null, 10)).toMatchObject([{ who: 'ada', outcome: 'ok', effect: null }]);
  // What was heard last: the first did not keep it, the second not whether all workers were known, nor who sends no events.
  expect(await h.heard()).toEqual(
    old === 1
      ? null
      : {
          at: NOW,
          rate: 1.5,
          knewAll: false,
          workers: [
            { hostname: 'w1@h', pid: 7, begun: 3, eventsDisabled: false, left: false },
            { hostname: 'w2@h', pid: 8, begun: null, eventsDisabled: false, left: false },
          ],
        },
  );
});

it.each([1, 2])('a file of format %i is written on, and is one of today from then on', async (old) => {
  make(old);
  const h = await open();
  const state = new ClusterState();
  state.apply({
    type: 'task-succeeded',
    uuid: 'open',
    hostname: 'w1@h',
    timestamp: NOW,
    local_received: NOW,
    clock: 1,
    result: '3',
    runtime: 39,
  });
  const worker = { hostname: 'w1@h', pid: 7, begun: 4, eventsDisabled: true, left: false };
  h.write(state.cut(), NOW, { at: NOW + 1, rate: 2, knewAll: true, workers: [worker] });
  await h.written();
  const id = await h.beginOperation({
    at: NOW,
    who: 'bob',
    action: 'revoke',
    subject: 'open',
    address: '10.0.0.7',
    token: 'cron',
    task_name: 'shop.add',
    request: '{}',
    outcome: 'no-answer',
    summary: '',
    answers: '[]',
    new_ids: null,
  });
  await h.saveEffect(id, '{"state":"seen"}');
  // A name is forgotten by when it was last seen: those that came along are not older than the file's own tasks.
  await h.expire({ maxAge: 3600, maxTasks: null }, NOW);
  const again = await open();
  expect(await again.task('open')).toMatchObject({ state: 'SUCCESS', name: 'shop.add', args: '(2,)', runtime: 39 });
  expect((await again.heard())!.workers).toContainEqual(worker);
  expect((await again.operations(null, 10)).map(({ who, effect }) => [who, effect])).toEqual([
    ['bob', { state: 'seen' }],
    ['ada', null],
  ]);
  expect((await again.operations(null, 10)).map(({ address, task_name }) => [address, task_name])).toEqual([
    ['10.0.0.7', 'shop.add'],
    [null, null],
  ]);
  expect(await again.taskNames()).toEqual(['shop.add', 'shop.mail']);
  // And long after they go.
  await again.expire({ maxAge: 3600, maxTasks: null }, 4_000_000_000);
  expect(await again.taskNames()).toEqual([]);
  await again.close();
  history = null;
  const fresh = join(folder, 'fresh.db');
  await (await openHistory(fresh)).close();
  expect(shapeOf()).toEqual(shapeOf(fresh));
});

it('a file of a later format is refused, and is as it was', async () => {
  make(2);
  const db = new EmbeddedDb(path());
  db.exec('ALTER TABLE dict RENAME COLUMN last TO seen; PRAGMA user_version = 7');
  db.close();
  await expect(open()).rejects.toThrow('written by a newer version (format 7, known here: 6)');
  expect(shapeOf()).toMatchObject({ format: 7, heard: [{ name: 'begun' }, { name: 'hostname' }, { name: 'pid' }] });
});
