// What needs a person, and the facts it is concluded from.
import { type Static, Type } from 'typebox';
import { Int, NNum, Num, Str } from './schema.ts';

/** A fact that a conclusion rests on, and when it was known. `at` null: it has no time of its own. */
export const Evidence = Type.Object({ text: Str, at: NNum });
export type Evidence = Static<typeof Evidence>;

/** What kinds of things may need a person; their order of urgency: server/dashboard/attention/kinds.ts. */
export const NeedKind = Type.Union([
  /** A source is away: the broker, the history, the result store, the events. `subject` is the source's name. */
  Type.Literal('source-down'),
  Type.Literal('no-workers'),
  /** It fell silent without a goodbye. */
  Type.Literal('worker-silent'),
  /** It is alive, has free slots, messages wait in its queues, and it takes none. */
  Type.Literal('worker-stalled'),
  /** All its slots are taken by tasks that have run far longer than those of their names do, and others wait. */
  Type.Literal('pool-hung'),
  Type.Literal('queue-unconsumed'),
  /** A kind of failure that was not there before. */
  Type.Literal('failure'),
  Type.Literal('queue-growing'),
  Type.Literal('loop-blocked'),
  Type.Literal('clock-drift'),
  /** Two processes answer under one name: what is asked of one comes to the other. */
  Type.Literal('name-shared'),
  Type.Literal('events-off'),
  Type.Literal('events-lost'),
]);
export type NeedKind = Static<typeof NeedKind>;

/**
 * Something that needs a person, with what it is concluded from and where to look. All of one kind that hold at the same time are one
 * need, so that there are five at most.
 */
export const Need = Type.Object({
  kind: NeedKind,
  /** critical: work stands still or the picture is blind. warning: it goes wrong. notice: worth knowing. */
  severity: Type.Union([Type.Literal('critical'), Type.Literal('warning'), Type.Literal('notice')]),
  /** What or who: 'celery@img-4', or of several '200 queues'. Long names are shortened in the middle. */
  subject: Str,
  /** The rest of the sentence: 'has been silent for 41 s', 'have no consumer'. */
  detail: Str,
  /** Both as one sentence. */
  title: Str,
  /** Three lines at most. */
  evidence: Type.Array(Evidence),
  /** Since when it holds; of several the earliest. */
  since: Num,
  /** Five at most, the worst first, each with its own page. */
  subjects: Type.Array(Type.Object({ name: Str, /** Shortened in the middle. */ label: Str, detail: Str, href: Str })),
  /** How many there are. */
  count: Int,
  /** Path within the SPA, with its search. */
  href: Str,
});
export type Need = Static<typeof Need>;
