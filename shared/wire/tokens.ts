// API tokens on the wire: for programs, in the header `Authorization: Bearer`. What one may is written as a row of the rules table is; what
// its maker may not, it may not either. The token itself is told once, in the answer to who made it.
import { type Static, Type } from 'typebox';
import { NNum, Nullable, Num, Str } from './schema.ts';

const Patterns = Type.Optional(
  Type.Array(Type.String({ minLength: 1, maxLength: 1024 }), { minItems: 1, maxItems: 100 }),
);

/** At most this. Patterns as Python's fnmatch has them; each absent: any. */
export const TokenScope = Type.Object({
  role: Type.Union([Type.Literal('viewer'), Type.Literal('operator'), Type.Literal('admin')]),
  /** The only actions, of those the role may: 'retry', 'pool_*'. */
  actions: Patterns,
  /** Actions that are not. */
  except: Patterns,
  /** Acts on these only. */
  tasks: Patterns,
  queues: Patterns,
  /** Sees these only. */
  sees_tasks: Patterns,
  sees_queues: Patterns,
  /** Arguments, results, exceptions. Default true. */
  sees_values: Type.Optional(Type.Boolean()),
});
export type TokenScope = Static<typeof TokenScope>;

export const TokenRequest = Type.Object(
  {
    /** Of those in use, each has its own: the audit log names it. */
    name: Type.String({ minLength: 1, maxLength: 60, pattern: '^[^\\u0000-\\u001f\\u007f]+$' }),
    scope: TokenScope,
    /** From now on. null: it never expires. @unit seconds */
    expires_in: Nullable(Type.Number({ minimum: 1, maximum: 315_360_000 })),
  },
  { title: 'token' },
);
export type TokenRequest = Static<typeof TokenRequest>;

export const ApiToken = Type.Object({
  id: Str,
  name: Str,
  scope: TokenScope,
  /** Who made it, or 'anonymous'. */
  owner: Str,
  created: Num,
  /** null: never. */
  expires: NNum,
  /** in use; or no more, and why. lapsed: until its maker signs in again (the option token_recheck). */
  state: Type.Union([Type.Literal('active'), Type.Literal('lapsed'), Type.Literal('expired'), Type.Literal('revoked')]),
  /** null: it was not. Written down once a minute. */
  revoked: Nullable(Type.Object({ at: Num, by: Str })),
  last_used: Nullable(Type.Object({ at: Num, address: Type.String() })),
  /** Requests in the last 24 hours that it was good for, and those for which it was not. */
  calls: Type.Integer(),
  refused: Type.Integer(),
});
export type ApiToken = Static<typeof ApiToken>;

/** Newest first: an admin's answer has everybody's, another's their own. */
export const TokensReply = Type.Object({ items: Type.Array(ApiToken) });
export type TokensReply = Static<typeof TokensReply>;

/** The one time that the token is told. */
export const TokenMade = Type.Object({ token: Str, made: ApiToken });
export type TokenMade = Static<typeof TokenMade>;
