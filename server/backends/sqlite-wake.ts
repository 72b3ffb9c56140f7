// Tell other processes that something new stands in an embedded database, without anybody asking in a loop: who commits writes one
// byte to a small file beside the database, who waits watches that file.
// What is new, the woken one looks up in the database itself (sqlite.ts).
// Holds: a notification after a commit is seen by every watcher at once (inotify, kqueue, ReadDirectoryChanges), merged when several
// come together; where the file system cannot tell (network mounts), the fallback interval finds it. No watcher: no cost but a write.
import { closeSync, constants, type FSWatcher, openSync, watch, writeSync } from 'node:fs';
import { createTimer, type Timer, type TimerHandle } from '../timer.ts';

/** How long the file stays watched after the last one left: who waits for result after result opens it once. @unit milliseconds */
const LINGER_MS = 1000;

export interface WakeOptions {
  /** How often to look although nothing was told. Default 500. @unit milliseconds */
  readonly fallbackMs?: number;
}

export class Wake {
  readonly path: string;
  readonly #fallbackMs: number;
  readonly #listeners = new Set<() => void>();
  #file: number | null = null;
  #watcher: FSWatcher | null = null;
  #timer: Timer | null = null;
  readonly #lingerTimer = createTimer({ unref: true });
  #linger: TimerHandle | null = null;
  #notified = false;
  #closed = false;

  /** @param path of the file to write to and watch; made when missing */
  constructor(path: string, options: WakeOptions = {}) {
    this.path = path;
    this.#fallbackMs = options.fallbackMs ?? 500;
  }

  /** To be called after the commit. Never throws: at worst the others find out by their fallback. */
  notify(): void {
    if (this.#closed) return;
    try {
      this.#file ??= openSync(this.path, READ_WRITE);
      writeSync(this.#file, BYTE, 0, 1, 0);
    } catch {
      this.#closeFile();
    }
  }

  /** Calls `listener` soon after each notification, by whomever. Keeps the process alive until the returned function is called. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#rest();
    };
  }

  /** The file stays for the others. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listeners.clear();
    this.#stop();
    this.#closeFile();
  }

  #start(): void {
    if (this.#closed) return;
    this.#linger?.cancel();
    this.#linger = null;
    this.#timer = createTimer();
    this.#timer.every(this.#fallbackMs, () => {
      if (!this.#watcher) this.#open();
      this.#call();
    });
    if (this.#watcher) this.#watcher.ref();
    else this.#open();
  }

  /** Nobody listens: keep nothing alive, but the watcher at hand for a while. Measured: 50 us a round trip for opening it anew. */
  #rest(): void {
    this.#timer?.clear();
    this.#timer = null;
    this.#watcher?.unref();
    this.#linger ??= this.#lingerTimer.after(LINGER_MS, () => this.#stop());
  }

  #open(): void {
    try {
      this.#file ??= openSync(this.path, READ_WRITE);
      this.#watcher = watch(this.path, (event) => {
        // The file was removed or replaced: the fallback opens the new one.
        if (event === 'rename') {
          this.#closeWatcher();
          this.#closeFile();
        }
        this.#notify();
      });
      this.#watcher.on('error', () => this.#closeWatcher());
    } catch {
      this.#closeWatcher();
    }
  }

  #stop(): void {
    this.#linger?.cancel();
    this.#linger = null;
    this.#timer?.clear();
    this.#timer = null;
    this.#closeWatcher();
  }

  /** Several notifications of one turn are one call. */
  #notify(): void {
    if (this.#notified) return;
    this.#notified = true;
    setImmediate(() => {
      this.#notified = false;
      this.#call();
    });
  }

  #call(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #closeWatcher(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  #closeFile(): void {
    if (this.#file === null) return;
    try {
      closeSync(this.#file);
    } catch {
      // Gone already.
    }
    this.#file = null;
  }
}

const BYTE = Uint8Array.of(0x2e);
const READ_WRITE = constants.O_RDWR | constants.O_CREAT;
