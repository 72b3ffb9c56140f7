// The list of tasks as data: merging pages and live rows. Product: web/src/tasks/task-list.ts.
import { expect, test } from 'vitest';
import type { TaskRow } from '../../shared/wire/tasks.ts';
import {
  appendPage,
  chipStates,
  insertNewer,
  listOf,
  mergeFirst,
  newerRows,
  patchRows,
} from '../../web/src/tasks/task-list.ts';
import { taskPage, taskRow } from './support/factories.ts';

const page = (numbers: number[], next: string | null = null) =>
  taskPage(
    numbers.map((n) => taskRow(n)),
    { next },
  );
const ids = (rows: readonly TaskRow[]) => rows.map((r) => r.first_seen);

test('a first page read again keeps the pages behind it where they meet', () => {
  const list = appendPage(listOf(page([9, 8, 7], 'a')), page([6, 5, 4], 'b'));

  const merged = mergeFirst(list, page([11, 10, 9], 'c'));

  expect(ids(merged.rows)).toEqual([11, 10, 9, 8, 7, 6, 5, 4]);
  expect(merged.next).toBe('b');
});

test('a first page that no longer meets the list begins it anew', () => {
  const list = appendPage(listOf(page([3, 2], 'a')), page([1], null));

  const merged = mergeFirst(list, page([30, 29], 'c'));

  expect(ids(merged.rows)).toEqual([30, 29]);
  expect(merged.next).toBe('c');
});

test('a task that moved into the first page does not stand twice', () => {
  const list = appendPage(listOf(page([9, 8], 'a')), page([7, 6], 'b'));

  const merged = mergeFirst(list, page([9, 7], 'c'));

  expect(ids(merged.rows)).toEqual([9, 7, 6]);
});

test('a page that repeats rows adds only the new ones', () => {
  const list = appendPage(listOf(page([9, 8], 'a')), page([8, 7]));

  expect(ids(list.rows)).toEqual([9, 8, 7]);
});

test('live rows replace older ones in place and leave the others the same object', () => {
  const list = listOf(page([3, 2, 1]));
  const live = new Map([['task-2', taskRow(2, { state: 'FAILURE', timestamp: 5 })]]);

  const patched = patchRows(list, live);

  expect(patched.rows.map((r) => r.state)).toEqual(['SUCCESS', 'FAILURE', 'SUCCESS']);
  expect(patched.rows[0]).toBe(list.rows[0]);
});

test('a live row older than the one in the list changes nothing', () => {
  const list = listOf(page([3]));

  expect(patchRows(list, new Map([['task-3', taskRow(3, { state: 'PENDING', timestamp: 1 })]]))).toBe(list);
});

test('newer rows are those above the top that belong, newest first', () => {
  const list = listOf(page([5, 4]));
  const live = [taskRow(7), taskRow(6, { state: 'FAILURE' }), taskRow(8), taskRow(5), taskRow(2)];

  const newer = newerRows(list, live, (r) => r.state === 'SUCCESS');

  expect(ids(newer)).toEqual([8, 7]);
  expect(insertNewer(list, newer).counts.SUCCESS).toBe(4);
});

test('of more tasks than a page that share one millisecond, those of the next page are not taken for newer ones', () => {
  const burst = (numbers: number[]) => numbers.map((n) => taskRow(n, { first_seen: 5 }));
  const cut = listOf(taskPage(burst([1, 2]), { next: 'a' }));
  const whole = listOf(taskPage([...burst([1, 2]), taskRow(4)], { next: 'a' }));
  const live = [...burst([1, 2, 3]), taskRow(8)];

  expect(ids(newerRows(cut, live, () => true))).toEqual([8]);
  expect(ids(newerRows(whole, live, () => true))).toEqual([8, 5]);
});

test('state chips show trouble first, custom states last, and a chosen state even when it has none', () => {
  const chips = chipStates({ SUCCESS: 4, PROGRESS: 1, FAILURE: 2, PENDING: 0 }, new Set(['RETRY']), [
    'FAILURE',
    'RETRY',
    'PENDING',
    'SUCCESS',
  ]);

  expect(chips).toEqual(['FAILURE', 'RETRY', 'SUCCESS', 'PROGRESS']);
  expect(chipStates({ SUCCESS: 4 }, new Set(), ['FAILURE', 'SUCCESS'], ['FAILURE', 'SUCCESS'])).toEqual([
    'FAILURE',
    'SUCCESS',
  ]);
});
