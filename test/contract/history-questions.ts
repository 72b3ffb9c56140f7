// What every history answers: questions about eight hundred tasks in many states. Part of the list in history.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  BadCursor,
  type HistoryStore,
  QueryTooCostly,
  type TaskListQuery,
  WINDOW_SORTS,
  type WindowAsk,
} from '../../server/dashboard/history/contract.ts';
import { openHistory } from '../../server/dashboard/history/registry.ts';
import { toRow } from '../../server/dashboard/history/rows.ts';
import { ClusterState } from '../../shared/events/cluster-state.ts';
import type { CeleryEvent } from '../../shared/events/event.ts';
import { matchesQuery } from '../../shared/query/match.ts';
import { parseQuery } from '../../shared/query/parser.ts';
import type { TaskRow } from '../../shared/wire/tasks.ts';

export const NOW = 1_790_000_000;
export const EVERYTHING: TaskListQuery = {
  tree: null,
  states: null,
  from: null,
  to: null,
  sort: 'first_seen',
  descending: true,
  cursor: null,
  limit: 1000,
};
export const event = (type: string, uuid: string, timestamp: number, more: Partial<CeleryEvent> = {}): CeleryEvent => ({
  type,
  uuid,
  hostname: 'w1@h',
  timestamp,
  local_received: timestamp,
  clock: 1,
  pid: 1,
  ...more,
});

/** Eight hundred tasks in many states, with names and workers to tell apart. */
export function fill(state: ClusterState): void {
  for (let i = 0; i < 800; i++) {
    const uuid = `id-${String(i).padStart(4, '0')}`;
    const at = NOW - 3600 + i * 4;
    const hostname = `w${i % 3}@h`;
    state.apply(
      event('task-received', uuid, at, {
        hostname,
        name: i % 50 === 49 ? null : `shop.mod${i % 4}.Task_${i % 7}`,
        args: `(${i}, 'café 100%')`,
        kwargs: i % 2 ? `{'customer': 'c-${i % 10}'}` : '{}',
        retries: i % 11 === 0 ? i % 3 : 0,
        eta: i % 13 === 0 ? new Date((at + 60) * 1000).toISOString().replace('Z', '+00:00') : null,
        root_id: i % 5 === 0 && i > 0 ? 'id-0000' : uuid,
        parent_id: i % 5 === 0 && i > 0 ? 'id-0000' : null,
        queue: `q${i % 2}`,
      }),
    );
    if (i % 10 === 9) continue;
    state.apply(event('task-started', uuid, at + 0.1, { hostname }));
    if (i % 10 === 8) continue;
    if (i % 10 === 7)
      state.apply(
        event('task-failed', uuid, at + 1, { hostname, exception: `ValueError('bad ${i % 3}')`, traceback: 'T' }),
      );
    else if (i % 10 === 6) state.apply(event('task-progress', uuid, at + 1, { hostname }));
    else state.apply(event('task-succeeded', uuid, at + 1, { hostname, result: `'r${i}'`, runtime: (i % 97) / 10 }));
  }
}

export function historyQuestions(makeUrl: () => string): void {
  describe('that holds 800 tasks in many states', () => {
    const state = new ClusterState();
    let h: HistoryStore;
    beforeAll(async () => {
      h = await openHistory(makeUrl());
      fill(state);
      h.write(state.cut(), NOW);
      await h.written();
    });
    afterAll(() => h.close());

    const WINDOW: WindowAsk = {
      newest: 1000,
      tree: null,
      name: null,
      worker: null,
      state: null,
      receivedFrom: null,
      receivedTo: null,
      sort: 'timestamp',
      descending: true,
      offset: 0,
      limit: null,
    };
    const idOf = (i: number) => `id-${String(i).padStart(4, '0')}`;

    test('puts the newest tasks in any order, nothing before everything, equals newest first', async () => {
      const tasks = [...state.tasks.values()];
      for (const sort of WINDOW_SORTS)
        for (const descending of [true, false]) {
          const { uuids, matching, total } = await h.window({ ...WINDOW, sort, descending });
          expect([matching, total, new Set(uuids).size]).toEqual([800, 800, 800]);
          const isNumber = tasks.some((t) => typeof t[sort] === 'number');
          const key = (uuid: string) => {
            const { timestamp, [sort]: value } = state.tasks.get(uuid)!;
            return [value ?? (isNumber ? 0 : ''), timestamp] as const;
          };
          for (const [i, uuid] of uuids.slice(1).entries()) {
            const [[before, beforeAt], [after, afterAt]] = [key(uuids[i]!), key(uuid)];
            if (before === after) expect(beforeAt, `${sort} ${uuid}`).toBeGreaterThanOrEqual(afterAt);
            else expect(before < after, `${sort} ${uuid}`).toBe(!descending);
          }
        }
    });

    test('reads a place in the newest tasks by offset, and tells how many match', async () => {
      const found = await h.window({ ...WINDOW, name: 'SHOP.MOD1.task_1', state: 'success', offset: 2, limit: 3 });
      const all = await h.window({ ...WINDOW, name: 'shop.mod1.Task_1', state: 'SUCCESS' });
      expect(found.uuids).toEqual(all.uuids.slice(2, 5));
      expect([found.matching, found.total, all.uuids.length]).toEqual([all.uuids.length, 800, all.matching]);
      expect(all.uuids.length).toBeGreaterThan(5);
      expect((await h.window({ ...WINDOW, worker: 'W1@H' })).matching).toBe(267);
      expect((await h.window({ ...WINDOW, newest: 10 })).uuids).toEqual(
        [...Array(10).keys()].map((i) => idOf(799 - i)),
      );
      const [from, to] = [NOW - 3600 + 40, NOW - 3600 + 80];
      const within = await h.window({ ...WINDOW, receivedFrom: from, receivedTo: to, descending: false });
      expect(within.uuids).toEqual([...Array(11).keys()].map((i) => idOf(10 + i)));
      const tree = parseQuery('kwargs:customer=c-3');
      const searched = await h.window({ ...WINDOW, tree: tree.ok ? tree.tree : null });
      expect([searched.matching, searched.uuids[0]]).toEqual([80, 'id-0793']);
    });

    test('gives tasks whole, in the order asked for, with their children', async () => {
      const whole = await h.whole(['id-0007', 'id-none', 'id-0000']);
      expect(whole.map(({ task }) => task.uuid)).toEqual(['id-0007', 'id-0000']);
      expect(whole[0]!.task).toMatchObject({ traceback: 'T', exception: "ValueError('bad 1')", clock: 1 });
      expect(whole[1]!.children).toHaveLength(159);
      expect(whole[1]!.children.slice(0, 2)).toEqual(['id-0005', 'id-0010']);
    });

    test('answers every query exactly as the page filters its live rows', async () => {
      const rows = [...state.tasks.values()].map(toRow);
      for (const text of [
        'state:FAILURE',
        'state:failure,started',
        'name:mod1',
        'name:TASK_3',
        'name:shop.mod2*',
        'worker:w1',
        'worker:w1 name:task_2',
        '-name:mod1',
        'NOT exception:ValueError',
        'name:mod1 OR state:FAILURE',
        '(name:mod1 OR name:mod2) -state:SUCCESS',
        'queue:q1',
        'uuid:id-0007',
        'uuid:ID-0007',
        'uuid:id-00*',
        'root:id-0000',
        'parent:id-0000 name:mod1',
        'kwargs:customer=c-3',
        'args:100%',
        'args:100_',
        'café',
        'bad*1',
        'exception:/bad [02]/',
        'runtime:>5s',
        'runtime:1s..2s',
        'retries:>0',
        'retries:0',
        'eta:*',
        '-eta:*',
        '-retries:>0',
        `received:>${new Date((NOW - 1800) * 1000).toISOString()}`,
        'name:*',
        'result:r1 -worker:w0',
      ]) {
        const parsed = parseQuery(text, { nowS: NOW });
        if (!parsed.ok) throw new Error(`${text}: ${parsed.message}`);
        const expected = rows.filter((row) => matchesQuery(parsed.tree, row)).map((r) => r.uuid);
        const page = await h.tasks({ ...EVERYTHING, tree: parsed.tree });
        expect([text, page.items.map((t) => t.uuid).sort()]).toEqual([text, expected.sort()]);
        const counted = Object.values(page.counts).reduce((a, b) => a + b, 0);
        expect([text, counted, page.total]).toEqual([text, expected.length, expected.length]);
      }
    });

    test('pages through every order without repeating or skipping, rows without a value last', async () => {
      const trees = ['', 'name:mod1', 'worker:w1 state:SUCCESS,FAILURE', 'café', 'root:id-0000', 'name:mod1 café'].map(
        (text) => {
          const parsed = parseQuery(text, { nowS: NOW });
          return parsed.ok ? parsed.tree : null;
        },
      );
      for (const tree of trees) {
        const whole = await h.tasks({ ...EVERYTHING, tree });
        for (const sort of ['first_seen', 'runtime', 'name', 'state', 'worker', 'retries'] as const)
          for (const descending of [true, false]) {
            const seen: string[] = [];
            const values: (string | number | null)[] = [];
            let cursor: string | null = null;
            do {
              const page = await h.tasks({ ...EVERYTHING, tree, sort, descending, cursor, limit: 97 });
              seen.push(...page.items.map((t) => t.uuid));
              values.push(...page.items.map((t) => t[sort]));
              cursor = page.next;
            } while (cursor !== null);
            expect([sort, descending, new Set(seen).size, seen.length]).toEqual([
              sort,
              descending,
              whole.total,
              whole.total,
            ]);
            const given = values.filter((v) => v !== null) as (string | number)[];
            const ordered = [...given].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0) * (descending ? -1 : 1));
            expect([sort, descending, given]).toEqual([sort, descending, ordered]);
            expect(values.slice(given.length).every((v) => v === null)).toBe(true);
          }
      }
    });

    test('refuses a cursor it did not give', async () => {
      await expect(h.tasks({ ...EVERYTHING, cursor: 'bm9uc2Vuc2U' })).rejects.toThrow(BadCursor);
    });

    test('counts ends by task, queue and worker, with percentiles within two per cent', async () => {
      h.saveGauges({ up: 1 }, Math.floor(NOW / 60) * 60 - 600);
      await h.written();
      const ask = { range: '6h', task: null, queue: null, worker: null, now: NOW } as const;
      const all = await h.series({ ...ask, metric: 'throughput' });
      expect(all.totals).toMatchObject({ SUCCESS: 480, FAILURE: 80 });
      expect(all.lines.SUCCESS![0]).toBeNull();
      const one = await h.series({ ...ask, metric: 'throughput', worker: 'w1@h' });
      expect(one.totals.SUCCESS).toBeGreaterThan(100);
      const runtimes = [...state.tasks.values()].filter((t) => t.state === 'SUCCESS').map((t) => t.runtime!);
      // Failures are timed from their start to their end: 0.9 s each.
      for (let i = 0; i < 80; i++) runtimes.push(0.9);
      runtimes.sort((a, b) => a - b);
      const p95 = runtimes[Math.floor(0.95 * (runtimes.length - 1))]!;
      const runtime = await h.series({ ...ask, metric: 'runtime' });
      expect(Math.abs(runtime.totals.p95! - p95) / p95).toBeLessThan(0.02);
      const stats = await h.keyStats('task', NOW - 7200, NOW, null);
      expect(stats.reduce((sum, s) => sum + s.finished, 0)).toBe(560);
    });

    test('groups failures by task and class of exception', async () => {
      const groups = await h.failures({ now: NOW, span: 86_400, limit: 100, task: null, exception: null });
      expect(groups.reduce((sum, g) => sum + g.count, 0)).toBe(80);
      expect(groups.every((g) => g.exception === 'ValueError' && g.message.startsWith('bad '))).toBe(true);
      expect(groups[0]!.trend.reduce((a, b) => a + b, 0)).toBe(groups[0]!.count);
    });

    test('answers a question that was given up, or rejects: it never leaves who asked waiting', async () => {
      const giveUp = new AbortController();
      giveUp.abort();
      const given = await h.tasks({ ...EVERYTHING, tree: null }, giveUp.signal).then(
        (page) => page.items.length,
        (error: unknown) => error,
      );
      expect(given === 800 || given instanceof QueryTooCostly).toBe(true);
      expect((await h.tasks(EVERYTHING)).total).toBe(800);
    });

    test('knows the family of a task, and what a worker holds', async () => {
      const of = (test: (t: TaskRow) => boolean) =>
        [...state.tasks.values()]
          .map(toRow)
          .filter(test)
          .map(({ uuid }) => uuid);
      const children = await h.children('id-0000', 10);
      const expected = of((t) => t.parent_id === 'id-0000');
      expect(children.total).toBe(expected.length);
      expect(children.rows.map(({ uuid }) => uuid)).toEqual(expected.slice(0, 10));
      const held = await h.heldBy('w1@h', 1000);
      expect(held.map(({ uuid }) => uuid).sort()).toEqual(
        of((t) => t.worker === 'w1@h' && (t.state === 'STARTED' || t.state === 'RECEIVED')),
      );
    });

    test('knows the workflow of a task by its root, and which workflows there are', async () => {
      const family = [...state.tasks.values()].filter((t) => t.uuid === 'id-0000' || t.root_id === 'id-0000');
      const { rows, isCut, all, again } = await h.workflow({ uuid: 'id-0005', limit: 1000 });
      expect(rows.map(({ row }) => row.uuid).sort()).toEqual(family.map(({ uuid }) => uuid).sort());
      expect([isCut, all, again]).toEqual([false, null, {}]);
      // Cut, it is counted all the same, and what has not succeeded is there.
      const first = await h.workflow({ uuid: 'id-0005', limit: 10 });
      const notDone = family.filter(({ state }) => state !== 'SUCCESS').map(({ uuid }) => uuid);
      const early = first.rows.slice(0, 10).map(({ row }) => row.uuid);
      expect(new Set(first.rows.map(({ row }) => row.uuid))).toEqual(new Set([...early, ...notDone]));
      expect(first.rows.length).toBeLessThan(rows.length);
      expect((await h.workflow({ uuid: 'nobody', limit: 10 })).rows).toEqual([]);
      const { items, lookedBackTo } = await h.workflows({ limit: 10, tree: null });
      const states: Record<string, number> = {};
      for (const { state } of family) states[state] = (states[state] ?? 0) + 1;
      const last = Math.max(...family.map(({ timestamp }) => timestamp));
      expect([first.isCut, first.all]).toEqual([true, { states, last, are: 'exact' }]);
      expect(items).toEqual([
        {
          uuid: 'id-0000',
          name: 'shop.mod0.Task_0',
          queue: 'q0',
          isGroup: false,
          states,
          tasks: family.length,
          isCut: false,
          began: NOW - 3600,
          last: Math.max(...family.map(({ timestamp }) => timestamp)),
        },
      ]);
      expect(lookedBackTo).toBeNull();
      const one = parseQuery('name:shop.mod0.Task_0', { nowS: NOW });
      const narrowed = await h.workflows({ limit: 10, tree: one.ok ? one.tree : null });
      expect(narrowed.items[0]!.tasks).toBe(family.filter(({ name }) => name === 'shop.mod0.Task_0').length);
    });

    test('knows the newest tasks of some names', async () => {
      const of = (name: string, most: number) =>
        [...state.tasks.values()]
          .filter((t) => t.name === name)
          .sort((a, b) => b.first_seen - a.first_seen)
          .slice(0, most)
          .map(({ uuid }) => uuid);
      const names = ['shop.mod0.Task_0', 'shop.mod1.Task_3'];
      const found = await h.newest([...names, 'shop.unknown'], 5);
      expect(found.map(({ uuid }) => uuid).sort()).toEqual(names.flatMap((name) => of(name, 5)).sort());
    });

    test('counts the values of a field, and those in which a text occurs', async () => {
      const ask = { field: 'worker', tree: null, prefix: '', limit: 10 } as const;
      const count = (worker: string) => [...state.tasks.values()].filter((t) => t.worker === worker).length;
      const all = await h.facets(ask);
      expect(all.of_newest).toBeUndefined();
      expect(Object.fromEntries(all.values.map(({ value, count }) => [value, count]))).toEqual({
        'w0@h': count('w0@h'),
        'w1@h': count('w1@h'),
        'w2@h': count('w2@h'),
      });
      expect((await h.facets({ ...ask, prefix: 'W1' })).values.map(({ value }) => value)).toEqual(['w1@h']);
      expect((await h.facets({ ...ask, prefix: '%' })).values).toEqual([]);
    });

    test('says of the tasks it has in which state they ended, and nothing of others', async () => {
      const ends = await h.countedEnds(['id-0000', 'id-0007', 'nobody']);
      const found = Object.fromEntries(ends.map(({ uuid, state }) => [uuid, state]));
      expect(found).toEqual({ 'id-0000': 'SUCCESS', 'id-0007': 'FAILURE' });
      expect(await h.task('nobody')).toBeNull();
      expect([await h.rows(['nobody']), await h.tries('nobody')]).toEqual([[], []]);
    });
  });
  test('a group that a client sent is one workflow, with what its parts called', async () => {
    const state = new ClusterState();
    for (const [i, uuid] of ['m0', 'm1', 'm2'].entries()) {
      state.apply(
        event('task-received', uuid, NOW + i, { name: 'shop.part', root_id: uuid, group_id: 'g', group_index: i }),
      );
      state.apply(event('task-failed', uuid, NOW + i + 5, { exception: 'E()' }));
    }
    state.apply(event('task-received', 'c', NOW + 4, { name: 'shop.child', root_id: 'm1', parent_id: 'm1' }));
    state.apply(
      event('task-received', 'm0-again', NOW + 9, { name: 'shop.part', root_id: 'm0-again', parent_id: 'm0' }),
    );
    state.apply(event('task-received', 'alone', NOW, { name: 'shop.alone', root_id: 'alone', group_id: 'other' }));
    // The end of its chain is a part of the group.
    state.apply(
      event('task-received', 'head', NOW + 3, { name: 'shop.head', root_id: 'head', canvas: { group: 'g' } }),
    );
    const h = await openHistory(makeUrl());
    try {
      h.write(state.cut(), NOW);
      await h.written();
      for (const uuid of ['m2', 'c', 'head']) {
        const { rows, again } = await h.workflow({ uuid, limit: 100 });
        expect(rows.map(({ row }) => row.uuid).sort()).toEqual(['c', 'head', 'm0', 'm1', 'm2']);
        expect(again).toEqual({ m0: { uuid: 'm0-again', state: 'RECEIVED' } });
      }
      const { items } = await h.workflows({ limit: 10, tree: null });
      expect(items).toMatchObject([{ uuid: 'm0', isGroup: true, tasks: 5, states: { FAILURE: 3, RECEIVED: 2 } }]);
    } finally {
      await h.close();
    }
  });
}
