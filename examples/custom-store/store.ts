// A result store of your own: results in one object of this process, under URLs that begin with `notebook://`.
// Replace `Notebook` by what you have: a table, a bucket, a service. What a store promises: umbel/backend, `Backend`.
import {
  type Backend,
  type BackendContext,
  BackendError,
  PolledResults,
  type ResultMeta,
  registerBackend,
} from 'umbel/backend';

interface Page {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly writtenAt: number;
}

/** What the results are kept in. All stores of one URL share it. */
class Notebook {
  readonly pages = new Map<string, Page>();
}
const notebooks = new Map<string, Notebook>();

const FLAGS = {
  // Only this process sees what is stored here.
  shared: false,
  // Somebody must call `cleanup`: beat does.
  expiresItself: false,
  // It does not count the parts of chords: celery.chord_unlock asks for their results.
  chords: 'unlock',
} as const;

class NotebookBackend implements Backend {
  readonly driver = 'notebook';
  readonly flags = FLAGS;
  readonly enabled = true;
  readonly #context: BackendContext;
  readonly #pages: Map<string, Page>;
  readonly #waiting: PolledResults;
  #open = true;

  constructor(context: BackendContext) {
    this.#context = context;
    const notebook = notebooks.get(context.url) ?? new Notebook();
    notebooks.set(context.url, notebook);
    this.#pages = notebook.pages;
    // Waiting by looking. A store that tells by itself calls `stored` when it is told.
    this.#waiting = new PolledResults({ polling: 0.05, getMany: (ids) => this.getMany(ids) });
  }

  async store(meta: ResultMeta): Promise<void> {
    // Encoded at once, so that nobody changes a result by changing the object.
    const page = this.#write(meta);
    const before = this.#page(`task ${meta.task_id}`);
    if (before && (this.#read(before) as ResultMeta).status === 'SUCCESS') return;
    this.#pages.set(`task ${meta.task_id}`, page);
    this.#waiting.stored(this.#read(page) as ResultMeta);
  }

  async get(taskId: string): Promise<ResultMeta | null> {
    const page = this.#page(`task ${taskId}`);
    return page ? (this.#read(page) as ResultMeta) : null;
  }

  async getMany(taskIds: readonly string[]): Promise<Map<string, ResultMeta>> {
    const found = new Map<string, ResultMeta>();
    for (const id of taskIds) {
      const meta = await this.get(id);
      if (meta) found.set(id, meta);
    }
    return found;
  }

  async wait(taskId: string, signal: AbortSignal): Promise<ResultMeta> {
    this.#checkOpen();
    return this.#waiting.wait(taskId, signal);
  }

  watch(taskIds: readonly string[], signal: AbortSignal): AsyncIterable<ResultMeta> {
    this.#checkOpen();
    return this.#waiting.watch(taskIds, signal);
  }

  subscribe(taskId: string, listener: (meta: ResultMeta) => void, onError?: (error: Error) => void): () => void {
    this.#checkOpen();
    return this.#waiting.subscribe(taskId, listener, onError);
  }

  async forget(taskId: string): Promise<void> {
    this.#pages.delete(`task ${taskId}`);
  }

  async saveGroup(groupId: string, result: unknown): Promise<void> {
    this.#pages.set(`group ${groupId}`, this.#write({ result }));
  }

  async restoreGroup(groupId: string): Promise<unknown | null> {
    const page = this.#page(`group ${groupId}`);
    return page ? (this.#read(page) as { result: unknown }).result : null;
  }

  async forgetGroup(groupId: string): Promise<void> {
    this.#pages.delete(`group ${groupId}`);
  }

  async cleanup(): Promise<number> {
    let count = 0;
    for (const [name, page] of this.#pages) if (this.#expired(page) && this.#pages.delete(name)) count++;
    return count;
  }

  async close(): Promise<void> {
    this.#open = false;
    this.#waiting.fail(new BackendError('The result store was closed'));
  }

  #page(name: string): Page | null {
    this.#checkOpen();
    const page = this.#pages.get(name);
    return page && !this.#expired(page) ? page : null;
  }

  #write(value: unknown): Page {
    this.#checkOpen();
    return { ...this.#context.encode(value), writtenAt: this.#context.now() };
  }

  #read({ body, contentType, contentEncoding }: Page): unknown {
    return this.#context.decode(body, contentType, contentEncoding);
  }

  #expired({ writtenAt }: Page): boolean {
    const { expiresMs, now } = this.#context;
    return expiresMs !== null && now() - writtenAt >= expiresMs;
  }

  #checkOpen(): void {
    if (!this.#open) throw new BackendError('The result store was closed');
  }
}

/** Loaded when a URL asks for it. */
registerBackend('notebook', FLAGS, async () => (context) => new NotebookBackend(context));
