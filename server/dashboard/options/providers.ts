// Options of signing in at a provider: Flower's names and variables, and those of any OpenID Connect.
// Flower 2.0: options.py, views/auth.py
import { list, number, oneOf, orNull, type Read, text } from '../../app/option-values.ts';
import { ImproperlyConfigured } from '../../errors.ts';
import { safeUrl } from '../../transport/url.ts';
import { readEmails } from '../access/emails.ts';
import { readProvider } from '../access/providers/configured.ts';
import { isDomain } from '../access/providers/domain.ts';
import { isLoopbackHost } from '../access/providers/loopback.ts';
import { duration } from '../option-values.ts';
import type { OptionRow } from './row.ts';

/** It is not shown, whatever is wrong with it. */
const filled: Read<string> = (value, name) => {
  if (typeof value === 'string' && value !== '') return value;
  throw new ImproperlyConfigured(`The option ${name} must be a text, and not empty.`);
};
const word: Read<string> = (value, name) => {
  if (typeof value === 'string' && /^\S+$/.test(value)) return value;
  throw new ImproperlyConfigured(`The option ${name} must be one word.`);
};
const scopes: Read<string> = (value, name) => {
  if (typeof value === 'string' && value.split(' ').includes('openid')) return value;
  throw new ImproperlyConfigured(`The option ${name} takes scopes with spaces between them, of which openid is one.`);
};
const httpsUrl: Read<string> = (value, name) => {
  const given = text(value, name);
  if (URL.canParse(given) && (given.startsWith('https://') || isLoopbackHost(given))) return given;
  throw new ImproperlyConfigured(
    `The option ${name} takes an address with https://, not ${JSON.stringify(safeUrl(given))}.`,
  );
};
const domain: Read<string> = (value, name) => {
  if (typeof value === 'string' && isDomain(value)) return value;
  throw new ImproperlyConfigured(`The option ${name} takes a domain such as git.example.com, without a path.`);
};
const row = (
  name: OptionRow['name'],
  source: OptionRow['source'],
  fallback: unknown,
  meaning: string,
  read: Read<unknown>,
  more: Partial<OptionRow> = {},
): OptionRow => ({ name, kind: 'text', default: fallback, meaning, read, source, ...more });

export const PROVIDER_OPTIONS: readonly OptionRow[] = [
  row(
    'auth_provider',
    'Flower',
    null,
    "Where people sign in: google, github, gitlab, okta or oidc, or the name of Flower's handler",
    readProvider,
    {
      word: 'name',
    },
  ),
  row(
    'auth',
    'Flower',
    null,
    'E-mail addresses that may sign in there: ann@example.com|bob@example.com, .*@example.com',
    readEmails,
    {
      word: 'addresses',
    },
  ),
  row('oauth2_key', 'Flower', null, 'Client id at the provider', orNull(filled), { word: 'id' }),
  row(
    'oauth2_secret',
    'Flower',
    null,
    'Its secret; better in the environment (UMBEL_OAUTH2_SECRET) than in a flag',
    orNull(filled),
    {
      word: 'text',
    },
  ),
  row(
    'oauth2_redirect_uri',
    'Flower',
    null,
    'Where the provider sends people back to: https://dash.example.com/login',
    orNull(httpUri),
    {
      word: 'url',
    },
  ),
  row('oauth2_okta_base_url', 'Flower', null, 'Okta: https://example.okta.com/oauth2/default', orNull(httpsUrl), {
    word: 'url',
  }),
  row('github_oauth_domain', 'Flower', 'github.com', "Domain of GitHub, or of an enterprise's own", domain, {
    word: 'domain',
  }),
  row('gitlab_oauth_domain', 'Flower', 'gitlab.com', "Domain of GitLab, or of one's own", domain, { word: 'domain' }),
  row(
    'gitlab_auth_allowed_groups',
    'Flower',
    [],
    'Whole paths of groups at GitLab, of which one must be in one',
    list,
    {
      kind: 'list',
      word: 'groups',
    },
  ),
  row('gitlab_min_access_level', 'Flower', 20, 'The least access level in such a group', oneOfLevels, {
    kind: 'number',
    word: 'level',
  }),
  row('oidc_issuer', 'Umbel', null, 'Issuer of OpenID Connect: https://id.example.com/realms/main', orNull(httpsUrl), {
    word: 'url',
  }),
  row('oidc_name', 'Umbel', 'single sign-on', 'What the sign-in page calls it', filled, { word: 'name' }),
  row(
    'oidc_scope',
    'Umbel',
    'openid email profile',
    'What is asked of it; offline_access lets it be asked again',
    scopes,
    { word: 'scopes' },
  ),
  row(
    'oidc_user_claim',
    'Umbel',
    'email',
    'The claim that names people; email counts only where it is verified',
    word,
    { word: 'claim' },
  ),
  row('oidc_groups_claim', 'Umbel', 'groups', 'The claim with their groups, for group: in rules', word, {
    word: 'claim',
  }),
  row(
    'session_recheck',
    'Umbel',
    3600,
    'A provider is asked again whether somebody still may, after so long',
    duration,
    {
      kind: 'number',
      unit: 'seconds',
    },
  ),
  row(
    'token_recheck',
    'Umbel',
    null,
    "A token of a provider's user is good for so long after the provider last let them in; then they sign in again. Default: for as long as it lasts",
    orNull(duration),
    {
      kind: 'number',
      unit: 'seconds',
    },
  ),
];

function httpUri(value: unknown, name: string): string {
  const given = text(value, name);
  if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)) return given;
  throw new ImproperlyConfigured(`The option ${name} takes an address such as https://dash.example.com/login.`);
}

/** As GitLab counts them. */
function oneOfLevels(value: unknown, name: string): number {
  const level = number(value, name);
  return Number(oneOf(['5', '10', '15', '20', '30', '40', '50'] as const)(String(level), name));
}
