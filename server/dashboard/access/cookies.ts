// The cookies of this dashboard, by where it is mounted and by how the request came.
// Not here: how one is written (cookie.ts), what they hold (sessions.ts, sign-in.ts).
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Cookie } from './cookie.ts';
import type { TrustedProxies } from './forwarded.ts';

export class Cookies {
  session: Cookie;
  /** What is remembered while somebody is at their provider, and what they are told afterwards. */
  signIn: Cookie;
  readonly #dashboard: string;
  readonly #proxies: TrustedProxies;
  readonly #tlsHost: string | null;

  /**
   * @param dashboard what tells this one from others of the host
   * @param tlsHost name and port by which it is reached through TLS, whatever a proxy tells; null: not known
   */
  constructor(dashboard: string, proxies: TrustedProxies, tlsHost: string | null = null) {
    this.#tlsHost = tlsHost;
    this.#dashboard = dashboard;
    this.#proxies = proxies;
    this.session = new Cookie('session', dashboard, '');
    this.signIn = new Cookie('sign-in', dashboard, '');
  }

  /** @param prefix '' or '/prefix' */
  mount(prefix: string): void {
    this.session = new Cookie('session', this.#dashboard, prefix);
    this.signIn = new Cookie('sign-in', this.#dashboard, prefix);
  }

  /** @param maxAge @unit seconds; 0 takes it away */
  write(cookie: Cookie, request: FastifyRequest, reply: FastifyReply, value: string, maxAge: number): void {
    // A page that came by TLS says so in its Origin, whatever the proxy before us tells.
    const { host, isSecure: isTold } = this.#proxies.clientOf(request.raw);
    const isHost = this.#tlsHost !== null && host === this.#tlsHost;
    const isSecure = isTold || isHost || cookie.isSecure(request) || /^https:/i.test(request.headers.origin ?? '');
    cookie.write(reply, value, maxAge, isSecure);
  }
}
