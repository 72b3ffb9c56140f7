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
  /** The next ten from now, each by the clock of its zone, changes of the clock included; none: `next_run_reason`, or it is due once. */
  upcoming: Type.Array(Type.Number()),
  /** Never sent before it. */
  start_time: NNum,
  /** Who wrote it: an app's `beat_schedule`, or people and other programs, into the store. */
  from: Type.Union([Type.Literal('app'), Type.Literal('store')]),
});
export type ScheduleRow = Static<typeof ScheduleRow>;

/** The beat that sends what is due. */
export const LeaseInfo = Type.Object({
  /** free: no beat has it, so that nothing is sent, but for what `reason` says. */
  state: Type.Union([Type.Literal('held'), Type.Literal('free'), Type.Literal('unknown')]),
  pid: NInt,
  host: NStr,
  since: NNum,
  /** When it last looked at the schedule; null: its store does not tell. */
  last_tick: NNum,
  /** Why it is unknown, or what free does not tell. */
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
  /** Why nothing can be written into it from here; null: it can. */
  read_only: NStr,
});
export type SchedulesReply = Static<typeof SchedulesReply>;

/** One entry, to be written into a store that people share with beat. */
export const ScheduleRequest = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200 }),
    /** true: there must be none of that name. false: there must be one, which it replaces. */
    create: Bool,
    task: Type.String({ minLength: 1, maxLength: 200 }),
    schedule: EntrySchedule,
    timezone: NStr,
    /** null: as they are; of a new one none. */
    args: Nullable(Type.Array(Type.Unknown())),
    kwargs: Nullable(Type.Record(Str, Type.Unknown())),
    /** null: as it is. Other options stay, too. */
    queue: NStr,
    enabled: Bool,
    one_off: Bool,
  },
  { title: 'schedule' },
);
export type ScheduleRequest = Static<typeof ScheduleRequest>;

export const ScheduleNamed = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 200 }) },
  { title: 'schedule' },
);
export const ScheduleEnable = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 200 }), enabled: Bool },
  { title: 'schedule' },
);
export const ScheduleWritten = Type.Object({ name: Str });
export const ScheduleSent = Type.Object({ name: Str, uuid: Str });

export const ScheduleRunsQuery = Type.Object({ name: Type.String({ minLength: 1, maxLength: 200 }) });
/** One time the entry was due, or its task was seen. */
export const ScheduleRun = Type.Object({
  /** When it was due; null: at a time that no rule names, as when somebody sent it. */
  due: NNum,
  /** The task; null: none was seen. */
  uuid: NStr,
  state: NStr,
  /** When it was sent or received. */
  at: NNum,
  runtime: NNum,
  kind: Type.Union([
    Type.Literal('on_time'),
    Type.Literal('late'),
    Type.Literal('missed'),
    /** A second one of the same time. */
    Type.Literal('twice'),
    Type.Literal('extra'),
  ]),
});
export type ScheduleRun = Static<typeof ScheduleRun>;
export const ScheduleRunsReply = Type.Object({
  task: NStr,
  /** Newest first: tasks of its name and arguments, as events told of them. */
  items: Type.Array(ScheduleRun),
  /** Why what is late, missed or sent twice cannot be told; null: it can. */
  reason: NStr,
});
export type ScheduleRunsReply = Static<typeof ScheduleRunsReply>;

/** The last runs of every entry, newest first, for a list of them. */
export const ScheduleRecentReply = Type.Object({
  items: Type.Array(
    Type.Object({
      name: Str,
      task: Str,
      runs: Type.Array(Type.Pick(ScheduleRun, ['kind', 'state', 'at', 'due'])),
    }),
  ),
  /** Entries of a long schedule whose runs were not looked at. */
  left_out: Int,
  /** Runs of the last hour that came a second time, as when two beats send: how many, of which entries, since when. null: too few to say. */
  twice: Nullable(Type.Object({ runs: Int, entries: Type.Array(Str), since: Type.Number() })),
});
export type ScheduleRecentReply = Static<typeof ScheduleRecentReply>;

/** A task that a worker holds until its time. */
export const EtaTask = Type.Object({
  uuid: Str,
  name: NStr,
  worker: Str,
  eta: NNum,
  args: NStr,
  kwargs: NStr,
});
export type EtaTask = Static<typeof EtaTask>;
export const EtaReply = Type.Object({
  /** The soonest first. */
  items: Type.Array(EtaTask),
  total: Int,
  /** Workers that were not asked, or did not answer: what they hold is not here. */
  unknown: Type.Array(Str),
});
export type EtaReply = Static<typeof EtaReply>;
