// What GitHub and GitLab document of signing in, and of the API that says who somebody is: small, on this machine, strict in what it takes.
// GitHub: docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps, /en/rest/users/emails, /en/rest/orgs, /en/rest/teams
// GitLab: docs.gitlab.com/api/oauth2, /api/users, /api/groups
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ForgeAccount {
  emails?: readonly { email: string; verified: boolean; primary: boolean }[];
  orgs?: readonly string[];
  teams?: readonly (readonly [org: string, slug: string])[];
  user?: { username: string; email: string; confirmed_at?: string | null };
  /** Whole path, and the account's level in it. */
  groups?: Readonly<Record<string, number>>;
}

export interface Forge {
  readonly url: string;
  readonly id: string;
  readonly secret: string;
  /** Who is signed in there, in every browser. */
  account: ForgeAccount;
  /** Tokens that were given count no more. */
  revoke(): void;
  /** Requests so far, with their query. */
  readonly asked: string[];
  close(): Promise<void>;
}

export async function startForge(): Promise<Forge> {
  const [id, secret] = ['forge-client', 'forge-s3cret'];
  const codes = new Map<string, { challenge: string; redirect: string }>();
  const access = new Set<string>();
  const refresh = new Set<string>();
  const give = (isGitlab: boolean) => {
    const [token, again] = [`at-${randomUUID()}`, `rt-${randomUUID()}`];
    access.add(token);
    refresh.add(again);
    if (!isGitlab) return { access_token: token, scope: 'user:email,read:org', token_type: 'bearer' };
    return { access_token: token, token_type: 'Bearer', expires_in: 7200, refresh_token: again, scope: 'read_api' };
  };
  /** GitHub answers 200 whatever is wrong, GitLab 400 and 401. */
  const token = (form: URLSearchParams, isGitlab: boolean): [number, unknown] => {
    const refused = (error: string): [number, unknown] => [
      isGitlab ? 400 : 200,
      { error, error_description: form.toString() },
    ];
    if (form.get('client_id') !== id || form.get('client_secret') !== secret)
      return isGitlab ? [401, { error: 'invalid_client' }] : refused('incorrect_client_credentials');
    if (form.get('grant_type') === 'refresh_token')
      return refresh.delete(form.get('refresh_token') ?? '') ? [200, give(isGitlab)] : refused('invalid_grant');
    const kept = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (!kept || kept.challenge !== challenge || kept.redirect !== form.get('redirect_uri'))
      return refused(isGitlab ? 'invalid_grant' : 'bad_verification_code');
    return [200, give(isGitlab)];
  };
  const made: Forge = {
    ...{ url: '', id, secret, account: {}, asked: [] },
    revoke() {
      access.clear();
      refresh.clear();
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  const answer = (path: string, query: URLSearchParams): [unknown, string?] | null => {
    const { emails = [], orgs = [], teams = [], groups = {}, user } = made.account;
    if (path === '/api/v3/user/emails') return [emails];
    if (path === '/api/v3/user/orgs') return [orgs.map((login) => ({ login }))];
    if (path === '/api/v3/user/teams') return [teams.map(([org, slug]) => ({ slug, organization: { login: org } }))];
    if (path === '/api/v4/user') return [user];
    if (path !== '/api/v4/groups') return null;
    const seen = Object.entries(groups).filter(([, level]) => level >= Number(query.get('min_access_level')));
    const page = Number(query.get('page') ?? 1);
    const next = new URLSearchParams({ ...Object.fromEntries(query), page: String(page + 1) });
    // One on a page.
    const link = seen.length > page ? `<${made.url}${path}?${next}>; rel="next"` : undefined;
    return [seen.slice(page - 1, page).map(([path]) => ({ full_path: path })), link];
  };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams: query } = new URL(request.url!, made.url);
    made.asked.push(request.url!);
    const json = (status: number, body: unknown, more = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...more }).end(JSON.stringify(body));
    if (pathname === '/login/oauth/authorize' || pathname === '/oauth/authorize') {
      const challenge = query.get('code_challenge');
      if (query.get('client_id') !== id || challenge === null || query.get('code_challenge_method') !== 'S256')
        return json(400, { error: 'invalid_request' });
      const code = randomUUID();
      codes.set(code, { challenge, redirect: query.get('redirect_uri')! });
      const back = new URL(query.get('redirect_uri')!);
      back.search = String(new URLSearchParams({ code, state: query.get('state') ?? '' }));
      // GitHub names itself by another address than that of its domain.
      if (pathname === '/login/oauth/authorize') back.searchParams.set('iss', 'https://github.com/login/oauth');
      return response.writeHead(302, { location: back.toString() }).end();
    }
    if (pathname === '/login/oauth/access_token' || pathname === '/oauth/token')
      return json(...token(new URLSearchParams(await bodyOf(request)), pathname === '/oauth/token'));
    if (!access.has((request.headers.authorization ?? '').replace('Bearer ', '')))
      return json(401, { message: 'Bad credentials' });
    const found = answer(pathname, query);
    return found ? json(200, found[0], found[1] && { link: found[1] }) : json(404, {});
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  Object.assign(made, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  return made;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text += String(part);
  return text;
}
