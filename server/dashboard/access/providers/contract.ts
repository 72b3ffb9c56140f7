// A provider: a place where people have an account, which tells us who they are. Also what each is told to be, and how signing in fails.
// The implementations: oidc.ts (any OpenID Connect, Google, Okta), github.ts, gitlab.ts; which one is configured: configured.ts.
// Holds: state and PKCE always, with OpenID Connect a nonce too; whoever it names has passed `auth` and the groups that are asked for.
import type { SignInNotice } from '../../../../shared/wire/session.ts';

/** What the browser must bring back, kept sealed in its cookie. */
export interface Checks {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export interface Person {
  /** As rules name them: an e-mail address, or what the claim says. */
  readonly name: string;
  /** Verified. null: it was not asked for. */
  readonly email: string | null;
  readonly groups: readonly string[];
  /** What the provider is asked again with; null: it cannot be. */
  readonly tokens: Tokens | null;
}

export interface Tokens {
  readonly access: string;
  readonly refresh: string | null;
  readonly subject: string | null;
}

export interface Provider {
  /** In addresses and sessions. */
  readonly name: string;
  readonly label: string;
  /** Where the browser goes. @param another an account is to be chosen anew  @throws SignInFailed */
  begin(checks: Checks, another: boolean): Promise<URL>;
  /** Who came back. @param callback the address they came back to  @throws SignInFailed */
  finish(callback: URL, checks: Checks): Promise<Person>;
  /** Who they are now. @throws SignInFailed */
  again(tokens: Tokens): Promise<Person>;
}

/** Nobody comes in by this. Its message is for the log and the audit, and holds nothing that is secret. */
export class SignInFailed extends Error {
  readonly kind: SignInNotice['kind'];
  /** How the provider knows the person; null: it has not said. */
  readonly as: string | null;

  constructor(kind: SignInNotice['kind'], reason: string, as: string | null = null) {
    super(reason);
    this.kind = kind;
    this.as = as;
  }
}
