// /login: the sign-in page, where Flower has its own; the way to a provider, and the way back from it.
// Not here: what the page asks (session.ts), the page itself (web/src/sign-in/page.tsx), what a provider says (../access/provider-flow.ts).
// Flower 2.0: views/auth.py
import type { FastifyInstance } from 'fastify';
import { PUBLIC } from '../access/identity.ts';
import type { SignIn } from '../access/sign-in.ts';
import type { Pages } from '../spa.ts';
import { notFound } from './context.ts';

/** @param isGuarded without it there is nobody to sign in */
export function loginRoutes(app: FastifyInstance, isGuarded: boolean, signIn: SignIn, { sendSignIn }: Pages): void {
  const options = { config: PUBLIC, compress: false } as const;
  const { flow } = signIn;
  app.get<{ Querystring: Record<string, unknown> }>('/login', options, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const { code, error, state } = request.query;
    if (flow !== null && state !== undefined && (code !== undefined || error !== undefined))
      return reply.redirect(await flow.finish(request, reply, signIn));
    return isGuarded ? sendSignIn(reply) : reply.redirect(`${request.outerPrefix}/`);
  });
  app.get<{ Params: { provider: string }; Querystring: Record<string, unknown> }>(
    '/login/:provider',
    options,
    async (request, reply) => {
      if (flow === null) throw notFound('One signs in with a name and a password here.');
      const { next, another } = request.query;
      const to = await flow.begin(request, reply, {
        ...{ name: request.params.provider, another: another !== undefined },
        next: typeof next === 'string' ? next : undefined,
      });
      return reply.header('cache-control', 'no-store').redirect(to);
    },
  );
}
