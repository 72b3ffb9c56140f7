// /automations: what acts by itself, what it did; written, tried, turned on and off, deleted.
// Not here: what automations do (../automations/).
// Holds: every change is recorded first; nobody writes or turns on what they may not do themselves, and no token does: an automation acts
// as its maker, who may more than their token.
import type { FastifyRequest } from 'fastify';
import type { AutomationRequest } from '../../../shared/wire/automations.ts';
import { may, nameOf } from '../access/identity.ts';
import { makerOf } from '../access/maker.ts';
import { AutomationRefused, refuseWrong } from '../automations/automation-book.ts';
import { trial } from '../automations/trial.ts';
import { operationOf } from '../operations/table.ts';
import { ProblemError, type RouteContext } from './context.ts';
import { recorded, refusal } from './recorded.ts';
import type { Serve } from './serve.ts';

export function automationRoutes(serve: Serve): void {
  serve('GET /automations', ({ automations }) => automations.list());

  serve('POST /automations', async (context, request) => {
    const { automations } = await loaded(context);
    const { body, identity } = request;
    const asked = { action: 'save_automation', ...body } as const;
    await refuseMaker(context, request, body, asked);
    return recorded(context, request, body.name, asked, 'Made', async () =>
      automations.shown(await refusing(() => automations.save(null, body, makerOf(identity)))),
    );
  });

  serve('POST /automations/try', ({ alerts, cluster }, { body }) =>
    refusing(async () => {
      refuseWrong(body);
      return trial(body, cluster, alerts);
    }),
  );

  serve('POST /automations/:id', async (context, request) => {
    const { automations } = await loaded(context);
    const { body, identity } = request;
    const { id } = request.params;
    await refusing(async () => automations.book.known(id));
    const asked = { action: 'save_automation', id, ...body } as const;
    await refuseMaker(context, request, body, asked);
    return recorded(context, request, body.name, asked, 'Changed', async () =>
      automations.shown(await refusing(() => automations.save(id, body, makerOf(identity)))),
    );
  });

  serve('POST /automations/:id/mode', async (context, request) => {
    const { automations } = await loaded(context);
    const { mode } = request.body;
    const { id, spec } = await refusing(async () => automations.book.known(request.params.id));
    const asked = { action: 'save_automation', id, mode } as const;
    if (mode !== 'off') await refuseMaker(context, request, spec, asked);
    return recorded(context, request, spec.name, asked, WORDS[mode], async () =>
      automations.shown(await refusing(() => automations.turn(id, mode, makerOf(request.identity)))),
    );
  });

  serve('DELETE /automations/:id', async (context, request) => {
    const { automations } = await loaded(context);
    const { id, spec } = await refusing(async () => automations.book.known(request.params.id));
    const asked = { action: 'delete_automation', id, name: spec.name } as const;
    return recorded(context, request, spec.name, asked, 'Deleted', async () => {
      await refusing(() => automations.delete(id));
      return { id };
    });
  });
}

const WORDS = { on: 'Turned on', off: 'Turned off', 'dry-run': 'Turned to dry run' } as const;

/** With what is kept; an answer without it would be of none. */
async function loaded(context: RouteContext): Promise<RouteContext> {
  await context.automations.book.load();
  await context.automations.ready();
  return context;
}

/** @throws ProblemError 403, which is recorded */
async function refuseMaker(
  context: RouteContext,
  request: FastifyRequest,
  { name, do: { action } }: AutomationRequest,
  asked: Parameters<typeof refusal>[3],
): Promise<void> {
  const { identity } = request;
  const { access } = operationOf(action);
  if (identity.token !== null)
    throw await refusal(context, request, name, asked, 'A token makes no automations and turns none on: sign in.');
  if (!may(identity, access))
    throw await refusal(
      context,
      request,
      name,
      asked,
      `${action} takes the role ${access}; ${nameOf(identity)} may only what a ${identity.role} may.`,
    );
}

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AutomationRefused)) throw error;
    throw new ProblemError(error.status, 'Not saved', error.message, { field: error.field });
  }
}
