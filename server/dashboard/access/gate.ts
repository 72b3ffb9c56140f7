// The gate every request passes: is it from here, from our own pages, from a user?
// Not here: each question (origin.ts, callers.ts, tokens.ts), the routes.
// Holds: what is refused is refused before anything is read or done for it, and is told in the log with its address, within bounds.
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { fromSegment } from '../../../shared/path-segment.ts';
import { CLOSE_REFUSED, CLOSE_SIGNED_OUT } from '../../../shared/wire/close-codes.ts';
import type { Logger } from '../../log.ts';
import type { Timer } from '../../timer.ts';
import type { Resolved } from '../options.ts';
import { ProblemError } from '../routes/context.ts';
import { askerOf, type RefusedRequest } from './audit.ts';
import { type Caller, type Callers, unauthorized } from './callers.ts';
import type { TrustedProxies } from './forwarded.ts';
import { isGuarded } from './guarded.ts';
import { type Access, calledBy, grantWithin, type Identity, identified, may, plainGrant } from './identity.ts';
import type { Logins } from './logins.ts';
import { grantOfMaker } from './maker.ts';
import { isTrustedOrigin, refuseHost, refuseOrigin, refuseRead, refuseRemote } from './origin.ts';
import { peerOf } from './peer.ts';
import { type Admitting, grantOfScope } from './rules.ts';
import { type KeptToken, readToken, type Tokens } from './tokens.ts';

/** Refusals told in the log, then one in so many milliseconds says how many there were. */
const REPORT_EVERY_MS = 10_000;

/** A WebSocket that is opened only to say why it is closed again: a page cannot read what answers a refused handshake. */
export interface Refusal {
  readonly code: number;
  readonly reason: string;
}

export interface GateParts {
  readonly options: Resolved;
  readonly timer: Timer;
  readonly log: Logger;
  readonly proxies: TrustedProxies;
  readonly rules: Admitting;
  /** For routes that are of no one cluster: whom one of them lets in. */
  readonly anywhere: Admitting;
  readonly callers: Callers;
  readonly logins: Logins;
  readonly tokens: Tokens;
  /** What somebody asked for who may not, for the record. */
  readonly refused: (refused: RefusedRequest) => void;
}

export class Gate {
  readonly #options: Resolved;
  readonly #timer: Timer;
  readonly #log: Logger;
  readonly #proxies: TrustedProxies;
  readonly #rules: Admitting;
  readonly #anywhere: Admitting;
  readonly #callers: Callers;
  readonly #logins: Logins;
  readonly #tokens: Tokens;
  readonly #refused: (refused: RefusedRequest) => void;
  #pending: { reason: string; times: number } | null = null;

  constructor({ options, timer, log, proxies, rules, anywhere, callers, logins, tokens, refused }: GateParts) {
    this.#options = options;
    this.#timer = timer;
    this.#log = log;
    this.#proxies = proxies;
    this.#rules = rules;
    this.#anywhere = anywhere;
    this.#callers = callers;
    this.#logins = logins;
    this.#tokens = tokens;
    this.#refused = refused;
  }

  /**
   * The reply may have been sent by this: a person without a login is led to the sign-in page.
   * @param path of the route that answers, without the prefix  @param prefix of the dashboard, in which a cluster may have one of its own
   * @throws ProblemError 401, 403, 415, 429
   */
  async admit(request: FastifyRequest, reply: FastifyReply, path: string, prefix: string): Promise<Refusal | null> {
    const { allowed_hosts: hosts, trust_server: isTrusted } = this.#options;
    const { headers, method } = request;
    if (!isGuarded(this.#options) && !isTrusted)
      this.#refuse(request, refuseRemote(peerOf(request.raw.socket)) ?? refuseHost(headers.host, hosts));
    const upgrade = headers.upgrade?.toLowerCase() === 'websocket';
    const site = header(request, 'sec-fetch-site');
    const { origin } = headers;
    const { host } = this.#proxies.clientOf(request.raw);
    const { scripts: isForScripts = false } = request.routeOptions.config;
    const refusal = refuseOrigin(
      { host, origin, fetchSite: upgrade ? undefined : site },
      this.#options.trusted_origins,
    );
    // Asked by a browser by itself, without a login.
    if (isForScripts && method === 'OPTIONS') {
      this.#refuse(request, refusal);
      return null;
    }
    const isReading = !upgrade && (method === 'GET' || method === 'HEAD');
    const isPage = isReading && (!/^\/api(\/|$)/.test(path) || path === '/api/v2/docs');
    if (isReading) {
      const mode = header(request, 'sec-fetch-mode');
      const mayBeFramed = this.#options.frame_ancestors.length > 0;
      const isTrustedPage = isForScripts && isTrustedOrigin(origin, this.#options.trusted_origins);
      if (!isTrustedPage)
        this.#refuse(request, refuseRead({ site, mode, dest: header(request, 'sec-fetch-dest'), isPage, mayBeFramed }));
      if (!(await this.#identify(request, reply, path))) {
        if (!isPage || !/\btext\/html\b/.test(headers.accept ?? '')) throw unauthorized(request);
        const { outerPrefix, url } = request;
        // As the browser has it: with the prefix that a proxy has taken away.
        const next = prefix === '' ? this.outerPrefix(request, '') + url : url;
        reply.header('cache-control', 'no-store').redirect(`${outerPrefix}/login?next=${encodeURIComponent(next)}`);
      }
      return null;
    }
    if (!(await this.#identify(request, reply, path))) {
      // A browser names the page that opens it.
      if (upgrade && origin !== undefined) return { code: CLOSE_SIGNED_OUT, reason: 'Sign in again.' };
      throw unauthorized(request);
    }
    const isDelete = method === 'DELETE' && request.routeOptions.method === 'DELETE';
    if (method !== 'POST' && !isDelete && !upgrade)
      throw new ProblemError(405, 'Method not allowed', `${method} is nothing that is answered here.`, {
        headers: { allow: 'GET, HEAD, POST' },
      });
    if (upgrade) {
      if (refusal) this.#logRefusal(request, refusal);
      return refusal === null ? null : { code: CLOSE_REFUSED, reason: refusal };
    }
    this.#refuse(request, refusal ?? refuseUnnamed(request, site));
    // It has no body, or one that its route reads by itself, whatever it is called: a browser names the page it comes from all the same.
    if (isDelete || isForScripts) return null;
    if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? ''))
      throw new ProblemError(415, 'Unsupported media type', 'What changes something is sent as application/json.');
    const coding = headers['content-encoding'];
    if (coding !== undefined && !/^identity$/i.test(coding))
      throw new ProblemError(
        415,
        'Unsupported media type',
        `A body is read as it is sent, not unpacked by ${coding.slice(0, 100)}.`,
      );
    const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(headers['content-type'] ?? '')?.[1];
    if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset))
      throw new ProblemError(415, 'Unsupported media type', `JSON is read as UTF-8, not as ${charset.slice(0, 100)}.`);
    return null;
  }

  /** The prefix by which the browser knows this. @param prefix of the routes: the proxy's is asked for only without one */
  outerPrefix({ raw }: Pick<FastifyRequest, 'raw'>, prefix: string): string {
    return prefix || this.#proxies.prefixOf(raw);
  }

  /** @returns whether it is known who asks, as far as the route wants to know  @throws ProblemError 401, 403, 429 */
  async #identify(request: FastifyRequest, reply: FastifyReply, path: string): Promise<boolean> {
    const { access, action } = request.routeOptions.config;
    const token = access === 'public' ? null : readToken(request.headers.authorization);
    if (token !== null) request.identity = await this.#ofToken(request, reply, token);
    else if (!isGuarded(this.#options)) {
      const via = this.#options.trust_server ? 'server' : 'loopback';
      request.identity = this.#identity(request, { name: null, via, groups: [], key: null, account: null });
    } else if (access !== 'public') {
      const caller = await this.#callers.of(request, reply);
      if (caller === null) return false;
      request.identity = this.#identity(request, caller);
    }
    try {
      requireAccess(request.identity, access ?? 'viewer', this.#options);
    } catch (error) {
      const [subject = path] = Object.values(request.params as Record<string, string>);
      if (action !== undefined)
        this.#refused({
          ...{ ...askerOf(request), action, subject: fromSegment(subject), method: request.method, path },
          reason: (error as Error).message,
        });
      throw error;
    }
    // Flower's answers are of everything: they are for readers who see all.
    if (request.routeOptions.config.scripts === true && !request.identity.grant.sight.isWhole)
      throw new ProblemError(
        403,
        'Forbidden',
        "Flower's paths tell of every task and queue; you may see certain ones.",
      );
    return true;
  }

  /** @throws ProblemError 403 for whom no rule lets in */
  #identity(request: FastifyRequest, { name, via, groups, key, account }: Caller): Identity {
    const grant = this.#rulesOf(request).grantOf(name ?? 'anonymous', groups);
    const { address } = this.#proxies.clientOf(request.raw);
    if (grant !== null) return identified(name, via, grant, { address, groups, key, account });
    throw new ProblemError(
      403,
      'No access',
      `No rule lets ${name ?? 'anonymous'} in. Ask whoever runs this dashboard.`,
    );
  }

  #rulesOf({ routeOptions }: FastifyRequest): Admitting {
    return routeOptions.config.anywhere === true ? this.#anywhere : this.#rules;
  }

  /** Whatever else would let this request in: who shows a token wants to be taken for it. @throws ProblemError 401, 403 */
  async #ofToken(request: FastifyRequest, reply: FastifyReply, text: string): Promise<Identity> {
    const { address } = this.#proxies.clientOf(request.raw);
    const used = await this.#tokens.use(text, address);
    if (used === null || used.refused !== null) {
      const [name, why] =
        used === null ? ['API token', 'Unknown token'] : [`API token ${used.token.name}`, `Token ${used.refused}`];
      this.#logins.wrongToken(address, name, why);
      reply.header('www-authenticate', 'Bearer realm="umbel", error="invalid_token"');
      const detail =
        used === null
          ? 'This token is not known here.'
          : used.refused === 'lapsed'
            ? `The token ${used.token.name} has lapsed: ${used.token.owner} has to sign in again, then it is good again.`
            : `The token ${used.token.name} is ${used.refused}.`;
      throw new ProblemError(401, 'Unauthorized', detail);
    }
    const identity = identityOfToken(used.token, this.#rulesOf(request), this.#options, address);
    if (identity === null) throw new ProblemError(403, 'No access', ownerless(used.token));
    return identity;
  }

  #refuse(request: FastifyRequest, reason: string | null): void {
    if (reason === null) return;
    this.#logRefusal(request, reason);
    throw new ProblemError(403, 'Forbidden', reason);
  }

  #logRefusal(request: FastifyRequest, reason: string): void {
    if (this.#pending !== null) {
      this.#pending.times++;
      return;
    }
    const { address: from } = this.#proxies.clientOf(request.raw);
    this.#log.warning(`Refused ${request.method} ${request.url.split('?')[0]!.slice(0, 200)} from ${from}: ${reason}`);
    this.#pending = { reason, times: 0 };
    this.#timer.after(REPORT_EVERY_MS, () => {
      const { times } = this.#pending!;
      this.#pending = null;
      if (times > 0) this.#log.warning(`Refused ${times} more requests in the last ${REPORT_EVERY_MS / 1000} s`);
    });
  }
}

export const ownerless = ({ name, owner }: KeptToken): string =>
  `The token ${name} is of ${owner}, who has no access any more.`;

/** null: its maker has no access any more. */
export function identityOfToken(
  kept: KeptToken,
  rules: Admitting,
  options: Resolved,
  address: string | null,
): Identity | null {
  const { id: key, name: token, owner, groups, scope } = kept;
  const maker = grantOfMaker(kept, rules, options);
  if (maker === null) return null;
  const grant = grantWithin(maker, grantOfScope(scope));
  return identified(owner === 'anonymous' ? null : owner, 'token', grant, { groups, address, key, token });
}

/** A route that does not say what it needs is a mistake of ours, found when it is registered. */
export function requireDeclaredAccess({ method, url, config }: RouteOptions): void {
  if (config?.access === undefined)
    throw new Error(`The route ${String(method)} ${url} does not say who may use it (config.access).`);
}

/** Of whom nothing is known, on a public route. */
export const NOBODY: Identity = identified(null, 'nothing', plainGrant(true));

/** @throws ProblemError 403 */
export function requireAccess(identity: Identity, access: Access, { read_only }: Pick<Resolved, 'read_only'>): void {
  if (may(identity, access)) return;
  if (read_only || identity.grant.read_only)
    throw new ProblemError(
      403,
      'Read only',
      read_only ? 'This dashboard is read only: it changes nothing.' : 'You may only look.',
    );
  throw new ProblemError(
    403,
    'Forbidden',
    `This takes the role ${access}; ${calledBy(identity)} may only what a ${identity.role} may.`,
  );
}

/** A cookie comes along with whatever a browser is made to send: by one of these two headers it says from which page. */
function refuseUnnamed({ headers, identity }: FastifyRequest, site: string | undefined): string | null {
  if (identity.via !== 'session' || site !== undefined || headers.origin !== undefined) return null;
  return 'The request comes with a session and does not say from which page (Origin). A program logs in with each request instead.';
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
