// What is fetched of one task when somebody asks: its stored result, its whole call, what sending it again would send.
import { type Static, Type } from 'typebox';
import { Bool, NInt, NStr, Nullable, Str } from './schema.ts';

/** `whole`: all of a long result, not only its beginning. */
export const ResultQuery = Type.Object({ whole: Type.Optional(Bool) });
export type ResultQuery = Static<typeof ResultQuery>;

/** The stored result, fetched from the result backend on demand. */
export const ResultReply = Type.Object({
  task_id: Str,
  /** How long its text is as JSON. @unit characters */
  size: NInt,
  /** Only its beginning is here; ask with `whole=true` for all of it. */
  cut: Bool,
  /** false: the backend has no such record (expired, ignored or never stored) or none is configured: `reason` says. */
  found: Bool,
  reason: NStr,
  status: NStr,
  result: Type.Unknown(),
  traceback: NStr,
  date_done: NStr,
});
export type ResultReply = Static<typeof ResultReply>;

const CallSource = Nullable(
  Type.Union([Type.Literal('message'), Type.Literal('unacked'), Type.Literal('result'), Type.Literal('event')]),
);

/** The whole call, where it can be had: events cut long and deep arguments. */
export const CallReply = Type.Object({
  task_id: Str,
  /** The message that waits or that a worker has, or the result record (result_extended); null: none holds it, `reason` says why. */
  source: CallSource,
  reason: NStr,
  args: Type.Unknown(),
  kwargs: Type.Unknown(),
  /** Of both as JSON. @unit characters */
  size: NInt,
  /** Only their beginnings are here. */
  cut: Bool,
});
export type CallReply = Static<typeof CallReply>;

/** What `retry` would send, told before it does. Not `allowed`: `reason` says why and what would make it possible. */
export const RetryPlan = Type.Object({
  task_id: Str,
  allowed: Bool,
  reason: NStr,
  source: CallSource,
  /** The source as words. */
  source_reason: NStr,
  name: NStr,
  /** As one would write it in Python; of a very long one the beginning. */
  call: NStr,
  queue: NStr,
  /** Why that queue, when nobody told which the task came from. */
  queue_reason: NStr,
  /** Those some worker consumes. */
  queues: Type.Array(Str),
  /** What one should know first. */
  notes: Type.Array(Str),
  /** The first one may still run: what would happen twice. To send it all the same, `retry` wants `accept_double: true`. */
  would_double: Type.Optional(NStr),
});
export type RetryPlan = Static<typeof RetryPlan>;
