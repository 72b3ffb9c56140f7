// Messages from one queue to another: each leaves its list and enters the other in one step of the server, if it is still there.
// Not here: the script (scripts.ts), reading messages (envelope.ts).
// Holds: a message that somebody takes meanwhile stays theirs; what is no envelope is not moved.
import { MOVE_LOOKS_AT } from '../contract.ts';
import type { Message } from '../message.ts';
import type { Broker } from './broker.ts';
import { priorityOf, readEnvelope, sentTo } from './envelope.ts';

/** Messages of one script: each step searches its list from the end that is taken first. */
const STEP = 200;

/** @param wants which, and as what they are told of @returns those that were moved */
export async function moveMessages(
  broker: Broker,
  from: string,
  to: string,
  limit: number,
  read: (raw: string) => Message | null,
): Promise<Message[]> {
  const moved: Message[] = [];
  const chosen: { message: Message; raw: string; text: string; source: string; target: string }[] = [];
  const lists = broker.keys.lists(from);
  for (const [at, raw] of await broker.peekByList(from, MOVE_LOOKS_AT)) {
    if (chosen.length >= limit) break;
    const text = sentTo(raw, to);
    const message = text === null ? null : read(raw);
    if (text === null || message === null) continue;
    const target = broker.keys.list(to, priorityOf(readEnvelope(raw, from).message.properties));
    chosen.push({ message, raw, text, source: lists[at]!, target });
  }
  for (let i = 0; i < chosen.length; i += STEP) {
    const some = chosen.slice(i, i + STEP);
    const gone = await broker.moveEnvelopes(some, to);
    moved.push(...some.filter((_, n) => gone[n]).map(({ message }) => message));
  }
  return moved;
}
