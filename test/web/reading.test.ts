// What the pages make of texts and numbers: timeline, query chips, rates, axes.
import { expect, test } from 'vitest';
import { splitException } from '../../shared/exception-repr.ts';
import { countTicks, logAxis, niceMax, spread, stepPoints, timeTicks } from '../../web/src/charts/axis.ts';
import { fittingRange, gapsWithin, wholeBuckets } from '../../web/src/charts/series-data.ts';
import { refusal } from '../../web/src/tasks/applies.ts';
import { chipsOf, without } from '../../web/src/tasks/query-chips.ts';
import { timelineOf } from '../../web/src/tasks/timeline.ts';
import { signed } from '../../web/src/ui/format.ts';
import { limitEffect, readRate, readSeconds } from '../../web/src/workers/rate-effect.ts';

const task = {
  state: 'SUCCESS',
  sent: 100,
  received: 101,
  started: 102,
  succeeded: 112,
  failed: null,
  retried: null,
  revoked: null,
  rejected: null,
  queue: 'celery',
  eta: null,
  baseline_p95: 5,
  runtime: 10,
};

test('a timeline tells each wait and where p95 would have ended', () => {
  const line = timelineOf(task, 200);

  expect(line.points.map((p) => p.label)).toEqual(['Sent', 'Received', 'Started', 'Succeeded']);
  expect(line.gaps.map((g) => g?.seconds)).toEqual([1, 1, 10]);
  expect(line.gaps[2]!.tick).toBeCloseTo(7 / 12);
  expect(line.total).toBe(12);
});

test('a task that runs is open at its end', () => {
  const line = timelineOf({ ...task, state: 'STARTED', succeeded: null, runtime: null }, 110);

  expect(line.points.at(-1)).toMatchObject({ label: 'Running', at: 110 });
  expect(line.gaps.at(-1)).toMatchObject({ open: true, seconds: 8 });
});

test('a task revoked before it started has no start', () => {
  const line = timelineOf({ ...task, state: 'REVOKED', started: null, succeeded: null, revoked: 105 }, 110);

  expect(line.points.map((p) => p.label)).toEqual(['Sent', 'Received', 'Revoked']);
});

test('a plain row of conditions is shown as chips, one with OR as text', () => {
  expect(chipsOf('state:FAILURE NOT name:*.refund exc').map((c) => [c.head, c.tail])).toEqual([
    ['state:', 'FAILURE'],
    ['NOT name:', '*.refund'],
    ['', 'exc'],
  ]);
  expect(chipsOf('a OR b')).toEqual([]);
  expect(chipsOf('')).toEqual([]);
});

test('a chip taken out leaves the rest of the query as it is', () => {
  const query = 'state:FAILURE AND name:pay worker:w1';
  const chips = chipsOf(query);

  expect(without(query, chips[1]!)).toBe('state:FAILURE worker:w1');
  expect(without(query, chips[0]!)).toBe('name:pay worker:w1');
  expect(without('pay', chipsOf('pay')[0]!)).toBe('');
});

test('rates are read as Celery writes them, and what they do is said', () => {
  expect(readRate('10/m')).toMatchObject({ ok: true, text: '10/m', perMin: 10 });
  expect(readRate('5')).toMatchObject({ text: '5/s', perMin: 300 });
  expect(readRate('none')).toMatchObject({ text: '0', perMin: null });
  expect(readRate('10/day').ok).toBe(false);
  expect(limitEffect({ ok: true, text: '60/m', perMin: 60 }, 1, 100)).toBe(
    'At most 60/m on this worker. It runs 100/m here now, so about 40 a minute will wait.',
  );
  expect(readSeconds('30 s')).toBe(30);
  expect(readSeconds('')).toBeNull();
  expect(readSeconds('soon')).toBeUndefined();
});

test('a verb that does not apply says why', () => {
  expect(refusal('revoke', { state: 'SUCCESS', started: 1, name: 'x' })).toBe('It has already finished');
  expect(refusal('terminate', { state: 'RECEIVED', started: null, name: 'x' })).toBe('It is not running');
  expect(refusal('retry', { state: 'STARTED', started: 1, name: 'x' })).toBe('It has not finished yet');
  expect(refusal('retry', { state: 'FAILURE', started: 1, name: 'x' })).toBeNull();
});

test('axes end at round numbers above the data', () => {
  expect(niceMax(1263)).toBe(1500);
  expect(niceMax(0)).toBe(4);
  expect(countTicks(1500)).toEqual([0, 500, 1000, 1500]);
  expect(countTicks(4)).toEqual([0, 1, 2, 3, 4]);
  expect(logAxis([0.1, 27]).ticks).toEqual([0.1, 1, 10, 60]);
  expect(timeTicks(0, 3600, 6)).toHaveLength(7);
});

test('labels that would lie on each other are moved apart, in their order', () => {
  const [a, b, c] = spread([50, 51, 120], 15, 0, 200);

  expect(b! - a!).toBeGreaterThanOrEqual(15);
  expect(c).toBe(120);
  expect(spread([198, 199], 15, 0, 200)).toEqual([185, 200]);
});

test('an unfinished bucket closes the line and is told apart', () => {
  const { points, unfinished } = stepPoints({
    range: '1h',
    t: [0, 60, 120],
    step: 60,
    last_unfinished: true,
    lines: { SUCCESS: [5, null, 2] },
    totals: {},
  });

  expect(points.map((p) => [p.t, p.SUCCESS])).toEqual([
    [0, 5],
    [60, null],
    [120, null],
  ]);
  expect(unfinished).toEqual({ t: 120, total: 2 });
});

test('percentiles leave out the bucket that is not over, unless there is nothing else', () => {
  const base = { range: '1h' as const, t: [0, 60, 120], step: 60, totals: {} };
  const lines = { p50: [0.2, 0.3, 0.001], p99: [2, null, 0.001] };

  expect(wholeBuckets({ ...base, last_unfinished: true, lines }).lines).toEqual({
    p50: [0.2, 0.3, null],
    p99: [2, null, null],
  });
  expect(wholeBuckets({ ...base, last_unfinished: false, lines }).lines).toBe(lines);
  const young = { p50: [null, null, 0.2] };
  expect(wholeBuckets({ ...base, last_unfinished: true, lines: young }).lines).toBe(young);
});

test('a bucket in which nobody listened for most of the time is no low value, and a gap belongs to the charts whose time it reaches into', () => {
  const series = { t: [0, 60, 120, 180], step: 60 };
  // Of the second some were found out later.
  const lines = { SUCCESS: [5, 1, 0, 2] };
  const gaps = [{ since: 50, until: 130, tasks: 9, events: 27 }];
  const { points } = stepPoints({ ...series, range: '1h', last_unfinished: true, lines, totals: {} }, gaps);

  expect(points.slice(0, 3).map((p) => p.SUCCESS)).toEqual([5, null, 0]);
  const later = { since: 300, until: null, tasks: null, events: 0 };
  expect(gapsWithin([later, ...gaps], series)).toEqual(gaps);
  expect(gapsWithin([later, ...gaps], { t: [240, 300], step: 60 })).toEqual([later]);
});

test('an exception repr is its class and its message', () => {
  expect(splitException("shop.Big('SELECT x, x")).toEqual({ type: 'Big', message: 'SELECT x, x' });
  expect(splitException("KeyError('vat_id')")).toEqual({ type: 'KeyError', message: 'vat_id' });
  expect(splitException('ReadTimeout("host=\'x\'")')).toEqual({ type: 'ReadTimeout', message: "host='x'" });
  expect(splitException('odd text')).toEqual({ type: '', message: 'odd text' });
  expect([signed(38), signed(-3), signed(0)]).toEqual(['+38', '\u22123', '0']);
});

test('a young history is shown over 15 minutes, one that is older over an hour', () => {
  const heardFor = (minutes: number) => Array.from({ length: 60 }, (_, i) => (i >= 60 - minutes ? 1 : null));

  expect([0, 1, 15, 16, 60].map((minutes) => fittingRange(heardFor(minutes)))).toEqual([
    '15m',
    '15m',
    '15m',
    '1h',
    '1h',
  ]);
});
