// The call of a task as it truly was, and how it is known: the message that still exists, the result record, or the event's reprs.
// Not here: sending it again (retry.ts).
// Holds: what is not known exactly is refused with the reason and a remedy, never guessed. A repr counts when it was not cut and
// holds nothing that JSON would carry otherwise than the first time.
import { holdsMask } from '../../../shared/masking.ts';
import { parsePythonLiteral } from '../../../shared/python-repr.ts';
import { Decimal, PyDate, PyDateTime, PyFloat, PyTime, PyTuple, Uuid } from '../../../shared/python-values.ts';
import { ENDED_STATES } from '../../../shared/states.ts';
import type { TaskRow } from '../../../shared/wire/tasks.ts';
import { isTaskMessage, readTaskMessage, type TaskMessage } from '../../protocol/task-message.ts';
import { PLAIN_CODEC } from '../../serialization/codec.ts';
import { decompress } from '../../serialization/compression/compression.ts';
import { wasPickled } from '../../serialization/pickle/mark.ts';
import type { Message } from '../../transport/message.ts';
import { isJsonOnly } from '../cluster/json-only.ts';
import { PICKLE, readPickle } from '../cluster/pickled.ts';
import type { ClusterView } from '../cluster/view.ts';

export type CallSource = 'message' | 'unacked' | 'result' | 'event';

export interface KnownCall {
  readonly source: CallSource;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Where the first one went, when that is known. */
  readonly queue: string | null;
  /** The message it was read from. */
  readonly message: TaskMessage | null;
}

const REMEDY =
  'To make it possible for later tasks, set result_extended=True in the workers: their result records then keep the whole call.';
const JSON_ONLY = PLAIN_CODEC.acceptSet(['json']);
/** Queues in which the message of an unfinished task is looked for. */
const QUEUES = 50;

/** @throws Error that says why the call is not known exactly, and what makes it so */
export async function knownCall(cluster: ClusterView, row: TaskRow): Promise<KnownCall> {
  const waiting = await fromMessage(cluster, row);
  if (waiting) return waiting;
  const stored = await fromResult(cluster, row);
  if (stored && !wasPickled(stored.args)) return stored;
  const call = fromEvent(row, wireOf(cluster, row.worker));
  const shadow = unregistered(cluster, call.name);
  if (shadow) throw new Error(shadow);
  return call;
}

/** The whole call of a task, not its event's word for it; null when neither message nor result record holds it. */
export async function wholeCall(cluster: ClusterView, row: TaskRow): Promise<KnownCall | null> {
  return (
    (await fromResult(cluster, row)) ?? (ENDED_STATES.has(row.state) ? null : await fromMessage(cluster, row, true))
  );
}

/** What a task without message and result record could be sent again from: its event's reprs. @throws Error as `knownCall` */
export function fromEvent(row: TaskRow, wire: Wire): KnownCall {
  if (row.name === null)
    throw new Error(
      'Its name is unknown, so it cannot be sent again. Workers report it when their events are enabled (-E).',
    );
  const args = literal(row.args, 'arguments', wire);
  const kwargs = literal(row.kwargs, 'keyword arguments', wire);
  const list = args instanceof PyTuple ? args.items : args;
  if (!Array.isArray(list)) throw new Error('Its event gives its arguments as something other than a list.');
  if (typeof kwargs !== 'object' || kwargs === null || Array.isArray(kwargs) || kwargs instanceof PyTuple)
    throw new Error('Its event gives its keyword arguments as something other than names and values.');
  const values = kwargs as Record<string, unknown>;
  const { name, queue } = row;
  return { source: 'event', name, args: list, kwargs: values, queue, message: null };
}

/** @param pickles to be looked at, not sent */
async function fromMessage(cluster: ClusterView, row: TaskRow, pickles = false): Promise<KnownCall | null> {
  // What has ended was acknowledged, unless it was given back (REJECTED) or revoked while it waits for its ETA in a worker.
  if (row.state === 'SUCCESS' || row.state === 'FAILURE') return null;
  const filled = [...cluster.queues.values()].filter((q) => (q.status?.messages ?? 0) > 0).map((q) => q.name);
  const queues = row.queue ? [row.queue] : filled.slice(0, QUEUES);
  const found = await cluster.find(row.uuid, queues).catch(() => null);
  for (const { message, unacked } of found?.messages ?? []) {
    const task = await readMessage(message, pickles);
    if (!task) continue;
    return {
      source: unacked ? 'unacked' : 'message',
      name: task.task,
      args: task.args,
      kwargs: task.kwargs,
      queue: unacked ? await queueNamed(cluster, message.queue) : message.queue,
      message: task,
    };
  }
  return null;
}

/**
 * null: its body is nothing that is read here, or no task.
 * @param pickles are read, too: to be looked at, not sent
 */
export async function readMessage(message: Message, pickles = false): Promise<TaskMessage | null> {
  try {
    const { compression } = message.headers;
    const body = typeof compression === 'string' ? await decompress(message.body, compression) : message.body;
    const payload =
      pickles && message.contentType === PICKLE
        ? readPickle(body)
        : PLAIN_CODEC.decodeExact(body, message.contentType, message.contentEncoding, JSON_ONLY);
    return isTaskMessage(message, payload) ? readTaskMessage(message, payload) : null;
  } catch {
    return null;
  }
}

async function fromResult(cluster: ClusterView, row: TaskRow): Promise<KnownCall | null> {
  const asked = await cluster.askBackend((backend) => backend.get(row.uuid)).catch(() => null);
  const meta = asked?.value;
  if (!meta || !Array.isArray(meta.args) || typeof meta.kwargs !== 'object' || meta.kwargs === null) return null;
  const name = typeof meta.name === 'string' ? meta.name : row.name;
  if (name === null) return null;
  return {
    source: 'result',
    name,
    args: meta.args,
    kwargs: meta.kwargs as Record<string, unknown>,
    queue: row.queue ?? (await queueNamed(cluster, meta.queue)),
    message: null,
  };
}

/** What a record calls queue is the routing key: the queue's name, unless it went through an exchange of one's own. */
async function queueNamed(cluster: ClusterView, key: unknown): Promise<string | null> {
  if (typeof key !== 'string' || key === '') return null;
  await cluster.probeQueue(key);
  return cluster.queues.get(key)?.status || cluster.consumedQueues().has(key) ? key : null;
}

function literal(text: string | null, what: string, wire: Wire): unknown {
  if (text === null || text === '') throw new Error(`Its ${what} are unknown: no event reported them. ${REMEDY}`);
  if (holdsMask(text))
    throw new Error(`Its ${what} hold a secret that is masked here: what would be sent is not what was. ${REMEDY}`);
  const read = parsePythonLiteral(text);
  if (!read.ok && read.truncated)
    throw new Error(
      `Its ${what} were truncated by their sender (${text.slice(-24)}): they are not known in full. ${REMEDY}`,
    );
  const object = /<[\w.]+[^<>]*>?/.exec(text)?.[0];
  if (!read.ok && object)
    throw new Error(`Its ${what} hold an object, of which only its repr is known: ${object.slice(0, 60)}. ${REMEDY}`);
  if (!read.ok)
    throw new Error(`Its ${what} hold something that cannot be written down as data: ${read.reason}. ${REMEDY}`);
  const doubt = doubtIn(read.value, wire, 0);
  if (doubt) throw new Error(`Its ${what} hold ${doubt}. ${REMEDY}`);
  return read.value;
}

/** What in a value, read from a repr, may have been something else in the message. null: nothing. */
function doubtIn(value: unknown, wire: Wire, depth: number): string | null {
  if (typeof value === 'string')
    return value.endsWith('...') ? `a text that ends in '...', which a text cut by the sender also does` : null;
  if (typeof value !== 'object' || value === null || value instanceof PyFloat) return null;
  if (value instanceof Uint8Array) return 'bytes, of which a repr shows only the readable ones';
  if (value instanceof Set) return 'a set, which JSON cannot carry: it was sent by another serializer';
  if (value instanceof Map) return 'a dict whose keys are no text';
  for (const [type, word] of TYPED)
    if (value instanceof type)
      return wire.typed
        ? null
        : `a ${word}, which Celery before 5.3 sends as text and later ones do not: which one is unknown`;
  if (value instanceof PyTuple && depth > 0 && !wire.jsonOnly)
    return 'a tuple, which JSON makes a list and the other serializers of its worker do not: which one was used is unknown';
  const inside = value instanceof PyTuple ? value.items : Object.values(value);
  for (const one of inside) {
    const doubt = doubtIn(one, wire, depth + 1);
    if (doubt) return doubt;
  }
  return null;
}

const TYPED = [
  [PyDateTime, 'datetime'],
  [PyDate, 'date'],
  [PyTime, 'time'],
  [Decimal, 'Decimal'],
  [Uuid, 'UUID'],
] as const;

/** What is known of how the message of a task was written, by the worker that took it. */
export interface Wire {
  /** Its JSON keeps dates, decimals and UUIDs what they are (kombu 5.3: utils/json.py). */
  readonly typed: boolean;
  /** It takes nothing but JSON (accept_content). */
  readonly jsonOnly: boolean;
}

export function wireOf(cluster: ClusterView, hostname: string | null): Wire {
  const worker = hostname === null ? undefined : cluster.workers.get(hostname);
  const conf = hostname === null ? null : cluster.inspected.get(hostname)?.conf;
  const jsonOnly = !conf || isJsonOnly(conf);
  const [major = 0, minor = 0] = (worker?.sw_ver ?? '').split('.').map(Number);
  const isOldPython = worker?.sw_ident === 'py-celery' && (major < 5 || (major === 5 && minor < 3));
  return { typed: worker !== undefined && !isOldPython, jsonOnly };
}

/** Events carry the shadow name of a task that has one; workers know it by the other. */
function unregistered(cluster: ClusterView, name: string): string | null {
  const registered = cluster
    .onlineWorkers()
    .map((hostname) => cluster.inspected.get(hostname)?.registered ?? [])
    .filter((names) => names.length > 0);
  if (registered.length === 0 || registered.some((names) => names.some((n) => n === name || n.startsWith(`${name} [`))))
    return null;
  return `No worker has a task named ${name}: it may be the shadow name of another.`;
}
