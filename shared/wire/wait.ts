// Why an unfinished task does not run: the answer of /tasks/:uuid/wait, and `wait` of a task's detail.
// Not here: how it is decided (server/dashboard/waiting/).
// Holds: one cause of a closed list and one sentence; every line of evidence says when it was known. Instants are seconds since the
// epoch.
import { type Static, Type } from 'typebox';
import { Count } from './count.ts';
import { Int, NNum, NStr, Nullable } from './schema.ts';

/**
 * revoked: some worker is to drop it when it comes to it. expired: its time to run has passed. purged: its queue was emptied.
 * eta, retry: it waits for a time. paused: its queue is. no_consumer: no worker consumes its queue. stalled: workers consume it, have room, and nothing moves.
 * slots: a worker has it and all of that worker's slots are taken. rate_limit: a worker has it and holds it back. prefetch: the
 * workers of its queue have taken as much as they may. behind: messages go before it in its queue. running: it has started.
 * next: nothing holds it. worker_gone: the worker that had it is. silent: that worker is not heard at the moment. lost: looked for
 * everywhere, found nowhere. unknown: what would tell it could not be looked at.
 */
export const WAIT_CAUSES = [
  'revoked',
  'expired',
  'purged',
  'eta',
  'retry',
  'paused',
  'no_consumer',
  'stalled',
  'slots',
  'rate_limit',
  'prefetch',
  'behind',
  'running',
  'next',
  'worker_gone',
  'silent',
  'lost',
  'unknown',
] as const;
export type WaitCause = (typeof WAIT_CAUSES)[number];
export const WaitCause = Type.Unsafe<WaitCause>(Type.Union(WAIT_CAUSES.map((cause) => Type.Literal(cause))));

export const WaitEvidence = Type.Object({
  /** 'Nobody consumes?', 'Rate limited?': the questions in the order in which they are looked at; the first that holds decides. */
  question: Type.String(),
  /** What was found; 'not asked: ...' where an earlier answer was enough. */
  finding: Type.String(),
  /** 'broker', 'active, reserved, scheduled of w1', 'events', 'message', 'audit'; null: nothing was asked. */
  source: NStr,
  /** When the source said so; null: nothing was asked. */
  known_at: NNum,
  /** yes: this is the cause. no: it is not. unknown: could not be determined. skipped: an earlier answer was enough. */
  answer: Type.Union([Type.Literal('yes'), Type.Literal('no'), Type.Literal('unknown'), Type.Literal('skipped')]),
});
export type WaitEvidence = Static<typeof WaitEvidence>;

/** A task in the way: one that has a slot, or goes before. */
export const WaitHolder = Type.Object({
  uuid: Type.String(),
  name: NStr,
  worker: NStr,
  /** When it started; null: it has not. */
  started: NNum,
  /** p95 runtime of its name over the last hour. @unit seconds */
  baseline_p95: NNum,
});
export type WaitHolder = Static<typeof WaitHolder>;

/** When it starts, from how many go before it and how many a minute leave: while that goes on as over the last minutes. */
export const StartEstimate = Type.Object({
  /** From `at` on. @unit seconds */
  seconds: Type.Number(),
  is: Type.Union([Type.Literal('about'), Type.Literal('at_least')]),
  /** So many leave a minute: ends over the last five minutes, or the rate limit. */
  per_minute: Type.Number(),
});
export type StartEstimate = Static<typeof StartEstimate>;

export const WaitRemedy = Type.Object({
  text: Type.String(),
  href: NStr,
  /** So many slots more and it starts at once, as far as is known. Not there: another remedy, or how many is unknown. */
  grow: Type.Optional(Type.Object({ worker: Type.String(), slots: Int })),
});
export type WaitRemedy = Static<typeof WaitRemedy>;

export const WaitReason = Type.Object({
  task_id: Type.String(),
  cause: WaitCause,
  /** One plain sentence for a person, with figures, ending in a full stop. */
  sentence: Type.String(),
  evidence: Type.Array(WaitEvidence),
  /** Its place among those that wait for the same thing, 1 is next; null: unknown or none. */
  place: Type.Union([Count, Type.Null()]),
  /** How many go before it. */
  ahead: Type.Union([Count, Type.Null()]),
  /** null: unknown, or it does not wait for others. */
  starts_in: Type.Union([StartEstimate, Type.Null()]),
  /** What it waits for: ETA, next try. */
  until: NNum,
  /** Who has the slots or goes before it, longest first: 20 at most. */
  holders: Type.Array(WaitHolder),
  holders_total: Type.Union([Count, Type.Null()]),
  /** The worker that has it; null: none, or unknown. */
  worker: NStr,
  queue: NStr,
  /** It may still run, so that sending it again may make it run twice. */
  may_still_run: Type.Boolean(),
  /** What would happen twice if it were sent again; null: nothing. */
  would_double: NStr,
  /** What helps; null: nothing but time. `href`: a path of these pages. */
  remedy: Nullable(WaitRemedy),
  /** When this was concluded, and from when its oldest part is. */
  at: Type.Number(),
  oldest: NNum,
});
export type WaitReason = Static<typeof WaitReason>;
