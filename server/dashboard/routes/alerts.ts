// /alerts: rules, channels, what fires, what became of notices; rules written, switched, silenced and deleted, channels tried.
// Not here: what alerts do (../alerts/).
// Holds: every change is recorded first; no answer holds a secret of a channel.
import { nameOf } from '../access/identity.ts';
import { type BookRule, RuleRefused } from '../alerts/rule-book.ts';
import { notFound, ProblemError, type RouteContext } from './context.ts';
import { recorded } from './recorded.ts';
import type { Serve } from './serve.ts';

export function alertRoutes(serve: Serve): void {
  serve('GET /alerts', ({ alerts }) => alerts.list());

  serve('POST /alerts/rules', async (context, request) => {
    const { alerts } = await loaded(context);
    const { body, identity } = request;
    const asked = { action: 'save_alert', ...body } as const;
    return recorded(context, request, body.name, asked, 'Made', async () =>
      alerts.shown(await refusing(alerts.book.save(null, body, nameOf(identity)))),
    );
  });

  serve('POST /alerts/rules/:id', async (context, request) => {
    const { alerts } = await loaded(context);
    const { body, identity } = request;
    const { id } = request.params;
    const known = ruleOf(context, id);
    const asked = { action: 'save_alert', id, ...body } as const;
    return recorded(context, request, body.name, asked, 'Changed', async () => {
      const saved = await refusing(alerts.book.save(id, body, nameOf(identity)));
      // What it found by its old words is over.
      alerts.forget(known);
      return alerts.shown(saved);
    });
  });

  serve('POST /alerts/rules/:id/enable', async (context, request) => {
    const { alerts } = await loaded(context);
    const { enabled } = request.body;
    const { id, rule } = ruleOf(context, request.params.id);
    const asked = { action: 'save_alert', id, enabled } as const;
    return recorded(context, request, rule.name, asked, enabled ? 'Switched on' : 'Switched off', async () =>
      alerts.shown(await refusing(alerts.book.set(id, { enabled }, nameOf(request.identity)))),
    );
  });

  serve('POST /alerts/rules/:id/silence', async (context, request) => {
    const { alerts } = await loaded(context);
    const { until } = request.body;
    const { id, rule } = ruleOf(context, request.params.id);
    const asked = { action: 'silence_alert', id, until } as const;
    return recorded(context, request, rule.name, asked, until === null ? 'Told again' : 'Silenced', async () =>
      alerts.shown(await refusing(alerts.book.set(id, { silencedUntil: until }, nameOf(request.identity)))),
    );
  });

  serve('DELETE /alerts/rules/:id', async (context, request) => {
    const { alerts } = await loaded(context);
    const known = ruleOf(context, request.params.id);
    const { id, rule } = known;
    const asked = { action: 'delete_alert', id, name: rule.name } as const;
    return recorded(context, request, rule.name, asked, 'Deleted', async () => {
      await refusing(alerts.book.delete(id));
      alerts.forget(known);
      return { id };
    });
  });

  serve('POST /alerts/channels/:name/test', async (context, request) => {
    const { alerts } = context;
    const { name } = request.params;
    const asked = { action: 'test_channel', name } as const;
    return recorded(context, request, name, asked, 'Delivered', async () => {
      const delivery = await alerts.test(name);
      if (delivery === null) throw notFound(`There is no channel ${name}.`);
      if (delivery.outcome !== 'ok') throw new ProblemError(502, 'Not delivered', delivery.detail);
      return delivery;
    });
  });
}

/** With what is kept, or with why it is not known. */
async function loaded(context: RouteContext): Promise<RouteContext> {
  await context.alerts.ready();
  await context.alerts.book.load();
  return context;
}

function ruleOf({ alerts }: RouteContext, id: string): BookRule {
  const rule = alerts.book.get(id);
  if (rule === null) throw notFound(`There is no rule ${id}. It may have been deleted.`);
  return rule;
}

async function refusing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof RuleRefused) throw new ProblemError(error.status, 'Not saved', error.message);
    throw error;
  }
}
