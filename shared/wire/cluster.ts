// The cluster, its sources, and how far what is shown is of now.
import { type Static, Type } from 'typebox';
import { Precision } from './count.ts';
import { Bool, Int, NBool, NInt, NNum, NStr, Num, Str } from './schema.ts';
import { EventGap } from './series.ts';

export const SourceState = Type.Object({
  /** 'broker', 'results', 'store', 'events'. */
  name: Str,
  label: Str,
  ok: Bool,
  /** none: there is none (no result store is configured). unknown: it was not asked yet. */
  state: Type.Union([Type.Literal('ok'), Type.Literal('down'), Type.Literal('none'), Type.Literal('unknown')]),
  /** Since when it is down. */
  since: NNum,
  /** Last answer. */
  last_ok: NNum,
  latency_ms: NNum,
  detail: NStr,
});
export type SourceState = Static<typeof SourceState>;

/** /readyz. */
export const Readiness = Type.Object({
  /** Every source that is needed is there; results are not needed. */
  ready: Bool,
  sources: Type.Record(Str, Type.Object({ ok: Bool, detail: NStr })),
  /** At the root of a dashboard of several, which is ready when one of them is: how many are, and no name. */
  clusters: Type.Optional(Type.Object({ ready: Int, total: Int })),
});
export type Readiness = Static<typeof Readiness>;

/** /metrics. `owner`, whatever its value: of the dashboard that has the history, also where another one is asked that stands by for it. */
export const MetricsQuery = Type.Object({ owner: Type.Optional(Str) });

/** Whether a part of the picture is of now. */
export const Knowledge = Type.Object({
  /** null: there is no such source (no result store is configured), or it was not asked yet; `reason` says which. */
  ok: NBool,
  /** When it was last known to be true; null: never. */
  as_of: NNum,
  /** Since when it is not known any more; null while it is. */
  since: NNum,
  /** Why not, as words; null while it is. */
  reason: NStr,
});
export type Knowledge = Static<typeof Knowledge>;

/** What figures rest on; when a source is not ok, what depends on it is as it was at its `as_of`. */
export const KnowledgeBySource = Type.Object({
  /** States and counts of tasks, heartbeats of workers. */
  events: Knowledge,
  /** Depths, consumers and age of queues. */
  broker: Knowledge,
  /** What workers answer: slots, what they hold, limits; no action reaches a worker while it is away. */
  control: Knowledge,
  /** Lists, counts and charts. */
  history: Knowledge,
  results: Knowledge,
});
export type KnowledgeBySource = Static<typeof KnowledgeBySource>;

/** Whether what is heard is being kept. */
export const HistoryHealth = Type.Object({
  ok: Bool,
  /** full: no space on the disk. missing: the file was deleted, replaced or its disk is away. failing: any other error. */
  problem: Type.Union([Type.Literal('full'), Type.Literal('missing'), Type.Literal('failing'), Type.Null()]),
  /** One sentence for a person; null when ok. */
  reason: NStr,
  /** Since when nothing is written; null when ok. */
  since: NNum,
  /** Tasks whose changes wait in memory to be written. */
  waiting: Int,
  /** Tasks whose changes were given up since the start, since too many waited. They are looked up in the result store later. */
  given_up: Int,
});
export type HistoryHealth = Static<typeof HistoryHealth>;

export const ClusterInfo = Type.Object({
  name: Str,
  version: Str,
  broker: Str,
  result_backend: NStr,
  sources: Type.Array(SourceState),
  events_per_s: Num,
  events_total: Int,
  /** Queues of the broker that are not listed, since there are so many. Not there: none. */
  queues_left_out: Type.Optional(Int),
  /** Events missed in the last 24 h, the sum over its gaps; null: some were, and nobody can tell how many. 0: none. */
  events_lost: NInt,
  /** at_least: of some gaps the number is unknown. Absent: about. */
  events_lost_is: Type.Optional(Precision),
  /** Newest first, of the last 31 days: 20 at most. */
  gaps: Type.Array(EventGap),
  history: Type.Optional(HistoryHealth),
  knowledge: KnowledgeBySource,
  /** Who asks may change nothing. */
  read_only: Bool,
  /** Who asks; null: nobody logs in here. */
  user: NStr,
  /** What who asks is, by the rules. */
  role: Type.Union([Type.Literal('viewer'), Type.Literal('operator'), Type.Literal('admin')]),
  /** How who asks is known: 'session' is one that can be signed out. */
  via: Str,
  server_time: Num,
});
export type ClusterInfo = Static<typeof ClusterInfo>;
