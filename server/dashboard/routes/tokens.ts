// /tokens: API tokens made, listed and revoked. What one is good for: ../access/tokens.ts and the gate.
// Holds: a token never has more than its maker, and makes no other; whoever makes or revokes one is recorded first, without its text, and
// so is who was refused it.
import { RULED_ACTIONS } from '../../../shared/wire/operation-categories.ts';
import type { Door } from '../access/door.ts';
import { type Identity, lower, may, nameOf } from '../access/identity.ts';
import { wrongPatterns } from '../access/rules.ts';
import { isInUse, MAX_TOKENS } from '../access/tokens.ts';
import { notFound, ProblemError } from './context.ts';
import { recorded, refusal } from './recorded.ts';
import type { Serve } from './serve.ts';

export function tokenRoutes(serve: Serve, { isAdminOfEach }: Pick<Door, 'isAdminOfEach'>): void {
  const isAdmin = (identity: Identity) => may(identity, 'admin') && isAdminOfEach(identity);
  serve('GET /tokens', async ({ tokens }, request) => {
    const items = await tokens.list();
    const { identity } = request;
    return { items: isAdmin(identity) ? items : items.filter(({ owner }) => owner === nameOf(identity)) };
  });

  serve('POST /tokens', async (context, request) => {
    const { tokens } = context;
    const { body, identity } = request;
    const asked = { action: 'make_token', ...body } as const;
    const { name, scope } = body;
    if (identity.token !== null)
      throw await refusal(context, request, name, asked, 'A token makes no tokens: sign in.');
    if (lower(identity.role, scope.role) !== scope.role)
      throw await refusal(context, request, name, asked, `A token of yours is at most ${identity.role}, as you are.`);
    const wrong = wrongPatterns(scope, RULED_ACTIONS);
    if (wrong !== null) throw new ProblemError(400, 'Bad token', wrong);
    const active = (await tokens.list()).filter(({ state }) => isInUse(state));
    if (active.some((one) => one.name === name))
      throw new ProblemError(
        409,
        'Name in use',
        `There is a token ${JSON.stringify(name)}: take another name, or revoke it.`,
      );
    if (active.length >= MAX_TOKENS)
      throw new ProblemError(
        409,
        'Too many tokens',
        `${active.length} tokens are in use, the most that are kept. Revoke one first.`,
      );
    return recorded(context, request, name, asked, 'Made', () => tokens.make(body, identity));
  });

  serve('DELETE /tokens/:id', async (context, request) => {
    const { tokens } = context;
    const { identity } = request;
    const known = (await tokens.list()).find(({ id }) => id === request.params.id);
    const isTheirs = known !== undefined && (isAdmin(identity) || known.owner === nameOf(identity));
    if (!isTheirs || !isInUse(known.state))
      throw notFound(`There is no token ${request.params.id} of yours that is in use.`);
    const { id, name, owner } = known;
    const asked = { action: 'revoke_token', name, owner } as const;
    if (identity.token !== null && identity.key?.startsWith(id) !== true)
      throw await refusal(context, request, name, asked, 'A token revokes no other: sign in.');
    return recorded(context, request, name, asked, 'Revoked', async () => {
      const revoked = await tokens.revoke(id, nameOf(identity));
      if (revoked === null) throw notFound(`There is no token ${id} that is in use.`);
      return revoked;
    });
  });
}
