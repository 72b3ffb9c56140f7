// Results as messages to who sent the task: `rpc://`, over the app's broker. Each client reads one queue, named by its id (the `reply_to` of
// what it sends); nothing is kept anywhere else, so that nobody but the sender can read a result, and a chord has no store to gather in.
// Not here: what has come and is waited for by nobody yet (arrived.ts).
// Holds: the queue is declared with a call, before it is sent, so that no result comes too early; it is consumed from then on, also
// after the broker was lost or restarted. What is sent to it in between is lost: the queue goes with its consumer, as Celery's does.
// Celery 5.6: backends/rpc.py
import { BackendError, NotImplementedError, OperationalError, toError } from '../../errors.ts';
import type { Connection } from '../../messaging/connection.ts';
import { Producer } from '../../messaging/producer.ts';
import { consumeTransient } from '../../messaging/transient.ts';
import { type ResultMeta, readResultMeta } from '../../protocol/result-meta.ts';
import type { Channel } from '../../transport/contract.ts';
import { DEFAULT_EXCHANGE, type Queue, queue } from '../../transport/entity.ts';
import type { Message } from '../../transport/message.ts';
import type { Backend, BackendContext, ResultRequest } from '../contract.ts';
import { RPC } from '../flags.ts';
import { cannotStore, storeClosed } from '../store-errors.ts';
import { type ResultListener, ResultListeners, waitFor, watchAll } from '../waiters.ts';
import { ArrivedResults } from './arrived.ts';

/** Celery 5.6, backends/rpc.py retry_policy. @unit seconds for the intervals */
const PATIENCE = { max_retries: 20, interval_start: 0, interval_step: 1, interval_max: 1 };

export function createRpcBackend(context: BackendContext): Backend {
  if (!context.messages) {
    throw new NotImplementedError(
      "The result store rpc:// sends results over an app's broker: it is opened by an app, as its result_backend.",
    );
  }
  return new RpcBackend(context, context.messages.oid, context.messages.connection());
}

class RpcBackend implements Backend {
  readonly driver = 'rpc';
  readonly flags = RPC;
  readonly enabled = true;
  readonly #context: BackendContext;
  readonly #connection: Connection;
  readonly #producer: Producer;
  readonly #queue: Queue;
  readonly #deliveryMode: 1 | 2;
  readonly #listeners = new ResultListeners();
  readonly #arrived: ArrivedResults;
  readonly #storing = new Set<Promise<unknown>>();
  readonly #unlisten: () => void;
  #replies: Promise<Channel> | null = null;
  /** It has listened, or tried to. */
  #begun = false;
  #open = true;

  constructor(context: BackendContext, oid: string, connection: Connection) {
    this.#context = context;
    this.#connection = connection;
    this.#producer = new Producer(connection);
    this.#deliveryMode = context.settings?.result_persistent === true ? 2 : 1;
    this.#arrived = new ArrivedResults({ now: context.monotonic ?? context.now, expiresMs: context.expiresMs });
    this.#queue = queue(oid, {
      exchange: null,
      durable: false,
      autoDelete: true,
      ...(context.expiresMs === null ? {} : { expiresMs: context.expiresMs }),
    });
    this.#unlisten = connection.onLost((error) => this.#lost(error));
  }

  /** The queue that is to be declared before a task is sent whose result this client may ask for. */
  onTaskCall(): Queue {
    // A broker that is away is for who sends to tell of.
    if (!this.#replies) void this.#begin();
    return this.#queue;
  }

  /** Drops what nobody asked for: a task without `reply_to`. */
  async store(meta: ResultMeta, request?: ResultRequest): Promise<void> {
    if (!this.#open) throw storeClosed();
    if (!request?.replyTo) return;
    const { task_id, status, result, traceback, children } = meta;
    // Celery 5.6, backends/rpc.py _to_result: these and no others
    const { body, contentType, contentEncoding } = this.#context.encode({
      task_id,
      status,
      result,
      traceback,
      children,
    });
    const sending = this.#producer.publish({
      exchange: DEFAULT_EXCHANGE,
      routingKey: request.replyTo,
      contentType,
      contentEncoding,
      headers: {},
      properties: {
        correlation_id: request.correlationId ?? task_id,
        delivery_mode: this.#deliveryMode,
        priority: 0,
      },
      body,
      retry: true,
      retryPolicy: PATIENCE,
    });
    this.#storing.add(sending);
    try {
      await sending;
    } catch (thrown) {
      const away = thrown instanceof OperationalError;
      throw cannotStore(meta, away ? new BackendError(thrown.message, { cause: thrown, temporary: true }) : thrown);
    } finally {
      this.#storing.delete(sending);
    }
  }

  async get(taskId: string): Promise<ResultMeta | null> {
    await this.listening();
    return this.#arrived.get(taskId);
  }

  async getMany(taskIds: readonly string[]): Promise<Map<string, ResultMeta>> {
    await this.listening();
    return this.#here(taskIds);
  }

  wait(taskId: string, signal: AbortSignal): Promise<ResultMeta> {
    return waitFor(this.#local(), taskId, signal);
  }

  watch(taskIds: readonly string[], signal: AbortSignal): AsyncIterable<ResultMeta> {
    return watchAll(this.#local(), taskIds, signal);
  }

  subscribe(taskId: string, listener: ResultListener, onError?: (error: Error) => void): () => void {
    if (!this.#open) throw storeClosed();
    const remove = this.#listeners.add(taskId, listener, onError);
    // Who cannot be told is told so.
    this.#listen().catch((error: unknown) => this.#listeners.fail(cannotHear(error)));
    return remove;
  }

  async listening(): Promise<void> {
    if (!this.#open) throw storeClosed();
    await this.#listen().catch((error: unknown) => {
      throw cannotHear(error);
    });
  }

  async forget(taskId: string): Promise<void> {
    this.#arrived.delete(taskId);
  }

  async saveGroup(): Promise<void> {
    throw keepsNoGroups();
  }
  async restoreGroup(): Promise<unknown | null> {
    throw keepsNoGroups();
  }
  async forgetGroup(): Promise<void> {
    throw keepsNoGroups();
  }
  async cleanup(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#unlisten();
    await Promise.allSettled(this.#storing);
    this.#producer.close();
    this.#listeners.fail(storeClosed());
    this.#arrived.clear();
    const replies = this.#replies;
    this.#replies = null;
    // The queue goes with its consumer. One that waits for a broker ends with its connection.
    const left = replies?.then((channel) => channel.close()).catch(() => {});
    if (this.#connection.connected) await left;
  }

  /** What has come by now answers at once: who waits does not wait for the broker with it. */
  #local() {
    return {
      get: async (taskId: string) => this.#arrived.get(taskId),
      getMany: async (taskIds: readonly string[]) => this.#here(taskIds),
      subscribe: this.subscribe.bind(this),
    };
  }

  #here(taskIds: readonly string[]): Map<string, ResultMeta> {
    const found = new Map<string, ResultMeta>();
    for (const id of taskIds) {
      const meta = this.#arrived.get(id);
      if (meta) found.set(id, meta);
    }
    return found;
  }

  /** One consumer for this client, however many wait. */
  #listen(): Promise<Channel> {
    if (this.#replies) return this.#replies;
    this.#begun = true;
    const opening: Promise<Channel> = this.#consume((error) => {
      if (this.#replies === opening) this.#lost(error);
    });
    this.#replies = opening;
    opening.catch(() => {
      if (this.#replies === opening) this.#replies = null;
    });
    return opening;
  }

  async #consume(onLost: (error: Error) => void): Promise<Channel> {
    const { flags } = await this.#connection.ensure();
    // What goes to a consumer that has died unseen comes back, where the broker gives it back. Celery's are gone then.
    const noAck = flags.returnsAtLoss !== true;
    const onMessage = (message: Message) => {
      this.#onMessage(message);
      if (!noAck) message.ack();
    };
    const consumer = await consumeTransient(this.#connection, { queues: [this.#queue], onMessage, noAck, onLost });
    return consumer.channel;
  }

  async #begin(): Promise<void> {
    try {
      await this.#connection.tryConnect();
      if (this.#open) await this.#listen();
    } catch {
      // Who waits for a result is told.
    }
  }

  /** With the consumer its queue is gone: it is made anew at once, for results of what was sent before. */
  #lost(error: Error): void {
    this.#replies = null;
    if (!this.#open || !this.#begun) return;
    this.#context.log?.warning(
      `The results of ${this.#queue.name} are not heard for now; what is sent meanwhile is lost (${error.message})`,
    );
    this.#listen().catch((reason: unknown) => {
      if (this.#open) this.#listeners.fail(cannotHear(reason));
    });
  }

  #onMessage({ body, contentType, contentEncoding, properties }: Message): void {
    const read = (id?: string): ResultMeta => {
      const value = this.#context.decode(body, contentType, contentEncoding);
      return readResultMeta(value, id ?? (value as { task_id?: string } | null)?.task_id ?? '');
    };
    const taskId = properties.correlation_id ?? idIn(read);
    if (taskId === null) {
      this.#context.log?.warning('A message among the results names no task and cannot be read: it was left out.');
      return;
    }
    if (this.#arrived.add(taskId, body.byteLength, () => read(taskId)))
      this.#listeners.emit(taskId, () => read(taskId));
  }
}

function idIn(read: () => ResultMeta): string | null {
  try {
    return read().task_id || null;
  } catch {
    return null;
  }
}

function cannotHear(error: unknown): BackendError {
  if (error instanceof BackendError) return error;
  const { message } = toError(error);
  return new BackendError(`Results cannot be heard: ${message}`, {
    cause: error,
    temporary: error instanceof OperationalError,
  });
}

function keepsNoGroups(): NotImplementedError {
  return new NotImplementedError(
    'The result store rpc:// keeps no groups: results go to who sent the tasks, and nobody else can ask for them.',
  );
}
