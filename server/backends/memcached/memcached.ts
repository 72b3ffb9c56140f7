// Results in memcached, where Celery's cache store keeps them: `cache+memcached://host:11211;other:11211/`.
// Keys: ../key-value.ts. Servers and their keys: client.ts, sharding.ts. Chords: chords.ts.
// Holds: a SUCCESS is not overwritten (each write is one only if nobody wrote since it was read); what memcached does not take is an
// error, which Python's clients pass over; while one of several servers is away or silent, what is on the others is stored and heard.
// Where this differs from Celery: a server that is away is waited for; there its keys move to another one for half a minute.
// Celery 5.6: backends/cache.py, backends/base.py KeyValueStoreBackend
import { BackendError, ImproperlyConfigured } from '../../errors.ts';
import { type ResultMeta, readResultMeta } from '../../protocol/result-meta.ts';
import { createTimer } from '../../timer.ts';
import type {
  BackendContext,
  ChordClaimed,
  ChordPart,
  ChordPlan,
  ChordReady,
  CountingBackend,
  OpenChord,
} from '../contract.ts';
import { MEMCACHED } from '../flags.ts';
import { type ResultKeys, resultKeys, ttlSeconds } from '../key-value.ts';
import { PolledResults, watchPolled } from '../polled.ts';
import { PATIENCE, retrying } from '../retrying.ts';
import { cannotStore, storeClosed } from '../store-errors.ts';
import { lastOfEach, StoreQueue } from '../store-queue.ts';
import type { ResultListener } from '../waiters.ts';
import { MemcachedChords } from './chords.ts';
import { isKey, Memcached } from './client.ts';
import { clientOf, type MemcachedClient } from './sharding.ts';

const KEYS_AT_ONCE = 200;

export function createMemcachedBackend(context: BackendContext): CountingBackend {
  return retrying(new MemcachedBackend(context), PATIENCE, createTimer()) as CountingBackend;
}

function serversOf(context: BackendContext): { servers: string[]; fallback: MemcachedClient } {
  const address = context.url === 'cache' || context.url === 'cache://' ? context.settings?.cache_backend : context.url;
  const found = typeof address === 'string' ? /^(?:cache\+)?(\w+):\/\/(.*?)\/?$/i.exec(address) : null;
  const servers =
    found?.[2]
      ?.split(';')
      .map((one) => one.trim())
      .filter(Boolean) ?? [];
  if (servers.length === 0) {
    throw new ImproperlyConfigured(
      'A result store on memcached needs its servers: cache+memcached://host:11211;other:11211/, or set cache_backend',
    );
  }
  return { servers, fallback: found![1]!.toLowerCase() === 'pymemcache' ? 'pymemcache' : 'pylibmc' };
}

interface Row {
  readonly taskId: string;
  readonly status: string;
  readonly body: Uint8Array;
}

class MemcachedBackend implements CountingBackend {
  readonly driver = 'memcached';
  readonly flags = MEMCACHED;
  readonly enabled = true;
  readonly #context: BackendContext;
  readonly #keys: ResultKeys;
  readonly #cache: Memcached;
  readonly #chords: MemcachedChords;
  /** One of each for each server: one that is away, or silent, holds up nothing that is on another. */
  readonly #polled: readonly PolledResults[];
  readonly #queues: readonly StoreQueue<Row>[];
  #open = true;

  constructor(context: BackendContext) {
    this.#context = context;
    const { servers, fallback } = serversOf(context);
    const { global_keyprefix: prefix, memcached_client: client, polling_interval: polling } = context.options;
    this.#keys = resultKeys(prefix);
    const before = this.#keys.task('').replace(/celery-task-meta-$/, '');
    const { expiresMs, now, log } = context;
    this.#cache = new Memcached({ servers, client: clientOf(client, fallback), ttl: ttlSeconds(expiresMs), now, log });
    this.#chords = new MemcachedChords(this.#cache, context, this.#keys, before);
    this.#polled = servers.map(() => new PolledResults({ polling, getMany: (ids) => this.getMany(ids) }));
    this.#queues = servers.map(() => new StoreQueue((rows) => this.#write(rows), isTemporary, KEYS_AT_ONCE));
  }

  async store(meta: ResultMeta): Promise<void> {
    this.#checkOpen();
    const { body } = this.#context.encode(meta);
    try {
      await this.#queues[this.#serverOf(meta.task_id)]!.push({ taskId: meta.task_id, status: meta.status, body });
    } catch (error) {
      throw cannotStore(meta, error);
    }
    this.#polled[this.#serverOf(meta.task_id)]!.stored(this.#decode(meta.task_id, body));
  }

  async get(taskId: string): Promise<ResultMeta | null> {
    const body = await this.#ask(() => this.#cache.get(this.#keys.task(taskId)));
    return body && this.#decode(taskId, body);
  }

  async getMany(taskIds: readonly string[]): Promise<Map<string, ResultMeta>> {
    const found = new Map<string, ResultMeta>();
    // An id that can be no key has no record.
    const possible = taskIds.filter((id) => isKey(this.#keys.task(id)));
    for (let i = 0; i < possible.length || i === 0; i += KEYS_AT_ONCE) {
      const ids = possible.slice(i, i + KEYS_AT_ONCE);
      const values = await this.#ask(() => this.#cache.getMany(ids.map((id) => this.#keys.task(id))));
      for (const id of ids) {
        const value = values.get(this.#keys.task(id));
        if (value) found.set(id, this.#decode(id, value.body));
      }
    }
    return found;
  }

  async wait(taskId: string, signal: AbortSignal): Promise<ResultMeta> {
    this.#checkOpen();
    return this.#polled[this.#serverOf(taskId)]!.wait(taskId, signal);
  }

  watch(taskIds: readonly string[], signal: AbortSignal): AsyncIterable<ResultMeta> {
    this.#checkOpen();
    return watchPolled(this.subscribe.bind(this), taskIds, signal);
  }

  subscribe(taskId: string, listener: ResultListener, onError?: (error: Error) => void): () => void {
    this.#checkOpen();
    return this.#polled[this.#serverOf(taskId)]!.subscribe(taskId, listener, onError);
  }

  async forget(taskId: string): Promise<void> {
    await this.#ask(() => this.#cache.delete(this.#keys.task(taskId)));
  }

  async saveGroup(groupId: string, result: unknown): Promise<void> {
    const { body } = this.#context.encode({ result });
    await this.#ask(() => this.#cache.set(this.#keys.group(groupId), body));
  }

  async restoreGroup(groupId: string): Promise<unknown | null> {
    const body = await this.#ask(() => this.#cache.get(this.#keys.group(groupId)));
    return body && ((this.#value(body) as { result?: unknown }).result ?? null);
  }

  async forgetGroup(groupId: string): Promise<void> {
    await this.#ask(() => this.#cache.delete(this.#keys.group(groupId)));
  }

  startChord(groupId: string, size: number, plan?: ChordPlan): Promise<void> {
    return this.#ask(() => this.#chords.start(groupId, size, plan));
  }
  growChord(groupId: string, by: number): Promise<void> {
    return this.#ask(() => this.#chords.grow(groupId, by));
  }
  completeChordPart(part: ChordPart): Promise<ChordReady | ChordClaimed | null> {
    return this.#ask(() => this.#chords.complete(part));
  }
  forgetChord(groupId: string): Promise<void> {
    return this.#ask(() => this.#chords.forget(groupId));
  }
  openChords(limit: number): Promise<readonly OpenChord[]> {
    return this.#ask(() => this.#chords.open(limit));
  }
  hasOpenChords(): Promise<boolean> {
    return this.#ask(() => this.#chords.hasOpen());
  }
  countedParts(groupId: string): Promise<ReadonlySet<string> | null> {
    return this.#ask(() => this.#chords.counted(groupId));
  }

  /** memcached does it by itself. */
  async cleanup(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    for (const polled of this.#polled) polled.fail(storeClosed());
    for (const queue of this.#queues) await queue.idle();
    this.#cache.close();
  }

  #serverOf(taskId: string): number {
    return this.#cache.serverOf(this.#keys.task(taskId));
  }

  async #write(rows: readonly Row[]): Promise<void> {
    let left = lastOfEach(rows);
    while (left.length > 0) {
      const before = await this.#cache.getMany(
        left.map((row) => this.#keys.task(row.taskId)),
        'gets',
      );
      const outcomes = await Promise.all(
        left.map(async (row) => {
          const key = this.#keys.task(row.taskId);
          const found = before.get(key);
          if (!found) return this.#cache.add(key, row.body);
          if (this.#statusOf(row.taskId, found.body) === 'SUCCESS') return 'stored';
          return this.#cache.swap(key, row.body, found.unique!);
        }),
      );
      left = left.filter((_, i) => outcomes[i] === 'other');
    }
  }

  /** What cannot be read does not keep a result away. */
  #statusOf(taskId: string, body: Buffer): string | null {
    try {
      return this.#decode(taskId, body).status;
    } catch {
      return null;
    }
  }

  async #ask<T>(work: () => Promise<T>): Promise<T> {
    this.#checkOpen();
    return work();
  }

  #value(body: Uint8Array): unknown {
    const { contentType, contentEncoding } = this.#context.encode(null);
    return this.#context.decode(body, contentType, contentEncoding);
  }

  #decode(taskId: string, body: Uint8Array): ResultMeta {
    return readResultMeta(this.#value(body), taskId);
  }

  #checkOpen(): void {
    if (!this.#open) throw storeClosed();
  }
}

function isTemporary(error: Error): boolean {
  return error instanceof BackendError && error.temporary;
}
