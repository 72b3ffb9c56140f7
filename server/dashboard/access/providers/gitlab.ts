// GitLab, gitlab.com or one's own: OAuth 2, then its API for the address and the groups.
// Holds: with gitlab_auth_allowed_groups one must be in one of them, with gitlab_min_access_level at least.
// Flower 2.0: views/auth.py GitLabLoginHandler
import { isAllowedEmail } from '../emails.ts';
import { type ClientOptions, ProviderClient } from './client.ts';
import { type Checks, type Person, type Provider, SignInFailed, type Tokens } from './contract.ts';
import { baseOf } from './domain.ts';

export interface GitlabOptions extends ClientOptions {
  /** 'gitlab.com' */
  readonly domain: string;
  readonly emails: readonly string[] | null;
  /** Whole paths; empty: one need not be in any. */
  readonly allowedGroups: readonly string[];
  readonly minAccessLevel: number;
  /** Rules speak of groups. */
  readonly wantsGroups: boolean;
}

export class GitlabProvider implements Provider {
  readonly name = 'gitlab';
  readonly label = 'GitLab';
  readonly #options: GitlabOptions;
  readonly #client: ProviderClient;
  readonly #base: string;

  constructor(options: GitlabOptions) {
    this.#base = baseOf(options.domain);
    this.#options = options;
    const place = {
      issuer: this.#base,
      authorize: `${this.#base}/oauth/authorize`,
      token: `${this.#base}/oauth/token`,
    };
    this.#client = new ProviderClient(place, options);
  }

  begin(checks: Checks): Promise<URL> {
    return this.#client.authorizationUrl('read_api', checks);
  }

  async finish(callback: URL, checks: Checks): Promise<Person> {
    return this.#person(await this.#client.tokens(callback, checks));
  }

  /** Its access tokens last two hours. */
  async again(tokens: Tokens): Promise<Person> {
    return this.#person(await this.#client.renewed(tokens));
  }

  async #person(tokens: Tokens): Promise<Person> {
    const { allowedGroups, emails, minAccessLevel, wantsGroups } = this.#options;
    const user = await this.#client.object(`${this.#base}/api/v4/user`, tokens.access);
    const { email, confirmed_at: confirmed } = user;
    const username = typeof user['username'] === 'string' ? user['username'] : null;
    if (typeof email !== 'string' || email === '' || typeof confirmed !== 'string')
      throw new SignInFailed('unverified', `The e-mail address of ${username} is not confirmed`, username);
    if (!isAllowedEmail(email, emails)) throw new SignInFailed('denied', `${email} is none of auth`, email);
    if (allowedGroups.length === 0 && !wantsGroups) return { name: email, email, groups: [], tokens };
    const url = `${this.#base}/api/v4/groups?min_access_level=${minAccessLevel}&per_page=100`;
    const groups = (await this.#client.list(url, tokens.access)).map(({ full_path: path }) => String(path));
    if (allowedGroups.length > 0 && !groups.some((group) => allowedGroups.includes(group)))
      throw new SignInFailed('denied', `${email} is in none of gitlab_auth_allowed_groups`, email);
    return { name: email, email, groups, tokens };
  }
}
