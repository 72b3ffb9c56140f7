// Find the message of one task on the server, ready in a queue or taken and not yet acknowledged, without taking it.
// Holds: only messages that fit leave the server, so that large ones beside it cost nothing; a look is bounded and in small steps.
import type { Batch } from './batch.ts';
import type { Keys } from './keys.ts';

/** Entries looked at in one step, during which the server serves nobody else. */
const ENTRIES_PER_SCAN = 500;

export interface Found {
  readonly raw: string;
  readonly queue: string;
  /** A consumer has it. */
  readonly unacked: boolean;
  /** In its queue, over all priorities: 1 is next. */
  readonly position: number | null;
}

/** @param limit entries looked at in each list, and of those taken */
export async function findMessages(
  { batch, keys }: { readonly batch: Batch; readonly keys: Keys },
  id: string,
  queues: readonly string[],
  limit: number,
): Promise<{ found: Found[]; complete: boolean }> {
  // As JSON is written by kombu and by us; whether it is the id of the task itself the reader of the message sees.
  const word = JSON.stringify(id);
  const found: Found[] = [];
  let complete = true;
  for (const queue of queues) {
    let before = 0;
    // The lists of a queue in the order in which they are emptied.
    for (const list of keys.lists(queue)) {
      let length = 0;
      let from = 0;
      do {
        const range = [-from - ENTRIES_PER_SCAN, -from - 1];
        const [size, ...hits] = (await batch.script('findReady', [list], [...range, word])) as (number | string)[];
        length = Number(size);
        for (let i = 0; i < hits.length; i += 2)
          found.push({ raw: String(hits[i + 1]), queue, unacked: false, position: before + Number(hits[i]) });
        from += ENTRIES_PER_SCAN;
      } while (from < limit && from < length);
      if (from < length) complete = false;
      before += length;
    }
  }
  let cursor = '0';
  let seen = 0;
  do {
    const [next, ...values] = (await batch.script(
      'findUnacked',
      [keys.unacked],
      [cursor, ENTRIES_PER_SCAN, word],
    )) as string[];
    for (const value of values) {
      const [, raw, exchange, key] = RECORD.exec(value) ?? [];
      if (raw !== undefined) found.push({ raw, queue: key || exchange || '', unacked: true, position: null });
    }
    cursor = next ?? '0';
    seen += ENTRIES_PER_SCAN;
  } while (cursor !== '0' && seen < limit);
  return { found, complete: complete && cursor === '0' };
}

/** `[envelope, exchange, routing key]`, as kombu and we record what was taken. */
const RECORD = /^\[(.*), ?"([^"\\]*)", ?"([^"\\]*)"\]$/s;
