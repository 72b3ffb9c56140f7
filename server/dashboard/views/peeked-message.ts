// A message that waits in a queue, as pages show it: read without taking it, secrets masked.
// Holds: a body that cannot be read is no error: `unread` says why, and what its headers tell is shown. A pickle is read as data.
import { cutText } from '../../../shared/events/edge.ts';
import type { Masking } from '../../../shared/masking.ts';
import { argsRepr, kwargsRepr } from '../../../shared/python-repr.ts';
import { traceIdOf } from '../../../shared/trace-id.ts';
import type { PeekedMessage } from '../../../shared/wire/queues.ts';
import { toError } from '../../errors.ts';
import { isTaskMessage, readTaskMessage } from '../../protocol/task-message.ts';
import { PLAIN_CODEC } from '../../serialization/codec.ts';
import { decompress } from '../../serialization/compression/compression.ts';
import type { Message } from '../../transport/message.ts';
import { PICKLE, readPickle } from '../cluster/pickled.ts';

/** A compressed body is opened to show its arguments, no further. @unit bytes */
const MAX_OPENED = 1024 * 1024;
/** What its sender may have written at any length. @unit characters */
const MAX = { id: 512, name: 1024, repr: 4096 } as const;
const ACCEPT = PLAIN_CODEC.acceptSet(['json']);

/** One after the other: their bodies together could be large. */
export async function peekedMessages(messages: readonly Message[], masking: Masking): Promise<PeekedMessage[]> {
  const rows: PeekedMessage[] = [];
  for (const [index, message] of messages.entries()) rows.push(await peeked(message, index, masking));
  return rows;
}

async function peeked(message: Message, index: number, masking: Masking): Promise<PeekedMessage> {
  const trace_id = traceIdOf(message.headers.traceparent);
  const masked = (text: string | null): string | null => (text === null ? null : masking.text(text));
  const base: PeekedMessage = {
    position: index + 1,
    uuid: cut(message.headers.id, MAX.id),
    name: cut(message.headers.task, MAX.name),
    // What its sender printed, for a body that is not read here.
    args: masked(cut(message.headers.argsrepr, MAX.repr)),
    kwargs: masked(cut(message.headers.kwargsrepr, MAX.repr)),
    priority: message.properties.priority ?? null,
    published: typeof message.properties.timestamp === 'number' ? message.properties.timestamp : null,
    eta: null,
    retries: null,
    redelivered: message.redelivered,
    size: message.body.byteLength,
    ...(trace_id !== null && { trace_id }),
  };
  try {
    const { compression } = message.headers;
    const body =
      typeof compression === 'string' ? await decompress(message.body, compression, MAX_OPENED) : message.body;
    const payload =
      message.contentType === PICKLE
        ? readPickle(body, MAX_OPENED)
        : PLAIN_CODEC.decodeExact(body, message.contentType, message.contentEncoding, ACCEPT);
    if (!isTaskMessage(message, payload)) return base;
    const task = readTaskMessage(message, payload);
    return {
      ...base,
      uuid: cutText(task.id, MAX.id),
      name: cutText(task.task, MAX.name),
      args: argsRepr(masking.value(task.args) as unknown[]),
      kwargs: kwargsRepr(masking.value(task.kwargs) as Record<string, unknown>),
      eta: task.eta,
      retries: task.retries,
    };
  } catch (error) {
    return { ...base, unread: masking.text(toError(error).message).slice(0, 300) };
  }
}

/** null: it is no text. */
function cut(given: unknown, most: number): string | null {
  return typeof given === 'string' ? cutText(given, most) : null;
}
