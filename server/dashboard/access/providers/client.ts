// The client of OAuth 2 and OpenID Connect that all providers share: the authorization code flow with state, nonce and PKCE, and reading
// a provider's API with what it gave.
// Not here: who is let in (oidc.ts, github.ts, gitlab.ts), what its errors mean (failures.ts).
// Holds: plain HTTP is for a provider on this machine alone; an ID token counts by its signature; what a provider answers is not shown to
// people.
import * as client from 'openid-client';
import { type Checks, SignInFailed, type Tokens } from './contract.ts';
import { networkCode, signInFailure } from './failures.ts';
import { isLoopbackHost } from './loopback.ts';

/** @unit seconds */
const TIMEOUT_S = 10;
/** Of a list, 100 items each. */
const MAX_PAGES = 20;

export type Fetch = typeof globalThis.fetch;

export interface ClientOptions {
  readonly id: string;
  readonly secret: string;
  /** Where the provider sends people back to. */
  readonly redirectUri: string;
  readonly fetch: Fetch;
}

/** Where one is discovered, or which endpoints it has. */
export type Place =
  | { readonly issuer: string }
  | { readonly issuer: string; readonly authorize: string; readonly token: string };

export class ProviderClient {
  readonly #options: ClientOptions;
  readonly #place: Place;
  readonly #host: string;
  #configuration: Promise<client.Configuration> | null = null;

  constructor(place: Place, options: ClientOptions) {
    this.#place = place;
    this.#options = options;
    this.#host = new URL(place.issuer).host;
  }

  /** @param more parameters of this provider's own */
  async authorizationUrl(
    scope: string,
    { state, nonce, verifier }: Checks,
    more: Record<string, string> = {},
  ): Promise<URL> {
    const configuration = await this.#configured();
    return client.buildAuthorizationUrl(configuration, {
      ...{ redirect_uri: this.#options.redirectUri, scope, state, ...more },
      ...('authorize' in this.#place ? {} : { nonce }),
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
  }

  async exchange(callback: URL, { state, nonce, verifier }: Checks) {
    const url = new URL(this.#options.redirectUri);
    url.search = callback.search;
    const isPlain = 'authorize' in this.#place;
    // Without discovery it is not known what it would have to be.
    if (isPlain) url.searchParams.delete('iss');
    try {
      return await client.authorizationCodeGrant(await this.#configured(), url, {
        expectedState: state,
        pkceCodeVerifier: verifier,
        ...(isPlain ? {} : { expectedNonce: nonce, idTokenExpected: true }),
      });
    } catch (error) {
      throw signInFailure(error, { host: this.#host });
    }
  }

  /** `exchange` where who it is is asked of the provider's own API. */
  async tokens(callback: URL, checks: Checks): Promise<Tokens> {
    const { access_token: access, refresh_token: refresh = null } = await this.exchange(callback, checks);
    return { access, refresh, subject: null };
  }

  async refreshed(refresh: string) {
    try {
      return await client.refreshTokenGrant(await this.#configured(), refresh);
    } catch (error) {
      throw signInFailure(error, { host: this.#host, again: true });
    }
  }

  /** With new tokens, where the old ones run out. */
  async renewed(tokens: Tokens): Promise<Tokens> {
    if (tokens.refresh === null) return tokens;
    const { access_token: access, refresh_token: refresh = tokens.refresh } = await this.refreshed(tokens.refresh);
    return { ...tokens, access, refresh };
  }

  /** null: this provider has none. */
  async userInfo({ access, subject }: Tokens, again: boolean): Promise<Record<string, unknown> | null> {
    const configuration = await this.#configured();
    if (!configuration.serverMetadata().userinfo_endpoint) return null;
    try {
      return await client.fetchUserInfo(configuration, access, subject ?? client.skipSubjectCheck);
    } catch (error) {
      throw signInFailure(error, { host: this.#host, again, byToken: true });
    }
  }

  /** All pages of a list of the provider's own API, up to MAX_PAGES. @throws SignInFailed */
  async list(url: string, access: string): Promise<Record<string, unknown>[]> {
    const found: Record<string, unknown>[] = [];
    let next: string | null = url;
    for (let page = 0; next !== null && page < MAX_PAGES; page++) {
      const { body, headers } = await this.#get(next, access);
      if (!Array.isArray(body)) throw new SignInFailed('silent', `${new URL(url).host} answers no list`);
      found.push(...(body as Record<string, unknown>[]));
      const link = /<([^>]+)>;\s*rel="next"/.exec(headers.get('link') ?? '')?.[1] ?? null;
      next = link !== null && URL.canParse(link) && new URL(link).origin === new URL(url).origin ? link : null;
    }
    return found;
  }

  async object(url: string, access: string): Promise<Record<string, unknown>> {
    const { body } = await this.#get(url, access);
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
    throw new SignInFailed('silent', `${new URL(url).host} answers something else`);
  }

  async #get(url: string, access: string): Promise<{ body: unknown; headers: Headers }> {
    const { host } = new URL(url);
    const headers = { authorization: `Bearer ${access}`, accept: 'application/json', 'user-agent': 'umbel' };
    const signal = AbortSignal.timeout(TIMEOUT_S * 1000);
    try {
      const reply = await this.#options.fetch(url, { headers, redirect: 'error', signal });
      if (reply.ok) return { body: await reply.json(), headers: reply.headers };
      await reply.body?.cancel();
      if (reply.status === 401) throw new SignInFailed('denied', `${host} does not take the token`);
      // GitHub's and GitLab's way to say "too often" is 403 or 429.
      const isRefused = reply.status === 403 && reply.headers.get('x-ratelimit-remaining') !== '0';
      throw new SignInFailed(isRefused ? 'broken' : 'silent', `${host} answers ${reply.status}`);
    } catch (error) {
      if (error instanceof SignInFailed) throw error;
      throw new SignInFailed('silent', `${host} does not answer as it should (${networkCode(error)})`);
    }
  }

  /** Asked again by whoever comes next, when it could not be. */
  #configured(): Promise<client.Configuration> {
    this.#configuration ??= this.#configure().catch((error: unknown) => {
      this.#configuration = null;
      throw signInFailure(error, { host: this.#host });
    });
    return this.#configuration;
  }

  async #configure(): Promise<client.Configuration> {
    const { id, secret, fetch } = this.#options;
    const { issuer } = this.#place;
    const isHere = isLoopbackHost(issuer);
    if ('authorize' in this.#place) {
      const { authorize, token } = this.#place;
      const metadata = { issuer, authorization_endpoint: authorize, token_endpoint: token };
      const made = new client.Configuration(metadata, id, undefined, client.ClientSecretPost(secret));
      made.timeout = TIMEOUT_S;
      made[client.customFetch] = fetch as client.CustomFetch;
      if (isHere) client.allowInsecureRequests(made);
      return made;
    }
    return client.discovery(new URL(issuer), id, undefined, secretAsAsked(secret), {
      timeout: TIMEOUT_S,
      [client.customFetch]: fetch as client.CustomFetch,
      execute: [client.enableNonRepudiationChecks, ...(isHere ? [client.allowInsecureRequests] : [])],
    });
  }
}

/** In the way that the provider takes it: by a header, unless it says that it wants it in the body. */
function secretAsAsked(secret: string): client.ClientAuth {
  const [basic, post] = [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)];
  return (server, ...rest) => {
    const ways = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    return (ways.includes('client_secret_basic') || !ways.includes('client_secret_post') ? basic : post)(
      server,
      ...rest,
    );
  };
}
