// A message comes in, a decision goes out: undecodable, no task, invalid, unknown, revoked, wait for its ETA, wait for a token, run.
// Not here: settling what became a request (request.ts), reading headers and body (protocol/task-message.ts).
// Holds: whatever a message contains, `onMessage` does not throw, and the message is settled or became a request.
// Celery 5.6: worker/strategy.py, worker/consumer/consumer.py
import { jsonText } from '../../shared/json-text.ts';
import { saferepr } from '../../shared/python-repr.ts';
import type { Outline } from '../../shared/workflow/outline.ts';
import { storeFailure } from '../app/trace.ts';
import { InvalidTaskError, NotRegistered, toError, WorkerLostError } from '../errors.ts';
import { exceptionRepr } from '../protocol/failure.ts';
import { outlineOf } from '../protocol/outline.ts';
import {
  awareIsoTime,
  isTaskMessage,
  parseIsoTime,
  readTaskMessage,
  type TaskMessage,
} from '../protocol/task-message.ts';
import type { BodyCodec } from '../serialization/codec.ts';
import { decompress, decompressedLimit } from '../serialization/compression/compression.ts';
import { signals } from '../signals.ts';
import type { Timer, TimerHandle } from '../timer.ts';
import { deliveryCountOf, type Message } from '../transport/message.ts';
import { type PolicyContext, policyOf, type TaskPolicy } from './policy.ts';
import type { TokenBucket } from './rate-limit.ts';
import { Request, type RequestHost } from './request.ts';

/** Celery's priority of entries that wait for an ETA. */
export const ETA_PRIORITY = 6;
/** How much of a refused body is logged. */
const SHOWN_BYTES = 1024;

export interface StrategyOptions {
  readonly host: RequestHost;
  readonly policies: PolicyContext;
  readonly timer: Timer;
}

export class Strategy {
  readonly #host: RequestHost;
  readonly #timer: Timer;
  readonly #context: PolicyContext;
  readonly #accept: ReadonlySet<string>;
  readonly #codec: BodyCodec;
  readonly #sizeLimit: number | null;
  /** How many channels went: a body opened meanwhile belongs to one of them. */
  #channels = 0;
  /** `worker_delivery_limit` */
  readonly #deliveryLimit: number | null;
  readonly #policies = new Map<string, TaskPolicy>();
  /** Buckets with somebody waiting, and when they are looked at again. */
  readonly #waits = new Map<TokenBucket<Request>, TimerHandle>();

  constructor(options: StrategyOptions) {
    const { conf } = options.host.app;
    this.#host = options.host;
    this.#timer = options.timer;
    this.#context = options.policies;
    this.#codec = options.host.app.codec;
    this.#accept = this.#codec.acceptSet(conf.get('accept_content'));
    this.#deliveryLimit = conf.get('worker_delivery_limit') || null;
    this.#sizeLimit = conf.get('decompressed_size_limit');
  }

  readonly onMessage = (message: Message): void => this.#guard(message, () => this.#receive(message));

  #guard(message: Message, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#host.log.critical(`Cannot handle a message of ${message.queue}: ${toError(error).message}`, { error });
      if (!message.acknowledged) this.#settle(() => message.reject({ requeue: false }));
    }
  }

  #receive(message: Message): void {
    const { compression } = message.headers;
    if (typeof compression !== 'string') {
      this.#open(message, message.body);
      return;
    }
    let opened: Uint8Array | Promise<Uint8Array>;
    try {
      opened = decompress(message.body, compression, decompressedLimit(message.body.byteLength, this.#sizeLimit));
    } catch (error) {
      this.#undecodable(message, toError(error));
      return;
    }
    if (!(opened instanceof Promise)) {
      this.#open(message, opened);
      return;
    }
    const channel = this.#channels;
    // What the channel held when it went is given back already.
    const ifHeld = (then: () => void): void => {
      if (channel === this.#channels && !message.acknowledged) this.#guard(message, then);
    };
    opened.then(
      (body) => ifHeld(() => this.#open(message, body)),
      (error: unknown) => ifHeld(() => this.#undecodable(message, toError(error))),
    );
  }

  #open(message: Message, bytes: Uint8Array): void {
    let payload: unknown;
    try {
      payload = this.#codec.decode(bytes, message.contentType, message.contentEncoding, this.#accept);
    } catch (error) {
      this.#undecodable(message, toError(error));
      return;
    }
    if (!isTaskMessage(message, payload)) {
      this.#unknownMessage(message);
      return;
    }
    let body: TaskMessage;
    let request: Request;
    let policy: TaskPolicy | undefined;
    try {
      body = readTaskMessage(message, payload);
      policy = this.policy(body.task);
      if (!policy) {
        this.#unregistered(message, body);
        return;
      }
      const lost = deliveryCountOf(message.headers);
      if (this.#deliveryLimit !== null && lost >= this.#deliveryLimit) {
        this.#setAside(message, body, lost);
        return;
      }
      request = new Request(this.#host, message, body, policy, {
        etaMs: body.eta === null ? null : parseIsoTime(body.eta),
        expiresMs: body.expires === null ? null : parseIsoTime(body.expires),
      });
    } catch (error) {
      if (!(error instanceof InvalidTaskError)) throw error;
      this.#invalid(message, error);
      return;
    }
    this.#accepted(request, policy);
  }

  /** Delivered again because its acknowledgement did not come, or was lost, while it ran on: with late acknowledgement only. */
  #tellOfSecondRun(request: Request): void {
    const { log, state } = this.#host;
    if (state.find(new Set([request.id])).some((one) => one.phase === 'active'))
      log.warning(`Task ${request.title} was delivered again while it runs here: it will run a second time.`);
  }

  /** Celery's order: log, revoked, event, ETA, token, pool. */
  #accepted(request: Request, policy: TaskPolicy): void {
    const { log, logs, events, prefetch } = this.#host;
    if (logs.info) log.info(`Task ${request.title} received`);
    if (request.revoked()) return;
    if (request.redelivered) this.#tellOfSecondRun(request);
    if (signals.task_received.size > 0) signals.task_received.send({ sender: this.#host, request });
    if (policy.sendEvents && events.wants('task')) {
      const { body } = request;
      events.send('task-received', {
        uuid: body.id,
        name: request.name,
        args: body.argsrepr,
        kwargs: body.kwargsrepr,
        root_id: body.root_id,
        parent_id: body.parent_id,
        retries: body.retries,
        eta: body.eta === null ? null : awareIsoTime(body.eta),
        expires: body.expires === null ? null : awareIsoTime(body.expires),
        ...carried(body),
      });
    }
    if (request.etaMs !== null && request.etaMs > this.#host.now()) {
      request.phase = 'scheduled';
      prefetch.etaHeld();
      request.eta = this.#timer.at(request.etaMs, () => this.#etaReached(request), ETA_PRIORITY);
      return;
    }
    if (policy.bucket) this.#limit(request);
    else request.execute();
  }

  #etaReached(request: Request): void {
    if (request.phase !== 'scheduled') return;
    request.eta = null;
    // Revoked while it waited?
    if (request.revoked()) return;
    request.phase = 'held';
    this.#host.prefetch.etaReleased();
    // The task's limit may have changed meanwhile.
    if (this.policy(request.body.task)?.bucket) this.#limit(request);
    else request.execute();
  }

  // -- rate limits

  #limit(request: Request): void {
    const { bucket } = this.policy(request.body.task)!;
    request.phase = 'limited';
    this.#host.prefetch.rateLimited.held(request.queue);
    bucket!.waiting.push(request);
    this.#serve(bucket!);
  }

  #serve(bucket: TokenBucket<Request>): void {
    while (bucket.waiting.length > 0) {
      const first = bucket.waiting[0]!;
      if (first.phase !== 'limited') {
        bucket.waiting.shift();
        continue;
      }
      if (!bucket.consume()) {
        if (!this.#waits.has(bucket))
          this.#waits.set(
            bucket,
            this.#timer.after(waitMs(bucket), () => this.#again(bucket)),
          );
        return;
      }
      bucket.waiting.shift();
      if (first.revoked()) continue;
      this.#release(first);
      first.execute();
    }
  }

  #release(request: Request): void {
    request.phase = 'held';
    this.#host.prefetch.rateLimited.released(request.queue);
  }

  #again(bucket: TokenBucket<Request>): void {
    this.#waits.delete(bucket);
    this.#serve(bucket);
  }

  /**
   * A limited task's bucket stands before its first message comes, so that an idle time counts from the worker's start.
   * Celery 5.6: worker/consumer/consumer.py reset_rate_limits, called by Consumer.__init__ and by the command rate_limit
   */
  makeBuckets(): void {
    for (const name of this.#host.app.tasks.keys()) this.policy(name);
  }

  /** What holds for a task is looked up anew: its limits were changed. Those who waited for a token wait by the new rate. */
  resetPolicies(): void {
    const before = [...this.#policies.values()];
    this.#policies.clear();
    this.makeBuckets();
    for (const { bucket } of before) {
      if (!bucket) continue;
      this.#waits.get(bucket)?.cancel();
      this.#waits.delete(bucket);
      for (const request of bucket.waiting.splice(0)) {
        if (request.phase !== 'limited') continue;
        this.#release(request);
        if (this.policy(request.body.task)?.bucket) this.#limit(request);
        else if (!request.revoked()) request.execute();
      }
    }
  }

  /** The channel is gone: nothing waits here any more. */
  clear(): void {
    this.#channels++;
    for (const [bucket, handle] of this.#waits) {
      handle.cancel();
      bucket.waiting.length = 0;
    }
    this.#waits.clear();
  }

  policy(taskName: string): TaskPolicy | undefined {
    let policy = this.#policies.get(taskName);
    if (!policy) {
      const task = this.#host.app.tasks.get(taskName);
      if (!task) return undefined;
      policy = policyOf(task, this.#context);
      this.#policies.set(taskName, policy);
    }
    return policy;
  }

  // -- refusals

  /** Acknowledged and dropped: it would come back for ever. */
  #undecodable(message: Message, error: Error): void {
    this.#host.log.critical(
      `Dropped a message of ${message.queue} whose body cannot be read (${message.contentType}, ${message.contentEncoding}): ${error.name}: ${error.message}`,
      { headers: saferepr(message.headers, SHOWN_BYTES), body: shown(message) },
    );
    this.#settle(() => message.ack());
  }

  #unknownMessage(message: Message): void {
    this.#host.log.warning(
      `Rejected a message of ${message.queue} that names no task: does something else publish to this queue?`,
      this.#report(message),
    );
    this.#settle(() => message.reject({ requeue: false }));
    signals.task_rejected.send({ sender: this.#host, message, exc: null });
  }

  #invalid(message: Message, error: InvalidTaskError): void {
    this.#host.log.error(
      `Rejected an invalid task message of ${message.queue}: ${error.message}`,
      this.#report(message),
    );
    this.#settle(() => message.reject({ requeue: false }));
    signals.task_rejected.send({ sender: this.#host, message, exc: error });
  }

  #unregistered(message: Message, body: TaskMessage): void {
    const error = new NotRegistered(body.task);
    const { app, events, log } = this.#host;
    log.error(
      `Rejected ${body.task}[${body.id}]: no task of that name is registered here. ` +
        'Is its module imported by the app of -A, or is it listed in `include`?',
      this.#report(message),
    );
    this.#settle(() => message.reject({ requeue: false }));
    const storing = storeFailure(app, body, error, { state: 'FAILURE', traceback: null });
    this.#host.track(
      storing
        .catch((e: Error) => log.error(`Cannot store the failure of ${body.task}[${body.id}]: ${e.message}`))
        .then(() => {
          events.send('task-failed', { uuid: body.id, exception: `NotRegistered('${body.task}')` });
          signals.task_unknown.send({ sender: this.#host, name: body.task, id: body.id, message, exc: error });
        }),
    );
  }

  /** It has outlived too many workers: rejected, so that a broker with dead letters keeps it. */
  #setAside(message: Message, body: TaskMessage, lost: number): void {
    const { app, events, log } = this.#host;
    const why = `${lost} workers that held it died, and worker_delivery_limit is ${this.#deliveryLimit}`;
    const error = new WorkerLostError(`Set aside: ${why}.`);
    log.error(`Task ${body.task}[${body.id}] is set aside: ${why}.`, this.#report(message));
    this.#settle(() => message.reject({ requeue: false }));
    this.#host.track(
      storeFailure(app, body, error, { state: 'FAILURE', traceback: null })
        .catch((e: Error) => log.error(`Cannot store the failure of ${body.task}[${body.id}]: ${e.message}`))
        .then(() => {
          events.send('task-rejected', { uuid: body.id, requeue: false });
          events.send('task-failed', { uuid: body.id, exception: exceptionRepr(error), traceback: null });
          signals.task_rejected.send({ sender: this.#host, message, exc: error });
        }),
    );
  }

  #report(message: Message): Record<string, unknown> {
    return {
      body: shown(message),
      content_type: message.contentType,
      delivery_info: saferepr(message.deliveryInfo, SHOWN_BYTES),
      headers: saferepr(message.headers, SHOWN_BYTES),
    };
  }

  #settle(how: () => void): void {
    try {
      how();
    } catch (error) {
      this.#host.log.warning(`Cannot settle a message: ${toError(error).message}`);
    }
  }
}

/** At least a millisecond: rounding must not make it spin. */
function waitMs(bucket: TokenBucket<Request>): number {
  return Math.max(1, Math.ceil(bucket.expectedMs()));
}

function shown(message: Message): string {
  const { body } = message;
  const text = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, SHOWN_BYTES)).toString('latin1');
  return `${text}${body.byteLength > SHOWN_BYTES ? '...' : ''} (${body.byteLength}b)`;
}

/** Headers larger than this stay out of events. @unit characters */
const MAX_CARRIED = 1024;

interface Carried {
  priority?: number;
  headers?: Record<string, unknown>;
  group_id?: string;
  group_index?: number;
  canvas?: Outline;
}

/**
 * What Celery's event leaves out: without its priority and its own headers a call cannot be sent again as it was; its group and the steps
 * around it are the workflow that a dashboard draws.
 */
function carried(body: TaskMessage): Carried {
  const { properties, headers, group, group_index } = body;
  const { priority } = properties;
  const more: Carried = {};
  if (typeof priority === 'number' && priority > 0) more.priority = priority;
  for (const _ in headers) {
    if (jsonText(headers).length <= MAX_CARRIED) more.headers = headers;
    break;
  }
  if (group !== null) more.group_id = group;
  if (group_index !== null) more.group_index = group_index;
  const canvas = outlineOf(body);
  if (canvas !== null) more.canvas = canvas;
  return more;
}
