// Alerts on the wire: rules, where they are told, what fires now, and what became of each notice. The body of a webhook is here, too.
// Not here: when a rule fires and who is told (server/dashboard/alerts/).
import { type Static, type TObject, type TProperties, Type } from 'typebox';
import { Need, NeedKind } from './attention.ts';
import { Bool, Int, NNum, NStr, Nullable, Num, Str } from './schema.ts';

/** As the needs of the overview have it. */
export const Severity = Need.properties.severity;
export type Severity = Static<typeof Severity>;

const PLAIN = '^[^\\u0000-\\u001f\\u007f]+$';
const Name = Type.String({ minLength: 1, maxLength: 100, pattern: PLAIN });
/** As Python's fnmatch has it; `*`: all of them. */
const Pattern = Type.String({ minLength: 1, maxLength: 200, pattern: PLAIN });
const Seconds = Type.Number({ minimum: 0, maximum: 86_400 });

const COMMON = {
  name: Name,
  severity: Severity,
  /** How long it must hold before somebody is told. */
  for: Seconds,
  /** How long it must be gone to be over. */
  ends: Seconds,
  /** Names of channels; absent: all. */
  channels: Type.Optional(Type.Array(Name, { minItems: 1, maxItems: 20 })),
};
/** Fires above this. With `until` it goes on until the value is at or below that. */
const THRESHOLD = {
  above: Type.Number({ minimum: 0, maximum: 1e12 }),
  until: Type.Optional(Type.Number({ minimum: 0, maximum: 1e12 })),
};

const rule = <K extends string, P extends TProperties>(kind: K, fields: P) =>
  Type.Object({ kind: Type.Literal(kind), ...COMMON, ...fields });

/** What people write. Each subject (task, queue, worker, entry) fires by itself. */
export const AlertRuleRequest = Type.Union(
  [
    /** FAILURE among what ended as SUCCESS or FAILURE, of a task name or a queue. `above` in percent. */
    rule('failure-rate', {
      of: Type.Union([Type.Literal('task'), Type.Literal('queue')]),
      match: Pattern,
      ...THRESHOLD,
      /** @unit minutes */
      over: Type.Integer({ minimum: 1, maximum: 60 }),
      /** Of fewer tasks nothing is concluded. */
      least: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    }),
    /** Messages that wait. */
    rule('queue-depth', { match: Pattern, ...THRESHOLD }),
    /** Age of the oldest message that waits, in seconds, where the broker tells it. */
    rule('message-age', { match: Pattern, ...THRESHOLD }),
    /** Nobody consumes the queue, whether something waits in it or not. A paused one is left out. */
    rule('no-worker', { match: Pattern }),
    /** It is offline, also after a goodbye. A name without a pattern fires as well while nobody of that name was ever heard. */
    rule('worker-offline', { match: Pattern }),
    /** A part of a chord's header failed for good, so that its body, whose task name fits, will not run. Over after an hour. */
    rule('chord-stuck', { match: Pattern }),
    /** An entry of beat was due so many seconds ago and was not sent. */
    rule('schedule-missed', { match: Pattern, above: THRESHOLD.above }),
  ],
  { title: 'rule' },
);
export type AlertRuleRequest = Static<typeof AlertRuleRequest>;

/** A need of the overview: one rule for each kind is there by itself. */
const NeedRule: TObject<{ kind: ReturnType<typeof Type.Literal<'need'>>; need: typeof NeedKind } & typeof COMMON> =
  rule('need', { need: NeedKind });
export type NeedRule = Static<typeof NeedRule>;
export const RuleSpec = Type.Union([NeedRule, ...AlertRuleRequest.anyOf]);
export type RuleSpec = NeedRule | AlertRuleRequest;

export const AlertRule = Type.Object({
  /** 'need.queue-growing', 'config.NAME', or that of one made on the page. */
  id: Str,
  /** Who wrote it: it is there by itself, it stands in the configuration, or it was made on the page. */
  origin: Type.Union([Type.Literal('built-in'), Type.Literal('config'), Type.Literal('page')]),
  rule: Type.Unsafe<RuleSpec>(RuleSpec),
  enabled: Bool,
  /** Nobody is told of what begins before. null: it is not silenced. */
  silenced_until: NNum,
  /** Who made it on the page, or changed it there last. */
  owner: NStr,
  /** unknown: what it rests on does not answer, `reason` says what. */
  state: Type.Union([
    Type.Literal('off'),
    Type.Literal('ok'),
    Type.Literal('pending'),
    Type.Literal('firing'),
    Type.Literal('unknown'),
  ]),
  reason: NStr,
  /** Subjects that fire. */
  firing: Int,
});
export type AlertRule = Static<typeof AlertRule>;

export const FiringAlert = Type.Object({
  rule: Str,
  rule_name: Str,
  severity: Severity,
  /** 'celery@img-4' */
  subject: Str,
  /** The rest of the sentence. */
  detail: Str,
  /** Path within the pages. */
  href: Str,
  since: Num,
  /** When channels were told; null: not yet, or they are not to be. */
  notified: NNum,
});
export type FiringAlert = Static<typeof FiringAlert>;

const NoticeEvent = Type.Union([
  Type.Literal('begun'),
  Type.Literal('ended'),
  Type.Literal('reminder'),
  Type.Literal('test'),
]);
export type NoticeEvent = Static<typeof NoticeEvent>;

export const Delivery = Type.Object({
  at: Num,
  channel: Str,
  event: NoticeEvent,
  rule_name: Str,
  /** One line. */
  summary: Str,
  /** dropped: its channel had no room for it, or is configured no more; or it is too old to tell anybody anything. */
  outcome: Type.Union([Type.Literal('ok'), Type.Literal('failed'), Type.Literal('dropped')]),
  /** 'answered 200', or why it failed. */
  detail: Str,
  attempts: Int,
});
export type Delivery = Static<typeof Delivery>;

export const AlertChannel = Type.Object({
  name: Str,
  type: Type.Union([Type.Literal('webhook'), Type.Literal('slack'), Type.Literal('mail')]),
  /** Where it goes, without what is secret of it. */
  to: Str,
  /** The least severe it is told of. */
  severity: Severity,
  /** Told again after so long while it goes on. null: it is not. @unit seconds */
  remind: NNum,
  /** Notices that wait for it. */
  waiting: Int,
  last: Nullable(Delivery),
});
export type AlertChannel = Static<typeof AlertChannel>;

export const AlertsReply = Type.Object({
  rules: Type.Array(AlertRule),
  channels: Type.Array(AlertChannel),
  /** The worst first, 200 at most. */
  firing: Type.Array(FiringAlert),
  firing_total: Int,
  /** Newest first. */
  deliveries: Type.Array(Delivery),
  /** Why rules made on the page are not here; null: they are. */
  reason: NStr,
});
export type AlertsReply = Static<typeof AlertsReply>;

export const SilenceRequest = Type.Object({ /** null: no longer. */ until: NNum }, { title: 'silence' });
export const EnableRequest = Type.Object({ enabled: Bool }, { title: 'switch' });
export const RuleDeleted = Type.Object({ id: Str });

/** What a webhook gets, as JSON. */
export interface WebhookBody {
  readonly version: 1;
  readonly event: NoticeEvent;
  /** The same in every attempt to deliver it. */
  readonly id: string;
  /** @unit seconds since the epoch */
  readonly at: number;
  /** What the dashboard calls its cluster. */
  readonly cluster: string;
  /** Of the page of alerts; null: the configuration does not say where the dashboard is. */
  readonly url: string | null;
  /** null: a test. */
  readonly rule: {
    readonly id: string;
    readonly name: string;
    readonly kind: string;
    readonly severity: Severity;
  } | null;
  /** 20 at most, of `count`. */
  readonly subjects: readonly {
    readonly name: string;
    readonly detail: string;
    readonly since: number;
    readonly url: string | null;
  }[];
  readonly count: number;
  /** All of it as one line. */
  readonly text: string;
}
