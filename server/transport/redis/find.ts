// Find the message of one task on the server, ready in a queue or taken and not yet acknowledged, without taking it.
// Holds: only messages that fit leave the server, so that large ones beside it cost nothing; a look is bounded and in small steps.
import type { Batch } from './batch.ts';
import type { Keys } from './keys.ts';

/** Entries looked at in one step, during which the server serves nobody else. */
const STEP = 500;

export interface Found {
  readonly raw: string;
  readonly queue: string;
  /** A consumer has it. */
  readonly unacked: boolean;
}

/** @param limit entries looked at in each list, and of those taken */
export async function findMessages(
  { batch, keys }: { readonly batch: Batch; readonly keys: Keys },
  id: string,
  queues: readonly string[],
  limit: number,
): Promise<Found[]> {
  // As JSON is written by kombu and by us; whether it is the id of the task itself the reader of the message sees.
  const word = JSON.stringify(id);
  const found: Found[] = [];
  for (const queue of queues) {
    for (const list of keys.lists(queue)) {
      for (let from = 0; from < limit; from += STEP) {
        const range = [-from - STEP, -from - 1];
        const [more, ...raws] = (await batch.script('findReady', [list], [...range, word])) as [number, ...string[]];
        for (const raw of raws) found.push({ raw, queue, unacked: false });
        if (!more) break;
      }
    }
  }
  let cursor = '0';
  let seen = 0;
  do {
    const [next, ...values] = (await batch.script('findUnacked', [keys.unacked], [cursor, STEP, word])) as string[];
    for (const value of values) {
      const [, raw, exchange, key] = RECORD.exec(value) ?? [];
      if (raw !== undefined) found.push({ raw, queue: key || exchange || '', unacked: true });
    }
    cursor = next ?? '0';
    seen += STEP;
  } while (cursor !== '0' && seen < limit);
  return found;
}

/** `[envelope, exchange, routing key]`, as kombu and we record what was taken. */
const RECORD = /^\[(.*), ?"([^"\\]*)", ?"([^"\\]*)"\]$/s;
