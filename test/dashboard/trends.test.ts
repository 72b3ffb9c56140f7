// What is made of the last hour by the minute: means that do not count time in which nobody listened.
import { expect, test } from 'vitest';
import { NO_TRENDS, recentPerMinute, type Trends } from '../../server/dashboard/cluster/trends.ts';

/** The last minutes of the hour; before them nobody listened. */
function lately(...finished: (number | null)[]): { trends: Trends; line: number[] } {
  const all = [...Array<null>(60 - finished.length).fill(null), ...finished];
  return { trends: { ...NO_TRENDS, begin: 0, finished: all }, line: all.map((n) => n ?? 0) };
}
const END = 59 * 60;

test('the rate is the mean of the full minutes in which we listened, but for the one in which we began', () => {
  const { trends, line } = lately(10, 60, 62, 5);
  expect(recentPerMinute(trends, line, END + 5)).toBe(61);
});

test('after an hour it is the mean of five full minutes', () => {
  const { trends, line } = lately(...Array<number>(54).fill(7), 1, 2, 3, 4, 5, 900);
  expect(recentPerMinute(trends, line, END + 5)).toBe(3);
});

test('within the first minute it is the running one, scaled; before ten seconds nothing', () => {
  const { trends, line } = lately(20);
  expect(recentPerMinute(trends, line, END + 30)).toBe(40);
  expect(recentPerMinute(trends, line, END + 5)).toBeNull();
});

test('who finished nothing while we listened has zero; when nobody listened it is unknown', () => {
  expect(recentPerMinute(lately(5, 5, 5).trends, undefined, END + 5)).toBe(0);
  expect(recentPerMinute(NO_TRENDS, undefined, END + 5)).toBeNull();
});
