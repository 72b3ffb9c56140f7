// One execution, as it is handed to a pool: the message's bytes and headers, read where its body runs, and what the worker knows beside.
// Not here: what runs it (run-job.ts), which limits and names it has (worker/request.ts).
// Celery 5.6: worker/request.py execute_using_pool, which sends the same to a child
import { readTaskMessage, type TaskMessage } from '../protocol/task-message.ts';
import { decompress, decompressedLimit } from '../serialization/compression/compression.ts';
import type { DeliveryInfo, Message } from '../transport/message.ts';

/** Plain data: passes through structuredClone, and so to another process, unchanged. */
export interface JobFrame {
  readonly id: string;
  /** Which task is to run. */
  readonly task: string;
  /** What logs and events call it: its shadow name, else `task`. */
  readonly name: string;
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly deliveryInfo: DeliveryInfo;
  readonly redelivered: boolean;
  /** nodename of the worker, as `request.hostname`. */
  readonly hostname: string;
  /** @unit milliseconds; null = none */
  readonly softTimeLimitMs: number | null;
  readonly timeLimitMs: number | null;
}

export interface Job extends JobFrame {
  /** What this process has read of it already; null in one that got the frame. */
  readonly message: TaskMessage | null;
}

export interface JobRest {
  readonly hostname: string;
  readonly softTimeLimitMs: number | null;
  readonly timeLimitMs: number | null;
}

export function jobOf(message: Message, read: TaskMessage, { hostname, softTimeLimitMs, timeLimitMs }: JobRest): Job {
  return {
    id: read.id,
    task: read.task,
    name: read.shadow ?? read.task,
    body: message.body,
    contentType: message.contentType,
    contentEncoding: message.contentEncoding,
    headers: message.headers,
    properties: message.properties,
    deliveryInfo: message.deliveryInfo,
    redelivered: message.redelivered,
    hostname,
    softTimeLimitMs,
    timeLimitMs,
    message: read,
  };
}

/** What a pool with children sends to one of them. */
export function jobFrame({ message: _, ...frame }: Job): JobFrame {
  return frame;
}

export interface JobReader {
  decode(body: Uint8Array, contentType: string, contentEncoding: string): unknown;
  /** `decompressed_size_limit` @unit bytes */
  readonly sizeLimit: number | null;
}

/** Reads its bytes, where nobody has yet. @throws DecodeError, ContentDisallowed, InvalidTaskError */
export async function readJob(job: JobFrame, reader: JobReader): Promise<TaskMessage> {
  const { body, contentType, contentEncoding, headers } = job;
  const { compression } = headers;
  const opened =
    typeof compression === 'string'
      ? await decompress(body, compression, decompressedLimit(body.byteLength, reader.sizeLimit))
      : body;
  return readTaskMessage(job, reader.decode(opened, contentType, contentEncoding));
}
