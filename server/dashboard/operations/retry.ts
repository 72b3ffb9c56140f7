// Send a task again under a new id: first what would be sent, from where it is known and to which queue, then doing it.
// Not here: recording and answering (actions.ts), how the call of a task is known (known-call.ts).
// Holds: the old task stays as it was; the new one names the old as its parent; links, chains and chords of the old one are not sent.
import { randomUUID } from 'node:crypto';
import type { TaskRecord } from '../../../shared/events/task-record.ts';
import { listing } from '../../../shared/format/text.ts';
import { reprOf } from '../../../shared/python-repr.ts';
import { ENDED_STATES } from '../../../shared/states.ts';
import type { WorkerAnswer } from '../../../shared/wire/operations.ts';
import type { RetryPlan } from '../../../shared/wire/task-values.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { toError } from '../../errors.ts';
import type { Producer } from '../../messaging/producer.ts';
import { buildTaskMessage } from '../../protocol/task-message.ts';
import { parseJsonExactly } from '../../serialization/json-reader.ts';
import { DEFAULT_EXCHANGE, queue as queueOf } from '../../transport/entity.ts';
import type { OperationResult } from '../access/audit.ts';
import { readableStore } from '../cluster/result-store.ts';
import type { ClusterView } from '../cluster/view.ts';
import { mergeStored, toWholeRow } from '../history/rows.ts';
import type { Waiting } from '../waiting/waiting.ts';
import type { OperationDesk } from './contract.ts';
import { type Judgement, judgeRetry } from './judge.ts';
import { fromEvent, type KnownCall, knownCall, wireOf } from './known-call.ts';
import type { SendOptions } from './send-options.ts';

/** Characters of a call shown before it is sent; it is sent whole. */
const MAX_SHOWN_CHARS = 20_000;

const SOURCE_WORDS = {
  message: 'its message, which still waits',
  unacked: 'its message, which a worker took and never acknowledged',
  result: 'its result record',
  event: 'its event, which carries it in full',
} as const;

export interface ResendOptions {
  /** Default: the one each came from. */
  readonly queue: string | undefined;
  /** Those too that may still run. */
  readonly acceptDouble: boolean;
}

export async function retryTasks(
  { actions, cluster, waiting }: Pick<OperationDesk, 'actions' | 'cluster' | 'waiting'>,
  uuids: readonly string[],
  { queue, acceptDouble }: ResendOptions,
): Promise<OperationResult> {
  const answers: WorkerAnswer[] = [];
  const newIds: Record<string, string> = {};
  let unsure = 0;
  const producer = actions.app.producer();
  for (const uuid of uuids) {
    try {
      const { row, call, target, judged, options } = await prepare(cluster, waiting, uuid);
      if (judged.would_double !== null && !acceptDouble)
        throw new Error(`${judged.would_double} To send it all the same, confirm that (accept_double).`);
      const to = queue ?? target.queue;
      newIds[uuid] = await send({ actions, cluster }, producer, { old: row.uuid, call, queue: to, options });
      const where = queue ? to : `${to}${target.said ? ` (${target.said})` : ''}`;
      const said = `Sent again as ${newIds[uuid]} to ${where}, its call read from ${SOURCE_WORDS[call.source]}`;
      const lost = lostNotes(call.message?.expires ?? row.expires, options);
      if (lost.length > 0) unsure++;
      answers.push({ worker: uuid, ok: true, text: lost.length > 0 ? `${said}. ${lost.join(' ')}` : said });
    } catch (error) {
      answers.push({ worker: uuid, ok: false, text: toError(error).message });
    }
  }
  const sent = Object.keys(newIds).length;
  const outcome = sent === uuids.length ? 'ok' : sent > 0 ? 'partial' : 'failed';
  const summary = [
    `${sent} of ${uuids.length} ${uuids.length === 1 ? 'task' : 'tasks'} sent again`,
    ...(unsure > 0
      ? [`not all ${uuids.length === 1 ? 'of its options' : `options of ${unsure} of them`} are known and sent`]
      : []),
    ...answers
      .filter(({ ok }) => !ok)
      .slice(0, 1)
      .map(({ text }) => text),
  ].join('; ');
  return { outcome, summary, answers, new_ids: newIds };
}

/** What `retry` would send, or why it cannot. @param mask secrets in what is shown */
export async function planRetry(
  cluster: ClusterView,
  waiting: Waiting,
  uuid: string,
  mask: (value: unknown) => unknown,
): Promise<RetryPlan> {
  try {
    const { row, call, target, judged, options } = await prepare(cluster, waiting, uuid);
    const notes: string[] = [];
    if (judged.would_double !== null) notes.push(judged.would_double);
    notes.push(...keptNotes(options), ...lostNotes(call.message?.expires ?? row.expires, options));
    if (call.source === 'message') notes.push(`Its first message still waits in ${call.queue}: then it runs twice.`);
    else if (call.source === 'unacked' && judged.would_double === null)
      notes.push(
        'The broker still holds its message and gives it to another worker when its visibility timeout has passed: then it runs twice.',
      );
    const { callbacks = null, errbacks = null, chain = null, chord = null } = call.message?.embed ?? {};
    if (callbacks || errbacks || chain || chord)
      notes.push('It is sent alone: its links, and the chain or chord it was part of, are not.');
    else if (call.message === null && row.root_id !== null && row.root_id !== uuid)
      notes.push('It was part of something larger: it is sent alone, nothing follows it.');
    return {
      task_id: uuid,
      allowed: true,
      reason: null,
      source: call.source,
      source_reason: SOURCE_WORDS[call.source],
      name: call.name,
      call: shown(call, mask),
      queue: target.queue,
      queue_reason: target.said,
      queues: target.queues,
      notes,
      would_double: judged.would_double,
    };
  } catch (error) {
    return {
      task_id: uuid,
      allowed: false,
      reason: toError(error).message,
      source: null,
      source_reason: null,
      name: null,
      call: null,
      queue: null,
      queue_reason: null,
      queues: [],
      notes: [],
    };
  }
}

/** With what beside its arguments it is sent again. */
function keptNotes(options: SendOptions | null): string[] {
  const kept = [
    options?.priority ? `priority ${options.priority}` : null,
    Object.keys(options?.headers ?? {}).length > 0 ? `headers ${Object.keys(options!.headers!).join(', ')}` : null,
  ].filter((text) => text !== null);
  return kept.length > 0 ? [`It keeps its ${kept.join(' and its ')}.`] : [];
}

/** What its message may have had, of which events and records say little or nothing. */
const OPTION_WORDS = {
  priority: 'priority',
  headers: 'headers',
  timelimit: 'time limits',
  ignore_result: 'ignore_result',
  shadow: 'shadow name',
  stamps: 'stamps',
} as const satisfies Partial<Record<keyof SendOptions, string>>;

/** Without what of that it is sent again. */
function lostNotes(expires: string | null, options: SendOptions | null): string[] {
  const lost = Object.entries(OPTION_WORDS)
    .filter(([name]) => options?.[name as keyof SendOptions] === undefined)
    .map(([, word]) => word);
  return [
    ...(lost.length > 0 ? [`Which ${listing(lost)} it had is not known any more: it is sent with none.`] : []),
    // That instant was chosen for the first one, and has often passed.
    ...(expires === null ? [] : ['It is sent without its expiry.']),
  ];
}

function shown(call: KnownCall, mask: (value: unknown) => unknown): string {
  const args = call.args.map((value) => reprOf(mask(value)));
  // Masked together: a secret is known by its name.
  const named = Object.entries(mask(call.kwargs) as Record<string, unknown>);
  const text = `${call.name}(${[...args, ...named.map(([name, value]) => `${name}=${reprOf(value)}`)].join(', ')})`;
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}... (${text.length} characters)` : text;
}

interface Prepared {
  readonly row: TaskRow;
  readonly call: KnownCall;
  readonly target: Target;
  readonly judged: Judgement;
  /** Its priority, headers and limits; null: none of them is known. */
  readonly options: SendOptions | null;
}

/** @throws Error that says why it cannot be sent again */
async function prepare(cluster: ClusterView, waiting: Waiting, uuid: string): Promise<Prepared> {
  let row = await findRow(cluster, uuid);
  if (!row) throw new Error(`No task ${uuid} is known here.`);
  const judged = await judgeRetry(waiting, row);
  if (!judged.allowed) throw new Error(judged.reason ?? 'It has not finished.');
  // Asking may have found its end.
  row = (await findRow(cluster, uuid)) ?? row;
  const call = await knownCall(cluster, row);
  if (call.message) waiting.seen.note(call.message);
  const options = waiting.seen.of(uuid, await extraOf(cluster, uuid));
  return { row, call, target: targetOf(cluster, row, call), judged, options };
}

interface Target {
  readonly queue: string;
  /** Why that one, when its own is unknown. */
  readonly said: string | null;
  /** Others one may choose. */
  readonly queues: string[];
}

/** Celery's events name no queue unless senders set task_send_sent_event. */
function targetOf(cluster: ClusterView, row: TaskRow, call: KnownCall): Target {
  const consumed = new Set<string>();
  for (const { active_queues } of cluster.inspected.values()) for (const q of active_queues) consumed.add(q.name);
  const queues = [...consumed].sort();
  if (call.queue !== null) return { queue: call.queue, said: null, queues };
  const standard = cluster.defaultQueue;
  const of = row.worker === null ? undefined : cluster.inspected.get(row.worker)?.active_queues;
  const its = (of ?? []).map((q) => q.name);
  if (its.length === 1) return { queue: its[0]!, said: 'the only queue its worker consumes', queues };
  const queue = its.length === 0 || its.includes(standard) ? standard : its[0]!;
  const others = its.filter((name) => name !== queue);
  const said =
    others.length > 0
      ? `its own is unknown; its worker consumes ${others.join(', ')} too`
      : 'its own is unknown; this is the default queue';
  return { queue, said, queues };
}

/** Fields of its events without a place of their own. */
async function extraOf(cluster: ClusterView, uuid: string): Promise<Record<string, unknown> | null> {
  const live = cluster.tasks.get(uuid)?.extra;
  if (live) return live;
  const stored = (await cluster.history.task(uuid)) as { extra?: unknown } | null;
  const extra = typeof stored?.extra === 'string' ? parseJsonExactly(stored.extra) : stored?.extra;
  return typeof extra === 'object' && extra !== null ? (extra as Record<string, unknown>) : null;
}

export async function findRow(cluster: ClusterView, uuid: string): Promise<TaskRow | null> {
  const record = cluster.tasks.get(uuid);
  if (record && !record.partial && record.longer === null) return toWholeRow(record);
  const stored = await cluster.history.task(uuid);
  const known = record && !(record.partial && stored) ? mergeStored(stored, record) : stored;
  return known && toWholeRow(known as unknown as TaskRecord);
}

async function send(
  { actions, cluster }: Pick<OperationDesk, 'actions' | 'cluster'>,
  producer: Producer,
  { old, call, queue, options }: { old: string; call: KnownCall; queue: string; options: SendOptions | null },
): Promise<string> {
  const id = randomUUID();
  const { priority = null, ...more } = options ?? {};
  const built = buildTaskMessage({
    id,
    task: call.name,
    args: call.args,
    kwargs: call.kwargs,
    root_id: id,
    parent_id: old,
    origin: `umbel-dashboard@${cluster.options.name}`,
    ...more,
    properties: { delivery_mode: 2, ...(priority === null ? {} : { priority }) },
  });
  const encoded = actions.app.encode(built.payload);
  await producer.publish({
    exchange: DEFAULT_EXCHANGE,
    routingKey: queue,
    // As the settings have it; one that is there is used as it is (cluster/client.ts).
    declare: [actions.app.queues.get(queue) ?? queueOf(queue)],
    contentType: encoded.contentType,
    contentEncoding: encoded.contentEncoding,
    headers: built.headers,
    properties: built.properties,
    body: encoded.body,
    retry: true,
  });
  // Nobody else says which queue it went to: its worker's task-received does not, and this client sends no events.
  const { now } = cluster;
  actions.apply({
    type: 'task-sent',
    uuid: id,
    name: call.name,
    root_id: id,
    parent_id: old,
    queue,
    exchange: DEFAULT_EXCHANGE.name,
    routing_key: queue,
    timestamp: now,
    local_received: now,
  });
  return id;
}

/** Whether `retry` can be offered for a task so judged, without asking broker or store for its call. */
export function mayRetry(
  cluster: ClusterView,
  row: TaskRow,
  judged: Judgement,
): { allowed: boolean; reason: string | null } {
  if (!judged.allowed) return { allowed: false, reason: judged.reason };
  if (judged.would_double !== null) return { allowed: true, reason: judged.would_double };
  // A message or a result record may know what the event does not.
  if (readableStore(cluster.options) !== null || !ENDED_STATES.has(row.state)) return { allowed: true, reason: null };
  try {
    fromEvent(row, wireOf(cluster, row.worker));
    return { allowed: true, reason: null };
  } catch (error) {
    return { allowed: false, reason: toError(error).message };
  }
}
