// The counts above the list of tasks without a browser: what is unknown, what is only a least, and that no chip moves another.
// Product: web/src/tasks/state-chips.tsx, web/src/ui/steady-count.tsx.
import { expect, test } from 'vitest';
import { countRoom } from '../../web/src/ui/steady-count.tsx';
import { drawn, textOf } from './support/drawn.tsx';
import { taskPage } from './support/factories.ts';

const { StateChips } = await import('../../web/src/tasks/state-chips.tsx');
const { listOf } = await import('../../web/src/tasks/task-list.ts');

const USUAL = ['FAILURE', 'RETRY', 'STARTED', 'RECEIVED', 'PENDING', 'SUCCESS'];
const chips = (page: ReturnType<typeof taskPage> | null) =>
  drawn(<StateChips list={page && listOf(page)} state="" onChange={() => {}} />);

test('before the first answer no count is known, and none is 0', async () => {
  const text = textOf(await chips(null));

  for (const state of ['All', ...USUAL]) expect(text).toContain(`${state} -`);
  expect(text).not.toMatch(/\d/);
});

test('the usual states keep their places, whether they have tasks or not', async () => {
  const text = textOf(await chips(taskPage([], { counts: { SUCCESS: 12, PROGRESS: 1 }, total: 13 })));
  const places = [...USUAL, 'PROGRESS'].map((state) => text.indexOf(` ${state} `));

  expect(places).not.toContain(-1);
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(text).toContain('RETRY 0');
});

test('a count has room for the digits that come', async () => {
  const widths = async (n: number) =>
    [...(await chips(taskPage([], { counts: { SUCCESS: n }, total: n }))).matchAll(/min-width:(\w+)/g)].map(
      ([, w]) => w,
    );

  expect(await widths(9)).toEqual(await widths(999));
  expect(await widths(1000)).toEqual(await widths(123_456));
  expect(['7', '42', '999', '1,000', '12.4k', '999k'].map(countRoom)).toEqual([3, 3, 3, 5, 5, 5]);
});
