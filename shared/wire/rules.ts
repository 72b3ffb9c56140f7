// The rules table on the wire: who gets in, as what, in the order in which it is looked at. Written in the configuration, shown here; with
// the people it is about, and what it says of one of them.
import { type Static, Type } from 'typebox';
import { RULED_ACTIONS } from './operation-categories.ts';
import { Bool, Int, NInt, NStr, Nullable, Num, Str } from './schema.ts';
import { TokenScope } from './tokens.ts';

export const RuleRow = Type.Object({
  /** Patterns of names, and 'group:NAME'. */
  who: Type.Array(Str),
  read_only: Bool,
  /** What it gives, as a token's is written. */
  scope: TokenScope,
  /** Who is signed in now, and comes in by it. */
  signed_in: Type.Array(Str),
});
export type RuleRow = Static<typeof RuleRow>;

export const RulesReply = Type.Object({
  /** The first that fits decides. null: no rules are given, and everybody who gets in is an admin. */
  items: Nullable(Type.Array(RuleRow)),
  /** Nothing may be changed here, whatever a rule says. */
  read_only: Bool,
  /** By which one you came in, from 1. null: there are none. */
  yours: NInt,
});
export type RulesReply = Static<typeof RulesReply>;

const Role = Nullable(TokenScope.properties.role);

export const Person = Type.Object({
  name: Str,
  /** null: no rule lets them in by their name, and no session tells of what groups they are. */
  role: Role,
  /** By which rule, from 1. null: there are none, or none fits. */
  rule: NInt,
  /** When they were last seen to use a session, or to act. @unit seconds since the epoch */
  seen: Num,
  /** What they did or were refused within `days`. */
  acts: Int,
  /** Open ones. */
  sessions: Int,
});
export type Person = Static<typeof Person>;

/** Who has a session or stands in the record of the last `days`: who was seen last first, 200 at most. */
export const PeopleReply = Type.Object({ items: Type.Array(Person), days: Int });
export type PeopleReply = Static<typeof PeopleReply>;

const Text = Type.Optional(Type.String({ minLength: 1, maxLength: 1024 }));

/** Who asks, by name and groups or by a token; and for what. */
export const RuleTrialQuery = Type.Object({
  who: Text,
  /** Names with commas between them. */
  groups: Text,
  /** The id of an API token. */
  token: Text,
  /** Absent: to come in, and to see this task and this queue. */
  action: Type.Optional(Type.Unsafe<string>(Type.Union(RULED_ACTIONS.map((one) => Type.Literal(one))))),
  task: Text,
  queue: Text,
});
export type RuleTrialQuery = Static<typeof RuleTrialQuery>;

export const RuleTrial = Type.Object({
  allowed: Bool,
  /** Why not; null: it is allowed. */
  reason: NStr,
  role: Role,
  /** Which rule decides, from 1; of a token, that of its maker. null: there are none, or none fits. */
  rule: NInt,
});
export type RuleTrial = Static<typeof RuleTrial>;
