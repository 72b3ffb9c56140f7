// The task list as an engine: fetches pages, follows the live picture, holds the order while someone reads. No React in it.
//
// Free: new rows enter at the top as they come, and the first page is read again every few seconds, because a burst beyond
// 200 rows a patch leaves gaps. Held (a reader, or a paused line): order stands still, states change in place, what is newer is
// only counted. How rows merge: task-list.ts. Under a component: use-task-list.ts.
// Holds: an answer to a filter of before is dropped; rows of another filter stand until this one's are read or refused.
import { matchesQuery } from '../../../shared/query/match.ts';
import { parseQuery } from '../../../shared/query/parser.ts';
import type { TaskPage, TaskRow, TasksQuery } from '../../../shared/wire/tasks.ts';
import type { Picture } from '../live/cluster-store.ts';
import {
  appendPage,
  insertNewer,
  listOf,
  mergeFirst,
  newerRows,
  patchRows,
  type TaskList,
  unknownIn,
  withCounts,
} from './task-list.ts';

export const NEWEST_FIRST = '-first_seen';
/** @unit tasks */
const PAGE_SIZE = 100;
export const REREAD_MS = 2500;
/** Longer than this at the top, the list begins anew. @unit tasks */
const LONGEST_LIVE = 1000;

export interface TaskListFilter {
  q: string;
  /** States, comma between. */
  state: string;
  sort: string;
}

export interface TaskListView {
  list: TaskList | null;
  error: unknown;
  /** The first page is being read; rows of before stand dimmed. With an `error` and without a list: it was refused. */
  loading: boolean;
  loadingMore: boolean;
  /** Tasks newer than the top of a list that is held. */
  newer: number;
}

export interface TaskListStoreOptions {
  fetch: (query: TasksQuery, signal: AbortSignal) => Promise<TaskPage>;
  live: { get: () => Picture; subscribe: (listener: () => void) => () => void };
  /** Whether anybody looks: a background tab reads nothing again. */
  isVisible: () => boolean;
  every: (intervalMs: number, fn: () => void) => { cancel: () => void };
}

export class TaskListStore {
  readonly #options: TaskListStoreOptions;
  readonly #listeners = new Set<() => void>();
  #view: TaskListView = { list: null, error: null, loading: true, loadingMore: false, newer: 0 };
  #filter: TaskListFilter | null = null;
  /** The filter that the rows answer. */
  #listFilter: TaskListFilter | null = null;
  #matches: (row: TaskRow) => boolean = () => false;
  #isHeld = false;
  #isFrozen = false;
  #tasks: Picture['tasks'];
  /** Ends every request that belongs to the filter, or to the read, of before. */
  #reading = new AbortController();
  #isRereading = false;
  /** What the live picture had seen at the last reread; null: read again whatever it has seen. */
  #readAt: string | null = null;

  constructor(options: TaskListStoreOptions) {
    this.#options = options;
    this.#tasks = options.live.get().tasks;
  }

  get = (): TaskListView => this.#view;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Follows the live picture. @returns ends it, and every request under way */
  start = (): (() => void) => {
    const unsubscribe = this.#options.live.subscribe(this.#follow);
    const timer = this.#options.every(REREAD_MS, this.#reread);
    this.#follow();
    return () => {
      unsubscribe();
      timer.cancel();
      this.#reading.abort();
    };
  };

  show = (filter: TaskListFilter): void => {
    this.#filter = filter;
    this.#matches = matcherOf(filter);
    this.refresh();
  };

  /** While someone reads, the order stands still. */
  hold = (isHeld: boolean): void => {
    this.#isHeld = isHeld;
    this.#follow();
  };

  /** The first page from the server, with all that is newer. */
  refresh = (): void => {
    const filter = this.#filter;
    if (!filter) return;
    const { signal } = this.#startReading();
    this.#set({ loading: true, loadingMore: false });
    const shown = (page: TaskPage): void => {
      if (signal.aborted) return;
      const list = patchRows(listOf(page), this.#options.live.get().tasks);
      this.#listFilter = filter;
      this.#set({ list, error: null, loading: false, newer: 0 });
    };
    // A reply of another shape is a failure, too.
    this.#options
      .fetch({ ...filter, limit: PAGE_SIZE }, signal)
      .then(shown)
      .catch((error: unknown) => {
        if (signal.aborted) return;
        // Rows of another filter are no answer to this one.
        const list = this.#listFilter === filter ? this.#view.list : null;
        this.#set({ list, error, loading: false });
      });
  };

  /** The next page. */
  more = (): void => {
    const { list, loading, loadingMore } = this.#view;
    if (!list?.next || loading || loadingMore || !this.#filter) return;
    const cursor = list.next;
    const { signal } = this.#reading;
    this.#set({ loadingMore: true });
    const appended = (page: TaskPage): void => {
      if (signal.aborted) return;
      const before = this.#view.list;
      // A list that began anew meanwhile has another place to go on from.
      const after = before?.next === cursor ? appendPage(before, page) : before;
      this.#set({ list: after, loadingMore: false });
    };
    this.#options
      .fetch({ ...this.#filter, limit: PAGE_SIZE, cursor }, signal)
      .then(appended)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#set({ error, loadingMore: false });
      });
  };

  /** Every change of the live picture: states in place; what is newer enters, or is counted. */
  #follow = (): void => {
    const { tasks, connection } = this.#options.live.get();
    const isFrozen = this.#isHeld || connection.mode === 'paused';
    if (tasks === this.#tasks && isFrozen === this.#isFrozen) return;
    this.#tasks = tasks;
    this.#isFrozen = isFrozen;
    const { list, newer } = this.#view;
    if (!list) return;
    const patched = patchRows(list, tasks);
    const above = this.#isNewestFirst() ? newerRows(patched, tasks.values(), this.#matches) : [];
    if (isFrozen) this.#set({ list: patched, newer: Math.max(newer, above.length) });
    else this.#set({ list: patched.rows.length > LONGEST_LIVE ? patched : insertNewer(patched, above), newer: 0 });
  };

  /** The truth from the server, a few seconds behind, while anything changes. */
  #reread = (): void => {
    const { connection, seen } = this.#options.live.get();
    if (!this.#options.isVisible() || connection.mode === 'paused') {
      this.#readAt = null;
      return;
    }
    // A snapshot means that changes were missed.
    const at = `${seen.snapshots} ${seen.changed}`;
    if (!this.#filter || !this.#view.list || this.#isRereading || this.#view.loading || at === this.#readAt) return;
    this.#readAt = at;
    this.#isRereading = true;
    const { signal } = this.#reading;
    this.#options.fetch({ ...this.#filter, limit: PAGE_SIZE }, signal).then(
      (page) => {
        if (signal.aborted) return;
        this.#isRereading = false;
        this.#takeIn(page);
      },
      () => {
        // Not shown: the live state already says that the line is broken, and the next one comes.
        if (signal.aborted) return;
        this.#isRereading = false;
        this.#readAt = null;
      },
    );
  };

  #takeIn(page: TaskPage): void {
    const { list, newer } = this.#view;
    if (!list) return;
    if (this.#isFrozen) {
      const unknown = this.#isNewestFirst() ? unknownIn(page.items, list) : 0;
      this.#set({ list: withCounts(list, page), newer: Math.max(newer, unknown) });
      return;
    }
    const isLong = list.rows.length > LONGEST_LIVE;
    this.#set({ list: isLong ? listOf(page) : patchRows(mergeFirst(list, page), this.#tasks), newer: 0 });
  }

  #startReading(): AbortController {
    this.#reading.abort();
    this.#reading = new AbortController();
    this.#isRereading = false;
    this.#readAt = null;
    return this.#reading;
  }

  #isNewestFirst(): boolean {
    return this.#filter?.sort === NEWEST_FIRST;
  }

  #set(change: Partial<TaskListView>): void {
    const before = this.#view;
    const isSame = Object.entries(change).every(([key, value]) => before[key as keyof TaskListView] === value);
    if (isSame) return;
    this.#view = { ...before, ...change };
    for (const listener of this.#listeners) listener();
  }
}

function matcherOf({ q, state }: TaskListFilter): (row: TaskRow) => boolean {
  const parsed = parseQuery(q);
  const states = state ? new Set(state.split(',')) : null;
  return (row) =>
    (!states || states.has(row.state)) && parsed.ok && (parsed.tree === null || matchesQuery(parsed.tree, row));
}
