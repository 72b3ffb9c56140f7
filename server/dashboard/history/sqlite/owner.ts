// One process at a time has a file of the dashboard's: two would count everything twice, or undo what the other has written.
// Not here: the lock itself (server/file-lock.ts), whose cluster a history is (schema.ts claimForCluster).
// Holds: who is refused is told by whom, and what to do.
import { ImproperlyConfigured } from '../../../errors.ts';
import { FileLock, LockTaken } from '../../../file-lock.ts';
import { FileTaken } from '../contract.ts';

export interface OwnedFile {
  /** 'history file' */
  readonly what: string;
  /** What two owners would do. */
  readonly harm: string;
  /** The option that names another one. */
  readonly option: string;
}

const HISTORY: OwnedFile = { what: 'history file', harm: 'Two would count everything twice', option: '--db' };

export class FileOwner {
  readonly #path: string;
  readonly #lock: FileLock;
  readonly #words: OwnedFile;

  constructor(path: string, words: OwnedFile = HISTORY) {
    this.#path = path;
    this.#lock = new FileLock(`${path}.lock`);
    this.#words = words;
  }

  /**
   * @param cluster addresses of the broker without credentials  @param now seconds since the epoch
   * @throws FileTaken when another process, or another dashboard of this one, has it; ImproperlyConfigured when nobody can
   */
  take(cluster: readonly string[] | null, now: number): void {
    const { what, harm, option } = this.#words;
    try {
      this.#lock.take(cluster?.join(', ') ?? '', now);
    } catch (error) {
      if (!(error instanceof LockTaken))
        throw new ImproperlyConfigured(
          `The ${what} ${this.#path} cannot be used: its lock ${this.#lock.path} cannot be taken: ${(error as Error).message}`,
          { cause: error },
        );
      const { pid, host, about, since } = error.holder;
      const watching = about === '' ? '' : `, watching ${about}`;
      const began = since === null ? '' : `, since ${new Date(since * 1000).toISOString()}`;
      const by = pid === null ? '' : ` (process ${pid} on ${host}${watching}${began})`;
      throw new FileTaken(
        `Another dashboard uses the ${what} ${this.#path}${by}. ${harm}. Stop it, or give this one a file of its own (${option}).`,
      );
    }
  }

  /** Whoever deleted the file may have deleted the lock as well. */
  renew(cluster: readonly string[] | null, now: number): void {
    if (this.#lock.isInPlace) return;
    this.#lock.release();
    this.take(cluster, now);
  }

  release(): void {
    this.#lock.release();
  }
}
