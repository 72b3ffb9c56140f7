// Sessions on the wire: signing in and out, and who is signed in.
import { type Static, Type } from 'typebox';
import { Bool, Nullable, Num, Str } from './schema.ts';

/** What came of the last try at a provider. */
export const SignInNotice = Type.Object({
  /**
   * denied: that account may not come in. unverified: nor may it, until its e-mail address is verified there. declined: somebody said no
   * there. stale: it was begun in another browser, or too long ago. expired: the provider does not take the code any more. silent: the
   * provider does not answer. clock: by our clock what it gave is over. broken: it refuses this dashboard, or gives what cannot be believed.
   */
  kind: Type.Union([
    Type.Literal('denied'),
    Type.Literal('unverified'),
    Type.Literal('declined'),
    Type.Literal('stale'),
    Type.Literal('expired'),
    Type.Literal('silent'),
    Type.Literal('clock'),
    Type.Literal('broken'),
  ]),
  /** The provider's name. */
  provider: Str,
  /** How it knows the person; null: it has not said. */
  as: Nullable(Str),
  /** The record of the audit log that says why. */
  record: Nullable(Num),
});
export type SignInNotice = Static<typeof SignInNotice>;

/** To strangers: how one can sign in, and nothing of the cluster. */
export const SignInWays = Type.Object({
  password: Bool,
  providers: Type.Array(Type.Object({ name: Str, label: Str })),
  notice: Nullable(SignInNotice),
});
export type SignInWays = Static<typeof SignInWays>;

export const SignInRequest = Type.Object(
  {
    user: Type.String({ minLength: 1, maxLength: 1024 }),
    password: Type.String({ minLength: 1, maxLength: 1024 }),
    /** Where to go on: a path of this dashboard. */
    next: Type.Optional(Type.String({ maxLength: 2000 })),
  },
  { title: 'sign-in' },
);
export type SignInRequest = Static<typeof SignInRequest>;

export const SignedIn = Type.Object({
  user: Str,
  /** Where to go on, whatever was asked for: a path of this dashboard. */
  next: Str,
});
export type SignedIn = Static<typeof SignedIn>;

export const SignedOut = Type.Object({ ended: Num });
export type SignedOut = Static<typeof SignedOut>;

export const OpenSession = Type.Object({
  id: Str,
  user: Str,
  /** 'password', or the provider's name. */
  by: Str,
  address: Str,
  /** What the browser calls itself. */
  agent: Str,
  created: Num,
  used: Num,
  /** It is the one that asks. */
  current: Bool,
});
export type OpenSession = Static<typeof OpenSession>;

/** Newest first: all of them for an admin, one's own for others. */
export const SessionsReply = Type.Object({
  items: Type.Array(OpenSession),
  /** A session ends after so long without use. @unit seconds */
  idle: Num,
  /** And after so long in all. @unit seconds */
  max: Num,
});
export type SessionsReply = Static<typeof SessionsReply>;

/** Which sessions end: one, those of a user, or, with neither, all but the one that asks. */
export const EndSessionsRequest = Type.Object(
  {
    id: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    user: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
  },
  { title: 'question' },
);
export type EndSessionsRequest = Static<typeof EndSessionsRequest>;
