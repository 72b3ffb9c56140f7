// /views: the views of the task list that people have saved and share. What can be saved is what the list can show.
// Not here: where they are kept (../user-data/), the record of who did what (../access/audit.ts).
// Holds: a view is changed and deleted by who made it, or an admin; like every act it is recorded first, and not done when it cannot be.
import type { FastifyRequest } from 'fastify';
import { parseQuery } from '../../../shared/query/parser.ts';
import type { SavedView, ViewRequest } from '../../../shared/wire/views.ts';
import { may } from '../access/identity.ts';
import { readSort } from '../views/task-list.ts';
import { notFound, ProblemError } from './context.ts';
import { recorded } from './recorded.ts';
import type { Serve } from './serve.ts';

/** All of them are one list on a page. */
const MAX_VIEWS = 500;

export function viewRoutes(serve: Serve): void {
  // What others look for may name what a narrowed reader may not see.
  serve('GET /views', async ({ userData }, request) => {
    const items = await (await userData()).views();
    const { sight } = request.identity.grant;
    return { items: sight.isWhole ? items : items.filter(({ owner }) => owner === whoOf(request)) };
  });

  serve('POST /views', async (context, request) => {
    const { cluster, userData } = context;
    const wanted = request.body;
    refuseSearch(wanted.search, cluster.now);
    const store = await userData();
    const all = await store.views();
    const known = all.find(({ name }) => name === wanted.name);
    if (known) refuseOthers(known, request);
    else if (all.length >= MAX_VIEWS)
      throw new ProblemError(
        409,
        'Too many views',
        `There are ${all.length} views; at most ${MAX_VIEWS} are kept. Delete one first.`,
      );
    const asked = { action: 'save_view', ...wanted } as const;
    return recorded(context, request, wanted.name, asked, 'Saved', () =>
      store.saveView(wanted, whoOf(request), cluster.now),
    );
  });

  serve('DELETE /views/:id', async (context, request) => {
    const store = await context.userData();
    const known = (await store.views()).find(({ id }) => String(id) === request.params.id);
    if (!known) throw notFound(`There is no view ${request.params.id}. It may have been deleted already.`);
    refuseOthers(known, request);
    const { id, name, search } = known;
    const asked = { action: 'delete_view', name, search } as const;
    return recorded(context, request, name, asked, 'Deleted', async () => {
      await store.deleteView(id);
      return { id };
    });
  });
}

const whoOf = ({ identity }: Pick<FastifyRequest, 'identity'>): string => identity.name ?? 'anonymous';

/** @throws ProblemError 403 */
function refuseOthers({ name, owner }: SavedView, request: Pick<FastifyRequest, 'identity'>): void {
  if (owner === whoOf(request) || may(request.identity, 'admin')) return;
  throw new ProblemError(
    403,
    'Forbidden',
    `The view ${JSON.stringify(name)} is of ${owner}: only they and admins change it.`,
  );
}

/** What the list could not show. @throws ProblemError 400 */
function refuseSearch({ q = '', sort }: ViewRequest['search'], nowS: number): void {
  const parsed = q.trim() === '' ? null : parseQuery(q, { nowS });
  if (parsed && !parsed.ok) throw new ProblemError(400, 'Bad view', parsed.message, { position: parsed.position });
  const order = sort === undefined ? null : readSort(sort);
  if (typeof order === 'string') throw new ProblemError(400, 'Bad view', order);
}
