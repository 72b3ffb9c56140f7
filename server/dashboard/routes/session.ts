// /session and /sessions: signing in with a password, signing out, who is signed in.
// Not here: how somebody signs in (../access/sign-in.ts), what rules say of them (rules.ts), the page and the way back from a provider (login.ts).
// Holds: one ends one's own sessions; those of others an admin ends, also where the dashboard only reads.
import type { EndSessionsRequest } from '../../../shared/wire/session.ts';
import { askerOf, audited } from '../access/audit.ts';
import type { Door } from '../access/door.ts';
import type { Identity } from '../access/identity.ts';
import type { Session } from '../access/sessions.ts';
import { ProblemError } from './context.ts';
import type { Serve } from './serve.ts';

export function sessionRoutes(serve: Serve, { isAdminOfEach, signIn }: Door): void {
  const { sessions } = signIn;
  const isAdmin = (identity: Identity) => identity.grant.role === 'admin' && isAdminOfEach(identity);
  serve('GET /session', async (_, request, reply) => signIn.ways(request, reply));
  serve('POST /session', async (_, request, reply) => {
    const { body } = request;
    return { user: body.user, next: await signIn.withPassword(request, reply, body) };
  });
  serve('DELETE /session', async (_, request, reply) => {
    if (request.identity.via !== 'session')
      throw new ProblemError(
        409,
        'No session',
        'You did not sign in on the sign-in page, so there is no session to end.',
      );
    return { ended: await signIn.out(request, reply) };
  });
  serve('GET /sessions', async (_, { identity }) => {
    const all = await sessions.list();
    const seen = isAdmin(identity) ? all : all.filter(({ user }) => user === identity.name);
    return {
      ...sessions.limits,
      items: seen.map(({ id, user, by, address, agent, created, used }) => ({
        ...{ id, user, by, address, agent, created, used },
        current: id === identity.key,
      })),
    };
  });
  serve('POST /sessions/end', async ({ desk, timer }, request) => {
    const { body, identity } = request;
    const isOwn = ({ user }: Session) => user === identity.name;
    const wanted = wantedBy(body);
    const which = (one: Session) => wanted(one) && (body.id !== undefined || one.id !== identity.key);
    const found = (await sessions.list()).filter(which);
    if (body.id !== undefined && found.length === 0)
      throw new ProblemError(404, 'Not found', 'There is no such session: it has ended already.');
    if (!isAdmin(identity) && !found.every(isOwn))
      throw new ProblemError(403, 'Forbidden', 'You may end your own sessions; those of others an admin ends.');
    const asked = { action: 'end_sessions', ...body } as const;
    const subject = body.user ?? found[0]?.user ?? 'everybody';
    const now = timer.now() / 1000;
    const record = { ...askerOf({ identity }), at: now, subject, task_name: null, request: asked };
    let ended = 0;
    const done = await audited(desk.records, record, async () => {
      ended = (await sessions.end(which)).length;
      return { outcome: 'ok', summary: `${ended} ${ended === 1 ? 'session' : 'sessions'} ended`, answers: [] };
    });
    if (done.outcome !== 'ok') throw new ProblemError(503, 'Not ended', done.summary);
    return { ended };
  });
}

function wantedBy({ id, user }: EndSessionsRequest): (session: Session) => boolean {
  return (one) => (id === undefined || one.id === id) && (user === undefined || one.user === user);
}
