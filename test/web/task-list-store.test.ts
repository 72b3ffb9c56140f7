// The engine of the task list, with time, requests and the live picture in the test's hand. Product: web/src/tasks/task-list-store.ts.
import { expect, test } from 'vitest';
import type { TaskPage, TaskRow, TasksQuery } from '../../shared/wire/tasks.ts';
import { EMPTY, type Picture } from '../../web/src/live/cluster-store.ts';
import { NEWEST_FIRST, REREAD_MS, TaskListStore } from '../../web/src/tasks/task-list-store.ts';
import { ManualTimer } from '../support/clock.ts';
import { taskPage, taskRow } from './support/factories.ts';

interface Request {
  query: TasksQuery;
  signal: AbortSignal;
  answer: (page: TaskPage) => Promise<void>;
  refuse: (error: Error) => Promise<void>;
}

/** Promise callbacks that are due have run. */
const settled = async () => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};

function opened({ q = '', state = '', sort = NEWEST_FIRST } = {}) {
  const timer = new ManualTimer();
  const requests: Request[] = [];
  const listeners = new Set<() => void>();
  let picture: Picture = { ...EMPTY, connection: { mode: 'live' } };
  let isVisible = true;
  const store = new TaskListStore({
    fetch: (query, signal) =>
      new Promise((resolve, reject) => {
        requests.push({
          query,
          signal,
          answer: (page) => {
            resolve(page);
            return settled();
          },
          refuse: (error) => {
            reject(error);
            return settled();
          },
        });
      }),
    live: {
      get: () => picture,
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    isVisible: () => isVisible,
    every: (intervalMs, fn) => timer.every(intervalMs, fn),
  });
  const update = (change: Partial<Picture>) => {
    picture = { ...picture, ...change };
    for (const listener of listeners) listener();
  };
  const stop = store.start();
  store.show({ q, state, sort });
  return {
    store,
    stop,
    timer,
    listeners,
    requests,
    last: () => requests.at(-1)!,
    update,
    /** Rows of the live line, with the count of changes that comes with them. */
    hear: (...rows: TaskRow[]) =>
      update({
        tasks: new Map([...picture.tasks, ...rows.map((row) => [row.uuid, row] as const)]),
        seen: { ...picture.seen, changed: picture.seen.changed + rows.length },
      }),
    look: (does: boolean) => {
      isVisible = does;
    },
    ids: () => store.get().list?.rows.map((row) => row.first_seen),
  };
}

const rows = (...numbers: number[]) => numbers.map((n) => taskRow(n));

test('a new row enters at the top while nobody holds the list', async () => {
  const list = opened();
  await list.last().answer(taskPage(rows(2, 1)));

  list.hear(taskRow(3));

  expect(list.ids()).toEqual([3, 2, 1]);
});

test('a held list changes states in place, counts what is newer, and takes it in when it is let go', async () => {
  const list = opened();
  await list.last().answer(taskPage(rows(2, 1)));
  list.store.hold(true);

  list.hear(taskRow(3), taskRow(1, { state: 'FAILURE', timestamp: 9 }));

  expect(list.ids()).toEqual([2, 1]);
  expect(list.store.get().list?.rows[1]?.state).toBe('FAILURE');
  expect(list.store.get().newer).toBe(1);

  list.store.hold(false);
  expect(list.ids()).toEqual([3, 2, 1]);
  expect(list.store.get().newer).toBe(0);
});

test('a paused line holds the list as a reader does', async () => {
  const list = opened();
  await list.last().answer(taskPage(rows(1)));

  list.update({ connection: { mode: 'paused' } as Picture['connection'] });
  list.hear(taskRow(2));

  expect(list.ids()).toEqual([1]);
  expect(list.store.get().newer).toBe(1);
});

test('a new row that the filter does not mean stays out', async () => {
  const list = opened({ q: 'name:shop.pay', state: 'FAILURE' });
  await list.last().answer(taskPage([]));

  list.hear(taskRow(2), taskRow(3, { state: 'FAILURE', name: 'other' }), taskRow(4, { state: 'FAILURE' }));

  expect(list.ids()).toEqual([4]);
});

test('in another order than newest first no row enters by itself', async () => {
  const list = opened({ sort: '-runtime' });
  await list.last().answer(taskPage(rows(1)));

  list.hear(taskRow(2));

  expect(list.ids()).toEqual([1]);
});

test('the first page is read again while something changes, and not while nothing does', async () => {
  const list = opened();
  await list.last().answer(taskPage(rows(1)));
  list.timer.advance(REREAD_MS);
  await list.last().answer(taskPage(rows(2, 1)));
  expect(list.requests).toHaveLength(2);
  expect(list.ids()).toEqual([2, 1]);

  list.timer.advance(10 * REREAD_MS);
  expect(list.requests).toHaveLength(2);

  list.hear(taskRow(3));
  list.timer.advance(REREAD_MS);
  expect(list.requests).toHaveLength(3);
});

test('a slow server is not asked again before it has answered', async () => {
  const list = opened();
  await list.last().answer(taskPage(rows(1)));

  for (let n = 2; n < 6; n++) {
    list.hear(taskRow(n));
    list.timer.advance(REREAD_MS);
  }

  expect(list.requests).toHaveLength(2);
});

test('a background tab and a paused line read nothing; looked at again, the list is read though nothing changed', async () => {
  const list = opened();
  await list.last().answer(taskPage(rows(1)));
  list.timer.advance(REREAD_MS);
  await list.last().answer(taskPage(rows(1)));

  list.look(false);
  list.hear(taskRow(2));
  list.timer.advance(REREAD_MS);
  list.look(true);
  list.update({ connection: { mode: 'paused' } as Picture['connection'] });
  list.timer.advance(REREAD_MS);
  expect(list.requests).toHaveLength(2);

  list.update({ connection: { mode: 'live' } });
  list.timer.advance(REREAD_MS);
  expect(list.requests).toHaveLength(3);
});

test('a reread that is refused shows nothing and is tried again', async () => {
  const list = opened();
  await list.last().answer(taskPage(rows(1)));
  list.timer.advance(REREAD_MS);
  await list.last().refuse(new Error('502'));

  expect(list.store.get().error).toBeNull();
  list.timer.advance(REREAD_MS);
  expect(list.requests).toHaveLength(3);
});

test('a reread of a held list brings counts and no rows', async () => {
  const list = opened();
  await list.last().answer(taskPage(rows(1)));
  list.store.hold(true);
  list.timer.advance(REREAD_MS);

  await list.last().answer(taskPage(rows(3, 2, 1), { total: 300 }));

  expect(list.ids()).toEqual([1]);
  expect(list.store.get().list?.total).toBe(300);
  expect(list.store.get().newer).toBe(2);
});

test('an answer to the filter of before is dropped, and its request ended', async () => {
  const list = opened({ q: 'old' });
  const old = list.last();
  list.store.show({ q: 'new', state: '', sort: NEWEST_FIRST });

  await old.answer(taskPage(rows(1)));

  expect(old.signal.aborted).toBe(true);
  expect(list.store.get()).toMatchObject({ list: null, loading: true });
});

test('rows of another filter stand while this one is read, and go when it is refused', async () => {
  const list = opened();
  await list.last().answer(taskPage(rows(1)));
  list.store.show({ q: 'name:(', state: '', sort: NEWEST_FIRST });
  expect(list.store.get()).toMatchObject({ loading: true });
  expect(list.ids()).toEqual([1]);

  await list.last().refuse(new Error('A bracket is not closed'));

  expect(list.store.get()).toMatchObject({ list: null, loading: false, error: new Error('A bracket is not closed') });
});

test('rows of the same filter stay when a refresh fails', async () => {
  const list = opened();
  await list.last().answer(taskPage(rows(1)));
  list.store.refresh();

  await list.last().refuse(new Error('502'));

  expect(list.ids()).toEqual([1]);
  expect(list.store.get().error).toEqual(new Error('502'));
});

test('the next page is asked for once, by the cursor of the last', async () => {
  const list = opened();
  await list.last().answer(taskPage(rows(3, 2), { next: 'after-2' }));

  list.store.more();
  list.store.more();

  expect(list.requests).toHaveLength(2);
  expect(list.last().query.cursor).toBe('after-2');
  await list.last().answer(taskPage(rows(1)));
  expect(list.ids()).toEqual([3, 2, 1]);
  list.store.more();
  expect(list.requests).toHaveLength(2);
});

test('a next page of a filter that has gone is not appended', async () => {
  const list = opened();
  await list.last().answer(taskPage(rows(3), { next: 'a' }));
  list.store.more();
  const more = list.last();
  list.store.show({ q: 'x', state: '', sort: NEWEST_FIRST });
  await list.last().answer(taskPage(rows(9), { next: 'a' }));

  await more.answer(taskPage(rows(2)));

  expect(list.ids()).toEqual([9]);
  expect(list.store.get().loadingMore).toBe(false);
});

test('stopped, it hears nothing, asks nothing and drops what is under way', async () => {
  const list = opened();
  const pending = list.last();

  list.stop();

  expect(list.listeners.size).toBe(0);
  expect(list.timer.size).toBe(0);
  expect(pending.signal.aborted).toBe(true);
});

test('what changes no row of a held list is told to nobody', async () => {
  const list = opened();
  await list.last().answer(taskPage(rows(1)));
  list.store.hold(true);
  let notified = 0;
  list.store.subscribe(() => notified++);

  list.hear(taskRow(1, { timestamp: 0 }));
  list.update({ figures: null });

  expect(notified).toBe(0);
});

test('a reply of another shape is shown as an error, and asking again takes it away', async () => {
  const { store, requests } = opened();
  await requests[0]!.answer({} as TaskPage);
  expect(store.get()).toMatchObject({ loading: false, error: expect.any(Error) });
  store.refresh();
  await requests[1]!.answer(taskPage([taskRow()]));
  expect(store.get()).toMatchObject({ loading: false, error: null });
});
