// Which queues a worker consumes: -Q, else those configured, without -X, plus its own (worker_direct); and one added by remote.
// Not here: what a queue is by its name (app/routing.ts); consuming it (consumer/tasks.ts).
// Celery 5.6: app/amqp.py Queues.select, deselect; worker/consumer/consumer.py add_task_queue
import type { Celery } from '../app/celery.ts';
import { workerDirect } from '../app/worker-direct.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { type ExchangeType, exchange, nameFault, type Queue, queue } from '../transport/entity.ts';
import type { QueueOptions } from './panel/registry.ts';

export interface QueueChoice {
  readonly queues?: readonly string[];
  readonly excludeQueues?: readonly string[];
}

export function consumedQueues(app: Celery, choice: QueueChoice, hostname: string): Queue[] {
  const { queues } = app.router;
  const wanted = choice.queues && choice.queues.length > 0 ? choice.queues : queues.configured;
  const excluded = new Set(choice.excludeQueues);
  const chosen = [...new Set(wanted)].filter((name) => !excluded.has(name)).map((name) => queues.named(name));
  if (app.conf.get('worker_direct')) chosen.push(workerDirect(hostname));
  if (chosen.length === 0) throw new ImproperlyConfigured('The worker has no queue to consume: all are excluded.');
  return chosen;
}

const TYPES: readonly string[] = ['direct', 'topic', 'fanout'] satisfies ExchangeType[];

/** A queue of the app by its name; else a new one as the command describes it. */
export function addedQueue(app: Celery, name: string, options: QueueOptions): Queue {
  const { queues } = app.router;
  const known = queues.get(name);
  if (known) return known;
  for (const text of [name, options.exchange, options.routingKey]) {
    const fault = text ? nameFault(text) : null;
    if (fault) throw new ImproperlyConfigured(`The name of a queue or exchange, or a routing key, ${fault}.`);
  }
  const type = options.exchangeType ?? 'direct';
  if (!TYPES.includes(type))
    throw new ImproperlyConfigured(`There is no exchange type '${type}': ${TYPES.join(', ')}.`);
  const { durable, auto_delete, max_priority } = options.options;
  return queues.add(
    queue(name, {
      exchange: exchange(options.exchange ?? name, type as ExchangeType),
      routingKey: options.routingKey ?? name,
      ...(typeof durable === 'boolean' ? { durable } : {}),
      ...(typeof auto_delete === 'boolean' ? { autoDelete: auto_delete } : {}),
      ...(typeof max_priority === 'number' ? { maxPriority: max_priority } : {}),
    }),
  );
}
