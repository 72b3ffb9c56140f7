// OpenID Connect: any issuer, and Google and Okta as issuers.
// Holds: an e-mail address counts where the provider says that it is verified; another claim is taken as it is.
// Flower 2.0: views/auth.py GoogleAuth2LoginHandler, OktaLoginHandler
import { isAllowedEmail } from '../emails.ts';
import { type ClientOptions, ProviderClient } from './client.ts';
import { type Checks, type Person, type Provider, SignInFailed, type Tokens } from './contract.ts';

export interface OidcOptions extends ClientOptions {
  readonly name: string;
  readonly label: string;
  readonly issuer: string;
  readonly scope: string;
  /** Parameters of this issuer's own, at the beginning; and for another account. */
  readonly more: Readonly<Record<string, string>>;
  readonly another: string;
  /** The claim that names people. 'email': it has to be verified. */
  readonly userClaim: string;
  readonly groupsClaim: string;
  /** Patterns of e-mail addresses; null: whoever the provider lets in. */
  readonly emails: readonly string[] | null;
}

type Claims = Readonly<Record<string, unknown>>;

export class OidcProvider implements Provider {
  readonly name: string;
  readonly label: string;
  readonly #options: OidcOptions;
  readonly #client: ProviderClient;

  constructor(options: OidcOptions) {
    this.name = options.name;
    this.label = options.label;
    this.#options = options;
    this.#client = new ProviderClient({ issuer: options.issuer }, options);
  }

  begin(checks: Checks, another: boolean): Promise<URL> {
    const { another: prompt, more, scope } = this.#options;
    return this.#client.authorizationUrl(scope, checks, { ...more, ...(another && { prompt }) });
  }

  async finish(callback: URL, checks: Checks): Promise<Person> {
    const reply = await this.#client.exchange(callback, checks);
    const claims: Claims = reply.claims() ?? {};
    const subject = typeof claims['sub'] === 'string' ? claims['sub'] : null;
    const tokens = { access: reply.access_token, refresh: reply.refresh_token ?? null, subject };
    // Some put them into the ID token, some tell them when they are asked.
    const { groupsClaim, userClaim } = this.#options;
    const isWhole = claims[userClaim] !== undefined && claims[groupsClaim] !== undefined;
    const asked = isWhole ? null : await this.#client.userInfo(tokens, false);
    // Without one the access token has run out by the time it would be asked again.
    const person = this.#person({ ...claims, ...asked }, tokens);
    return tokens.refresh === null ? { ...person, tokens: null } : person;
  }

  async again(tokens: Tokens): Promise<Person> {
    const reply = tokens.refresh === null ? null : await this.#client.refreshed(tokens.refresh);
    const now: Tokens = {
      access: reply?.access_token ?? tokens.access,
      refresh: reply?.refresh_token ?? tokens.refresh,
      subject: tokens.subject,
    };
    const claims = reply?.claims();
    if (claims && claims.sub !== tokens.subject) throw new SignInFailed('broken', 'It is somebody else now');
    const asked = await this.#client.userInfo(now, true);
    return this.#person({ ...claims, ...asked }, now);
  }

  /** @throws SignInFailed */
  #person(claims: Claims, tokens: Tokens): Person {
    const { emails, groupsClaim, userClaim } = this.#options;
    const name = claims[userClaim];
    if (typeof name !== 'string' || name === '')
      throw new SignInFailed('broken', `The claim ${userClaim} is not there: look at oidc_scope and oidc_user_claim`);
    const isVerified = claims['email_verified'] === true || claims['email_verified'] === 'true';
    const email = claims['email'];
    if ((userClaim === 'email' || emails !== null) && !isVerified)
      throw new SignInFailed('unverified', `The e-mail address of ${name} is not verified (email_verified)`, name);
    if (emails !== null && !(typeof email === 'string' && isAllowedEmail(email, emails)))
      throw new SignInFailed('denied', `${String(email)} is none of auth`, name);
    const groups = claims[groupsClaim];
    const list = typeof groups === 'string' ? [groups] : Array.isArray(groups) ? groups : [];
    return {
      ...{ name, email: isVerified && typeof email === 'string' ? email : null, tokens },
      groups: list.filter((one): one is string => typeof one === 'string'),
    };
  }
}
