// The schedule on the wire: what beat sends, when it did and will, and which beat it is.
import { type Static, Type } from 'typebox';
import { Bool, Int, NBool, NInt, NNum, NStr, Nullable, Str } from './schema.ts';

const EntrySchedule = Type.Union([
  Type.Object({
    kind: Type.Literal('interval'),
    /** @unit seconds */
    every: Type.Number(),
    /** Runs fall on full days, hours, minutes or seconds of the clock. */
    relative: Bool,
  }),
  Type.Object({
    kind: Type.Literal('crontab'),
    minute: Str,
    hour: Str,
    day_of_week: Str,
    day_of_month: Str,
    month_of_year: Str,
  }),
  Type.Object({
    kind: Type.Literal('solar'),
    event: Str,
    /** @unit degrees, north is positive */
    lat: Type.Number(),
    /** @unit degrees, east is positive */
    lon: Type.Number(),
  }),
  Type.Object({
    kind: Type.Literal('clocked'),
    /** @unit milliseconds since the epoch */
    at: Type.Number(),
  }),
  /** An object of the app's own, of which only the text is known. */
  Type.Object({ kind: Type.Literal('custom'), text: Str }),
]);

/** What null stands for is unknown: a beat of before writes down the runs only. */
export const ScheduleRow = Type.Object({
  name: Str,
  task: NStr,
  schedule: Nullable(EntrySchedule),
  /** By whose clock the schedule is read: a name of the IANA. */
  timezone: NStr,
  /** Masked. null: unknown, or JSON has no words for them; so are the next two. */
  args: Nullable(Type.Array(Type.Unknown())),
  kwargs: Nullable(Type.Record(Str, Type.Unknown())),
  options: Nullable(Type.Record(Str, Type.Unknown())),
  /** false: kept, never sent. */
  enabled: NBool,
  /** true: sent once, and never again. */
  one_off: NBool,
  /** null: it was not sent yet. */
  last_run: NNum,
  total_run_count: Int,
  /** When it is due; in the past: it is overdue, or no beat runs. null: `next_run_reason` says why. */
  next_run: NNum,
  next_run_reason: NStr,
});
export type ScheduleRow = Static<typeof ScheduleRow>;

/** The beat that sends what is due. */
export const LeaseInfo = Type.Object({
  /** free: no beat has it, so that nothing is sent. */
  state: Type.Union([Type.Literal('held'), Type.Literal('free'), Type.Literal('unknown')]),
  pid: NInt,
  host: NStr,
  since: NNum,
  /** Why it is unknown. */
  reason: NStr,
});
export type LeaseInfo = Static<typeof LeaseInfo>;

export const SchedulesReply = Type.Object({
  /** Where it is kept, without secrets; null: this dashboard was not told. */
  store: NStr,
  /** By name; null: unknown, `reason` says why. */
  items: Nullable(Type.Array(ScheduleRow)),
  reason: NStr,
  lease: LeaseInfo,
});
export type SchedulesReply = Static<typeof SchedulesReply>;
