// A real OpenID Connect server of the test's own (oidc-provider): people sign in by choosing who they are on its one page.
// Holds: PKCE is required, refresh tokens are given and taken once, everything is forgotten with the server.
import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface OidcPerson {
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly groups?: readonly string[];
  readonly preferred_username?: string;
}

export interface OidcServer {
  readonly issuer: string;
  readonly id: string;
  readonly secret: string;
  /** Who has an account; may be changed meanwhile. */
  readonly people: Record<string, OidcPerson>;
  /** An ID token of this server's, with other claims. */
  resigned(token: string, change: Record<string, unknown>): string;
  /** The code is good for nothing any more, as after its minute. */
  forget(code: string): Promise<void>;
  /** Whoever asks is answered 503. */
  down: boolean;
  close(): Promise<void>;
}

/** What of the library is used here. */
interface Library {
  callback(): (request: IncomingMessage, response: ServerResponse) => void;
  interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<{ prompt: { name: string } }>;
  interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>;
  readonly AuthorizationCode: { find(code: string): Promise<{ destroy(): Promise<void> } | undefined> };
  readonly Grant: new (of: object) => { addOIDCScope(scope: string): void; save(): Promise<void> };
}

/** @param redirectUris of the dashboards that sign in here */
export async function startOidcServer(
  redirectUris: readonly string[],
  people: Record<string, OidcPerson>,
): Promise<OidcServer> {
  // It warns of versions of Node that it works with all the same.
  const { warn } = console;
  console.warn = () => {};
  // @ts-expect-error it has no types of its own
  const { Provider } = (await import('oidc-provider')) as {
    Provider: new (issuer: string, settings: object) => Library;
  };
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const server = createServer();
  // A line closed for idleness just as it is used again is another failure than those that are tried.
  server.keepAliveTimeout = 0;
  const issuer = await listening(server);
  const [id, secret] = ['umbel-dashboard', 'client-s3cret'];
  const scopes = 'openid email profile groups offline_access';
  const provider = new Provider(issuer, {
    clients: [
      {
        ...{ client_id: id, client_secret: secret, redirect_uris: redirectUris },
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['only-a-test'] },
    scopes: scopes.split(' '),
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['preferred_username'],
      groups: ['groups'],
    },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    findAccount: (_: unknown, sub: string) =>
      people[sub] && { accountId: sub, claims: () => ({ sub, ...people[sub] }) },
    // Nobody is asked for consent.
    async loadExistingGrant({ oidc }: { oidc: { session: { accountId: string }; client: { clientId: string } } }) {
      const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope(scopes);
      await grant.save();
      return grant;
    },
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 60,
      Grant: 3600,
      IdToken: 3600,
      Interaction: 600,
      RefreshToken: 86_400,
      Session: 3600,
    },
    renderError: (ctx: { body: unknown }, out: { error: string }) => {
      ctx.body = `error: ${out.error}`;
    },
  });
  console.warn = warn;
  const made: OidcServer = {
    ...{ issuer, id, secret, people, down: false },
    resigned: (token, change) => resigned(privateKey, token, change),
    forget: async (code) => (await provider.AuthorizationCode.find(code))?.destroy(),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  const handle = provider.callback();
  server.on('request', (request, response) => {
    if (made.down) {
      // Heard out: who is answered before it has said all may see a broken line instead of the answer.
      request.resume().on('end', () => response.writeHead(503).end());
      return;
    }
    const [, uid, who] = /^\/interaction\/([\w-]+)(?:\/as\/(\w+))?$/.exec(request.url ?? '') ?? [];
    if (uid === undefined) handle(request, response);
    else void choose(provider, request, response, { uid, who, people: Object.keys(people) });
  });
  return made;
}

/** The page on which one says who one is, and what comes of it. */
async function choose(
  provider: Library,
  request: IncomingMessage,
  response: ServerResponse,
  { uid, who, people }: { uid: string; who: string | undefined; people: readonly string[] },
): Promise<void> {
  if (who === undefined) {
    const links = [...people, 'nobody'].map((one) => `<li><a href="/interaction/${uid}/as/${one}">${one}</a></li>`);
    const page = `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Who are you?</title><ul>${links.join('')}</ul>`;
    response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    return;
  }
  const { prompt } = await provider.interactionDetails(request, response);
  // Asked for by prompt=consent, after who one is.
  const yes = prompt.name === 'consent' ? { consent: {} } : { login: { accountId: who } };
  const result = who === 'nobody' ? { error: 'access_denied' } : yes;
  await provider.interactionFinished(request, response, result);
}

function resigned(key: KeyObject, token: string, change: Record<string, unknown>): string {
  const [head, body] = token.split('.') as [string, string];
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
  const text = `${head}.${Buffer.from(JSON.stringify({ ...claims, ...change })).toString('base64url')}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`;
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}
