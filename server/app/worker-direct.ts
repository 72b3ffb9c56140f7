// The queue of one worker: `worker_direct` lets it consume that beside the others, so that a task can be sent to it alone.
// Holds: client and worker declare it alike, whatever the settings say of other queues.
// Celery 5.6: utils/nodenames.py worker_direct
import { ImproperlyConfigured } from '../errors.ts';
import { exchange, type Queue, queue } from '../transport/entity.ts';

const SUFFIX = '.dq2';

/** `task.applyAsync([], {}, { queue: workerDirect('w1@host') })` */
export function workerDirect(hostname: string): Queue {
  if (typeof hostname !== 'string' || hostname === '')
    throw new ImproperlyConfigured("workerDirect takes the name of a worker: workerDirect('w1@host').");
  return queue(`${hostname}${SUFFIX}`, { exchange: exchange('C.dq2'), routingKey: hostname });
}

/** The queue of a worker that a name such as 'w1@host.dq2' means; null: it means none. */
export function directQueueNamed(name: string): Queue | null {
  const hostname = name.slice(0, -SUFFIX.length);
  return name.endsWith(SUFFIX) && hostname.includes('@') ? workerDirect(hostname) : null;
}
