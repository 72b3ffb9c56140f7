// The overview and failures by kind: is the cluster well, and what fails.
import { type Static, Type } from 'typebox';
import { Need } from './attention.ts';
import { KnowledgeBySource } from './cluster.ts';
import { QueueRow } from './queues.ts';
import { Bool, Int, NBool, NInt, NNum, NStr, Num, Str } from './schema.ts';
import { WorkerRow } from './workers.ts';

export const FailureGroup = Type.Object({
  /** Class of what was raised. */
  exception: Str,
  /** An example of its message. */
  message: Str,
  task: Str,
  count: Int,
  first: Num,
  last: Num,
  /** First seen within the last hour; null: the history is younger than a day and cannot tell. */
  is_new: NBool,
  /** 24 buckets of one hour, oldest first. */
  trend: Type.Array(Int),
  example: Str,
});
export type FailureGroup = Static<typeof FailureGroup>;

export const Figures = Type.Object({
  /** Over the last full five minutes. */
  /** Over the last five minutes, or as long as events are heard; null: not for ten seconds yet. */
  finished_per_min: NNum,
  failed_percent: NNum,
  /** The same figure over the last 24 h. */
  baseline_failed_percent: NNum,
  baseline_finished_per_min: NNum,
  waiting: NInt,
  oldest_waiting: NNum,
  oldest_queue: NStr,
  /** Slots taken, and slots there are, of the online workers that told both; null: none of them told. */
  busy: NInt,
  slots: NInt,
  /** Slots of late workers: in neither. */
  unknown_slots: Int,
  /** Online workers that have not told their slots: in neither. */
  uncounted_workers: Int,
  workers_online: Int,
  workers_total: Int,
  /** 60 values, one a minute, for the sparklines. */
  spark: Type.Object({
    finished: Type.Array(NNum),
    failed_percent: Type.Array(NNum),
    waiting: Type.Array(NNum),
    busy: Type.Array(NNum),
  }),
});
export type Figures = Static<typeof Figures>;

/** The lists are cut: trouble first, `..._total` says how many there are. All of them: /queues, /workers. */
export const Overview = Type.Object({
  /** Five at most, the most urgent first; further ones are counted in `attention_more`. */
  attention: Type.Array(Need),
  attention_more: Int,
  /** The first round of questions has not ended yet: what is not listed may only not be known. */
  settling: Bool,
  knowledge: KnowledgeBySource,
  figures: Figures,
  failures: Type.Array(FailureGroup),
  /** 50 at most. */
  queues: Type.Array(QueueRow),
  queues_total: Int,
  /** 50 at most. */
  workers: Type.Array(WorkerRow),
  workers_total: Int,
});
export type Overview = Static<typeof Overview>;

export const FailuresQuery = Type.Object({
  task: Type.Optional(Str),
  exception: Type.Optional(Str),
  hours: Type.Optional(Type.Integer({ minimum: 1, maximum: 720 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
});
export type FailuresQuery = Static<typeof FailuresQuery>;

export const FailuresReply = Type.Object({ items: Type.Array(FailureGroup) });
export type FailuresReply = Static<typeof FailuresReply>;
