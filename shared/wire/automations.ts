// Automations on the wire: what begins one, on which conditions, the operation it does, and what it did.
// Not here: when it acts (server/dashboard/automations/); the operations (operations.ts).
import { type Static, type TProperties, type TSchema, Type } from 'typebox';
import { OperationRequest, Outcome } from './operations.ts';
import { Bool, Int, NInt, NStr, Nullable, Num, Str } from './schema.ts';

const PLAIN = '^[^\\u0000-\\u001f\\u007f]+$';
const Name = Type.String({ minLength: 1, maxLength: 100, pattern: PLAIN });
/** As Python's fnmatch has it; `*`: all of them. */
const Pattern = Type.String({ minLength: 1, maxLength: 150, pattern: PLAIN });
/** 'HH:MM' by UTC. */
const Clock = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' });

const fact = <K extends string, P extends TProperties>(on: K, fields: P) =>
  Type.Object({ on: Type.Literal(on), ...fields });

const When = Type.Union([
  /** A task ended as FAILURE. `exception`: its class, without a module. */
  fact('task-failed', { task: Pattern, exception: Pattern }),
  /** A worker that was online is not any more, by a goodbye or by its silence. */
  fact('worker-offline', { worker: Pattern }),
  /** What an alert rule of this name found has held for long enough; is over. */
  fact('alert-begins', { rule: Name, subject: Pattern }),
  fact('alert-ends', { rule: Name, subject: Pattern }),
]);
export type FactKind = Static<typeof When>['on'];

/** What an automation may do: of the operations those that a person could put right again. */
const AUTOMATED = [
  ...(['retry', 'revoke', 'rate_limit', 'pool_grow', 'pool_shrink', 'autoscale', 'pool_restart'] as const),
  ...(['add_consumer', 'cancel_consumer', 'pause_queue', 'resume_queue'] as const),
] as const;
export type AutomatedAction = (typeof AUTOMATED)[number];
/** An operation in whose texts names of facts stand for what happened: {task_id}, {task}, {queue}, {worker}, {subject}. */
export type AutomatedRequest = Extract<OperationRequest, { action: AutomatedAction }>;
const AutomatedRequest = Type.Unsafe<AutomatedRequest>(
  Type.Union(
    OperationRequest.anyOf.filter((variant): boolean =>
      (AUTOMATED as readonly string[]).includes(variant.properties.action.const),
    ) as readonly TSchema[] as TSchema[],
  ),
);

/** What is known of each kind of fact; of an alert, what its rule is about. */
export const FACTS: Readonly<Record<FactKind, readonly string[]>> = {
  'task-failed': ['task_id', 'task', 'queue', 'worker'],
  'worker-offline': ['worker'],
  'alert-begins': ['subject', 'task', 'queue', 'worker'],
  'alert-ends': ['subject', 'task', 'queue', 'worker'],
};

export const AutomationRequest = Type.Object(
  {
    name: Name,
    when: When,
    /** All of them. */
    if: Type.Object({
      /** Of the fact; one whose queue or worker is not known fits no pattern but `*`. */
      queue: Type.Optional(Pattern),
      worker: Type.Optional(Pattern),
      /** Of failed tasks: so many of one name, this one too, within so many minutes. */
      least: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      within: Type.Optional(Type.Integer({ minimum: 1, maximum: 60 })),
      /** Between both, by UTC; over midnight where `from` is later. */
      from: Type.Optional(Clock),
      until: Type.Optional(Clock),
    }),
    do: AutomatedRequest,
    /** The same is not done again before, and no task that comes of a retry is sent again. Usual: 300. @unit seconds */
    cooldown: Type.Number({ minimum: 0, maximum: 86_400 }),
    /** Usual: 10. */
    max_per_hour: Type.Integer({ minimum: 1, maximum: 1000 }),
    /** How often a task, and what was sent again in its place, is sent again by automations at most. Usual: 1. */
    retries: Type.Integer({ minimum: 1, maximum: 20 }),
    /** After so many that failed in a row it is off until somebody turns it on again. Usual: 3. */
    breaker: Type.Integer({ minimum: 1, maximum: 100 }),
  },
  { title: 'automation' },
);
export type AutomationRequest = Static<typeof AutomationRequest>;

/** dry-run: what it would do is listed, and not done. */
export const AutomationMode = Type.Union([Type.Literal('off'), Type.Literal('dry-run'), Type.Literal('on')]);
export type AutomationMode = Static<typeof AutomationMode>;
const ModeRequest = Type.Object({ mode: AutomationMode }, { title: 'mode' });

export const Automation = Type.Object({
  id: Str,
  spec: Type.Unsafe<AutomationRequest>(AutomationRequest),
  mode: AutomationMode,
  /** Who wrote it or turned it on last: it may what they may. */
  owner: Str,
  /** Why it turned itself off; null: it did not. */
  stopped: Nullable(Type.Object({ at: Num, reason: Str })),
  /** Acts that failed in a row. */
  failures: Int,
  /** In the last hour, and the last one. */
  acts: Int,
  last: Nullable(Num),
  /** What it left out since it last acted, and why the last of it. null: nothing. */
  left: Nullable(Type.Object({ n: Int, at: Num, reason: Str })),
});
export type Automation = Static<typeof Automation>;

export const AutomationAct = Type.Object({
  at: Num,
  automation: Str,
  name: Str,
  mode: AutomationMode,
  /** What happened, as one line. */
  because: Str,
  action: Str,
  /** What it was done to, as one line. */
  subject: Str,
  /** would: it would have been done. nothing: it was so already, or over. */
  outcome: Type.Union([...Outcome.anyOf, Type.Literal('would'), Type.Literal('nothing')]),
  summary: Str,
  /** Its record in the audit log; null: there is none. */
  operation: NInt,
});
export type AutomationAct = Static<typeof AutomationAct>;

export const AutomationsReply = Type.Object({
  items: Type.Array(Automation),
  /** Newest first, 100 at most, of all that are kept. */
  acts: Type.Array(AutomationAct),
  acts_total: Int,
  /** Nothing is done here. */
  read_only: Bool,
  /** Why those that are kept are not here; null: they are. */
  reason: NStr,
});
export type AutomationsReply = Static<typeof AutomationsReply>;

/** What it would have done, had it been there. */
export const AutomationTrial = Type.Object({
  /** Since when facts were looked at; null: as things are now. */
  since: Nullable(Num),
  /** Facts that were looked at, and whether there were more. */
  facts: Int,
  is_cut: Bool,
  /** Oldest first, 100 at most. */
  acts: Type.Array(Type.Object({ at: Num, because: Str, action: Str, subject: Str })),
  acts_total: Int,
  /** Left out by the cooldown and the other bounds. */
  left: Int,
});
export type AutomationTrial = Static<typeof AutomationTrial>;

const AutomationDeleted = Type.Object({ id: Str });

/** Their rows of the table of routes (routes.ts). */
export const AUTOMATION_ROUTES = {
  'GET /automations': {
    access: 'viewer',
    summary: 'Automations, and what they did or would have done',
    reply: AutomationsReply,
  },
  'POST /automations': {
    access: 'operator',
    action: 'save_automation',
    summary:
      'Write an automation. It acts as whoever wrote it, once it is turned on: until then it lists what it would do',
    body: AutomationRequest,
    reply: Automation,
  },
  'POST /automations/try': {
    access: 'operator',
    summary:
      'What this automation would have done with the tasks that failed within a day, or would do with what is so now',
    body: AutomationRequest,
    reply: AutomationTrial,
  },
  'POST /automations/:id': {
    access: 'operator',
    action: 'save_automation',
    summary: 'Put this in the place of an automation; it lists what it would do until it is turned on again',
    body: AutomationRequest,
    reply: Automation,
  },
  'POST /automations/:id/mode': {
    access: 'operator',
    action: 'save_automation',
    summary: 'Turn an automation on, off, or let it only list what it would do. It acts as whoever turned it on',
    body: ModeRequest,
    reply: Automation,
  },
  'DELETE /automations/:id': {
    access: 'operator',
    action: 'delete_automation',
    summary: 'Delete an automation',
    reply: AutomationDeleted,
  },
} as const;
