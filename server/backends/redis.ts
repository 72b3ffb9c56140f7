// Results in Redis, where Celery keeps them and as it writes them: `redis://`, `rediss://`, `redis+socket://`, `sentinel://`.
// Keys and parts: key-value.ts. One step on the server: redis-scripts.ts. Being told: redis-wake.ts. Connecting: redis-client.ts.
// Rows as bytes: redis-rows.ts. Sending: redis-commands.ts. Ids heard before their tasks are sent: redis-ahead.ts.
// Holds: what is stored in one turn of the event loop goes in one command, and a row and its message are one step; a SUCCESS is never
// overwritten; who waits has subscribed before it asks; a chord is reported complete to every part told of until it is forgotten.
// Where this differs from Celery: the row that may be a SUCCESS is read on the server, so that storing is one round trip and nobody
// writes in between; two outcomes of one header task (it was delivered again) are one part.
// Celery 5.6: backends/redis.py, backends/base.py KeyValueStoreBackend
import type { Redis } from 'ioredis';
import { PROPAGATE_STATES } from '../../shared/states.ts';
import { ChordError, toError } from '../errors.ts';
import type { ResultMeta } from '../protocol/result-meta.ts';
import { chordEvictionWarning } from '../transport/redis/eviction.ts';
import { safeUrl } from '../transport/url.ts';
import { CHECK_AFTER_MS, CLAIM_MS, chordOutcome, encodedPlan, onePerTask, PARTS_STAY_MS } from './chord.ts';
import type {
  Backend,
  BackendContext,
  ChordClaimed,
  ChordOutcome,
  ChordPart,
  ChordPlan,
  ChordReady,
  CountingBackend,
  OpenChord,
} from './contract.ts';
import { REDIS } from './flags.ts';
import {
  idsOf,
  type Members,
  membersOf,
  type ResultKeys,
  readChordPart,
  resultKeys,
  resultsOf,
  ttlSeconds,
} from './key-value.ts';
import { Outage } from './outage.ts';
import { HeardAhead } from './redis-ahead.ts';
import { redisClients, redisError } from './redis-client.ts';
import { RedisCommands } from './redis-commands.ts';
import { bufferOf, RedisRows } from './redis-rows.ts';
import { CHORD_PART, OPEN_CHORDS, PLAN_CHORD, STORE } from './redis-scripts.ts';
import { RedisWake } from './redis-wake.ts';
import { cannotStore, storeClosed } from './store-errors.ts';
import { type ResultListener, ResultListeners, unlessAborted, waitFor, watchAll } from './waiters.ts';

interface PendingStore {
  readonly meta: ResultMeta;
  readonly body: string | Buffer;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

/** One call of a script holds the server up for so much at most. */
const MAX_ROWS = 500;
const MAX_BYTES = 4 * 1024 * 1024;
const IDS_PER_QUERY = 1000;

export function createRedisBackend(context: BackendContext): CountingBackend {
  return new RedisBackend(context);
}

class RedisBackend implements CountingBackend {
  readonly driver = 'redis';
  readonly flags = REDIS;
  readonly enabled = true;
  readonly #context: BackendContext;
  readonly #keys: ResultKeys;
  readonly #ttl: number;
  readonly #joinTimeoutMs: number;
  readonly #commands: RedisCommands;
  readonly #rows: RedisRows;
  readonly #wake: RedisWake;
  readonly #outage: Outage;
  readonly #listeners = new ResultListeners();
  readonly #ahead = new HeardAhead({
    add: (id) => this.#wake.add(this.#keys.task(id)),
    settled: () => this.#wake.settled(),
    released: (id) => {
      if (!this.#listeners.has(id)) this.#wake.remove(this.#keys.task(id));
    },
  });
  readonly #storing = new Set<Promise<void>>();
  #pending: PendingStore[] = [];
  /** Why the connection that listens was away last. */
  #subscriberError: Error | null = null;
  #unpublished = false;
  #asksEviction = true;
  #open = true;

  constructor(context: BackendContext) {
    this.#context = context;
    this.#keys = resultKeys(context.options.global_keyprefix);
    this.#ttl = ttlSeconds(context.expiresMs);
    this.#joinTimeoutMs = Number(context.settings?.result_chord_join_timeout ?? 3) * 1000;
    const connect = redisClients(context);
    const client = connect();
    this.#outage = new Outage(safeUrl(context.url), context.log);
    client.on('error', (error: Error) => this.#outage.began(error)).on('ready', () => this.#outage.ended());
    this.#commands = new RedisCommands(client, context.url);
    this.#rows = new RedisRows(context);
    const listen = () =>
      connect().on('error', (error: Error) => {
        this.#subscriberError = error;
      });
    this.#wake = new RedisWake(
      listen,
      (key, body) => this.#onMessage(key, body),
      () => void this.#catchUp(),
    );
  }

  store(meta: ResultMeta): Promise<void> {
    return new Promise((done, failed) => {
      this.#opened();
      const body = this.#rows.encodeResult(meta);
      if (this.#pending.push({ meta, body, done, failed }) === 1) setImmediate(() => this.#flush());
    });
  }

  async get(taskId: string): Promise<ResultMeta | null> {
    const row = await this.#ask((redis) => redis.getBuffer(this.#keys.task(taskId)));
    return row ? this.#rows.result(taskId, row) : null;
  }

  async getMany(taskIds: readonly string[]): Promise<Map<string, ResultMeta>> {
    const found = new Map<string, ResultMeta>();
    for (let i = 0; i < taskIds.length; i += IDS_PER_QUERY) {
      const ids = taskIds.slice(i, i + IDS_PER_QUERY);
      const rows = await this.#ask((redis) => redis.mgetBuffer(...ids.map((id) => this.#keys.task(id))));
      for (const [n, row] of rows.entries()) if (row) found.set(ids[n]!, this.#rows.result(ids[n]!, row));
    }
    return found;
  }

  wait(taskId: string, signal: AbortSignal): Promise<ResultMeta> {
    const isHeard = this.#ahead.has(taskId);
    const get = isHeard ? async () => this.#keptRow(taskId) : (id: string) => this.listening().then(() => this.get(id));
    const subscribe: Backend['subscribe'] = (id, listener, onError) => {
      const unsubscribe = this.subscribe(id, listener, onError);
      this.#ahead.fill();
      return () => {
        unsubscribe();
        this.#ahead.drop(id);
      };
    };
    return waitFor({ get, subscribe }, taskId, signal);
  }

  watch(taskIds: readonly string[], signal: AbortSignal): AsyncIterable<ResultMeta> {
    // Asked once the server has confirmed the subscription, so that nothing falls between. A caller's patience may end before that.
    const getMany = (ids: readonly string[]): Promise<Map<string, ResultMeta>> =>
      ids.length === 0
        ? this.getMany(ids)
        : unlessAborted(
            signal,
            this.listening().then(() => this.getMany(ids)),
          );
    return watchAll({ get: (id) => this.get(id), getMany, subscribe: this.subscribe.bind(this) }, taskIds, signal);
  }

  subscribe(taskId: string, listener: ResultListener, onError?: (error: Error) => void): () => void {
    this.#opened();
    const remove = this.#listeners.add(taskId, listener, onError);
    const key = this.#keys.task(taskId);
    this.#wake.add(key);
    return () => {
      remove();
      if (!this.#listeners.has(taskId) && !this.#ahead.has(taskId)) this.#wake.remove(key);
    };
  }

  heardId(): string | undefined {
    return this.#ahead.take();
  }

  async listening(): Promise<void> {
    this.#opened();
    try {
      await this.#wake.settled();
    } catch (error) {
      throw this.#open ? redisError(this.#context.url, error, this.#subscriberError) : storeClosed();
    }
  }

  async forget(taskId: string): Promise<void> {
    this.#ahead.drop(taskId);
    await this.#ask((redis) => redis.del(this.#keys.task(taskId)));
  }

  async saveGroup(groupId: string, result: unknown): Promise<void> {
    await this.#write(this.#keys.group(groupId), this.#rows.encodeGroup(result));
  }

  async restoreGroup(groupId: string): Promise<unknown | null> {
    const row = await this.#ask((redis) => redis.getBuffer(this.#keys.group(groupId)));
    return row ? this.#rows.group(row) : null;
  }

  async forgetGroup(groupId: string): Promise<void> {
    await this.#ask((redis) => redis.del(this.#keys.group(groupId)));
  }

  async startChord(groupId: string, size: number, plan?: ChordPlan): Promise<void> {
    void this.#warnOfEviction();
    await this.#write(this.#keys.chordSize(groupId), Buffer.from(String(size)));
    const encoded = encodedPlan(this.#context, plan);
    if (!encoded) return;
    const { chordPlan, openChords } = this.#keys;
    const args = [groupId, CHECK_AFTER_MS, this.#ttl, bufferOf(encoded.body)];
    await this.#commands.script(PLAN_CHORD, [openChords, chordPlan(groupId)], args);
  }

  /** With the first chord only: a result that is gone is asked for again or was not wanted, a chord is lost. Not every account may ask. */
  async #warnOfEviction(): Promise<void> {
    if (!this.#asksEviction) return;
    this.#asksEviction = false;
    const { url, log } = this.#context;
    const info = await this.#ask((redis) => redis.info('memory')).catch(() => '');
    const warning = chordEvictionWarning(info, safeUrl(url));
    if (warning && this.#open) log?.warning(warning);
  }

  async growChord(groupId: string, by: number): Promise<void> {
    await this.#ask((redis) => redis.incrby(this.#keys.chordGrowth(groupId), by));
  }

  async openChords(limit: number): Promise<readonly OpenChord[]> {
    const { openChords, groups } = this.#keys;
    const args = [groups, limit, CHECK_AFTER_MS] as const;
    const due = (await this.#commands.script(OPEN_CHORDS, [openChords], args)) as [Buffer, Buffer][];
    return due.map(([id, plan]) => ({ groupId: id.toString(), plan: this.#rows.value(plan) as ChordPlan }));
  }

  async hasOpenChords(): Promise<boolean> {
    return (await this.#ask((redis) => redis.exists(this.#keys.openChords))) === 1;
  }

  async countedParts(groupId: string): Promise<ReadonlySet<string> | null> {
    const key = this.#keys.chordParts(groupId);
    const isList = this.#context.options.result_chord_ordered === false;
    const [size, parts] = await this.#ask((redis) =>
      Promise.all([
        redis.exists(this.#keys.chordSize(groupId)),
        isList ? redis.lrangeBuffer(key, 0, -1) : redis.zrangeBuffer(key, '0', '-1'),
      ]),
    );
    return size ? new Set(parts.map((part) => readChordPart(this.#rows.value(part)).taskId)) : null;
  }

  async completeChordPart(part: ChordPart): Promise<ChordReady | ChordClaimed | null> {
    void this.#warnOfEviction();
    const { groupId, index, taskId } = part;
    const keys = this.#keys;
    const score = this.#context.options.result_chord_ordered === false ? '' : index === null ? '+inf' : String(index);
    const names = [
      keys.chordParts(groupId),
      keys.chordGrowth(groupId),
      keys.chordSize(groupId),
      keys.group(groupId),
      keys.chordClaim(groupId),
    ];
    const answer = await this.#commands.script(CHORD_PART, names, [
      this.#rows.encodePart(part),
      score,
      this.#ttl,
      taskId,
      CLAIM_MS,
    ]);
    if (!answer) return null;
    const [repeated, total, row, values, claim] = answer as [number, number, Buffer, Buffer[], Buffer];
    const claimedBy = claim.toString();
    if (claimedBy !== taskId) return { claimedBy };
    const { parts, extra } = onePerTask(values.map((value) => ({ value, ...readChordPart(this.#rows.value(value)) })));
    if (extra.length > 0) {
      // Python's workers compare the number that stands there with the header's size.
      const remove = (redis: Redis): Promise<unknown> =>
        score === ''
          ? Promise.all(extra.map((value) => redis.lrem(names[0]!, 0, value)))
          : redis.zrem(names[0]!, ...extra);
      await this.#ask(remove);
      if (parts.length < total) {
        await this.#ask((redis) => redis.del(keys.chordClaim(groupId)));
        return null;
      }
    }
    const members = row.length > 0 ? membersOf(this.#rows.group(row)) : null;
    const outcome = members
      ? await this.#join(members)
      : // In the order of the header: what stands here does not tell which failed first in time.
        chordOutcome(parts.map((part, at) => ({ ...part, index: at })));
    return { ...outcome, repeated: repeated === 1 || extra.length > 0 };
  }

  async forgetChord(groupId: string): Promise<void> {
    const { chordParts, chordGrowth, chordSize, chordClaim, chordPlan, openChords } = this.#keys;
    const names = [chordGrowth, chordSize, chordClaim, chordPlan].map((name) => name(groupId));
    await this.#ask((redis) =>
      redis
        .multi()
        .del(...names)
        .pexpire(chordParts(groupId), PARTS_STAY_MS)
        .zrem(openChords, groupId)
        .exec(),
    );
  }

  /** The server deletes what has expired. */
  async cleanup(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#flush();
    this.#open = false;
    this.#listeners.fail(storeClosed());
    this.#wake.close();
    await this.#commands.close(this.#storing);
    this.#outage.close();
  }

  /** Send everything stored since the last turn. */
  #flush(): void {
    const batch = this.#pending;
    if (batch.length === 0) return;
    this.#pending = [];
    for (let from = 0, to = 0; from < batch.length; from = to) {
      for (let bytes = 0; to < batch.length && to - from < MAX_ROWS && (to === from || bytes < MAX_BYTES); to++) {
        bytes += batch[to]!.body.length;
      }
      const sent = this.#send(batch.slice(from, to), false).catch(() => {});
      this.#storing.add(sent);
      sent.then(() => this.#storing.delete(sent));
    }
  }

  async #send(batch: readonly PendingStore[], force: boolean): Promise<void> {
    const keys = batch.map(({ meta }) => this.#keys.task(meta.task_id));
    const bodies = batch.map(({ body }) => body);
    let answers: unknown[];
    try {
      answers = (await this.#commands.script(STORE, keys, [this.#ttl, force ? '1' : '0', ...bodies])) as unknown[];
    } catch (error) {
      for (const one of batch) one.failed(cannotStore(one.meta, error));
      return;
    }
    this.#warnUnpublished(answers[batch.length]);
    const again: PendingStore[] = [];
    for (const [i, one] of batch.entries()) {
      const answer = answers[i];
      if (typeof answer === 'number') one.done();
      else if (Array.isArray(answer)) one.failed(cannotStore(one.meta, redisError(this.#context.url, answer[0], null)));
      else if (this.#isSuccess(one.meta.task_id, answer as Buffer)) one.done();
      else again.push(one);
    }
    if (again.length > 0) await this.#send(again, true);
  }

  /** A row that holds the word; what cannot be read is no result worth keeping. */
  #isSuccess(taskId: string, row: Buffer): boolean {
    try {
      return this.#rows.result(taskId, row).status === 'SUCCESS';
    } catch {
      return false;
    }
  }

  async #write(key: string, body: Buffer): Promise<void> {
    const [answer, refusal] = (await this.#commands.script(STORE, [key], [this.#ttl, '1', body])) as unknown[];
    if (Array.isArray(answer)) throw redisError(this.#context.url, answer[0], null);
    this.#warnUnpublished(refusal);
  }

  /** The result is stored all the same. Said once: it will be so for each. */
  #warnUnpublished(reason: unknown): void {
    if (this.#unpublished || !(reason instanceof Buffer) || reason.length === 0) return;
    this.#unpublished = true;
    this.#context.log?.warning(
      `Results are stored, but Redis lets nobody be told of them (PUBLISH: ${reason.toString()}): who waits for one may wait in vain. ` +
        'Allow this account PUBLISH on the channels of results (their keys).',
    );
  }

  /** The results of a header with groups in it, in its shape. They stand in their rows: a row is stored before its part counts. */
  async #join(members: Members): Promise<ChordOutcome> {
    const ids = idsOf(members);
    const found = await this.getMany(ids);
    const missing = ids.filter((id) => !found.has(id));
    if (missing.length > 0) {
      const timeout = AbortSignal.timeout(this.#joinTimeoutMs);
      try {
        for await (const meta of this.watch(missing, timeout)) found.set(meta.task_id, meta);
      } catch (error) {
        if (!timeout.aborted || error !== timeout.reason) throw error;
        const absent = missing.filter((id) => !found.has(id));
        throw new ChordError(`Join error: no result of ${absent.join(', ')} within ${this.#joinTimeoutMs / 1000} s`);
      }
    }
    const failed = ids.map((id) => found.get(id)).find((meta) => meta && PROPAGATE_STATES.has(meta.status));
    return {
      results: resultsOf(members, found),
      failure: failed ? { taskId: failed.task_id, result: failed.result } : null,
    };
  }

  #onMessage(key: string, body: Buffer): void {
    const taskId = this.#keys.taskId(key);
    if (taskId === null) return;
    this.#ahead.keep(taskId, body);
    this.#listeners.emit(taskId, () => this.#rows.result(taskId, body));
  }

  #keptRow(taskId: string): ResultMeta | null {
    const row = this.#ahead.kept(taskId);
    return row && this.#rows.result(taskId, row);
  }

  /** What was stored while the connection was away, nobody told us. */
  async #catchUp(): Promise<void> {
    this.#ahead.clear();
    try {
      for (const [id, meta] of await this.getMany(this.#listeners.ids())) this.#listeners.emit(id, () => meta);
    } catch (error) {
      if (this.#open) this.#listeners.fail(toError(error));
    }
  }

  async #ask<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    this.#opened();
    this.#flush();
    return this.#commands.run(work);
  }

  #opened(): void {
    if (!this.#open) throw storeClosed();
  }
}
