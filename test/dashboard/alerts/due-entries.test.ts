// Which entries of beat are due, as a rule on missed ones asks for it: read seldom, and not at all while nobody wants it.
import { expect, it } from 'vitest';
import { DueEntries } from '../../../server/dashboard/alerts/due-entries.ts';
import type { ScheduleStore, StoredEntry } from '../../../server/schedules/contract.ts';
import { ManualTimer } from '../../support/clock.ts';

const entry = (every: number, lastRunAt: number, enabled = true): StoredEntry => ({
  definition: {
    ...{
      task: 'shop.totals',
      schedule: { kind: 'interval', every, relative: false },
      args: [],
      kwargs: {},
      options: {},
    },
    ...{ enabled, one_off: false, timezone: 'UTC' },
  },
  runs: { lastRunAt, totalRunCount: 1 },
});

it('are those whose time has come, read every 15 s while they are wanted; what cannot be read is unknown', async () => {
  const timer = new ManualTimer();
  const now = timer.now();
  let loads = 0;
  let isAway = false;
  const load = async () => {
    loads++;
    if (isAway) throw new Error('refused');
    return new Map([
      ['late', entry(60, now - 100_000)],
      ['soon', entry(600, now - 100_000)],
      ['off', entry(60, now - 100_000, false)],
    ]);
  };
  const due = new DueEntries({ load } as unknown as ScheduleStore, timer);
  due.read(false);
  timer.advance(60_000);
  expect([due.read(false), loads]).toEqual(['The schedule is being read.', 0]);
  due.read(true);
  await expect.poll(() => due.read(true)).toEqual([{ name: 'late', due: (now - 40_000) / 1000 }]);
  timer.advance(14_000);
  due.read(true);
  expect(loads).toBe(1);
  isAway = true;
  timer.advance(1000);
  due.read(true);
  await expect.poll(() => due.read(true)).toBe('The schedule cannot be read: refused');
  expect(loads).toBe(2);
  expect(new DueEntries(null, timer).read(true)).toBe('Where beat keeps its schedule is unknown to this dashboard.');
});
