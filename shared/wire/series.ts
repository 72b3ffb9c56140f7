// The lines of every chart, their ranges, and the spans of which events are missing.
import { type Static, Type } from 'typebox';
import { Precision } from './count.ts';
import { Bool, NInt, NNum, Num, Str } from './schema.ts';

/** 15m, 1h, 6h, 24h, 7d, 30d. */
export const Range = Type.Union([
  Type.Literal('15m'),
  Type.Literal('1h'),
  Type.Literal('6h'),
  Type.Literal('24h'),
  Type.Literal('7d'),
  Type.Literal('30d'),
]);
export type Range = Static<typeof Range>;

/** A time of which events are missing. */
export const EventGap = Type.Object({
  since: Num,
  /** null: it goes on. */
  until: NNum,
  /** Tasks that began unseen, by the counts of their workers; null: unknown, no worker told. */
  tasks: NInt,
  /** exact: every worker of before told. at_least: some ended or fell silent meanwhile. Absent: about. */
  tasks_is: Type.Optional(Precision),
  /** Events of tasks, about; null: unknown. */
  events: NInt,
  events_is: Type.Optional(Precision),
  /**
   * broker-away: the line to the broker was down. not-running: no dashboard ran on this history. stood-still: this process was
   * suspended. not-written: they were heard, and the history could not be written for so long that they were given up.
   */
  cause: Type.Optional(
    Type.Union([
      Type.Literal('broker-away'),
      Type.Literal('not-running'),
      Type.Literal('stood-still'),
      Type.Literal('not-written'),
    ]),
  ),
});
export type EventGap = Static<typeof EventGap>;

/** One time axis, several lines: at most 300 points. A bucket without data is null, never zero. */
export const SeriesReply = Type.Object({
  range: Range,
  /** Start of each bucket. */
  t: Type.Array(Num),
  /** @unit seconds */
  step: Num,
  /** The last bucket is still filling. */
  last_unfinished: Bool,
  /** Line name (a state, 'p50', 'p95', 'p99', 'depth' ...) to its values. */
  lines: Type.Record(Str, Type.Array(NNum)),
  totals: Type.Record(Str, Num),
  /** Spans of the axis of which events are missing, oldest first, without one that goes on (ClusterInfo): to be hatched. A value within one is at least so much. */
  gaps: Type.Optional(Type.Array(EventGap)),
});
export type SeriesReply = Static<typeof SeriesReply>;

export const SeriesQuery = Type.Object({
  /** throughput: SUCCESS, RETRY, FAILURE, REVOKED per bucket. runtime, wait: p50, p95, p99. depth: of one queue. */
  metric: Type.Union([
    Type.Literal('throughput'),
    Type.Literal('runtime'),
    Type.Literal('wait'),
    Type.Literal('depth'),
  ]),
  range: Type.Optional(Range),
  task: Type.Optional(Str),
  queue: Type.Optional(Str),
  worker: Type.Optional(Str),
});
export type SeriesQuery = Static<typeof SeriesQuery>;
