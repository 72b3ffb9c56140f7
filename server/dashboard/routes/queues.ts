// /queues: how much waits where, one queue with a look at its head, and /series, the lines of every chart.
import type { QueueDetail } from '../../../shared/wire/queues.ts';
import type { SeriesQuery } from '../../../shared/wire/series.ts';
import { queueRows } from '../cluster/rows.ts';
import { peekedMessages } from '../views/peeked-message.ts';
import { notFound, ProblemError } from './context.ts';
import type { Serve } from './serve.ts';

const PEEK = 20;

export function queueRoutes(serve: Serve): void {
  serve('GET /queues', async ({ cluster }) => ({
    items: queueRows(cluster),
  }));

  serve('GET /queues/:name', async ({ cluster, masking }, request) => {
    const { name } = request.params;
    const { range = '1h' } = request.query;
    await cluster.probeQueue(name);
    const row = queueRows(cluster).find((q) => q.name === name);
    if (!row) throw notFound(`No queue named ${name} is known: the broker does not list it and no worker consumes it.`);
    const [messages, series] = await Promise.all([
      cluster.peek(name, PEEK).catch(() => null),
      cluster.history.series({ metric: 'depth', range, task: null, queue: name, worker: null, now: cluster.now }),
    ]);
    return {
      ...row,
      peek: messages && (await peekedMessages(messages, masking)),
      ...(cluster.peeksByTaking ? { peeks_by_taking: true } : {}),
      series,
    } satisfies QueueDetail;
  });

  serve('GET /series', async ({ cluster }, request) => {
    const q = request.query;
    refuseSeries(q);
    return cluster.history.series({
      metric: q.metric,
      range: q.range ?? '1h',
      task: q.task ?? null,
      queue: q.queue ?? null,
      worker: q.worker ?? null,
      now: cluster.now,
    });
  });
}

/** @throws ProblemError 400 where a parameter is missing or would have no effect on what is answered */
function refuseSeries({ metric, task, queue, worker }: SeriesQuery): void {
  const refuse = (detail: string) => new ProblemError(400, 'Bad request', detail);
  if (metric === 'depth' && queue === undefined) throw refuse("'queue' is required: depth is that of one queue.");
  if (queue === undefined || (task === undefined && worker === undefined)) return;
  const other = task === undefined ? 'worker' : 'task';
  throw refuse(`'queue' and '${other}' cannot be given together: no figures are kept of both.`);
}
