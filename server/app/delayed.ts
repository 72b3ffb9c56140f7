// Which calls for later RabbitMQ is to hold back, and where those go. How it does that: messaging/delayed-delivery.ts.
// Holds: what is sent that way has a way to its queue, also when no worker has started yet.
// Celery 5.6: app/base.py send_task; utils/quorum_queues.py detect_quorum_queues
import type { Connection } from '../messaging/connection.ts';
import { canBeDelayed, DELAYED, delayedKey, isQuorum, prepareDelayed } from '../messaging/delayed-delivery.ts';
import { parseIsoTime } from '../protocol/task-message.ts';
import type { Queue } from '../transport/entity.ts';
import { parseUrl } from '../transport/url.ts';
import type { AppHost } from './host.ts';
import type { Destination } from './routing.ts';

const SCHEMES: readonly string[] = ['amqp', 'amqps', 'pyamqp', 'pyamqps'];

/** Queues whose levels are known to be there, by connection. */
const prepared = new WeakMap<Connection, Map<string, Promise<void>>>();

/** Some queue of the app is a quorum queue: then tasks for later are held back by the broker, where their exchange allows that. */
export function delaysTasks(app: AppHost): boolean {
  return app.conf.worker_detect_quorum_queues && [...app.router.queues.values()].some(isQuorum);
}

/** null: it goes where it goes, and waits in the worker. */
export function delayedDestination(
  app: AppHost,
  { exchange: to, routingKey, declare, ...rest }: Destination,
  eta: string,
  nowMs: number,
): Promise<Destination> | null {
  const [target] = declare;
  const etaMs = parseIsoTime(eta);
  if (!target || to.type === 'direct' || !canBeDelayed(target) || !delaysTasks(app)) return null;
  const seconds = Math.floor((etaMs - nowMs) / 1000);
  const { connection } = app.producer();
  if (seconds < 1 || !SCHEMES.includes(parseUrl(connection.url).scheme)) return null;
  const delayed = { ...rest, declare: [], exchange: DELAYED, routingKey: delayedKey(seconds, routingKey) };
  return prepare(connection, target, app.conf.broker_native_delayed_delivery_queue_type).then(() => delayed);
}

function prepare(connection: Connection, target: Queue, queueType: string): Promise<void> {
  let known = prepared.get(connection);
  if (!known) {
    known = new Map();
    prepared.set(connection, known);
    // Another broker may be there next.
    connection.onLost(() => prepared.delete(connection));
  }
  let preparing = known.get(target.name);
  if (!preparing) {
    preparing = prepareDelayed(connection, [target], queueType);
    known.set(target.name, preparing);
    preparing.catch(() => known.delete(target.name));
  }
  return preparing;
}
