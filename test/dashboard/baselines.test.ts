// How tasks usually run: one reading for all who ask, on a clock that a test moves.
import { expect, test } from 'vitest';
import { Baselines } from '../../server/dashboard/cluster/baselines.ts';
import type { HistoryStore } from '../../server/dashboard/history/contract.ts';
import { ManualTimer } from '../support/clock.ts';

function baselines() {
  const timer = new ManualTimer();
  const spans: number[] = [];
  const history = {
    fails: false,
    async keyStats(_: string, from: number) {
      if (this.fails) throw new Error('away');
      spans.push(Math.round(timer.now() / 1000 - from));
      return [{ key: 'shop.pay', finished: 40, failed: 0, retried: 0, p50: 1, p95: 2, p99: 3 }];
    },
  };
  return { timer, spans, history, of: new Baselines(history as unknown as HistoryStore, timer) };
}

test('whoever asks at the same time shares one reading of the history, of an hour or of a week', async () => {
  const { timer, spans, of } = baselines();
  const [one, two] = await Promise.all([of.lastHour(), of.lastHour(), of.lastWeek()]);
  expect([one.get('shop.pay')?.p95, one === two, one.get('shop.other')]).toEqual([2, true, undefined]);
  expect(spans).toEqual([3600, 7 * 86_400]);
  timer.advance(2500);
  await Promise.all([of.lastHour(), of.lastWeek()]);
  expect(spans).toEqual([3600, 7 * 86_400, 3600]);
});

test('a reading that failed is not kept', async () => {
  const { history, of } = baselines();
  history.fails = true;
  await expect(of.lastHour()).rejects.toThrow('away');
  history.fails = false;
  expect((await of.lastHour()).size).toBe(1);
});
