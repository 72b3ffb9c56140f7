// The gate every request passes: is it from here, from our own pages, from a user?
// Not here: each question (origin.ts, basic.ts, tokens.ts, wrong-logins.ts), the routes.
// Holds: what is refused is refused before anything is read or done for it, and is told in the log with its address, within bounds.
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { fromSegment } from '../../../shared/path-segment.ts';
import type { Logger } from '../../log.ts';
import type { Timer } from '../../timer.ts';
import type { Resolved } from '../options.ts';
import { ProblemError } from '../routes/context.ts';
import { askerOf, type RefusedRequest } from './audit.ts';
import { checkLogin, readLogin } from './basic.ts';
import { TrustedProxies } from './forwarded.ts';
import { type Access, calledBy, grantWithin, type Identity, identified, may, plainGrant } from './identity.ts';
import { isTrustedOrigin, refuseHost, refuseOrigin, refuseRead, refuseRemote } from './origin.ts';
import { grantOfScope, Rules } from './rules.ts';
import { readToken, type Tokens } from './tokens.ts';
import { type WrongLogin, WrongLogins } from './wrong-logins.ts';

/** Refusals told in the log, then one in so many milliseconds says how many there were. */
const REPORT_EVERY_MS = 10_000;

export class Gate {
  readonly #options: Resolved;
  readonly #timer: Timer;
  readonly #log: Logger;
  readonly #wrong: WrongLogins;
  readonly #proxies: TrustedProxies;
  readonly #rules: Rules;
  readonly #tokens: Tokens;
  readonly #refused: (refused: RefusedRequest) => void;
  #pending: { reason: string; times: number } | null = null;

  /** @param audit for the record: a wrong login, and what somebody asked for who may not */
  constructor(
    options: Resolved,
    timer: Timer,
    log: Logger,
    tokens: Tokens,
    audit: { wrongLogin(wrong: WrongLogin): void; refused(refused: RefusedRequest): void },
  ) {
    this.#tokens = tokens;
    this.#refused = audit.refused;
    this.#options = options;
    this.#timer = timer;
    this.#log = log;
    this.#proxies = new TrustedProxies(options.xheaders, options.trusted_proxies);
    this.#rules = new Rules(options.access_rules, options.read_only);
    this.#wrong = new WrongLogins(timer, (wrong) => {
      const times = wrong.times === 1 ? '' : `, ${wrong.times} times in ${REPORT_EVERY_MS / 1000} s`;
      log.warning(`${wrong.why} for ${JSON.stringify(wrong.user)} from ${wrong.address}${times}`);
      audit.wrongLogin(wrong);
    });
  }

  /**
   * @param path of the route that answers, without the prefix
   * @returns why a WebSocket is to be closed with a word to its page: a page cannot read what answers a refused handshake
   * @throws ProblemError 401, 403, 415, 429
   */
  async admit(request: FastifyRequest, reply: FastifyReply, path: string): Promise<string | null> {
    const { basic_auth: credentials, allowed_hosts: hosts, trust_server: isTrusted } = this.#options;
    const { headers, method } = request;
    if (credentials.length === 0 && !isTrusted)
      this.#refuse(request, refuseRemote(request.raw.socket.remoteAddress) ?? refuseHost(headers.host, hosts));
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
    if (!upgrade && (method === 'GET' || method === 'HEAD')) {
      const isPage = !/^\/api(\/|$)/.test(path) || path === '/api/v2/docs';
      const mode = header(request, 'sec-fetch-mode');
      const mayBeFramed = this.#options.frame_ancestors.length > 0;
      const isTrustedPage = isForScripts && isTrustedOrigin(origin, this.#options.trusted_origins);
      if (!isTrustedPage)
        this.#refuse(request, refuseRead({ site, mode, dest: header(request, 'sec-fetch-dest'), isPage, mayBeFramed }));
      await this.#identify(request, reply, path);
      return null;
    }
    await this.#identify(request, reply, path);
    const isDelete = method === 'DELETE' && request.routeOptions.method === 'DELETE';
    if (method !== 'POST' && !isDelete && !upgrade)
      throw new ProblemError(405, 'Method not allowed', `${method} is nothing that is answered here.`, {
        headers: { allow: 'GET, HEAD, POST' },
      });
    if (upgrade) {
      if (refusal) this.#logRefusal(request, refusal);
      return refusal;
    }
    this.#refuse(request, refusal);
    // It has no body, or one that its route reads by itself, whatever it is called: a browser names the page it comes from all the same.
    if (isDelete || isForScripts) return null;
    if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? ''))
      throw new ProblemError(415, 'Unsupported media type', 'What changes something is sent as application/json.');
    const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(headers['content-type'] ?? '')?.[1];
    if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset))
      throw new ProblemError(415, 'Unsupported media type', `JSON is read as UTF-8, not as ${charset.slice(0, 100)}.`);
    return null;
  }

  async #identify(request: FastifyRequest, reply: FastifyReply, path: string): Promise<void> {
    const { basic_auth: credentials, trust_server: isTrusted } = this.#options;
    const { access } = request.routeOptions.config;
    const token = access === 'public' ? null : readToken(request.headers.authorization);
    if (token !== null) request.identity = await this.#ofToken(request, reply, token);
    else if (credentials.length === 0)
      request.identity = this.#identity(request, null, isTrusted ? 'server' : 'loopback');
    else if (access !== 'public') request.identity = this.#identity(request, this.#login(request, reply), 'basic');
    try {
      requireAccess(request.identity, access ?? 'viewer', this.#options);
    } catch (error) {
      const { action } = request.routeOptions.config;
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
  }

  /** @throws ProblemError 403 for whom no rule lets in */
  #identity(request: FastifyRequest, name: string | null, via: Identity['via']): Identity {
    const grant = this.#rules.grantOf(name ?? 'anonymous');
    if (grant !== null) return identified(name, via, grant, { address: this.#proxies.clientOf(request.raw).address });
    throw new ProblemError(
      403,
      'No access',
      `No rule lets ${name ?? 'anonymous'} in. Ask whoever runs this dashboard.`,
    );
  }

  /** Whatever else would let this request in: who shows a token wants to be taken for it. @throws ProblemError 401, 403 */
  async #ofToken(request: FastifyRequest, reply: FastifyReply, text: string): Promise<Identity> {
    const { address } = this.#proxies.clientOf(request.raw);
    const used = await this.#tokens.use(text, address);
    if (used === null || used.refused !== null) {
      const [name, why] =
        used === null ? ['API token', 'Unknown token'] : [`API token ${used.token.name}`, `Token ${used.refused}`];
      this.#wrong.wrong(address, name, why);
      reply.header('www-authenticate', 'Bearer realm="umbel", error="invalid_token"');
      const detail =
        used === null ? 'This token is not known here.' : `The token ${used.token.name} is ${used.refused}.`;
      throw new ProblemError(401, 'Unauthorized', detail);
    }
    const { id: key, name: token, owner, groups, scope, via } = used.token;
    const maker = this.#isGone(owner, via) ? null : this.#rules.grantOf(owner, groups);
    if (maker === null)
      throw new ProblemError(403, 'No access', `The token ${token} is of ${owner}, who has no access any more.`);
    const grant = grantWithin(maker, grantOfScope(scope));
    return identified(owner === 'anonymous' ? null : owner, 'token', grant, { groups, address, key, token });
  }

  /** Who made a token and is no user any more, as far as that can be known here. */
  #isGone(owner: string, via: Identity['via']): boolean {
    return via === 'basic' && !this.#options.basic_auth.some(({ user }) => user === owner);
  }

  /** @returns the user */
  #login(request: FastifyRequest, reply: FastifyReply): string {
    const { basic_auth: credentials } = this.#options;
    const login = readLogin(request.headers.authorization);
    if (login !== null) {
      const { address } = this.#proxies.clientOf(request.raw);
      const digest = login.digest.toString('hex');
      const waitMs = this.#wrong.waitMs(address, login.user, digest);
      if (waitMs > 0) {
        reply.header('retry-after', String(Math.ceil(waitMs / 1000)));
        throw new ProblemError(429, 'Too many wrong logins', `Try again in ${Math.ceil(waitMs / 1000)} s.`);
      }
      const user = checkLogin(login, credentials);
      if (user !== null) {
        this.#wrong.right(address, digest);
        return user;
      }
      this.#wrong.wrong(address, login.user);
    }
    reply.header('www-authenticate', 'Basic realm="umbel", charset="UTF-8"');
    throw new ProblemError(401, 'Unauthorized', 'A user and password are needed.');
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

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
