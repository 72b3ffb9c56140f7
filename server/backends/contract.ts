// What a result store must be able to do. Implementations: memory.ts, sqlite.ts, redis.ts (rpc, SQL stores ... follow).
// The record's meaning and the shape of exceptions in it: protocol/result-meta.ts, protocol/failure.ts.
// Holds: a SUCCESS record is never overwritten; a stored record is visible to every later `get`; the store reports that a chord
// is complete, it publishes nothing, and it goes on reporting it until `forgetChord`: whoever repeats a part sends the body again
// when the first to report it died before the body was sent.
// Celery 5.6: backends/base.py
import type { Logger } from '../log.ts';
import type { ResultMeta } from '../protocol/result-meta.ts';

export interface ChordPart {
  readonly groupId: string;
  /** Position in the header; null when unknown. */
  readonly index: number | null;
  readonly taskId: string;
  readonly state: string;
  readonly result: unknown;
}

/** What a complete header amounts to: results in header order, or the part that failed first. */
export interface ChordOutcome {
  readonly results: readonly unknown[];
  readonly failure: { readonly taskId: string; readonly result: unknown } | null;
}

/** The chord's header is complete, and its body is for the caller to send. */
export interface ChordReady extends ChordOutcome {
  /** This part was counted before: somebody may have sent the body already. */
  readonly repeated: boolean;
}

/** The chord's header is complete, and who told of another part is sending the body, or died while doing so. */
export interface ChordClaimed {
  /** The task id of that part. */
  readonly claimedBy: string;
}

export interface Backend {
  /** As Celery's `report` shows it: 'memory', 'sqlite', 'redis', 'disabled' ... */
  readonly driver: string;
  /** False: every `store` is dropped and `get` throws NotImplementedError (no result_backend configured). */
  readonly enabled: boolean;
  store(meta: ResultMeta): Promise<void>;
  /** null: no record (PENDING, or expired). */
  get(taskId: string): Promise<ResultMeta | null>;
  getMany(taskIds: readonly string[]): Promise<Map<string, ResultMeta>>;
  /** Resolves with the first record in a ready state; rejects with signal.reason when aborted. No polling where the store can tell. */
  wait(taskId: string, signal: AbortSignal): Promise<ResultMeta>;
  /** Each id once, as it becomes ready, in the order it happens. Ends when all have come; throws signal.reason when aborted. */
  watch(taskIds: readonly string[], signal: AbortSignal): AsyncIterable<ResultMeta>;
  /** Every stored record of one id, ready or not (progress). Returns the unsubscribe. */
  subscribe(taskId: string, listener: (meta: ResultMeta) => void): () => void;
  /** Resolves when nothing stored from then on is missed by who has subscribed. A store without it hears at once. */
  listening?(): Promise<void>;
  forget(taskId: string): Promise<void>;
  /** `result`: [[gid, parent], [child tuples]] as Celery writes it. */
  saveGroup(groupId: string, result: unknown): Promise<void>;
  restoreGroup(groupId: string): Promise<unknown | null>;
  forgetGroup(groupId: string): Promise<void>;
  /** Told once per chord, before or while its header is sent. */
  startChord(groupId: string, size: number): Promise<void>;
  /**
   * Count a finished part, each task once: told of again, it changes nothing, but that a SUCCESS takes the place of a failure.
   * null: parts are missing, or the chord was forgotten. With ChordReady the part claims the sending of the body for CLAIM_MS; parts told
   * of meanwhile get ChordClaimed, and have to ask again. Safe to repeat: the part that has the claim is told the same again.
   * @throws ChordError when all parts have come and their results cannot be gathered
   */
  completeChordPart(part: ChordPart): Promise<ChordReady | ChordClaimed | null>;
  /** Its body was sent, or failed: forget what was counted. To be called after that, never before. */
  forgetChord(groupId: string): Promise<void>;
  /** Delete what has expired; how many. Stores that expire by themselves return 0. */
  cleanup(): Promise<number>;
  close(): Promise<void>;
}

/** Settings that are for one kind of store, by Celery's names and in its units (seconds). What is not given is the store's to say. */
export interface StoreSettings {
  /** How long the results of a chord's header are waited for. Default 3. */
  readonly result_chord_join_timeout?: number;
  readonly redis_host?: string | null;
  readonly redis_port?: number | null;
  readonly redis_db?: number | null;
  readonly redis_username?: string | null;
  readonly redis_password?: string | null;
  /** true, or redis-py's ssl_* options. */
  readonly redis_backend_use_ssl?: boolean | Readonly<Record<string, unknown>> | null;
  readonly redis_backend_credential_provider?: unknown;
  readonly redis_backend_health_check_interval?: number | null;
  readonly redis_client_name?: string | null;
  readonly redis_socket_timeout?: number | null;
  readonly redis_socket_connect_timeout?: number | null;
  readonly redis_socket_keepalive?: boolean;
}

export interface BackendContext {
  readonly url: string;
  /** `result_backend_transport_options` */
  readonly options: Readonly<Record<string, unknown>>;
  readonly settings?: StoreSettings;
  /** For what its owner should know. Default: nobody is told. */
  readonly log?: Logger;
  /** `result_expires`; null = never. @unit milliseconds */
  readonly expiresMs: number | null;
  /** Encodes and decodes what is stored (`result_serializer`, `result_accept_content`). */
  readonly encode: (value: unknown) => { body: Uint8Array; contentType: string; contentEncoding: string };
  readonly decode: (body: Uint8Array, contentType: string, contentEncoding: string) => unknown;
  readonly now: () => number;
}

export type BackendFactory = (context: BackendContext) => Backend;
