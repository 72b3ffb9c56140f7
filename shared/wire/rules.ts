// The rules table on the wire: who gets in, as what, in the order in which it is looked at. Written in the configuration, shown here.
import { type Static, Type } from 'typebox';
import { Bool, NInt, Nullable, Str } from './schema.ts';
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
