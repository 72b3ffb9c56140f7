// What a result store must be able to do. Implementations: memory.ts, sqlite.ts, redis.ts, rpc/, sql/ ...
// What a kind of store cannot do it says in its flags (registry.ts); test/contract/backend.ts is the promise list and reads them.
// The record's meaning and the shape of exceptions in it: protocol/result-meta.ts, protocol/failure.ts.
// Holds: a SUCCESS record is never overwritten; a stored record is visible to every later `get`; a store that counts chords reports
// that one is complete, it publishes nothing, and it goes on reporting it until `forgetChord`: whoever repeats a part sends the body again
// when the first to report it died before the body was sent.
// Celery 5.6: backends/base.py
import type { Logger } from '../log.ts';
import type { Connection } from '../messaging/connection.ts';
import type { ResultMeta } from '../protocol/result-meta.ts';
import type { Queue } from '../transport/entity.ts';

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

/** What a kind of store is, known before one is opened. */
export interface BackendFlags {
  /** Other processes see what is stored here. */
  readonly shared: boolean;
  /** What has expired goes without `cleanup`: beat need not send celery.backend_cleanup. */
  readonly expiresItself: boolean;
  /**
   * Who notices that a chord's header is complete: the store (CountingBackend), or celery.chord_unlock, which asks for its results; or
   * nobody can, and a chord is refused.
   */
  readonly chords: 'counts' | 'unlock' | 'refused';
  /** Results go to who sent the task, and nobody else can read them. Default false. */
  readonly callerOnly?: boolean;
}

/** Who asked for a result, as far as the task's message tells. Stores that send results to their caller (rpc) need it. */
export interface ResultRequest {
  readonly replyTo: string | null;
  readonly correlationId: string | null;
}

export interface Backend {
  /** As Celery's `report` shows it: 'memory', 'sqlite', 'redis', 'disabled' ... */
  readonly driver: string;
  readonly flags: BackendFlags;
  /** False: every `store` is dropped and `get` throws NotImplementedError (no result_backend configured). */
  readonly enabled: boolean;
  /** @param request left out: there is no message, or nobody to answer */
  store(meta: ResultMeta, request?: ResultRequest): Promise<void>;
  /** null: no record (PENDING, or expired). */
  get(taskId: string): Promise<ResultMeta | null>;
  getMany(taskIds: readonly string[]): Promise<Map<string, ResultMeta>>;
  /** Resolves with the first record in a ready state; rejects with signal.reason when aborted. No polling where the store can tell. */
  wait(taskId: string, signal: AbortSignal): Promise<ResultMeta>;
  /** Each id once, as it becomes ready, in the order it happens. Ends when all have come; throws signal.reason when aborted. */
  watch(taskIds: readonly string[], signal: AbortSignal): AsyncIterable<ResultMeta>;
  /**
   * Every stored record of one id, ready or not (progress). Returns the unsubscribe.
   * @param onError nothing more will be heard: the store was closed or lost; or one record could not be read
   */
  subscribe(taskId: string, listener: (meta: ResultMeta) => void, onError?: (error: Error) => void): () => void;
  /** Before a task is sent: the queue that its result comes to, declared with it. Only stores with `callerOnly` have it. */
  onTaskCall?(): Queue;
  /**
   * An id for a task that is about to be sent, whose results are heard already: `wait` for it has nothing to ask. Undefined: there is none
   * now, any other id will do.
   */
  heardId?(): string | undefined;
  /** Resolves when nothing stored from then on is missed by who has subscribed. A store without it hears at once. */
  listening?(): Promise<void>;
  forget(taskId: string): Promise<void>;
  /** `result`: [[gid, parent], [child tuples]] as Celery writes it. */
  saveGroup(groupId: string, result: unknown): Promise<void>;
  restoreGroup(groupId: string): Promise<unknown | null>;
  forgetGroup(groupId: string): Promise<void>;
  /** Delete what has expired; how many. Stores that expire by themselves return 0. */
  cleanup(): Promise<number>;
  close(): Promise<void>;
}

/** A store that counts the parts of chords: `flags.chords` is 'counts'. */
export interface CountingBackend extends Backend {
  /**
   * Told once per chord, before or while its header is sent.
   * @param plan what a check of the chord needs later (`openChords`); without it nobody checks it
   */
  startChord(groupId: string, size: number, plan?: ChordPlan): Promise<void>;
  /** The header of a chord that has not ended has so many parts more; its plan does not know them, so it is not checked any more. */
  growChord(groupId: string, by: number): Promise<void>;
  /**
   * Count a finished part, each task once: told of again, it changes nothing, but that a SUCCESS takes the place of a failure.
   * null: parts are missing, or the chord was forgotten. With ChordReady the part claims the sending of the body for CLAIM_MS; parts told
   * of meanwhile get ChordClaimed, and have to ask again. Safe to repeat: the part that has the claim is told the same again.
   * @throws ChordError when all parts have come and their results cannot be gathered
   */
  completeChordPart(part: ChordPart): Promise<ChordReady | ChordClaimed | null>;
  /** Its body was sent, or failed: forget what was counted. To be called after that, never before. */
  forgetChord(groupId: string): Promise<void>;
  /**
   * Chords with a plan that are due for a check: begun CHECK_AFTER_MS ago or more, and not yet forgotten. One that was handed out is not
   * due again before half its age has passed, whoever asks.
   */
  openChords(limit: number): Promise<readonly OpenChord[]>;
  /** False: no chord is open that a check could ever be due for, so nobody need ask. True may be said of one that has just ended. */
  hasOpenChords(): Promise<boolean>;
  /** Task ids of the parts counted so far; null: the chord has ended, or is not known. */
  countedParts(groupId: string): Promise<ReadonlySet<string> | null>;
}

/** What whoever sends a chord knows of it: enough to count a part in its stead, and to send its body. */
export interface ChordPlan {
  /** Task ids of the header's parts, by their index. */
  readonly parts: readonly string[];
  /** The frozen body, as its header tasks carry it. */
  readonly body: unknown;
}

export interface OpenChord {
  readonly groupId: string;
  readonly plan: ChordPlan;
}

export function countsChords(backend: Backend): backend is CountingBackend {
  return backend.flags.chords === 'counts';
}

export interface BackendContext {
  readonly url: string;
  /** `result_backend_transport_options` */
  readonly options: Readonly<Record<string, unknown>>;
  /** What was given of the app's settings. A store reads those it has rows for (redis-settings.ts), and `result_chord_join_timeout`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The app's way to its broker, for a store that sends results as messages, and its id, by which replies find it. */
  readonly messages?: { readonly oid: string; readonly connection: () => Connection };
  /** For what its owner should know. Default: nobody is told. */
  readonly log?: Logger;
  /** `result_expires`; null = never. @unit milliseconds */
  readonly expiresMs: number | null;
  /** Encodes and decodes what is stored (`result_serializer`, `result_accept_content`). */
  readonly encode: (value: unknown) => { body: Uint8Array; contentType: string; contentEncoding: string };
  readonly decode: (body: Uint8Array, contentType: string, contentEncoding: string) => unknown;
  readonly now: () => number;
  /** For a store that does not outlive the process, whose records age by a clock that nobody sets. Default: `now`. */
  readonly monotonic?: () => number;
}

/** Opens a store. One that must look something up first answers with a promise. */
export type BackendFactory = (context: BackendContext) => Backend | Promise<Backend>;
