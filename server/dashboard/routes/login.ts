// /login: the sign-in page, as Flower has its own there.
// Not here: what the page asks (session.ts), the page itself (web/src/sign-in/page.tsx).
// Flower 2.0: views/auth.py
import type { FastifyInstance } from 'fastify';
import { PUBLIC } from '../access/identity.ts';
import type { Pages } from '../spa.ts';

/** @param isGuarded without it there is nobody to sign in */
export function loginRoutes(app: FastifyInstance, isGuarded: boolean, { sendSignIn }: Pages): void {
  app.get('/login', { config: PUBLIC, compress: false }, async (_, reply) => {
    if (!isGuarded) return reply.redirect(`${app.prefix}/`);
    return sendSignIn(reply.header('cache-control', 'no-store'));
  });
}
