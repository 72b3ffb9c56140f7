// The provider that the options name, by Flower's dotted names or by ours.
// Holds: what is missing is named at the start; where everybody may have an account, it must be said who of them may come in.
// Flower 2.0: options.py, views/auth.py
import { ImproperlyConfigured } from '../../../errors.ts';
import type { Resolved } from '../../options.ts';
import { isAllowedEmail } from '../emails.ts';
import type { Account } from '../identity.ts';
import type { Fetch } from './client.ts';
import type { Provider } from './contract.ts';
import { baseOf } from './domain.ts';
import { GithubProvider } from './github.ts';
import { GitlabProvider } from './gitlab.ts';
import { OidcProvider } from './oidc.ts';

const PROVIDERS = ['google', 'github', 'gitlab', 'okta', 'oidc'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

const FLOWERS: Readonly<Record<string, ProviderName>> = {
  GoogleAuth2LoginHandler: 'google',
  GithubLoginHandler: 'github',
  GitLabLoginHandler: 'gitlab',
  OktaLoginHandler: 'okta',
};

/** 'github', or 'flower.views.auth.GithubLoginHandler'. @throws ImproperlyConfigured */
export function readProvider(given: unknown, name: string): ProviderName | null {
  if (given === null || given === undefined || given === '') return null;
  const text = String(given);
  const found =
    PROVIDERS.find((one) => one === text.toLowerCase()) ?? FLOWERS[text.replace(/^flower\.views\.auth\./, '')];
  if (found) return found;
  throw new ImproperlyConfigured(
    `The option ${name} takes ${PROVIDERS.join(', ')}, or the name of one of Flower's handlers such as flower.views.auth.GithubLoginHandler; others, being Python, cannot be loaded.`,
  );
}

/** @throws ImproperlyConfigured naming what is missing */
export function refuseIncomplete(options: Resolved): void {
  const { auth_provider: name, url_prefix: prefix } = options;
  if (name === null) {
    if (options.auth !== null) throw missing('auth_provider', 'auth');
    return;
  }
  for (const key of ['oauth2_key', 'oauth2_secret', 'oauth2_redirect_uri'] as const)
    if (options[key] === null) throw missing(key, `auth_provider=${name}`);
  if (name === 'oidc' && options.oidc_issuer === null) throw missing('oidc_issuer', 'auth_provider=oidc');
  if (name === 'okta' && options.oauth2_okta_base_url === null)
    throw missing('oauth2_okta_base_url', 'auth_provider=okta');
  const { pathname } = new URL(options.oauth2_redirect_uri!);
  // As a plugin it is below a path that is not known yet.
  if (prefix === '' ? !pathname.endsWith('/login') : pathname !== `${prefix}/login`)
    throw new ImproperlyConfigured(
      `The option oauth2_redirect_uri must lead to ${prefix}/login of this dashboard, as https://dash.example.com${prefix}/login.`,
    );
  const isOwn =
    name === 'oidc' || name === 'okta' || (name === 'gitlab' && options.gitlab_auth_allowed_groups.length > 0);
  if (!isOwn && options.auth === null && options.access_rules === null)
    throw new ImproperlyConfigured(
      `Everybody can have an account at ${name}: say who may come in, by auth (e-mail addresses) or access_rules.`,
    );
}

const missing = (key: string, where: string) =>
  new ImproperlyConfigured(`The option ${key} is missing: ${where} needs it.`);

/** Where people's accounts are: an issuer, or the address that a domain stands for. null: there is no provider. */
export function placeOf(options: Resolved): string | null {
  switch (options.auth_provider) {
    case null:
      return null;
    case 'google':
      return 'https://accounts.google.com';
    case 'github':
      return baseOf(options.github_oauth_domain);
    case 'gitlab':
      return baseOf(options.gitlab_oauth_domain);
    case 'okta':
      // Of the organisation's own server the address of the endpoints is no issuer.
      return options.oauth2_okta_base_url!.replace(/\/+$/, '').replace(/\/oauth2$/, '');
    case 'oidc':
      return options.oidc_issuer!;
  }
}

/** Whether somebody with this account could still sign in, as far as that is known here. */
export function isKnownAccount({ place, email }: Account, options: Resolved): boolean {
  const { auth: emails } = options;
  return place === placeOf(options) && (emails === null || (email !== null && isAllowedEmail(email, emails)));
}

/** Of complete options. null: there is none. */
export function providerOf(options: Resolved, fetch: Fetch): Provider | null {
  const { auth: emails, auth_provider: name } = options;
  if (name === null) return null;
  const wantsGroups = (options.access_rules ?? []).some(({ who }) =>
    [who].flat().some((one) => one.startsWith('group:')),
  );
  const shared = {
    ...{ id: options.oauth2_key!, secret: options.oauth2_secret!, redirectUri: options.oauth2_redirect_uri! },
    ...{ fetch, emails, wantsGroups },
  };
  if (name === 'github') return new GithubProvider({ ...shared, domain: options.github_oauth_domain });
  if (name === 'gitlab')
    return new GitlabProvider({
      ...shared,
      domain: options.gitlab_oauth_domain,
      allowedGroups: options.gitlab_auth_allowed_groups,
      minAccessLevel: options.gitlab_min_access_level,
    });
  const oidc = {
    ...{ ...shared, name, issuer: placeOf(options)!, more: {}, another: 'login' },
    ...{ userClaim: 'email', groupsClaim: options.oidc_groups_claim },
  };
  if (name === 'google')
    return new OidcProvider({
      ...{ ...oidc, label: 'Google', scope: 'openid email profile', another: 'select_account consent' },
      // Google gives what it is asked again with when it is asked like this.
      more: { access_type: 'offline', prompt: 'consent' },
    });
  if (name === 'okta')
    return new OidcProvider({ ...oidc, label: 'Okta', scope: wantsGroups ? 'openid email groups' : 'openid email' });
  return new OidcProvider({
    ...{ ...oidc, label: options.oidc_name, scope: options.oidc_scope, userClaim: options.oidc_user_claim },
    // Offline access is given to nobody who was not asked for it.
    ...(/ offline_access( |$)/.test(` ${options.oidc_scope}`) && {
      more: { prompt: 'consent' },
      another: 'login consent',
    }),
  });
}
