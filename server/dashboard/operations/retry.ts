// Send a task again under a new id: its call rebuilt from the message still queued, from its result record, or from its event, or a
// refusal that says why not and how to make it possible.
// Not here: recording and answering (actions.ts), reading Python literals (shared/python-repr.ts).
// Holds: a call that is not known exactly is never guessed; the old task stays as it was; the new one names the old as its parent.
import { randomUUID } from 'node:crypto';
import { parsePythonLiteral } from '../../../shared/python-repr.ts';
import { PyTuple } from '../../../shared/python-values.ts';
import { READY_STATES } from '../../../shared/states.ts';
import type { TaskRow, WorkerAnswer } from '../../../shared/wire/http.ts';
import { toError } from '../../errors.ts';
import { Producer } from '../../messaging/producer.ts';
import { buildTaskMessage, isTaskMessage, readTaskMessage } from '../../protocol/task-message.ts';
import { acceptSet, decode, encode } from '../../serialization/registry.ts';
import { DEFAULT_EXCHANGE, queue as queueOf } from '../../transport/entity.ts';
import type { Outcome } from '../access/audit.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { toRow } from '../history/rows.ts';

const PEEKED = 1000;

interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly queue: string;
  readonly priority: number | null;
  /** Where it was read from. */
  readonly source: 'message' | 'result' | 'event';
}

export async function retryTasks(cluster: Cluster, uuids: readonly string[]): Promise<Outcome> {
  const answers: WorkerAnswer[] = [];
  const newIds: Record<string, string> = {};
  const producer = new Producer(cluster.link.asking);
  for (const uuid of uuids) {
    try {
      const call = await rebuild(cluster, uuid);
      newIds[uuid] = await send(cluster, producer, uuid, call);
      answers.push({
        worker: uuid,
        ok: true,
        text: `Sent again as ${newIds[uuid]}, its call read from its ${call.source}`,
      });
    } catch (error) {
      answers.push({ worker: uuid, ok: false, text: toError(error).message });
    }
  }
  const sent = Object.keys(newIds).length;
  const outcome = sent === uuids.length ? 'ok' : sent > 0 ? 'partial' : 'failed';
  const why = answers.find((a) => !a.ok)?.text;
  const summary = `${sent} of ${uuids.length} ${uuids.length === 1 ? 'task' : 'tasks'} sent again${why ? `; ${why}` : ''}`;
  return { outcome, summary, answers, new_ids: newIds };
}

async function rebuild(cluster: Cluster, uuid: string): Promise<Call> {
  const row = await findRow(cluster, uuid);
  if (!row) throw new Error(`No task ${uuid} is known here.`);
  const queue = row.queue ?? cluster.link.setting('task_default_queue', 'celery');
  const waiting = await fromMessage(cluster, uuid, queue);
  if (waiting) return waiting;
  if (row.name === null)
    throw new Error('Its name was never told: it cannot be sent again. Workers tell it with events enabled (-E).');
  const stored = await fromResult(cluster, uuid);
  if (stored) return { name: row.name, queue, priority: null, source: 'result', ...stored };
  return { name: row.name, queue, priority: null, source: 'event', ...fromEvent(row) };
}

/** The whole call of a task, not its event's word for it; null when neither message nor result record holds it. */
export async function wholeCall(
  cluster: Cluster,
  row: TaskRow,
): Promise<{
  source: 'message' | 'result';
  args: readonly unknown[];
  kwargs: Readonly<Record<string, unknown>>;
} | null> {
  const stored = await fromResult(cluster, row.uuid);
  if (stored) return { source: 'result', ...stored };
  if (READY_STATES.has(row.state)) return null;
  const waiting = await fromMessage(
    cluster,
    row.uuid,
    row.queue ?? cluster.link.setting('task_default_queue', 'celery'),
  );
  return waiting && { source: 'message', args: waiting.args, kwargs: waiting.kwargs };
}

export async function findRow(cluster: Cluster, uuid: string): Promise<TaskRow | null> {
  const record = cluster.state.tasks.get(uuid);
  if (record && !record.partial) return toRow(record);
  const [stored] = await cluster.history.rows([uuid]);
  return stored ?? (record ? toRow(record) : null);
}

async function fromMessage(cluster: Cluster, uuid: string, queue: string): Promise<Call | null> {
  const messages = await cluster.probe.peek(queue, PEEKED).catch(() => null);
  const message = messages?.find((m) => m.headers.id === uuid || m.properties.correlation_id === uuid);
  if (!message) return null;
  try {
    const payload = decode(message.body, message.contentType, message.contentEncoding, acceptSet(['json']));
    if (!isTaskMessage(message, payload)) return null;
    const task = readTaskMessage(message, payload);
    return {
      name: task.task,
      args: task.args,
      kwargs: task.kwargs,
      queue,
      priority: message.properties.priority ?? null,
      source: 'message',
    };
  } catch {
    return null;
  }
}

async function fromResult(cluster: Cluster, uuid: string): Promise<Pick<Call, 'args' | 'kwargs'> | null> {
  const asked = await cluster.link.askBackend((backend) => backend.get(uuid)).catch(() => null);
  const meta = asked?.value;
  if (!meta || !Array.isArray(meta.args) || typeof meta.kwargs !== 'object' || meta.kwargs === null) return null;
  return { args: meta.args, kwargs: meta.kwargs as Record<string, unknown> };
}

function fromEvent(row: TaskRow): Pick<Call, 'args' | 'kwargs'> {
  const args = literal(row.args, 'arguments');
  const kwargs = literal(row.kwargs, 'keyword arguments');
  const list = args instanceof PyTuple ? [...args.items] : args;
  if (list !== null && !Array.isArray(list)) throw new Error('Its arguments are told as something else than a list.');
  if (kwargs !== null && (typeof kwargs !== 'object' || Array.isArray(kwargs) || kwargs instanceof Map))
    throw new Error('Its keyword arguments are told as something else than names and values.');
  return { args: (list as unknown[] | null) ?? [], kwargs: (kwargs as Record<string, unknown> | null) ?? {} };
}

function literal(text: string | null, what: string): unknown {
  if (text === null || text === '') return null;
  const read = parsePythonLiteral(text);
  if (read.ok) return read.value;
  const remedy =
    'Set result_extended in the workers, so that results keep the whole call, or give the sender a larger argsrepr.';
  if (read.truncated)
    throw new Error(
      `Its ${what} were cut when they were told (${text.slice(-24)}): they are not known whole. ${remedy}`,
    );
  throw new Error(`Its ${what} hold something that cannot be written down as data: ${read.reason}. ${remedy}`);
}

async function send(cluster: Cluster, producer: Producer, old: string, call: Call): Promise<string> {
  const id = randomUUID();
  const built = buildTaskMessage({
    id,
    task: call.name,
    args: call.args,
    kwargs: call.kwargs,
    root_id: id,
    parent_id: old,
    origin: `umbel-dashboard@${cluster.options.name}`,
    properties: { delivery_mode: 2, ...(call.priority === null ? {} : { priority: call.priority }) },
  });
  const encoded = encode(built.payload, 'json');
  await producer.publish({
    exchange: DEFAULT_EXCHANGE,
    routingKey: call.queue,
    declare: [queueOf(call.queue)],
    contentType: encoded.contentType,
    contentEncoding: encoded.contentEncoding,
    headers: built.headers,
    properties: built.properties,
    body: encoded.body,
    retry: true,
  });
  return id;
}

/** Whether `retry` can be offered, without asking broker or store for it. */
export function mayRetry(row: TaskRow, hasBackend: boolean): { allowed: boolean; reason: string | null } {
  if (row.name === null) return { allowed: false, reason: 'Its name was never told' };
  if (!['SUCCESS', 'FAILURE', 'REVOKED', 'REJECTED'].includes(row.state))
    return { allowed: false, reason: 'It has not finished' };
  if (hasBackend) return { allowed: true, reason: null };
  try {
    fromEvent(row);
    return { allowed: true, reason: null };
  } catch (error) {
    return { allowed: false, reason: toError(error).message };
  }
}
