// How the runs of an entry are judged: by the times it was due, by what was heard, and by what somebody sent.
import { describe, expect, it } from 'vitest';
import { judgeRuns, type RunTask, runsOf, twinsIn } from '../../../server/dashboard/views/schedule-runs.ts';
import type { EntryDefinition } from '../../../server/schedules/contract.ts';
import { nextRuns } from '../../../server/schedules/next-run.ts';
import { createMasking, type Masking, NO_MASKING } from '../../../shared/masking.ts';
import { kwargsRepr } from '../../../shared/python-repr.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';

const at = (text: string): number => Date.parse(`2026-${text}Z`) / 1000;
const task = (when: number, uuid = `t${when}`): RunTask => ({ uuid, state: 'SUCCESS', runtime: 1, first_seen: when });
const entry = (schedule: EntryDefinition['schedule'], timezone = 'UTC'): EntryDefinition => ({
  ...{ task: 'shop.check', args: [], kwargs: {}, options: {}, enabled: true, one_off: false, schedule, timezone },
});
const any = { day_of_week: '*', day_of_month: '*', month_of_year: '*' };
const HOURLY = entry({ kind: 'crontab', minute: '0', hour: '*', ...any });
const known = { byHand: new Set<string>(), unheard: [] };
const kinds = (runs: ReturnType<typeof judgeRuns>) => runs.map(({ kind }) => kind);

describe('runs of an entry', () => {
  it('by the clock are on time, late, missed, sent twice, or of somebody', () => {
    const tasks = [
      task(at('03-04T10:00:00.5')),
      task(at('03-04T11:00:40')),
      task(at('03-04T13:00:00')),
      task(at('03-04T13:00:02')),
      task(at('03-04T13:20:00')),
      task(at('03-04T13:30:00'), 'by hand'),
    ];
    const now = at('03-04T14:00:20');
    const seen = judgeRuns(HOURLY, tasks, { ...known, from: tasks[0]!.first_seen, now, byHand: new Set(['by hand']) });
    expect(kinds(seen)).toEqual(['on_time', 'late', 'missed', 'on_time', 'twice', 'extra', 'extra']);
    expect(seen[2]).toMatchObject({ due: at('03-04T12:00:00'), uuid: null, at: null });
    expect(seen[1]).toMatchObject({ due: at('03-04T11:00:00') });
  });

  it('that nobody listened for are not called missed, and what is due this moment is under way', () => {
    const tasks = [task(at('03-04T10:00:00')), task(at('03-04T13:00:00'))];
    const unheard = [{ since: at('03-04T10:30:00'), until: at('03-04T12:00:05') }];
    const judged = { ...known, from: tasks[0]!.first_seen, now: at('03-04T14:00:30'), unheard };
    expect(kinds(judgeRuns(HOURLY, tasks, judged))).toEqual(['on_time', 'on_time']);
    expect(kinds(judgeRuns(HOURLY, tasks, { ...judged, unheard: [] }))).toEqual([
      'on_time',
      'missed',
      'missed',
      'on_time',
    ]);
  });

  it.each<[string, Masking]>([
    ['by names that an operator has added', createMasking(['^shop_code$'])],
    ['by the names that are known', createMasking()],
    ['not at all', NO_MASKING],
  ])('are found where secrets of its arguments are masked %s', (_, masking) => {
    const definition = { ...HOURLY, kwargs: { shop_code: 'a1', token: 'b2', n: 1 } };
    // As the history has them.
    const row = (uuid: string, kwargs: object) => {
      const repr = masking.text(kwargsRepr(kwargs as Record<string, unknown>));
      return { ...task(at('03-04T10:00:01'), uuid), parent_id: null, args: '()', kwargs: repr } as TaskRow;
    };
    const rows = [row('its own', definition.kwargs), row("another's", { ...definition.kwargs, n: 2 })];
    const cluster = { now: at('03-04T10:00:20'), events: { gaps: { list: () => [] } } };
    const runs = runsOf(cluster, definition, rows, { byHand: new Set(), most: 10, isTwin: false, masking });
    expect(runs.map(({ uuid }) => uuid)).toEqual(['its own']);
  });

  it('of an interval are measured from the one before', () => {
    const every = entry({ kind: 'interval', every: 60, relative: false });
    const tasks = [0, 60, 65, 120, 300, 360].map((s) => task(at('03-04T10:00:00') + s));
    const judged = judgeRuns(every, tasks, { ...known, from: 0, now: at('03-04T11:00:00') });
    expect(kinds(judged)).toEqual(['on_time', 'on_time', 'twice', 'on_time', 'late', 'on_time']);
  });

  it('are no one entry’s when two send the same', () => {
    const other = { ...HOURLY, args: [1] };
    const runs = { lastRunAt: 0, totalRunCount: 0 };
    const all = (...list: EntryDefinition[]) =>
      new Map(list.map((definition, n) => [`e${n}`, { definition, runs }] as const));
    expect(twinsIn(all(HOURLY, other), NO_MASKING)(HOURLY)).toBe(false);
    expect(twinsIn(all(HOURLY, other, { ...HOURLY, enabled: false }), NO_MASKING)(HOURLY)).toBe(true);
    // Their runs look the same once their secrets are masked.
    const [one, two] = [1, 2].map((n): EntryDefinition => ({ ...HOURLY, kwargs: { token: `t${n}` } }));
    expect([createMasking(), NO_MASKING].map((masking) => twinsIn(all(one!, two!), masking)(one!))).toEqual([
      true,
      false,
    ]);
  });
});

describe('the next ten runs', () => {
  const next = (definition: EntryDefinition, now: number, lastRunAt = now * 1000) =>
    nextRuns({ definition, runs: { lastRunAt, totalRunCount: 1 } }, now * 1000, 10).map((ms) =>
      new Date(ms).toISOString().slice(5, 16),
    );

  it('follow the clock of the zone over its changes', () => {
    const nightly = entry({ kind: 'crontab', minute: '30', hour: '3', ...any }, 'Europe/Paris');
    const spring = next(nightly, at('03-27T12:00:00'));
    expect(spring).toHaveLength(10);
    expect(spring.slice(0, 3)).toEqual(['03-28T02:30', '03-29T01:30', '03-30T01:30']);
    const gone = next(
      entry({ kind: 'crontab', minute: '30', hour: '2', ...any }, 'Europe/Paris'),
      at('03-27T12:00:00'),
    );
    expect(new Set(gone).size).toBe(10);
    expect(gone.slice(0, 1)).toEqual(['03-28T01:30']);
    const twice = next(
      entry({ kind: 'crontab', minute: '30', hour: '2', ...any }, 'Europe/Paris'),
      at('10-24T12:00:00'),
    );
    expect(twice.filter((time) => time.startsWith('10-25'))).toHaveLength(1);
  });

  it('begin with what is overdue, and are one of what runs once', () => {
    const [first, second] = next(HOURLY, at('03-04T10:10:00'), at('03-04T08:00:00') * 1000);
    expect([first, second]).toEqual(['03-04T10:10', '03-04T11:00']);
    expect(next({ ...HOURLY, one_off: true }, at('03-04T10:10:00'))).toHaveLength(0);
  });
});
