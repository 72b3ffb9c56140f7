// Instants by the clock that a person chose: here the cluster's own, whose offset changes in the year.
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { pageOptionsMeta, pageOptionsOf } from '../../server/dashboard/options/page-options.ts';

const OPTIONS = { tasks_columns: null, natural_time: true, auto_refresh: true, trace_url: null };
const meta = pageOptionsMeta(pageOptionsOf({ ...OPTIONS, settings: { timezone: 'Europe/Berlin' } }));
const content = /content="([^"]*)"/.exec(meta)![1]!.replaceAll('&quot;', '"');
const kept = new Map([['umbel.times', '{"zone":"app","times":"clock"}']]);

let format: typeof import('../../web/src/ui/format.ts');
let zone: typeof import('../../web/src/ui/zone.ts');
beforeAll(async () => {
  vi.stubGlobal('document', {
    documentElement: {},
    querySelector: (what: string) => (what === 'meta[name="umbel-pages"]' ? { getAttribute: () => content } : null),
  });
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
  vi.stubGlobal('location', { reload: () => kept.set('reloaded', 'yes') });
  format = await import('../../web/src/ui/format.ts');
  zone = await import('../../web/src/ui/zone.ts');
});
afterAll(() => vi.unstubAllGlobals());

const at = (iso: string) => Date.parse(iso) / 1000;

it("offers this browser's, UTC, and the cluster's where one is named and known", () => {
  expect(zone.ZONES.map(([one]) => one)).toEqual(['local', 'utc', 'app']);
  expect([zone.zone, zone.times, zone.zoneName()]).toEqual(['app', 'clock', 'Europe/Berlin']);
  expect(pageOptionsMeta(pageOptionsOf({ ...OPTIONS, settings: { timezone: 'UTC' } }))).toBe('');
});

it('shows instants, days and axes by it, with its offset of that day', async () => {
  const [summer, winter] = [at('2026-07-31T22:30:07.214Z'), at('2026-11-30T23:30:07.214Z')];
  expect(format.exactTime(summer)).toBe('2026-08-01 00:30:07.214 UTC+2');
  expect(format.exactTime(winter)).toBe('2026-12-01 00:30:07.214 UTC+1');
  expect([format.day(winter), format.axisTime(winter, 3600)]).toEqual(['Dec 1, UTC+1', '00:30']);
  expect(format.instant(winter, at('2026-12-01T12:00:00Z'))).toBe('00:30:07');
  expect(format.instant(summer, winter)).toBe('Aug 1, 00:30:07');
  expect(format.exactTime(9e18)).toBe('-');
  const { timeTicks } = await import('../../web/src/charts/axis.ts');
  const noons = timeTicks(at('2026-07-01T00:00:00Z'), at('2026-07-05T00:00:00Z'), 5);
  expect(noons.map((tick) => format.exactTime(tick).slice(11, 16))).toEqual(['00:00', '00:00', '00:00', '00:00']);
});

it('reads what is typed by it, on both sides of a change of the clocks', () => {
  for (const wall of ['2026-03-28T02:30:00', '2026-03-29T03:30:00', '2026-10-25T01:30:00', '2026-10-26T02:30:00'])
    expect(zone.wallClock(zone.instantAt(wall)).toISOString()).toBe(`${wall}.000Z`);
  expect(zone.instantAt('soon')).toBeNaN();
});

it('copies what happened as ISO 8601, in UTC', async () => {
  const { isoLines } = await import('../../web/src/tasks/iso-lines.ts');
  const points = [
    { label: 'Sent', at: null },
    { label: 'Received', at: at('2026-11-30T23:30:07.214Z') },
    { label: 'Running', at: 5 },
    { label: 'Failed', at: 9e18 },
  ];
  expect(isoLines(points)).toBe('Received 2026-11-30T23:30:07.214Z');
});

it('keeps what is chosen, and loads the page anew', () => {
  zone.chooseTimes({ zone: 'utc' });
  expect([kept.get('umbel.times'), kept.get('reloaded')]).toEqual(['{"zone":"utc","times":"clock"}', 'yes']);
});
