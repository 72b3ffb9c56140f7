// The error tree. Class names equal Celery's where Celery has one, since they travel as `exc_type`.
//
// UmbelError
//   ImproperlyConfigured      a setting, option or URL that cannot be used
//   OperationalError          the broker cannot be reached or broke off
//   ChannelError              the broker refuses what a channel asks of it, by AMQP's code
//   BackendError              the result store cannot be reached or broke off
//     BackendStoreError       ... while a result was written
//   QueueNotFound             routing named a queue that is not declared, and task_create_missing_queues is off
//   AlreadyRegistered  NotRegistered     task names
//   InvalidTaskError          a message that is no usable task
//   SerializationError
//     ContentDisallowed       a content type outside accept_content
//     DecodeError  EncodeError
//   SecurityError             a signature, key or certificate that cannot be trusted
//   MessageStateError         a message settled twice
//   TaskError                 what a task run can end in, or say
//     Ignore  Reject  Retry   said by a task body, no failures
//     MaxRetriesExceededError  TaskRevokedError  TimeLimitExceeded  SoftTimeLimitExceeded  WorkerLostError  Terminated
//     ChordError
//   IndexError                an empty chain where a task has to be
//   TimeoutError              waited for a result longer than asked
//   IncompleteStream          a task whose children were asked for has not ended
//   NotImplementedError       this pool, broker or store cannot do that
//   RemoteError               a stored exception whose class is not known here
//
// Celery 5.6: exceptions.py; kombu/exceptions.py

/** Any error this package throws on purpose. */
export class UmbelError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

/** A setting, option, URL or flag that cannot be used as given. A retry cannot help. */
export class ImproperlyConfigured extends UmbelError {}

/**
 * The broker could not be reached, or broke off, while something was sent or asked.
 * A message may or may not have arrived: a retry is safe only for idempotent tasks.
 */
export class OperationalError extends UmbelError {
  /** The broker's URL without its secrets. */
  readonly brokerUrl: string;
  constructor(brokerUrl: string, message?: string, options?: { cause?: unknown }) {
    super(
      message ??
        `Cannot reach the broker at ${brokerUrl}${reason(options?.cause)}. Is it running, and may this host connect?`,
      options,
    );
    this.brokerUrl = brokerUrl;
  }
}

const REPLY_TEXTS = {
  311: 'CONTENT_TOO_LARGE',
  403: 'ACCESS_REFUSED',
  404: 'NOT_FOUND',
  405: 'RESOURCE_LOCKED',
  406: 'PRECONDITION_FAILED',
  530: 'NOT_ALLOWED',
  540: 'NOT_IMPLEMENTED',
  541: 'INTERNAL_ERROR',
} as const;

/** AMQP 0-9-1's reply codes: content too large, access refused, not found, resource locked, precondition failed, not allowed ... */
export type ChannelErrorCode = keyof typeof REPLY_TEXTS;

/**
 * The broker is there and refuses what a channel asks of it. RabbitMQ closes the channel then; the connection lives on.
 * To ask the same again cannot help before somebody has changed the queue, the exchange or the rights.
 * Celery: amqp/exceptions.py ChannelError (NotFound, ResourceLocked, PreconditionFailed, AccessRefused)
 */
export class ChannelError extends UmbelError {
  readonly code: ChannelErrorCode;
  /** @param reason without the code's name, which stands before it as RabbitMQ writes it */
  constructor(code: ChannelErrorCode, reason: string, options?: { cause?: unknown }) {
    super(`${REPLY_TEXTS[code]} - ${reason}`, options);
    this.code = code;
  }
}

/** The result store could not be reached or broke off. */
export class BackendError extends UmbelError {
  /** It may work when tried again: the store was away. Celery: Backend.exception_safe_to_retry */
  readonly temporary: boolean;
  constructor(message?: string, options?: { cause?: unknown; temporary?: boolean }) {
    super(message, options);
    this.temporary = options?.temporary ?? (options?.cause as { temporary?: unknown } | undefined)?.temporary === true;
  }
}
/** ... while a result was written. */
export class BackendStoreError extends BackendError {
  readonly taskId: string;
  readonly state: string;
  constructor(taskId: string, state: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.taskId = taskId;
    this.state = state;
  }
}

/** Routing named a queue that is not in `task_queues`, and `task_create_missing_queues` is off. */
export class QueueNotFound extends UmbelError {}
/** Two tasks of one name. */
export class AlreadyRegistered extends UmbelError {}

/** No task of that name is registered in this app. */
export class NotRegistered extends UmbelError {
  readonly taskName: string;
  constructor(taskName: string) {
    super(`'${taskName}'`);
    this.taskName = taskName;
  }
}

/** A message that cannot be a task: wrong shape, unreadable eta or expires. It is rejected, never retried. */
export class InvalidTaskError extends UmbelError {}

export class SerializationError extends UmbelError {}
/** The content type is not in `accept_content`. */
export class ContentDisallowed extends SerializationError {}
export class DecodeError extends SerializationError {}
export class EncodeError extends SerializationError {}

/** A signed message that is not what its signature says, or a key or certificate that may not be used. */
export class SecurityError extends UmbelError {}

/** A message was acknowledged or rejected for the second time. */
export class MessageStateError extends UmbelError {}

/** What a run of a task can end in, or say. */
export class TaskError extends UmbelError {}

/** Thrown by a task: keep no state, send no event, acknowledge. */
export class Ignore extends TaskError {}

/** Thrown by a task: reject its message (with `acks_late`), to be delivered again when `requeue`. */
export class Reject extends TaskError {
  readonly reason: unknown;
  readonly requeue: boolean;
  constructor(reason: unknown = null, requeue = false) {
    super(`reject requeue=${requeue ? 'True' : 'False'}: ${String(reason)}`);
    this.reason = reason;
    this.requeue = requeue;
  }
}

/** Thrown by `retry()`: the task was sent again and will run at `when`. Not a failure. */
export class Retry extends TaskError {
  /** What made it retry, when given. */
  readonly exc: Error | null;
  /** Instant of the next try. @unit milliseconds since the epoch; null = at once */
  readonly when: number | null;
  constructor(message = 'Task can be retried', exc: Error | null = null, when: number | null = null) {
    super(message, exc ? { cause: exc } : undefined);
    this.exc = exc;
    this.when = when;
  }
}

/** `max_retries` tries are used up. */
export class MaxRetriesExceededError extends TaskError {}
/** The task was revoked before it ran, expired, or was terminated: the message says which. */
export class TaskRevokedError extends TaskError {}

/** The hard time limit passed. */
export class TimeLimitExceeded extends TaskError {
  /** @unit seconds */
  readonly limit: number;
  constructor(limit: number) {
    super(`TimeLimitExceeded(${limit})`);
    this.limit = limit;
  }
}

/** The soft time limit passed: the reason of the task's AbortSignal; throw it on, or clean up and return. */
export class SoftTimeLimitExceeded extends TaskError {
  /** @unit seconds */
  readonly limit: number;
  constructor(limit: number) {
    super(`SoftTimeLimitExceeded(${limit})`);
    this.limit = limit;
  }
}

/** The process that ran the task died. */
export class WorkerLostError extends TaskError {}

/** The task was terminated by a revoke: the reason of its AbortSignal. */
export class Terminated extends TaskError {
  readonly signal: string;
  constructor(signal: string) {
    super(signal);
    this.signal = signal;
  }
}

/** What a task sent was asked for before it ended: it may send more. A later call can succeed. */
export class IncompleteStream extends UmbelError {}

/** A header task of the chord failed. */
export class ChordError extends TaskError {}

/** An empty chain stands where a task has to be. Celery 5.6 raises Python's own. */
export class IndexError extends UmbelError {}

/** Waited longer for a result than asked for. The task itself goes on. */
export class TimeoutError extends UmbelError {}

/** This pool, broker or result store cannot do that. */
export class NotImplementedError extends UmbelError {}

/** A stored exception whose class is not known here. `name` is the remote class's name. */
export class RemoteError extends UmbelError {
  readonly excType: string;
  readonly excModule: string | null;
  /** The remote exception's arguments. */
  readonly args: readonly unknown[];
  readonly remoteTraceback: string | null;
  constructor(
    excType: string,
    args: readonly unknown[],
    options: { excModule?: string | null; remoteTraceback?: string | null } = {},
  ) {
    super(args.length === 1 ? String(args[0]) : args.map(String).join(', '));
    this.excType = excType;
    this.excModule = options.excModule ?? null;
    this.args = args;
    this.remoteTraceback = options.remoteTraceback ?? null;
  }
  override get name(): string {
    return this.excType;
  }
}

/** Anything thrown, as an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return '';
  const code = (cause as { code?: unknown }).code;
  return ` (${cause.message || (typeof code === 'string' ? code : cause.name)})`;
}
