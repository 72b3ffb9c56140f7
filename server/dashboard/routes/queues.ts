// /queues: how much waits where, one queue with a look at its head, and /series, the lines of every chart.
import type { FastifyInstance } from 'fastify';
import type { Masking } from '../../../shared/masking.ts';
import { argsRepr, kwargsRepr } from '../../../shared/python-repr.ts';
import type { PeekedMessage, QueueDetail } from '../../../shared/wire/queues.ts';
import type { SeriesQuery } from '../../../shared/wire/series.ts';
import { toError } from '../../errors.ts';
import { isTaskMessage, readTaskMessage } from '../../protocol/task-message.ts';
import { PLAIN_CODEC } from '../../serialization/codec.ts';
import { decompress } from '../../serialization/compression.ts';
import type { Message } from '../../transport/message.ts';
import { queueRows } from '../cluster/rows.ts';
import { notFound, ProblemError, type RouteContext } from './context.ts';
import { serve } from './serve.ts';

const PEEK = 20;
/** A compressed body is opened to show its arguments, no further. @unit bytes */
const MAX_OPENED = 1024 * 1024;
const ACCEPT = PLAIN_CODEC.acceptSet(['json']);

export function queueRoutes(app: FastifyInstance, { cluster, masking }: RouteContext): void {
  serve(app, 'GET /queues', async () => ({
    items: queueRows(cluster),
  }));

  serve(app, 'GET /queues/:name', async (request) => {
    const { name } = request.params;
    const { range = '1h' } = request.query;
    await cluster.probe.look(name);
    const row = queueRows(cluster).find((q) => q.name === name);
    if (!row) throw notFound(`No queue named ${name} is known: the broker does not list it and no worker consumes it.`);
    const [messages, series] = await Promise.all([
      cluster.probe.peek(name, PEEK).catch(() => null),
      cluster.history.series({ metric: 'depth', range, task: null, queue: name, worker: null, now: cluster.now }),
    ]);
    return {
      ...row,
      peek: messages && (await peekedAll(messages, masking)),
      series,
    } satisfies QueueDetail;
  });

  serve(app, 'GET /series', async (request) => {
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

/** One after the other: their bodies together could be large. */
async function peekedAll(messages: readonly Message[], masking: Masking): Promise<PeekedMessage[]> {
  const rows: PeekedMessage[] = [];
  for (const [index, message] of messages.entries()) rows.push(await peeked(message, index, masking));
  return rows;
}

async function peeked(message: Message, index: number, masking: Masking): Promise<PeekedMessage> {
  const base: PeekedMessage = {
    position: index + 1,
    uuid: typeof message.headers.id === 'string' ? message.headers.id : null,
    name: typeof message.headers.task === 'string' ? message.headers.task : null,
    // What its sender printed, for a body that is not read here (pickle).
    args: typeof message.headers.argsrepr === 'string' ? masking.text(message.headers.argsrepr) : null,
    kwargs: typeof message.headers.kwargsrepr === 'string' ? masking.text(message.headers.kwargsrepr) : null,
    priority: message.properties.priority ?? null,
    published: typeof message.properties.timestamp === 'number' ? message.properties.timestamp : null,
    eta: null,
    retries: null,
    redelivered: message.redelivered,
    size: message.body.byteLength,
  };
  try {
    const { compression } = message.headers;
    const body =
      typeof compression === 'string' ? await decompress(message.body, compression, MAX_OPENED) : message.body;
    const payload = PLAIN_CODEC.decodeExact(body, message.contentType, message.contentEncoding, ACCEPT);
    if (!isTaskMessage(message, payload)) return base;
    const task = readTaskMessage(message, payload);
    return {
      ...base,
      uuid: task.id,
      name: task.task,
      args: argsRepr(masking.value(task.args) as unknown[]),
      kwargs: kwargsRepr(masking.value(task.kwargs) as Record<string, unknown>),
      eta: task.eta,
      retries: task.retries,
    };
  } catch (error) {
    return { ...base, unread: masking.text(toError(error).message).slice(0, 300) };
  }
}
