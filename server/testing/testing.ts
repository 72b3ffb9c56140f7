// Helpers to test an application's tasks: `umbel/testing`. An app in memory, calls run on the spot, a worker in the test, what was sent.
// Not here: a test runner; what is here works with any.
// Holds: what is begun here is ended by what it returns, or by `using` and `await using`; no broker is opened but the one in memory.
import { randomUUID } from 'node:crypto';
import type { Celery } from '../app/celery.ts';
import { ImproperlyConfigured } from '../errors.ts';
import { silentLogger } from '../log.ts';
import type { PublishOptions } from '../messaging/producer.ts';
import { readTaskMessage, type TaskMessage } from '../protocol/task-message.ts';
import { decompress } from '../serialization/compression/compression.ts';
import type { WorkerOptions } from '../worker/options.ts';
import { Worker } from '../worker/worker.ts';

/**
 * Puts broker and result store of an app into the memory of this process, for it alone. Before anything is sent or asked.
 * @throws ImproperlyConfigured when the app has opened its broker or its store already
 */
export function inMemory(app: Celery): void {
  const url = `memory://${randomUUID()}`;
  if (app.openBackend) throw opened(app);
  app.conf.update({ broker_url: url, broker_read_url: url, broker_write_url: url, result_backend: url });
  if (!app.writeConnection.options.urls.includes(url)) throw opened(app);
}

function opened({ name }: Celery): ImproperlyConfigured {
  return new ImproperlyConfigured(
    `The app '${name}' has opened its broker or its result store already: call inMemory(app) before anything is sent.`,
  );
}

/**
 * From now on calls of this app run where they are made, retries and workflows included, and need no worker. Arguments pass through the
 * serializer, as on their way to one. Results are stored too, so that `app.AsyncResult(id)` finds them.
 * @param options `propagates`: an error of a task is thrown where it is called. Default false: by the result
 * @returns what ends it, also by `using`
 */
export function eagerly(app: Celery, { propagates = false }: { readonly propagates?: boolean } = {}): Undo {
  const { task_always_eager, task_eager_propagates, task_store_eager_result } = app.conf;
  app.conf.update({ task_always_eager: true, task_eager_propagates: propagates, task_store_eager_result: true });
  return undo(() => app.conf.update({ task_always_eager, task_eager_propagates, task_store_eager_result }));
}

/** A worker in the test's own process: ready when the promise resolves. */
export interface TestWorker extends AsyncDisposable {
  readonly worker: Worker;
  /** Runs to their ends what it holds, and leaves. */
  stop(): Promise<void>;
}

/** @param options of a Worker; by default without gossip and mingle, and silent */
export async function startTestWorker(app: Celery, options: WorkerOptions = {}): Promise<TestWorker> {
  const worker = new Worker(app, { log: silentLogger, withoutGossip: true, withoutMingle: true, ...options });
  await worker.start();
  const stop = async (): Promise<void> => {
    await worker.stop('warm');
    await worker.done;
  };
  return { worker, stop, [Symbol.asyncDispose]: stop };
}

/** A task as its message has it: with the arguments that a worker would get. */
export type SentTask = Pick<
  TaskMessage,
  'id' | 'task' | 'args' | 'kwargs' | 'eta' | 'expires' | 'headers' | 'parent_id' | 'root_id'
> & {
  readonly exchange: string;
  readonly routing_key: string;
};

export interface SentTasks extends Disposable {
  /** In the order in which they were sent. */
  readonly all: readonly SentTask[];
  /** Those of one task. */
  of(task: string | { readonly name: string }): readonly SentTask[];
  /**
   * Until all that was sent, and what that sends, has its result.
   * @param timeout of all of them together. Default 60 @unit seconds
   * @throws TimeoutError; not for tasks that fail
   */
  done(timeout?: number): Promise<void>;
  stop(): void;
}

/**
 * Writes down what this app sends to its broker; not what runs eagerly.
 * @param options `hold`: nothing reaches the broker, so that no worker runs it. Default false
 */
export function spySent(app: Celery, { hold = false }: { readonly hold?: boolean } = {}): SentTasks {
  const all: SentTask[] = [];
  const producer = app.producer();
  const { publish } = producer;
  const spied = async (message: PublishOptions): Promise<unknown> => {
    all.push(await readSent(app, message));
    return hold ? null : publish.call(producer, message);
  };
  producer.publish = spied;
  const stop = (): void => {
    if (producer.publish === spied) producer.publish = publish;
  };
  return {
    all,
    of: (task) => all.filter((one) => one.task === (typeof task === 'string' ? task : task.name)),
    done: async (timeout = 60) => {
      if (hold) throw new ImproperlyConfigured('What is held is never run: spySent(app) without `hold` waits for it.');
      const deadlineMs = performance.now() + timeout * 1000;
      // What is found behind the last was sent by those before it.
      for (let i = 0; i < all.length; i++) {
        const left = Math.max(0.001, (deadlineMs - performance.now()) / 1000);
        await app.AsyncResult(all[i]!.id).get({ timeout: left, propagate: false });
      }
    },
    stop,
    [Symbol.dispose]: stop,
  };
}

async function readSent(app: Celery, message: PublishOptions): Promise<SentTask> {
  const { headers, properties, contentType, contentEncoding, exchange, routingKey } = message;
  const body =
    typeof headers.compression === 'string' ? await decompress(message.body, headers.compression) : message.body;
  const payload = app.codec.decode(body, contentType, contentEncoding, app.codec.acceptSet([contentType]));
  const delivery = { exchange: exchange.name, routing_key: routingKey };
  const deliveryInfo = { ...delivery, priority: null, redelivered: null };
  const read = readTaskMessage({ headers, properties, deliveryInfo, redelivered: false }, payload);
  const { id, task, args, kwargs, eta, expires, headers: own, parent_id, root_id } = read;
  return { id, task, args, kwargs, eta, expires, headers: own, parent_id, root_id, ...delivery };
}

export interface Undo extends Disposable {
  (): void;
}

function undo(end: () => void): Undo {
  return Object.assign(end, { [Symbol.dispose]: end });
}
