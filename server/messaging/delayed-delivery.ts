// Tasks for later that RabbitMQ holds back itself, where a worker cannot hold many: on quorum queues. A message goes through 28 exchanges
// (`celery_delayed_27` to `_0`), one for each bit of the seconds it waits, which are the first words of its key; where its bit is set
// it lies in the queue of that level for as long, else it is handed on. From the last it goes to `celery_delayed_delivery`, and by the end of its
// key to the exchange it is for, which has to tell keys by patterns: not a direct one.
// Not here: when a call is sent that way (app/delayed.ts); waiting for a time in the worker (worker/strategy.ts).
// Celery 5.6: worker/consumer/delayed_delivery.py; kombu 5.6: transport/native_delayed_delivery.py
import { ChannelError } from '../errors.ts';
import type { Channel } from '../transport/contract.ts';
import { type Exchange, exchange, type Queue, queue } from '../transport/entity.ts';
import type { Connection } from './connection.ts';

const LEVELS = 28;
/** 8.5 years. @unit seconds */
const LONGEST = 2 ** LEVELS - 1;
const DELIVERY: Exchange = exchange('celery_delayed_delivery', 'topic');
const level = (n: number): Exchange => exchange(`celery_delayed_${n}`, 'topic');

/** Where a message begins that is to be held back. */
export const DELAYED: Exchange = { ...level(LEVELS - 1), noDeclare: true };

/** @param seconds at least 1; what is longer than 8.5 years is as long as that */
export function delayedKey(seconds: number, routingKey: string): string {
  const bits = Math.min(Math.floor(seconds), LONGEST).toString(2).padStart(LEVELS, '0');
  return `${[...bits].join('.')}.${routingKey}`;
}

/** What goes to this queue can be held back. */
export function canBeDelayed({ exchange: to }: Queue): boolean {
  return to !== null && to.name !== '' && to.type !== 'direct';
}

export function isQuorum({ arguments: args }: Queue): boolean {
  return args?.['x-queue-type'] === 'quorum';
}

/** Declares all levels, as every worker of quorum queues does. */
async function declareLevels(channel: Channel, queueType: string): Promise<void> {
  for (let n = LEVELS - 1; n >= 0; n--) {
    await channel.declareQueue(
      queue(level(n).name, {
        exchange: level(n),
        routingKey: `${'*.'.repeat(LEVELS - 1 - n)}1.#`,
        arguments: {
          'x-queue-type': queueType,
          'x-overflow': 'reject-publish',
          'x-message-ttl': 2 ** n * 1000,
          'x-dead-letter-exchange': n > 0 ? level(n - 1).name : DELIVERY.name,
          ...(queueType === 'quorum' ? { 'x-dead-letter-strategy': 'at-least-once' } : {}),
        },
      }),
    );
  }
  await channel.declareExchange(DELIVERY);
  for (let n = LEVELS - 1; n >= 0; n--) {
    const next = n > 0 ? level(n - 1) : DELIVERY;
    await channel.bindExchange(next.name, level(n).name, `${'*.'.repeat(LEVELS - 1 - n)}0.#`);
  }
}

/** What was held back for this queue, which is declared, goes to it. */
async function bindToLevels(channel: Channel, { name, exchange: to, routingKey }: Queue): Promise<void> {
  const key = routingKey.startsWith('#') ? routingKey : `#.${routingKey}`;
  await channel.bindExchange(to!.name, DELIVERY.name, key);
  await channel.bindQueue(name, to!.name, key);
}

/** Declares the levels unless they are there, and binds these queues. On channels of its own. */
export async function prepareDelayed(
  connection: Connection,
  queues: readonly Queue[],
  queueType: string,
): Promise<void> {
  const there = await use(connection, (channel) => channel.declareExchange(DELIVERY, { passive: true })).then(
    () => true,
    (error: unknown) => {
      if (error instanceof ChannelError && error.code === 404) return false;
      throw error;
    },
  );
  await use(connection, async (channel) => {
    if (!there) await declareLevels(channel, queueType);
    for (const one of queues) {
      await channel.declareQueue(one);
      await bindToLevels(channel, one);
    }
  });
}

async function use(connection: Connection, act: (channel: Channel) => Promise<void>): Promise<void> {
  const channel = await (await connection.tryConnect()).channel();
  try {
    await act(channel);
  } finally {
    await channel.close().catch(() => {});
  }
}
