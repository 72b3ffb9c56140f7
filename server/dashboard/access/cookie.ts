// Our cookies, as they are read and written.
// Holds: no script reads them, no other site's request brings them but a link that a person follows, and where the page came by TLS they go
// by TLS only. The name has a part of its own for each dashboard: browsers do not tell the ports of a host apart.
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

export class Cookie {
  readonly #name: string;
  readonly #path: string;

  /** @param dashboard what tells this one from others of the host  @param prefix '' or '/prefix' */
  constructor(what: 'session' | 'sign-in', dashboard: string, prefix: string) {
    const own = createHash('sha256').update(`${dashboard} ${prefix}`).digest('hex').slice(0, 8);
    this.#name = `umbel-${what}-${own}`;
    this.#path = `${prefix}/`;
  }

  /** Whether the browser has one that only TLS can have set. */
  isSecure({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
    return (headers.cookie ?? '').includes(`__Secure-${this.#name}=`);
  }

  /** Of two the one that only TLS can have set. */
  read({ headers }: Pick<FastifyRequest, 'headers'>): string | null {
    const all = new Map(
      (headers.cookie ?? '').split(';').map((pair) => {
        const at = pair.indexOf('=');
        return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const;
      }),
    );
    return all.get(`__Secure-${this.#name}`) ?? all.get(this.#name) ?? null;
  }

  /** @param value letters of base64url and dots  @param maxAge 0 takes it away @unit seconds */
  write(reply: FastifyReply, value: string, maxAge: number, isSecure: boolean): void {
    const name = isSecure ? `__Secure-${this.#name}` : this.#name;
    const secure = isSecure ? '; Secure' : '';
    // Several: Fastify adds each to those that are there.
    reply.header(
      'set-cookie',
      `${name}=${value}; Path=${this.#path}; Max-Age=${Math.floor(maxAge)}; HttpOnly; SameSite=Lax${secure}`,
    );
  }
}
