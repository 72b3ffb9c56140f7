// GitHub, github.com or an enterprise's own: OAuth 2, then its API for e-mail addresses, organisations and teams.
// Holds: only verified addresses count; groups are 'org' and 'org/team'.
// Flower 2.0: views/auth.py GithubLoginHandler
import { isAllowedEmail } from '../emails.ts';
import { type ClientOptions, ProviderClient } from './client.ts';
import { type Checks, type Person, type Provider, SignInFailed, type Tokens } from './contract.ts';
import { baseOf } from './domain.ts';

export interface GithubOptions extends ClientOptions {
  /** 'github.com' */
  readonly domain: string;
  readonly emails: readonly string[] | null;
  /** Rules speak of groups. */
  readonly wantsGroups: boolean;
}

export class GithubProvider implements Provider {
  readonly name = 'github';
  readonly label = 'GitHub';
  readonly #options: GithubOptions;
  readonly #client: ProviderClient;
  readonly #api: string;

  constructor(options: GithubOptions) {
    const base = baseOf(options.domain);
    const oauth = `${base}/login/oauth`;
    this.#options = options;
    this.#api = apiOf(options.domain, base);
    this.#client = new ProviderClient(
      { issuer: base, authorize: `${oauth}/authorize`, token: `${oauth}/access_token` },
      options,
    );
  }

  begin(checks: Checks, another: boolean): Promise<URL> {
    const scope = this.#options.wantsGroups ? 'user:email read:org' : 'user:email';
    return this.#client.authorizationUrl(scope, checks, another ? { prompt: 'select_account' } : {});
  }

  async finish(callback: URL, checks: Checks): Promise<Person> {
    return this.#person(await this.#client.tokens(callback, checks));
  }

  async again(tokens: Tokens): Promise<Person> {
    return this.#person(await this.#client.renewed(tokens));
  }

  async #person(tokens: Tokens): Promise<Person> {
    const { emails, wantsGroups } = this.#options;
    const all = await this.#client.list(`${this.#api}/user/emails`, tokens.access);
    const verified = all.filter(({ verified: is, email }) => is === true && typeof email === 'string');
    const first = verified.find(({ primary }) => primary === true) ?? verified[0];
    const known = [first, ...verified].find((one) => one && isAllowedEmail(String(one['email']), emails));
    if (!known) {
      if (!first) throw new SignInFailed('unverified', 'No e-mail address of theirs is verified');
      const as = String(first['email']);
      throw new SignInFailed('denied', `${as} is none of auth`, as);
    }
    const email = String(known['email']);
    return { name: email, email, groups: wantsGroups ? await this.#groups(tokens.access) : [], tokens };
  }

  async #groups(access: string): Promise<string[]> {
    const orgs = await this.#client.list(`${this.#api}/user/orgs?per_page=100`, access);
    const teams = await this.#client.list(`${this.#api}/user/teams?per_page=100`, access);
    return [
      ...orgs.map(({ login }) => String(login)),
      ...teams.map(
        ({ slug, organization }) => `${String((organization as { login?: unknown })?.login)}/${String(slug)}`,
      ),
    ];
  }
}

function apiOf(domain: string, base: string): string {
  if (domain === 'github.com') return 'https://api.github.com';
  return /\.ghe\.com$/.test(domain) ? `https://api.${domain}` : `${base}/api/v3`;
}
