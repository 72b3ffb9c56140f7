// Results as files of a folder, named and written as Celery's: `file:///var/results`, `file://localhost/var/results`.
// Holds: a file is whole or not there (it is written beside and then gets its name); a SUCCESS is not overwritten by any of this package's
// processes; no id leads out of the folder.
// Where this differs from Celery: it writes in place, and a reader may meet half a record.
// As in Celery: files go when `cleanup` runs, by their time; their modes are those of the umask, since who asks for results may be another user
// than who stores them. Who gets in is said by the folder, which is not made here.
// Celery 5.6: backends/filesystem.py
import { accessSync, constants, statSync } from 'node:fs';
import { link, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BackendError, ImproperlyConfigured, toError } from '../errors.ts';
import { type ResultMeta, readResultMeta } from '../protocol/result-meta.ts';
import { createTimer, type Timer } from '../timer.ts';
import { safeUrl } from '../transport/url.ts';
import type { Backend, BackendContext } from './contract.ts';
import { FILESYSTEM } from './flags.ts';
import { type ResultKeys, resultKeys } from './key-value.ts';
import { takeLockFile } from './lock-file.ts';
import { Outage } from './outage.ts';
import { PolledResults } from './polled.ts';
import { PATIENCE, retrying } from './retrying.ts';
import { cannotStore, storeClosed } from './store-errors.ts';
import { lastOfEach, StoreQueue } from './store-queue.ts';
import type { ResultListener } from './waiters.ts';

const FILES_AT_ONCE = 64;

export function createFilesystemBackend(context: BackendContext): Backend {
  const timer = createTimer();
  return retrying(new FilesystemBackend(context, folderOf(context.url), timer), PATIENCE, timer);
}

function folderOf(url: string): string {
  const path = decodeURIComponent(url.replace(/^file:\/\/(localhost(?=\/))?/i, ''));
  if (!path)
    throw new ImproperlyConfigured(`A result store of files needs a folder: file:///var/results, not ${safeUrl(url)}`);
  try {
    if (!statSync(path).isDirectory()) throw new Error('it is no folder');
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = toError(error).message;
    throw new ImproperlyConfigured(
      `The folder of results ${path} cannot be used: ${reason}. Make it, and let this user write there`,
    );
  }
  return path;
}

interface Row {
  readonly taskId: string;
  readonly status: string;
  readonly body: Uint8Array;
}

class FilesystemBackend implements Backend {
  readonly driver = 'filesystem';
  readonly flags = FILESYSTEM;
  readonly enabled = true;
  readonly #context: BackendContext;
  readonly #folder: string;
  readonly #timer: Timer;
  readonly #keys: ResultKeys;
  readonly #polled: PolledResults;
  readonly #queue: StoreQueue<Row>;
  readonly #outage: Outage;
  #writes = 0;
  #open = true;

  constructor(context: BackendContext, folder: string, timer: Timer) {
    this.#context = context;
    this.#folder = folder;
    this.#timer = timer;
    this.#keys = resultKeys('');
    this.#outage = new Outage(folder, context.log);
    this.#polled = new PolledResults({
      polling: context.options.polling_interval,
      getMany: (ids) => this.getMany(ids),
    });
    const isTemporary = (error: Error) => error instanceof BackendError && error.temporary;
    this.#queue = new StoreQueue(
      async (rows) => {
        await Promise.all(lastOfEach(rows).map((row) => this.#write(row)));
      },
      isTemporary,
      FILES_AT_ONCE,
    );
  }

  async store(meta: ResultMeta): Promise<void> {
    this.#checkOpen();
    const { body } = this.#context.encode(meta);
    try {
      await this.#queue.push({ taskId: meta.task_id, status: meta.status, body });
    } catch (error) {
      throw cannotStore(meta, error);
    }
    this.#polled.stored(this.#decode(meta.task_id, body));
  }

  async get(taskId: string): Promise<ResultMeta | null> {
    this.#checkOpen();
    const body = await this.#read(this.#keys.task(taskId));
    return body && this.#decode(taskId, body);
  }

  async getMany(taskIds: readonly string[]): Promise<Map<string, ResultMeta>> {
    const found = new Map<string, ResultMeta>();
    for (let i = 0; i < taskIds.length; i += FILES_AT_ONCE) {
      const ids = taskIds.slice(i, i + FILES_AT_ONCE);
      const metas = await Promise.all(ids.map((id) => (isName(id) ? this.get(id) : null)));
      for (const [n, meta] of metas.entries()) if (meta) found.set(ids[n]!, meta);
    }
    return found;
  }

  async wait(taskId: string, signal: AbortSignal): Promise<ResultMeta> {
    this.#checkOpen();
    return this.#polled.wait(taskId, signal);
  }

  watch(taskIds: readonly string[], signal: AbortSignal): AsyncIterable<ResultMeta> {
    return this.#polled.watch(taskIds, signal);
  }

  subscribe(taskId: string, listener: ResultListener, onError?: (error: Error) => void): () => void {
    this.#checkOpen();
    return this.#polled.subscribe(taskId, listener, onError);
  }

  async forget(taskId: string): Promise<void> {
    await this.#remove(this.#keys.task(taskId));
  }

  async saveGroup(groupId: string, result: unknown): Promise<void> {
    this.#checkOpen();
    const { body } = this.#context.encode({ result });
    await this.#use(() => this.#put(this.#keys.group(groupId), body));
  }

  async restoreGroup(groupId: string): Promise<unknown | null> {
    this.#checkOpen();
    const body = await this.#read(this.#keys.group(groupId));
    return body && ((this.#value(body) as { result?: unknown }).result ?? null);
  }

  async forgetGroup(groupId: string): Promise<void> {
    await this.#remove(this.#keys.group(groupId));
  }

  async cleanup(): Promise<number> {
    const { expiresMs, now } = this.#context;
    if (expiresMs === null) return 0;
    const before = now() - expiresMs;
    return this.#use(async () => {
      let count = 0;
      for (const name of await readdir(this.#folder)) {
        if (!/^(\.umbel-)?(celery-task(set)?-meta-|chord-unlock-)/.test(name)) continue;
        const path = join(this.#folder, name);
        const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
        if (mtimeMs >= before) continue;
        await unlink(path).catch(ignoreMissing);
        count++;
      }
      return count;
    });
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#polled.fail(storeClosed());
    await this.#queue.idle();
    this.#outage.close();
  }

  /**
   * A first record is linked to its name, which the system does for one alone. Where one stands, or a file system has no links, a lock
   * is held while it is looked whether that is a SUCCESS.
   */
  #write({ taskId, body }: Row): Promise<void> {
    return this.#use(async () => {
      const key = this.#keys.task(taskId);
      const path = this.#path(key);
      const beside = await this.#writeBeside(key, body);
      try {
        if (await linked(beside, path)) return;
        const free = await takeLockFile(join(this.#folder, `.umbel-${key}.lock`), this.#timer);
        try {
          const before = await readFile(path).catch(ignoreMissing);
          if (before && before.length > 0 && this.#statusOf(taskId, before) === 'SUCCESS') return;
          await rename(beside, path);
        } finally {
          await free();
        }
      } finally {
        await unlink(beside).catch(() => {});
      }
    });
  }

  /** What cannot be read does not keep a result away. */
  #statusOf(taskId: string, body: Uint8Array): string | null {
    try {
      return this.#decode(taskId, body).status;
    } catch {
      return null;
    }
  }

  async #put(key: string, body: Uint8Array): Promise<void> {
    const path = this.#path(key);
    const beside = await this.#writeBeside(key, body);
    try {
      await rename(beside, path);
    } catch (error) {
      await unlink(beside).catch(() => {});
      throw error;
    }
  }

  /** @returns where it is, whole */
  async #writeBeside(key: string, body: Uint8Array): Promise<string> {
    const beside = join(this.#folder, `.umbel-${key}.${process.pid}-${++this.#writes}`);
    try {
      await writeFile(beside, body);
      return beside;
    } catch (error) {
      await unlink(beside).catch(() => {});
      throw error;
    }
  }

  #read(key: string): Promise<Uint8Array | null> {
    const path = this.#path(key);
    return this.#use(async () => {
      const body = await readFile(path).catch(ignoreMissing);
      // Python opens a file before it writes it: an empty one is none yet.
      return body && body.length > 0 ? body : null;
    });
  }

  #remove(key: string): Promise<void> {
    this.#checkOpen();
    const path = this.#path(key);
    return this.#use(async () => {
      await unlink(path).catch(ignoreMissing);
    });
  }

  #path(key: string): string {
    if (!isName(key)) {
      throw new BackendError(
        `${JSON.stringify(key)} cannot be the name of a file: an id has no slash and no NUL in a store of files`,
      );
    }
    return join(this.#folder, key);
  }

  async #use<T>(work: () => Promise<T>): Promise<T> {
    try {
      const value = await work();
      this.#outage.ended();
      return value;
    } catch (thrown) {
      if (thrown instanceof BackendError) throw thrown;
      const error = toError(thrown) as Error & { code?: string };
      const temporary =
        /^(ENOSPC|EDQUOT|EROFS|EACCES|EPERM|EIO|EMFILE|ENFILE|ENOENT|ENOTDIR|ESTALE|EBUSY|ETIMEDOUT)$/.test(
          error.code ?? '',
        );
      if (temporary) this.#outage.began(error);
      throw new BackendError(`The result store ${this.#folder} failed: ${error.message}`, { cause: error, temporary });
    }
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

function isName(id: string): boolean {
  return !/[/\0]/.test(id);
}

function ignoreMissing(error: unknown): null {
  if ((error as { code?: string }).code !== 'ENOENT') throw error;
  return null;
}

/** False: one is there, or there are no links here. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (!/^(EEXIST|EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS|EMLINK)$/.test((error as { code?: string }).code ?? '')) throw error;
    return false;
  }
}
