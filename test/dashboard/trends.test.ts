// What is made of the last hour by the minute: means that do not count time in which nobody listened.
import { expect, test } from 'vitest';
import { queueRates } from '../../server/dashboard/cluster/queue-rate.ts';
import {
  heardFor,
  LastHour,
  NO_TRENDS,
  perMinuteSince,
  recentPerMinute,
  type Trends,
  workerPerMinute,
} from '../../server/dashboard/cluster/trends.ts';
import { silentLogger } from '../../server/log.ts';
import { ManualTimer } from '../support/clock.ts';

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

test('since something waits, the rate does not count the idle time before', () => {
  const { trends, line } = lately(...Array<number>(56).fill(0), 20, 20, 20, 10);
  const now = END + 30;
  expect(recentPerMinute(trends, line, now)).toBe(12);
  expect(perMinuteSince(trends, line, now, now - 210)).toBe(20);
  // Of a short time it is all there is, and of one too short nothing is said.
  expect(perMinuteSince(trends, line, now, now - 30)).toBe(20);
  expect(perMinuteSince(trends, line, now, now - 10)).toBeNull();
  expect(perMinuteSince(NO_TRENDS, line, now, now - 210)).toBeNull();
});

test('a worker’s rate is over the time that was watched, and unknown while that is too short', () => {
  const { trends, line } = lately(2, 8);
  const now = END + 20;
  // The dashboard began two seconds before the running minute.
  expect(workerPerMinute(trends, line, now, END - 2, 0)).toBe(27.27);
  expect(workerPerMinute(trends, line, END + 10, END - 2, 0)).toBeNull();
  expect(workerPerMinute(NO_TRENDS, undefined, now, END - 2, 0)).toBeNull();
  expect(workerPerMinute(trends, undefined, now, END - 100, 0)).toBe(0);
});

test('a worker that has just started is not judged by the minutes before it; one of a known name is', () => {
  const { trends, line } = lately(...Array<number>(60).fill(0));
  line[58] = 10;
  line[59] = 20;
  expect(workerPerMinute(trends, line, END + 30, 0, END - 30)).toBe(30);
  line[55] = 30;
  expect(workerPerMinute(trends, line, END + 30, 0, END - 30)).toBe(10.91);
});

test('what is heard of an hour leaves out gaps and what lay before the start', () => {
  expect(heardFor(lately(1, null, 1).trends, END + 30, 0)).toBe(90);
  expect(heardFor(lately(1, 1, 1).trends, END + 30, END - 110)).toBe(140);
  expect(heardFor(lately(1, 1, 1).trends, END + 30, END - 110, END - 30)).toBe(60);
  // A dashboard that was started again knows what the one before has heard.
  expect(heardFor(lately(1, 1, 1).trends, END + 30, END - 30)).toBe(150);
});

/** What a dashboard knows of two workers, one of which consumes two queues, in an hour of 10 ends a minute on each worker. */
function rates({ named, silent = [] }: { named: boolean; silent?: string[] }) {
  const { trends } = lately(...Array<number>(60).fill(20));
  const tens = Array<number>(60).fill(10);
  trends.byWorker = new Map(['only@h', 'both@h'].map((hostname) => [hostname, tens]));
  if (named) trends.byQueue = new Map(['mail', 'work'].map((name) => [name, tens]));
  const queues = (...names: string[]) => ({ active_queues: names.map((name) => ({ name })) });
  return queueRates({
    trends,
    now: END + 60,
    inspected: new Map(Object.entries({ 'only@h': queues('mail'), 'both@h': queues('mail', 'work') })),
    sendsEvents: (hostname: string) => (silent.includes(hostname) ? false : null),
  } as never);
}

test('a queue loses what its tasks end, where every end names its queue', () => {
  const rateOf = rates({ named: true });
  expect(rateOf('mail', ['only@h', 'both@h'])).toBe(10);
  expect(rateOf('idle', ['both@h'])).toBe(0);
  expect(rateOf('mail', ['only@h'], END - 100)).toBe(10);
});

test('where ends name no queue, it loses what its workers end if they have no other; else that is unknown, not 0', () => {
  const rateOf = rates({ named: false });
  expect(rateOf('mail', ['only@h'])).toBe(10);
  expect(rateOf('mail', ['only@h', 'both@h'])).toBeNull();
  expect(rateOf('work', ['both@h'])).toBeNull();
  expect(rateOf('nobody', [])).toBeNull();
  expect(rates({ named: true, silent: ['only@h'] })('mail', ['only@h'])).toBeNull();
});

/** The last hour of a dashboard at which one task ends each second, by a clock that may be set. */
function atOneASecond(timer: ManualTimer) {
  const ends = new Map<number, number>();
  const sums = (step: number, from: number, to: number) => {
    const found = new Map<number, number>();
    for (const [second, n] of ends) {
      const bucket = Math.floor(second / step) * step;
      if (bucket >= from && bucket < to) found.set(bucket, (found.get(bucket) ?? 0) + n);
    }
    return [...found].map(([bucket, finished]) => ({ key: '', bucket, finished, failed: 0 }));
  };
  const hour = new LastHour(
    {
      perMinute: async (dim: string, from: number, to: number) => (dim === 'all' ? sums(60, from, to) : []),
      gauges: async (_: string, from: number) => sums(60, from, 1e12).map((one) => ({ ...one, name: 'up', value: 1 })),
      sums: async (step: number, from: number, to: number) => {
        const all = sums(step, from, to);
        return { finished: all.reduce((n, { finished }) => n + finished, 0), failed: 0, buckets: all.length };
      },
    } as never,
    timer,
    () => (timer.now() - timer.monotonic()) / 1000,
    silentLogger,
  );
  timer.onJump((byMs) => hour.clockSet(byMs / 1000));
  const work = (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      const second = Math.floor(timer.now() / 1000);
      ends.set(second, (ends.get(second) ?? 0) + 1);
      timer.advance(1000);
    }
  };
  const rates = async () => {
    await hour.refresh();
    const { trends } = hour;
    const now = timer.now() / 1000;
    const line = trends.finished.map((n) => n ?? 0);
    const worker = workerPerMinute(trends, line, now, (timer.now() - timer.monotonic()) / 1000, 0);
    const all = { overview: trends.finishedPerMin, worker, queue: recentPerMinute(trends, line, now) };
    return { ...all, waiting: perMinuteSince(trends, line, now, now - 290) };
  };
  return { work, rates };
}

test.each([3600, 90, -90, -3600])('a clock that is set by %i s changes no rate', async (by) => {
  const timer = new ManualTimer();
  const { work, rates } = atOneASecond(timer);
  work(600);
  const untrue: object[] = [];
  const look = async (after: number) => {
    const found = Object.entries(await rates());
    for (const [of, rate] of found)
      if (rate === null ? after > 60 : rate < 54 || rate > 66) untrue.push({ after, of, rate });
  };
  await look(0);
  timer.setWallClock(by * 1000);
  for (let after = 15; after <= 450; after += 15) {
    work(15);
    await look(after);
  }
  expect(untrue).toEqual([]);
});
