// From a call to a sent message: id, lineage, ETA and expiry, route, events, signals.
// Not here: merging a task's own options (task.ts); what a call may not say (call-checks.ts); the message's shape (protocol/task-message.ts); retries of sending (messaging/producer.ts).
// Holds: the promise resolves when the broker is known to have the message; a task sent by a task is its child, with its root.
// Celery 5.6: app/base.py send_task, app/amqp.py as_task_v2, send_task_message
import { hostname } from 'node:os';
import { argsRepr, kwargsRepr } from '../../shared/python-repr.ts';
import { optionsThatAre } from '../canvas/call-option-table.ts';
import type { ApplyOptions, SignatureLike } from '../canvas/call-options.ts';
import type { Kwargs } from '../canvas/host.ts';
import { listOf, toPlain } from '../canvas/signature.ts';
import { stampsOf } from '../canvas/stamping.ts';
import { outlineOf } from '../protocol/outline.ts';
import { newTaskId } from '../protocol/task-id.ts';
import { buildTaskMessage, expirationOf, type OutgoingTask, type WireSignature } from '../protocol/task-message.ts';
import { AsyncResult } from '../results/async-result.ts';
import { compress } from '../serialization/compression/compression.ts';
import { signals } from '../signals.ts';
import type { Properties } from '../transport/message.ts';
import { checkCarriedTimes, etaOf, expiresText, expiryOf } from './call-times.ts';
import { addToTrail, currentRequest, type TaskRequest } from './context.ts';
import { delayedDestination } from './delayed.ts';
import type { AppHost, RegisteredTask } from './host.ts';
import { type Dedupe, Once } from './once.ts';
import { confirmedOrAnswered, replyQueue } from './reply-queue.ts';
import type { Destination } from './routing.ts';
import type { PublishedTask } from './telemetry.ts';

/** Who sends, in messages and events of what is sent. */
export const ORIGIN = `gen${process.pid}@${hostname()}`;

export async function sendTask(
  app: AppHost,
  name: string,
  args: readonly unknown[],
  kwargs: Kwargs,
  given: ApplyOptions,
  task?: RegisteredTask,
): Promise<AsyncResult> {
  const id = given.task_id ?? (given.ignore_result ? undefined : app.openBackend?.heardId?.()) ?? newTaskId();
  if (given.dedupe) return sendOnce(app, name, args, kwargs, { ...given, task_id: id }, task);
  const options = app.router.route(given, name, args, kwargs, task);
  const routed = app.router.destination(options);
  const parent = currentRequest();
  const nowMs = app.timer.now();
  const expiresMs = expiryOf(options.expires, nowMs);
  checkCarriedTimes(options, nowMs);
  const { conf } = app;

  const fields: OutgoingTask = {
    id,
    task: name,
    args,
    kwargs,
    embed: {
      callbacks: signatures(options.link),
      errbacks: signatures(options.link_error),
      chain: options.chain ? signatures(options.chain, true) : null,
      chord: options.chord ? (toPlain(options.chord) as WireSignature) : null,
    },
    shadow: options.shadow ?? null,
    eta: etaOf(options, nowMs),
    expires: expiresText(options.expires, expiresMs),
    group: options.group_id ?? null,
    group_index: options.group_index ?? null,
    retries: options.retries ?? 0,
    timelimit: [options.time_limit ?? null, options.soft_time_limit ?? null],
    root_id: options.root_id ?? (parent ? (parent.rootId ?? parent.id) : id),
    parent_id: options.parent_id ?? parent?.id ?? null,
    argsrepr: options.argsrepr ?? argsRepr(args),
    kwargsrepr: options.kwargsrepr ?? kwargsRepr(kwargs),
    origin: options.origin ?? ORIGIN,
    ignore_result: options.ignore_result ?? false,
    replaced_task_nesting: options.replaced_task_nesting ?? 0,
    ...stampsOf(options),
    headers: options.headers ?? null,
    reply_to: options.reply_to ?? app.oid,
    correlation_id: options.correlation_id ?? id,
    properties: propertiesOf(app, options, routed, parent, expiresMs, nowMs),
  };
  const delayed = fields.eta ? delayedDestination(app, routed, fields.eta, nowMs) : null;
  const destination = delayed ? await delayed : routed;
  const built = buildTaskMessage(fields, conf.task_protocol as 1 | 2);
  const serializer = options.serializer ?? conf.task_serializer;
  const loading = app.codec.load([serializer]);
  if (loading) await loading;
  const encoded = app.codec.encodeCall(built.payload, serializer);
  let { body } = encoded;
  let { headers } = built;
  const compression = options.compression ?? conf.task_compression;
  if (compression) {
    const packed = await compress(body, compression);
    body = packed.body;
    headers = { ...headers, compression: packed.contentType };
  }
  const retryPolicy = options.retry_policy
    ? { ...conf.task_publish_retry_policy, ...options.retry_policy }
    : conf.task_publish_retry_policy;
  const published = {
    sender: name,
    body: built.payload,
    exchange: destination.exchange.name,
    routing_key: destination.routingKey,
    headers,
    properties: built.properties as Record<string, unknown>,
  };
  if (signals.before_task_publish.size > 0) {
    signals.before_task_publish.send({
      ...published,
      declare: destination.declare,
      retry_policy: retryPolicy as Record<string, unknown>,
    });
  }
  const producer = app.producer();
  const asking = fields.ignore_result || fields.reply_to !== app.oid ? null : replyQueue(app);
  const reply = asking && (await asking);
  // A worker may have received it before the broker's confirmation is here: it counts as sent from now on.
  const sentMs = app.timer.now();
  const message = {
    exchange: destination.exchange,
    routingKey: destination.routingKey,
    declare: reply ? [...destination.declare, reply] : destination.declare,
    contentType: encoded.contentType,
    contentEncoding: encoded.contentEncoding,
    headers,
    properties: built.properties,
    body,
    retry: options.retry ?? conf.task_publish_retry,
    retryPolicy,
  };
  const { telemetry } = app;
  const publishing =
    telemetry === null
      ? producer.publish(message)
      : telemetry.publish(publishedTask(fields, destination, message, conf.task_protocol), () =>
          producer.publish(message),
        );
  await (reply && given.task_id === undefined ? confirmedOrAnswered(app, id, publishing) : publishing);
  if (signals.after_task_publish.size > 0) signals.after_task_publish.send(published);
  if (conf.task_send_sent_event) sendSentEvent(app, fields, destination, headers.traceparent, sentMs);

  const result = new AsyncResult(id, app, { taskName: name });
  if (options.add_to_parent !== false) addToTrail(result);
  return result;
}

/** The result of the first call that says the same. */
async function sendOnce(
  app: AppHost,
  name: string,
  args: readonly unknown[],
  kwargs: Kwargs,
  { dedupe, ...options }: ApplyOptions,
  task?: RegisteredTask,
): Promise<AsyncResult> {
  const id = options.task_id!;
  const once = await Once.of(app, name, dedupe as true | string | Dedupe, id);
  const first = await once.first();
  if (first !== null) return new AsyncResult(first, app, { taskName: name });
  const result = await sendTask(app, name, args, kwargs, options, task).catch(async (error: unknown) => {
    await once.failed();
    throw error;
  });
  // It is sent, whatever becomes of this.
  await once.sent().catch(() => {});
  return result;
}

function publishedTask(
  { id, task, correlation_id, retries = 0 }: OutgoingTask,
  { queueName, exchange, routingKey }: Destination,
  { body, headers }: { readonly body: Uint8Array; readonly headers: Record<string, unknown> },
  protocol: number,
): PublishedTask {
  return {
    id,
    task,
    correlation_id: correlation_id ?? id,
    retries,
    queue: queueName,
    exchange: exchange.name,
    routing_key: routingKey,
    bodySize: body.byteLength,
    headers: protocol === 2 ? headers : null,
  };
}

function sendSentEvent(
  app: AppHost,
  fields: OutgoingTask,
  destination: Destination,
  traceparent: unknown,
  sentMs: number,
): void {
  const sent = {
    uuid: fields.id,
    root_id: fields.root_id,
    parent_id: fields.parent_id,
    name: fields.task,
    args: fields.argsrepr,
    kwargs: fields.kwargsrepr,
    retries: fields.retries,
    eta: fields.eta,
    expires: fields.expires,
    queue: destination.queueName,
    exchange: destination.exchange.name,
    routing_key: destination.routingKey,
    ...familyOf(fields),
    // The trace it is in, which a dashboard links.
    ...(traceparent !== undefined && { traceparent }),
  };
  app.sentEvents()?.send('task-sent', sent, sentMs);
}

/** Its group and the steps around it, which Celery's event leaves out: the workflow that a dashboard draws. */
function familyOf({ group = null, group_index = null, embed, replaced_task_nesting }: OutgoingTask): object {
  const { callbacks = null, errbacks = null, chain = null, chord = null } = embed ?? {};
  const canvas = outlineOf({ group, embed: { callbacks, errbacks, chain, chord }, replaced_task_nesting });
  return {
    ...(group !== null && { group_id: group }),
    ...(group_index !== null && { group_index }),
    ...(canvas && { canvas }),
  };
}

function signatures(given: SignatureLike | readonly SignatureLike[] | undefined, keepEmpty = false) {
  const list = listOf(given);
  return list.length === 0 && !keepEmpty ? null : (list.map(toPlain) as WireSignature[]);
}

const PROPERTIES = optionsThatAre('property');

function propertiesOf(
  app: AppHost,
  options: ApplyOptions,
  destination: Destination,
  parent: TaskRequest | undefined,
  expiresMs: number | null,
  nowMs: number,
): Properties {
  const inherited = parent && app.conf.task_inherit_parent_priority ? parent.deliveryInfo.priority : null;
  const properties: Properties = {
    delivery_mode: destination.deliveryMode,
    priority: options.priority ?? inherited ?? app.conf.task_default_priority ?? 0,
  };
  if (options.expiration !== undefined) properties.expiration = options.expiration;
  else if (expiresMs !== null) properties.expiration = expirationOf(expiresMs, nowMs);
  for (const name of PROPERTIES)
    if (options[name] !== undefined) (properties as Record<string, unknown>)[name] = options[name];
  return properties;
}
