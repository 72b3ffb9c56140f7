// Results in this process: `memory://[name]` (Celery's spelling `cache+memory://` too), one store per process and name.
// Holds: what is stored is encoded, so that nobody can change a result by changing the object he gave or got; expired records are
// dropped as new ones come.
// Celery: backends/cache.py with the memory backend
import { type ResultMeta, readResultMeta } from '../protocol/result-meta.ts';
import { parseUrl } from '../transport/url.ts';
import { CHECK_AFTER_MS, CLAIM_MS, chordOutcome, encodedPlan, nextCheckMs } from './chord.ts';
import type {
  BackendContext,
  ChordClaimed,
  ChordPart,
  ChordPlan,
  ChordReady,
  CountingBackend,
  OpenChord,
} from './contract.ts';
import { MEMORY } from './flags.ts';
import { storeClosed } from './store-errors.ts';
import { type ResultListener, ResultListeners, waitFor, watchAll } from './waiters.ts';

interface Stored {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** @unit milliseconds by the monotonic clock; null = never */
  readonly expiresAt: number | null;
}
interface ResultRow extends Stored {
  readonly status: string;
}
interface Chord {
  size: number | null;
  readonly parts: Map<string, { index: number | null; taskId: string; state: string; result: Stored }>;
  done: boolean;
  plan: Stored | null;
  /** @unit milliseconds by the monotonic clock */
  startedAt: number;
  checkAt: number;
  /** Who sends the body, and until when he has time. @unit milliseconds by the monotonic clock */
  claim: { readonly taskId: string; readonly until: number } | null;
  expiresAt: number | null;
}

/** What all backends of one name in this process share. */
class Store {
  readonly results = new Map<string, ResultRow>();
  readonly groups = new Map<string, Stored>();
  readonly chords = new Map<string, Chord>();
  readonly listeners = new ResultListeners();
  users = 0;
  /** The oldest records in turn, and the one of them that did not go yet. */
  #oldest = this.results.entries();
  #next: [string, ResultRow] | null = null;

  /**
   * Drop the oldest records that have expired, a few at a time. One iterator goes along for good: a new one would walk over the
   * holes of all that were deleted at the front, half a million of them in a store of a million.
   */
  sweep(nowMs: number): void {
    for (let i = 0; i < SWEEP; i++) {
      if (!this.#next) {
        const { value, done } = this.#oldest.next();
        if (done) this.#oldest = this.results.entries();
        if (done) return;
        this.#next = value;
      }
      const [id, row] = this.#next;
      if (row.expiresAt === null || row.expiresAt > nowMs) return;
      this.#next = null;
      if (this.results.get(id) === row) this.results.delete(id);
    }
  }
}

const stores = new Map<string, Store>();
const DONE = Promise.resolve();

/** How many of the oldest records are looked at for expiry with each new one. */
const SWEEP = 2;

export function createMemoryBackend(context: BackendContext): CountingBackend {
  return new MemoryBackend(context);
}

class MemoryBackend implements CountingBackend {
  readonly driver = 'memory';
  readonly flags = MEMORY;
  readonly enabled = true;
  readonly #context: BackendContext;
  readonly #now: () => number;
  readonly #name: string;
  readonly #store: Store;
  readonly #subscriptions = new Set<{ remove: () => void; onError: ((error: Error) => void) | undefined }>();
  #open = true;

  constructor(context: BackendContext) {
    this.#context = context;
    this.#now = context.monotonic ?? context.now;
    const url = parseUrl(context.url);
    this.#name = `${url.host}/${url.path}`;
    this.#store = stores.get(this.#name) ?? new Store();
    stores.set(this.#name, this.#store);
    this.#store.users++;
  }

  store(meta: ResultMeta): Promise<void> {
    try {
      this.#put(meta);
      return DONE;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #put(meta: ResultMeta): void {
    const { results, listeners } = this.#opened();
    const id = meta.task_id;
    const before = results.get(id);
    if (before?.status === 'SUCCESS' && !this.#expired(before)) return;
    const { body, contentType, contentEncoding } = this.#context.encode(meta);
    const row: ResultRow = { body, contentType, contentEncoding, expiresAt: this.#expiry(), status: meta.status };
    // Deleted first, so that the map stays in the order of storing, and of expiry.
    if (before) results.delete(id);
    results.set(id, row);
    this.#store.sweep(this.#now());
    if (listeners.has(id)) listeners.emit(id, () => this.#decode(id, row));
  }

  async get(taskId: string): Promise<ResultMeta | null> {
    const row = this.#opened().results.get(taskId);
    if (!row) return null;
    if (this.#expired(row)) {
      this.#store.results.delete(taskId);
      return null;
    }
    return this.#decode(taskId, row);
  }

  async getMany(taskIds: readonly string[]): Promise<Map<string, ResultMeta>> {
    const found = new Map<string, ResultMeta>();
    for (const id of taskIds) {
      const meta = await this.get(id);
      if (meta) found.set(id, meta);
    }
    return found;
  }

  wait(taskId: string, signal: AbortSignal): Promise<ResultMeta> {
    return waitFor(this, taskId, signal);
  }

  watch(taskIds: readonly string[], signal: AbortSignal): AsyncIterable<ResultMeta> {
    return watchAll(this, taskIds, signal);
  }

  subscribe(taskId: string, listener: ResultListener, onError?: (error: Error) => void): () => void {
    const remove = this.#opened().listeners.add(taskId, listener, onError);
    const own = { remove, onError };
    this.#subscriptions.add(own);
    return () => {
      this.#subscriptions.delete(own);
      remove();
    };
  }

  async forget(taskId: string): Promise<void> {
    this.#opened().results.delete(taskId);
  }

  async saveGroup(groupId: string, result: unknown): Promise<void> {
    this.#opened().groups.set(groupId, this.#encode({ result }));
  }

  async restoreGroup(groupId: string): Promise<unknown | null> {
    const row = this.#opened().groups.get(groupId);
    if (!row || this.#expired(row)) return null;
    return (this.#value(row) as { result: unknown }).result;
  }

  async forgetGroup(groupId: string): Promise<void> {
    this.#opened().groups.delete(groupId);
    this.#store.chords.delete(groupId);
  }

  async startChord(groupId: string, size: number, plan?: ChordPlan): Promise<void> {
    const chord = this.#chord(groupId);
    chord.size = size;
    const encoded = encodedPlan(this.#context, plan);
    chord.plan = encoded && { ...encoded, expiresAt: null };
    chord.startedAt = this.#now();
    chord.checkAt = chord.startedAt + CHECK_AFTER_MS;
  }

  async growChord(groupId: string, by: number): Promise<void> {
    const chord = this.#opened().chords.get(groupId);
    if (!chord || chord.size === null) return;
    chord.size += by;
    chord.plan = null;
  }

  async openChords(limit: number): Promise<readonly OpenChord[]> {
    const now = this.#now();
    const open: OpenChord[] = [];
    for (const [groupId, chord] of this.#opened().chords) {
      if (open.length === limit) break;
      if (!chord.plan || chord.done || chord.checkAt > now || this.#expired(chord)) continue;
      chord.checkAt = now + nextCheckMs(now - chord.startedAt);
      open.push({ groupId, plan: this.#value(chord.plan) as ChordPlan });
    }
    return open;
  }

  async hasOpenChords(): Promise<boolean> {
    for (const chord of this.#opened().chords.values())
      if (chord.plan && !chord.done && !this.#expired(chord)) return true;
    return false;
  }

  async countedParts(groupId: string): Promise<ReadonlySet<string> | null> {
    const chord = this.#opened().chords.get(groupId);
    return chord && chord.size !== null && !chord.done ? new Set(chord.parts.keys()) : null;
  }

  async completeChordPart(part: ChordPart): Promise<ChordReady | ChordClaimed | null> {
    const chord = this.#chord(part.groupId);
    if (chord.done) return null;
    const { index, taskId, state } = part;
    const before = chord.parts.get(taskId);
    if (before?.state !== 'SUCCESS') {
      chord.parts.set(taskId, { index, taskId, state, result: this.#encode({ result: part.result }) });
    }
    if (chord.size === null || chord.parts.size < chord.size) return null;
    const now = this.#now();
    const { claim } = chord;
    if (claim && claim.taskId !== taskId && claim.until > now) return { claimedBy: claim.taskId };
    chord.claim = { taskId, until: now + CLAIM_MS };
    const parts = [...chord.parts.values()].map((p) => ({
      ...p,
      result: (this.#value(p.result) as { result: unknown }).result,
    }));
    return { ...chordOutcome(parts, await this.restoreGroup(part.groupId)), repeated: before !== undefined };
  }

  async forgetChord(groupId: string): Promise<void> {
    const chord = this.#chord(groupId);
    chord.done = true;
    chord.plan = null;
    chord.parts.clear();
  }

  async cleanup(): Promise<number> {
    const { results, groups, chords } = this.#opened();
    let count = 0;
    for (const [id, row] of results) if (this.#expired(row) && results.delete(id)) count++;
    for (const [id, row] of groups) if (this.#expired(row) && groups.delete(id)) count++;
    for (const [id, chord] of chords) if (this.#expired(chord)) chords.delete(id);
    return count;
  }

  /** The store stays for other apps of this process; the last one to close takes it along. */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    for (const { remove, onError } of this.#subscriptions) {
      remove();
      onError?.(storeClosed());
    }
    this.#subscriptions.clear();
    if (--this.#store.users === 0 && stores.get(this.#name) === this.#store) stores.delete(this.#name);
  }

  #chord(groupId: string): Chord {
    const { chords } = this.#opened();
    let chord = chords.get(groupId);
    if (!chord) {
      chord = {
        size: null,
        parts: new Map(),
        done: false,
        plan: null,
        startedAt: 0,
        checkAt: 0,
        claim: null,
        expiresAt: this.#expiry(),
      };
      chords.set(groupId, chord);
      for (const [id, old] of chords) {
        if (!this.#expired(old)) break;
        chords.delete(id);
      }
    }
    return chord;
  }

  #opened(): Store {
    if (!this.#open) throw storeClosed();
    return this.#store;
  }

  #expiry(): number | null {
    const { expiresMs } = this.#context;
    return expiresMs === null ? null : this.#now() + expiresMs;
  }

  #expired(row: { readonly expiresAt: number | null }): boolean {
    return row.expiresAt !== null && row.expiresAt <= this.#now();
  }

  #encode(value: unknown): Stored {
    const { body, contentType, contentEncoding } = this.#context.encode(value);
    return { body, contentType, contentEncoding, expiresAt: this.#expiry() };
  }

  #value(row: Stored): unknown {
    return this.#context.decode(row.body, row.contentType, row.contentEncoding);
  }

  #decode(taskId: string, row: Stored): ResultMeta {
    return readResultMeta(this.#value(row), taskId);
  }
}
