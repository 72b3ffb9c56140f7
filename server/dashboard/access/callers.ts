// Who asks: by a header of a trusted proxy, by a user and a password that come with the request, or by the cookie of a session.
// Not here: what one may (rules.ts, gate.ts), signing in (sign-in.ts).
// Holds: what is said outright goes before a cookie: a wrong password is not made good by a session; a session ends with the password,
// or the provider, by which it began.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../routes/context.ts';
import { readLogin } from './basic.ts';
import type { Cookies } from './cookies.ts';
import type { TrustedProxies } from './forwarded.ts';
import type { Identity } from './identity.ts';
import type { Logins } from './logins.ts';
import { type ProxyLogin, userByProxy } from './proxy-login.ts';
import type { Session, Sessions } from './sessions.ts';

export type Caller = Pick<Identity, 'name' | 'via' | 'groups' | 'key' | 'account'>;

export interface CallerParts {
  readonly logins: Logins;
  readonly sessions: Sessions;
  readonly cookies: Cookies;
  readonly proxies: TrustedProxies;
  readonly proxyLogin: ProxyLogin;
  /** Whether a session goes on; null: it does not. */
  readonly renew: (session: Session) => Promise<Session | null>;
}

export class Callers {
  readonly #parts: CallerParts;

  constructor(parts: CallerParts) {
    this.#parts = parts;
  }

  /** null: nobody that is known.  @throws ProblemError 401 for a wrong password, 429 */
  async of(request: FastifyRequest, reply: FastifyReply): Promise<Caller | null> {
    const { cookies, logins, proxies, proxyLogin } = this.#parts;
    const known = userByProxy(request.raw, proxyLogin, proxies);
    if (known !== null) return { ...known, via: 'proxy', key: null, account: null };
    const login = readLogin(request.headers.authorization);
    if (login !== null) {
      const { address } = proxies.clientOf(request.raw);
      if (await logins.check(address, login.user, login.password))
        return { name: login.user, via: 'basic', groups: [], key: null, account: null };
      throw unauthorized(request);
    }
    const cookie = cookies.session.read(request);
    if (cookie === null) return null;
    const session = await this.#session(cookie);
    if (session !== null) {
      const { user: name, groups, id: key, account = null } = session;
      return { name, via: 'session', groups, key, account };
    }
    // It is good for nothing any more.
    cookies.write(cookies.session, request, reply, '', 0);
    return null;
  }

  async #session(cookie: string): Promise<Session | null> {
    const session = await this.#parts.sessions.use(cookie);
    return session === null ? null : this.goesOn(session);
  }

  /** null: it has ended by this. */
  async goesOn(session: Session): Promise<Session | null> {
    const { renew, sessions } = this.#parts;
    const going = await renew(session);
    if (going === null) await sessions.end(({ id }) => id === session.id);
    return going;
  }
}

/** Programs are told how to say who they are. A browser would ask by a window of its own, before our page could. */
export function unauthorized({ headers }: Pick<FastifyRequest, 'headers'>): ProblemError {
  const isPage = headers['sec-fetch-mode'] !== undefined || /^Mozilla\/.*/.test(headers['user-agent'] ?? '');
  const challenge = { 'www-authenticate': 'Basic realm="umbel", charset="UTF-8"' };
  return new ProblemError(401, 'Unauthorized', 'A user and password are needed.', isPage ? {} : { headers: challenge });
}
