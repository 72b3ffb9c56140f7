// The lists without a browser: rows and their states, refusals, and the faces of a list without rows.
// Product: web/src/pages/workers.tsx, queues.tsx, web/src/tasks/task-table.tsx, web/src/workers/worker-tabs.tsx.
import { expect, test } from 'vitest';
import { drawn, drawnAt, liveOf, textOf } from './support/drawn.tsx';
import { clusterInfo, NOW, queueRow, taskRow, workerDetail, workerRow } from './support/factories.ts';

const { default: WorkersPage } = await import('../../web/src/pages/workers.tsx');
const { default: QueuesPage } = await import('../../web/src/pages/queues.tsx');
const { DataTable } = await import('../../web/src/ui/table/data-table.tsx');
const { NoTaskEvents } = await import('../../web/src/workers/no-task-events.tsx');
const { WorkerTabs } = await import('../../web/src/workers/worker-tabs.tsx');
const { TaskTable } = await import('../../web/src/tasks/task-table.tsx');
const { NoList, NoRows } = await import('../../web/src/tasks/task-list-faces.tsx');
const { ApiError } = await import('../../web/src/api/client.ts');

const nothing = () => {};
const rowsOf = (html: string) => [...html.matchAll(/<tr[^>]*data-key="([^"]+)"/g)].map(([, key]) => key);
/** The line of one row, as text. */
const rowText = (html: string, key: string) => textOf(html.split(`data-key="${key}"`)[1]!.split('</tr>')[0]!);

const workersAt = (url: string, workers: ReturnType<typeof workerRow>[], change = {}) =>
  drawnAt(
    '/workers',
    url,
    <WorkersPage />,
    [],
    liveOf({ workers: new Map(workers.map((w) => [w.hostname, w])), ...change }),
  );

test('workers stand trouble first, each with its state and slots', async () => {
  const offline = workerRow({ hostname: 'celery@web-2', status: 'offline', last_heard: NOW - 41 });
  const html = await workersAt('/workers', [workerRow(), offline]);

  expect(rowsOf(html)).toEqual(['celery@web-2', 'celery@web-1']);
  expect(rowText(html, 'celery@web-1')).toContain('online');
  expect(rowText(html, 'celery@web-2')).toContain('offline');
  expect(textOf(html)).toContain('2 workers, 1 online');
});

test('what is said of a group is whole where its name has no room for it', async () => {
  const head = { id: 'n', label: 'N', width: 1000, cell: (one: string) => one };
  const group = { kind: 'group' as const, key: 'group img', row: 'x', label: 'img', note: '50, 3 offline', open: true };
  const said = async (width: number) => {
    const columns = [head, { ...head, id: 'm', width, rank: 1 }];
    return drawn(<DataTable caption="" columns={columns} lines={[group]} />);
  };
  expect(await said(100)).toMatch(/clip"[^>]*>50, 3 offline</);
  expect(await said(1000)).toMatch(/"folded"><span class="note">50, 3 offline</);
  expect(await said(1000)).not.toContain('clip');
});

test('workers are sorted and filtered as the URL says', async () => {
  const workers = ['a', 'b', 'c'].map((name, i) => workerRow({ hostname: `celery@${name}`, processed: i }));

  expect(rowsOf(await workersAt('/workers?sort=-processed', workers))).toEqual(['celery@c', 'celery@b', 'celery@a']);
  const none = await workersAt('/workers?q=nobody', workers);
  expect(rowsOf(none)).toEqual([]);
  expect(textOf(none)).toContain('No worker matches Clear the filter');
});

test('no worker: the page waits for the answer first, and offers to ask once it is empty', async () => {
  expect(textOf(await workersAt('/workers', []))).not.toContain('No worker');
  const html = await drawnAt('/workers', '/workers', <WorkersPage />, [[['workers'], []]]);
  expect(textOf(html)).toMatch(/No worker has been heard/);
});

test('who may only read is offered no operation on workers', async () => {
  const quiet = ['celery@web-1'];
  expect(textOf(await drawn(<NoTaskEvents quiet={quiet} />))).toContain('Enable task events');
  const live = liveOf({ cluster: clusterInfo({ read_only: true }) });
  const text = textOf(await drawn(<NoTaskEvents quiet={quiet} />, [], live));
  expect(text).toContain('celery@web-1 sends no task events');
  expect(text).not.toContain('Enable task events');
});

test('a worker that has not answered says so under each tab, and shows no zero', async () => {
  const worker = workerDetail({ inspected: null, status: 'offline' });
  const tab = async (name: 'tasks' | 'queues' | 'reserved' | 'stats') =>
    textOf(await drawn(<WorkerTabs worker={worker} tab={name} onTab={nothing} />));

  expect(await tab('tasks')).toContain('Its tasks are not known yet');
  expect(await tab('queues')).toContain('It consumes no queue');
  expect(await tab('stats')).toContain('It has not answered yet');
});

test('queues: an unknown depth is unknown and in no total', async () => {
  const queues = [queueRow({ name: 'mail', messages: null }), queueRow({ name: 'images', messages: 12 })];
  const html = await drawnAt('/queues', '/queues', <QueuesPage />, [], liveOf({ queues }));

  expect(rowsOf(html)).toEqual(['images', 'mail']);
  expect(textOf(html)).toContain('12 waiting, 1 queue of unknown depth');
  expect(rowText(html, 'mail')).not.toMatch(/\b0\b waiting/);
});

test('no queue: none is known, or none matches', async () => {
  expect(textOf(await drawnAt('/queues', '/queues', <QueuesPage />, [[['queues'], []]]))).toContain(
    'No queue is known yet',
  );
  const live = liveOf({ queues: [queueRow()] });
  const none = await drawnAt('/queues', '/queues?q=nothing', <QueuesPage />, [], live);
  expect(textOf(none)).toContain('No queue matches');
});

const tasks = (rows: ReturnType<typeof taskRow>[], change = {}, phone = false) =>
  drawnAt(
    '/tasks',
    '/tasks',
    <TaskTable
      rows={rows}
      total={rows.length}
      sort="-first_seen"
      hidden={new Set()}
      openId={undefined}
      cursor={null}
      selected={new Map()}
      scroller={{ current: null }}
      onOpen={nothing}
      onSort={nothing}
      onPick={nothing}
      onPickAll={nothing}
      onCursor={nothing}
      onEnd={nothing}
      {...change}
    />,
    [],
    liveOf({}, { phone }),
  );

test('a task row says why it failed, that its worker fell silent, and that it is revoked before a worker has come to it', async () => {
  const html = await tasks([
    taskRow(4, { state: 'FAILURE', exception: "ValueError('no such order')", args: '(7,)' }),
    taskRow(3, { state: 'STARTED', started: NOW - 60, unknown_since: NOW - 30 }),
    taskRow(2, { state: 'RECEIVED', revoke_asked: NOW - 5 }),
    taskRow(1, { state: 'REVOKED', revoked: NOW - 5, revoke_asked: NOW - 9 }),
  ]);

  expect(rowText(html, 'task-4')).toContain('ValueError no such order (7)');
  expect(rowText(html, 'task-3')).toContain('unknown');
  expect(rowText(html, 'task-2')).toContain('revoke asked');
  expect(rowText(html, 'task-1')).not.toContain('revoke asked');
  expect(html).toMatch(/aria-sort="descending"[^>]*><button[^>]*>Received/);
});

test('selected rows are ticked, the open one and the one under the cursor are marked, and a phone has no boxes', async () => {
  const rows = [3, 2, 1].map((n) => taskRow(n));
  const html = await tasks(rows, { selected: new Map([['task-2', rows[1]]]), openId: 'task-1', cursor: 'task-3' });

  const line = (key: string) =>
    /<tr[^>]*>/.exec(html.slice(html.lastIndexOf('<tr', html.indexOf(`data-key="${key}"`))))![0];
  expect(line('task-2')).toContain('aria-selected="true"');
  expect(line('task-1')).toContain('aria-selected="true"');
  expect(line('task-3')).toMatch(/class="at /);
  expect(html.match(/checked=""/g)).toHaveLength(1);
  expect(await tasks(rows, {}, true)).not.toContain('type="checkbox"');
});

test('no task: a query that was refused says why, and never that nothing matches', async () => {
  const refused = new ApiError({ status: 400, title: 'Bad query', detail: 'runtime>soon is no duration' });
  const text = textOf(await drawn(<NoList error={refused} onRetry={nothing} />));
  expect(text).toContain('runtime>soon is no duration'.replace('>', '&gt;'));
  expect(text).not.toContain('No task matches');
  const face = { custom: [], lookedBackTo: null, note: null, onClear: nothing };
  expect(textOf(await drawn(<NoRows filtered={false} {...face} />))).toContain('No task has been seen yet');
  expect(textOf(await drawn(<NoRows filtered {...face} />))).toContain('No task matches');
  // It looked only so far.
  const part = textOf(await drawn(<NoRows filtered {...face} lookedBackTo={NOW} />));
  expect(part).toMatch(/None found so far.* back to .*older ones may match/);
  expect(part).not.toContain('No task matches');
});
