// What a busy worker sends: four events for each task, many in one `task.multi` message, encoded before the clock starts, so that the
// producer of a flood costs its receiver's cores little.
import type { Channel } from '../../server/transport/contract.ts';
import { exchange } from '../../server/transport/entity.ts';

export const EVENTS_PER_TASK = 4;
/** What a worker under load puts in one message. */
export const EVENTS_PER_MESSAGE = 96;

const common = { hostname: 'celery@flood', utcoffset: 0, pid: 4121 };

/** Bodies of messages in which so many tasks are received, started, make progress and succeed. */
export function floodBodies(tasks: number): Uint8Array[] {
  const bodies: Uint8Array[] = [];
  let batch: unknown[] = [];
  let clock = 1;
  const now = Date.now() / 1000;
  for (let i = 0; i < tasks; i++) {
    const uuid = `00000000-0000-4000-8000-${i.toString(16).padStart(12, '0')}`;
    const timestamp = now + i / 20_000;
    batch.push(
      {
        ...common,
        clock: clock++,
        timestamp,
        type: 'task-received',
        uuid,
        name: `shop.task_${i % 20}`,
        args: `(${i}, 'EUR')`,
        kwargs: "{'customer': 4417029}",
        root_id: uuid,
        parent_id: null,
        retries: 0,
        eta: null,
        expires: null,
      },
      { ...common, clock: clock++, timestamp: timestamp + 0.001, type: 'task-started', uuid },
      { ...common, clock: clock++, timestamp: timestamp + 0.002, type: 'task-progress', uuid },
      {
        ...common,
        clock: clock++,
        timestamp: timestamp + 0.01,
        type: 'task-succeeded',
        uuid,
        result: `${i}`,
        runtime: 0.009,
      },
    );
    if (batch.length >= EVENTS_PER_MESSAGE || i === tasks - 1) {
      bodies.push(Buffer.from(JSON.stringify(batch)));
      batch = [];
    }
  }
  return bodies;
}

export async function publishEvents(channel: Channel, bodies: readonly Uint8Array[]): Promise<void> {
  await Promise.all(
    bodies.map((body) =>
      channel.publish({
        exchange: 'celeryev',
        routingKey: 'task.multi',
        body,
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        headers: { hostname: common.hostname },
        properties: { delivery_mode: 1 },
      }),
    ),
  );
}

/** As EventDispatcher declares it. */
export function declareEvents(channel: Channel): Promise<void> {
  return channel.declareExchange(exchange('celeryev', 'topic'));
}
